"""What somebody of the staff reports of a call, and all that follows from it, in one unit of work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from msgspec.structs import replace

from notifier.domain.calls import Call
from notifier.domain.domain_events import CallOver
from notifier.domain.events import Event, EventType
from notifier.domain.orders import Order
from notifier.domain.timeline import LineKind as LineKind
from notifier.domain.timeline import TimelineEntry
from notifier.errors import NotifierError
from notifier.store import daily, writes
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.reading import StoredCall
from notifier.store.records import as_text, decode
from notifier.store.staff import StaffBook
from notifier.store.work import UnitOfWork
from scheduler import outcomes, times, undoable
from scheduler.assignment import Shifts, StaffOnShift
from scheduler.book import CallBook, free_for, fresh_for
from scheduler.outcomes import Deposit, Report, Result
from scheduler.reminding import PendingReminder
from scheduler.rules import Consequence, Outcome
from scheduler.steps import ReminderKind
from scheduler.texts import StaffTexts

log = structlog.get_logger()

_FOUND_OUT = {Deposit.CONFIRMED: EventType.DEPOSIT_CONFIRMED, Deposit.REJECTED: EventType.DEPOSIT_REJECTED}


@dataclass(frozen=True, slots=True)
class Reporting:
    """``take`` takes an event as if a shop had posted it; events wait in Redis until it has."""

    book: CallBook
    staff: StaffBook
    shifts: Shifts
    texts: StaffTexts
    take: Callable[[Event], Awaitable[None]]
    publish: Publish = no_op

    async def report(self, call_id: str, report: Report, *, seen: int | None = None) -> StoredCall:
        """Write down an outcome. Raises CallHeld, StaleCall, UnknownCall, UnclearReport.

        ``seen`` is how long the call's history was when whoever reports looked at it.
        """
        now, book = self.book.now(), self.book
        desk = StaffOnShift(await self.staff.all(), self.shifts)
        found = await book.reader.call(call_id)
        order = await book.reader.order(found.call.source, found.call.order_id) if found else None
        caller: Any = await book.redis.hget(found.keys.callers, found.call.customer) if found else None

        def written(stored: StoredCall, unit: UnitOfWork) -> Call:
            free_for(stored.call, report.by, now)
            fresh_for(stored.call, report.by, seen)
            result = outcomes.result(stored.call, report, now=now, rules=book.rules, calendar=book.calendar)
            came = self._follow(unit, stored, report, result, order, desk, now)
            if report.deposit is not None:  # the order is told, and so is the customer
                return replace(result.call, undo=None)
            came |= {"outcome": str(report.outcome), "reached": report.outcome is Outcome.REACHED}
            came["caller"] = caller.decode() if caller else ""
            came |= {"source": stored.call.source, "purpose": str(stored.call.purpose)}
            came |= {"timely": _timely(stored.call, now)}
            came["satisfaction"] = str(report.satisfaction or "")
            if (told := report.agreed) is not None:
                unit.do("HSET", stored.keys.feedback, told.id, as_text(told))
                former = report.agreed_before
                came["agreed"] = (told.id, told.source, told.order_id, str(told.details.delivery), former)
            return undoable.kept(result.call, stored.call, now, report.by, **came)

        changed = await book.change(call_id, written)
        await self.tell_orders(changed.keys)
        return changed

    async def tick(self) -> int:
        """Tell orders what a process that died could not tell them any more."""
        return sum([await self.tell_orders(keys) for keys in self.book.reader.everywhere])

    async def tell_orders(self, keys: Keys) -> int:
        """Feed back what calls found out; an event that is taken twice counts once. Returns how many were taken."""
        waiting: Any = await self.book.redis.hgetall(keys.feedback)
        count = 0
        for event_id, raw in waiting.items():
            try:
                await self.take(decode(raw, Event))
            except NotifierError as error:
                log.warning("an order was not told yet", action="feedback_failed", error=str(error))
                continue
            await self.book.redis.hdel(keys.feedback, event_id)
            count += 1
        return count

    def _follow(
        self,
        unit: UnitOfWork,
        stored: StoredCall,
        report: Report,
        result: Result,
        order: Order | None,
        desk: StaffOnShift,
        now: int,
    ) -> dict[str, Any]:
        """Write what follows; returns what of it may be taken back, as fields of UndoableAct."""
        keys, call, moment = stored.keys, stored.call, times.moment(now)
        unit.do("HSET", keys.callers, call.customer, report.by)
        daily.called(unit, keys, now, report.by, source=call.source, reached=report.outcome is Outcome.REACHED)
        if report.deposit is None:  # to look a deposit up is not to phone anybody
            daily.tried(
                unit,
                keys,
                now,
                report.by,
                source=call.source,
                purpose=call.purpose,
                outcome=report.outcome,
                timely=_timely(call, now),
                satisfaction=report.satisfaction,
            )
        if report.deposit is not None:
            for reason in {(one.source, one.order_id): one for one in result.settled}.values():
                event = Event(
                    id=f"call-{reason.id}-{call.v}",
                    source=reason.source,
                    type=_FOUND_OUT[report.deposit],
                    order_id=reason.order_id,
                    at=moment,
                    by=report.by,
                    extra={"by": report.by} | ({"by_name": who.name} if (who := desk.active(report.by)) else {}),
                )
                unit.do("HSET", keys.feedback, event.id, as_text(event))
        if call.phone and not result.call.is_open and report.outcome is Outcome.REACHED:
            unit.do("ZREM", keys.inbox, call.phone)  # what they had texted was spoken of
            unit.do("HDEL", keys.inbox_holders, call.phone)
        if not result.call.is_open:
            over = CallOver(call=result.call, outcome=report.outcome, by=report.by, note=report.note, at=moment)
            self.publish(unit, keys, over)
        match result.consequence:
            case Consequence.DO_NOT_CALL:
                unit.do("HSETNX", keys.do_not_call, call.customer, now)
                return {"refused": True}
            case Consequence.TELL_SUPERVISOR:
                debts = [
                    PendingReminder(one.id, call.id, ReminderKind.WRONG_NUMBER, now)
                    for one in desk.supervisors(now, sources=call.sources)
                ]
                for debt in debts:
                    unit.do("HSET", keys.owed, debt.field, debt.value)
                return {"owed": tuple(debt.field for debt in debts)}
            case Consequence.EXHAUSTED if order is not None:
                if message := self.texts.exhausted(call, order, moment):
                    writes.queue_message(unit, keys, message)
                    line = TimelineEntry(
                        at=moment, kind=LineKind.MESSAGE, what=message.template, ref=message.id, extra={"by": report.by}
                    )
                    writes.add_lines(unit, keys, order, [line])
                    return {"message": message.id}
        return {}


def _timely(call: Call, now: int) -> bool | None:
    """Whether this first try comes before the call is late; None where somebody has tried before."""
    return None if call.tried else now <= call.late
