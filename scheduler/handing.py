"""Calls that change hands or their time by the hundred: of who left, is absent, or hands them over."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog

from notifier.domain.calls import Call, CallState, moved
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.roundtrip import Command, checked, many
from notifier.store.staff import Absence, Role, Staff, StaffBook
from notifier.store.work import UnitOfWork
from scheduler import planning, times
from scheduler.assignment import Shifts, StaffOnShift
from scheduler.book import CallBook
from scheduler.reminding import PendingReminder
from scheduler.rules import CallRules
from scheduler.steps import ReminderKind, noted

log = structlog.get_logger()

_AT_ONCE, _ATTEMPTS = 200, 20
_FOR_EVER, _A_DAY = "+inf", timedelta(days=1)

Place = tuple[Keys, str]
"""A call and the partition it lies in."""

Change = Callable[[Call, UnitOfWork, Keys], Call | None]


def handed(call: Call, to: str | None, *, now: int, by: str) -> Call:
    """The call in other hands, or in nobody's: who takes it then is chosen anew."""
    state = CallState.DUE if call.state is CallState.CLAIMED else call.state
    return moved(
        call,
        state,
        assignee=to,
        claimed_until=0,
        step=max(call.step, 1) if to else 0,
        history=noted(call, now, "moved" if to else "to the pool", by, to=to or ""),
    )


