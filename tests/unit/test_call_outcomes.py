"""What each outcome brings."""

import pytest
from call_fixtures import CALENDAR, RULES, at, planned, reason
from msgspec.structs import replace

from notifier.domain.calls import Call, CallState, Purpose
from scheduler import outcomes
from scheduler.outcomes import Deposit, Report, Result, UnclearReport
from scheduler.rules import Consequence, Outcome


def result(call: Call, outcome: Outcome, now: int | None = None, **more: object) -> Result:
    report = Report(by="sara", outcome=outcome, **more)  # type: ignore[arg-type]
    return outcomes.result(call, report, now=at(10) if now is None else now, rules=RULES, calendar=CALENDAR)


def due(*reasons: object) -> Call:
    return replace(planned(*reasons), state=CallState.DUE, assignee="sara")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "state", "consequence"),
    [
        (Outcome.REACHED, CallState.DONE, Consequence.DONE),
        (Outcome.REFUSED, CallState.DONE, Consequence.DO_NOT_CALL),
        (Outcome.WRONG_NUMBER, CallState.EXHAUSTED, Consequence.TELL_SUPERVISOR),
    ],
)
def test_what_ends_a_call(outcome: Outcome, state: CallState, consequence: Consequence) -> None:
    found = result(due(), outcome, note="یادداشت")
    assert (found.call.state, found.consequence) == (state, consequence)
    assert found.call.history[-1].note == "یادداشت"


@pytest.mark.parametrize(("outcome", "minutes"), [(Outcome.NO_ANSWER, 120), (Outcome.BUSY, 15)])
def test_what_is_tried_again(outcome: Outcome, minutes: int) -> None:
    call, limit = due(), RULES.outcome(outcome).limit
    for tried in range(1, limit):
        found = result(call, outcome)
        call = found.call
        assert (call.state, call.due, call.tried[outcome]) == (CallState.SCHEDULED, at(10) + minutes * 60_000, tried)
        assert call.assignee == "sara"
    last = result(call, outcome)
    assert (last.call.state, last.consequence) == (CallState.EXHAUSTED, Consequence.EXHAUSTED)


def test_a_retry_waits_for_working_time() -> None:
    assert result(due(), Outcome.NO_ANSWER, at(17)).call.due == at(10, days=1)


def test_a_callback_is_kept_as_the_customer_named_it() -> None:
    call = result(due(), Outcome.CALLBACK, at=at(21, 7, days=4)).call  # a Friday evening
    assert (call.state, call.due, call.fixed) == (CallState.SCHEDULED, at(21, 7, days=4), True)


@pytest.mark.parametrize("named", [None, at(9)])
def test_a_callback_needs_a_time_to_come(named: int | None) -> None:
    with pytest.raises(UnclearReport, match="`at`"):
        result(due(), Outcome.CALLBACK, at=named)


def test_a_verified_deposit_is_settled() -> None:
    verify = reason("1", Purpose.VERIFY_DEPOSIT)
    found = result(due(verify), Outcome.NO_ANSWER, deposit=Deposit.CONFIRMED)
    assert (found.call.state, list(found.settled)) == (CallState.DONE, [verify])


def test_other_reasons_outlive_a_settled_deposit() -> None:
    found = result(
        due(reason("1", Purpose.VERIFY_DEPOSIT), reason("2", order="10026")),
        Outcome.NO_ANSWER,
        deposit=Deposit.REJECTED,
    )
    assert (found.call.state, [one.id for one in found.call.reasons]) == (CallState.SCHEDULED, ["2"])


def test_a_deposit_must_be_one_that_is_asked_about() -> None:
    with pytest.raises(UnclearReport, match="not about a deposit"):
        result(due(), Outcome.REACHED, deposit=Deposit.CONFIRMED)
    two = due(reason("1", Purpose.VERIFY_DEPOSIT), reason("2", Purpose.VERIFY_DEPOSIT, order="10026"))
    with pytest.raises(UnclearReport, match="several orders"):
        result(two, Outcome.REACHED, deposit=Deposit.CONFIRMED)
    assert [one.id for one in result(two, Outcome.REACHED, deposit=Deposit.CONFIRMED, order_id="10026").settled] == [
        "2"
    ]
    with pytest.raises(UnclearReport, match="no deposit to verify"):
        result(two, Outcome.REACHED, deposit=Deposit.CONFIRMED, order_id="1")
