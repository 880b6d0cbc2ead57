"""Unix milliseconds, in which the call book reckons, and the working time between them."""

from datetime import datetime, timedelta

from notifier.clock import TEHRAN
from notifier.store.records import ms
from scheduler.calendar import Calendar

_MS = timedelta(milliseconds=1)


def moment(at: int) -> datetime:
    """The moment, by the shop's clock."""
    return datetime.fromtimestamp(at / 1000, TEHRAN)


def length(span: timedelta) -> int:
    return span // _MS


def after(calendar: Calendar, at: int, working: timedelta) -> int:
    """The time at which so much working time has passed."""
    return ms(calendar.add_working_time(moment(at), working))


def working(calendar: Calendar, at: int) -> int:
    """The time itself if customers are phoned then, else the next at which they are."""
    return ms(calendar.next_working_time(moment(at)))
