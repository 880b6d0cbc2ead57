"""The ladder: by what a text is tried one after the other, until it is known to have reached somebody."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from notifier.domain.channels import Channel

CALL = "call"
"""The last rung: somebody of the staff phones, with the text before them."""

_MARK = ">"  # no source is called by it
MOST_RUNGS = 8


def route_of(rungs: Sequence[str]) -> str:
    """Rungs as a message has them instead of a source: by these it leaves, the first of them now."""
    return "".join(f"{_MARK}{rung}" for rung in rungs)


def rungs_of(route: str) -> tuple[str, ...]:
    """What ``route_of`` wrote; nothing where the route is a source's."""
    return tuple(route.split(_MARK)[1:]) if is_ladder(route) else ()


def is_ladder(route: str) -> bool:
    return route.startswith(_MARK)


class Unreached(StrEnum):
    """How a rung is known not to have reached, or why it is not waited for any longer."""

    ELSEWHERE = "elsewhere"  # there is nobody with this number
    KNOWN_ELSEWHERE = "known_elsewhere"  # as it said some days ago, so that it was not asked again
    REFUSED = "refused"
    UNDELIVERED = "undelivered"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"  # the provider gave it back
    NO_REPORT = "no_report"  # taken, and within its time nobody said that it had arrived
    UNKNOWN = "unknown"  # it may have been sent: never again by this rung
    PAUSED = "paused"  # nothing left by its line then, and the next rung had it without asking this one
    NO_CREDIT = "no_credit"  # its account had none, and what it had was for others


PASSED_OVER = frozenset({Unreached.PAUSED, Unreached.NO_CREDIT})
"""Nobody was asked to bring it by this rung: it may still do so."""


class Descent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rung that a message has left behind. ``at`` is when that was decided, ``taken`` when the line took the message;
    ``arrived`` when the line said after all that it had arrived, ``too_late`` that its order had another phone by then.
    ``cost`` is rial, ``saved`` what it was then taken to cost less than a text."""

    at: datetime
    provider: str
    channel: Channel
    why: Unreached
    taken: datetime | None = None
    code: int | None = None
    reason: str = ""
    cost: int = 0
    saved: int = 0
    provider_id: str | None = None
    arrived: datetime | None = None
    too_late: bool = False

    @property
    def is_of_report(self) -> bool:
        """Whether the line had taken it, and what it said came later."""
        return self.taken is not None

    def is_of_former_phone(self, since: datetime | None) -> bool:
        """Whether the rung was tried with a phone that was corrected; the present one holds ``since`` then."""
        return self.too_late or (since is not None and self.at <= since)


def arrival(descents: Iterable[Descent], since: datetime | None) -> Descent | None:
    """The rung that was left behind and has reached after all; the present phone holds ``since`` then."""
    return next((one for one in descents if one.arrived is not None and not one.is_of_former_phone(since)), None)
