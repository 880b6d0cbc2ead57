"""How long to wait before trying again: the one back-off, whatever is tried."""

from collections.abc import Sequence
from datetime import timedelta


def doubling(first: timedelta, longest: timedelta) -> tuple[timedelta, ...]:
    """Waits that double from ``first`` until they are ``longest``."""
    waits = [min(first, longest)]
    while timedelta() < waits[-1] < longest:
        waits.append(min(waits[-1] * 2, longest))
    return tuple(waits)


def back_off(
    tries: int, waits: Sequence[timedelta], *, least: timedelta | None = None, jitter: float = 0.0
) -> timedelta:
    """The wait when ``tries`` came to nothing before this one: that of ``waits``, the last again and again.

    No less than ``least``, which whoever is tried may have asked for; and longer by the part ``jitter``, so that chance
    keeps all who wait from coming back at once.
    """
    return max(waits[min(tries, len(waits) - 1)], least or timedelta()) * (1 + jitter)
