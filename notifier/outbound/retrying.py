"""When to try again: an entry after its table, an endpoint with too much to do as it wishes. Pure."""

from datetime import timedelta

from notifier.domain.back_off import back_off, doubling

BACK_OFF = tuple(
    timedelta(seconds=wait) for wait in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""Between tries, after Standard Webhooks; the last again and again, until the news is too old."""

_PAUSES = doubling(timedelta(seconds=10), timedelta(minutes=10))


def next_try(tries: int, asked: timedelta | None, chance: float) -> timedelta:
    """The wait after one more than ``tries``, no less than was ``asked`` for; by chance up to a fifth longer."""
    return back_off(tries, BACK_OFF, least=asked, jitter=chance / 5)


def pause(pauses: int, asked: timedelta | None) -> timedelta:
    """How long an endpoint is left alone that has too much to do for the ``pauses``th time, the first being 1."""
    return back_off(pauses - 1, _PAUSES, least=asked)
