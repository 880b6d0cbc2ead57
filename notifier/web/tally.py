"""How many webhooks came from each shop and what they were answered, counted by the day."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier import tasks
from notifier.clock import TEHRAN, Clock
from notifier.store import keys as names

log = structlog.get_logger()

_EVERY = 2  # seconds
_KEPT = 100 * 24 * 3600  # seconds


class Tally:
    """Counts in memory and adds to Redis now and then, so that a webhook costs nothing more."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._counts: Counter[tuple[str, str]] = Counter()

    def middleware(self) -> Middleware:
        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not request.path.startswith("/webhooks/"):
                return await handler(request)
            response = await handler(request)
            source = request.match_info.get("source")
            if source and response.status != 404:
                day = self._clock.now().astimezone(TEHRAN).date().isoformat()
                self._counts[day, f"{source} {response.status}"] += 1
            return response

        return count

    async def keep(self, app: web.Application) -> AsyncIterator[None]:
        """Write while the application runs, and once more at its end."""
        task = asyncio.create_task(self._run(), name="tally")
        yield
        await tasks.end(task)
        await self.write()

    async def write(self) -> None:
        """Add what was counted since the last time."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for (day, name), count in counts.items():
            pipeline.hincrby(names.webhooks(day), name, count)
            pipeline.expire(names.webhooks(day), _KEPT)
        try:
            await pipeline.execute()
        except (RedisError, OSError) as error:  # they are figures only
            log.warning("webhooks not counted", action="tally_failed", error=type(error).__name__)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            await self.write()
