"""What was paid back in all, and when an order was placed: the same in whatever order the news came."""

from datetime import timedelta
from itertools import permutations

import pytest
import rulebook
from rulebook import NOON, RULEBOOK

from notifier.domain.events import Details, Event, EventType
from notifier.domain.orders import Order, apply_events
from notifier.domain.variables import Context, deposit_deadline, order

E = EventType
NOBODY = Order(id="10025", source="shop", details=Details(amount=100), stamps={"amount": 0})


def event(kind: EventType, minute: float, about: Details | None = None) -> Event:
    return rulebook.event(kind, minute, about or Details())


def refund(minute: float, back: int | None, reference: str | None = None) -> Event:
    return event(E.REFUNDED, minute, Details(refund_amount=back, refund_reference=reference))


@pytest.mark.parametrize(
    ("told", "refunded"),
    [
        ([refund(1, 40, "a"), refund(2, 60, "b")], True),
        ([refund(1, 40, "a"), refund(2, 59, "b")], False),
        ([refund(1, 40, "a"), refund(2, 40, "a"), refund(3, 40, "a")], False),  # one refund, said three times
        ([refund(1, 40, "a"), refund(2, 100, "a")], True),  # corrected
        ([refund(1, 100, "a"), refund(2, 40, "a")], False),
        ([refund(1, 40, "a"), refund(2, None, "b")], True),  # the rest, or all: nobody says less
        ([refund(1, 40), refund(2, 100)], True),  # a shop that says the sum
        ([event(E.PAID, 0), refund(1, 100, "a"), event(E.PAID, 2), refund(3, 10, "b")], False),
        ([event(E.PAID, 0), refund(1, 50, "a"), event(E.PAID, 2), refund(3, 50, "b")], False),
    ],
)
def test_partial_refunds_sum(told: list[Event], refunded: bool) -> None:
    assert {apply_events(NOBODY, turn).refunded for turn in permutations(told)} == {refunded}


def test_a_correction_does_not_move_the_day_an_order_was_placed() -> None:
    told = [event(E.REGISTERED, minute) for minute in (5, 60, 600)]
    assert {apply_events(NOBODY, turn).placed_at for turn in permutations(told)} == {told[0].at_ms}


def test_an_order_placed_again_after_its_cancellation() -> None:
    told = [event(E.REGISTERED, 0), event(E.CANCELLED, 30), event(E.REGISTERED, 50)]
    assert {apply_events(NOBODY, turn).placed_at for turn in permutations(told)} == {told[2].at_ms}


def test_an_order_nobody_placed() -> None:
    assert apply_events(NOBODY, [event(E.PAID, 1)]).placed_at is None


def test_a_deadline_is_never_one_that_is_over() -> None:
    def said(hours: float) -> str:
        placed = apply_events(NOBODY, [event(E.REGISTERED, 0)])
        now = NOON + timedelta(hours=hours)
        return deposit_deadline(Context(order=placed, shops=RULEBOOK.shops, now=now))

    assert said(0) == said(23) == "سه‌شنبه ۳ آذر ساعت ۱۲:۰۰"
    assert said(30) == "چهارشنبه ۴ آذر ساعت ۱۸:۰۰"


@pytest.mark.parametrize(("number", "shown"), [(None, "۱۰۰۲۵"), ("140308", "۱۴۰۳۰۸")])
def test_the_customer_sees_the_shops_own_number(number: str | None, shown: str) -> None:
    known = apply_events(NOBODY, [event(E.REGISTERED, 0, Details(number=number))])
    assert order(Context(order=known, shops=RULEBOOK.shops, now=NOON)) == shown
