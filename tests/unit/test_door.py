"""What somebody at the door has to know of an order."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from notifier.domain.door import (
    DoorState,
    delivery_rank,
    door_state,
    left_with_courier,
    money_words,
    place_of,
    slot_words,
    to_collect,
)
from notifier.domain.events import AgreedTime, Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order, Priority, apply_events

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SLOT = AgreedTime(date(2026, 11, 23), time(16), time(19))
CASH = Details(method=PaymentMethod.CASH, amount=185_000_000)


def order(*kinds: EventType, details: Details = CASH, **more: Any) -> Order:
    """An order to which these things happened, a minute apart."""
    events = [
        Event(
            id=str(place), source="shop", type=kind, order_id="1", at=NOON + timedelta(minutes=place), details=details
        )
        for place, kind in enumerate((EventType.REGISTERED, *kinds))
    ]
    return apply_events(Order(id="1", source="shop", **more), events)


@pytest.mark.parametrize(
    ("kinds", "details", "rial"),
    [
        ((), CASH, 185_000_000),
        ((), Details(method=PaymentMethod.PHONE, amount=1000), 1000),
        ((), Details(method=PaymentMethod.CASH), None),
        ((), Details(amount=0), 0),
        ((EventType.PAID,), Details(method=PaymentMethod.ONLINE, amount=1000), 0),
        ((EventType.PAID,), CASH, 0),  # paid after all
        ((EventType.PAID, EventType.REFUNDED), CASH, 185_000_000),
        ((EventType.DEPOSIT_CONFIRMED,), Details(method=PaymentMethod.BANK_TRANSFER, amount=1000), 0),
        (
            (EventType.DEPOSIT_CONFIRMED,),
            Details(method=PaymentMethod.BANK_TRANSFER, amount=1000, deposit_amount=400, reference="1"),
            600,
        ),
        ((), Details(), None),
    ],
)
def test_what_is_to_be_taken(kinds: tuple[EventType, ...], details: Details, rial: int | None) -> None:
    assert to_collect(order(*kinds, details=details)) == rial


def test_it_is_said_with_its_unit() -> None:
    assert money_words(order()) == "دریافت ۱۸٬۵۰۰٬۰۰۰ تومان"
    assert money_words(order(prepaid=True)) == "پرداخت‌شده"
    assert money_words(order(details=Details())) == "مبلغ نامعلوم"


OUT, FAILED, DONE = EventType.OUT_FOR_DELIVERY, EventType.DELIVERY_FAILED, EventType.DELIVERED


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ((), DoorState.WAITING),
        ((EventType.SHIPPED,), DoorState.WAITING),
        ((OUT,), DoorState.OUT),
        ((OUT, FAILED), DoorState.FAILED),
        ((FAILED,), DoorState.FAILED),
        ((FAILED, OUT), DoorState.OUT),
        ((OUT, FAILED, EventType.DELIVERY_AGREED), DoorState.WAITING),
        ((OUT, FAILED, DONE), DoorState.DELIVERED),
        ((DONE, EventType.RETURN_REQUESTED), DoorState.DELIVERED),
        ((OUT, EventType.CANCELLED), DoorState.STOPPED),
        ((EventType.PAID, EventType.REFUNDED), DoorState.STOPPED),
    ],
)
def test_what_became_of_a_delivery(kinds: tuple[EventType, ...], state: DoorState) -> None:
    assert door_state(order(*kinds)) is state


@pytest.mark.parametrize(
    ("kinds", "details", "theirs"),
    [
        ((EventType.PACKED,), CASH, False),
        ((EventType.SHIPPED,), CASH, True),
        ((EventType.SHIPPED,), Details(tracking_code="123456789012345678901234", carrier="پست پیشتاز"), False),
        ((EventType.SHIPPED,), Details(tracking_code="77", carrier="الوپیک"), True),
        ((EventType.SHIPPED,), Details(tracking_code="77", carrier="AloPeyk"), True),
        ((EventType.SHIPPED,), Details(carrier="پیک فروشگاه"), True),
        ((OUT,), Details(tracking_code="77", carrier="پست"), True),
        ((OUT, DONE), CASH, False),
        ((OUT, EventType.CANCELLED), CASH, False),
        ((EventType.PAID, OUT, EventType.REFUNDED), CASH, False),
    ],
)
def test_what_a_courier_may_have(kinds: tuple[EventType, ...], details: Details, theirs: bool) -> None:
    assert left_with_courier(order(*kinds, details=details)) is theirs


def test_priority_goes_first_and_then_the_time() -> None:
    def at(name: str, start: int, priority: Priority = Priority.NORMAL) -> Order:
        slot = Details(delivery=AgreedTime(SLOT.date, time(start), time(start + 2)))
        found = order(EventType.DELIVERY_AGREED, details=slot, priority=priority)
        return Order(id=name, source="shop", details=found.details, news=found.news, priority=priority)

    some = [at("late", 18), at("first", 20, Priority.HIGH), at("early", 9), Order(id="none", source="shop")]
    assert [one.id for one in sorted(some, key=delivery_rank)] == ["first", "early", "late", "none"]


def test_where_and_when_in_words() -> None:
    assert slot_words(SLOT) == "۱۶ تا ۱۹"
    assert slot_words(AgreedTime(SLOT.date, time(9), time(10, 30))) == "۰۹:۰۰ تا ۱۰:۳۰"
    assert place_of(order(details=Details(city="تهران", province="تهران", address="ونک"))) == "تهران، ونک"
    assert place_of(order(details=Details(city="کرج", province="البرز"))) == "البرز، کرج"
    assert place_of(order(details=Details())) == ""
