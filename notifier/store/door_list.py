"""The courier's list of one day, read from its indexes: what is agreed upon, and what is on its way all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from notifier.domain.door import delivery_rank, left_with_courier
from notifier.domain.orders import Order
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import StoreError
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import decode

MOST = 500
"""Orders of one section in one partition: more than a day's couriers carry."""

_LINES = 200  # of a timeline


@dataclass(frozen=True, slots=True)
class DoorList:
    """Both sections, each by priority and time. ``more`` is how many of the day found no place."""

    agreed: Sequence[Order]
    others: Sequence[Order] = ()
    more: int = 0


async def read(reader: Reader, day: date, *, since: int | None = None) -> DoorList:
    """What is agreed upon for a day; and what left since a moment (unix ms) and has no time to come."""
    pipeline, everywhere = reader.redis.pipeline(transaction=False), reader.everywhere
    for keys in everywhere:
        pipeline.zcard(keys.deliveries(day.isoformat()))
        pipeline.zrange(keys.deliveries(day.isoformat()), 0, MOST - 1)
        if since is not None:
            pipeline.zrevrangebyscore(keys.on_the_way, "+inf", since, start=0, num=MOST)
    found: list[Any] = await pipeline.execute()
    width = len(found) // len(everywhere)
    agreed, others, more = list[tuple[Keys, str]](), list[tuple[Keys, str]](), 0
    for place, keys in enumerate(everywhere):
        count, *parts = found[place * width : (place + 1) * width]
        more += max(int(count) - MOST, 0)
        agreed += [(keys, member.decode()) for member in parts[0]]
        others += [(keys, member.decode()) for part in parts[1:] for member in part]
    orders = await reader.orders([*agreed, *(one for one in others if one not in set(agreed))])
    ours = [one for one in orders if one.delivery is not None and one.delivery.date == day]
    left = [one for one in orders if left_with_courier(one) and (one.delivery is None or one.delivery.date < day)]
    return DoorList(sorted(ours, key=delivery_rank), sorted(left, key=delivery_rank) if others else (), more)


async def notes(reader: Reader, orders: Sequence[Order]) -> dict[tuple[str, str], list[str]]:
    """What was noted in calls about these orders, the newest first."""
    if not orders:
        return {}
    pipeline = reader.redis.pipeline(transaction=False)
    for order in orders:
        for keys in reader.everywhere:
            pipeline.lrange(keys.timeline(order.source, order.id), -_LINES, -1)
    lines: list[Any] = await pipeline.execute()
    wanted: dict[str, Keys] = {}
    for place, raws in enumerate(lines):
        wanted |= {call_id: reader.everywhere[place % len(reader.everywhere)] for call_id in _calls_of(raws)}
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for stored in await reader.calls([(keys, call_id) for call_id, keys in wanted.items()]):
        written = [(entry.at, entry.note) for entry in stored.call.history if entry.note]
        for about in {(reason.source, reason.order_id) for reason in stored.call.reasons}:
            found.setdefault(about, []).extend(written)
    return {about: [note for _, note in sorted(those, reverse=True)] for about, those in found.items()}


def _calls_of(raws: Sequence[bytes]) -> set[str]:
    found = set()
    for raw in raws:
        try:
            line = decode(raw, TimelineEntry)
        except StoreError:
            continue
        if line.kind is LineKind.CALL and line.ref:
            found.add(line.ref)
    return found
