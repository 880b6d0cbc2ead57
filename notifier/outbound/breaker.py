"""How an endpoint is doing, as all processes know it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from notifier.outbound import retrying
from notifier.store import keys as names
from notifier.store.records import ms

FAILING, GONE = "failing", "gone"
"""Why an endpoint was switched off: it took nothing for too long, or it answered that it is gone (410)."""

_TROUBLE = ("failing_since", "problem", "pauses", "paused_until")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """``dropped`` counts the news that it was never told."""

    failing_since: datetime | None
    problem: str | None
    paused_until: datetime | None
    off_since: datetime | None
    why_off: str | None
    taken_at: datetime | None
    dropped: int

    @property
    def off(self) -> bool:
        return self.off_since is not None

    @property
    def failing(self) -> bool:
        return self.failing_since is not None


@dataclass(frozen=True, slots=True)
class EndpointStates:
    """Reads and writes them."""

    redis: Redis

    async def of(self, name: str, *, now: datetime) -> EndpointState:
        found: Any = await self.redis.hgetall(names.endpoint(name))
        fields = {key.decode(): value.decode() for key, value in found.items()}

        def moment(field: str) -> datetime | None:
            return datetime.fromtimestamp(int(fields[field]) / 1000, now.tzinfo) if field in fields else None

        return EndpointState(
            failing_since=moment("failing_since"),
            problem=fields.get("problem"),
            paused_until=moment("paused_until"),
            off_since=moment("off_since"),
            why_off=fields.get("why_off"),
            taken_at=moment("taken_at"),
            dropped=int(fields.get("dropped", 0)),
        )

    async def took(self, name: str, *, now: datetime) -> None:
        """Note that an endpoint took something: whatever trouble there was is over."""
        key = names.endpoint(name)
        pipeline = self.redis.pipeline(transaction=True)
        pipeline.hset(key, "taken_at", ms(now))
        pipeline.hdel(key, *_TROUBLE)
        await pipeline.execute()

    async def failed(self, name: str, problem: str, *, now: datetime) -> datetime:
        """Note that an endpoint took nothing; returns since when."""
        key = names.endpoint(name)
        pipeline = self.redis.pipeline(transaction=True)
        pipeline.hset(key, "problem", problem)
        pipeline.hsetnx(key, "failing_since", ms(now))
        pipeline.hget(key, "failing_since")
        return datetime.fromtimestamp(int((await pipeline.execute())[-1]) / 1000, now.tzinfo)

    async def pause(self, name: str, asked: timedelta | None, *, now: datetime) -> datetime:
        """Leave it alone for a while, each time for longer; returns until when."""
        key = names.endpoint(name)
        pauses: Any = await self.redis.hincrby(key, "pauses", 1)
        until = now + retrying.pause(int(pauses), asked)
        await self.redis.hset(key, "paused_until", ms(until))
        return until

    async def switch_off(self, name: str, why: str, *, now: datetime) -> bool:
        """Post nothing more until somebody enables it; whether it was on."""
        key = names.endpoint(name)
        first: Any = await self.redis.hsetnx(key, "off_since", ms(now))
        await self.redis.hset(key, "why_off", why)
        return bool(first)

    async def enable(self, name: str) -> None:
        """Open an endpoint again as if there had been no trouble."""
        await self.redis.hdel(names.endpoint(name), "off_since", "why_off", *_TROUBLE)

    async def drop(self, name: str, count: int) -> None:
        """Count news that an endpoint will never be told."""
        await self.redis.hincrby(names.endpoint(name), "dropped", count)
