"""How a call is written: its record and its places, in one unit of work that holds for one version only."""

from notifier.domain.calls import TRANSITIONS, Call, CallState
from notifier.domain.errors import IllegalTransition
from notifier.store import daily
from notifier.store.keys import Keys
from notifier.store.records import as_value
from notifier.store.work import UnitOfWork
from scheduler import planning, steps
from scheduler.calendar import Calendar
from scheduler.rules import CallRules


def require(unit: UnitOfWork, keys: Keys, customer: str, call: Call | None) -> None:
    """The unit holds only while this is the customer's open call, at this version."""
    unit.require_field(keys.open_calls, customer, call.id if call else "")
    if call:
        unit.require_version(keys.call(call.id), call.v)


def ready(keys: Keys, call: Call) -> str | None:
    """Where a call waits that is to be made now: with whoever has it, or with those that nobody has."""
    if call.state not in (CallState.DUE, CallState.CLAIMED):
        return None
    return keys.ready(call.assignee) if call.assignee else keys.pool


def write(
    unit: UnitOfWork, keys: Keys, before: Call | None, call: Call, *, rules: CallRules, calendar: Calendar
) -> None:
    """The call as it is now, instead of ``before``. Raises IllegalTransition for what TRANSITIONS does not allow."""
    unit.do("SET", keys.call(call.id), as_value(call))
    place = ready(keys, call)
    if before is not None:
        if call.state not in TRANSITIONS[before.state]:
            raise IllegalTransition(f"call {call.id} that is {before.state} cannot become {call.state}")
        if before.state is not call.state:
            unit.do("ZREM", keys.calls(before.state), call.id)
        if before.assignee and (before.assignee != call.assignee or not call.is_open):
            unit.do("ZREM", keys.assigned(before.assignee), call.id)
        if call.state is CallState.CANCELLED and not call.tried and before.late < call.ended:
            daily.missed(unit, keys, call.ended, before.assignee, source=before.source, purpose=before.purpose)
        former = ready(keys, before)
        if former and former != place:
            unit.do("ZREM", former, call.id)
    unit.index(keys.calls(call.state), steps.next_at(call, rules, calendar), call.id)
    if call.fixed and call.is_open:
        unit.do("ZADD", keys.promised, call.due, call.id)
    elif before is not None and before.fixed:
        unit.do("ZREM", keys.promised, call.id)
    if call.assignee and call.is_open:
        unit.do("ZADD", keys.assigned(call.assignee), call.due, call.id)
    if place:
        unit.do("ZADD", place, planning.rank(call, rules), call.id)
    if before is None:
        daily.planned(unit, keys, call.created, source=call.source)
        unit.put(keys.open_calls, call.customer, call.id)
    elif before.is_open and not call.is_open:
        unit.do("HDEL", keys.open_calls, before.customer)
    elif call.is_open and not before.is_open:  # its end is taken back
        unit.put(keys.open_calls, call.customer, call.id)
