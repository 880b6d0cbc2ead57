"""The tick: what time does to calls, and the reminders that go out. Any number of processes may tick."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from redis.asyncio import Redis

from notifier.domain.calls import OPEN, Call, CallState
from notifier.domain.domain_events import StaffReminded
from notifier.errors import StoreError
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, TellStaff, by_text, no_op
from notifier.store.reading import Reader
from notifier.store.records import decode, ms
from notifier.store.roundtrip import Command, checked, many
from notifier.store.staff import Role, Staff, StaffBook
from notifier.store.work import UnitOfWork
from scheduler import reminding, steps
from scheduler.assignment import Shifts, StaffOnShift
from scheduler.book import CallBook
from scheduler.handing import HandingOver
from scheduler.reminding import DIGEST_WITHIN, PendingReminder, ReminderBatch
from scheduler.steps import DueReminder
from scheduler.texts import StaffTexts

log = structlog.get_logger()

UNREADABLE = "unreadable"
"""Where calls go that cannot be read, in the place of a state: they are kept and shown, never deleted."""

_OPEN = sorted(OPEN)
_AT_ONCE = 100
_SUMMARY = "summary"


@dataclass(slots=True)
class Reminders:
    """Moves calls on and reminds the staff. A call moves from one version to the next once, whoever is first.

    What it owes to whom is written together with the call's next version, and a reminder is queued together with the
    crossing out of what it settles: so none is lost with a process, and none is sent by two.
    """

    book: CallBook
    staff: StaffBook
    shifts: Shifts
    texts: StaffTexts
    summary_at: time | None = None
    publish: Publish = no_op
    tell_staff: TellStaff = by_text

    @property
    def redis(self) -> Redis:
        return self.book.redis

    @property
    def reader(self) -> Reader:
        return self.book.reader

    @property
    def handing(self) -> HandingOver:
        return HandingOver(self.book, self.staff, self.shifts)

    async def tick(self) -> int:
        """Do everything whose time has come; returns how many calls moved and texts were queued."""
        now = self.book.clock.now()
        staff = await self.staff.all()
        count = await self.handing.tick(staff)
        for keys in self.reader.everywhere:
            while moved := await self._move(keys, ms(now)):
                count += moved
        desk = StaffOnShift(staff, self.shifts)
        if any(one.active for one in staff):
            count += await self._digests(desk, now)
            count += await self._summary(desk, now)
        for keys in self.reader.everywhere:
            count += await self._remind(keys, desk, now)
        return count

    async def _move(self, keys: Keys, now: int) -> int:
        """Move on those calls to which something is to happen by now; returns how many this process moved."""
        first = ("LIMIT", 0, _AT_ONCE)
        questions: list[Command] = [("ZRANGEBYSCORE", keys.calls(state), "-inf", now, *first) for state in _OPEN]
        found = checked(await many(self.redis, questions))
        places = [(state, member.decode()) for state, members in zip(_OPEN, found, strict=True) for member in members]
        calls = await self._read(keys, places) if places else []
        if not calls:
            return 0
        (known,) = checked(await many(self.redis, [("HMGET", keys.callers, *[call.customer for call in calls])]))
        desk = await self.handing.desk()
        units = []
        for call, caller in zip(calls, known, strict=True):
            after, owed = steps.advanced(
                call,
                now,
                known=caller.decode() if caller else None,
                desk=desk,
                rules=self.book.rules,
                calendar=self.book.calendar,
            )
            units.append(self._unit(keys, call, after, owed))
        return sum([name == "done" for name, _ in await work.commit(self.redis, units)])

    def _unit(self, keys: Keys, call: Call, after: Call, owed: Sequence[DueReminder]) -> UnitOfWork:
        unit = UnitOfWork()
        unit.require_version(keys.call(call.id), call.v)
        self.book.write(unit, keys, call, after)
        for one in owed:
            debt = PendingReminder(one.staff.id, after.id, one.kind, one.at)
            unit.do("HSET", keys.owed, debt.field, debt.value)
        if after.state is CallState.DUE is not call.state and not owed:
            log.warning("a call is due and there is nobody to remind", action="no_staff", call=call.id)
        return unit

    async def _read(self, keys: Keys, places: Sequence[tuple[CallState, str]]) -> list[Call]:
        (raws,) = checked(await many(self.redis, [("MGET", *[keys.call(call_id) for _, call_id in places])]))
        calls, aside = [], UnitOfWork()
        for (state, call_id), raw in zip(places, raws, strict=True):
            try:
                call = decode(raw, Call) if raw is not None else None
            except StoreError as error:
                call = None
                log.error("a call is set aside", action="call_unreadable", call=call_id, error=str(error))
            if call is not None and call.state is state:
                calls.append(call)
            elif call is None:
                aside.move(call_id, source=keys.calls(state), target=keys.calls(UNREADABLE))
        if len(calls) < len(places):
            await work.commit(self.redis, [aside])
        return calls

    async def _remind(self, keys: Keys, desk: StaffOnShift, now: datetime) -> int:
        """Send what is owed: one text for each of the staff, however much it is about."""
        debts = await self._debts(keys)
        if not debts:
            return 0
        calls = await self._calls(keys, debts)
        last = await self._last(keys)
        found, dropped = reminding.gathered(debts, calls, last, now=ms(now), desk=desk, rules=self.book.rules)
        units = [await self._reminder(keys, one, last, now) for one in found]
        if dropped:
            units.append(settling(keys, dropped))
        outcomes = await work.commit(self.redis, units) if units else []
        return sum(name == "done" for name, _ in outcomes[: len(found)])

    async def _reminder(self, keys: Keys, told: ReminderBatch, last: Mapping[str, int], now: datetime) -> UnitOfWork:
        unit = UnitOfWork()
        _require(unit, keys, told.staff.id, last)
        _settle(unit, keys, told.paid)
        unit.do("HSET", keys.reminded, told.staff.id, ms(now))
        first = told.calls[0][0]
        order = await self.reader.order(first.source, first.order_id) if len(told.calls) == 1 else None
        key = ",".join(sorted(f"{debt.call_id}/{debt.value}" for debt in told.paid))
        message = self.texts.reminder(told.staff, told.calls, order, now, key=key)
        calls = tuple((call, kind.name.lower()) for call, kind in told.calls)
        self.tell_staff(unit, keys, told.staff, message, calls)
        self.publish(unit, keys, StaffReminded(id=message.id, staff_id=told.staff.id, calls=calls, at=now))
        return unit

    async def _digests(self, desk: StaffOnShift, now: datetime) -> int:
        """To everybody whose shift has begun: what it holds. It settles what they were owed until now."""
        keys, at, count = self.reader.everywhere[0], ms(now), 0
        begun = [
            (one, start)
            for one in desk.staff
            if one.active and one.role is Role.AGENT and (start := self.shifts.start(one, at)) is not None
            if at - start < DIGEST_WITHIN
        ]
        if not begun:
            return 0
        last = await self._last(keys)
        for one, start in begun:
            if last.get(f"{one.id}|shift", 0) < start:
                count += await self._digest(keys, one, start, last, now)
        return count

    async def _digest(self, keys: Keys, one: Staff, start: int, last: Mapping[str, int], now: datetime) -> int:
        midnight = ms(datetime.combine(now.date() + timedelta(1), time(), tzinfo=now.tzinfo))
        calls = reminding.digest_of(await self.book.assigned_to(one.id), midnight)
        pool = sum(1 for call in await self.book.pool() if call.due < midnight and one.serves(call.sources))
        debts = [debt for debt in await self._debts(keys) if debt.staff_id == one.id]
        unit = UnitOfWork()
        _require(unit, keys, f"{one.id}|shift", last)
        _settle(unit, keys, debts)
        unit.do("HSET", keys.reminded, f"{one.id}|shift", start)
        if calls or pool:
            unit.do("HSET", keys.reminded, one.id, ms(now))
            self.tell_staff(unit, keys, one, self.texts.digest(one, calls, pool, now, key=str(start)), ())
        outcomes = await work.commit(self.redis, [unit])
        return int(outcomes[0][0] == "done" and bool(calls or pool))

    async def _summary(self, desk: StaffOnShift, now: datetime) -> int:
        """To the supervisors, once a working day: what came of its calls."""
        if self.summary_at is None or self.book.calendar.why_closed(now.date()):
            return 0
        due = datetime.combine(now.date(), self.summary_at, tzinfo=now.tzinfo)
        if now < due or self.texts.rulebook.texting_time(now) != now:
            return 0
        keys = self.reader.everywhere[0]
        last = await self._last(keys)
        if last.get(_SUMMARY, 0) >= ms(due):
            return 0
        unit = UnitOfWork()
        _require(unit, keys, _SUMMARY, last)
        unit.do("HSET", keys.reminded, _SUMMARY, ms(now))
        numbers = await self.book.numbers(since=max(last.get(_SUMMARY, 0), ms(now - timedelta(days=1))))
        told = (
            [one for one in desk.staff if one.active and one.role is Role.SUPERVISOR] if any(numbers.values()) else []
        )
        for one in told:
            self.tell_staff(unit, keys, one, self.texts.summary(one, numbers, now, key=str(ms(due))), ())
        outcomes = await work.commit(self.redis, [unit])
        return len(told) if outcomes[0][0] == "done" else 0

    async def _debts(self, keys: Keys) -> list[PendingReminder]:
        (found,) = checked(await many(self.redis, [("HGETALL", keys.owed)]))
        pairs = zip(found[::2], found[1::2], strict=True)
        return [PendingReminder.read(name.decode(), value.decode()) for name, value in pairs]

    async def _calls(self, keys: Keys, debts: Sequence[PendingReminder]) -> dict[str, Call]:
        ids = dict.fromkeys(debt.call_id for debt in debts)
        return {stored.call.id: stored.call for stored in await self.reader.calls((keys, one) for one in ids)}

    async def _last(self, keys: Keys) -> dict[str, int]:
        found: Any = await self.redis.hgetall(keys.reminded)
        return {name.decode(): int(value) for name, value in found.items()}


def settling(keys: Keys, debts: Sequence[PendingReminder]) -> UnitOfWork:
    """Crosses out debts that lost their sense."""
    unit = UnitOfWork()
    _settle(unit, keys, debts)
    return unit


def _settle(unit: UnitOfWork, keys: Keys, debts: Sequence[PendingReminder]) -> None:
    for debt in debts:
        unit.require_field(keys.owed, debt.field, debt.value)
    if debts:
        unit.do("HDEL", keys.owed, *(debt.field for debt in debts))


def _require(unit: UnitOfWork, keys: Keys, name: str, last: Mapping[str, int]) -> None:
    unit.require_field(keys.reminded, name, str(last[name]) if name in last else "")
