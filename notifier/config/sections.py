"""The sections of ``config.toml``, each a model. Lengths of time are written as ``15m``, ``24h``, ``7d``."""

import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    IPvAnyNetwork,
    Tag,
    model_validator,
)

from notifier.config.rest import RestConfig
from notifier.domain.calls import Purpose
from notifier.domain.events import EventType, Method
from notifier.domain.messages import Via
from notifier.domain.policy import Shop
from notifier.domain.quiet import QuietHours
from notifier.domain.regions import Regions
from notifier.durations import Duration
from notifier.intake.woocommerce_rules import CARRIER_KEYS, METHODS, STATUSES, TRACKING_CODE_KEYS, WooRules, Word
from notifier.secret import Secret
from notifier.sms.providers.generic_rules import HttpProviderRules, Signs
from scheduler.rules import LADDER, OUTCOMES, PURPOSES, Consequence, Outcome, OutcomeRule, PurposeRule, Rules, Step, To


class Section(BaseModel):
    """A part of the configuration. Keys we do not know are refused: they are misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerConfig(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: Annotated[str, Field(pattern="^(https?://.+)?$")] = ""
    max_body: Annotated[int, Field(ge=1024)] = 1_048_576
    trusted_proxies: list[IPvAnyNetwork] = []
    max_connections: Annotated[int, Field(ge=1)] = 1000
    queue: Annotated[int, Field(ge=500)] = 2000
    body_timeout: Duration = timedelta(seconds=30)
    idle_timeout: Duration = timedelta(seconds=75)

    @model_validator(mode="after")
    def _somebody_can_be_heard(self) -> "ServerConfig":
        if self.body_timeout <= timedelta() or self.idle_timeout <= timedelta():
            raise ValueError("body_timeout and idle_timeout must be longer than 0s")
        return self


def _from_environment(url: str) -> str:
    """An address may hold a password, and so may stand in the environment as a whole."""
    return Secret(url).value()


class RedisConfig(Section):
    url: Annotated[str, AfterValidator(_from_environment), Field(repr=False)] = "embedded"
    data_dir: Path = Path("data")
    durability: Literal["fsync", "everysec"] = "fsync"
    partitions: Annotated[int, Field(ge=1, le=1024)] = 1
    timeout: Duration = timedelta(seconds=5)
    replicas: Annotated[int, Field(ge=0, le=16)] = 0
    replicas_timeout: Duration = timedelta(seconds=1)

    @model_validator(mode="after")
    def _replicas_can_answer(self) -> "RedisConfig":
        if self.replicas and self.url == "embedded":
            raise ValueError("replicas must be 0: the embedded Redis has none; name your own Redis in url")
        if self.replicas and not timedelta() < self.replicas_timeout < self.timeout:
            raise ValueError("replicas_timeout must be longer than 0s and shorter than timeout")
        return self


class SourceSection(Section):
    """A shop. While ``previous_secret`` is set both are valid, so that the shop can change over at any moment."""

    secret: Secret
    previous_secret: Secret | None = None
    rate: Annotated[int, Field(ge=1, description="Events a second")] = 20_000
    burst: Annotated[int, Field(ge=1, description="Events")] | None = None

    @property
    def most_at_once(self) -> int:
        """Events that may come at once after a rest: if nothing is said two seconds' worth, and a batch at least."""
        return self.burst or max(500, 2 * self.rate)

    def secrets(self) -> tuple[str, ...]:
        """What signatures are checked with, the newest first. Raises MissingSecretError."""
        previous = self.previous_secret
        return (self.secret.value(), *((previous.value(),) if previous and previous.is_set else ()))


class StandardSource(SourceSection):
    kind: Literal["standard"]
    tolerance: Duration = timedelta(minutes=5)


class WooCommerceSource(SourceSection):
    """Each list and table adds to what is usual (see notifier/intake/woocommerce_rules.py) and wins over it."""

    kind: Literal["woocommerce"]
    statuses: dict[str, list[EventType | Word]] = {}
    cod_methods: list[str] = []
    bank_transfer_methods: list[str] = []
    phone_methods: list[str] = []
    tracking_code_keys: list[str] = []
    carrier_keys: list[str] = []
    rest: RestConfig | None = None

    def rules(self) -> WooRules:
        added = {
            **dict.fromkeys(self.cod_methods, Method.CASH),
            **dict.fromkeys(self.bank_transfer_methods, Method.BANK_TRANSFER),
            **dict.fromkeys(self.phone_methods, Method.PHONE),
        }
        return WooRules(
            statuses=STATUSES | {status: tuple(events) for status, events in self.statuses.items()},
            methods=METHODS | added,
            tracking_code_keys=(*self.tracking_code_keys, *TRACKING_CODE_KEYS),
            carrier_keys=(*self.carrier_keys, *CARRIER_KEYS),
        )


class PriceConfig(Section):
    """Rial a part, as the provider's panel says; ``reserve`` in characters."""

    persian: Annotated[int, Field(ge=0)] = 0
    latin: Annotated[int, Field(ge=0)] = 0
    lookup: Annotated[int, Field(ge=0)] = 0
    reserve: Annotated[int, Field(ge=0, le=60)] = 0


class SmsConfig(Section):
    provider: str = "kavenegar"
    fallback: list[str] = []
    via: Via = Via.SEND
    unknown: Literal["hold", "resend", "fail"] = "hold"
    gap: Duration = timedelta()
    namespace: str = ""
    price: PriceConfig = PriceConfig()


class AccountSection(Section):
    """What is the same for every provider."""

    rate: Annotated[int, Field(ge=1, description="Texts a second")] | None = None
    low_credit: Annotated[int, Field(ge=0, description="Rial")] | None = None
    timeout: Duration = timedelta(seconds=20)


