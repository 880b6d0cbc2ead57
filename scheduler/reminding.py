"""Which reminders go out now: gathered for each of the staff, and never outside their shifts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notifier.domain.calls import Call, CallState
from notifier.store.staff import Staff
from scheduler import times
from scheduler.assignment import StaffOnShift
from scheduler.rules import CallRules
from scheduler.steps import ReminderKind

DIGEST_WITHIN = 30 * 60_000
"""Ms from the start of a shift in which its digest makes sense; who comes later has reminders."""

_WITHOUT_HOLDER = frozenset({ReminderKind.POOL, ReminderKind.WRONG_NUMBER})


@dataclass(frozen=True, slots=True)
class PendingReminder:
    """A reminder that is owed, as it is kept: who, of which call, why and since when (unix ms)."""

    staff_id: str
    call_id: str
    kind: ReminderKind
    at: int

    @property
    def field(self) -> str:
        return f"{self.staff_id}|{self.call_id}"

    @property
    def value(self) -> str:
        return f"{self.kind.value}:{self.at}"

    @classmethod
    def read(cls, field: str, value: str) -> "PendingReminder":
        staff_id, _, call_id = field.rpartition("|")
        kind, _, at = value.partition(":")
        return cls(staff_id, call_id, ReminderKind(int(kind)), int(at))


@dataclass(frozen=True, slots=True)
class ReminderBatch:
    """What one of the staff is told now. ``paid`` are all debts that this settles, also those that lost their sense."""

    staff: Staff
    calls: Sequence[tuple[Call, ReminderKind]]
    paid: Sequence[PendingReminder]


def gathered(
    debts: Iterable[PendingReminder],
    calls: Mapping[str, Call],
    last: Mapping[str, int],
    *,
    now: int,
    desk: StaffOnShift,
    rules: CallRules,
) -> tuple[list[ReminderBatch], list[PendingReminder]]:
    """What each is told now, and the debts to be dropped. ``last`` is when each was reminded last."""
    by_staff: dict[str, list[PendingReminder]] = {}
    for debt in debts:
        by_staff.setdefault(debt.staff_id, []).append(debt)
    found, dropped = [], list[PendingReminder]()
    for staff_id, owed in sorted(by_staff.items()):
        staff = desk.active(staff_id)
        alive = [debt for debt in owed if staff and still_owed(debt, calls.get(debt.call_id), now, rules)]
        if staff is None or not alive:
            dropped += owed
            continue
        if now - last.get(staff_id, 0) < times.length(rules.gather):
            continue
        told = [(calls[debt.call_id], debt.kind) for debt in alive]
        # A time that somebody named is kept as named; all else waits for the shift.
        if desk.shifts.on(staff, now) or any(call.fixed and kind <= ReminderKind.DUE for call, kind in told):
            told.sort(key=lambda row: (-row[1], row[0].due))
            found.append(ReminderBatch(staff, told, owed))
    return found, dropped


def still_owed(debt: PendingReminder, call: Call | None, now: int, rules: CallRules) -> bool:
    """Whether a reminder makes sense yet: the call may have been made, put off or given to somebody else."""
    if call is None:
        return False
    if debt.kind is ReminderKind.WRONG_NUMBER:
        return True
    if call.state is CallState.SCHEDULED:
        return call.assignee == debt.staff_id and call.due - times.length(rules.remind_before) <= now
    if call.state is not CallState.DUE:
        return False
    return call.assignee is None if debt.kind in _WITHOUT_HOLDER else call.assignee == debt.staff_id


def digest_of(calls: Iterable[Call], until: int) -> list[Call]:
    """The calls of a day, the earliest first."""
    return sorted((call for call in calls if call.is_open and call.due < until), key=lambda call: call.due)
