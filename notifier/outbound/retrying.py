"""When to try again: an entry after its table, an endpoint with too much to do as it wishes. Pure."""

from datetime import timedelta

BACK_OFF = tuple(
    timedelta(seconds=wait) for wait in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""Between tries, after Standard Webhooks; the last again and again, until the news is too old."""

_PAUSE, _LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=10)


def next_try(tries: int, asked: timedelta | None, jitter: float) -> timedelta:
    """The wait after one more than ``tries`` that came to nothing, and no less than the receiver ``asked`` for.

    ``jitter`` from 0 to 1 makes it up to a fifth longer.
    """
    wait = BACK_OFF[min(tries, len(BACK_OFF) - 1)]
    return max(wait, asked or timedelta()) * (1 + jitter / 5)


def pause(pauses: int, asked: timedelta | None) -> timedelta:
    """How long an endpoint is left alone that has too much to do for the ``pauses``th time, the first being 1."""
    own = min(_PAUSE * (1 << min(pauses - 1, 10)), _LONGEST_PAUSE)
    return max(own, asked or timedelta())
