"""Sections about the service, the shop and its customers. Lengths of time are written ``15m``, ``24h``, ``7d``."""

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, IPvAnyNetwork, model_validator

from notifier.config.section import Section, TimeOfDay
from notifier.domain.policy import Shop
from notifier.domain.quiet import QuietHours
from notifier.domain.regions import Regions
from notifier.durations import Duration
from notifier.secret import Secret


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


class TemplatesConfig(Section):
    folder: Path = Path("templates")
    reload: Duration = timedelta(seconds=5)
