"""The places that slots of delivery have taken, counted where every partition's orders meet.

An order lies in its customer's partition, a slot is shared by all, so no unit of work can touch both. A place is taken
first, for news to come, and the order is put on a list of those to be looked at; once the news is on disk the order's
places are made what its record says. Whoever dies in between leaves the order on the list.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.domain.slots import DeliverySlot
from notifier.store import keys as names
from notifier.store.records import ms
from notifier.store.roundtrip import Command, checked, many, safely
from notifier.store.work import Script

PATIENCE = timedelta(minutes=10)
"""How long a place is kept for news to come: far longer than anything that is under way."""

_KEPT = timedelta(days=31)
_TAKE, _SETTLE = Script("take_place"), Script("settle_places")


class PlaceTaken(StrEnum):
    """What became of a wish for a place."""

    IN = "in"
    OVER = "over"  # more are taken now than the slot holds
    FULL = "full"  # none was taken


class HeldPlace(Struct, frozen=True):
    """What an order's record says: its version, and the slot it has a place in. Version -1: there is no record."""

    source: str
    order_id: str
    version: int
    slot: DeliverySlot | None

    @property
    def member(self) -> str:
        return f"{self.source}:{self.order_id}"


class SlotPlaces:
    """Counts, takes and gives back. ``order`` is always source and id."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def taken(self, slots: Sequence[DeliverySlot]) -> dict[DeliverySlot, int]:
        """How many each of some slots has taken, in one round trip."""
        if not slots:
            return {}
        commands: list[Command] = [("HLEN", names.slot_places(slot.name)) for slot in slots]
        return dict(zip(slots, checked(await many(self._redis, commands)), strict=True))

    async def take(
        self, wishes: Sequence[tuple[str, str, DeliverySlot]], now: datetime, *, over: bool = False
    ) -> list[PlaceTaken]:
        """Take a place for each order (source, id, slot); with ``over`` also where none is left, for it is a fact."""
        if not wishes:
            return []
        calls: list[tuple[Sequence[str], Sequence[str | int]]] = [
            (
                (names.slot_places(slot.name), names.order_places(source, order_id), names.UNSETTLED_PLACES),
                (f"{source}:{order_id}", slot.name, slot.places, int(over), ms(now), _kept(slot.date, now)),
            )
            for source, order_id, slot in wishes
        ]
        return [PlaceTaken(answer.decode()) for answer in await _TAKE.run_many(self._redis, calls)]

    async def look_at(self, orders: Iterable[tuple[str, str]], now: datetime) -> None:
        """Have the places of orders looked at later, should whoever is about to change them die."""
        if members := [f"{source}:{order_id}" for source, order_id in orders]:
            pairs = (part for member in members for part in (ms(now), member))
            checked(await safely(self._redis, [("ZADD", names.UNSETTLED_PLACES, "NX", *pairs)]))

    async def settle(self, held: Sequence[HeldPlace], now: datetime, *, patience: timedelta = PATIENCE) -> None:
        """Make the places of orders what their records say. Those that wait for news are kept for ``patience``."""
        if not held:
            return
        reads: list[Command] = [("HKEYS", names.order_places(one.source, one.order_id)) for one in held]
        calls: list[tuple[Sequence[str], Sequence[str | int]]] = []
        for one, found in zip(held, checked(await many(self._redis, reads)), strict=True):
            slots = [field.decode() for field in found if field != b"v"]
            if one.slot and one.slot.name not in slots:
                slots.append(one.slot.name)
            mine = names.order_places(one.source, one.order_id)
            kept = _kept(one.slot.date, now) if one.slot else 0
            current, places = (one.slot.name, one.slot.places) if one.slot else ("", 0)
            calls.append(
                (
                    (mine, names.UNSETTLED_PLACES, *map(names.slot_places, slots)),
                    (one.member, one.version, current, places, kept, ms(now - patience), *slots),
                )
            )
        await _SETTLE.run_many(self._redis, calls)

    async def unsettled(self, now: datetime, *, count: int = 200) -> list[tuple[str, str]]:
        """Orders (source and id) that have been to be looked at for longer than anything is under way."""
        late = ms(now - PATIENCE)
        found: Any = await self._redis.zrangebyscore(names.UNSETTLED_PLACES, "-inf", late, start=0, num=count)
        pairs = (member.decode().partition(":") for member in found)
        return [(source, order_id) for source, _, order_id in pairs]


def _kept(day: date, now: datetime) -> int:
    """Seconds from now until a while after a slot."""
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(max(begins - now.astimezone(UTC), timedelta()).total_seconds() + _KEPT.total_seconds())
