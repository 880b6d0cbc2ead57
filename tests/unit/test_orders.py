"""An order takes in facts in any order."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import CUSTOMER, NOON, event

from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.orders import STAGES, Order, Stage, apply_events

E = EventType
NOBODY = Order(id="10025", source="shop")


def after(*told: tuple[EventType, float] | Event, method: PaymentMethod | None = None) -> Order:
    about = Details(method=method)
    return apply_events(NOBODY, [known if isinstance(known, Event) else event(*known, about) for known in told])


@given(st.permutations([("علی", 1), ("سارا", 3), ("رضا", 2), (None, 4)]))
def test_the_latest_word_stands_and_silence_erases_nothing(words: list[tuple[str | None, int]]) -> None:
    order = after(*(event(E.PACKED, minute, Details(name=name)) for name, minute in words))
    assert order.details.name == "سارا"


def test_of_two_words_at_once_the_same_stands_in_either_order() -> None:
    told = [event(E.PACKED, 1, Details(name=name, amount=amount)) for name, amount in (("علی", 5), ("سارا", 70))]
    assert apply_events(NOBODY, told).details == apply_events(NOBODY, reversed(told)).details


def test_each_field_has_its_own_time() -> None:
    order = after(event(E.PACKED, 5, Details(city="کرج")), event(E.SHIPPED, 1, Details(city="تهران", carrier="پست")))
    assert (order.details.city, order.details.carrier) == ("کرج", "پست")


def test_hearing_leaves_the_order_as_it_was() -> None:
    first = after((E.REGISTERED, 0))
    seen = dict(first.news), dict(first.stamps), first.details
    apply_events(first, [event(E.PAID, 1, CUSTOMER)])
    assert (dict(first.news), dict(first.stamps), first.details) == seen


@pytest.mark.parametrize("kind", [E.PAYMENT_FAILED, E.DEPOSIT_REJECTED])
def test_the_reference_of_an_attempt_that_failed_is_no_receipt(kind: EventType) -> None:
    assert after(event(kind, 1, Details(reference="666"))).details.reference is None
    kept = after(event(E.PAID, 0, Details(reference="111")), event(kind, 1, Details(reference="666")))
    assert kept.details.reference == "111"


def test_a_rejected_deposit_has_no_amount() -> None:
    told = (
        event(E.DEPOSIT_REJECTED, 1, Details(deposit_amount=5, amount=7)),
        event(E.DEPOSIT_CONFIRMED, 2, Details(deposit_amount=7)),
    )
    assert after(told[0]).details.deposit_amount is None
    assert after(*told).details.deposit_amount == 7


def test_stages_are_in_the_order_of_the_page() -> None:
    kinds = [E.REGISTERED, E.PAID, E.PREPARING, E.PACKED, E.SHIPPED, E.OUT_FOR_DELIVERY, E.DELIVERED]
    assert [STAGES[kind] for kind in kinds] == sorted(STAGES[kind] for kind in kinds)
    for kind in kinds:
        assert after((E.REGISTERED, 9), (kind, 0)).stage is STAGES[kind]
    assert NOBODY.stage is Stage.NONE
    assert after((E.CANCELLED, 0), (E.PAYMENT_FAILED, 1), (E.REFUNDED, 2)).stage is Stage.NONE


@pytest.mark.parametrize(
    ("told", "given", "method"),
    [
        ([], None, None),
        ([E.REGISTERED, E.PAYMENT_FAILED], None, None),
        ([E.PAID], None, PaymentMethod.ONLINE),
        ([E.DEPOSIT_REPORTED], None, PaymentMethod.BANK_TRANSFER),
        ([E.DEPOSIT_REJECTED], None, PaymentMethod.BANK_TRANSFER),
        ([E.DEPOSIT_CONFIRMED, E.PAID], None, PaymentMethod.ONLINE),
        ([E.PAID], PaymentMethod.CASH, PaymentMethod.CASH),
    ],
)
def test_the_method_said_or_implied(
    told: list[EventType], given: PaymentMethod | None, method: PaymentMethod | None
) -> None:
    assert after(*((kind, 0) for kind in told), method=given).method is method


@pytest.mark.parametrize(
    ("told", "cancelled"),
    [
        ([(E.REGISTERED, 1)], False),
        ([(E.REGISTERED, 1), (E.CANCELLED, 2)], True),
        ([(E.REGISTERED, 2), (E.CANCELLED, 2)], True),
        ([(E.REGISTERED, 3), (E.CANCELLED, 2)], False),
        ([(E.CANCELLED, 2), (E.PAID, 3)], False),
        ([(E.CANCELLED, 2), (E.DEPOSIT_CONFIRMED, 3)], False),
        ([(E.CANCELLED, 2), (E.PAID, 3), (E.CANCELLED, 4)], True),
        ([(E.CANCELLED, 2), (E.DEPOSIT_REPORTED, 3), (E.SHIPPED, 4), (E.REFUNDED, 5)], True),
    ],
)
def test_cancelled_until_ordered_or_paid_anew(told: list[tuple[EventType, float]], cancelled: bool) -> None:
    assert {after(*turn).cancelled for turn in permutations(told)} == {cancelled}


@pytest.mark.parametrize(
    ("method", "told", "paid"),
    [
        (PaymentMethod.ONLINE, [(E.PAID, 1)], True),
        (PaymentMethod.ONLINE, [(E.PAID, 1), (E.PAYMENT_FAILED, 2)], True),
        (PaymentMethod.ONLINE, [(E.PAYMENT_FAILED, 2)], False),
        (PaymentMethod.ONLINE, [(E.DEPOSIT_CONFIRMED, 1)], False),
        (PaymentMethod.ONLINE, [(E.PAID, 1), (E.REFUNDED, 2)], False),
        (PaymentMethod.ONLINE, [(E.PAID, 3), (E.REFUNDED, 2)], True),
        (PaymentMethod.CASH, [(E.PAID, 1)], False),
        (PaymentMethod.PHONE, [(E.PAID, 1)], False),
        (PaymentMethod.BANK_TRANSFER, [(E.PAID, 1)], False),
        (PaymentMethod.BANK_TRANSFER, [(E.DEPOSIT_REPORTED, 1)], False),
        (PaymentMethod.BANK_TRANSFER, [(E.DEPOSIT_CONFIRMED, 1)], True),
        (PaymentMethod.BANK_TRANSFER, [(E.DEPOSIT_CONFIRMED, 1), (E.DEPOSIT_REJECTED, 2)], False),
        (PaymentMethod.BANK_TRANSFER, [(E.DEPOSIT_CONFIRMED, 3), (E.DEPOSIT_REJECTED, 2)], True),
        (PaymentMethod.BANK_TRANSFER, [(E.DEPOSIT_CONFIRMED, 1), (E.REFUNDED, 2)], False),
    ],
)
def test_paid_in_advance(method: PaymentMethod, told: list[tuple[EventType, float]], paid: bool) -> None:
    assert {after(*turn, method=method).paid for turn in permutations(told)} == {paid}


@pytest.mark.parametrize(
    ("amount", "back", "refunded"),
    [(100, 99, False), (100, 100, True), (100, 101, True), (100, None, True), (None, 50, True), (None, None, True)],
)
def test_refunded_when_all_came_back_or_nobody_says_how_much(
    amount: int | None, back: int | None, refunded: bool
) -> None:
    assert after(event(E.REFUNDED, 1, Details(amount=amount, refund_amount=back))).refunded == refunded


def test_what_tells_one_piece_of_news_from_its_repetition() -> None:
    coded = Details(tracking_code="24100")
    order = after(event(E.SHIPPED, 1, coded), (E.PACKED, 1), event(E.PAYMENT_FAILED, 1, Details(reference="1")))
    assert order.knows(event(E.PACKED, 9))
    assert order.knows(event(E.SHIPPED, 9, coded))
    assert order.knows(event(E.SHIPPED, 9))
    assert not order.knows(event(E.SHIPPED, 9, Details(tracking_code="24200")))
    assert order.knows(event(E.PAYMENT_FAILED, 9, Details(reference="1")))
    assert not order.knows(event(E.PAYMENT_FAILED, 9, Details(reference="2")))
    assert not order.knows(event(E.PAYMENT_FAILED, 9))
    assert not order.knows(event(E.DELIVERED, 9))


def test_failures_without_a_reference_are_told_apart_by_the_second() -> None:
    order = after((E.PAYMENT_FAILED, 1))
    assert order.knows(event(E.PAYMENT_FAILED, 1 + 0.5 / 60))
    assert not order.knows(event(E.PAYMENT_FAILED, 1 + 1 / 60))


def test_the_newest_news_of_a_kind() -> None:
    assert NOBODY.newest(E.SHIPPED) is None
    assert after((E.SHIPPED, 5)).newest(E.SHIPPED) == ""
    coded = [event(E.SHIPPED, minute, Details(tracking_code=code)) for minute, code in ((1, "24100"), (2, "24000"))]
    for turn in permutations([*coded, event(E.SHIPPED, 5)]):
        assert after(*turn).newest(E.SHIPPED) == "24000"


def test_the_latest_time_of_news_counts() -> None:
    order = after((E.PAID, 7), (E.PAID, 3))
    assert order.happened(E.PAID) == (NOON + timedelta(minutes=7)).timestamp() * 1000
    assert order.happened(E.REFUNDED) is None
