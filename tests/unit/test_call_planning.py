"""One open call a customer: reasons join it and leave it."""

import pytest
from call_fixtures import PHONE, RULES, at, planned, reason, revised
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifier.domain.calls import FINAL, OPEN, TRANSITIONS, Call, CallState, Purpose, moved
from notifier.domain.errors import IllegalTransition
from notifier.store.records import decode, encode
from scheduler import planning


def test_a_further_reason_joins_the_open_call() -> None:
    call = planned(reason("1", Purpose.SATISFACTION, at(16)))
    joined = revised(call, reason("2", Purpose.REASSURANCE, at(11), order="10026"))
    assert joined is not None
    assert joined.id == call.id
    assert joined.due == at(11)
    assert joined.purpose is Purpose.REASSURANCE
    assert [one.id for one in joined.reasons] == ["1", "2"]


def test_a_later_reason_does_not_put_a_call_off() -> None:
    joined = revised(planned(reason("1", due=at(11))), reason("2", due=at(16)))
    assert joined is not None
    assert joined.due == at(11)


def test_a_reason_known_already_changes_nothing() -> None:
    call = planned()
    assert revised(call, reason("1", due=at(9, days=1))) is call
    assert revised(call, leaving=("of another call",)) is call


def test_the_last_reason_closes_the_call() -> None:
    gone = revised(planned(reason("1"), reason("2")), leaving=("1", "2"))
    assert gone is not None
    assert gone.state is CallState.CANCELLED
    assert gone.ended == at(10)


def test_a_call_whose_urgent_reason_left_waits_for_the_others() -> None:
    call = planned(reason("1", due=at(10)), reason("2", Purpose.SATISFACTION, at(17)))
    due = moved(call, CallState.DUE)
    later = revised(due, leaving=("1",))
    assert later is not None
    assert (later.state, later.due, later.purpose) == (CallState.SCHEDULED, at(17), Purpose.SATISFACTION)


def test_cancelling_turns_a_call_into_why_cancelled() -> None:
    call = planned(reason("1", Purpose.REASSURANCE))
    turned = revised(call, reason("2", Purpose.WHY_CANCELLED, at(10, 30)), leaving=("1",))
    assert turned is not None
    assert turned.id == call.id
    assert [one.purpose for one in turned.reasons] == [Purpose.WHY_CANCELLED]
    assert turned.due == at(10, 30)


def test_a_time_set_by_hand_stands() -> None:
    call = replace(planned(), fixed=True, due=at(23, 7))
    joined = revised(call, reason("2", Purpose.VERIFY_DEPOSIT, at(11)))
    assert joined is not None
    assert (joined.due, joined.fixed) == (at(23, 7), True)


def test_somebody_on_the_phone_is_not_interrupted() -> None:
    call = replace(planned(), state=CallState.CLAIMED, assignee="sara", claimed_until=at(10, 20))
    joined = revised(call, reason("2", due=at(10, 5)))
    assert joined is not None
    assert (joined.state, joined.assignee, joined.due) == (CallState.CLAIMED, "sara", call.due)


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("target", sorted(CallState))
def test_only_what_somebody_ended_comes_back(state: CallState, target: CallState) -> None:
    back = frozenset() if state is CallState.CANCELLED else OPEN | {CallState.CANCELLED}
    assert TRANSITIONS[state] == back
    if target in back:
        assert moved(replace(planned(), state=state), target).state is target
        return
    with pytest.raises(IllegalTransition, match="cannot become"):
        moved(replace(planned(), state=state), target)


def test_waiting_makes_urgent() -> None:
    call = planned(reason("1", Purpose.SATISFACTION, at(10)))
    fresh = planned(reason("2", Purpose.VERIFY_DEPOSIT, at(15)))
    assert planning.urgency(call, at(10), RULES) < planning.urgency(fresh, at(15), RULES)
    assert planning.urgency(call, at(15), RULES) > planning.urgency(fresh, at(15), RULES)


purposes = st.sampled_from(sorted(Purpose))
times = st.integers(at(9), at(12, days=20))
changes = st.lists(st.tuples(st.sampled_from("abcdef"), purposes, times, st.booleans()), min_size=1, max_size=12)


@given(changes)
def test_whatever_joins_and_leaves_the_call_is_what_its_reasons_make_it(
    told: list[tuple[str, Purpose, int, bool]],
) -> None:
    call: Call | None = None
    for name, purpose, due, joins in told:
        before = call if call and call.is_open else None
        call = revised(before, reason(name, purpose, due)) if joins else revised(before, leaving=(name,))
        if call is None:
            assert not joins
            continue
        assert call.phone == PHONE
        assert decode(encode(call), Call) == call
        assert encode(call).startswith(b'{"v":%d' % call.v)
        if call.is_open:
            assert call.reasons
            assert len({one.id for one in call.reasons}) == len(call.reasons)
            assert call.due >= min(one.due for one in call.reasons)
            assert call.late > call.due
            assert call.first.priority == max(one.priority for one in call.reasons)
        else:
            assert call.state is CallState.CANCELLED
