"""What stands before the committer: how fast a shop may go, how much may wait, and whose turn it is.

A shop that floods us fills its own lane and no other's: from all lanes that wait one delivery is let through in turn.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from notifier.errors import Overloaded, TooManyEvents
from notifier.intake.delivery import Delivery, Outcome

AT_ONCE = 512
"""Deliveries with the committer at a time: what it commits and what will be its next groups. Whoever comes now is at
most so many behind, and takes turns with others that wait."""


LONGEST = 2.0
"""Seconds: while whoever is next in a lane has waited for so long, whoever comes to it is sent away at once. The queue
alone bounds memory; how long its end would wait depends on how fast the disk is today."""


class Rate(Protocol):
    """How fast a source may go."""

    @property
    def rate(self) -> int:
        """Events a second."""

    @property
    def most_at_once(self) -> int:
        """Events that may come at once after a rest."""


class Submits(Protocol):
    """The committer, or what stands before it."""

    async def submit(self, delivery: Delivery) -> Outcome:
        """Commit one delivery. Raises Problem when it is not taken."""


class TokenBucket:
    """A rate of so many a second, and ``burst`` at once after a rest."""

    __slots__ = ("_at", "_burst", "_now", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._now = rate, burst, now
        self._tokens, self._at = burst, now()

    def take(self) -> bool:
        """Take one, if there is one."""
        at = self._now()
        self._tokens = min(self._burst, self._tokens + max(0.0, at - self._at) * self._rate)
        self._at = at
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _Lane:
    """What one source waits with."""

    __slots__ = ("bucket", "waiting")

    def __init__(self, bucket: TokenBucket | None) -> None:
        self.bucket, self.waiting = bucket, deque[tuple[float, asyncio.Future[None]]]()


class FairQueue:
    """Lets deliveries through to the committer. ``queue`` may wait of each source."""

    def __init__(
        self,
        committer: Submits,
        sources: Mapping[str, Rate],
        *,
        queue: int,
        at_once: int = AT_ONCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._committer, self._sources, self._queue, self._free = committer, sources, queue, at_once
        self._now = now
        self._lanes = {name: _Lane(TokenBucket(one.rate, one.most_at_once, now)) for name, one in sources.items()}
        self._turns = deque[_Lane]()

    async def submit(self, delivery: Delivery) -> Outcome:
        """Commit one delivery when it is its turn. Raises TooManyEvents, and Crowded when too much waits."""
        lane = self._lanes.get(delivery.source) or self._lanes.setdefault(delivery.source, _Lane(None))
        if lane.bucket is not None and not lane.bucket.take():
            raise self._too_many(delivery.source)
        if self._free:
            self._free -= 1
        else:
            await self._turn(lane)
        try:
            return await self._committer.submit(delivery)
        finally:
            self._let_next()

    def admit(self, source: str) -> None:
        """Raise Crowded where a delivery of a source would be sent away anyhow."""
        if (lane := self._lanes.get(source)) and not self._free:
            self._require_room(lane)

    def _require_room(self, lane: _Lane) -> None:
        if len(lane.waiting) >= self._queue or (lane.waiting and self._now() - lane.waiting[0][0] > LONGEST):
            raise Overloaded

    async def _turn(self, lane: _Lane) -> None:
        """Wait until a place is ours."""
        self._require_room(lane)
        turn = asyncio.get_running_loop().create_future()
        if not lane.waiting:
            self._turns.append(lane)
        lane.waiting.append((self._now(), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given to us in the same moment
                self._let_next()
            raise

    def _let_next(self) -> None:
        """Hand a place on to whose turn it is."""
        while self._turns:
            lane = self._turns.popleft()
            _, turn = lane.waiting.popleft()
            if lane.waiting:
                self._turns.append(lane)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _too_many(self, source: str) -> TooManyEvents:
        allowed = self._sources[source]
        # By then as many may come as ever may at once, a whole batch too.
        wait = max(1, math.ceil(allowed.most_at_once / allowed.rate))
        return TooManyEvents(
            f"{source} may send {allowed.rate} events a second; slow down. It is rate in [sources.{source}].",
            retry_after=wait,
        )
