"""The sections of ``config.toml``, each a model. Lengths of time are written as ``15m``, ``24h``, ``7d``."""

import re
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from notifier.domain.events import EventType, Method
from notifier.domain.policy import Shop
from notifier.domain.quiet import QuietHours
from notifier.domain.regions import Regions
from notifier.durations import Duration
from notifier.intake.woocommerce_rules import CARRIER_KEYS, METHODS, STATUSES, TRACKING_CODE_KEYS, WooRules, Word
from notifier.secret import Secret


class Section(BaseModel):
    """A part of the configuration. Keys we do not know are refused: they are misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ServerConfig(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    max_body: Annotated[int, Field(ge=1024)] = 1_048_576


class RedisConfig(Section):
    url: str = "embedded"
    data_dir: Path = Path("data")
    durability: Literal["fsync", "everysec"] = "fsync"
    partitions: Annotated[int, Field(ge=1, le=1024)] = 1
    timeout: Duration = timedelta(seconds=5)


class StandardSource(Section):
    kind: Literal["standard"]
    secret: Secret
    tolerance: Duration = timedelta(minutes=5)


class WooCommerceSource(Section):
    """Each list and table adds to what is usual (see notifier/intake/woocommerce_rules.py) and wins over it."""

    kind: Literal["woocommerce"]
    secret: Secret
    statuses: dict[str, list[EventType | Word]] = {}
    cod_methods: list[str] = []
    bank_transfer_methods: list[str] = []
    phone_methods: list[str] = []
    tracking_code_keys: list[str] = []
    carrier_keys: list[str] = []

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


Source = Annotated[StandardSource | WooCommerceSource, Field(discriminator="kind")]


class SmsConfig(Section):
    provider: str = "kavenegar"
    namespace: str = ""


class ProviderConfig(Section):
    api_key: Secret
    base_url: str = "https://api.kavenegar.com/v1"
    sender: str | None = None
    timeout: Duration = timedelta(seconds=20)


class CallbacksConfig(Section):
    token: Secret | None = None


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


class CallsConfig(Section):
    tick: Duration = timedelta(seconds=1)


class CalendarConfig(Section):
    """When customers are phoned. Weekdays by their English names; a missing day is a day off."""

    hours: dict[Literal["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"], list[str]] = {}
    official_holidays: bool = True
    closed: list[date] = []
    open: list[date] = []


class RetentionConfig(Section):
    event_ids: Duration = timedelta(days=7)


class TemplatesConfig(Section):
    folder: Path = Path("templates")
