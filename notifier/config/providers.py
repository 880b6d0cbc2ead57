"""``[sms]`` and ``[providers.NAME]``: how texts leave, and by which accounts."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from notifier.config.section import Section
from notifier.domain.messages import Via
from notifier.secret import Secret
from notifier.sms.limit_rules import Limits
from notifier.sms.price import Prices
from notifier.sms.providers.generic_rules import HttpProviderRules, Signs

if TYPE_CHECKING:
    from notifier.sms.providers.base import Provider


class SmsConfig(Section):
    provider: str = "kavenegar"
    fallback: list[str] = []
    via: Via = Via.SEND
    unknown: Literal["hold", "resend", "fail"] = "hold"
    gap: timedelta = timedelta()
    namespace: str = ""
    price: Prices = Prices()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _known_prices(self) -> "SmsConfig":
        if self.limits.rial_day and not (self.price.persian and self.price.latin and self.price.lookup):
            raise ValueError("limits.rial_day needs prices: write persian, latin and lookup in [sms.price]")
        return self


class AccountSection(Section):
    """What is the same for every provider."""

    rate: Annotated[int, Field(ge=1, description="Texts a second")] | None = None
    low_credit: Annotated[int, Field(ge=0, description="Rial")] | None = None
    timeout: timedelta = timedelta(seconds=20)


class KavenegarConfig(AccountSection):
    kind: Literal["kavenegar"] = "kavenegar"
    api_key: Secret
    base_url: str = "https://api.kavenegar.com/v1"
    sender: str | None = None

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """The secrets without which nothing leaves by it, by key."""
        return {"api_key": self.api_key}

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


class SmsIrConfig(AccountSection):
    """``unit_price`` is what a unit of its credit costs, in rial: it counts in units of its own."""

    kind: Literal["smsir"]
    api_key: Secret
    base_url: str = "https://api.sms.ir/v1"
    sender: str | None = None
    unit_price: Annotated[int, Field(ge=1, description="Rial")] | None = None

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """The secrets without which nothing leaves by it, by key."""
        return {"api_key": self.api_key}

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


class SignsConfig(Section):
    """What tells a kind of answer: HTTP statuses, or values of ``code``."""

    http: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()

    def signs(self) -> Signs:
        return Signs(http=self.http, codes=self.codes)


class HttpConfig(AccountSection):
    """A provider described by its call and its answers (see notifier/sms/providers/generic_rules.py)."""

    kind: Literal["http"]
    url: str
    method: Literal["GET", "POST", "PUT", "PATCH"] = "POST"
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None
    body_format: Literal["json", "form"] = "json"
    secrets: dict[str, Secret] = {}
    sender: str | None = None
    accepted_http: frozenset[int] = frozenset({200, 201, 202})
    accepted_when: str | None = None
    provider_id: str | None = None
    cost: str | None = None
    unit_price: Annotated[int, Field(ge=1, description="Rial")] = 1
    code: str | None = None
    message: str | None = None
    retry: SignsConfig = SignsConfig.usual()
    refused: SignsConfig = SignsConfig.usual()
    account: SignsConfig = SignsConfig.usual()
    retry_after: timedelta | None = None
    repeatable: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> "HttpConfig":
        self.rules()
        return self

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        headers = {f"headers.{name}": value for name, value in self._headers().items() if isinstance(value, Secret)}
        return headers | {f"secrets.{name}": secret for name, secret in self.secrets.items()}

    def provider(self, name: str) -> "Provider":
        """The adapter. Raises ValueError for settings that make no sense."""
        from notifier.sms.providers.generic import HttpProvider

        timeout = self.timeout.total_seconds()
        return HttpProvider(self.rules(), name=name, sender=self.sender, timeout=timeout)

    def _headers(self) -> dict[str, str | Secret]:
        return {name: Secret(text) if text.startswith("env:") else text for name, text in self.headers.items()}

    def rules(self) -> HttpProviderRules:
        return HttpProviderRules(
            url=self.url,
            method=self.method,
            headers=self._headers(),
            body=self.body,
            body_format=self.body_format,
            secrets=self.secrets,
            accepted_http=self.accepted_http,
            accepted_when=self.accepted_when,
            provider_id=self.provider_id,
            cost=self.cost,
            unit_price=self.unit_price,
            code=self.code,
            message=self.message,
            retry=self.retry.signs(),
            refused=self.refused.signs(),
            account=self.account.signs(),
            retry_after=self.retry_after.total_seconds() if self.retry_after else None,
            repeatable=self.repeatable,
        )


def _kind_of(section: Any) -> str:
    kind = section.get("kind", "kavenegar") if isinstance(section, dict) else getattr(section, "kind", "kavenegar")
    return str(kind)


ProviderConfig = Annotated[
    Annotated[KavenegarConfig, Tag("kavenegar")]
    | Annotated[SmsIrConfig, Tag("smsir")]
    | Annotated[HttpConfig, Tag("http")],
    Discriminator(_kind_of),
]
