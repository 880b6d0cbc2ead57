"""The working calendar: at what times customers are phoned. Weekly shifts, holidays, and days that are exceptions.

A moment of an answer is in the shop's zone. Reckoning is in UTC: differences of times of one zone ignore its clock
changes, and Tehran had them until 2022.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from notifier.clock import TEHRAN

WEEKDAYS = {
    "monday": "دوشنبه",
    "tuesday": "سه‌شنبه",
    "wednesday": "چهارشنبه",
    "thursday": "پنج‌شنبه",
    "friday": "جمعه",
    "saturday": "شنبه",
    "sunday": "یک‌شنبه",
}
"""English names, as in the configuration, and Persian ones; in Python's order."""

LOOKAHEAD = 400
"""Days without a working hour after which a calendar is taken to have none at all."""

_DAY = 24 * 60
_ONE_DAY = timedelta(days=1)
_FORM = re.compile(r"\s*(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)\s*")

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Shift:
    """In minutes from the midnight that its day begins with; an end past 24 hours lies on the next day."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> "Shift":
        """``09:00-13:00``; over midnight ``20:00-02:00``; to midnight ``16:00-24:00``. ValueError with a sentence."""
        found = _FORM.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a shift; write for example 09:00-13:00")
        from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
        start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if start >= _DAY or end > _DAY or max(from_minute, to_minute) > 59:
            raise ValueError(f"{text!r} holds a time that no clock shows; write 00:00 to 23:59, or 24:00 as an end")
        if start == end:
            raise ValueError(f"{text!r} begins and ends at the same time; write 00:00-24:00 for the whole day")
        return cls(start, end if end > start else end + _DAY)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Calendar:
    """Build it with :meth:`of`. A shift belongs to the day it starts on, its hours after midnight, too."""

    week: tuple[tuple[Shift, ...], ...]
    holidays: Callable[[date], str | None]
    closed: frozenset[date]
    opened: frozenset[date]
    zone: ZoneInfo
    special: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)
    _known: dict[date, tuple[Stretch, ...]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(
        cls,
        hours: Mapping[str, Sequence[str]],
        *,
        holidays: Callable[[date], str | None] = lambda day: None,
        closed: Collection[date] = (),
        opened: Collection[date] = (),
        zone: ZoneInfo = TEHRAN,
        today: date | None = None,
    ) -> "Calendar":
        """``hours`` by English weekdays; a missing day is a day off. ``opened`` are holidays that are worked.

        Given ``today``, a calendar that has no working hour from then on is refused, too. Raises ValueError.
        """
        week = _week(hours)
        _check_exceptions(week, closed, opened)
        calendar = cls(week=week, holidays=holidays, closed=frozenset(closed), opened=frozenset(opened), zone=zone)
        if today:
            calendar.next_working_time(datetime.combine(today, time(), tzinfo=zone))
        return calendar

    def with_special(self, days: Mapping[date, Sequence[str]]) -> "Calendar":
        """The calendar with other shifts on single days, holidays among them. Raises ValueError."""
        special = {day: shifts_of(f"{day}", spans) for day, spans in days.items()}
        return replace(self, special=special)

    def is_working(self, moment: datetime) -> bool:
        """Whether customers are phoned at ``moment``; the end of a shift is outside it."""
        instant, day = self._instant_and_day(moment)
        return any(start <= instant < end for d in (day - _ONE_DAY, day) for start, end in self._stretches(d))

    def shift_start(self, moment: datetime) -> int | None:
        """When the shift began that ``moment`` lies in (unix ms), None outside all of them."""
        instant, day = self._instant_and_day(moment)
        for d in (day - _ONE_DAY, day):
            for start, end in self._stretches(d):
                if start <= instant < end:
                    return int(start.timestamp() * 1000)
        return None

    def next_working_time(self, moment: datetime) -> datetime:
        """``moment`` itself if it is working time, else the start of the next shift."""
        start, _ = next(self._from(moment))
        return moment if start == moment.astimezone(UTC) else start.astimezone(self.zone)

    def working_time_between(self, a: datetime, b: datetime) -> timedelta:
        """The working time from ``a`` to ``b``; negative if ``b`` is earlier."""
        (done, day), (last, last_day) = self._instant_and_day(a), self._instant_and_day(b)
        if last < done:
            return -self.working_time_between(b, a)
        total, day = timedelta(), day - _ONE_DAY
        while day <= last_day:
            for start, end in self._stretches(day):
                start, end = max(start, done), min(end, last)
                if start < end:
                    total, done = total + (end - start), end
            day += _ONE_DAY
        return total

    def add_working_time(self, moment: datetime, delta: timedelta) -> datetime:
        """The first moment of working time at which ``delta`` of it has passed since ``moment``.

        Where ``delta`` is over with a shift, that is the start of the next shift, for nobody is there before.
        """
        if delta < timedelta():
            raise ValueError(f"Working time of {delta} cannot be added: it is negative")
        stretches = self._from(moment)
        start, end = next(stretches)
        while delta >= end - start:
            delta -= end - start
            start, end = next(stretches)
        return (start + delta).astimezone(self.zone)

    def why_closed(self, day: date) -> str | None:
        """In Persian why no shift starts on ``day``; None if one does."""
        if day in self.special:
            return None if self.special[day] else "روز ویژه"
        if not self.week[day.weekday()]:
            return tuple(WEEKDAYS.values())[day.weekday()]
        return self.holiday(day)

    def holiday(self, day: date) -> str | None:
        """In Persian why ``day`` is a holiday of the shop's, whatever its weekday; None if it is none."""
        if day in self.closed:
            return "تعطیل فروشگاه"
        if day in self.opened or not (holiday := self.holidays(day)):
            return None
        return f"تعطیل رسمی: {holiday}"

    def shifts_on(self, day: date) -> tuple[Shift, ...]:
        """The shifts that start on ``day``."""
        return () if self.why_closed(day) else self.special.get(day, self.week[day.weekday()])

    def _from(self, moment: datetime) -> Iterator[Stretch]:
        """The working time from ``moment`` on, without end: in UTC, in order, no instant twice."""
        done, first = self._instant_and_day(moment)
        day, idle = first - _ONE_DAY, 0
        while idle <= LOOKAHEAD:
            for start, end in self._stretches(day):
                if end > done:
                    yield max(start, done), end
                    done, idle = end, 0
            day, idle = day + _ONE_DAY, idle + 1
        raise ValueError(
            f"The calendar has no working hour in the {LOOKAHEAD} days before {day}; "
            "correct hours, closed and open in [calendar]"
        )

    def _stretches(self, day: date) -> tuple[Stretch, ...]:
        """The shifts that start on ``day``, in UTC, in order. Remembered: this is what every question comes down to."""
        found = self._known.get(day)
        if found is None:
            shifts = self.shifts_on(day)
            laid = ((self._instant(day, shift.start), self._instant(day, shift.end)) for shift in shifts)
            # In an hour that the clock skips, a shift may be turned round or change places with its neighbour.
            found = tuple(sorted(stretch for stretch in laid if stretch[0] < stretch[1]))
            if len(self._known) > 10 * LOOKAHEAD:
                self._known.clear()
            self._known[day] = found
        return found

    def _instant(self, day: date, minutes: int) -> datetime:
        days, minutes = divmod(minutes, _DAY)
        local = datetime.combine(day + timedelta(days), time(*divmod(minutes, 60)), tzinfo=self.zone)
        return local.astimezone(UTC)

    def _instant_and_day(self, moment: datetime) -> tuple[datetime, date]:
        if moment.utcoffset() is None:
            raise ValueError(f"The time {moment} has no time zone; give one, Asia/Tehran for the shop's own time.")
        instant = moment.astimezone(UTC)
        return instant, instant.astimezone(self.zone).date()


