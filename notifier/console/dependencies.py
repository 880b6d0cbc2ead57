"""What the console works with, handed in by the service."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.config import Config
from notifier.config.promises import PromiseEditor
from notifier.console.sessions import Sessions
from notifier.domain.events import Event
from notifier.domain.policy import Rulebook
from notifier.intake.agreeing import Agreeing
from notifier.intake.bank.matching import BankMatching
from notifier.intake.committer import Committer
from notifier.intake.rejections import RejectionRecorder
from notifier.intake.replaying import Replayer
from notifier.sms.accounts import Accounts
from notifier.sms.templates import Template
from notifier.store.audit import Act, AuditEntry
from notifier.store.reading import Reader
from notifier.texts.editing import TextEditor
from scheduler.calling import Calling
from scheduler.dialling import Dialling


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Everything a page may need. ``take`` takes an event as if a shop had posted it; ``wake`` wakes the sender;
    ``push_key`` is what browsers subscribe with, "" where nobody is pushed to; ``dialling`` is None where there
    is no exchange."""

    config: Config
    reader: Reader
    clock: Clock
    calling: Calling
    accounts: Accounts
    templates: Mapping[str, Template]
    rulebook: Callable[[], Rulebook]
    take: Callable[[Event], Awaitable[None]]
    replay_parked: Callable[[], Awaitable[int]]
    rejections: RejectionRecorder
    replayer: Replayer
    wake: Callable[[], None]
    committer: Committer
    editor: TextEditor
    promises: PromiseEditor
    bank: BankMatching
    agreeing: Agreeing
    push_key: str = ""
    dialling: Dialling | None = None

    @property
    def redis(self) -> Redis:
        return self.reader.redis

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.redis)

    @property
    def shop_name(self) -> str:
        return self.config.shop.name

    @property
    def shops(self) -> dict[str, str]:
        """What people call the shop behind each source: its name, and the source's own where two are called alike."""
        named = {source: self.rulebook().shops.of(source).name for source in self.sources}
        alone = Counter(named.values())
        return {source: name if alone[name] == 1 else f"{name} ({source})" for source, name in named.items()}

    @property
    def sources(self) -> list[str]:
        return self.config.shop_sources

    def now(self) -> int:
        """Unix ms."""
        return self.calling.book.now()

    def entry(self, act: Act, by: str, *, about: str = "", more: str = "") -> AuditEntry:
        """A line of the audit trail, of this moment."""
        return AuditEntry(at=self.now(), act=act, by=by, about=about, more=more)
