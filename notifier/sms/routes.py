"""Sources whose texts leave by lines of their own: each has an outbox, and none is left behind."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog

from notifier.store import keys as names
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Routes:
    """The outboxes of sources; ``own`` are those that have lines of their own now."""

    reader: Reader
    own: Collection[str]

    async def begin(self) -> None:
        """Write down which outboxes there may be."""
        if self.own:
            await self.reader.redis.sadd(names.ROUTES, *self.own)

    async def tick(self) -> int:
        """Have texts of sources without lines of their own leave by the common ones; returns how many."""
        found: Any = await self.reader.redis.smembers(names.ROUTES)
        gone = sorted({source.decode() for source in found} - set(self.own))
        count = sum([await self._empty(keys, source) for source in gone for keys in self.reader.everywhere])
        if count:
            log.warning("texts leave by the common lines now", action="route_gone", messages=count, sources=gone)
        return count

    async def _empty(self, keys: Keys, source: str) -> int:
        box, count = keys.routed(source), 0
        while True:
            waiting: Any = await self.reader.redis.zrange(box, 0, _AT_ONCE - 1, withscores=True)
            if not waiting:
                return count
            unit = UnitOfWork()
            for member, due in waiting:
                unit.do("ZADD", keys.outbox, int(due), member.decode())
                unit.do("ZREM", box, member.decode())
                unit.do("HDEL", keys.message(member.decode()), "route")
            await work.commit(self.reader.redis, [unit])
            count += len(waiting)
