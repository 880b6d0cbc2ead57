"""Planning: reasons to call join the customer's one open call, and leave it when their order takes a turn. Pure."""

from collections.abc import Collection, Iterable, Sequence

from notifier.domain.calls import Call, CallState, HistoryEntry, ReasonToCall, customer_of, moved
from scheduler import times
from scheduler.calendar import Calendar
from scheduler.rules import CallRules

_NO_AGING = 10**13
"""Ms that one step of priority is worth where calls do not age: more than lies between any two of them."""


def revised(
    call: Call | None,
    *,
    leaving: Collection[str],
    joining: Sequence[ReasonToCall],
    phone: str | None,
    name: str | None,
    now: int,
    rules: CallRules,
    calendar: Calendar,
) -> Call | None:
    """The customer's open call after reasons left it and others joined; None where there is none and need be none.

    The same call is returned when nothing changes. It has the earliest time and the highest priority of its reasons,
    unless somebody named its time. Without a reason left it is cancelled; with only new ones it serves those.
    """
    if call is None:
        return _new(joining, phone, name, now, rules, calendar) if joining else None
    left = tuple(reason for reason in call.reasons if reason.id not in leaving)
    known = {reason.id for reason in left}
    joining = [reason for reason in joining if reason.id not in known]
    if len(left) == len(call.reasons) and not joining:
        return call
    reasons = (*left, *joining)
    if not reasons:
        return moved(call, CallState.CANCELLED, ended=now, history=_noted(call, now, "cancelled"))
    history = _noted(call, now, "revised") if call.history else ()
    if call.state is CallState.CLAIMED:  # it is somebody's turn: what is new reaches them in the brief
        return moved(call, CallState.CLAIMED, reasons=reasons, history=history)
    if call.fixed or not left:
        due = call.due if call.fixed else min(reason.due for reason in reasons)
    elif call.tried:  # between two tries: only what is more urgent moves it
        due = min([call.due, *(reason.due for reason in joining)])
    elif call.state is CallState.DUE and len(left) == len(call.reasons):
        due = call.due
    else:
        due = min(reason.due for reason in reasons)
    due = due if call.fixed else calendar.working(due)
    if call.state is CallState.DUE and due <= now:
        return moved(call, CallState.DUE, reasons=reasons, history=history)
    return moved(
        call,
        CallState.SCHEDULED,
        reasons=reasons,
        history=history,
        due=due,
        late=_late(reasons, due, rules, calendar),
        step=call.step if due == call.due and call.state is CallState.SCHEDULED else int(call.assignee is not None),
        rung=0,
        name=call.name or name,
    )


def rescheduled(call: Call, due: int, *, fixed: bool, rules: CallRules, calendar: Calendar, **changes: object) -> Call:
    """The call at another time; whoever has it keeps it."""
    assignee = changes.get("assignee", call.assignee)
    return moved(
        call,
        CallState.SCHEDULED,
        due=due,
        late=_late(call.reasons, due, rules, calendar),
        fixed=fixed,
        step=int(assignee is not None),
        rung=0,
        claimed_until=0,
        **changes,
    )


def urgency(call: Call, now: int, rules: CallRules) -> float:
    """The priority of a call, which grows while it waits past its time."""
    waited = max(0, now - call.due)
    return call.first.priority + (waited / times.length(rules.aging) if rules.aging else 0)


def rank(call: Call, rules: CallRules) -> int:
    """What orders calls that are due as their urgency does, the smallest first, and stays while they wait."""
    weight = times.length(rules.aging) or _NO_AGING
    return call.due - call.first.priority * weight


def by_urgency(calls: Iterable[Call], now: int, rules: CallRules) -> list[Call]:
    """The most urgent first; of equally urgent ones, what was due first."""
    return sorted(calls, key=lambda call: (-urgency(call, now, rules), call.due, call.id))


def _new(
    reasons: Sequence[ReasonToCall], phone: str | None, name: str | None, now: int, rules: CallRules, calendar: Calendar
) -> Call:
    due = min([reason.due for reason in reasons])
    return Call(
        v=1,
        id=reasons[0].id,
        phone=phone,
        known_as="" if phone else customer_of(None, reasons[0].source, reasons[0].order_id),
        name=name,
        due=due,
        late=_late(reasons, due, rules, calendar),
        created=now,
        reasons=tuple(reasons),
    )


def _late(reasons: Sequence[ReasonToCall], due: int, rules: CallRules, calendar: Calendar) -> int:
    return times.after(calendar, due, min([rules.purpose(reason.purpose).within for reason in reasons]))


def _noted(call: Call, now: int, what: str) -> tuple[HistoryEntry, ...]:
    return (*call.history, HistoryEntry(now, what))
