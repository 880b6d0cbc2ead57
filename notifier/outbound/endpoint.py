"""An endpoint of the shop's: what it wants to know, and what it may answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from notifier.outbound.events import Topic

SLOW_DOWN = frozenset({429, 502, 503, 504})
"""Statuses by which a receiver says that it has too much to do."""

GONE = 410
_LONGEST_WAIT = timedelta(hours=24)
"""A receiver that wants to be left alone for longer is asked again after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where news is posted to, as configured. Without ``sources`` it hears of the orders of every shop."""

    name: str
    url: str = field(repr=False)  # may hold something that only the two of us know
    secrets: Sequence[str] = field(repr=False)  # the one in use first
    topics: frozenset[Topic]
    sources: frozenset[str] = frozenset()
    timeout: timedelta = timedelta(seconds=20)
    off_after: timedelta = timedelta(days=5)
    keep: timedelta = timedelta(days=7)
    at_most: int = 10_000

    @property
    def lease(self) -> timedelta:
        """For how long a worker may keep news in hand: well over the time limit of a post."""
        return self.timeout + timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a post: a status, or the kind of error there was instead of one."""

    seconds: float
    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more, ever."""
        return self.status == GONE

    @property
    def overloaded(self) -> bool:
        return self.status in SLOW_DOWN

    def __str__(self) -> str:
        return f"answered {self.status}" if self.status is not None else f"no answer ({self.error})"


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """How long a receiver wants to be left alone, said in seconds or as a date; None where it says nothing clear."""
    if text is None:
        return None
    try:
        wait = timedelta(seconds=int(text)) if text.strip().isdecimal() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta()), _LONGEST_WAIT)
