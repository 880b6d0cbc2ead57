"""Messages that became too late while no line was open, or for which a machine that is away was to call: said so,
instead of waiting for the line."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import product
from typing import Any

from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.messages import MessageState
from notifier.sms import ledger
from notifier.sms.call_fallback import CallFallback
from notifier.sms.passing import Passing
from notifier.store import work, writes
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import as_text, ms
from notifier.store.work import UnitOfWork

NO_LINE = "no_line"
"""Why a text expired that a person tells, as nothing has left for a while by the only line that was left to it."""

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Expiry:
    """Goes through what is ready and has not left."""

    redis: Redis
    reader: Reader
    clock: Clock
    unreached: CallFallback
    routes: Collection[str] = ()
    passing: Passing | None = None

    async def sweep(self) -> int:
        """Let everything expire whose time is over; returns how many. What may be out already is not touched."""
        count = 0
        for keys, route in product(self.reader.everywhere, ("", *self.routes)):
            start, box = 0, writes.box(keys, route)
            waits_in_vain = self.passing is not None and await self.passing.is_person_left(route)
            while ready := await self._ready(box, start):
                gone = await self._expire(keys, box, ready, waits_in_vain=waits_in_vain)
                count += gone
                start += len(ready) - gone
        return count

    async def _ready(self, box: str, start: int) -> list[str]:
        now = ms(self.clock.now())
        found: Any = await self.redis.zrangebyscore(box, "-inf", now, start=start, num=_AT_ONCE)
        return [member.decode() for member in found]

    async def _expire(self, keys: Keys, box: str, ids: list[str], *, waits_in_vain: bool) -> int:
        pipeline = self.redis.pipeline(transaction=False)
        for message_id in ids:
            pipeline.hget(keys.message(message_id), "expires")
        limits = await pipeline.execute()
        now = ms(self.clock.now())
        too_late = {one for one, limit in zip(ids, limits, strict=True) if limit is not None and int(limit) <= now}
        late = [one for one in ids if one in too_late or waits_in_vain]
        units = []
        closed = await self.passing.closed() if late and self.passing else {}
        for stored in await self.reader.messages([(keys, one) for one in late]):
            message = stored.message
            if stored.state is not MessageState.QUEUED:
                continue
            reason = "too_late" if message.id in too_late else NO_LINE
            if reason is NO_LINE and not (self.passing and self.passing.has_waited(stored)):
                continue
            passed = self.passing.in_vain(stored, closed) if self.passing else []
            tried = [*stored.descents, *passed]
            await self.unreached.ends(keys, message, MessageState.EXPIRED, tried)
            unit, gone = UnitOfWork(), UnitOfWork()
            if passed:
                gone.do("HSET", keys.message(message.id), "descents", as_text(tried))
            gone.do("ZREM", box, message.id)
            gone.do("ZREM", keys.texts(message.to), message.id)
            unit.require_field(keys.message(message.id), "descents", stored.descents_as_stored)
            unit.when(keys.message(message.id), "state", MessageState.QUEUED, gone)
            ledger.move(unit, keys, message.id, MessageState.QUEUED, MessageState.EXPIRED, reason=reason)
            units.append(unit)
        if units:
            await work.commit(self.redis, units)
        return len(units)
