"""From news to fact: reads the orders, decides, and commits, for many deliveries in one go.

A group takes one round trip to read and one to write, and one fsync for all of it. A delivery is answered when its unit
of work is on disk.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.domain.decide import Decision, Stages, whole
from notifier.domain.events import EventType
from notifier.domain.history import settling
from notifier.domain.made_calls import settled
from notifier.domain.orders import AGREEING, Order, apply_events
from notifier.domain.policy import Rulebook
from notifier.domain.slots import DeliverySlot
from notifier.domain.timeline import LineKind, SuppressionReason, TimelineEntry
from notifier.intake import answers
from notifier.intake.agreeing import held_place, over, settle_places
from notifier.intake.batcher import Batcher, PendingDelivery
from notifier.intake.delivery import (
    Clashing,
    Delivery,
    Outcome,
    Recorded,
    Repeated,
    TakenEvent,
    Unchanged,
    waits_for_order,
)
from notifier.intake.parking import Parked
from notifier.intake.renewing import Planned
from notifier.store import daily, exact_sums, page_tokens, work, writes
from notifier.store import keys as names
from notifier.store.bookings import Book, Booked, Booking
from notifier.store.cluster import Command
from notifier.store.exact_sums import ExactSums
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.records import as_text, decode, ms
from notifier.store.roundtrip import checked, many
from notifier.store.slot_places import HeldPlace, PlaceTaken, SlotPlaces
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_DECIDED_AT_ONCE = 32  # deliveries of a group


@dataclass(slots=True)
class _Prepared:
    waiting: PendingDelivery
    unit: UnitOfWork
    order: Order | None
    answer: bytes = b""
    deciding: Stages | None = None
    decision: Decision | None = None
    failed: bool = False

    def decide(self, *, wholly: bool = False) -> None:
        """Go on by one stage, or to the end. One delivery's trouble is not the group's."""
        if self.deciding is None:
            return
        try:
            if wholly:
                self.decision, self.deciding = whole(self.deciding), None
            else:
                next(self.deciding)
        except StopIteration as end:
            self.decision, self.deciding = end.value, None
        except Exception as error:
            self.deciding, self.failed = None, True
            self.waiting.fail(error)


@dataclass(slots=True)
class Committer:
    """Commits deliveries in groups. ``submit`` may be called by any number of tasks.

    ``patience`` is how long a delivery waits for a store that is away: some senders never come again.
    """

    redis: Redis
    rulebook: Callable[[], Rulebook]
    clock: Clock
    book: Book
    partitions: int = 1
    remember: timedelta = timedelta(days=7)
    patience: timedelta = timedelta(seconds=5)
    on_commit: Callable[[], None] = lambda: None
    publish: Publish = no_op
    on_taken: Callable[[Sequence[TakenEvent]], None] = lambda taken: None
    on_group: Callable[[int, float], None] = lambda deliveries, seconds: None
    unique_sums: Callable[[], bool] = lambda: False
    places: SlotPlaces = field(init=False)
    parked: Parked = field(init=False)
    planned: Planned = field(init=False)
    sums: ExactSums = field(init=False)
    _groups: Batcher = field(init=False)

    def __post_init__(self) -> None:
        self.places = SlotPlaces(self.redis)
        self._groups = Batcher(self._commit, self.patience, self.on_group)
        self.sums = ExactSums(self.redis)
        self.planned = Planned(self.redis, lambda: self.rulebook(), self.clock)
        self.parked = Parked(self.redis, self._groups.submit, self.partitions)

    def start(self) -> None:
        self._groups.start()

    async def stop(self) -> None:
        """End, with what is being committed; what still waits is told to come again."""
        await self._groups.stop()

    async def submit(self, delivery: Delivery) -> Outcome:
        """Commit one delivery, and replay the events that waited for its order.

        Raises StoreAway when it could not be made safe; it may then be submitted again.
        """
        outcome = await self._groups.submit(delivery)
        if isinstance(outcome, Recorded):
            if outcome.is_first:
                if outcome.parked or self.partitions > 1:  # else nothing can have waited
                    await self.parked.follow(delivery, outcome)
            elif outcome.decision and outcome.decision.order.open_texts:
                await self.planned.renew(outcome.keys, outcome.decision.order)
        return outcome

    async def _commit(self, group: Sequence[PendingDelivery]) -> Sequence[PendingDelivery]:
        """Settle each of a group, but for those that have to be looked at again."""
        await self._route(group)
        stored, customers, calls = await self._read(group)
        prepared: list[_Prepared] = []
        later: list[PendingDelivery] = []
        unique_sums = self.unique_sums()
        fresh: dict[str, _Prepared] = {}  # what this group decides before, by key of the order
        for place, (waiting, (seen, order)) in enumerate(zip(group, stored, strict=True)):
            if place % _DECIDED_AT_ONCE == _DECIDED_AT_ONCE - 1:
                await asyncio.sleep(0)  # a large group is not to keep others from their answers
            try:
                outcome: Outcome | None = _taken_before(waiting.delivery, seen)
                if outcome is None:
                    key = waiting.keys.order(waiting.delivery.source, waiting.delivery.order_id)
                    known = _decided(fresh.get(key)) or (decode(order, Order) if order is not None else None)
                    pay_exactly = known.pay_exactly if known else 0
                    if unique_sums:
                        pay_exactly = await self._sum(waiting, known)
                    ready = self._prepare(waiting, known, pay_exactly)
                    if ready is not None:
                        prepared.append(ready)
                        if ready.deciding:
                            fresh[key] = ready
                        continue
                    if key in fresh:  # what makes it no news is not on disk yet: look again when it is
                        later.append(waiting)
                        continue
                    outcome = Unchanged(known)
            except Exception as error:  # one delivery's trouble is not the group's
                waiting.fail(error)
            else:
                waiting.resolve(outcome)
        await _decide(prepared)
        if prepared := [ready for ready in prepared if not ready.failed]:
            await self._take_places(prepared)
            await self._follow(prepared, customers, calls)
            later += await self._write(prepared)
        return later

    async def _route(self, group: Sequence[PendingDelivery]) -> None:
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

    async def _keep_routes(self, prepared: Sequence[_Prepared]) -> None:
        """An order that begins without a phone stays where it is when one becomes known."""
        if self.partitions == 1:
            return
        begun = [one for one in prepared if one.order is None and one.decision and one.waiting.delivery.phone is None]
        routes: list[Command] = [
            ("SET", names.route(one.waiting.delivery.source, one.waiting.delivery.order_id), one.waiting.keys.partition)
            for one in begun
        ]
        if routes:
            checked(await many(self.redis, routes))

    async def _read(
        self, group: Sequence[PendingDelivery]
    ) -> tuple[list[tuple[bytes | None, bytes | None]], list[tuple[Keys, str]], list[Any]]:
        """What was answered to each delivery before and its order as stored; whom the deliveries name as customers, and
        what the store answered to the call book's questions about them. One round trip."""
        wanted: list[str] = []
        customers: list[tuple[Keys, str]] = []
        for waiting in group:
            delivery = waiting.delivery
            wanted.append(waiting.keys.seen(delivery.source, delivery.event_id))
            wanted.append(waiting.keys.order(delivery.source, delivery.order_id))
            if delivery.phone is not None:
                customers.append((waiting.keys, delivery.phone))
        records: list[Command] = [("MGET", *wanted)] if self.partitions == 1 else [("GET", key) for key in wanted]
        answers = checked(await many(self.redis, [*records, *self.book.questions(customers)]))
        values = answers[0] if self.partitions == 1 else answers[: len(records)]
        return list(zip(values[::2], values[1::2], strict=True)), customers, answers[len(records) :]

    async def _sum(self, waiting: PendingDelivery, order: Order | None) -> int:
        """The sum of its own that an order is to be paid by; 0 for none."""
        held, delivery = order.pay_exactly if order else 0, waiting.delivery
        before = order or Order(id=delivery.order_id, source=delivery.source)
        after = apply_events(before, delivery.events(order))
        if not after.transfer_due or after.deposit_received or after.happened(EventType.REGISTERED) is None:
            return held
        return held if exact_sums.fits(after) else await self.sums.of(after, ms(self.clock.now()))

    async def _give_back(self, before: Order, after: Order) -> None:
        """The sum of an order that is over, or that has another one now."""
        if not before.transfer_due:
            return
        if not after.transfer_due or after.pay_exactly != before.pay_exactly:
            await self.sums.give_back(before, ms(self.clock.now()))

    def _prepare(self, waiting: PendingDelivery, order: Order | None, pay_exactly: int) -> _Prepared | None:
        """Begin to decide, and to put together what is to be written; None when there is no news."""
        delivery, keys, now = waiting.delivery, waiting.keys, self.clock.now()
        events = delivery.events(order)
        if not events:
            return None
        unit = UnitOfWork()
        seen = keys.seen(delivery.source, delivery.event_id)
        if not delivery.replayed:
            unit.require_absent(seen)
        unit.require_version(keys.order(delivery.source, delivery.order_id), order.v if order else 0)
        if order is None and waits_for_order(delivery.phone, events):
            answer = answers.parked(delivery.event_id, delivery.order_id)
            for event in events:
                unit.do("RPUSH", keys.parked(delivery.source, delivery.order_id), as_text(event))
            unit.do("ZADD", keys.parked_orders, "NX", ms(now), f"{delivery.source}:{delivery.order_id}")
            return _Prepared(waiting, unit, order, answer)
        known = order
        if pay_exactly != (order.pay_exactly if order else 0):
            blank = Order(id=delivery.order_id, source=delivery.source, created_at=ms(now))
            known = replace(order or blank, pay_exactly=pay_exactly)
        rulebook = self.rulebook()
        token = page_tokens.new_token() if rulebook.pages and not (order and order.page_token) else None
        return _Prepared(waiting, unit, order, deciding=settling(known, events, rulebook, now, page_token=token))

    async def _take_places(self, prepared: Sequence[_Prepared]) -> None:
        """Take the places that decisions need before they are written: what a shop says is a fact, and has one even
        where none is left. Orders that ever had one are looked at later, should this process die in between."""
        rulebook, now = self.rulebook(), self.clock.now()
        wishes: list[tuple[_Prepared, HeldPlace, DeliverySlot]] = []
        others: list[HeldPlace] = []
        for ready in _with_a_time(prepared, rulebook):
            assert ready.decision is not None
            wanted = held_place(ready.decision.order, rulebook)
            if wanted.slot is None or (ready.order and held_place(ready.order, rulebook).slot == wanted.slot):
                others.append(wanted)
            else:
                wishes.append((ready, wanted, wanted.slot))
        await self.places.look_at([(one.source, one.order_id) for one in others], now)
        asked = [(wanted.source, wanted.order_id, slot) for _, wanted, slot in wishes]
        for (ready, _, _), taken in zip(wishes, await self.places.take(asked, now, over=True), strict=True):
            if taken is PlaceTaken.OVER and ready.decision is not None:
                ready.decision = over(ready.decision)

    async def _settle_places(self, written: Sequence[_Prepared]) -> None:
        """Make the places of orders what was just written. What fails is done later: it is on the list."""
        rulebook = self.rulebook()
        orders = [ready.decision.order for ready in _with_a_time(written, rulebook) if ready.decision]
        try:
            await settle_places(self.places, orders, rulebook, self.clock.now())
        except (RedisError, OSError) as error:
            log.warning("places in slots are settled later", action="places_later", reason=str(error))

    async def _follow(
        self, prepared: Sequence[_Prepared], customers: Sequence[tuple[Keys, str]], calls: Sequence[Any]
    ) -> None:
        """Have the calls of the decisions booked, then write down what follows from each."""
        decided = [ready for ready in prepared if ready.decision]
        bookings = [
            Booking(ready.unit, ready.waiting.keys, ready.order, ready.decision, again=ready.waiting.attempts > 0)
            for ready in decided
            if ready.decision
        ]
        all_booked = await self.book.book(bookings, customers, calls)
        for place, (ready, booking, booked) in enumerate(zip(decided, bookings, all_booked, strict=True)):
            decision = ready.decision = settled(booking.decision, booked.dropped)
            if decision is not booking.decision:
                bookings[place] = replace(booking, decision=decision)
        write(bookings, all_booked, publish=self.publish)
        for ready, booking, booked in zip(decided, bookings, all_booked, strict=True):
            ready.answer = answers.decided(ready.waiting.delivery.event_id, booking.decision, booked)
        remembered = self.remember // timedelta(milliseconds=1)
        for ready in prepared:
            delivery = ready.waiting.delivery
            if ready.order is None and ready.decision is not None:
                ready.unit.read(ready.waiting.keys.parked(delivery.source, delivery.order_id), unlikely=True)
            if not delivery.replayed:
                seen = ready.waiting.keys.seen(delivery.source, delivery.event_id)
                ready.unit.do("SET", seen, f"{delivery.digest}\n{ready.answer.decode()}", "PX", remembered)

    async def _write(self, prepared: Sequence[_Prepared]) -> list[PendingDelivery]:
        """Commit, and settle; returns those whose order or customer changed in between."""
        await self._keep_routes(prepared)
        changed: list[PendingDelivery] = []
        outcomes = await work.commit(self.redis, [ready.unit for ready in prepared])
        self.on_commit()
        written = [ready for ready, (name, _) in zip(prepared, outcomes, strict=True) if name == "done"]
        await self._settle_places(written)
        for ready, (name, value) in zip(prepared, outcomes, strict=True):
            waiting, delivery = ready.waiting, ready.waiting.delivery
            if name == "done":
                before, decision = ready.order, ready.decision
                if before and decision and before.pay_exactly:
                    await self._give_back(before, decision.order)
                first, parked = before is None and decision is not None, tuple(value or ())
                waiting.resolve(Recorded(ready.answer, decision, waiting.keys, parked=parked, is_first=first))
            elif name == "exists":
                waiting.resolve(_taken_before(delivery, value) or Clashing())
            else:
                changed.append(waiting)
        self.on_taken(
            [
                TakenEvent(ready.waiting.delivery, ready.decision, ready.waiting.since, first=ready.order is None)
                for ready in written
            ]
        )
        return changed


