"""Who calls the customers of which shop."""

from call_fixtures import BOSS, CALENDAR, REZA, RULES, SARA, at, desk, planned, reason
from msgspec.structs import replace

from notifier.domain.calls import Call, CallState, ReasonToCall
from notifier.store.staff import Role
from scheduler import steps
from scheduler.steps import ReminderKind

OF_WOO = replace(SARA, sources=("woo",))
OF_SHOP = replace(REZA, sources=("shop",))


def of(source: str, name: str = "1") -> ReasonToCall:
    one = reason(name, due=at(10, 15))
    return ReasonToCall(one.id, one.purpose, one.order_id, source, one.due, one.priority)


def given(call: Call, *staff: object, known: str | None = None, now: int = at(10)) -> str | None:
    room = desk(*staff, loads={"reza": 9})  # type: ignore[arg-type]
    return steps.advanced(call, now, known=known, desk=room, rules=RULES, calendar=CALENDAR)[0].assignee


def test_who_serves_what() -> None:
    assert SARA.serves({"shop"})
    assert OF_WOO.serves({"woo"})
    assert not OF_WOO.serves({"shop"})
    assert OF_WOO.serves({"woo", "shop"})  # else a customer of both would be nobody's
    assert OF_WOO.serves({""})
    assert OF_WOO.serves(set())


def test_a_call_goes_to_somebody_of_its_shop_however_loaded() -> None:
    assert given(planned(of("shop")), OF_WOO, OF_SHOP) == "reza"
    assert given(planned(of("woo")), OF_WOO, OF_SHOP) == "sara"
    assert given(planned(of("shop")), OF_WOO, REZA) == "reza"
    assert given(planned(of("shop")), SARA, OF_SHOP) == "sara"


def test_who_knows_the_customer_but_not_the_shop_does_not_get_it() -> None:
    assert given(planned(of("shop")), OF_WOO, OF_SHOP, known="sara") == "reza"


def test_a_call_that_nobody_there_serves_is_left_and_climbs_to_a_supervisor() -> None:
    call = planned(of("shop"))
    call, owed = steps.advanced(call, at(10, 15), known=None, desk=desk(OF_WOO, BOSS), rules=RULES, calendar=CALENDAR)
    assert (call.assignee, call.state, owed) == (None, CallState.DUE, [])
    call, owed = steps.advanced(call, at(14), known=None, desk=desk(OF_WOO, BOSS), rules=RULES, calendar=CALENDAR)
    assert [(one.staff.id, one.kind) for one in owed] == [("boss", ReminderKind.ESCALATED)]


def test_a_supervisor_of_the_shop_is_told_first_and_any_where_there_is_none() -> None:
    mine, other = replace(BOSS, sources=("shop",)), replace(BOSS, id="chief", sources=("woo",), role=Role.SUPERVISOR)
    assert desk(mine, other).supervisors(at(10), sources={"woo"}) == [other]
    assert desk(mine).supervisors(at(10), sources={"woo"}) == [mine]


def test_calls_are_divided_among_those_of_their_shops() -> None:
    whose = desk(OF_WOO, OF_SHOP).dealt([{"woo"}, {"woo"}, {"shop"}, {"third"}], at(10))
    assert whose == ["sara", "sara", "reza", None]
    assert desk(SARA, REZA).dealt([{"woo"}] * 3, at(10)) == ["reza", "sara", "reza"]
