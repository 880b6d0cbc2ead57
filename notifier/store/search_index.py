"""The index of names, codes and phones by which the console finds orders: written and removed with the order itself.

The members of the sorted set have the score 0: they lie in alphabetical order and are found by how they begin.
"""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from redis.asyncio import Redis

from notifier.domain import lookup
from notifier.domain.orders import Order
from notifier.errors import StoreError
from notifier.store import packing
from notifier.store.keys import Keys
from notifier.store.records import decode
from notifier.store.work import UnitOfWork

NAME, CODE = "n", "c"
"""What a member begins with, by what it is."""

_AT_ONCE = 500
_NATIONAL = re.compile("0[1-9][0-9]{5,15}")


def entries(order: Order | None, *, packed: bool = False) -> set[str]:
    """The members that lead to an order, or to one that is packed."""
    if order is None:
        return set()
    member = f"{order.source}:{order.id}"
    wanted = lookup.outer_name_keys if packed else lookup.name_keys
    found = {f"{NAME}{key}|{member}" for key in wanted(order.details.name)}
    for key in lookup.code_keys(order):
        found.add(f"{CODE}{key}|{member}")
    return found


def put(unit: UnitOfWork, keys: Keys, order: Order, *, before: Order | None) -> None:
    """Have an order found by what it says now, and no more by what only ``before`` said."""
    if before is not None and _known_by(before) == _known_by(order):
        return
    now = entries(order)
    if before is not None and (gone := entries(before) - now):
        unit.do("ZREM", keys.found_by, *sorted(gone))
    if now:  # also what ``before`` said: of an order that was removed once nothing is there any more
        unit.index(keys.found_by, 0, *sorted(now))
    phone, old = order.details.phone, before.details.phone if before else None
    if phone and phone != old:
        unit.do("SADD", *phone_entry(keys, phone))
    if old and phone != old:
        drop_phone(unit, keys, old)


def drop(unit: UnitOfWork, keys: Keys, order: Order) -> None:
    """Have an order found no more; its customer's phone goes with ``drop_phone``."""
    if gone := entries(order):
        unit.do("ZREM", keys.found_by, *sorted(gone))


def shrink(unit: UnitOfWork, keys: Keys, order: Order) -> None:
    """Have an order that is long over found by its first and its family name, not by those between."""
    if gone := entries(order) - entries(order, packed=True):
        unit.do("ZREM", keys.found_by, *sorted(gone))


def drop_phone(unit: UnitOfWork, keys: Keys, phone: str) -> None:
    """Forget a phone that no order has any more; the orders of the customer must have been written before."""
    last = UnitOfWork()
    last.do("SREM", *phone_entry(keys, phone))
    unit.unless_exists(keys.customer_orders(phone), last)


def phone_entry(keys: Keys, phone: str) -> tuple[str, str]:
    """The set that a phone is in by its end, and what it is there."""
    end = phone[-lookup.SHORTEST_TAIL :]
    return (keys.phone_ends(end), phone[1:]) if _NATIONAL.fullmatch(phone) else (keys.phone_ends(f"+{end}"), phone)


def phone_sets(keys: Keys, tail: str) -> tuple[str, str]:
    """Where the phones lie that end so."""
    end = tail[-lookup.SHORTEST_TAIL :]
    return keys.phone_ends(end), keys.phone_ends(f"+{end}")


def phone_of(member: bytes) -> str:
    """The phone that a member of those sets is."""
    text = member.decode()
    return text if not text.isdecimal() else f"0{text}"


def named(member: bytes) -> tuple[str, str]:
    """Of a member what it is found by, and the order that it leads to."""
    found, _, about = member.decode().partition("|")
    return found, about


def bounds(prefix: str) -> tuple[str, str]:
    """Between what all members lie that begin so."""
    return f"[{prefix}", f"[{prefix}\U0010ffff"


async def fill(redis: Redis) -> int:
    """Write the index of all orders there are, as often as one likes; returns how many they were."""
    count = 0
    async for batch in _orders(redis):
        raws: Any = await _pipeline(redis, [("get", key) for _, key in batch])
        commands: list[tuple[Any, ...]] = []
        for (keys, _), raw in zip(batch, raws, strict=True):
            try:
                order = decode(raw or b"", Order)
            except StoreError:
                continue
            count += 1
            if found := entries(order, packed=packing.is_packed(raw)):
                commands.append(("zadd", keys.found_by, dict.fromkeys(found, 0)))
            if order.details.phone:
                commands.append(("sadd", *phone_entry(keys, order.details.phone)))
        await _pipeline(redis, commands)
    return count


async def _orders(redis: Redis) -> AsyncIterator[list[tuple[Keys, str]]]:
    """The keys of all orders, with their partitions."""
    batch: list[tuple[Keys, str]] = []
    async for key in redis.scan_iter("n:{*}:order:*", count=1000):
        batch.append((Keys(int(key[3 : key.index(b"}")])), key.decode()))
        if len(batch) >= _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


async def _pipeline(redis: Redis, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    if not commands:
        return []
    pipeline = redis.pipeline(transaction=False)
    for name, *arguments in commands:
        getattr(pipeline, name)(*arguments)
    return list(await pipeline.execute())


def _known_by(order: Order) -> tuple[Any, ...]:
    details = order.details
    return details.name, details.phone, details.number, details.tracking_code, details.reference, order.parcels.keys()
