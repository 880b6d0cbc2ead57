"""How many webhooks came from each shop and what they were answered; and when it spoke.

A delivery costs one addition in memory. Now and then the sums go to the metrics, and to Redis by the day it is then:
nobody counts more finely than that.
"""

import asyncio
from contextlib import AbstractAsyncContextManager

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier import tasks
from notifier.clock import TEHRAN, Clock
from notifier.intake import inactivity
from notifier.observability import counters
from notifier.store import keys as names

log = structlog.get_logger()

_EVERY = 2  # seconds
_KEPT = 100 * 24 * 3600  # seconds
_NOBODY = ""  # who posts to no known source: under one name, so that nobody can make up more


class DeliveryCounters:
    """Counts the deliveries of one process."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._new: dict[tuple[str, int], int] = {}  # source and HTTP status → deliveries
        self._unwritten: dict[tuple[str, int], int] = {}
        self._spoke: set[str] = set()
        self._writing = asyncio.Lock()

    def count(self, source: str, status: int, *, signed: bool) -> None:
        """Note what a delivery was answered."""
        what = (source if status != 404 else _NOBODY, status)
        self._new[what] = self._new.get(what, 0) + 1
        if signed and status < 300:
            self._spoke.add(source)

    def keeping(self) -> AbstractAsyncContextManager[None]:
        """Write during the block, and once more at its end."""
        return tasks.writing(self.write, every=_EVERY, name="tally")

    def settle(self) -> None:
        """Have the metrics say what was counted until now."""
        new, self._new = self._new, {}
        counters.answered(new)
        for what, count in new.items():
            if what[0] != _NOBODY:
                self._unwritten[what] = self._unwritten.get(what, 0) + count

    async def write(self) -> None:
        """Add what was counted since the last time; at its end all of that is written, whoever wrote it."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        self.settle()
        counts, self._unwritten = self._unwritten, {}
        spoke, self._spoke = self._spoke, set()
        if not counts:
            return
        now = self._clock.now()
        day = now.astimezone(TEHRAN).date().isoformat()
        pipeline = self._redis.pipeline(transaction=False)
        for (source, status), count in counts.items():
            pipeline.hincrby(names.webhooks(day), f"{source} {status}", count)
        pipeline.expire(names.webhooks(day), _KEPT)
        for source in spoke:
            inactivity.note(pipeline, source, now)
        try:
            await pipeline.execute()
        except (RedisError, OSError) as error:  # they are figures only
            log.warning("webhooks not counted", action="tally_failed", error=type(error).__name__)
