"""In how many partitions the data lies. It is set once; only `notifier partitions` changes it, with nobody at work."""

from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from notifier.domain.counted import counted
from notifier.errors import NotifierError
from notifier.store import keys as names
from notifier.store.records import ms

COUNT, MOVING = b"count", b"moving"
ALIVE_FOR = timedelta(seconds=20)
"""How long a process counts as alive after it was last heard of."""


class OtherPartitions(NotifierError):
    """The configuration names another number of partitions than the data lies in."""


class StillAtWork(NotifierError):
    """Processes use the store while its data is to be moved."""


async def require(redis: Redis, partitions: int) -> None:
    """Set the number for a new store; raise OtherPartitions when the data lies otherwise."""
    await redis.hsetnx(names.LAYOUT, COUNT, partitions)
    found: Any = await redis.hgetall(names.LAYOUT)
    if MOVING in found:
        wanted = int(found[MOVING])
        raise OtherPartitions(
            f"The data is being moved into {counted(wanted, 'partition')} and is not all there yet: run `notifier "
            f"partitions {wanted}` to its end, and set [redis] partitions = {wanted}."
        )
    if (count := int(found[COUNT])) != partitions:
        raise OtherPartitions(
            f"[redis] partitions is {partitions}, and the data in this store lies in {count}. Set it back to {count}; "
            f"or stop every process of the service and run `notifier partitions {partitions}`, which moves the data."
        )


async def begin_move(redis: Redis, wanted: int, now: datetime) -> int:
    """Keep everybody out; returns in how many partitions the data lies. Raises StillAtWork or OtherPartitions."""
    await redis.hsetnx(names.LAYOUT, COUNT, wanted)
    # First the sign at the door, then the look inside: who starts meanwhile sees the sign or is seen.
    fresh = await redis.hsetnx(names.LAYOUT, MOVING, wanted)
    found: Any = await redis.hgetall(names.LAYOUT)
    if (under_way := int(found[MOVING])) != wanted:
        raise OtherPartitions(
            f"A move into {counted(under_way, 'partition')} was begun: run `notifier partitions {under_way}` to its "
            "end first."
        )
    if busy := await alive(redis, now):
        if fresh:
            await redis.hdel(names.LAYOUT, MOVING)
        raise StillAtWork(
            f"The service is running ({', '.join(busy)}): stop every process on every machine, then run this again. "
            f"One that was killed is forgotten after {ALIVE_FOR.total_seconds():g} s."
        )
    return int(found[COUNT])


async def end_move(redis: Redis, partitions: int) -> None:
    """Let everybody in who knows the new number."""
    await redis.hset(names.LAYOUT, COUNT, partitions)
    await redis.hdel(names.LAYOUT, MOVING)


async def alive(redis: Redis, now: datetime) -> list[str]:
    """The processes that use the store."""
    found: Any = await redis.zrangebyscore(names.PROCESSES, f"({ms(now)}", "+inf")
    return [name.decode() for name in found]


async def sign_in(redis: Redis, process: str, now: datetime) -> bool:
    """Say that a process is alive; whether nobody could know that just before."""
    await redis.zremrangebyscore(names.PROCESSES, "-inf", ms(now))
    return bool(await redis.zadd(names.PROCESSES, {process: ms(now + ALIVE_FOR)}))


async def sign_out(redis: Redis, process: str) -> None:
    await redis.zrem(names.PROCESSES, process)
