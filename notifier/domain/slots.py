"""The slots in which orders are delivered: which are offered, and what a time that was agreed upon is among them. Pure.

A slot is a span of a day in a region that takes so many orders; how many it has taken is counted elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from annotated_types import Ge, Le, MinLen

from notifier.domain.events import AgreedTime
from notifier.domain.orders import Order, Stage

_ZONE = ZoneInfo("Asia/Tehran")
_ONE_DAY = timedelta(days=1)


class Weekday(StrEnum):
    """In Python's order."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEK = tuple(Weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRule:
    """A slot of every week, on each of its days."""

    region: Annotated[str, MinLen(1)]
    weekday: Annotated[tuple[Weekday, ...], MinLen(1)]
    start: time
    end: time
    places: Annotated[int, Ge(1), Le(1000)]

    def __post_init__(self) -> None:
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("a slot is a span of the shop's clock; write its times without a zone, for example 16:00")
        if self.start >= self.end:
            raise ValueError(
                f"from {self.start:%H:%M} to {self.end:%H:%M} is no span of a day; `to` must be later than `from`"
            )
        if len(set(self.weekday)) < len(self.weekday):
            raise ValueError("a day stands twice in weekday; name each once")

    def overlaps(self, other: "SlotRule") -> bool:
        """Whether both are on one day of one region at one time."""
        return (
            self.region == other.region
            and not set(self.weekday).isdisjoint(other.weekday)
            and self.start < other.end
            and other.start < self.end
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRules:
    """What a shop decides about its slots. Without any, times of delivery are facts and nothing more.

    A slot is offered until ``lead`` before it begins, and at most ``horizon`` days ahead. What is agreed after
    ``cutoff`` counts as agreed at the beginning of the next day.
    """

    slots: tuple[SlotRule, ...] = ()
    lead: timedelta = timedelta(hours=3)
    cutoff: time | None = None
    horizon: Annotated[int, Ge(1), Le(60)] = 14
    remind_at: time = time(9)

    def __post_init__(self) -> None:
        if not timedelta() <= self.lead <= timedelta(days=30):
            raise ValueError('lead must be from "0s" to "30d"')
        for place, one in enumerate(self.slots):
            for other in self.slots[:place]:
                if one.overlaps(other):
                    raise ValueError(
                        f"the slots of {one.region} from {other.start:%H:%M} to {other.end:%H:%M} and from"
                        f" {one.start:%H:%M} to {one.end:%H:%M} overlap on a day; correct one"
                    )


@dataclass(frozen=True, slots=True, order=True)
class DeliverySlot:
    """A slot of one day."""

    date: date
    start: time
    end: time
    region: str
    places: int

    @property
    def time(self) -> AgreedTime:
        return AgreedTime(self.date, self.start, self.end)

    @property
    def name(self) -> str:
        """Under which what it has taken is counted; more places make it no other slot."""
        return f"{self.region}:{self.date.isoformat()}:{self.start:%H%M}-{self.end:%H%M}"


class SlotMark(StrEnum):
    """What is odd about a time that was agreed upon: it is a fact all the same."""

    OUTSIDE = "outside"  # in none of the region's slots
    DAY_OFF = "day_off"
    OVER = "over"  # the slot had taken what it holds


class SlotRefusal(StrEnum):
    """Why somebody cannot choose a time."""

    PAST = "past"
    SOON = "soon"  # less than the lead, or after the cutoff
    FAR = "far"
    DAY_OFF = "day_off"
    OTHER_REGION = "other_region"
    OUTSIDE = "outside"
    FULL = "full"
    CHANGED = "changed"  # what the chooser saw is not so any more
    CLOSED = "closed"  # the order was delivered, cancelled or sent back


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The slots day by day. ``holiday`` names why nothing is delivered on a day, None for any other."""

    rules: SlotRules = field(default_factory=SlotRules)
    holiday: Callable[[date], str | None] = lambda day: None
    zone: ZoneInfo = _ZONE

    def serves(self, region: str) -> bool:
        """Whether the region has slots at all."""
        return any(rule.region == region for rule in self.rules.slots)

    def on(self, region: str, day: date) -> tuple[DeliverySlot, ...]:
        """The slots of a day, in order; none on a day off."""
        return () if self.holiday(day) else self._weekly(region, day)

    def between(self, region: str, first: date, last: date) -> Iterator[DeliverySlot]:
        """The slots of several days, in order."""
        day = first
        while day <= last:
            yield from self.on(region, day)
            day += _ONE_DAY

    def open(self, region: str, now: datetime) -> list[DeliverySlot]:
        """The slots that may be chosen at a moment, full ones among them."""
        today = now.astimezone(self.zone).date()
        days = self.between(region, today, today + timedelta(days=self.rules.horizon))
        return [slot for slot in days if self._timely(slot.time, now) is None]

    def offered(self, region: str, now: datetime, taken: Mapping[DeliverySlot, int]) -> list[tuple[DeliverySlot, int]]:
        """The slots that are offered at a moment, each with the places it has left."""
        left = [(slot, slot.places - taken.get(slot, 0)) for slot in self.open(region, now)]
        return [(slot, free) for slot, free in left if free > 0]

    def slot(self, region: str, agreed: AgreedTime) -> DeliverySlot | None:
        """The slot that a time lies in; a part of a slot is in it."""
        for slot in self.on(region, agreed.date):
            if slot.start <= agreed.start and agreed.end <= slot.end:
                return slot
        return None

    def mark(self, region: str, agreed: AgreedTime) -> SlotMark | None:
        """What is odd about a time that somebody says was agreed upon; nothing is where the region has no slots."""
        if not self.serves(region) or self.slot(region, agreed):
            return None
        return SlotMark.DAY_OFF if self.holiday(agreed.date) else SlotMark.OUTSIDE

    def refusal(self, region: str, agreed: AgreedTime, now: datetime) -> SlotRefusal | None:
        """Why a time cannot be chosen; whether its slot is full is counted elsewhere."""
        if self.starts(agreed) <= now:
            return SlotRefusal.PAST
        if self.slot(region, agreed):
            return self._timely(agreed, now)
        if self.holiday(agreed.date):
            return SlotRefusal.DAY_OFF
        elsewhere = {rule.region for rule in self.rules.slots} - {region}
        if any(self.slot(other, agreed) for other in elsewhere):
            return SlotRefusal.OTHER_REGION
        return SlotRefusal.OUTSIDE

    def starts(self, agreed: AgreedTime) -> datetime:
        return datetime.combine(agreed.date, agreed.start, tzinfo=self.zone)

    def ends(self, agreed: AgreedTime) -> datetime:
        return datetime.combine(agreed.date, agreed.end, tzinfo=self.zone)

    def reminder(self, agreed: AgreedTime) -> datetime:
        """When the customer is reminded on the day itself: in the morning, or when the time begins."""
        return datetime.combine(agreed.date, min(self.rules.remind_at, agreed.start), tzinfo=self.zone)

    def _weekly(self, region: str, day: date) -> tuple[DeliverySlot, ...]:
        weekday = _WEEK[day.weekday()]
        rules = (rule for rule in self.rules.slots if rule.region == region and weekday in rule.weekday)
        return tuple(sorted(DeliverySlot(day, rule.start, rule.end, region, rule.places) for rule in rules))

    def _timely(self, agreed: AgreedTime, now: datetime) -> SlotRefusal | None:
        local = now.astimezone(self.zone)
        if self.starts(agreed) <= now:
            return SlotRefusal.PAST
        if (agreed.date - local.date()).days > self.rules.horizon:
            return SlotRefusal.FAR
        counted = local
        if self.rules.cutoff is not None and local.time() >= self.rules.cutoff:
            counted = datetime.combine(local.date() + _ONE_DAY, time(), tzinfo=self.zone)
        return SlotRefusal.SOON if self.starts(agreed) < counted + self.rules.lead else None


def holds(order: Order) -> AgreedTime | None:
    """The time at which an order takes a place: as agreed upon, until it is delivered, cancelled or on its way back."""
    return order.delivery if order.stage < Stage.DELIVERED else None