async def _decide(prepared: Sequence[_Prepared]) -> None:
    """Take all decisions, stage by stage."""
    while undecided := [ready for ready in prepared if ready.deciding]:
        for place, ready in enumerate(undecided):
            if place % _DECIDED_AT_ONCE == _DECIDED_AT_ONCE - 1:
                await asyncio.sleep(0)
            ready.decide()


def _decided(former: _Prepared | None) -> Order | None:
    """An order as the group has it by now: of two deliveries of one order the second is decided upon the first."""
    if former is None:
        return None
    former.decide(wholly=True)
    return former.decision.order if former.decision else None


def _with_a_time(prepared: Sequence[_Prepared], rulebook: Rulebook) -> list[_Prepared]:
    """Deliveries whose order has, or had, an agreed time: nobody else has a place in a slot."""
    if not rulebook.timetable.rules.slots:
        return []
    return [one for one in prepared if one.decision and not one.decision.order.news.keys().isdisjoint(AGREEING)]


def write(bookings: Sequence[Booking], all_booked: Sequence[Booked], *, publish: Publish) -> None:
    """All that decisions make true beside their calls, which are booked.

    One thing for all of them, and then the next: while the processor has the code of one thing at hand, it takes two
    thirds of the time.
    """
    for one in bookings:
        writes.put_order(one.unit, one.keys, one.decision.order, before=one.before)
    for one in bookings:
        daily.ordered(one.unit, one.keys, one.before, one.decision.order)
    for one, booked in zip(bookings, all_booked, strict=True):
        lines = [_told(line, booked) for line in one.decision.timeline]
        writes.add_lines(one.unit, one.keys, one.decision.order, lines)
    for one in bookings:
        _write_texts(one.unit, one.keys, one.before, one.decision)
    for one in bookings:
        for fact in one.decision.facts:
            publish(one.unit, one.keys, fact)


