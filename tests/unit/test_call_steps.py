"""What time does to a call, however late it is looked at."""

from call_fixtures import BOSS, CALENDAR, NIGHT, REZA, RULES, SARA, at, desk, planned, reason
from msgspec.structs import replace

from notifier.domain.calls import Call, CallState, Purpose
from notifier.store.staff import Staff
from scheduler import reminding, steps
from scheduler.assignment import StaffOnShift
from scheduler.reminding import PendingReminder
from scheduler.steps import DueReminder, ReminderKind


def advanced(call: Call, now: int, room: StaffOnShift, known: str | None = None) -> tuple[Call, list[DueReminder]]:
    return steps.advanced(call, now, known=known, desk=room, rules=RULES, calendar=CALENDAR)


def test_the_least_loaded_on_shift_gets_the_call() -> None:
    call, owed = advanced(planned(reason("1", due=at(16))), at(10), desk(loads={"sara": 3, "reza": 1}))
    assert (call.assignee, call.state, owed) == ("reza", CallState.SCHEDULED, [])


def test_who_knows_the_customer_gets_the_call() -> None:
    call, _ = advanced(planned(reason("1", due=at(16))), at(10), desk(loads={"sara": 9}), known="sara")
    assert call.assignee == "sara"


def test_nobody_on_shift_leaves_it_to_the_pool() -> None:
    call, owed = advanced(planned(reason("1", due=at(16))), at(16), desk(NIGHT))
    assert (call.assignee, call.state, owed) == (None, CallState.DUE, [])


def test_its_holder_is_told_before_and_when_it_is_due() -> None:
    call, owed = advanced(planned(reason("1", due=at(16))), at(15, 45), desk(SARA))
    assert [(one.staff, one.kind) for one in owed] == [(SARA, ReminderKind.SOON)]
    call, owed = advanced(call, at(15, 59), desk(SARA))
    assert owed == []
    call, owed = advanced(call, at(16), desk(SARA))
    assert (call.state, [(one.staff, one.kind) for one in owed]) == (CallState.DUE, [(SARA, ReminderKind.DUE)])


def test_the_ladder() -> None:
    call, _ = advanced(planned(reason("1", due=at(10))), at(10), desk(SARA, REZA, BOSS))
    holder = SARA if call.assignee == "sara" else REZA
    other = REZA if holder is SARA else SARA
    told: list[tuple[Staff, ReminderKind]] = []
    for minute in range(1, 180):
        call, owed = advanced(call, at(10) + minute * 60_000, desk(SARA, REZA, BOSS))
        told += [(one.staff, one.kind) for one in owed]
    assert told == [(holder, ReminderKind.OVERDUE), (other, ReminderKind.POOL), (BOSS, ReminderKind.ESCALATED)]
    assert call.assignee == "boss"


def test_a_night_is_no_working_time() -> None:
    call, _ = advanced(planned(reason("1", due=at(17, 55))), at(17, 55), desk())
    call, owed = advanced(call, at(9, 5, days=1), desk())
    assert (owed, call.rung) == ([], 0)
    _, owed = advanced(call, at(9, 10, days=1), desk())
    assert [one.kind for one in owed] == [ReminderKind.OVERDUE]


def test_a_claim_lapses() -> None:
    call = replace(planned(), state=CallState.CLAIMED, assignee="sara", claimed_until=at(10, 35))
    assert advanced(call, at(10, 34), desk()) == (call, [])
    lapsed, owed = advanced(call, at(10, 35), desk())
    assert (lapsed.state, [(one.staff, one.kind) for one in owed]) == (CallState.DUE, [(SARA, ReminderKind.OVERDUE)])


def test_who_left_has_their_calls_taken_over() -> None:
    call = replace(planned(reason("1", due=at(16))), assignee="sara", step=2)
    call, owed = advanced(call, at(16), desk(replace(SARA, active=False), REZA))
    assert call.assignee == "reza"
    assert [one.staff for one in owed] == [REZA]


def test_after_a_month_away_each_is_owed_one_reminder_of_a_call() -> None:
    call, owed = advanced(planned(reason("1", due=at(10))), at(10, days=30), desk())
    assert len({one.staff.id for one in owed}) == len(owed)
    assert steps.next_at(call, RULES, CALENDAR) == steps.NEVER
    assert call.v == 2


def test_forty_debts_are_one_reminder() -> None:
    calls = {
        str(number): replace(planned(reason(str(number), due=at(10))), state=CallState.DUE, assignee="sara")
        for number in range(40)
    }
    debts = [PendingReminder("sara", name, ReminderKind.DUE, at(3)) for name in calls]
    found, dropped = reminding.gathered(debts, calls, {}, now=at(10), desk=desk(), rules=RULES)
    assert [(one.staff, len(one.calls), len(one.paid)) for one in found] == [(SARA, 40, 40)]
    assert dropped == []


def test_nothing_is_said_at_night_or_too_soon() -> None:
    call = replace(planned(reason("1", due=at(17, 50))), state=CallState.DUE, assignee="sara")
    debt = PendingReminder("sara", "1", ReminderKind.DUE, at(17, 50))

    def told(now: int, last: dict[str, int]) -> int:
        return len(reminding.gathered([debt], {"1": call}, last, now=now, desk=desk(), rules=RULES)[0])

    assert told(at(17, 55), {}) == 1
    assert told(at(17, 55), {"sara": at(17, 53)}) == 0
    assert told(at(18), {}) == 0
    assert told(at(2, days=1), {}) == 0
    assert told(at(9, days=1), {}) == 1


def test_a_time_set_by_hand_is_not_held_back() -> None:
    call = replace(planned(), fixed=True, due=at(21), state=CallState.DUE, assignee="sara")
    debt = PendingReminder("sara", "1", ReminderKind.DUE, at(21))
    assert reminding.gathered([debt], {"1": call}, {}, now=at(21), desk=desk(), rules=RULES)[0]


def test_reminders_that_lost_their_sense_are_dropped() -> None:
    call = replace(planned(), state=CallState.DUE, assignee="sara")
    debt = PendingReminder("sara", "1", ReminderKind.DUE, at(10))
    for changed in (
        replace(call, state=CallState.DONE),
        replace(call, state=CallState.CLAIMED),
        replace(call, assignee="reza"),
        replace(call, state=CallState.SCHEDULED, due=at(16)),
        None,
    ):
        calls = {"1": changed} if changed else {}
        found, dropped = reminding.gathered([debt], calls, {}, now=at(10), desk=desk(), rules=RULES)
        assert (found, dropped) == ([], [debt])


def test_a_customer_is_no_recipient() -> None:
    """A reminder is owed to a ``Staff``, and a call holds none."""
    assert DueReminder.__annotations__["staff"] is Staff
    call, owed = advanced(planned(reason("1", Purpose.REASSURANCE, at(10))), at(12), desk())
    assert owed
    assert all(one.staff.phone != call.phone for one in owed)
