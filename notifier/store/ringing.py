"""Who calls the shop just now: kept for as long as a telephone rings, and seen by open pages."""

from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.errors import StoreError
from notifier.store import keys as names
from notifier.store.records import as_text, decode

_SHOWN, _KEPT, _MOST = 60_000, 120_000, 50  # ms, ms, calls


class InboundCall(Struct, frozen=True, kw_only=True):
    """A call that comes in. ``phone`` is in the form that customers' have."""

    at: int  # unix ms
    phone: str

    def __repr__(self) -> str:
        return f"<InboundCall {self.at}>"


async def keep(redis: Redis, call: InboundCall) -> bool:
    """Note that somebody calls; whether it was not known. News of one call comes more than once."""
    if any(one.phone == call.phone for one in await since(redis, call.at - _SHOWN)):
        return False
    pipeline = redis.pipeline(transaction=False)
    pipeline.zremrangebyscore(names.RINGING, "-inf", call.at - _KEPT)
    pipeline.zadd(names.RINGING, {as_text(call): call.at})
    pipeline.zremrangebyrank(names.RINGING, 0, -_MOST - 1)
    pipeline.pexpire(names.RINGING, _KEPT)
    await pipeline.execute()
    return True


async def since(redis: Redis, at: int) -> list[InboundCall]:
    """Who called after a time, oldest first."""
    found: Any = await redis.zrangebyscore(names.RINGING, f"({at}", "+inf")
    calls = []
    for raw in found:
        try:
            calls.append(decode(raw, InboundCall))
        except StoreError:
            continue
    return calls


async def forget(redis: Redis, phone: str) -> int:
    """Remove whoever has this number."""
    theirs = [as_text(one) for one in await since(redis, 0) if one.phone == phone]
    return int(await redis.zrem(names.RINGING, *theirs)) if theirs else 0
