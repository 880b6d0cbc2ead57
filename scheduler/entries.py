"""How a call is written: its record and its places, in one unit of work that holds for one version only."""

from notifier.domain.calls import TRANSITIONS, Call
from notifier.domain.errors import IllegalTransition
from notifier.store import daily
from notifier.store.keys import Keys
from notifier.store.records import as_text
from notifier.store.work import UnitOfWork
from scheduler import steps
from scheduler.calendar import Calendar
from scheduler.rules import CallRules


def require(unit: UnitOfWork, keys: Keys, customer: str, call: Call | None) -> None:
    """The unit holds only while this is the customer's open call, at this version."""
    unit.require_field(keys.open_calls, customer, call.id if call else "")
    if call:
        unit.require_version(keys.call(call.id), call.v)


def write(
    unit: UnitOfWork, keys: Keys, before: Call | None, call: Call, *, rules: CallRules, calendar: Calendar
) -> None:
    """The call as it is now, instead of ``before``. Raises IllegalTransition for what TRANSITIONS does not allow."""
    unit.do("SET", keys.call(call.id), as_text(call))
    if before is not None:
        if call.state not in TRANSITIONS[before.state]:
            raise IllegalTransition(f"call {call.id} that is {before.state} cannot become {call.state}")
        if before.state is not call.state:
            unit.do("ZREM", keys.calls(before.state), call.id)
        if before.assignee and (before.assignee != call.assignee or not call.is_open):
            unit.do("ZREM", keys.assigned(before.assignee), call.id)
    unit.index(keys.calls(call.state), steps.next_at(call, rules, calendar), call.id)
    if call.is_open and call.assignee:
        unit.do("ZADD", keys.assigned(call.assignee), call.due, call.id)
    if before is None:
        daily.planned(unit, keys, call.created)
        unit.do("HSET", keys.open_calls, call.customer, call.id)
    elif not call.is_open:
        unit.do("HDEL", keys.open_calls, before.customer)
