"""A support desk for tests: calls, staff and rules without a store."""

from datetime import datetime, timedelta
from typing import Any

from notifier.clock import TEHRAN
from notifier.domain.calls import Call, Purpose, ReasonToCall
from notifier.store.records import ms
from notifier.store.staff import Role, Staff
from scheduler import planning
from scheduler.assignment import Shifts, StaffOnShift
from scheduler.calendar import Calendar
from scheduler.rules import PURPOSES, CallRules

HOURS = {
    **{day: ["09:00-13:00", "14:00-18:00"] for day in ("saturday", "sunday", "monday", "tuesday", "wednesday")},
    "thursday": ["09:00-13:00"],
}
CALENDAR = Calendar.of(HOURS)
RULES = CallRules()
TEN = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)  # a Monday
PHONE = "09121234567"

SARA = Staff(id="sara", name="سارا", phone="09301110001")
REZA = Staff(id="reza", name="رضا", phone="09301110002")
NIGHT = Staff(id="night", name="شب‌کار", phone="09301110003", shifts={"monday": ["20:00-02:00"]})
BOSS = Staff(id="boss", name="سرپرست", phone="09301110009", role=Role.SUPERVISOR)


def at(hour: int, minute: int = 0, *, days: int = 0) -> int:
    """A time of the Monday, or so many days after it, in unix ms."""
    return ms(TEN.replace(hour=hour, minute=minute) + timedelta(days=days))


def reason(
    name: str, purpose: Purpose = Purpose.REASSURANCE, due: int | None = None, order: str = "10025"
) -> ReasonToCall:
    return ReasonToCall(name, purpose, order, "shop", at(10, 15) if due is None else due, PURPOSES[purpose].priority)


def revised(
    call: Call | None, *joining: ReasonToCall, leaving: tuple[str, ...] = (), now: int | None = None
) -> Call | None:
    return planning.revised(
        call,
        leaving=leaving,
        joining=joining,
        phone=PHONE,
        name="مشتری",
        now=at(10) if now is None else now,
        rules=RULES,
        calendar=CALENDAR,
    )


def planned(*joining: ReasonToCall, **more: Any) -> Call:
    """A call that is planned for these reasons."""
    call = revised(None, *(joining or (reason("1"),)), **more)
    assert call is not None
    return call


def desk(*staff: Staff, loads: dict[str, int] | None = None) -> StaffOnShift:
    return StaffOnShift(staff or (SARA, REZA, BOSS), Shifts(CALENDAR), dict(loads or {}))
