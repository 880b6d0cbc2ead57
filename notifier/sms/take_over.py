"""Takes over the claims of workers that died: their heartbeats are gone, and the texts need not wait for the lease."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from notifier.sms.accounts import Accounts
from notifier.sms.holds import ALIVE, WITH_HEARTBEAT
from notifier.store.health import health
from notifier.store.keys import Keys
from notifier.store.work import Script

log = structlog.get_logger()

EVERY = 0.5  # seconds between looks
_APART = 1500  # ms: looks further apart have not seen whether the store was there for everybody meanwhile
_SETTLED = 1.0  # seconds in which all who live have renewed their heartbeats with a store that answers

_LAPSE = Script("lapse_dead")


@dataclass(slots=True)
class DeadClaims:
    """Looks whose heartbeats are gone.

    While the store was away nobody could renew one, and clients need time to find it again: after a failure nothing is
    taken over until it has been there, without a break, for as long as a heartbeat lasts. Looks that merely came late
    have seen no failure: then the store has had its time once all who live have had a turn, which costs a pause of this
    process a second and not the whole wait anew.

    So a text waits for at most ``ALIVE`` and a look: 2.5 seconds. Where the look that was due came late as well, up to
    ``_APART``, it is 3.5; later still, that and ``_SETTLED`` and a look more.
    """

    redis: Redis
    accounts: Accounts
    partitions: int
    wake: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    _since: float | None = None
    _seen: dict[tuple[int, str], int] = field(default_factory=dict)  # the store's time, ms, of the last look

    async def begin(self) -> None:
        """A store that has been there for long enough was there for everybody: a worker started again loses no time."""
        try:
            uptime = min(node.uptime for node in await health(self.redis))
        except (ResponseError, ValueError):  # we may not look
            return
        if uptime > ALIVE.total_seconds() + _SETTLED:
            self._since = self.clock() - ALIVE.total_seconds()
        await self.look()  # the next is the first that counts

    async def look(self) -> int:
        """Have claims lapse whose heartbeats are gone; returns how many did."""
        try:
            found = sum(
                [await self._look(Keys(p), one.name) for p in range(self.partitions) for one in self.accounts.each]
            )
        except (RedisError, OSError) as error:
            self._since = None
            self._seen.clear()
            log.debug("store unreachable", action="take_over_failed", error=type(error).__name__)
            return 0
        if found:
            log.warning("messages of a dead worker are taken over", action="claims_taken_over", messages=found)
            self.wake()
        return found

    async def _look(self, keys: Keys, line: str) -> int:
        now, seen = self.clock(), self._seen.get((keys.partition, line), 0)
        if self._since is None:
            self._since = now
        sure = now - self._since >= ALIVE.total_seconds()
        at, lapsed = await _LAPSE.run(
            self.redis,
            [keys.sending(line), keys.message("%s"), keys.claim("%s")],
            WITH_HEARTBEAT,
            seen if sure else 0,
            _APART,
        )
        if seen and not 0 <= at - seen <= _APART:
            self._since = max(self._since, self.clock() - ALIVE.total_seconds() + _SETTLED)
        self._seen[keys.partition, line] = at
        return int(lapsed)
