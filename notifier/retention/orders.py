"""Orders that are over: packed a week later, archived and removed after some months."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Raw
from redis.asyncio import Redis

from notifier.clock import TEHRAN, Clock
from notifier.domain import jalali
from notifier.domain.messages import MessageState
from notifier.domain.orders import Order, Stage
from notifier.errors import StoreError
from notifier.retention import removal
from notifier.retention.archive import Archive, Archived
from notifier.retention.claim import Hold
from notifier.store import keys as names
from notifier.store import order_bundle, packing, search_index, work
from notifier.store.keys import Keys
from notifier.store.order_bundle import Dossier, OrderBundle
from notifier.store.reading import Reader
from notifier.store.receipts import ReceiptPictures
from notifier.store.records import decode, encode, ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

PAGE, BATCH = 200, 20
_HEAD = 40  # bytes of an order that tell whether it is packed
_Place = tuple[str, str, int]  # source and id of an order, and the unix ms it last changed at
_UNDER_WAY = frozenset({MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN, MessageState.HELD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """After how long what happens; zero for never."""

    pack: timedelta
    orders: timedelta
    open_orders: timedelta
    remembered: timedelta


@dataclass(frozen=True, slots=True)
class ClosedOrders:
    """Packs and archives. What changed since it was read is left for the next time."""

    redis: Redis
    reader: Reader
    clock: Clock
    ages: Ages
    archive: Archive | None
    receipts: ReceiptPictures | None = None

    async def sweep(self, hold: Hold) -> tuple[int, int]:
        """Returns how many orders were packed and how many removed."""
        packed = removed = 0
        for keys in self.reader.everywhere:
            async for page in self._old(keys):
                to_pack, to_remove = self._sorted_out(page)
                for batch in _batches(to_remove):
                    removed += await self.remove(keys, batch)
                for batch in _batches(to_pack):
                    packed += await self.pack(keys, batch)
                if not await hold():
                    return packed, removed
        return packed, removed

    async def _old(self, keys: Keys) -> AsyncIterator[list[tuple[Order, bool]]]:
        """The orders that have been quiet for a while, the quietest first, each with whether it is packed."""
        ages = [age for age in (self.ages.pack, self.ages.orders, self.ages.open_orders) if age]
        if not ages:
            return
        newest, oldest, passed = ms(self.clock.now() - min(ages)), 0, 0
        while found := await self._found(keys, oldest, newest, passed):
            members = await self._due(keys, found)
            pipeline = self.redis.pipeline(transaction=False)
            for source, order_id, _ in members:
                pipeline.get(keys.order(source, order_id))
            page, gone = [], UnitOfWork()
            for (source, order_id, _), raw in zip(members, await pipeline.execute(), strict=True):
                try:
                    if raw is not None:
                        page.append((decode(raw, Order), packing.is_packed(raw[:_HEAD])))
                    else:
                        gone.unless_exists(keys.order(source, order_id), _unlisted(keys, f"{source}:{order_id}"))
                except StoreError as error:
                    log.error("an order is left", action="order_unreadable", order=order_id, error=str(error))
            yield page
            await work.commit(self.redis, [gone])
            # On from the last time there: to pass over all that came before costs Redis a step for each.
            before, oldest = oldest, found[-1][2]
            there = await self._there(keys, [place for place in found if place[2] == oldest])
            passed = there + (passed if oldest == before else 0)

    async def _found(self, keys: Keys, oldest: int, newest: int, passed: int) -> list[_Place]:
        found: Any = await self.redis.zrangebyscore(
            keys.orders, oldest, newest, start=passed, num=PAGE, withscores=True
        )
        places = [(*member.decode().partition(":"), int(score)) for member, score in found]
        return [(source, order_id, score) for source, _, order_id, score in places]

    async def _due(self, keys: Keys, found: Sequence[_Place]) -> list[_Place]:
        """The orders that something may be done about. Nearly all are packed and not to go yet: of these no more is
        read than their beginning, or every look would cost what all orders weigh."""
        going = ms(self.clock.now() - self.ages.orders) if self.ages.orders else 0
        pipeline = self.redis.pipeline(transaction=False)
        for source, order_id, _ in found:
            pipeline.getrange(keys.order(source, order_id), 0, _HEAD)
        heads = await pipeline.execute()
        return [
            place for place, head in zip(found, heads, strict=True) if place[2] <= going or not packing.is_packed(head)
        ]

    async def _there(self, keys: Keys, places: Sequence[_Place]) -> int:
        """How many are at their places still."""
        pipeline = self.redis.pipeline(transaction=False)
        for source, order_id, _ in places:
            pipeline.zscore(keys.orders, f"{source}:{order_id}")
        scores = await pipeline.execute()
        return sum(score == place[2] for place, score in zip(places, scores, strict=True))

    def _sorted_out(self, page: Sequence[tuple[Order, bool]]) -> tuple[list[Order], list[Order]]:
        now, to_pack, to_remove = self.clock.now(), list[Order](), list[Order]()
        for order, packed in page:
            over = closed(order)
            if _older(order, now, self.ages.orders if over else self.ages.open_orders):
                to_remove.append(order)
            elif over and not packed and _older(order, now, self.ages.pack):
                to_pack.append(order)
        return to_pack, to_remove

    async def pack(self, keys: Keys, orders: Sequence[Order]) -> int:
        """Put the story of closed orders into one record each; returns of how many."""
        found = [one for one in await self.dossiers(keys, orders) if _settled(one)]
        droppable = await self._droppable(keys, found)
        # Packing takes a millisecond each: somebody else may have the loop meanwhile.
        packs = await asyncio.to_thread(lambda: [_packed(one) for one in found])
        units = []
        for one, (story, record) in zip(found, packs, strict=True):
            unit, order = UnitOfWork(), one.order
            removal.require_unchanged(unit, one)
            removal.drop_story(unit, one, calls=droppable)
            search_index.shrink(unit, keys, order)
            unit.do("SET", keys.closed(order.source, order.id), work.binary(story))
            unit.do("ZREM", keys.on_the_way, one.member)
            unit.do("ZREM", keys.priority_orders, one.member)  # there is nothing to be delivered first any more
            unit.do("SET", keys.order(order.source, order.id), work.binary(record))
            units.append(unit)
        return await self._commit(units)

    async def remove(self, keys: Keys, orders: Sequence[Order]) -> int:
        """Archive orders, then remove them; returns how many."""
        found = [one for one in await self.dossiers(keys, orders) if _finished(one)]
        droppable = await self._droppable(keys, found)
        await keep(self.archive, [(one.order.updated_at, archived(one, self.clock.now())) for one in found])
        units, life = [], self.ages.remembered // timedelta(milliseconds=1)
        for one in found:
            unit = UnitOfWork()
            removal.require_unchanged(unit, one)
            removal.drop_story(unit, one, calls=droppable)
            removal.drop_order(unit, one, remember=life)
            units.append(unit)
        outcomes = await work.commit(self.redis, units) if units else []
        gone = [one.order for one, (name, _) in zip(found, outcomes, strict=True) if name == "done"]
        if self.receipts is not None:
            for order in gone:
                await asyncio.to_thread(self.receipts.forget, order.source, order.id)
        if self.reader.partitions > 1:
            await self._forget_routes(found)
        return len(gone)

    async def dossiers(self, keys: Keys, orders: Sequence[Order]) -> list[Dossier]:
        """Everything about orders, without those of which something cannot be read: they are left as they are."""
        try:
            return await order_bundle.dossiers(self.redis, [(keys, order) for order in orders]) if orders else []
        except (StoreError, ValueError):
            found = []
            for order in orders:
                try:
                    found += await order_bundle.dossiers(self.redis, [(keys, order)])
                except (StoreError, ValueError) as error:
                    log.error("an order is left", action="order_unreadable", order=order.id, error=str(error))
            return found

    async def _droppable(self, keys: Keys, found: Sequence[Dossier]) -> set[str]:
        """The calls that no other order is the reason of which would still show them from their own key."""
        others = [
            (call.id, reason.source, reason.order_id)
            for one in found
            for call in one.calls.values()
            for reason in call.reasons
            if (reason.source, reason.order_id) != (one.order.source, one.order.id)
        ]
        calls = {call.id for one in found for call in one.calls.values()}
        return calls - await full(self.redis, keys, others)

    async def _commit(self, units: Sequence[UnitOfWork]) -> int:
        return sum([name == "done" for name, _ in await work.commit(self.redis, units)]) if units else 0

    async def _forget_routes(self, found: Sequence[Dossier]) -> None:
        """Late events find what is remembered of an order by its route, which lives as long as that can."""
        life = self.ages.remembered + self.ages.open_orders
        for one in found:
            await self.redis.pexpire(names.route(one.order.source, one.order.id), max(life, timedelta(days=1)))


def closed(order: Order) -> bool:
    """Whether nothing more is to come: delivered, cancelled, sent back or paid back."""
    over = order.cancelled or order.refunded or order.stage in (Stage.DELIVERED, Stage.RETURNED)
    return over and order.deposit_waiting is None


async def full(redis: Redis, keys: Keys, wanted: Sequence[tuple[str, str, str]]) -> set[str]:
    """Of (what, source, order): each ``what`` one of whose orders lies there and is not packed."""
    pipeline = redis.pipeline(transaction=False)
    for _, source, order_id in wanted:
        pipeline.getrange(keys.order(source, order_id), 0, _HEAD)
    heads = await pipeline.execute()
    return {what for (what, _, _), head in zip(wanted, heads, strict=True) if head and not packing.is_packed(head)}


async def keep(archive: Archive | None, records: Sequence[tuple[int, Archived]]) -> None:
    """Write records into the archive, each into the file of the month in which its time (unix ms) lies."""
    months: dict[str, list[Archived]] = {}
    for at, record in records:
        months.setdefault(jalali.year_month(datetime.fromtimestamp(at / 1000, TEHRAN)), []).append(record)
    if archive is not None:
        for month, part in months.items():
            await asyncio.to_thread(archive.add, month, part)


def archived(one: Dossier, now: datetime) -> Archived:
    """An order as a line of the archive."""
    story: OrderBundle = one.story
    return Archived(
        kind="order",
        source=one.order.source,
        id=one.order.id,
        v=one.order.v,
        archived_at=now,
        order=Raw(encode(one.order)),
        timeline=story.timeline,
        messages=story.messages,
        calls=story.calls,
    )


def _packed(one: Dossier) -> tuple[bytes, bytes]:
    return order_bundle.packed(one.story), packing.packed_version(one.order.v, encode(one.order))


def _unlisted(keys: Keys, member: str) -> UnitOfWork:
    unit = UnitOfWork()
    for index in (keys.orders, keys.priority_orders, keys.deposits, keys.on_the_way):
        unit.do("ZREM", index, member)
    return unit


def _finished(one: Dossier) -> bool:
    """Whether nobody is at it: no call is open, and no text is leaving at this moment."""
    return not any(call.is_open for call in one.calls.values()) and MessageState.SENDING not in _states(one)


def _settled(one: Dossier) -> bool:
    """Whether, besides, nothing will become of its texts any more."""
    return _finished(one) and not _UNDER_WAY & _states(one)


def _states(one: Dossier) -> set[str]:
    return {fields.get(b"state", b"").decode() for fields in one.live.values()}


def _older(order: Order, now: datetime, age: timedelta) -> bool:
    return bool(age) and order.updated_at <= ms(now - age)


def _batches(orders: Sequence[Order]) -> list[Sequence[Order]]:
    return [orders[start : start + BATCH] for start in range(0, len(orders), BATCH)]
