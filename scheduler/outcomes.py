"""What an attempt to reach a customer brings. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from notifier.domain.calls import Call, CallState, Purpose, ReasonToCall, moved
from notifier.domain.events import Event
from notifier.errors import NotifierError
from scheduler import times
from scheduler.calendar import Calendar
from scheduler.planning import rescheduled
from scheduler.rules import CallRules, Consequence, Outcome
from scheduler.steps import noted


class Deposit(StrEnum):
    """What support saw at the bank."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Satisfaction(StrEnum):
    """How content a customer is with what was delivered, in their own words."""

    SATISFIED = "satisfied"
    PARTLY = "partly"
    DISSATISFIED = "dissatisfied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody of the staff says of a call. ``at`` is the time the customer named, unix ms; ``anyone`` says that
    whoever is there may call then. ``agreed`` is news of a time of delivery, ``agreed_before`` the one before it."""

    by: str
    outcome: Outcome
    note: str = ""
    at: int | None = None
    deposit: Deposit | None = None
    satisfaction: Satisfaction | None = None
    order_id: str | None = None
    anyone: bool = False
    agreed: Event | None = None
    agreed_before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The call after a report, and what else is to be done. ``settled`` are the reasons a deposit was looked up for."""

    call: Call
    consequence: Consequence | None = None
    settled: Sequence[ReasonToCall] = field(default_factory=tuple)


class UnclearReport(NotifierError, ValueError):
    """A report that cannot be followed; the text says what is missing."""


def result(call: Call, report: Report, *, now: int, rules: CallRules, calendar: Calendar) -> Result:
    """What becomes of an open call. Raises UnclearReport."""
    settled = _settled(call, report)
    _require_asked(call, report)
    rule, tried = rules.outcome(report.outcome), call.tried.get(report.outcome, 0) + 1
    what = f"{report.outcome}, deposit {report.deposit}" if report.deposit else str(report.outcome)
    what += f", satisfaction {report.satisfaction}" if report.satisfaction else ""
    changes: dict[str, Any] = {
        "tried": call.tried | {report.outcome: tried},
        "history": noted(call, now, what, report.by, report.note),
        "assignee": report.by,
    }
    left = tuple(reason for reason in call.reasons if reason not in settled)
    if not left:
        return Result(call=_over(call, CallState.DONE, now, changes), consequence=Consequence.DONE, settled=settled)
    if report.outcome is Outcome.CALLBACK:
        if report.at is None:
            raise UnclearReport("For callback say when the customer wants to be called, in `at`.")
        if report.at <= now:
            raise UnclearReport("`at` has passed; a callback must lie in the future.")
        if tried < rule.limit:
            whose = {"assignee": None} if report.anyone else {}
            again = _again(call, report.at, True, left, rules, calendar, changes | whose)
            return Result(call=again, settled=settled)
    elif rule.retry is not None and tried < rule.limit:
        due = times.after(calendar, now, rule.retry)
        return Result(call=_again(call, due, False, left, rules, calendar, changes), settled=settled)
    ends = CallState.DONE if rule.then in (Consequence.DONE, Consequence.DO_NOT_CALL) else CallState.EXHAUSTED
    return Result(call=_over(call, ends, now, changes), consequence=rule.then, settled=settled)


def _require_asked(call: Call, report: Report) -> None:
    if report.satisfaction is None:
        return
    if all(reason.purpose is not Purpose.SATISFACTION for reason in call.reasons):
        raise UnclearReport("This call does not ask how content a customer is; leave `satisfaction` out.")
    if report.outcome is not Outcome.REACHED:
        raise UnclearReport("Only who was reached can have said how content they are; leave `satisfaction` out.")


def _settled(call: Call, report: Report) -> tuple[ReasonToCall, ...]:
    if report.deposit is None:
        return ()
    found = [reason for reason in call.reasons if reason.purpose is Purpose.VERIFY_DEPOSIT]
    if not found:
        raise UnclearReport("This call is not about a deposit to be verified; leave `deposit` out.")
    if report.order_id is not None:
        found = [reason for reason in found if reason.order_id == report.order_id]
        if not found:
            raise UnclearReport(f"This call has no deposit to verify of an order {report.order_id!r}.")
    if len({(reason.source, reason.order_id) for reason in found}) > 1:
        orders = ", ".join(sorted({reason.order_id for reason in found}))
        raise UnclearReport(
            f"This call is about the deposits of several orders ({orders}); say which one in `order_id`."
        )
    return tuple(found)


def _again(
    call: Call,
    due: int,
    fixed: bool,
    left: tuple[ReasonToCall, ...],
    rules: CallRules,
    calendar: Calendar,
    changes: dict[str, Any],
) -> Call:
    return rescheduled(call, due, fixed=fixed, rules=rules, calendar=calendar, reasons=left, **changes)


def _over(call: Call, state: CallState, now: int, changes: dict[str, Any]) -> Call:
    return moved(call, state, ended=now, claimed_until=0, **changes)
