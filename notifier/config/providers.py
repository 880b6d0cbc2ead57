"""``[sms]`` and ``[providers.NAME]``: how texts leave, and by which accounts."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from annotated_types import Ge
from pydantic import BeforeValidator, Discriminator, Tag, model_validator

from notifier.config.loopback import is_loopback
from notifier.config.section import Section
from notifier.domain.channels import Channel
from notifier.domain.messages import Via
from notifier.secret import Inline, Secret, is_reference
from notifier.sms.limit_rules import Limits
from notifier.sms.opt_out import OptOutBy
from notifier.sms.price import Prices
from notifier.sms.providers import presets
from notifier.sms.providers.generic_rules import HttpProviderRules

if TYPE_CHECKING:
    from notifier.sms.providers.base import Provider


class SmsConfig(Section):
    provider: str = "kavenegar"
    fallback: list[str] = []
    ladder: list[str] = []
    wait: dict[str, timedelta] = {}
    via: Via = Via.SEND
    unknown: Literal["hold", "resend", "fail"] = "hold"
    gap: timedelta = timedelta()
    namespace: str = ""
    confirm_opt_out: bool = False
    price: Prices = Prices()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _known_prices(self) -> "SmsConfig":
        if self.limits.rial_day and not (self.price.persian and self.price.latin and self.price.lookup):
            raise ValueError("limits.rial_day needs prices: write persian, latin and lookup in [sms.price]")
        return self


@dataclass(frozen=True, kw_only=True)
class ProviderAccount:
    """What is the same for every provider: ``rate`` in texts a second, ``low_credit`` in rial, by whom «لغو۱۱» is
    put behind a plain text of this line, and whether customers can answer to it."""

    kind: str
    rate: Annotated[int, Ge(1)] | None = None
    low_credit: Annotated[int, Ge(0)] | None = None
    timeout: timedelta = timedelta(seconds=20)
    sender: str | None = None
    opt_out_by: OptOutBy = OptOutBy.PROVIDER
    receives: bool = False


@dataclass(frozen=True, kw_only=True)
class AccountByKey(ProviderAccount):
    """An account that one key opens."""

    api_key: Secret

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """The secrets without which nothing leaves by it, by key."""
        return {"api_key": self.api_key}


@dataclass(frozen=True, kw_only=True)
class KavenegarConfig(AccountByKey):
    kind: Literal["kavenegar"] = "kavenegar"
    base_url: str = "https://api.kavenegar.com/v1"

    @property
    def channel(self) -> Channel:
        return Channel.SMS

    def provider(self, name: str) -> "Provider":
        """The adapter. Raises ValueError for settings that make no sense."""
        from notifier.sms.providers.kavenegar import KavenegarProvider  # these come with a client of HTTP

        return KavenegarProvider(
            self.api_key.value(),
            base_url=self.base_url,
            sender=self.sender,
            name=name,
            timeout=self.timeout.total_seconds(),
        )


@dataclass(frozen=True, kw_only=True)
class KavenegarVoiceConfig(AccountByKey):
    """``price`` is what a call is taken to cost, in rial, until Kavenegar says it."""

    kind: Literal["kavenegar_voice"]
    base_url: str = "https://api.kavenegar.com/v1"
    price: Annotated[int, Ge(0)] | None = None

    @property
    def channel(self) -> Channel:
        return Channel.VOICE

    def provider(self, name: str) -> "Provider":
        """The adapter. Raises ValueError for settings that make no sense."""
        from notifier.sms.providers.kavenegar_voice import KavenegarVoiceProvider

        return KavenegarVoiceProvider(
            self.api_key.value(),
            base_url=self.base_url,
            price=self.price,
            name=name,
            timeout=self.timeout.total_seconds(),
        )


@dataclass(frozen=True, kw_only=True)
class BaleConfig(AccountByKey):
    """``bot_id`` is the bot that writes, ``price`` what a message costs, in rial: Bale tells nobody."""

    kind: Literal["bale"]
    bot_id: Annotated[int, Ge(1)]
    base_url: str = "https://safir.bale.ai/api/v3"
    price: Annotated[int, Ge(0)] = 0

    @property
    def channel(self) -> Channel:
        return Channel.BALE

    def provider(self, name: str) -> "Provider":
        """The adapter. Raises ValueError for settings that make no sense."""
        from notifier.sms.providers.bale import BaleProvider

        return BaleProvider(
            self.api_key.value(),
            bot_id=self.bot_id,
            base_url=self.base_url,
            price=self.price,
            name=name,
            timeout=self.timeout.total_seconds(),
        )


@dataclass(frozen=True, kw_only=True)
class SmsIrConfig(AccountByKey):
    """``unit_price`` is what a unit of its credit costs, in rial: it counts in units of its own."""

    kind: Literal["smsir"]
    base_url: str = "https://api.sms.ir/v1"
    unit_price: Annotated[int, Ge(1)] | None = None

    @property
    def channel(self) -> Channel:
        return Channel.SMS

    def provider(self, name: str) -> "Provider":
        """The adapter. Raises ValueError for settings that make no sense."""
        from notifier.sms.providers.smsir import SmsIrProvider

        return SmsIrProvider(
            self.api_key.value(),
            base_url=self.base_url,
            sender=self.sender,
            unit_price=self.unit_price,
            name=name,
            timeout=self.timeout.total_seconds(),
        )


@dataclass(frozen=True, kw_only=True)
class HttpConfig(HttpProviderRules, ProviderAccount):
    """A provider described by its call and its answers; ``preset`` names a description that it differs from."""

    kind: Literal["http"]
    preset: str | None = None

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        headers = {f"headers.{name}": value for name, value in self.headers.items() if isinstance(value, Secret)}
        return headers | {f"secrets.{name}": secret for name, secret in self.secrets.items()}

    def provider(self, name: str) -> "Provider":
        """The adapter. Raises ValueError for settings that make no sense."""
        from notifier.sms.providers.generic import HttpProvider

        return HttpProvider(self, name=name, sender=self.sender, timeout=self.timeout.total_seconds())


def _kind_of(section: Any) -> str:
    kind = section.get("kind", "kavenegar") if isinstance(section, dict) else getattr(section, "kind", "kavenegar")
    return str(kind)


def _practice_key(section: Any) -> Any:
    """A section whose key may stand in the file: that of a simulator on this machine opens nothing."""
    match section:
        case {"base_url": str() as base, "api_key": str() as key} if not is_reference(key):
            try:
                host = urlsplit(base).hostname or ""
            except ValueError:
                return section
            if is_loopback(host):
                return {**section, "api_key": Inline(key)}
    return section


def _by_preset(section: Any) -> Any:
    """A described provider, whole: what its preset says is put under what the section says."""
    if isinstance(section, dict) and section.get("kind") == "http" and section.get("preset") is not None:
        return presets.filled(section)
    return section


ProviderConfig = Annotated[
    Annotated[KavenegarConfig, Tag("kavenegar")]
    | Annotated[KavenegarVoiceConfig, Tag("kavenegar_voice")]
    | Annotated[BaleConfig, Tag("bale")]
    | Annotated[SmsIrConfig, Tag("smsir")]
    | Annotated[HttpConfig, Tag("http")],
    Discriminator(_kind_of),
    BeforeValidator(_by_preset),
    BeforeValidator(_practice_key),
]