def _week(hours: Mapping[str, Sequence[str]]) -> tuple[tuple[Shift, ...], ...]:
    """The shifts of each weekday. Overlaps are refused, not merged: two shifts that overlap are one mistyped."""
    if unknown := sorted(hours.keys() - WEEKDAYS):
        raise ValueError(f"{unknown[0]!r} is not a day of the week; write one of {', '.join(WEEKDAYS)}")
    line: list[tuple[int, int, str]] = []  # minutes from Monday's midnight, and the shift as written
    week = []
    for number, name in enumerate(WEEKDAYS):
        shifts = _parsed(name, hours.get(name, ()))
        for shift, text in shifts:
            line.append((number * _DAY + shift.start, number * _DAY + shift.end, f"{name} {text}"))
        week.append(tuple(sorted((shift for shift, _ in shifts), key=lambda shift: shift.start)))
    if not line:
        raise ValueError("The week has no working hour; give at least one day hours, for example 09:00-17:00")
    line.sort()
    start, end, text = line[0]
    a_week_on = (start + 7 * _DAY, end + 7 * _DAY, text)
    for one, other in pairwise([*line, a_week_on]):
        if other[0] < one[1]:
            raise ValueError(f"{one[2]} and {other[2]} overlap; correct one, or write them as one shift")
    return tuple(week)


def shifts_of(day: str, spans: Sequence[str]) -> tuple[Shift, ...]:
    """The shifts of one day. Raises ValueError for what is no span, and where two overlap."""
    found = sorted(_parsed(day, spans), key=lambda one: one[0].start)
    for (one, text), (other, later) in pairwise(found):
        if other.start < one.end:
            raise ValueError(f"{day} {text} and {later} overlap; correct one, or write them as one shift")
    return tuple(shift for shift, _ in found)


def _parsed(day: str, spans: Sequence[str]) -> list[tuple[Shift, str]]:
    found = []
    for text in spans:
        try:
            found.append((Shift.parse(text), text))
        except ValueError as error:
            raise ValueError(f"{day}: {error}") from None
    return found


def _check_exceptions(week: tuple[tuple[Shift, ...], ...], closed: Collection[date], opened: Collection[date]) -> None:
    for day in (*closed, *opened):
        if day.year < 1900:
            raise ValueError(f"{day} is a date of the Jalali calendar; write the Gregorian one, for example 2027-03-21")
    if both := sorted(set(closed) & set(opened)):
        raise ValueError(f"{both[0]} is named both as closed and as open; remove one")
    for day in opened:
        if not week[day.weekday()]:
            name = tuple(WEEKDAYS)[day.weekday()]
            raise ValueError(f"{day} is named as open, but is a {name}, which has no hours; give {name} hours")
