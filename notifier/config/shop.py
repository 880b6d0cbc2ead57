"""``[shop]``, ``[regions]`` and ``[quiet_hours]``: who texts, where its customers live, and when they sleep."""

from dataclasses import dataclass
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from annotated_types import MinLen
from pydantic import AfterValidator, Field

from notifier.config.section import Section
from notifier.domain.iban import sheba
from notifier.domain.policy import Shop
from notifier.domain.quiet import QuietHours
from notifier.domain.regions import Regions


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is not a time zone; write for example Asia/Tehran") from None
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopConfig(Shop):
    """What the texts say about the shop, and where its clock stands."""

    name: Annotated[str, MinLen(1)]
    support_phone: Annotated[str, MinLen(1)]
    iban: Annotated[str, AfterValidator(sheba)] = ""
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Tehran"

    @property
    def zone(self) -> ZoneInfo:
        """Whose working hours, quiet hours and days off these are."""
        return ZoneInfo(self.timezone)


class RegionsConfig(Section):
    default: str = "elsewhere"
    cities: dict[str, list[str]] = {}

    def regions(self) -> Regions:
        return Regions.of(self.cities, default=self.default)


@dataclass(frozen=True, slots=True)
class QuietHoursConfig(QuietHours):
    """Under the words of the file, one of which no field can be called."""

    start: Annotated[time, Field(alias="from")] = time(22)
    end: Annotated[time, Field(alias="to")] = time(8)
