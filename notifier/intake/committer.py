"""From news to fact: reads the orders, decides, and commits, for many deliveries in one go.

Deliveries that arrive while a group is being committed form the next group: one round trip to read, one to write, one
fsync for all of them. A delivery is answered when its unit of work is on disk.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.domain.decide import Decision, decide
from notifier.domain.events import Event, EventType
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.errors import StoreAway
from notifier.intake import answers
from notifier.store import keys as names
from notifier.store import work, writes
from notifier.store.keys import Keys
from notifier.store.records import decode, encode, ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_GROUP = 128
_ATTEMPTS = 20
"""How often a decision is taken anew because its order changed in between: far more than can happen by chance."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One verified delivery about one order.

    ``events`` gives the news in it, knowing the order as stored. ``digest`` tells its body from another body under the
    same id. ``replayed`` says that the delivery was answered before, when its event was parked.
    """

    source: str
    event_id: str
    digest: str
    order_id: str
    phone: str | None
    events: Callable[[Order | None], Sequence[Event]]
    replayed: bool = False


class Recorded(Struct, frozen=True):
    """The delivery is on disk; ``answer`` tells the shop. ``parked`` are events that waited for this order."""

    answer: bytes
    decision: Decision | None
    parked: tuple[bytes, ...] = ()


class Repeated(Struct, frozen=True):
    """Taken before; ``answer`` is what was told then."""

    answer: bytes


class Clashing(Struct, frozen=True):
    """Another body came under this id before."""


class Unchanged(Struct, frozen=True):
    """It holds nothing that is not known."""


Outcome = Recorded | Repeated | Clashing | Unchanged


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    outcome: asyncio.Future[Outcome]
    attempts: int = 0
    keys: Keys = field(default_factory=lambda: Keys(0))


@dataclass(slots=True)
class _Prepared:
    waiting: _Waiting
    unit: UnitOfWork
    answer: bytes
    decision: Decision | None


@dataclass(slots=True)
class Committer:
    """Commits deliveries in groups. ``submit`` may be called by any number of tasks."""

    redis: Redis
    rulebook: Callable[[], Rulebook]
    clock: Clock
    partitions: int = 1
    remember: timedelta = timedelta(days=7)
    on_commit: Callable[[], None] = lambda: None
    _queue: list[_Waiting] = field(default_factory=list)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """End; what was submitted and is not committed is cancelled."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def submit(self, delivery: Delivery) -> Outcome:
        """Commit one delivery, and replay the events that waited for its order.

        Raises StoreAway when it could not be made safe; it may then be submitted again.
        """
        outcome = await self._submit(delivery)
        if isinstance(outcome, Recorded) and outcome.parked:
            await self.replay(delivery.source, delivery.order_id, outcome.parked)
        return outcome

    async def replay(self, source: str, order_id: str, parked: Sequence[bytes]) -> None:
        """Commit events that waited for their order, in the order they happened."""
        waited = sorted((decode(raw, Event) for raw in parked), key=lambda event: event.at)
        delivery = Delivery(
            source=source,
            event_id=waited[0].id,
            digest="",
            order_id=order_id,
            phone=waited[0].details.phone,
            events=lambda _: waited,
            replayed=True,
        )
        await self._submit(delivery)
        keys = self._parking(order_id)
        # Only now: a crash before this replays them once more, and decide finds no news in them.
        unit = UnitOfWork()
        for raw in parked:
            unit.do("LREM", keys.parked(source, order_id), 1, raw)
        nothing_left = UnitOfWork()
        nothing_left.do("ZREM", keys.parked_orders, f"{source}:{order_id}")
        unit.unless_exists(keys.parked(source, order_id), nothing_left)
        await work.commit(self.redis, [unit])

    def _parking(self, order_id: str) -> Keys:
        """Where events wait for an order that nobody has heard of."""
        return Keys(names.partition_of(order_id, self.partitions))

    async def _submit(self, delivery: Delivery) -> Outcome:
        waiting = _Waiting(delivery, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._bell.set()
        return await waiting.outcome

    async def _run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._queue:
                group, self._queue = self._queue[:_GROUP], self._queue[_GROUP:]
                try:
                    await self._commit(group)
                except (RedisError, OSError, TimeoutError) as error:
                    log.warning("store away", action="commit_failed", error=type(error).__name__, deliveries=len(group))
                    for waiting in group:
                        _fail(waiting, StoreAway("The event could not be stored. Send it again with the same id."))
                except asyncio.CancelledError:
                    for waiting in group:
                        waiting.outcome.cancel()
                    raise

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        await self._route(group)
        stored = await self._read(group)
        prepared: list[_Prepared] = []
        fresh: dict[str, Order] = {}  # what this group has decided already, by key of the order
        for waiting, (seen, order) in zip(group, stored, strict=True):
            try:
                outcome: Outcome | None = _taken_before(waiting.delivery, seen)
                if outcome is None:
                    key = waiting.keys.order(waiting.delivery.source, waiting.delivery.order_id)
                    known = fresh.get(key) or (decode(order, Order) if order is not None else None)
                    ready = self._prepare(waiting, known)
                    if ready is not None:
                        prepared.append(ready)
                        if ready.decision:
                            fresh[key] = ready.decision.order
                        continue
                    outcome = Unchanged()
            except Exception as error:  # one delivery's trouble is not the group's
                _fail(waiting, error)
            else:
                _resolve(waiting, outcome)
        if prepared:
            await self._write(prepared)

    async def _route(self, group: Sequence[_Waiting]) -> None:
        """Find each order's partition; a new order goes where its customer's phone says."""
        if self.partitions == 1:
            return
        routes = [names.route(waiting.delivery.source, waiting.delivery.order_id) for waiting in group]
        pipeline = self.redis.pipeline(transaction=False)
        for waiting, route in zip(group, routes, strict=True):
            if waiting.delivery.phone is not None:
                pipeline.set(route, names.partition_of(waiting.delivery.phone, self.partitions), nx=True)
        for route in routes:
            pipeline.get(route)
        answers = (await pipeline.execute())[-len(routes) :]
        for waiting, found in zip(group, answers, strict=True):
            place = int(found) if found is not None else names.partition_of(waiting.delivery.order_id, self.partitions)
            waiting.keys = Keys(place)

    async def _read(self, group: Sequence[_Waiting]) -> list[tuple[bytes | None, bytes | None]]:
        wanted: list[str] = []
        for waiting in group:
            delivery = waiting.delivery
            wanted.append(waiting.keys.seen(delivery.source, delivery.event_id))
            wanted.append(waiting.keys.order(delivery.source, delivery.order_id))
        values: list[Any]
        if self.partitions == 1:
            values = await self.redis.mget(wanted)
        else:
            pipeline = self.redis.pipeline(transaction=False)
            for key in wanted:
                pipeline.get(key)
            values = await pipeline.execute()
        return list(zip(values[::2], values[1::2], strict=True))

    def _prepare(self, waiting: _Waiting, order: Order | None) -> _Prepared | None:
        """Decide, and put together what is to be written; None when there is no news."""
        delivery, keys, now = waiting.delivery, waiting.keys, self.clock.now()
        events = delivery.events(order)
        if not events:
            return None
        unit = UnitOfWork()
        seen = keys.seen(delivery.source, delivery.event_id)
        if not delivery.replayed:
            unit.require_absent(seen)
        unit.require_version(keys.order(delivery.source, delivery.order_id), order.v if order else 0)
        if order is None and delivery.phone is None and not any(event.type is EventType.REGISTERED for event in events):
            answer = answers.parked(delivery.event_id, delivery.order_id)
            for event in events:
                unit.do("RPUSH", keys.parked(delivery.source, delivery.order_id), encode(event))
            unit.do("ZADD", keys.parked_orders, "NX", ms(now), f"{delivery.source}:{delivery.order_id}")
            decision = None
        else:
            decision = decide(order, events, self.rulebook(), now)
            answer = answers.decided(delivery.event_id, decision)
            write(unit, keys, decision)
            if order is None and keys == self._parking(delivery.order_id):
                # Elsewhere, among several partitions, the events that waited for this order are replayed by the clock.
                unit.read(keys.parked(delivery.source, delivery.order_id))
        if not delivery.replayed:
            unit.do(
                "SET", seen, f"{delivery.digest}\n".encode() + answer, "PX", self.remember // timedelta(milliseconds=1)
            )
        return _Prepared(waiting, unit, answer, decision)

    async def _write(self, prepared: Sequence[_Prepared]) -> None:
        outcomes = await work.commit(self.redis, [ready.unit for ready in prepared])
        self.on_commit()
        for ready, (name, value) in zip(prepared, outcomes, strict=True):
            waiting, delivery = ready.waiting, ready.waiting.delivery
            if name == "done":
                _resolve(waiting, Recorded(ready.answer, ready.decision, tuple(value or ())))
            elif name == "exists":
                _resolve(waiting, _taken_before(delivery, value) or Clashing())
            elif waiting.attempts < _ATTEMPTS:
                waiting.attempts += 1
                self._queue.append(waiting)
            else:
                _fail(waiting, StoreAway("The order keeps changing. Send the event again with the same id."))


def write(unit: UnitOfWork, keys: Keys, decision: Decision) -> None:
    """All that a decision makes true."""
    writes.put_order(unit, keys, decision.order)
    writes.add_lines(unit, keys, decision.order, decision.timeline)
    for message_id in decision.cancelled_messages:
        writes.cancel_message(unit, keys, message_id)
    for call_id in decision.cancelled_calls:
        writes.cancel_call(unit, keys, call_id)
    for message in decision.messages:
        writes.queue_message(unit, keys, message)
    for call in decision.calls:
        writes.plan_call(unit, keys, call)


def _taken_before(delivery: Delivery, seen: bytes | None) -> Repeated | Clashing | None:
    if seen is None or delivery.replayed:
        return None
    digest, _, answer = seen.partition(b"\n")
    return Repeated(answers.repeated(answer)) if digest == delivery.digest.encode() else Clashing()


def _resolve(waiting: _Waiting, outcome: Outcome) -> None:
    if not waiting.outcome.done():
        waiting.outcome.set_result(outcome)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.outcome.done():
        waiting.outcome.set_exception(error)
