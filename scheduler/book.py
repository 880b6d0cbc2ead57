"""The call book: what is planned, claimed and reported of calls, each as one unit of work over Redis."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.calls import (
    Call,
    CallRequest,
    CallState,
    HistoryEntry,
    Purpose,
    ReasonToCall,
    customer_of,
    moved,
)
from notifier.domain.decide import Suppression
from notifier.domain.orders import Order, Priority
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.domain.timeline import SuppressionReason as Why
from notifier.errors import NotifierError, StoreAway, StoreError
from notifier.store import work
from notifier.store.bookings import NOTHING, Booked, Booking
from notifier.store.cluster import Command
from notifier.store.keys import Keys
from notifier.store.reading import Reader, StoredCall
from notifier.store.records import as_text, decode, ms
from notifier.store.roundtrip import checked, many
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork
from scheduler import entries, planning, times, undoable
from scheduler.calendar import Calendar
from scheduler.rules import CallRules
from scheduler.steps import noted

log = structlog.get_logger()

_ATTEMPTS = 20
"""How often a change is worked out anew because its call changed in between: far more than happens by chance."""

_PAGE = 500  # calls


class CallHeld(NotifierError):
    """Somebody else has this call, or it is over; the text says which."""


class UnknownCall(NotifierError):
    """There is no such call."""


class StaleCall(NotifierError):
    """Somebody did something with this call since it was looked at; ``entry`` is the latest of it."""

    def __init__(self, entry: HistoryEntry) -> None:
        super().__init__(f"{entry.by} did something with this call meanwhile: {entry.what}. Look at it again.")
        self.entry = entry


_Place = tuple[Keys, str, bytes]
"""A customer's open call: where they are, who they are, which call it is."""


class _Pages:
    """The open calls of some customers as read once, and as they will be when the units so far are committed."""

    def __init__(self) -> None:
        self.open: dict[tuple[Keys, str], Call | None] = {}
        self.refused: set[tuple[Keys, str]] = set()
        self.past: set[tuple[Keys, str]] = set()  # reasons that had a call once


