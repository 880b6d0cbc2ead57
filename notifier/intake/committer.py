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
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier import tasks
from notifier.clock import Clock
from notifier.domain.decide import Decision, decide
from notifier.domain.events import Event, EventType
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.domain.timeline import Kind, Line, Reason
from notifier.errors import NotifierError, StoreAway, StoreError
from notifier.intake import answers
from notifier.store import keys as names
from notifier.store import work, writes
from notifier.store.bookings import Book, Booked, Booking
from notifier.store.keys import Keys
from notifier.store.records import decode, encode, ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_GROUP = 128
_REPLAYED_AT_ONCE = 500  # Lua takes some thousand values in one go
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
    """The delivery is on disk; ``answer`` tells the shop. ``parked`` are events that waited beside this order."""

    answer: bytes
    decision: Decision | None
    keys: Keys
    parked: tuple[bytes, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether the order was not known before."""
        return self.decision is not None and self.decision.order.v == 1


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
    order: Order | None
    decision: Decision | None
    answer: bytes


@dataclass(slots=True)
class Committer:
    """Commits deliveries in groups. ``submit`` may be called by any number of tasks."""

    redis: Redis
    rulebook: Callable[[], Rulebook]
    clock: Clock
    book: Book
    partitions: int = 1
    remember: timedelta = timedelta(days=7)
    on_commit: Callable[[], None] = lambda: None
    _queue: list[_Waiting] = field(default_factory=list)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """End; what was submitted and is not committed is told to come again."""
        if self._task:
            await tasks.end(self._task)
        self._send_away(self._queue)

    async def submit(self, delivery: Delivery) -> Outcome:
        """Commit one delivery, and replay the events that waited for its order.

        Raises StoreAway when it could not be made safe; it may then be submitted again.
        """
        outcome = await self._submit(delivery)
        if isinstance(outcome, Recorded) and outcome.is_first:
            await self._follow_with_parked(delivery, outcome)
        return outcome

    async def _follow_with_parked(self, delivery: Delivery, outcome: Recorded) -> None:
        """Replay what waited for a new order. It is safe already: what fails here is replayed later by the clock."""
        source, order_id, parking = delivery.source, delivery.order_id, self._parking(delivery.order_id)
        try:
            await self.replay(source, order_id, outcome.parked, keys=outcome.keys)
            if parking != outcome.keys:
                elsewhere: Any = await self.redis.lrange(parking.parked(source, order_id), 0, -1)
                await self.replay(source, order_id, elsewhere, keys=parking)
        except (NotifierError, RedisError, OSError) as error:
            log.warning("parked events not replayed yet", action="replay_failed", order=order_id, error=str(error))

    async def replay(self, source: str, order_id: str, parked: Sequence[bytes], *, keys: Keys) -> int:
        """Commit events that waited for their order, in the order they happened; returns how many.

        ``keys`` are those of the partition they waited in. One that cannot be read is left where it is.
        """
        readable: list[tuple[Event, bytes]] = []
        for raw in parked:
            try:
                readable.append((decode(raw, Event), raw))
            except StoreError as error:
                log.error("a parked event is left", action="parked_unreadable", order=order_id, error=str(error))
        readable.sort(key=lambda row: row[0].at)
        for start in range(0, len(readable), _REPLAYED_AT_ONCE):
            part = readable[start : start + _REPLAYED_AT_ONCE]
            await self._replay(source, order_id, [event for event, _ in part], [raw for _, raw in part], keys)
        return len(readable)

    async def _replay(
        self, source: str, order_id: str, waited: Sequence[Event], parked: Sequence[bytes], keys: Keys
    ) -> None:
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
                    self._send_away(group)
                except asyncio.CancelledError:
                    self._send_away(group)
                    raise
                except Exception as error:  # nobody may wait forever, and those who come next are to be served
                    log.exception("commit failed", action="commit_failed", deliveries=len(group))
                    for waiting in group:
                        _fail(waiting, error)

    def _send_away(self, group: Sequence[_Waiting]) -> None:
        for waiting in group:
            _fail(waiting, StoreAway("The event could not be stored. Send it again with the same id."))

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
                    if key in fresh:  # what makes it no news is not on disk yet: look again when it is
                        self._queue.append(waiting)
                        continue
                    outcome = Unchanged()
            except Exception as error:  # one delivery's trouble is not the group's
                _fail(waiting, error)
            else:
                _resolve(waiting, outcome)
        if prepared:
            await self._follow(prepared)
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
            return _Prepared(waiting, unit, order, None, answer)
        return _Prepared(waiting, unit, order, decide(order, events, self.rulebook(), now), b"")

    async def _follow(self, prepared: Sequence[_Prepared]) -> None:
        """Have the calls of the decisions booked, then write down what follows from each."""
        decided = [
            (ready, Booking(ready.unit, ready.waiting.keys, ready.order, ready.decision))
            for ready in prepared
            if ready.decision
        ]
        for (ready, booking), booked in zip(
            decided, await self.book.book([booking for _, booking in decided]), strict=True
        ):
            delivery = ready.waiting.delivery
            ready.answer = answers.decided(delivery.event_id, booking.decision, booked)
            write(ready.unit, booking.keys, booking.decision, booked)
            if ready.order is None:
                ready.unit.read(booking.keys.parked(delivery.source, delivery.order_id))
        for ready in prepared:
            delivery = ready.waiting.delivery
            if not delivery.replayed:
                seen = ready.waiting.keys.seen(delivery.source, delivery.event_id)
                record = f"{delivery.digest}\n".encode() + ready.answer
                ready.unit.do("SET", seen, record, "PX", self.remember // timedelta(milliseconds=1))

    async def _write(self, prepared: Sequence[_Prepared]) -> None:
        outcomes = await work.commit(self.redis, [ready.unit for ready in prepared])
        self.on_commit()
        for ready, (name, value) in zip(prepared, outcomes, strict=True):
            waiting, delivery = ready.waiting, ready.waiting.delivery
            if name == "done":
                _resolve(waiting, Recorded(ready.answer, ready.decision, waiting.keys, tuple(value or ())))
            elif name == "exists":
                _resolve(waiting, _taken_before(delivery, value) or Clashing())
            elif waiting.attempts < _ATTEMPTS:
                waiting.attempts += 1
                self._queue.append(waiting)
            else:
                _fail(waiting, StoreAway("The order keeps changing. Send the event again with the same id."))


def write(unit: UnitOfWork, keys: Keys, decision: Decision, booked: Booked) -> None:
    """All that a decision makes true beside its calls, which are booked."""
    writes.put_order(unit, keys, decision.order)
    writes.add_lines(unit, keys, decision.order, [_told(line, booked) for line in decision.timeline])
    for message_id in decision.cancelled_messages:
        writes.cancel_message(unit, keys, message_id)
    for place, message in enumerate(decision.messages):
        writes.queue_message(unit, keys, message, place=place)


def _told(line: Line, booked: Booked) -> Line:
    """A line about a call names the call that its reason became part of."""
    if line.kind not in (Kind.CALL, Kind.CALL_CANCELLED) or line.ref is None:
        return line
    if line.ref in booked.refs or line.kind is Kind.CALL_CANCELLED:
        return replace(line, ref=booked.refs.get(line.ref, line.ref))
    return replace(line, kind=Kind.SUPPRESSED, ref=None, reason=Reason.DO_NOT_CALL)


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
