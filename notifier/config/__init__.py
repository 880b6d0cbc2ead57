"""The configuration: ``config.toml``, overridden by ``NOTIFIER__SECTION__KEY``, checked before anything starts."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from notifier.config.bank import BankSource, DepositsConfig
from notifier.config.calendar import CalendarConfig
from notifier.config.carriers import AlopeykConfig, ChaparConfig, DescribedCarrierConfig, PostexConfig, TapinConfig
from notifier.config.console import ConsoleConfig
from notifier.config.customer_page import CustomerPageConfig
from notifier.config.delivery import DeliveryConfig
from notifier.config.dialer import DialerConfig, NoDialerConfig
from notifier.config.logs import LogsConfig
from notifier.config.mapping import MappingSource
from notifier.config.metrics import MetricsConfig
from notifier.config.names import SourceName
from notifier.config.outbound import EndpointName, WebhookConfig
from notifier.config.policy import PolicyConfig
from notifier.config.providers import ProviderConfig, SmsConfig
from notifier.config.retention import RetentionConfig
from notifier.config.section import Section
from notifier.config.server import ApiConfig, CallbacksConfig, RedisConfig, ServerConfig, TemplatesConfig
from notifier.config.shop import QuietHoursConfig, RegionsConfig, ShopConfig
from notifier.config.silence import SilenceConfig
from notifier.config.sources import StandardSource, WooCommerceSource
from notifier.config.staff import StaffConfig
from notifier.config.tracing import TracingConfig
from notifier.domain.policy import Shops
from notifier.domain.text_answers import ReplyRules
from scheduler.rules import CallRules

Source = Annotated[StandardSource | WooCommerceSource | MappingSource | BankSource, Field(discriminator="kind")]
"""A shop of some kind, or an account that tells what comes in."""


CarrierConfig = Annotated[
    TapinConfig | ChaparConfig | PostexConfig | AlopeykConfig | DescribedCarrierConfig, Field(discriminator="kind")
]
"""A carrier of some kind."""


class Config(Section):
    """All an operator may change. ``file`` is where it was read from; relative paths in it count from there."""

    file: Path
    server: ServerConfig = ServerConfig.usual()
    logs: LogsConfig = LogsConfig()
    tracing: TracingConfig = TracingConfig.usual()
    metrics: MetricsConfig = MetricsConfig.usual()
    redis: RedisConfig = RedisConfig.usual()
    sources: dict[SourceName, Source] = {}
    silence: SilenceConfig = SilenceConfig.usual()
    sms: SmsConfig = SmsConfig.usual()
    providers: dict[str, ProviderConfig] = {}
    callbacks: CallbacksConfig = CallbacksConfig.usual()
    api: ApiConfig = ApiConfig.usual()
    shop: ShopConfig
    deposits: DepositsConfig = DepositsConfig.usual()
    regions: RegionsConfig = RegionsConfig.usual()
    policy: PolicyConfig = PolicyConfig.usual()
    quiet_hours: QuietHoursConfig = QuietHoursConfig()
    calls: CallRules = CallRules()
    calendar: CalendarConfig = CalendarConfig.usual()
    delivery: DeliveryConfig = DeliveryConfig()
    replies: ReplyRules = ReplyRules()
    dialer: DialerConfig = NoDialerConfig.usual()
    console: ConsoleConfig = ConsoleConfig.usual()
    staff: StaffConfig = StaffConfig.usual()
    customer_page: CustomerPageConfig = CustomerPageConfig.usual()
    carriers: dict[SourceName, CarrierConfig] = {}
    webhooks: dict[EndpointName, WebhookConfig] = {}
    templates: TemplatesConfig = TemplatesConfig.usual()
    retention: RetentionConfig = RetentionConfig.usual()

    def shop_of(self, source: str) -> ShopConfig:
        """The shop behind a source: [shop], but for what [sources.NAME.shop] says otherwise."""
        found = self.sources.get(source)
        return found.shop.over(self.shop) if found else self.shop

    @property
    def shop_sources(self) -> list[str]:
        """The sources that have orders."""
        return [name for name, source in self.sources.items() if source.kind != "bank"]

    def paid_into(self, source: str) -> list[str]:
        """The shops whose orders are paid into the account that a source tells of."""
        found = self.sources.get(source)
        named = found.shops if isinstance(found, BankSource) else []
        return [name for name in self.shop_sources if not named or name in named]

    @property
    def shops(self) -> Shops:
        """Every shop as texts speak of it."""
        return Shops(main=self.shop, own={name: self.shop_of(name) for name in self.sources})

    @property
    def templates_folder(self) -> Path:
        return self.file.parent / self.templates.folder
