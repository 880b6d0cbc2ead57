"""Routes: sources whose texts leave by lines of their own, and what is left of ladders. Each has an outbox, and none is
left behind."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import structlog

from notifier.domain.ladder import is_ladder
from notifier.store import keys as names
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Routes:
    """The outboxes of routes: ``own`` are those by which texts may leave now, ``known`` all that are looked into."""

    reader: Reader
    own: Callable[[], Collection[str]]
    known: set[str]

    async def begin(self) -> None:
        """Write down which outboxes there may be."""
        if new := set(self.own()) - self.known:
            await self.reader.redis.sadd(names.ROUTES, *new)
            self.known.update(new)

    async def tick(self) -> int:
        """Have texts of sources without lines of their own leave by the common ones; returns how many.

        What is on its way down a ladder that is no more goes on by what was left of it: begun anew, it would reach
        people twice.
        """
        await self.begin()
        found: Any = await self.reader.redis.smembers(names.ROUTES)
        routes = {route.decode() for route in found}
        self.known.update(filter(is_ladder, routes))
        gone = sorted(routes - self.known)
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
