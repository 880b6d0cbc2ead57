"""What the HTTP application works with, handed in by the service."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from notifier.clock import Clock
from notifier.config import Config
from notifier.intake.agreeing import Agreeing
from notifier.sms.accounts import Accounts
from notifier.store.reading import Reader
from notifier.web.bot_callbacks import BotCallbacks
from notifier.web.callbacks import KavenegarCallbacks
from notifier.web.carriers import CarrierCallbacks
from notifier.web.dialer import DialerCallbacks
from notifier.web.report_callbacks import ReportCallbacks
from notifier.web.webhooks import Webhooks
from scheduler.calling import Calling


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDependencies:
    """Everything an answer may need."""

    config: Config
    reader: Reader
    clock: Clock
    webhooks: Webhooks
    callbacks: KavenegarCallbacks
    carriers: CarrierCallbacks
    dialer: DialerCallbacks
    reports: ReportCallbacks
    bots: BotCallbacks
    accounts: Accounts
    calling: Calling
    agreeing: Agreeing
    console: web.Application
    customer_page: web.Application | None
    weaknesses: Sequence[str]
