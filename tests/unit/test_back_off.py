"""How long a text waits for its next try."""

from datetime import timedelta

import pytest

from notifier.domain.back_off import back_off, doubling
from notifier.sms import verdicts


def wait(tries: int, chance: float) -> timedelta:
    return back_off(tries, verdicts.WAITS, jitter=chance)


@pytest.mark.parametrize("tries", range(25))
def test_a_wait_has_a_least_and_a_greatest_length(tries: int) -> None:
    least, greatest = wait(tries, 0), wait(tries, 1)
    assert timedelta(seconds=1) <= least == greatest / 2
    assert greatest <= timedelta(minutes=10)


def test_it_grows() -> None:
    waits = [wait(tries, 0.5) for tries in range(12)]
    assert waits == sorted(waits)
    assert waits[0] < waits[5] < waits[-1]


def test_doubling_ends_at_the_longest() -> None:
    assert [wait.total_seconds() for wait in doubling(timedelta(seconds=10), timedelta(seconds=70))] == [10, 20, 40, 70]
    assert doubling(timedelta(seconds=9), timedelta(seconds=5)) == (timedelta(seconds=5),)
    assert doubling(timedelta(), timedelta(seconds=5)) == (timedelta(),)


def test_what_was_asked_for_is_the_least_and_chance_only_adds_to_it() -> None:
    waits = (timedelta(seconds=10), timedelta(seconds=60))
    assert back_off(0, waits, least=timedelta(seconds=30)) == timedelta(seconds=30)
    assert back_off(7, waits, least=timedelta(seconds=30)) == timedelta(seconds=60)
    assert back_off(0, waits, least=timedelta(seconds=30), jitter=0.5) == timedelta(seconds=45)