def _write_texts(unit: UnitOfWork, keys: Keys, before: Order | None, decision: Decision) -> None:
    for message_id in decision.cancelled_messages:
        writes.cancel_message(unit, keys, message_id, route=decision.route, by_news=True)
    first = before is None and len(decision.messages) == 1
    for place, message in enumerate(decision.messages):
        again = message.id in decision.again
        writes.queue_message(unit, keys, message, place=place, first_of_order=first, after_all=again)


def _told(line: TimelineEntry, booked: Booked) -> TimelineEntry:
    """A line about a call names the call that its reason became part of."""
    if line.kind not in (LineKind.CALL, LineKind.CALL_CANCELLED) or line.ref is None:
        return line
    if line.ref in booked.refs or line.kind is LineKind.CALL_CANCELLED:
        call = booked.refs.get(line.ref, line.ref)
        return line if call == line.ref else replace(line, ref=call)
    return replace(line, kind=LineKind.SUPPRESSED, ref=None, reason=SuppressionReason.DO_NOT_CALL)


def _taken_before(delivery: Delivery, seen: bytes | None) -> Repeated | Clashing | None:
    if seen is None or delivery.replayed:
        return None
    digest, _, answer = seen.partition(b"\n")
    return Repeated(answers.repeated(answer)) if digest == delivery.digest.encode() else Clashing()
