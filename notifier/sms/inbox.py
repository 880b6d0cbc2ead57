"""Customers whose texts wait for a person: one place for each, however often they wrote, until somebody sees to it."""

from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.domain.decide import derived_id
from notifier.errors import Conflict
from notifier.store import work
from notifier.store.audit import Act, AuditEntry
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.schema import INBOUND_KEPT
from notifier.store.work import UnitOfWork


class WaitingReplies(Struct, frozen=True, kw_only=True):
    """A customer whose texts wait since ``since`` (unix ms), and who of the staff sees to them."""

    keys: Keys
    phone: str
    since: int
    holder: str | None

    @property
    def ref(self) -> str:
        return ref(self.phone)


def ref(phone: str) -> str:
    """What an address calls a customer by, so that no log and no history of a browser has their number."""
    return derived_id("customer", phone)


def callback_id(phone: str, inbound_id: str) -> str:
    """The id of the reason to call that a text is."""
    return derived_id("callback", phone, inbound_id)


def waits(unit: UnitOfWork, keys: Keys, phone: str, *, at: int) -> None:
    """Have a customer wait from now on (unix ms), if they do not yet; who waited for a year waits no more."""
    unit.do("ZREMRANGEBYSCORE", keys.inbox, "-inf", at - INBOUND_KEPT * 1000)
    unit.do("ZADD", keys.inbox, "NX", at, phone)


def seen_to(unit: UnitOfWork, keys: Keys, phone: str) -> None:
    """Nobody need see to the customer's texts any more."""
    unit.do("ZREM", keys.inbox, phone)
    unit.do("HDEL", keys.inbox_holders, phone)


async def count(reader: Reader) -> int:
    return sum([int(await reader.redis.zcard(keys.inbox)) for keys in reader.everywhere])


async def waiting(reader: Reader, *, most: int) -> list[WaitingReplies]:
    """Customers who wait, the longest first."""
    found: list[WaitingReplies] = []
    for keys in reader.everywhere:
        rows: Any = await reader.redis.zrange(keys.inbox, 0, most - 1, withscores=True)
        phones = [phone.decode() for phone, _ in rows]
        holders: Any = await reader.redis.hmget(keys.inbox_holders, phones) if phones else []
        found += [
            WaitingReplies(keys=keys, phone=phone, since=int(since), holder=holder.decode() if holder else None)
            for phone, (_, since), holder in zip(phones, rows, holders, strict=True)
        ]
    return sorted(found, key=lambda one: one.since)[:most]


async def end(redis: Redis, one: WaitingReplies, *, read: int, by: str, now: int, about: str) -> None:
    """Somebody has seen to a customer's texts, of which they read so many. Raises Conflict where there are more."""
    unit = UnitOfWork()
    unit.require_length(one.keys.inbound(one.phone), read)
    seen_to(unit, one.keys, one.phone)
    AuditEntry(at=now, act=Act.REPLY_SEEN_TO, by=by, about=about).keep(unit, one.keys.audit)
    if (await work.commit(redis, [unit]))[0][0] != "done":
        raise Conflict("The customer has texted once more; look again.")


async def assign(redis: Redis, one: WaitingReplies, staff_id: str, *, by: str, now: int, about: str) -> None:
    """Have one of the staff see to a customer's texts; "" for whoever comes first."""
    unit = UnitOfWork()
    if staff_id:
        unit.do("HSET", one.keys.inbox_holders, one.phone, staff_id)
    else:
        unit.do("HDEL", one.keys.inbox_holders, one.phone)
    entry = AuditEntry(at=now, act=Act.REPLY_ASSIGNED, by=by, about=about, more=staff_id)
    entry.keep(unit, one.keys.audit)
    await work.commit(redis, [unit])