class KavenegarConfig(AccountSection):
    kind: Literal["kavenegar"] = "kavenegar"
    api_key: Secret
    base_url: str = "https://api.kavenegar.com/v1"
    sender: str | None = None

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        """The secrets without which nothing leaves by it, by key."""
        return {"api_key": self.api_key}


class SmsIrConfig(AccountSection):
    """``unit_price`` is what a unit of its credit costs, in rial: it counts in units of its own."""

    kind: Literal["smsir"]
    api_key: Secret
    base_url: str = "https://api.sms.ir/v1"
    sender: str | None = None
    unit_price: Annotated[int, Field(ge=1, description="Rial")] | None = None

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        return {"api_key": self.api_key}


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
    retry: SignsConfig = SignsConfig()
    refused: SignsConfig = SignsConfig()
    account: SignsConfig = SignsConfig()
    retry_after: Duration | None = None
    repeatable: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> "HttpConfig":
        self.rules()
        return self

    @property
    def secrets_needed(self) -> dict[str, Secret]:
        headers = {f"headers.{name}": value for name, value in self._headers().items() if isinstance(value, Secret)}
        return headers | {f"secrets.{name}": secret for name, secret in self.secrets.items()}

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


class CallbacksConfig(Section):
    """While ``previous_token`` is set both are valid."""

    token: Secret | None = None
    previous_token: Secret | None = None

    def tokens(self) -> tuple[str, ...]:
        """The tokens that are set, the newest first."""
        return tuple(token.value() for token in (self.token, self.previous_token) if token and token.is_set)


class ApiConfig(Section):
    tokens: list[Secret] = []


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is not a time zone; write for example Asia/Tehran") from None
    return name


class ShopConfig(Section):
    name: str
    support_phone: str
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Tehran"
    site: str = ""
    bank: str = ""
    card: str = ""
    account: str = ""
    holder: str = ""
    return_days: Annotated[int, Field(ge=0)] = 7
    deposit_deadline: Duration = timedelta(hours=24)

    def shop(self) -> Shop:
        return Shop(**self.model_dump(exclude={"timezone"}))


class RegionsConfig(Section):
    default: str = "elsewhere"
    cities: dict[str, list[str]] = {}

    def regions(self) -> Regions:
        return Regions.of(self.cities, default=self.default)


def _time_of_day(text: Any) -> Any:
    if not (isinstance(text, str) and re.fullmatch(r"\d\d:\d\d", text)):
        raise ValueError(f'{text!r} is not a time of day; write for example "22:00"')
    return text


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]


class QuietHoursConfig(Section):
    enabled: bool = True
    start: Annotated[TimeOfDay, Field(alias="from")] = time(22)
    end: Annotated[TimeOfDay, Field(alias="to")] = time(8)

    @model_validator(mode="after")
    def _a_window(self) -> "QuietHoursConfig":
        if self.start == self.end:
            raise ValueError("from and to are the same; to switch quiet hours off write enabled = false")
        return self

    def quiet_hours(self) -> QuietHours:
        return QuietHours(self.start, self.end, enabled=self.enabled)


class OutcomeConfig(Section):
    retry: Duration | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 1
    then: Consequence = Consequence.DONE


class PurposeConfig(Section):
    priority: Annotated[int, Field(ge=0, le=9)] = 1
    within: Duration = timedelta(hours=4)


class StepConfig(Section):
    after: Duration
    to: To


class CallsConfig(Section):
    """What is named of ``outcomes`` and ``purposes`` replaces what is usual (see scheduler/rules.py)."""

    tick: Duration = timedelta(seconds=1)
    assign_before: Duration = timedelta(hours=12)
    remind_before: Duration = timedelta(minutes=15)
    gather: Duration = timedelta(minutes=5)
    claim_limit: Duration = timedelta(minutes=20)
    aging: Duration = timedelta(hours=1)
    summary_at: TimeOfDay | None = time(17, 30)
    despite_refusal: list[Purpose] = [Purpose.VERIFY_DEPOSIT]
    ladder: list[StepConfig] = [StepConfig(after=step.after, to=step.to) for step in LADDER]
    outcomes: dict[Outcome, OutcomeConfig] = {}
    purposes: dict[Purpose, PurposeConfig] = {}

    @model_validator(mode="after")
    def _in_order(self) -> "CallsConfig":
        if self.remind_before > self.assign_before:
            raise ValueError("remind_before is longer than assign_before: nobody would have the call yet; swap them")
        if self.tick <= timedelta() or self.claim_limit <= timedelta():
            raise ValueError("tick and claim_limit must be longer than 0s")
        waits = [step.after for step in self.ladder]
        if waits != sorted(waits):
            raise ValueError("ladder: its steps must stand in the order of `after`")
        return self

    def rules(self) -> Rules:
        return Rules(
            assign_before=self.assign_before,
            remind_before=self.remind_before,
            gather=self.gather,
            claim_limit=self.claim_limit,
            aging=self.aging,
            outcomes={
                **OUTCOMES,
                **{name: OutcomeRule(**rule.model_dump()) for name, rule in self.outcomes.items()},
            },
            purposes={
                **PURPOSES,
                **{name: PurposeRule(**rule.model_dump()) for name, rule in self.purposes.items()},
            },
            ladder=tuple(Step(after=step.after, to=step.to) for step in self.ladder),
            despite_refusal=frozenset(self.despite_refusal),
        )


class CalendarConfig(Section):
    """When customers are phoned. Weekdays by their English names; a missing day is a day off."""

    hours: dict[Literal["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"], list[str]] = {}
    official_holidays: bool = True
    closed: list[date] = []
    open: list[date] = []


class TemplatesConfig(Section):
    folder: Path = Path("templates")
    reload: Duration = timedelta(seconds=5)
