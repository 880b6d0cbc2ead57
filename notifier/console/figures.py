"""What days came to, as their counters say."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from notifier.clock import TEHRAN
from notifier.console.dependencies import Dependencies
from notifier.store import daily
from notifier.store import keys as names
from notifier.store.daily import DayCounts


class Figures(Struct, frozen=True, kw_only=True):
    """One day; webhooks by ``source status``."""

    day: date
    counted: DayCounts
    webhooks: Counter[str]


async def figures(deps: Dependencies, first: date, last: date, sources: Collection[str] | None = None) -> list[Figures]:
    """DayCounts by day, of some shops or of all, in one round trip."""
    return (await figures_since(deps, first, last, sources))[0]


async def figures_since(
    deps: Dependencies, first: date, last: date, sources: Collection[str] | None = None
) -> tuple[list[Figures], datetime | None]:
    """DayCounts by day, and since when orders, deposits and first tries are counted at all; in one round trip."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    everywhere = deps.reader.everywhere
    pipeline = deps.redis.pipeline(transaction=False)
    for day in days:
        pipeline.hgetall(names.webhooks(day.isoformat()))
        for keys in everywhere:
            pipeline.hgetall(keys.day(day.isoformat()))
    pipeline.get(names.COUNTED_SINCE)
    *rows, since = await pipeline.execute()
    width = len(everywhere) + 1
    found = [
        Figures(day=day, counted=daily.read(_added(hashes[1:]), sources), webhooks=_webhooks(hashes[0], sources))
        for day, hashes in ((day, rows[place * width : (place + 1) * width]) for place, day in enumerate(days))
    ]
    return found, datetime.fromtimestamp(int(since) / 1000, TEHRAN) if since is not None else None


def percentile(waits: Counter[int], share: float) -> float | None:
    """The wait in seconds that this share of them did not exceed; ``waits`` are milliseconds and how often."""
    rank = share * waits.total()
    for wait in sorted(waits):
        rank -= waits[wait]
        if rank <= 0:
            return wait / 1000
    return None


def _added(hashes: Sequence[Mapping[bytes, bytes]]) -> Mapping[bytes, bytes]:
    if len(hashes) == 1:
        return hashes[0]
    total: Counter[bytes] = Counter()
    for found in hashes:
        total.update({name: int(count) for name, count in found.items()})
    return {name: b"%d" % count for name, count in total.items()}


def _webhooks(found: Mapping[bytes, bytes], sources: Collection[str] | None) -> Counter[str]:
    counted = Counter({name.decode(): int(count) for name, count in found.items()})
    return Counter(
        {name: count for name, count in counted.items() if sources is None or name.partition(" ")[0] in sources}
    )
