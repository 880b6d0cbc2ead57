"""A shop's rhythm: when its silence is none, whatever the shop is like, and when it is one."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.clock import TEHRAN
from notifier.domain.activity_profile import is_unusual, silent_spans, span_of, usual

DAY = datetime(2026, 11, 23, tzinfo=TEHRAN)
SPANS_A_DAY = 144
SPANS = 6

days = st.lists(st.sets(st.integers(0, SPANS_A_DAY - 1)), max_size=35)
ranges = st.tuples(st.integers(0, SPANS_A_DAY), st.integers(0, SPANS_A_DAY)).map(lambda ends: range(*sorted(ends)))


def at(text: str, *, days_later: int = 0) -> datetime:
    hour, minute = text.split(":")
    return DAY.replace(hour=int(hour), minute=int(minute)) + timedelta(days=days_later)


@pytest.mark.parametrize(("time", "span"), [("00:00", 0), ("00:09", 0), ("00:10", 1), ("23:59", 143)])
def test_spans_of_a_day(time: str, span: int) -> None:
    assert span_of(at(time)) == span


@pytest.mark.parametrize(
    ("last", "now", "silent"),
    [
        ("09:05", "09:29", range(55, 56)),  # neither the span of the last event nor the present one is a whole one
        ("09:05", "09:09", range(0)),
        ("09:00", "10:00", range(55, 60)),
        ("09:59", "09:59", range(0)),
    ],
)
def test_only_whole_spans_are_silent(last: str, now: str, silent: range) -> None:
    assert list(silent_spans(at(last), at(now))) == list(silent)


def test_what_was_before_today_counts_from_midnight() -> None:
    assert silent_spans(at("09:00"), at("08:05", days_later=1)) == range(48)
    assert silent_spans(at("23:55"), at("00:05", days_later=3)) == range(0)


@given(days, ranges)
def test_a_new_shop_has_no_rhythm(past: list[set[int]], silent: range) -> None:
    assert usual(past[:4], silent) == 0


@given(days, ranges)
def test_no_more_is_usual_than_most_days_had(past: list[set[int]], silent: range) -> None:
    had = sorted(len(day & set(silent)) for day in past)
    common = usual(past, silent)
    assert common <= len(silent)
    assert sum(count < common for count in had) <= len(past) / 7


@given(days, ranges)
def test_spans_in_which_nothing_ever_came_are_no_silence(past: list[set[int]], silent: range) -> None:
    """Nights, and days off of a shop that is closed on them."""
    assert usual([day - set(silent) for day in past], silent) == 0


@given(days, ranges, st.integers(0, SPANS_A_DAY))
def test_silence_that_goes_on_grows_no_less_unusual(past: list[set[int]], silent: range, more: int) -> None:
    longer = range(silent.start, min(silent.stop + more, SPANS_A_DAY))
    assert usual(past, longer) >= usual(past, silent)


@given(days, ranges, st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter(past: list[set[int]], silent: range, chance: random.Random) -> None:
    shuffled = chance.sample(past, len(past))
    assert usual(shuffled, silent) == usual(past, silent)


def test_one_dead_day_among_seven_hides_nothing() -> None:
    busy = set(range(54, 132))
    assert usual([busy] * 6 + [set()], range(60, 66)) == 6
    assert usual([busy] * 5 + [set()] * 2, range(60, 66)) == 0


def shop_days(chance: random.Random, *, orders: float, count: int) -> list[Collection[int]]:
    """Days of a shop whose customers come by chance from 8 to 24, each order with an update soon after."""
    found = []
    for _ in range(count):
        day: set[int] = set()
        minute = 8 * 60 + chance.expovariate(orders / (16 * 60))
        while minute < 24 * 60:
            day |= {int(minute) // 10, min(int(minute + 5) // 10, SPANS_A_DAY - 1)}
            minute += chance.expovariate(orders / (16 * 60))
        found.append(day)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("orders", [1, 5, 20, 60, 200, 1000, 5000])
def test_a_shop_of_any_size_that_works_is_not_called_silent(orders: int) -> None:
    """100 days, looked at every ten minutes. Which shops it can be told of at all, the next test says."""
    chance = random.Random(orders)
    past = shop_days(chance, orders=orders, count=135)
    for today in range(35, 135):
        last = 0
        working = [day for place, day in enumerate(past[today - 35 : today]) if place % 7]
        for span in range(SPANS_A_DAY):
            silent = range(last + 1, span)
            assert not is_unusual(working, silent, spans=SPANS), (orders, today, silent)
            last = span if span in past[today] else last


@pytest.mark.parametrize(("orders", "hours"), [(40, 10), (100, 4), (200, 2.5), (1000, 1)])
def test_how_soon_a_shop_is_called_silent(orders: int, hours: float) -> None:
    past = shop_days(random.Random(orders), orders=orders, count=30)
    noon = 12 * 6
    assert is_unusual(past, range(noon, noon + int(hours * 6)), spans=SPANS)
