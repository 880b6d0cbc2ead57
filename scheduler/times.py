"""Unix milliseconds, in which the call book reckons, and the working time between them."""

from datetime import datetime, timedelta

from notifier.clock import TEHRAN
from scheduler.calendar import Calendar

_MS = timedelta(milliseconds=1)


def moment(at: int) -> datetime:
    """The moment, by the shop's clock."""
    return datetime.fromtimestamp(at / 1000, TEHRAN)


def length(span: timedelta) -> int:
    return span // _MS


def after(calendar: Calendar, at: int, working: timedelta) -> int:
    """The time at which so much working time has passed."""
    return calendar.after(at, length(working))
