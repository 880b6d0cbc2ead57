"""Deliveries that wait to be committed, taken in groups.

What arrives while groups are being committed forms the next group. Two are under way at a time where there is enough
for a second, so that one is decided while Redis writes the other; what they both touch, the checks of a unit of work
keep apart. Where several processes share the load each has less and waits for its group: another decides meanwhile.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from msgspec import Struct
from redis.exceptions import RedisError

from notifier import tasks
from notifier.errors import StoreAway
from notifier.intake.delivery import Delivery, Outcome
from notifier.store.keys import Keys

log = structlog.get_logger()

_LARGEST = 128
_UNDER_WAY = 2  # groups at a time
_COMPANY = 32
"""Deliveries for which a second group is begun: what a group costs by itself weighs little from there on."""

_PAUSE = 0.1  # seconds until a store that was away is asked again
_ATTEMPTS = 20
"""How often a decision is taken anew because its order changed in between: far more than can happen by chance."""


_ONLY = Keys(0)


class PendingDelivery(Struct):
    """A delivery, and whoever waits for its outcome."""

    delivery: Delivery
    outcome: asyncio.Future[Outcome]
    since: float  # by time.monotonic()
    attempts: int = 0
    keys: Keys = _ONLY

    def resolve(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


@dataclass(slots=True)
class Batcher:
    """Hands groups to ``commit``, which settles each of a group or returns it, to be looked at again.

    ``patience`` is how long one waits for a store that is away: some senders never come again. ``on_group`` is told how
    many deliveries were committed together and in how many seconds.
    """

    commit: Callable[[Sequence[PendingDelivery]], Awaitable[Sequence[PendingDelivery]]]
    patience: timedelta
    on_group: Callable[[int, float], None] = lambda deliveries, seconds: None
    _queue: list[PendingDelivery] = field(default_factory=list)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _task: asyncio.Task[None] | None = None
    _loop: asyncio.AbstractEventLoop = field(init=False)

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()  # once: to ask for it is a call of the system on Python 3.11
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """End, with what is being committed; what still waits is told to come again."""
        if self._task:
            await tasks.end(self._task)
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self.patience.total_seconds())
        await tasks.end(*self._under_way)
        _send_away(self._queue)

    async def submit(self, delivery: Delivery) -> Outcome:
        """Wait until a delivery is settled. Raises StoreAway when it could not be made safe."""
        waiting = PendingDelivery(delivery, self._loop.create_future(), time.monotonic())
        self._queue.append(waiting)
        self._bell.set()
        return await waiting.outcome

    async def _run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._queue and self._may_begin():
                group, self._queue = self._queue[:_LARGEST], self._queue[_LARGEST:]
                task = asyncio.create_task(self._carry_out(group))
                self._under_way.add(task)
                task.add_done_callback(self._ended)

    def _may_begin(self) -> bool:
        under_way = len(self._under_way)
        return not under_way or (under_way < _UNDER_WAY and len(self._queue) >= _COMPANY)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if self._queue:
            self._bell.set()

    async def _carry_out(self, group: Sequence[PendingDelivery]) -> None:
        try:
            started = time.perf_counter()
            again = await self.commit(group)
            self._queue += filter(_once_more, again)
            self.on_group(len(group), time.perf_counter() - started)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("store unreachable", action="commit_failed", error=type(error).__name__, deliveries=len(group))
            await self._try_again(group)
        except asyncio.CancelledError:
            _send_away(group)
            raise
        except Exception as error:  # nobody may wait forever, and those who come next are to be served
            if len(group) > 1:  # one delivery's trouble is not the others': what was written is found by its id
                for waiting in group:
                    if not waiting.outcome.done():
                        await self._carry_out([waiting])
                return
            log.exception("commit failed", action="commit_failed", deliveries=len(group))
            group[0].fail(error)

    async def _try_again(self, group: Sequence[PendingDelivery]) -> None:
        """Keep those that may still wait, in their order: what was written after all is found by its id."""
        latest = time.monotonic() - self.patience.total_seconds()
        _send_away([waiting for waiting in group if waiting.since <= latest])
        self._queue[:0] = [waiting for waiting in group if not waiting.outcome.done()]
        await asyncio.sleep(_PAUSE)


def _once_more(waiting: PendingDelivery) -> bool:
    """Whether a delivery may be looked at again."""
    waiting.attempts += 1
    if waiting.attempts > _ATTEMPTS:
        waiting.fail(StoreAway("The order keeps changing. Send the event again with the same id."))
    return not waiting.outcome.done()


def _send_away(group: Sequence[PendingDelivery]) -> None:
    for waiting in group:
        waiting.fail(StoreAway("The event could not be stored. Send it again with the same id."))
