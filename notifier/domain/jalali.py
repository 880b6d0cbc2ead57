"""Dates and times as Iranians write them: the solar calendar, Tehran's time, Persian digits."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

import jdatetime

from notifier.domain.persian import digits

_TEHRAN = ZoneInfo("Asia/Tehran")

TODAY = "امروز"
_BESIDE: Mapping[int, str] = {-1: "دیروز", 0: TODAY, 1: "فردا"}
"""What a day is called that is so many days from this one."""


def date(d: dt.date) -> str:
    """«۹ آذر ۱۴۰۵»."""
    return _texts(_in_tehran(d))[0]


def weekday_date(d: dt.date) -> str:
    """«دوشنبه ۲ آذر»."""
    return _texts(_in_tehran(d))[1]


def day_beside(d: dt.date, today: dt.date) -> str:
    """«امروز», «فردا», «دیروز», or «دوشنبه ۲ آذر»."""
    ahead = (_in_tehran(d) - _in_tehran(today)).days
    return _BESIDE.get(ahead) or weekday_date(d)


def year_month(d: dt.date) -> str:
    """`1405-09`, for names of files."""
    return _texts(_in_tehran(d))[2]


def time_of(moment: dt.datetime) -> str:
    """«۱۴:۳۰». The colon holds two numbers together in either direction, so no mark is needed."""
    local = _aware(moment).astimezone(_TEHRAN)
    return digits(f"{local.hour:02}:{local.minute:02}")


def time_span(day: dt.date, start: dt.time, end: dt.time) -> str:
    """«سه‌شنبه ۱۰ آذر، ساعت ۱۶ تا ۱۹»; minutes only where there are any."""
    return f"{weekday_date(day)}، {hours(start, end)}"


def hours(start: dt.time, end: dt.time) -> str:
    """«ساعت ۱۶ تا ۱۹», «ساعت ۱۶:۳۰ تا ۱۹»."""
    return f"ساعت {_clock(start)} تا {_clock(end)}"


def _clock(at: dt.time) -> str:
    return digits(f"{at.hour}:{at.minute:02}" if at.minute else str(at.hour))


def _in_tehran(d: dt.date) -> dt.date:
    return _aware(d).astimezone(_TEHRAN).date() if isinstance(d, dt.datetime) else d


def _aware(moment: dt.datetime) -> dt.datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"The time {moment} has no time zone; give one, Asia/Tehran for the shop's own time.")
    return moment


@lru_cache(maxsize=1024)
def _texts(d: dt.date) -> tuple[str, str, str]:
    day = jdatetime.date.fromgregorian(date=d)
    month = jdatetime.date.j_months_fa[day.month - 1]
    weekday = jdatetime.date.j_weekdays_fa[day.weekday()]
    return (
        f"{digits(day.day)} {month} {digits(day.year)}",
        f"{weekday} {digits(day.day)} {month}",
        f"{day.year:04}-{day.month:02}",
    )
