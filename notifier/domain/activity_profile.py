"""Whether a shop that says nothing usually says something now. Pure.

A day is divided into spans of ten minutes. A span counts when something came in it, however much: one order brings
several events, and a desk that ticks off fifty orders at once must not look like fifty customers.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

SPAN = timedelta(minutes=10)
WEEKS = 5
"""How far back a shop's rhythm is looked at: so that five Fridays are among its days."""

_FEWEST_DAYS = 5
_ODD_DAYS = 7  # one day in so many may have been quieter: a holiday, a fault


def span_of(moment: datetime) -> int:
    """The number of the span of its day that ``moment`` lies in."""
    return (moment.hour * 60 + moment.minute) // (SPAN // timedelta(minutes=1))


def silent_spans(last: datetime, now: datetime) -> range:
    """The whole spans of today in which nothing came, ``last`` being the last event. Both in the shop's zone."""
    since = span_of(last) + 1 if last.date() == now.date() else 0
    return range(since, span_of(now))


def usual(days: Sequence[Collection[int]], silent: range) -> int:
    """In how many of these spans something came on nearly every one of ``days``, each given by its spans with news.

    0 for too few days to tell: a new shop has no rhythm yet.
    """
    if len(days) < _FEWEST_DAYS:
        return 0
    counts = sorted(sum(span in silent for span in day) for day in days)
    return counts[len(counts) // _ODD_DAYS]


def is_unusual(days: Sequence[Collection[int]], silent: range, *, spans: int) -> bool:
    """Whether it is time to say so: when ``spans`` nearly unbroken spans with news are usual in that time, or twice as
    many that lie scattered, as with a shop of few orders, whose customers may stay away for hours by chance."""
    if len(silent) < spans:
        return False
    common = usual(days, silent)
    heard = Counter(span for day in days for span in day)
    open_spans = sum(heard[span] * _ODD_DAYS > len(days) for span in silent)  # without the night
    unbroken = 4 * common >= 3 * open_spans
    return common >= (spans if unbroken else 2 * spans)
