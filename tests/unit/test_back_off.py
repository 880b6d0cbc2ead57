"""How long a text waits for its next try."""

import random
from datetime import timedelta

import pytest

from notifier.sms import verdicts


class Lot(random.Random):
    """Chance that always says the same."""

    def __init__(self, said: float) -> None:
        self.said = said

    def random(self) -> float:
        return self.said


@pytest.mark.parametrize("tries", range(25))
def test_a_wait_has_a_least_and_a_greatest_length(tries: int) -> None:
    least, greatest = verdicts._back_off(tries, Lot(0)), verdicts._back_off(tries, Lot(1))
    assert timedelta(seconds=1) <= least == greatest / 2
    assert greatest <= timedelta(minutes=10)


def test_it_grows() -> None:
    waits = [verdicts._back_off(tries, Lot(0.5)) for tries in range(12)]
    assert waits == sorted(waits)
    assert waits[0] < waits[5] < waits[-1]
