"""What news of an order adds to the figures of days."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from notifier.clock import TEHRAN
from notifier.domain import tally
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order, apply_events

NOON = datetime(2026, 11, 23, 12, tzinfo=TEHRAN)
HOUR = 3_600_000


def event(kind: EventType, hours: float = 0, **details: object) -> Event:
    return Event(
        id=f"{kind}-{hours}",
        source="shop",
        type=kind,
        order_id="10025",
        at=NOON + timedelta(hours=hours),
        details=Details(**details),  # type: ignore[arg-type]
    )


def told(*groups: list[Event], now: datetime = NOON + timedelta(days=1)) -> tuple[Counter[str], list[tally.Tally]]:
    """What an order's news adds up to, group by group."""
    order, total, lines = None, Counter[str](), []
    for group in groups:
        after = apply_events(order or Order(id="10025", source="shop"), group)
        found = tally.of_order(order, after, int(now.timestamp() * 1000))
        for one in found:
            total.update(one.counts)
        lines += found
        order = after
    return +total if all(count >= 0 for count in total.values()) else total, lines


ONLINE = {"method": PaymentMethod.ONLINE, "amount": 185_000_000}
TRANSFER = {"method": PaymentMethod.BANK_TRANSFER, "amount": 98_000_000}


def test_an_order_counts_once_and_with_its_payment() -> None:
    total, lines = told(
        [event(EventType.REGISTERED, **ONLINE)],
        [event(EventType.PAID, 1, **ONLINE)],
        [event(EventType.PREPARING, 2)],
        [event(EventType.PAID, 1, **ONLINE)],
    )
    assert total == {"orders": 1, "paid": 1, "revenue": 185_000_000}
    assert [one.at for one in lines] == [int(NOON.timestamp() * 1000), int(NOON.timestamp() * 1000) + HOUR]


def test_an_order_that_is_heard_of_late_counts_for_the_day_it_was_placed() -> None:
    _, lines = told([event(EventType.PREPARING, -30), event(EventType.REGISTERED, -50)])
    assert lines[0].at == int(NOON.timestamp() * 1000) - 50 * HOUR


def test_nothing_counts_for_a_day_to_come() -> None:
    _, lines = told([event(EventType.REGISTERED, 100)], now=NOON)
    assert lines[0].at == int(NOON.timestamp() * 1000)


def test_a_sum_that_was_not_said_is_not_0_and_one_said_later_counts() -> None:
    online = {"method": PaymentMethod.ONLINE}
    total, _ = told([event(EventType.REGISTERED, **online)], [event(EventType.PAID, 1, **online)])
    assert total == {"orders": 1, "paid": 1, "unpriced": 1}
    total, _ = told([event(EventType.PAID, 1, **online)], [event(EventType.PREPARING, 2, amount=5_000)])
    assert total == {"orders": 1, "paid": 1, "revenue": 5_000}


@pytest.mark.parametrize("method", [PaymentMethod.CASH, PaymentMethod.PHONE])
def test_what_is_paid_on_delivery_counts_when_it_is_delivered(method: PaymentMethod) -> None:
    said = {"method": method, "amount": 42_000_000}
    total, _ = told([event(EventType.REGISTERED, **said)], *[[event(EventType.DELIVERED, 5)]] * 2)
    assert total == {"orders": 1, "cash": 1, "cash-rial": 42_000_000}


def test_what_goes_back_is_told_beside_what_came() -> None:
    total, lines = told(
        [event(EventType.PAID, **ONLINE)],
        [event(EventType.REFUNDED, 3, refund_amount=185_000_000)],
        [event(EventType.PREPARING, 4)],
    )
    assert total == {"orders": 1, "paid": 1, "revenue": 185_000_000, "refunded": 185_000_000}
    assert lines[-1].at == int(NOON.timestamp() * 1000) + 3 * HOUR


def test_a_deposit_waits_from_the_customers_word_to_the_desks() -> None:
    total, lines = told(
        [event(EventType.REGISTERED, **TRANSFER)],
        [event(EventType.DEPOSIT_REPORTED, 1)],
        [event(EventType.DEPOSIT_REJECTED, 2)],
        [event(EventType.DEPOSIT_REPORTED, 3)],
        [event(EventType.DEPOSIT_CONFIRMED, 6)],
        [event(EventType.DEPOSIT_CONFIRMED, 6)],
    )
    assert total == {
        "orders": 1, "paid": 1, "revenue": 98_000_000, "deposits rejected": 1, "deposits confirmed": 1,
    }  # fmt: skip
    assert [one.wait for one in lines if one.wait is not None] == [HOUR, 3 * HOUR]


def test_a_deposit_reported_and_confirmed_at_once_has_waited_too() -> None:
    _, lines = told(
        [event(EventType.DEPOSIT_REPORTED, 0, **TRANSFER), event(EventType.DEPOSIT_CONFIRMED, 0.5, **TRANSFER)]
    )
    assert [one.wait for one in lines if one.wait is not None] == [HOUR // 2]


def test_a_deposit_that_turns_out_not_to_be_there_is_taken_back() -> None:
    total, _ = told(
        [event(EventType.REGISTERED, **TRANSFER)],
        [event(EventType.DEPOSIT_REPORTED, 1)],
        [event(EventType.DEPOSIT_CONFIRMED, 2)],
        [event(EventType.DEPOSIT_REJECTED, 3)],
    )
    assert (total["paid"], total["revenue"]) == (0, 0)


def test_an_order_is_cancelled_once_until_it_comes_back() -> None:
    total, _ = told([event(EventType.REGISTERED)], *[[event(EventType.CANCELLED, 1)]] * 2)
    assert total == {"orders": 1, "cancelled": 1}