@dataclass(slots=True)
class CallBook:
    """Any number of processes may write in it: whoever saw an older version is told to look again."""

    redis: Redis
    reader: Reader
    clock: Clock
    rules: CallRules
    calendar: Calendar

    def questions(self, customers: Iterable[tuple[Keys, str]]) -> list[Command]:
        """The commands that tell of customers' open calls, to be sent along with others."""
        commands: list[Command] = []
        for keys, names in _by_keys(customers).items():
            commands.append(("HMGET", keys.open_calls, *names))
            commands.append(("HMGET", keys.do_not_call, *names))
        return commands

    async def book(
        self, bookings: Sequence[Booking], customers: Iterable[tuple[Keys, str]] = (), answers: Sequence[Any] = ()
    ) -> list[Booked]:
        """Add to each unit what its decision changes about calls; units are committed in this order.

        ``answers`` are those to ``questions`` about ``customers``; who is missing among them is asked about here.
        """
        whose = [_customers(booking) if booking.needed else () for booking in bookings]
        concerned = [(one.keys, customer) for one, names in zip(bookings, whose, strict=True) for customer in names]
        if not concerned:
            return [NOTHING] * len(bookings)
        pages, now = _Pages(), self.now()
        there = self._open(pages, _by_keys(customers), answers)
        missing = [one for one in concerned if one not in pages.open]
        past = [(one.keys, call.id) for one in bookings if one.again for call in one.decision.calls]
        if missing or past:
            there += await self._ask(pages, missing, past)
        if there:
            await self._fetch(pages, there, set(concerned))
        writing: list[tuple[Booking, Call | None, Call]] = []
        booked = [
            self._book(one, names, pages, now, writing) if names else NOTHING
            for one, names in zip(bookings, whose, strict=True)
        ]
        for one, before, after in writing:  # when all is known, for the processor then has one thing to do at a time
            self.write(one.unit, one.keys, before, after)
        return booked

    async def plan(self, keys: Keys, call: CallRequest, *, by: Staff | None = None) -> None:
        """Have a customer called for one more reason; known ones change nothing.

        Its order's timeline says so, with who of the staff wanted it.
        """
        customer = customer_of(call.phone, call.source, call.order_id)
        for _ in range(_ATTEMPTS):
            pages = await self._read([(keys, customer)], [(keys, call.id)])
            if (keys, call.id) in pages.past or self._refuses(pages, keys, customer, call.purpose):
                return
            before = pages.open[keys, customer]
            after = self._revised(before, set(), [self._reason(call)], call.phone, call.name, self.now())
            if after is None or after is before:
                return
            unit = UnitOfWork()
            entries.require(unit, keys, customer, before)
            self.write(unit, keys, before, after)
            if call.order_id:
                extra = {"by": by.id, "by_name": by.name} if by else {}
                line = TimelineEntry(
                    at=call.created_at, kind=LineKind.CALL, what=call.purpose, ref=after.id, extra=extra
                )
                unit.do("RPUSH", keys.timeline(call.source, call.order_id), as_text(line))
            if (await work.commit(self.redis, [unit]))[0][0] == "done":
                return
        raise StoreAway("The calls of this customer keep changing. Try again.")

    async def change(self, call_id: str, how: Callable[[StoredCall, UnitOfWork], Call]) -> StoredCall:
        """Change one call; ``how`` may add further writes and is asked again when the call changed meanwhile.

        Raises UnknownCall, and whatever ``how`` raises.
        """
        for _ in range(_ATTEMPTS):
            stored = await self.reader.call(call_id)
            if stored is None:
                raise UnknownCall(f"There is no call {call_id!r}.")
            unit = UnitOfWork()
            unit.require_version(stored.keys.call(call_id), stored.call.v)
            after = how(stored, unit)
            self.write(unit, stored.keys, stored.call, after)
            if (await work.commit(self.redis, [unit]))[0][0] == "done":
                log.info(
                    f"call {after.state}",
                    action="call_changed",
                    call=after.id,
                    source=after.source,
                    order=after.order_id,
                    purpose=after.purpose,
                    staff=after.assignee,
                )
                return StoredCall(call=after, keys=stored.keys)
        raise StoreAway("This call keeps changing. Try again.")

    async def claim(self, call_id: str, by: str, *, seen: int | None = None) -> StoredCall:
        """Take a call for a while; whoever holds it already holds it longer. Raises CallHeld, StaleCall, UnknownCall.

        ``seen`` is how long its history was when ``by`` looked at it.
        """
        now = self.now()

        def taken(stored: StoredCall, unit: UnitOfWork) -> Call:
            free_for(stored.call, by, now)
            fresh_for(stored.call, by, seen)
            until = now + times.length(self.rules.claim_limit)
            history = noted(stored.call, now, "claimed", by)
            return moved(stored.call, CallState.CLAIMED, assignee=by, claimed_until=until, history=history)

        return await self.change(call_id, taken)

    async def snooze(
        self, call_id: str, by: str, at: datetime, note: str, *, seen: int | None = None, anyone: bool = False
    ) -> StoredCall:
        """Put a call off to a time that stands as it is named. Raises CallHeld, StaleCall, UnknownCall.

        ``seen`` is how long its history was when ``by`` looked at it; ``anyone`` says that it need not be ``by``.
        """
        now = self.now()

        def put_off(stored: StoredCall, unit: UnitOfWork) -> Call:
            free_for(stored.call, by, now)
            fresh_for(stored.call, by, seen)
            after = planning.rescheduled(
                stored.call,
                ms(at),
                fixed=True,
                rules=self.rules,
                calendar=self.calendar,
                assignee=None if anyone else by,
                history=noted(stored.call, now, "snoozed", by, note),
            )
            return undoable.kept(after, stored.call, now, by)

        return await self.change(call_id, put_off)

    async def assigned_to(self, staff_id: str) -> list[Call]:
        """Somebody's open calls, the most urgent first."""
        return await self._by_urgency([(keys, keys.assigned(staff_id)) for keys in self.reader.everywhere])

    async def next_for(self, staff: Staff) -> Call | None:
        """The call to make now: of one's own, and else of those that nobody has and that are theirs to make."""
        own = await self._by_urgency([(keys, keys.ready(staff.id)) for keys in self.reader.everywhere])
        pool = [call for call in await self.pool() if staff.may_make(call)]
        return next((call for call in [*own, *pool] if call.state is CallState.DUE), None)

    async def pool(self, *, limit: int = 500) -> list[Call]:
        """The due calls that nobody has, the most urgent first, however many there are."""
        return await self._by_urgency([(keys, keys.pool) for keys in self.reader.everywhere], limit=limit)

    async def numbers(self, *, since: int) -> dict[str, int]:
        """How much was done and is to be done, by the names of template variables; ``since`` is unix ms."""
        pipeline = self.redis.pipeline(transaction=False)
        for keys in self.reader.everywhere:
            pipeline.zcount(keys.calls(CallState.DONE), f"({since}", "+inf")
            pipeline.zcount(keys.calls(CallState.EXHAUSTED), f"({since}", "+inf")
            pipeline.zcard(keys.calls(CallState.DUE))
            pipeline.zcard(keys.calls(CallState.CLAIMED))
        counts = await pipeline.execute()
        done, exhausted, due, claimed = (sum(counts[place::4]) for place in range(4))
        late = sum([await self._late(keys) for keys in self.reader.everywhere])
        return {"done_count": done, "exhausted_count": exhausted, "open_count": due + claimed, "late_count": late}

    async def _late(self, keys: Keys) -> int:
        """How many due calls are past their latest time, of all there are."""
        count, now, start = 0, self.now(), 0
        while True:
            members: Any = await self.redis.zrange(keys.calls(CallState.DUE), start, start + _PAGE - 1)
            found = await self.reader.calls([(keys, member.decode()) for member in members])
            count, start = count + sum(stored.call.late <= now for stored in found), start + _PAGE
            if len(members) < _PAGE:
                return count

    def write(self, unit: UnitOfWork, keys: Keys, before: Call | None, after: Call) -> None:
        entries.write(unit, keys, before, after, rules=self.rules, calendar=self.calendar)

    def now(self) -> int:
        return ms(self.clock.now())

    async def _by_urgency(self, sets: Sequence[tuple[Keys, str]], *, limit: int = 500) -> list[Call]:
        pipeline = self.redis.pipeline(transaction=False)
        for _, name in sets:
            pipeline.zrange(name, 0, limit - 1)
        members = [
            (keys, member.decode())
            for (keys, _), found in zip(sets, await pipeline.execute(), strict=True)
            for member in found
        ]
        calls = [stored.call for stored in await self.reader.calls(members)]
        return planning.by_urgency(calls, self.now(), self.rules)

    async def _read(self, customers: Sequence[tuple[Keys, str]], reasons: Sequence[tuple[Keys, str]]) -> _Pages:
        """The open calls of customers, and which of the reasons are known: two round trips, however many they are."""
        pages = _Pages()
        if there := await self._ask(pages, customers, reasons):
            await self._fetch(pages, there, set(customers))
        return pages

    async def _ask(
        self, pages: _Pages, customers: Sequence[tuple[Keys, str]], reasons: Sequence[tuple[Keys, str]]
    ) -> list[_Place]:
        """Take in who of the customers has an open call, and which of the reasons had one once."""
        questions = self.questions(customers)
        known: list[Command] = [("EXISTS", keys.call(one)) for keys, one in reasons]
        answers = checked(await many(self.redis, [*questions, *known]))
        pages.past |= {one for one, there in zip(reasons, answers[len(questions) :], strict=True) if there}
        return self._open(pages, _by_keys(customers), answers[: len(questions)])

    def _open(self, pages: _Pages, whose: Mapping[Keys, Sequence[str]], answers: Sequence[Any]) -> list[_Place]:
        """Take in what the answers to ``questions`` say, and tell where calls are open."""
        there: list[_Place] = []
        for place, (keys, names) in enumerate(whose.items()):
            for name, call_id, refused in zip(names, answers[2 * place], answers[2 * place + 1], strict=True):
                pages.open[keys, name] = None
                if call_id:
                    there.append((keys, name, call_id))
                if refused:
                    pages.refused.add((keys, name))
        return there

    async def _fetch(self, pages: _Pages, there: Sequence[_Place], concerned: Collection[tuple[Keys, str]]) -> None:
        wanted = [place for place in there if place[:2] in concerned]
        records = checked(await many(self.redis, [("GET", keys.call(one.decode())) for keys, _, one in wanted]))
        for (keys, name, call_id), raw in zip(wanted, records, strict=True):
            pages.open[keys, name] = await self._decoded(keys, name, call_id, raw)

    async def _decoded(self, keys: Keys, customer: str, call_id: bytes, raw: bytes | None) -> Call | None:
        """An open call; one that is over, gone or unreadable is set aside, so that its customer can have another."""
        try:
            if raw is not None and (call := decode(raw, Call)).is_open:
                return call
        except StoreError as error:
            log.error("a call is set aside", action="call_unreadable", call=call_id.decode(), error=str(error))
        aside = UnitOfWork()
        aside.do("HDEL", keys.open_calls, customer)
        unit = UnitOfWork()
        unit.when(keys.open_calls, customer, call_id.decode(), aside)
        await work.commit(self.redis, [unit])
        return None

    def _book(
        self,
        booking: Booking,
        customers: Sequence[str],
        pages: _Pages,
        now: int,
        writing: list[tuple[Booking, Call | None, Call]],
    ) -> Booked:
        """What becomes of a decision's calls; those to be written go to ``writing``, and the unit requires that
        they are as they were."""
        keys, decision = booking.keys, booking.decision
        order, leaving = decision.order, set(decision.cancelled_calls)
        *former, customer = customers
        dropped: frozenset[str] = frozenset()
        if leaving:
            dropped = frozenset(one.id for who in customers for one in _reasons(pages.open[keys, who])) & leaving
        moving: list[ReasonToCall] = []
        changes: list[tuple[str, Call | None, Call | None]] = []
        refs = {call.id: call.id for call in decision.calls if (keys, call.id) in pages.past} if pages.past else {}
        for other in former:  # the order turns out to be another customer's: its reasons go along
            before = pages.open[keys, other]
            own = (
                [one for one in before.reasons if (one.source, one.order_id) == (order.source, order.id)]
                if before
                else []
            )
            moving += [reason for reason in own if reason.id not in leaving]
            left = self._revised(before, leaving | {one.id for one in own}, [], None, None, now)
            if left is not before:
                changes.append((other, before, left))
        wanted: list[CallRequest] = []
        refused: list[Suppression] = []
        for call in decision.calls:
            if self._refuses(pages, keys, customer, call.purpose):
                refused.append(Suppression("purpose", call.purpose, Why.DO_NOT_CALL))
            else:
                wanted.append(call)
        joining = [self._reason(call, order) for call in wanted if (keys, call.id) not in pages.past]
        before, details = pages.open[keys, customer], order.details
        after = self._revised(before, leaving, [*moving, *joining], details.phone, details.name, now)
        if after is not before:
            changes.append((customer, before, after))
        for who, one, _ in changes:
            entries.require(booking.unit, keys, who, one)
        for reason in joining:  # one that had a call once is no news: it is found when the booking is made again
            booking.unit.require_version(keys.call(reason.id), 0)
        for who, one, other_one in changes:
            if other_one is not None:
                writing.append((booking, one, other_one))
                pages.open[keys, who] = other_one if other_one.is_open else None
            for version in (one, other_one):
                if version is not None:
                    for reason in version.reasons:
                        refs[reason.id] = version.id
        planned = [(call, after) for call in wanted] if after else []
        return Booked(planned, refs, dropped, refused)

    def _refuses(self, pages: _Pages, keys: Keys, customer: str, purpose: Purpose) -> bool:
        return (keys, customer) in pages.refused and purpose not in self.rules.despite_refusal

    def _reason(self, call: CallRequest, order: Order | None = None) -> ReasonToCall:
        high = order is not None and order.priority is Priority.HIGH
        return ReasonToCall(
            id=call.id,
            purpose=call.purpose,
            order_id=call.order_id,
            source=call.source,
            due=ms(call.due_at),
            priority=self.rules.purpose(call.purpose).priority + high,
            words=call.brief,
            tried=call.tried,
        )

    def _revised(
        self,
        call: Call | None,
        leaving: set[str],
        joining: list[ReasonToCall],
        phone: str | None,
        name: str | None,
        now: int,
    ) -> Call | None:
        return planning.revised(
            call,
            leaving=leaving,
            joining=joining,
            phone=phone,
            name=name,
            now=now,
            rules=self.rules,
            calendar=self.calendar,
        )


