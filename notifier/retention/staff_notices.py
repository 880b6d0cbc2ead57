"""What waits to be told to the staff of a customer: it names them, and the orders that they are called about."""

import re
from collections.abc import Collection
from typing import Any, TypeVar

from msgspec import DecodeError, Struct, json
from redis.asyncio import Redis

from notifier.domain import persian
from notifier.retention.personal_data import Orders, mentions
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.work import UnitOfWork

T = TypeVar("T", "_NoticeAbout", "_PushAbout")


class _NoticeAbout(Struct):
    """As much as there is to see of what somebody is to be told."""

    calls: tuple[tuple[str, int, str], ...] = ()


class _PushAbout(Struct):
    """As much as there is to see of a push."""

    title: str = ""
    body: str = ""


async def forget(reader: Reader, keys: Keys, forms: Collection[bytes], orders: Orders) -> int:
    """Have nobody told of a customer any more; how much that was. Their calls are erased before."""
    return await _forget_notices(reader, keys, forms) + await _forget_pushes(reader.redis, keys, forms, orders)


async def _forget_notices(reader: Reader, keys: Keys, forms: Collection[bytes]) -> int:
    found: Any = await reader.redis.hgetall(keys.notices)
    about = {name: _read(raw, _NoticeAbout).calls for name, raw in found.items()}
    named = {call_id for calls in about.values() for call_id, _, _ in calls}
    there = {stored.call.id for stored in await reader.calls([(keys, call_id) for call_id in named])}
    unit, count = UnitOfWork(), 0
    for name, raw in found.items():
        if mentions([raw], forms) or any(call_id not in there for call_id, _, _ in about[name]):
            unit.do("HDEL", keys.notices, name.decode())
            unit.do("ZREM", keys.notices_due, name.decode())
            count += 1
    if count:
        await work.commit(reader.redis, [unit])
    return count


async def _forget_pushes(redis: Redis, keys: Keys, forms: Collection[bytes], orders: Orders) -> int:
    raws: Any = await redis.zrange(keys.pushes, 0, -1)
    names = [one for _, name in orders for one in {name, persian.digits(name)}]
    said = re.compile("|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in names) or r"(?!)")
    unit, count = UnitOfWork(), 0
    for raw in raws:
        push = _read(raw, _PushAbout)
        if mentions([raw], forms) or said.search(f"{push.title}\n{push.body}"):
            unit.do("ZREM", keys.pushes, work.binary(raw))
            count += 1
    if count:
        await work.commit(redis, [unit])
    return count


def _read(raw: bytes, kind: type[T]) -> T:
    try:
        return json.decode(raw, type=kind)
    except DecodeError:
        return kind()
