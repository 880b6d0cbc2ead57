"""The ledger: a message goes only the ways that the table has."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import messages
from notifier.domain.errors import IllegalTransition
from notifier.domain.messages import TRANSITIONS, MessageState
from notifier.sms import ledger
from notifier.store.keys import Keys
from notifier.store.work import Script, UnitOfWork

S = MessageState
STATES = st.sampled_from(MessageState)


@given(STATES, STATES)
def test_only_what_the_table_has_can_be_written(source: MessageState, target: MessageState) -> None:
    unit = UnitOfWork()
    if target in TRANSITIONS[source]:
        ledger.move(unit, Keys(0), "1", source, target)
        assert unit.operations
    else:
        with pytest.raises(IllegalTransition, match=f"from {source} to {target}"):
            ledger.move(unit, Keys(0), "1", source, target)
        assert not unit.operations


@given(st.lists(STATES, min_size=1, max_size=30))
def test_what_reached_the_customer_never_comes_back_to_the_outbox(wishes: list[MessageState]) -> None:
    state, arrived = S.QUEUED, False
    for wish in wishes:
        if wish in TRANSITIONS[state]:
            state = wish
        arrived = arrived or state is S.DELIVERED
        assert not (arrived and state is not S.DELIVERED)


def test_every_state_has_its_row_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(MessageState)
    assert all(messages.sources(state) for state in MessageState)


@pytest.mark.parametrize("state", [S.DELIVERED, S.BLOCKED, S.EXPIRED])
def test_the_end_is_the_end(state: MessageState) -> None:
    assert TRANSITIONS[state] == frozenset()


def test_what_was_taken_back_only_ever_waits_again() -> None:
    assert TRANSITIONS[S.CANCELLED] == {S.QUEUED}


def test_nothing_leaves_without_being_marked_as_being_sent() -> None:
    out = {S.ACCEPTED, S.DELIVERED, S.UNDELIVERED, S.BLOCKED, S.UNKNOWN, S.FAILED}
    assert TRANSITIONS[S.QUEUED] & out == {S.DELIVERED}  # said late by a rung that it has left behind
    assert TRANSITIONS[S.HELD] & out == {S.DELIVERED}  # said by a person of one that may have left before it was held


def test_an_unknown_one_can_become_everything_but_is_never_just_sent() -> None:
    assert S.SENDING not in TRANSITIONS[S.UNKNOWN]
    assert S.HELD in TRANSITIONS[S.UNKNOWN]


def test_the_script_that_claims_goes_ways_that_the_table_has() -> None:
    """It moves what waits, and what it names as states are states."""
    script = Script("claim").text
    written = {
        *re.findall(r'leave\(id, to, "(\w+)"', script),
        *re.findall(r'"ZADD", list_key:format\("(\w+)"\)', script),
    }
    assert written == {"sending", "expired", "cancelled", "held"} == set(TRANSITIONS[S.QUEUED]) - {S.DELIVERED}
