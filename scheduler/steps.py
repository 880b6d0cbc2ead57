"""What time does to a call: it is given to somebody, falls due, climbs the ladder, and its claim lapses. Pure."""

from dataclasses import dataclass
from enum import IntEnum

from msgspec.structs import replace

from notifier.domain.calls import Call, CallState, HistoryEntry, moved
from notifier.store.staff import Role, Staff
from scheduler import times
from scheduler.assignment import StaffOnShift
from scheduler.calendar import Calendar
from scheduler.rules import CallRules, To

NEVER = 253_402_300_799_000
"""Unix ms at the end of the year 9999: nothing more happens by itself."""

_ASSIGN, _TELL, _FALL_DUE = range(3)


class ReminderKind(IntEnum):
    """Why somebody is reminded of a call; of several for one call the greatest is told."""

    SOON = 1
    DUE = 2
    OVERDUE = 3
    POOL = 4
    ESCALATED = 5
    WRONG_NUMBER = 6


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A reminder that somebody of the staff is owed. ``staff`` is a member of staff: never a customer."""

    staff: Staff
    call: Call
    kind: ReminderKind
    at: int


def next_at(call: Call, rules: CallRules, calendar: Calendar) -> int:
    """When something is next to happen to a call, unix ms; for one that is over, when it ended."""
    match call.state:
        case CallState.SCHEDULED:
            if call.step >= _FALL_DUE:
                return call.due
            return call.due - times.length(rules.assign_before if call.step == _ASSIGN else rules.remind_before)
        case CallState.DUE:
            if call.rung >= len(rules.ladder):
                return NEVER
            return times.after(calendar, call.due, rules.ladder[call.rung].after)
        case CallState.CLAIMED:
            return call.claimed_until
        case _:
            return call.ended


def advanced(
    call: Call, now: int, *, known: str | None, desk: StaffOnShift, rules: CallRules, calendar: Calendar
) -> tuple[Call, list[DueReminder]]:
    """The call as it is by now, and who is owed a reminder of it, however much time went by since it was looked at.

    ``known`` is who of the staff spoke to this customer before.
    """
    version, owed = call.v, list[DueReminder]()
    while call.is_open and next_at(call, rules, calendar) <= now:
        call, more = _step(call, now, known, desk, rules)
        owed += more
    greatest: dict[str, DueReminder] = {}
    for one in owed:
        if one.staff.id not in greatest or greatest[one.staff.id].kind < one.kind:
            greatest[one.staff.id] = one
    return _version(call, version), [DueReminder(one.staff, call, one.kind, now) for one in greatest.values()]


def _step(
    call: Call, now: int, known: str | None, desk: StaffOnShift, rules: CallRules
) -> tuple[Call, list[DueReminder]]:
    match call.state:
        case CallState.CLAIMED:
            lapsed = moved(call, CallState.DUE, claimed_until=0, history=noted(call, now, "lapsed", call.assignee))
            holder = desk.active(call.assignee)
            return lapsed, [DueReminder(holder, lapsed, ReminderKind.OVERDUE, now)] if holder else []
        case CallState.DUE:
            return _climb(call, now, desk, rules)
        case _ if call.step == _ASSIGN:
            return _assigned(call, now, known, desk), []
        case _ if call.step == _TELL:
            told = moved(call, CallState.SCHEDULED, step=_FALL_DUE)
            holder = desk.active(call.assignee)
            return told, [DueReminder(holder, told, ReminderKind.SOON, now)] if holder and call.due > now else []
        case _:
            if desk.present(call.assignee, now) is None:
                call = _assigned(call, now, known, desk)
            due = moved(call, CallState.DUE, rung=0)
            holder = desk.active(due.assignee)
            staff = [holder] if holder else desk.on_shift(Role.AGENT, now, sources=call.sources)
            return due, [DueReminder(one, due, ReminderKind.DUE if holder else ReminderKind.POOL, now) for one in staff]


def _assigned(call: Call, now: int, known: str | None, desk: StaffOnShift) -> Call:
    at = max(now, call.due)
    if desk.present(call.assignee, at):
        return moved(call, CallState.SCHEDULED, step=_TELL)
    chosen = desk.choose(at, known=known, sources=call.sources)
    history = noted(call, now, "assigned", chosen) if chosen else call.history
    return moved(call, CallState.SCHEDULED, step=_TELL, assignee=chosen, history=history)


def _climb(call: Call, now: int, desk: StaffOnShift, rules: CallRules) -> tuple[Call, list[DueReminder]]:
    """The next step of the ladder: nobody has touched this call."""
    to, rung, holder = rules.ladder[call.rung].to, call.rung + 1, desk.active(call.assignee)
    if to is To.ASSIGNEE and holder:
        call = moved(call, CallState.DUE, rung=rung)
        return call, [DueReminder(holder, call, ReminderKind.OVERDUE, now)]
    if to is To.POOL and call.assignee:
        former = call.assignee
        call = moved(
            call, CallState.DUE, rung=rung, assignee=None, history=noted(call, now, "to the pool", call.assignee)
        )
        agents = desk.on_shift(Role.AGENT, now, sources=call.sources)
        others = [one for one in agents if one.id != former] or agents  # better the same again than nobody
        return call, [DueReminder(one, call, ReminderKind.POOL, now) for one in others]
    if to is To.SUPERVISOR and (supervisors := desk.supervisors(now, sources=call.sources)):
        chosen = min(supervisors, key=lambda one: (desk.loads.get(one.id, 0), one.id))
        desk.loads[chosen.id] = desk.loads.get(chosen.id, 0) + 1
        call = moved(
            call, CallState.DUE, rung=rung, assignee=chosen.id, history=noted(call, now, "escalated", chosen.id)
        )
        return call, [DueReminder(chosen, call, ReminderKind.ESCALATED, now)]
    return moved(call, CallState.DUE, rung=rung), []


def noted(
    call: Call, now: int, what: str, by: str | None = None, note: str = "", *, to: str = ""
) -> tuple[HistoryEntry, ...]:
    """The history with one more line."""
    return (*call.history, HistoryEntry(now, what, by or "", note, to))


def _version(call: Call, before: int) -> Call:
    """All that happened at one look is one version."""
    return replace(call, v=before + 1) if call.v > before else call