@dataclass(frozen=True, slots=True)
class HandingOver:
    """Each call is changed for itself: whoever changed it meanwhile was first, and it is looked at again.

    What a process that died left undone is done by the next tick.
    """

    book: CallBook
    staff: StaffBook
    shifts: Shifts

    async def desk(self) -> StaffOnShift:
        """The staff, each with how many calls they have."""
        staff, everywhere = await self.staff.all(), self.book.reader.everywhere
        if not staff:
            return StaffOnShift(staff, self.shifts)
        questions: list[Command] = [("ZCARD", keys.assigned(one.id)) for one in staff for keys in everywhere]
        counts, width = checked(await many(self.book.redis, questions)), len(everywhere)
        loads = {one.id: sum(counts[place * width : (place + 1) * width]) for place, one in enumerate(staff)}
        return StaffOnShift(staff, self.shifts, loads)

    async def all_of(self, staff_id: str) -> list[Place]:
        """Somebody's open calls, the earliest first."""
        return await self._places(staff_id, "-inf", _FOR_EVER)

    async def in_the_pool(self) -> list[Place]:
        """The due calls that nobody has, the most urgent first."""
        found: list[Place] = []
        for keys in self.book.reader.everywhere:
            members: Any = await self.book.redis.zrange(keys.pool, 0, -1)
            found += [(keys, member.decode()) for member in members]
        return found

    async def where(self, call_ids: Iterable[str]) -> list[Place]:
        """The calls of these ids that there are, in this order."""
        wanted = list(dict.fromkeys(call_ids))
        everywhere = [(keys, one) for keys in self.book.reader.everywhere for one in wanted]
        found = {stored.call.id: stored.keys for stored in await self.book.reader.calls(everywhere)}
        return [(found[one], one) for one in wanted if one in found]

    async def to_the_pool(self, staff_id: str, by: str) -> int:
        """All open calls of somebody who left, to be anybody's at once; returns how many."""
        return await self.hand(await self.all_of(staff_id), [None], by)

    async def divided(self, places: Sequence[Place], by: str, *, but: str | None = None) -> int | None:
        """Calls evenly to the agents on shift, else to those who are not absent; None where there are none."""
        desk = await self.desk()
        read = {stored.call.id: stored.call.sources for stored in await self.book.reader.calls(list(places))}
        whose = desk.dealt([read.get(call_id, frozenset()) for _, call_id in places], self.book.now(), but=but)
        return await self.hand(places, whose, by) if whose or not places else None

    async def hand(self, places: Sequence[Place], to: Sequence[str | None], by: str) -> int:
        """Each call to whom the same place of ``to`` names, one for all where it names but one. Returns how many."""
        receivers = dict(zip(places, to if len(to) == len(places) else [to[0]] * len(places), strict=True))
        now, agents = self.book.now(), await self._agents()

        def change(call: Call, unit: UnitOfWork, keys: Keys) -> Call | None:
            receiver = receivers[keys, call.id]
            if not call.is_open or (call.assignee == receiver and call.state is not CallState.CLAIMED):
                return None
            after = handed(call, receiver, now=now, by=by)
            self._owe(unit, keys, after, agents, but={call.assignee, by})
            return after

        return await self._change(places, change)

    async def snooze(self, places: Sequence[Place], at: datetime, by: str) -> int:
        """Put calls off to a time that stands as it is named, whoever has them; returns how many."""
        now, due = self.book.now(), ms(at)

        def change(call: Call, unit: UnitOfWork, keys: Keys) -> Call | None:
            if not call.is_open:
                return None
            return planning.rescheduled(
                call,
                due,
                fixed=True,
                rules=self.book.rules,
                calendar=self.book.calendar,
                history=noted(call, now, "snoozed", by),
            )

        return await self._change(places, change)

    async def make_way(self, one: Staff, by: str) -> int:
        """The calls that fall into somebody's absences, to others at once; returns how many."""
        now, found = self.book.now(), list[Place]()
        for absence in self._absences(one, now):
            found += await self._places(one.id, *_span(absence, now))
        if not found:
            return 0
        desk, agents = await self.desk(), await self._agents()

        def change(call: Call, unit: UnitOfWork, keys: Keys) -> Call | None:
            if not call.is_open or call.assignee != one.id or _taken_since(call, one.absence(now), self.book.rules):
                return None
            after = handed(call, desk.choose(max(now, call.due), known=None, sources=call.sources), now=now, by=by)
            self._owe(unit, keys, after, agents, but={one.id, by})
            return after

        return await self._change(list(dict.fromkeys(found)), change)

    async def tick(self, staff: Sequence[Staff]) -> int:
        """What of all this is still to be done, for everybody; returns how many calls changed hands."""
        now = self.book.now()
        gone = [one for one in staff if not one.active]
        away = [(one, absence) for one in staff if one.active for absence in self._absences(one, now)]
        if not gone and not away:
            return 0
        pipeline = self.book.redis.pipeline(transaction=False)
        spans = [(one, "-inf", _FOR_EVER) for one in gone] + [(one, *_span(absence, now)) for one, absence in away]
        for one, first, last in spans:
            for keys in self.book.reader.everywhere:
                pipeline.zcount(keys.assigned(one.id), first, last)
        counts = await pipeline.execute()
        width = len(self.book.reader.everywhere)
        left = {
            one.id: one for place, (one, *_) in enumerate(spans) if any(counts[place * width : (place + 1) * width])
        }
        moved_on = 0
        for one in left.values():
            moved_on += await (self.make_way(one, one.id) if one.active else self.to_the_pool(one.id, one.id))
        return moved_on

    def _absences(self, one: Staff, now: int) -> list[Absence]:
        """Absences that are not over, and the days off among somebody's special days."""
        found, zone = list(one.absences), self.shifts.shop.zone
        for day in (date.fromisoformat(at) for at, hours in one.special.items() if not hours):
            midnight = datetime.combine(day, time(), tzinfo=zone)
            found.append(Absence(start=ms(midnight), end=ms(datetime.combine(day + _A_DAY, time(), tzinfo=zone))))
        return [absence for absence in found if not absence.is_over(now)]

    def _owe(self, unit: UnitOfWork, keys: Keys, after: Call, agents: Sequence[Staff], but: set[str | None]) -> None:
        """Who is to hear of a call that is due: whoever has it now, or all who may take it."""
        if after.state is not CallState.DUE:
            return
        kind = ReminderKind.DUE if after.assignee else ReminderKind.POOL
        told = [after.assignee] if after.assignee else [one.id for one in agents if one.serves(after.sources)]
        for staff_id in told:
            if staff_id and staff_id not in but:
                debt = PendingReminder(staff_id, after.id, kind, self.book.now())
                unit.do("HSET", keys.owed, debt.field, debt.value)

    async def _change(self, places: Sequence[Place], how: Change) -> int:
        count = 0
        for start in range(0, len(places), _AT_ONCE):
            waiting = list(places[start : start + _AT_ONCE])
            for _ in range(_ATTEMPTS):
                if not waiting:
                    break
                units, whose = list[UnitOfWork](), list[Place]()
                for stored in await self.book.reader.calls(waiting):
                    unit = UnitOfWork()
                    unit.require_version(stored.keys.call(stored.call.id), stored.call.v)
                    after = how(stored.call, unit, stored.keys)
                    if after is not None:
                        self.book.write(unit, stored.keys, stored.call, after)
                        units.append(unit)
                        whose.append((stored.keys, stored.call.id))
                outcomes = await work.commit(self.book.redis, units) if units else []
                waiting = [place for place, (name, _) in zip(whose, outcomes, strict=True) if name != "done"]
                count += len(whose) - len(waiting)
        log.info("calls changed hands or time", action="calls_handed", count=count)
        return count

    async def _places(self, staff_id: str, first: str | int, last: str | int) -> list[Place]:
        found: list[Place] = []
        for keys in self.book.reader.everywhere:
            members: Any = await self.book.redis.zrangebyscore(keys.assigned(staff_id), first, last)
            found += [(keys, member.decode()) for member in members]
        return found

    async def _agents(self) -> list[Staff]:
        desk = StaffOnShift(await self.staff.all(), self.shifts)
        return desk.on_shift(Role.AGENT, self.book.now())


def _taken_since(call: Call, absence: Absence | None, rules: CallRules) -> bool:
    """Whether somebody who is absent took this call all the same."""
    if absence is None or call.state is not CallState.CLAIMED:
        return False
    return call.claimed_until - times.length(rules.claim_limit) >= absence.start


def _span(absence: Absence, now: int) -> tuple[str | int, str | int]:
    """Between which times the calls are due that an absence concerns: also what was due before it, once it began.

    Nobody knows when one without an end is over: of what comes up, each goes to somebody else when it is due.
    """
    return ("-inf" if absence.start <= now else absence.start), (f"({absence.end}" if absence.end else now)
