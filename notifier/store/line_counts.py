"""What days came to by line: messages it took, those it said to have arrived, what it cost and what it saved."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.store import daily
from notifier.store.daily import DayCounts
from notifier.store.keys import Keys


class LineCounts(Struct, frozen=True, kw_only=True):
    """Money is rial; ``saved`` is against what the same messages would have cost as texts, those that had to be texted
    all the same taken off. ``unknown`` are messages that it may have taken: their cost is in none of these."""

    line: str
    sent: int
    reached: int
    cost: int
    saved: int
    unknown: int


def by_line(days: Iterable[DayCounts], lines: Collection[str] = ()) -> list[LineCounts]:
    """Of these days together, by line: these first, in their order, then others that were used."""
    found = list(days)
    used = {name for day in found for name in day.lines}
    return [
        LineCounts(
            line=name,
            sent=sum(day.line_sent[name] for day in found),
            reached=sum(day.line_reached[name] for day in found),
            cost=sum(day.line_cost[name] for day in found),
            saved=sum(day.line_saved[name] for day in found),
            unknown=sum(day.line_unknown[name] for day in found),
        )
        for name in dict.fromkeys([*lines, *sorted(used)])
    ]


async def read(redis: Redis, places: Iterable[Keys], last: date, days: int) -> list[DayCounts]:
    """The counters of so many days up to one, of all partitions, in one round trip."""
    pipeline = redis.pipeline(transaction=False)
    for keys in places:
        for back in range(days):
            pipeline.hgetall(keys.day((last - timedelta(days=back)).isoformat()))
    rows: list[Any] = await pipeline.execute()
    return [daily.read(row) for row in rows]
