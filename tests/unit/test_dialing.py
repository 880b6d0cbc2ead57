"""Attempts through the exchange: the same whatever order news comes in, and what they speak for."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.dialing import DialAttempt, DialFinding, DialNews, DialWord, heard, lapsed, proposed

START = 1_788_000_000_000
LONGEST = 4 * 3600 * 1000


def attempt(**fields: object) -> DialAttempt:
    return DialAttempt(
        **{"id": "7-1", "by": "sara", "extension": "201", "started": START, "until": START + 90_000} | fields
    )  # type: ignore[arg-type]


def news(word: DialWord, at: int = 5, **fields: object) -> DialNews:
    return DialNews(**{"word": word, "at": START + at * 1000, "attempt": "7-1"} | fields)  # type: ignore[arg-type]


def after(*all_news: DialNews) -> DialAttempt:
    found = attempt()
    for one in all_news:
        found = heard(found, one, longest=LONGEST)
    return found


NEWS = st.builds(
    news,
    st.sampled_from([one for one in DialWord if one not in (DialWord.INBOUND, DialWord.NOTHING)]),
    st.integers(0, 600),
    talked=st.none() | st.integers(0, 300),
    claim=st.sampled_from(["", "dialend agent busy", "trunk down", "failed"]),
    recording=st.sampled_from(["", "https://pbx.example/a.mp3", "https://pbx.example/b.mp3"]),
)


@given(st.lists(NEWS, max_size=5), st.randoms())
def test_order_and_repetition_change_nothing(all_news: list[DialNews], random: object) -> None:
    again = [*all_news, *all_news]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert after(*again) == after(*all_news)


def test_a_call_that_was_answered() -> None:
    call = (
        news(DialWord.AGENT_ANSWERED, 3),
        news(DialWord.RINGING, 4),
        news(DialWord.ANSWERED, 10),
        news(DialWord.ENDED, 70),
    )
    for order in itertools.permutations(call):
        found = after(*order)
        assert (found.found, found.seconds, proposed([found])) == (DialFinding.CONNECTED, 60, "reached")


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        (DialWord.BUSY, "busy"),
        (DialWord.NO_ANSWER, "no_answer"),
        (DialWord.UNREACHABLE, "no_answer"),
        (DialWord.LINE_FAULT, ""),
        (DialWord.AGENT_MISSED, ""),
        (DialWord.GIVEN_UP, ""),
        (DialWord.ENDED, ""),
        (DialWord.RINGING, ""),
    ],
)
def test_what_an_attempt_speaks_for(word: DialWord, outcome: str) -> None:
    assert proposed([after(news(word))]) == outcome


def test_a_number_that_is_unreachable_twice_may_be_wrong() -> None:
    assert proposed([after(news(DialWord.UNREACHABLE)), after(news(DialWord.UNREACHABLE))]) == "wrong_number"


def test_a_few_seconds_may_have_been_a_machine() -> None:
    found = after(news(DialWord.ANSWERED, 60, talked=4))
    assert found.is_doubtful
    assert proposed([found]) == ""


def test_the_agents_own_leg_is_no_conversation() -> None:
    found = after(news(DialWord.ANSWERED, 60, talked=0))
    assert found.found is None
    assert found.is_over


def test_news_that_is_late_counts_after_it_was_given_up() -> None:
    given_up = lapsed(attempt())
    assert (given_up.found, proposed([given_up])) == (DialFinding.UNKNOWN, "")
    assert heard(given_up, news(DialWord.BUSY, 400), longest=LONGEST).found is DialFinding.BUSY


def test_an_attempt_is_under_way_until_its_time_or_its_end() -> None:
    assert attempt().is_under_way(START + 89_999)
    assert not attempt().is_under_way(START + 90_000)
    assert not after(news(DialWord.BUSY)).is_under_way(START + 6000)
    assert after(news(DialWord.ANSWERED)).is_under_way(START + LONGEST - 1)


@pytest.mark.parametrize("word", [DialWord.LINE_FAULT, DialWord.AGENT_MISSED])
def test_what_the_exchange_said_of_a_fault_is_kept(word: DialWord) -> None:
    assert after(news(word, claim="trunk down"), news(DialWord.ENDED, 9, claim="hangup")).fault == "trunk down"


def test_a_fault_that_did_not_stand_is_none() -> None:
    told = (news(DialWord.LINE_FAULT, claim="trunk down"), news(DialWord.BUSY, claim="busy"))
    for order in itertools.permutations(told):
        assert (after(*order).found, after(*order).fault) == (DialFinding.BUSY, "")
