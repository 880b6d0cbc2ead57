"""``[shop]``, ``[regions]`` and ``[quiet_hours]``: who texts, where its customers live, and when they sleep."""

from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from annotated_types import Ge, MinLen
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


Said = Annotated[str, MinLen(1)]
Iban = Annotated[str, AfterValidator(sheba)]
Zone = Annotated[str, AfterValidator(_known_zone)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopConfig(Shop):
    """What the texts say about the shop, and where its clock stands."""

    name: Said
    support_phone: Said
    iban: Iban = ""
    timezone: Zone = "Asia/Tehran"

    @property
    def zone(self) -> ZoneInfo:
        """Whose working hours, quiet hours and days off these are."""
        return ZoneInfo(self.timezone)


class OwnShopConfig(Section):
    """``[sources.NAME.shop]``: what one source says otherwise than ``[shop]``; None is as there."""

    name: Said | None = None
    support_phone: Said | None = None
    timezone: Zone | None = None
    site: str | None = None
    bank: str | None = None
    card: str | None = None
    account: str | None = None
    iban: Iban | None = None
    holder: str | None = None
    return_days: Annotated[int, Ge(0)] | None = None
    deposit_deadline: timedelta | None = None
    deposit_tolerance: Annotated[int, Ge(0)] | None = None
    deposit_four_eyes: bool | None = None

    def over(self, shop: ShopConfig) -> ShopConfig:
        """The shop with what is said here in the place of its own."""
        return replace(shop, **self.model_dump(exclude_none=True))


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
