"""The form that records are in: older stores are brought up to date when they are opened, newer ones are refused.

The version is one key of the store. It goes up by one with every function in ``MIGRATIONS``; a field that is only
added, with a default, needs none. A migration may be cut short or run by two processes at once, so each must do no harm
twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import structlog
from redis.asyncio import Redis

from notifier.domain.calls import Call, CallState
from notifier.domain.orders import Order
from notifier.errors import NotifierError, StoreError
from notifier.store import delivery_index, provider_ids, search_index
from notifier.store import keys as names
from notifier.store.keys import Keys
from notifier.store.records import decode

log = structlog.get_logger()

Migration = Callable[[Redis], Awaitable[None]]

_HOUR = 3600 * 1000  # ms

INBOUND_KEPT = 365 * 24 * 3600
"""Seconds for which the texts of a customer who writes no more are kept."""


class StoreTooNew(NotifierError):
    """The store was written by a newer version of this program."""


def _part(key: bytes) -> Keys:
    """The keys of the part of the store that a key lies in."""
    return Keys(int(key[3 : key.index(b"}")]))


async def _orders(redis: Redis) -> AsyncIterator[tuple[Keys, Order]]:
    """All that can be read."""
    async for key in redis.scan_iter("n:{*}:order:*", count=1000):
        raw: Any = await redis.get(key)
        with suppress(StoreError):
            yield _part(key), decode(raw or b"", Order)


async def _calls(redis: Redis, *states: CallState) -> AsyncIterator[tuple[Keys, Call]]:
    """All of these states that can be read."""
    for state in states:
        async for key in redis.scan_iter(f"n:{{*}}:calls:{state}", count=1000):
            keys = _part(key)
            async for member, _ in redis.zscan_iter(key, count=1000):
                raw: Any = await redis.get(keys.call(member.decode()))
                with suppress(StoreError):
                    yield keys, decode(raw or b"", Call)


async def _inbound_lapses(redis: Redis) -> None:
    """1 → 2: what customers texted used to stay for ever."""
    async for key in redis.scan_iter("n:{*}:customer:*:inbound", count=1000):
        if await redis.ttl(key) == -1:
            await redis.expire(key, INBOUND_KEPT)


async def _codes_divided(redis: Redis) -> None:
    """2 → 3: the codes of all orders lay in one hash."""
    async for key in redis.scan_iter("n:{*}:codes", count=1000):
        keys = _part(key)
        async for code, member in redis.hscan_iter(key, count=1000):
            await redis.hsetnx(keys.codes(code.decode()), code, member)
        await redis.unlink(key)


async def _numbers_kept(redis: Redis) -> None:
    """3 → 4: of the orders that share a number only the last could be found by it."""
    async for keys, order in _orders(redis):
        if order.details.number:
            await redis.sadd(keys.numbered(order.source, order.details.number), f"{order.source}:{order.id}")


async def _ready_ranked(redis: Redis) -> None:
    """4 → 5: what is to be made now could only be found among all calls. An hour is what one step of priority is worth
    unless `[calls] aging` says otherwise; a call takes its exact place when it next changes."""
    async for keys, call in _calls(redis, CallState.DUE, CallState.CLAIMED):
        place = keys.ready(call.assignee) if call.assignee else keys.pool
        await redis.zadd(place, {call.id: call.due - call.first.priority * _HOUR})


async def _found_by_anything(redis: Redis) -> None:
    """5 → 6: orders could be found by a number, a code or a whole phone alone."""
    await search_index.fill(redis)


async def _on_the_way(redis: Redis) -> None:
    """6 → 7: what a courier has could only be found among all orders."""
    async for keys, order in _orders(redis):
        if (left := delivery_index.left_at(order)) is not None:
            await redis.zadd(keys.on_the_way, {f"{order.source}:{order.id}": left})


async def _promised_listed(redis: Redis) -> None:
    """7 → 8: calls whose time somebody named could only be found among all open ones."""
    async for keys, call in _calls(redis, CallState.SCHEDULED, CallState.DUE, CallState.CLAIMED):
        if call.fixed:
            await redis.zadd(keys.promised, {call.id: call.due})


async def _texts_keep_their_order(redis: Redis) -> None:
    """8 → 9: the order of a customer's texts used to lapse, 8 days after the last that was added."""
    async for key in redis.scan_iter("n:{*}:customer:*:texts", count=1000):
        await redis.persist(key)


async def _texts_counted_by_day(redis: Redis) -> None:
    """9 → 10: what a number was sent within a day used to be a sorted set of its own."""
    day = 24 * _HOUR
    async for key in redis.scan_iter("n:{*}:customer:*:counted", count=1000):
        keys, phone = _part(key), key.decode().split(":")[-2]
        days: dict[int, str] = {}
        found: Any = await redis.zrange(key, 0, -1, withscores=True)
        for member, score in found:
            at = int(score)
            days[at // day] = f"{days.get(at // day, '')}{at} {member.decode()};"
        for number, texts in days.items():
            await redis.hset(keys.counted(str(number)), phone, texts)
            await redis.pexpire(keys.counted(str(number)), 2 * day)
        await redis.unlink(key)


async def _provider_ids_by_day(redis: Redis) -> None:
    """10 → 11: each id of a provider used to be a key of its own, for two days."""
    seconds, _ = await redis.time()
    async for key in redis.scan_iter("n:{*}:provider:*", count=1000):
        keys, (provider, provider_id) = _part(key), key.decode().split(":", 4)[3:]
        message_id: Any = await redis.get(key)
        if message_id is not None:
            at = 1000 * seconds - 48 * _HOUR + max(await redis.pttl(key), 0)
            day = provider_ids.given(keys, provider, at)
            await redis.hset(day, provider_id, message_id)
            await redis.expire(day, provider_ids.KEPT)
            await redis.unlink(key)


MIGRATIONS: tuple[Migration, ...] = (
    *(_inbound_lapses, _codes_divided, _numbers_kept, _ready_ranked, _found_by_anything),
    *(_on_the_way, _promised_listed, _texts_keep_their_order, _texts_counted_by_day, _provider_ids_by_day),
)
"""How a store gets from each version to the next; the first makes version 2 of a store without a version."""

CURRENT = len(MIGRATIONS) + 1


async def bring_up(redis: Redis) -> None:
    """Bring the store to the version of this program. Raises StoreTooNew."""
    found = await version(redis)
    if found > CURRENT:
        raise StoreTooNew(
            f"The store is of version {found}, and this program knows versions up to {CURRENT}: a newer one has "
            "written to it. Install that version again, or restore a backup made with this one (`notifier restore`)."
        )
    for number in range(found, CURRENT):
        await MIGRATIONS[number - 1](redis)
        await redis.set(names.SCHEMA, number + 1)
        log.info("the store was brought up to date", action="migrated", version=number + 1)


async def version(redis: Redis) -> int:
    """The version of a store; an empty one is given that of this program."""
    raw: Any = await redis.get(names.SCHEMA)
    if raw is None and not any(
        [await redis.exists(key) for key in (names.TEMPLATES_IN_USE, names.INSTANCE, names.STAFF)]
    ):
        await redis.set(names.SCHEMA, CURRENT, nx=True)
        raw = await redis.get(names.SCHEMA)
    return int(raw) if raw is not None else 1
