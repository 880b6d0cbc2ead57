"""Essential messages of which a line says nothing: after its time the next rung has them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.channels import Channel
from notifier.domain.ladder import Unreached
from notifier.domain.messages import MessageState
from notifier.sms import descending
from notifier.sms.call_fallback import CallFallback
from notifier.sms.descending import OnDescent
from notifier.sms.ladders import Ladders
from notifier.sms.providers.base import REMEMBERED
from notifier.sms.receipts import due_members
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader, StoredMessage
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

_AT_ONCE = 200
_WAITS = frozenset({MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.QUEUED})


@dataclass(frozen=True, slots=True)
class RungWaits:
    """Looks at those whose time is over; any number of processes may."""

    redis: Redis
    reader: Reader
    ladders: Ladders
    clock: Clock
    unreached: CallFallback
    on_descent: OnDescent = descending.tell

    async def tick(self) -> int:
        """Have the next rung take over what is due; returns how many messages it has."""
        count = 0
        for keys in self.reader.everywhere:
            while due := await due_members(self.redis, keys.rung_waits, now=self.clock.now(), count=_AT_ONCE):
                waiting = await self.reader.messages([(keys, member) for member in due])
                bound: list[Any] = [await self.redis.hget(keys.message(one.message.id), "bound") for one in waiting]
                units = [
                    await self._looked_at(keys, stored, (line or b"").decode())
                    for stored, line in zip(waiting, bound, strict=True)
                ]
                await work.commit(self.redis, [*units, _gone(keys, set(due) - {one.message.id for one in waiting})])
                count += len(waiting)
        return count

    async def _looked_at(self, keys: Keys, stored: StoredMessage, bound: str) -> UnitOfWork:
        now, message, line = self.clock.now(), stored.message, bound or stored.provider or ""
        wait, since = self.ladders.wait(message, line), _since(stored, now)
        if stored.state is MessageState.SENDING:
            return UnitOfWork()  # looked at again when that is over
        if stored.state not in _WAITS or stored.pointless or not line or wait is None or since is None:
            return _gone(keys, {message.id})
        if since + wait > now:
            later = UnitOfWork()
            later.do("ZADD", keys.rung_waits, "XX", ms(since + wait), message.id)
            return later
        why = Unreached.NO_REPORT if stored.state is MessageState.ACCEPTED else Unreached.UNKNOWN
        channel = self.ladders.channels.get(line, Channel.SMS)
        descent = descending.left_behind(stored, line, channel, why, now)
        onward = descending.goes(self.ladders, stored, line, why, now)
        if onward is not None:
            self.on_descent(message, descent)
            return descending.down(keys, stored, descent, *onward, polled=why is Unreached.NO_REPORT)
        # Only a person is left, and has it now; whether its line reached stays open.
        await self.unreached.call(keys, message, [*stored.descents, descent])
        return _gone(keys, {message.id})


def _gone(keys: Keys, members: set[str]) -> UnitOfWork:
    unit = UnitOfWork()
    if members:
        unit.do("ZREM", keys.rung_waits, *sorted(members))
    return unit


def _since(stored: StoredMessage, now: datetime) -> datetime | None:
    """Since when the line has it, or may have it."""
    at = stored.accepted if stored.state is MessageState.ACCEPTED else stored.first
    return datetime.fromtimestamp(at / 1000, now.tzinfo) if at is not None else None


SHORTEST_WAIT = timedelta(seconds=30)
"""A wait that is shorter would have every text sent twice: no line reports at once."""

LONGEST_WAIT = REMEMBERED
