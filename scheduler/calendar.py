"""The working calendar: at what times customers are phoned. Weekly shifts, holidays, and days that are exceptions.

Reckoning is in unix milliseconds: differences of times of one zone ignore its clock changes, and Tehran had them until
2022. Shifts are laid out a fortnight at once, since nearly all that is asked is about the coming days.
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
_DAY_MS = _DAY * 60 * 1000
_FORTNIGHT = 14 * _DAY_MS
_REMEMBERED = 100  # fortnights
_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_FORM = re.compile(r"\s*(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)\s*")

Stretch = tuple[int, int]  # unix ms


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
    # What was looked for last, and the working time that was found: the next question is mostly a little later.
    _newest: list[tuple[int, int, int]] = field(default_factory=lambda: [(0, 0, 0)], init=False, repr=False)
    _laid_out: dict[int, tuple[Stretch, ...]] = field(default_factory=dict, init=False, repr=False)

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
        return self.shift_start(moment) is not None

    def shift_start(self, moment: datetime) -> int | None:
        """When the shift began that ``moment`` lies in (unix ms), None outside all of them."""
        at = _ms(moment)
        return next((start for start, end in self._stretches(at // _FORTNIGHT) if start <= at < end), None)

    def next_working_time(self, moment: datetime) -> datetime:
        """``moment`` itself if it is working time, else the start of the next shift, in the shop's zone."""
        at = _ms(moment)
        start = self.working(at)
        return moment if start == at else datetime.fromtimestamp(start / 1000, self.zone)

    def working(self, at: int) -> int:
        """``at`` itself if it is working time, else the start of the next shift; unix ms."""
        return self._first(at)[0]

    def after(self, at: int, length: int) -> int:
        """The first moment of working time at which ``length`` of it has passed since ``at``; unix ms.

        Where ``length`` is over with a shift, that is the start of the next shift, for nobody is there before.
        """
        if length < 0:
            raise ValueError(f"Working time of {length} ms cannot be added: it is negative")
        start, end = self._first(at)
        if length < end - start:
            return start + length
        stretches = self._from(at)
        start, end = next(stretches)
        while length >= end - start:
            length -= end - start
            start, end = next(stretches)
        return start + length

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

    def _first(self, at: int) -> Stretch:
        """What is left at ``at`` of the working time then, or the next. The newest is remembered: most that is asked
        lies in it."""
        asked, start, end = self._newest[0]
        if not asked <= at < end:
            start, end = next(self._from(at))
            self._newest[0] = at, start, end
        return (start, end) if start > at else (at, end)

    def _from(self, at: int) -> Iterator[Stretch]:
        """The working time from ``at`` on, without end: in order, no instant twice."""
        number, last = at // _FORTNIGHT, at + LOOKAHEAD * _DAY_MS
        while number * _FORTNIGHT <= last:
            for start, end in self._stretches(number):
                if end > at:
                    yield max(start, at), end
                    at, last = end, end + LOOKAHEAD * _DAY_MS
            number += 1
        raise ValueError(
            f"The calendar has no working hour in the {LOOKAHEAD} days before {self._day(last)}; "
            "correct hours, closed and open in [calendar]"
        )

    def _stretches(self, number: int) -> tuple[Stretch, ...]:
        """The shifts of one fortnight since 1970 and of the days around it, in order. Remembered: this is what every
        question comes down to."""
        found = self._laid_out.get(number)
        if found is None:
            day, last = self._day(number * _FORTNIGHT) - _ONE_DAY, self._day((number + 1) * _FORTNIGHT)
            laid: list[Stretch] = []
            while day <= last:
                stretches = [
                    (self._instant(day, shift.start), self._instant(day, shift.end)) for shift in self.shifts_on(day)
                ]
                # In an hour that the clock skips, a shift may be turned round or change places with its neighbour.
                laid += sorted(stretch for stretch in stretches if stretch[0] < stretch[1])
                day += _ONE_DAY
            if len(self._laid_out) > _REMEMBERED:
                self._laid_out.clear()
            found = self._laid_out[number] = tuple(laid)
        return found

    def _instant(self, day: date, minutes: int) -> int:
        days, minutes = divmod(minutes, _DAY)
        return _ms(datetime.combine(day + timedelta(days), time(*divmod(minutes, 60)), tzinfo=self.zone))

    def _day(self, at: int) -> date:
        return datetime.fromtimestamp(at / 1000, self.zone).date()


def _ms(moment: datetime) -> int:
    if moment.utcoffset() is None:
        raise ValueError(f"The time {moment} has no time zone; give one, Asia/Tehran for the shop's own time.")
    return (moment - _EPOCH) // _MS


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