def free_for(call: Call, by: str, now: int) -> None:
    """Raise CallHeld when somebody else has the call, or it is over."""
    if not call.is_open:
        raise CallHeld(f"This call is over: it is {call.state}.")
    if call.state is CallState.CLAIMED and call.assignee != by and call.claimed_until > now:
        raise CallHeld(f"{call.assignee} holds this call until {times.moment(call.claimed_until):%H:%M}.")


def fresh_for(call: Call, by: str, seen: int | None) -> None:
    """Raise StaleCall when somebody did something with the call since its history was ``seen`` lines long."""
    if seen is not None and (entry := undoable.done_since(call, seen, but_claims_of=by)):
        raise StaleCall(entry)


def _reasons(call: Call | None) -> tuple[ReasonToCall, ...]:
    return call.reasons if call else ()


def _by_keys(places: Iterable[tuple[Keys, str]]) -> dict[Keys, list[str]]:
    """What lies in each partition, everything once."""
    found: dict[Keys, dict[str, None]] = {}
    for keys, name in places:
        found.setdefault(keys, {})[name] = None
    return {keys: list(names) for keys, names in found.items()}


def _customers(booking: Booking) -> list[str]:
    """Who the order's calls are with: at last who it is now, and before that who it was thought to be."""
    order, before = booking.decision.order, booking.before
    now = customer_of(order.details.phone, order.source, order.id)
    if before is None or not before.open_calls:
        return [now]
    return list(dict.fromkeys([customer_of(before.details.phone, before.source, before.id), now]))
