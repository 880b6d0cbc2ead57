"""How long a worker may go on with what it has claimed, and how others find that it is gone.

While a worker has claimed messages in hand, a key of the store tells so: its heartbeat, which lapses ``ALIVE`` after it
was last renewed. A claim whose heartbeat is gone is taken over. So that nothing is sent by two, a worker begins no post
once its heartbeat could be thought gone: it counts from before it asked for the renewal, stops ``MARGIN`` early, and
what was late once stays late. A pause between that look and the first byte nobody can see; so what a provider would not
know as a repetition is also marked in the store before the call (``mark.lua``): taken over, it is not sent again but
looked for.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier import tasks
from notifier.store.keys import Keys

log = structlog.get_logger()

ALIVE = timedelta(seconds=2)
"""How long a heartbeat lasts: a dead worker's texts leave within five seconds, a restart of it included."""

MARGIN = timedelta(seconds=0.5)
EVERY = 0.4  # seconds between renewals

WITH_HEARTBEAT = "h-"
"""How the tokens of claims begin that have a heartbeat; others, of older versions, last for their lease."""

Moment = tuple[float, ...]


def now() -> Moment:
    """The time by two clocks, in seconds: one goes on while the machine sleeps, one while it is moved elsewhere."""
    return _awake(), time.time()


def _awake() -> float:
    # macOS has no CLOCK_BOOTTIME, and counts sleep in its CLOCK_MONOTONIC, which time.monotonic() does not use there.
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(slots=True)
class Hold:
    """What one claim took, and until when it is surely still ours."""

    keys: Keys
    clock: Callable[[], Moment] = now
    token: str = field(default_factory=lambda: WITH_HEARTBEAT + secrets.token_hex(8))
    _over: bool = False
    _from: Moment = field(init=False)

    def __post_init__(self) -> None:
        self._from = self.clock()

    @property
    def heartbeat(self) -> str:
        """The key that tells of us."""
        return self.keys.claim(self.token)

    def may_post(self) -> bool:
        """Whether a post may begin now. Once it may not, it never may again, for others may have the messages."""
        lasts = (ALIVE - MARGIN).total_seconds()
        late = any(at - since >= lasts for at, since in zip(self.clock(), self._from, strict=True))
        self._over = self._over or late
        return not self._over

    def renewed(self, asked: Moment) -> None:
        """The store has taken a renewal that was asked for at this moment."""
        if self.may_post():
            self._from = asked

    async def beat(self, redis: Redis) -> None:
        """Renew it once. What is late is renewed all the same: the answer to a post under way is still ours to hear."""
        asked = self.clock()
        await redis.set(self.heartbeat, 1, px=ALIVE)
        self.renewed(asked)

    @contextlib.asynccontextmanager
    async def kept(self, redis: Redis) -> AsyncIterator[None]:
        """Renew it for as long as the messages are in hand; then it lapses by itself."""
        beating: list[asyncio.Task[None]] = []  # most batches are settled before the first

        def begin() -> None:
            beating.append(asyncio.create_task(self._beat(redis), name="heartbeat of a claim"))

        timer = asyncio.get_running_loop().call_later(EVERY, begin)
        try:
            yield
        finally:
            timer.cancel()
            await tasks.end(*beating)

    async def _beat(self, redis: Redis) -> None:
        while True:
            try:
                await self.beat(redis)
            except (RedisError, OSError) as error:
                log.debug("store unreachable", action="heartbeat_failed", error=type(error).__name__)
            await asyncio.sleep(EVERY)
