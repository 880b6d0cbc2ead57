"""An endpoint of the shop's: what it wants to know, and what it may answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated

from annotated_types import Ge, Le

from notifier.outbound.events import Topic

SLOW_DOWN = frozenset({429, 502, 503, 504})
"""Statuses by which a receiver says that it has too much to do."""

GONE = 410
_LONGEST_WAIT = timedelta(hours=24)
"""A receiver that wants to be left alone for longer is asked again after this."""


_LONGEST_TIMEOUT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a receiver is waited for, and how much news. Of what waits for too long, or of too many, the oldest is
    dropped and counted. Raises ValueError for what makes no sense."""

    timeout: timedelta = timedelta(seconds=20)
    off_after: timedelta = timedelta(days=5)
    keep: timedelta = timedelta(days=7)
    at_most: Annotated[int, Ge(1), Le(1_000_000)] = 10_000

    def __post_init__(self) -> None:
        if not timedelta() < self.timeout <= _LONGEST_TIMEOUT:
            raise ValueError("timeout must be longer than 0s and at most 1m; 20s is usual")
        if self.off_after <= timedelta() or self.keep <= timedelta():
            raise ValueError("off_after and keep must be longer than 0s")

    @property
    def lease(self) -> timedelta:
        """For how long a worker may keep news in hand: well over the time limit of a post."""
        return self.timeout + timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where news is posted to, as configured. Without ``sources`` it hears of the orders of every shop."""

    name: str
    url: str = field(repr=False)  # may hold something that only the two of us know
    secrets: Sequence[str] = field(repr=False)  # the one in use first
    topics: frozenset[Topic]
    sources: frozenset[str] = frozenset()
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class EndpointAnswer:
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
