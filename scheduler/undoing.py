"""Taking back what somebody did to a call: the outcome and all that came of it, in one unit of work.

What was already sent cannot be taken back, and is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain.calls import Call, CallState, HistoryEntry, UndoableAct, moved
from notifier.domain.domain_events import CallOver
from notifier.domain.events import AgreedTime, Details, Event, EventType
from notifier.domain.messages import MessageState
from notifier.domain.orders import Stage
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import NotifierError, StoreAway, StoreError
from notifier.store import daily, work, writes
from notifier.store.audit import Act, AuditEntry
from notifier.store.keys import Keys
from notifier.store.publishing import Retract, nothing_told
from notifier.store.reading import StoredCall
from notifier.store.records import as_text, decode
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork
from scheduler import planning, times, undoable
from scheduler.book import CallBook, StaleCall, UnknownCall

_ATTEMPTS = 20


class NothingToUndo(NotifierError):
    """There is nothing of this call to take back; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """The call as it is after that. ``sent``, ``told_supervisors`` and ``told_shop`` say what had gone out before."""

    call: Call
    keys: Keys
    act: UndoableAct
    sent: bool = False
    told_supervisors: bool = False
    told_shop: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was there when it was looked, and must still be so when it is written."""

    stored: StoredCall
    act: UndoableAct
    message: str = ""
    owed: Mapping[str, bytes] = field(default_factory=dict)
    other: Call | None = None
    gone: frozenset[str] = frozenset()
    orders: Mapping[tuple[str, str], int] = field(default_factory=dict)
    agreed_back: Event | None = None


@dataclass(frozen=True, slots=True)
class Undoing:
    """``retract`` keeps others from being told what is not true any more."""

    book: CallBook
    retract: Retract = nothing_told

    @property
    def redis(self) -> Redis:
        return self.book.redis

    async def undo(self, call_id: str, by: Staff, *, lines: int | None = None) -> Undone:
        """Take back what was done to a call last; ``lines`` is how long its history was after that.

        Raises UnknownCall, NothingToUndo, and StaleCall when somebody did something with the call since.
        """
        now = self.book.now()
        for _ in range(_ATTEMPTS):
            seen = await self._look(call_id, by, lines)
            unit, rest = self._checks(seen), UnitOfWork()
            after = self._changes(rest, seen, by, now)
            places = self._retracted(rest, seen)
            lying = [await self.redis.hexists(key, name) for key, name in places]
            unit.then(rest)
            if (await work.commit(self.redis, [unit]))[0][0] == "done":
                structlog.get_logger().info(
                    "outcome undone", action="outcome_undone", call=call_id, order=after.order_id, staff=by.id
                )
                return Undone(
                    call=after,
                    keys=seen.stored.keys,
                    act=seen.act,
                    sent=bool(seen.act.message) and seen.message != MessageState.QUEUED,
                    told_supervisors=len(seen.owed) < len(seen.act.owed),
                    told_shop=not all(lying),
                )
        raise StoreAway("This call keeps changing. Try again.")

    async def _look(self, call_id: str, by: Staff, lines: int | None) -> _Seen:
        stored = await self.book.reader.call(call_id)
        if stored is None:
            raise UnknownCall(f"There is no call {call_id!r}.")
        call, keys, act = stored.call, stored.keys, stored.call.undo
        since = act.lines if act and lines is None else lines
        if since is None and call.history and call.history[-1].what == undoable.UNDONE:
            raise StaleCall(call.history[-1])
        if since is not None and (entry := undoable.done_since(call, since, but_claims_of=by.id)):
            raise StaleCall(entry)
        if act is None or (lines is not None and act.lines != lines):
            raise NothingToUndo("There is nothing of this call that could be taken back.")
        if call.state is CallState.CANCELLED:
            raise NothingToUndo("This call is not needed any more: its order took a turn.")
        message: Any = await self.redis.hget(keys.message(act.message), "state") if act.message else None
        raws: Any = await self.redis.hmget(keys.owed, list(act.owed)) if act.owed else []
        owed = {name: raw for name, raw in zip(act.owed, raws, strict=True) if raw is not None}
        other = None
        if not call.is_open:
            found: Any = await self.redis.hget(keys.open_calls, call.customer)
            fresh = await self.book.reader.calls([(keys, found.decode())]) if found else []
            other = fresh[0].call if fresh and fresh[0].call.is_open else None
        gone, orders = await self._gone(stored, act)
        if not call.is_open and len(gone) == len(call.reasons):
            raise NothingToUndo("This call is not needed any more: its order took a turn.")
        back = await self._agreed_back(act, by)
        return _Seen(stored, act, (message or b"").decode(), owed, other, gone, orders, back)

    async def _agreed_back(self, act: UndoableAct, by: Staff) -> Event | None:
        """The news that takes a time of delivery back, where it still stands: the former one, or none, holds again."""
        if not act.agreed:
            return None
        event_id, source, order_id, agreed, former = act.agreed
        order = await self.book.reader.order(source, order_id)
        if order is None or str(order.delivery or "") != agreed or order.stage >= Stage.DELIVERED:
            return None
        return Event(
            id=f"{event_id}-undone",
            source=source,
            type=EventType.DELIVERY_CHANGED if former else EventType.DELIVERY_RELEASED,
            order_id=order_id,
            at=max(times.moment(self.book.now()), times.moment((order.delivery_said or 0) + 1)),
            details=Details(delivery=AgreedTime.parse(former) if former else None),
            by=by.id,
            past=not former,  # the call is there again, and the customer hears of the time that is agreed upon next
        )

    async def _gone(self, stored: StoredCall, act: UndoableAct) -> tuple[frozenset[str], Mapping[tuple[str, str], int]]:
        """The reasons of a call that is over which its orders took back since; versions of the orders beside it."""
        gone, versions = set[str](), dict[tuple[str, str], int]()
        for source, order_id in {(one.source, one.order_id) for one in stored.call.reasons if one.order_id}:
            order = await self.book.reader.order(source, order_id)
            keys = await self.book.reader.keys_of(source, order_id)
            if order is None:
                continue
            if keys == stored.keys:
                versions[source, order_id] = order.v
            if stored.call.is_open:
                continue
            withdrawn = await self._withdrawn(keys, source, order_id, act.at, but_by=act.agreed[:1])
            withdrawn |= {(purpose, made) for purpose, calls in order.made_calls.items() for made in calls}
            gone |= {
                one.id
                for one in stored.call.reasons
                if (one.source, one.order_id) == (source, order_id)
                and {(one.purpose, one.id), (one.purpose, stored.call.id)} & withdrawn
            }
        return frozenset(gone), versions

    async def _withdrawn(
        self, keys: Keys, source: str, order_id: str, since: int, *, but_by: Sequence[str] = ()
    ) -> set[tuple[str, str]]:
        """Purposes and calls that an order's news, other than ``but_by``, made pointless after a time."""
        raws: Any = await self.redis.lrange(keys.timeline(source, order_id), -200, -1)
        found, by_own_news = set(), False
        for raw in raws:
            try:
                line = decode(raw, TimelineEntry)
            except StoreError:
                continue
            if line.kind in (LineKind.EVENT, LineKind.REPEATED):  # what follows it in the story follows from it
                by_own_news = line.ref in but_by
            if (
                line.kind is LineKind.CALL_CANCELLED
                and not by_own_news
                and line.at.timestamp() * 1000 >= since
                and line.ref
            ):
                found.add((line.what, line.ref))
        return found

    def _checks(self, seen: _Seen) -> UnitOfWork:
        """What was seen is still so."""
        call, keys, act, unit = seen.stored.call, seen.stored.keys, seen.act, UnitOfWork()
        unit.require_version(keys.call(call.id), call.v)
        for place, version in seen.orders.items():
            unit.require_version(keys.order(*place), version)
        if act.message:
            unit.require_field(keys.message(act.message), "state", seen.message)
        for name in act.owed:
            unit.require_field(keys.owed, name, seen.owed.get(name, b""))
        if not call.is_open:
            unit.require_field(keys.open_calls, call.customer, seen.other.id if seen.other else "")
        if seen.other:
            unit.require_version(keys.call(seen.other.id), seen.other.v)
        return unit

    def _changes(self, unit: UnitOfWork, seen: _Seen, by: Staff, now: int) -> Call:
        """Add all that changes; returns the call that is made now."""
        call, keys, act = seen.stored.call, seen.stored.keys, seen.act
        taken_back = act.message and seen.message == MessageState.QUEUED
        if seen.other is not None:
            after = self._joined(unit, seen, seen.other, by, now)
        else:
            after = self._restored(call, act, seen.gone, by, now)
            after = replace(after, texts_undone=call.texts_undone + bool(taken_back))
            self.book.write(unit, keys, call, after)
        if taken_back:
            writes.cancel_message(unit, keys, act.message, reason="undone")
        if act.refused:
            lifted = UnitOfWork()
            lifted.do("HDEL", keys.do_not_call, call.customer)
            unit.when(keys.do_not_call, call.customer, str(act.at), lifted)
        if seen.owed:
            unit.do("HDEL", keys.owed, *seen.owed)
        if seen.agreed_back is not None:
            unit.do("HSET", keys.feedback, seen.agreed_back.id, as_text(seen.agreed_back))
        if act.outcome:
            daily.not_called(unit, keys, act.at, act.by, source=act.source, reached=act.reached)
            if act.purpose:
                daily.tried(
                    unit,
                    keys,
                    act.at,
                    act.by,
                    source=act.source,
                    purpose=act.purpose,
                    outcome=act.outcome,
                    timely=act.timely,
                    satisfaction=act.satisfaction,
                    times=-1,
                )
            former = UnitOfWork()
            if act.caller:
                former.do("HSET", keys.callers, call.customer, act.caller)
            else:
                former.do("HDEL", keys.callers, call.customer)
            unit.when(keys.callers, call.customer, act.by, former)
        number = call.order_id or call.id
        AuditEntry(at=now, act=Act.OUTCOME_UNDONE, by=by.id, about=number, more=act.outcome or "snoozed").keep(
            unit, keys.audit
        )
        line = TimelineEntry(
            at=times.moment(now),
            kind=LineKind.BY_HAND,
            what=Act.OUTCOME_UNDONE,
            ref=after.id,
            extra={"by": by.id, "by_name": by.name},
        )
        for place in seen.orders:
            unit.do("RPUSH", keys.timeline(*place), as_text(line))
        return after

    def _restored(self, call: Call, act: UndoableAct, gone: frozenset[str], by: Staff, now: int) -> Call:
        """The call as it was, as far as time allows; after a while it is due anew, and with whoever reopens it."""
        tried = dict(call.tried)
        if act.outcome:
            tried[act.outcome] = tried.get(act.outcome, 1) - 1
        history = (*call.history, HistoryEntry(now, undoable.UNDONE, by.id))
        reasons = tuple(reason for reason in call.reasons if reason.id not in gone)
        changes: dict[str, Any] = {
            "tried": {name: count for name, count in tried.items() if count > 0},
            "history": history,
            "reasons": reasons,
            "undo": None,
            "ended": 0,
        }
        assignee = act.assignee if by.id == act.by or act.state is CallState.SCHEDULED else by.id
        recent = now - act.at <= times.length(self.book.rules.claim_limit)
        if recent or (act.state is CallState.SCHEDULED and act.due > now):
            state, until = act.state, act.claimed_until
            if state is CallState.CLAIMED and until <= now:
                state, until = CallState.DUE, 0
            due = act.due if call.is_open is False or act.fixed else min([act.due, *_joined_since(call, act)])
            return moved(
                call,
                state,
                due=due,
                late=act.late,
                fixed=act.fixed,
                assignee=assignee,
                step=act.step if assignee == act.assignee else max(act.step, 1),
                rung=act.rung,
                claimed_until=until,
                **changes,
            )
        late = planning.rescheduled(
            call, now, fixed=False, rules=self.book.rules, calendar=self.book.calendar, assignee=by.id, **changes
        )
        return replace(late, state=CallState.DUE, step=2)

    def _joined(self, unit: UnitOfWork, seen: _Seen, other: Call, by: Staff, now: int) -> Call:
        """The call that the customer has by now takes the reasons in."""
        call, keys, book = seen.stored.call, seen.stored.keys, self.book
        left = [reason for reason in call.reasons if reason.id not in seen.gone]
        noted = (*other.history, HistoryEntry(now, undoable.UNDONE, by.id))
        after = planning.revised(
            replace(other, history=noted),
            leaving=(),
            joining=left,
            phone=call.phone,
            name=call.name,
            now=now,
            rules=book.rules,
            calendar=book.calendar,
        )
        assert after is not None
        if after.v == other.v:
            after = replace(after, v=other.v + 1)
        book.write(unit, keys, other, after)
        history = (*call.history, HistoryEntry(now, undoable.UNDONE, by.id))
        book.write(unit, keys, call, moved(call, CallState.CANCELLED, history=history, undo=None))
        return after

    def _retracted(self, unit: UnitOfWork, seen: _Seen) -> list[tuple[str, str]]:
        call, act = seen.stored.call, seen.act
        if call.is_open or not act.outcome:
            return []
        fact = CallOver(call=call, outcome=act.outcome, by=act.by, note="", at=times.moment(act.at))
        return self.retract(unit, seen.stored.keys, fact)


def _joined_since(call: Call, act: UndoableAct) -> list[int]:
    """When reasons are due that a call may have taken in since."""
    return [call.due] if any(entry.what == "revised" for entry in call.history[act.lines :]) else []
