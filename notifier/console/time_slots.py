"""Choosing a time by the Jalali calendar: a few good guesses for one tap, and five weeks of days for the rest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import jdatetime

from notifier.clock import TEHRAN
from notifier.console.refusals import PageRefusal
from notifier.domain import jalali, persian
from notifier.store.records import ms
from scheduler.calendar import Calendar

_WEEKS = 5
_FARTHEST = timedelta(days=366)
_SATURDAY = 5  # as date.weekday() counts
HOURS, MINUTES = range(8, 22), (0, 15, 30, 45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    label: str
    at: int  # unix ms


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotDay:
    """A square of the calendar. ``month`` is named on the first day shown of each."""

    value: str  # ISO date
    label: str
    spoken: str
    month: str
    past: bool
    off: bool
    today: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSlots:
    guesses: Sequence[Guess]
    weeks: Sequence[Sequence[SlotDay]]
    hours: Sequence[tuple[str, str]]
    minutes: Sequence[tuple[str, str]]
    months: str


def time_slots(now: datetime, calendar: Calendar) -> TimeSlots:
    """What can be chosen at a moment."""
    local = now.astimezone(TEHRAN)
    shown = weeks(now, calendar, _WEEKS)
    days = [day for week in shown for day in week]
    named = list(dict.fromkeys(_jalali(date.fromisoformat(day.value)) for day in days if not day.past))
    return TimeSlots(
        guesses=_guesses(local, calendar),
        weeks=shown,
        hours=[(f"{hour:02}", persian.digits(hour)) for hour in HOURS],
        minutes=[(f"{minute:02}", persian.digits(f"{minute:02}")) for minute in MINUTES],
        months=" و ".join(named),
    )


def weeks(now: datetime, calendar: Calendar, count: int) -> list[list[SlotDay]]:
    """So many weeks of the Jalali calendar, from this one on."""
    local = now.astimezone(TEHRAN)
    first = local.date() - timedelta(days=(local.weekday() - _SATURDAY) % 7)
    days = [_day(first + timedelta(days=number), local.date(), calendar) for number in range(7 * count)]
    return [days[start : start + 7] for start in range(0, len(days), 7)]


def chosen(form: dict[str, str], now: datetime) -> datetime:
    """The time that a form names. Raises PageRefusal."""
    try:
        if quick := form.get("quick"):
            at = datetime.fromtimestamp(int(quick) / 1000, TEHRAN)
        else:
            hour, minute = form.get("hour", ""), form.get("minute", "")
            if not (form.get("day") and re.fullmatch(r"\d\d", hour) and re.fullmatch(r"\d\d", minute)):
                raise PageRefusal("روز و ساعت تماس را انتخاب کنید.")
            at = datetime.combine(date.fromisoformat(form["day"]), time(int(hour), int(minute)), TEHRAN)
    except (ValueError, OverflowError, OSError):
        raise PageRefusal("این زمان خوانده نشد؛ از روزها و ساعت‌های پیشنهادی انتخاب کنید.") from None
    if at <= now:
        raise PageRefusal("این زمان گذشته است؛ زمانی در آینده انتخاب کنید.")
    if at > now + _FARTHEST:
        raise PageRefusal("این زمان بیش از یک سال دیگر است.")
    return at


def _guesses(local: datetime, calendar: Calendar) -> list[Guess]:
    def rounded(at: datetime) -> datetime:
        return at + timedelta(minutes=-at.minute % 5, seconds=-at.second, microseconds=-at.microsecond)

    soon, hour_later = rounded(local + timedelta(minutes=30)), rounded(local + timedelta(hours=1))
    found = [
        Guess(label=f"۳۰ دقیقهٔ دیگر، {jalali.time_of(soon)}", at=ms(soon)),
        Guess(label=f"۱ ساعت دیگر، {jalali.time_of(hour_later)}", at=ms(hour_later)),
    ]
    today = [local.replace(hour=hour, minute=0, second=0, microsecond=0) for hour in (12, 15, 17)]
    coming = next((at for at in today if at > local + timedelta(minutes=75)), None)
    if coming:
        found.append(Guess(label=f"امروز {jalali.time_of(coming)}", at=ms(coming)))
    day = local
    for _ in range(10):  # the next day on which the shop works
        day += timedelta(days=1)
        if not _off(day.date(), calendar):
            break
    name = "فردا" if day.date() == local.date() + timedelta(days=1) else jalali.weekday_date(day).split()[0]
    for hour in (10, 16):
        at = day.replace(hour=hour, minute=0, second=0, microsecond=0)
        found.append(Guess(label=f"{name} {jalali.time_of(at)}", at=ms(at)))
    week = local.replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=7)
    found.append(Guess(label=f"هفتهٔ بعد، {jalali.weekday_date(week).split()[0]} {jalali.time_of(week)}", at=ms(week)))
    return found


def _day(day: date, today: date, calendar: Calendar) -> SlotDay:
    solar = jdatetime.date.fromgregorian(date=day)
    return SlotDay(
        value=day.isoformat(),
        label=persian.digits(solar.day),
        spoken=jalali.weekday_date(day),
        month=_jalali(day) if solar.day == 1 else "",
        past=day < today,
        off=_off(day, calendar),
        today=day == today,
    )


def _off(day: date, calendar: Calendar) -> bool:
    """Whether the shop does not work at all on a day."""
    start = datetime.combine(day, time(), TEHRAN)
    return calendar.next_working_time(start).astimezone(TEHRAN).date() != day


def _jalali(day: date) -> str:
    return str(jdatetime.date.j_months_fa[jdatetime.date.fromgregorian(date=day).month - 1])
