"""What somebody at the customer's door has to know of an order: whether it is theirs, what became of it, what is to be
collected. Pure."""

from enum import StrEnum

from notifier.domain import money, persian
from notifier.domain.events import AgreedTime, EventType, PaymentMethod
from notifier.domain.orders import Order, Priority, Stage

_COURIERS = ("پیک", "پیك", "peyk", "courier", "alopeyk", "snapp", "اسنپ")
"""What is in the name of a carrier that is a courier of the same city, whatever code it gave."""


class DoorState(StrEnum):
    """How far a delivery has come, as whoever makes it sees it."""

    WAITING = "waiting"
    OUT = "out"
    FAILED = "failed"
    DELIVERED = "delivered"
    STOPPED = "stopped"  # it is not to be handed over any more


def by_courier(order: Order) -> bool:
    """Whether what has left is no parcel of the post's: those have a code."""
    carrier = (order.details.carrier or "").casefold()
    coded = order.details.tracking_code is not None or bool(order.parcels)
    return not coded or any(name in carrier for name in _COURIERS)


def left_with_courier(order: Order) -> bool:
    """Whether an order is on its way in somebody's hands, and may come to the courier's list without an agreed time."""
    if order.cancelled or order.refunded:
        return False
    if order.stage is Stage.SHIPPED:
        return by_courier(order)
    return order.stage is Stage.OUT_FOR_DELIVERY


def door_state(order: Order) -> DoorState:
    """What became of a delivery. After one that failed a new time begins it anew."""
    if order.stage >= Stage.DELIVERED:
        return DoorState.DELIVERED
    if order.cancelled or order.refunded:
        return DoorState.STOPPED
    failed = order.happened(EventType.DELIVERY_FAILED)
    out = order.happened(EventType.OUT_FOR_DELIVERY)
    if failed is None or (out is not None and out > failed):
        return DoorState.OUT if out is not None else DoorState.WAITING
    return DoorState.WAITING if (order.delivery_said or 0) > failed else DoorState.FAILED


def settled_before(order: Order) -> bool:
    """Whether nothing is to be paid at the door."""
    if order.free or order.paid or order.prepaid:
        return True
    paid = order.happened(EventType.PAID)
    return paid is not None and not order.refunded


def to_collect(order: Order) -> int | None:
    """How much is to be paid at the door, in rial: 0 where all is paid, None where nobody said what it costs."""
    if settled_before(order):
        return 0
    if order.details.amount is None:
        return None
    if order.method is PaymentMethod.BANK_TRANSFER and order.deposit_received:
        return order.deposit_rest
    return order.details.amount


def delivery_rank(order: Order) -> tuple[bool, str, str]:
    """By what a courier's list is sorted: priority first, then the agreed time."""
    return order.priority is not Priority.HIGH, str(order.delivery or "~"), order.id


def place_of(order: Order) -> str:
    """Province, city and address, as far as they are known; a province of the city's own name is said once."""
    details = order.details
    province = details.province if details.province != details.city else None
    parts = (province, details.city, details.address)
    return "، ".join(persian.tidy(part) for part in parts if part)


def money_words(order: Order) -> str:
    """What is to be taken at the door, in words."""
    rial = to_collect(order)
    if rial is None:
        return "مبلغ نامعلوم"
    return f"دریافت {money.toman(rial)}" if rial else "پرداخت‌شده"


def slot_words(agreed: AgreedTime) -> str:
    """«۱۶ تا ۱۹», with minutes where there are any."""
    if agreed.start.minute or agreed.end.minute:
        return persian.digits(f"{agreed.start:%H:%M} تا {agreed.end:%H:%M}")
    return persian.digits(f"{agreed.start.hour} تا {agreed.end.hour}")
