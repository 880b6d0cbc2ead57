"""``[shop]``, ``[regions]`` and ``[quiet_hours]``: who texts, where its customers live, and when they sleep."""

from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from notifier.config.section import Section
from notifier.domain.policy import Shop
from notifier.domain.quiet import QuietHours
from notifier.domain.regions import Regions


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
    deposit_deadline: timedelta = timedelta(hours=24)

    @property
    def zone(self) -> ZoneInfo:
        """Whose working hours, quiet hours and days off these are."""
        return ZoneInfo(self.timezone)

    def shop(self) -> Shop:
        return Shop(**self.model_dump(exclude={"timezone"}))


class RegionsConfig(Section):
    default: str = "elsewhere"
    cities: dict[str, list[str]] = {}

    def regions(self) -> Regions:
        return Regions.of(self.cities, default=self.default)


class QuietHoursConfig(Section):
    enabled: bool = True
    start: Annotated[time, Field(alias="from")] = time(22)
    end: Annotated[time, Field(alias="to")] = time(8)

    @model_validator(mode="after")
    def _a_window(self) -> "QuietHoursConfig":
        if self.start == self.end:
            raise ValueError("from and to are the same; to switch quiet hours off write enabled = false")
        return self

    def quiet_hours(self) -> QuietHours:
        return QuietHours(self.start, self.end, enabled=self.enabled)
