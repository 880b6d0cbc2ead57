"""Until when a worker may begin a post with what it has claimed."""

from notifier.sms.holds import ALIVE, MARGIN, WITH_HEARTBEAT, Hold
from notifier.store.keys import Keys

LASTS = (ALIVE - MARGIN).total_seconds()


class Clocks:
    """What counts sleep, and the time of day."""

    def __init__(self) -> None:
        self.awake, self.day = 1000.0, 5000.0

    def __call__(self) -> tuple[float, ...]:
        return self.awake, self.day

    def pass_by(self, seconds: float) -> None:
        self.awake += seconds
        self.day += seconds


def test_it_ends_before_others_may_think_it_gone() -> None:
    clocks = Clocks()
    hold = Hold(Keys(0), clocks)
    assert hold.token.startswith(WITH_HEARTBEAT)
    clocks.pass_by(LASTS - 0.01)
    assert hold.may_post()
    clocks.pass_by(0.01)
    assert not hold.may_post()
    assert ALIVE.total_seconds() > LASTS


def test_a_renewal_counts_from_before_it_was_asked_for() -> None:
    clocks = Clocks()
    hold = Hold(Keys(0), clocks)
    asked = clocks()
    clocks.pass_by(1)  # so long the store took to answer
    hold.renewed(asked)
    clocks.pass_by(LASTS - 1)
    assert not hold.may_post()


def test_renewed_in_time_it_lasts() -> None:
    clocks = Clocks()
    hold = Hold(Keys(0), clocks)
    for _ in range(20):
        clocks.pass_by(0.5)
        hold.renewed(clocks())
    assert hold.may_post()


def test_what_was_late_once_stays_late() -> None:
    """Paused between two renewals: others may have taken the messages meanwhile, and sent them."""
    clocks = Clocks()
    hold = Hold(Keys(0), clocks)
    clocks.pass_by(LASTS)
    hold.renewed(clocks())
    assert not hold.may_post()


def test_either_clock_ends_it() -> None:
    """A machine that was moved knows it by the time of day alone, one whose time of day is set back by the other."""
    moved, slept = Clocks(), Clocks()
    first, second = Hold(Keys(0), moved), Hold(Keys(0), slept)
    moved.day += LASTS
    slept.awake += LASTS
    slept.day -= 3600
    assert not first.may_post()
    assert not second.may_post()
