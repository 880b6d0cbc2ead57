"""What a shop tells us: one event about one order."""

from collections.abc import Callable
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from msgspec import Struct


class EventType(StrEnum):
    REGISTERED = "order.registered"
    PREPARING = "order.preparing"
    PACKED = "order.packed"
    SHIPPED = "order.shipped"
    OUT_FOR_DELIVERY = "order.out_for_delivery"
    DELIVERED = "order.delivered"
    CANCELLED = "order.cancelled"
    RETURN_REQUESTED = "order.return_requested"
    RETURNED = "order.returned"
    RETURN_ACCEPTED = "order.return_accepted"
    RETURN_REFUSED = "order.return_refused"
    DELIVERY_FAILED = "order.delivery_failed"
    DELAYED = "order.delayed"
    CONFIRMED = "order.confirmed"
    CALLBACK_REQUESTED = "order.callback_requested"
    RATED = "order.rated"
    STALLED = "shipment.stalled"
    PAID = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    DEPOSIT_REPORTED = "payment.deposit_reported"
    DEPOSIT_CONFIRMED = "payment.deposit_confirmed"
    DEPOSIT_REJECTED = "payment.deposit_rejected"
    DEPOSIT_UNMATCHED = "deposit.unmatched"
    REFUNDED = "payment.refunded"
    DELIVERY_AGREED = "delivery.agreed"
    DELIVERY_CHANGED = "delivery.changed"
    DELIVERY_RELEASED = "delivery.released"


class PaymentMethod(StrEnum):
    """How the customer pays."""

    CASH = "cash"
    ONLINE = "online"
    PHONE = "phone"
    BANK_TRANSFER = "bank_transfer"


UNNUMBERED = "@"
"""How the distinction of a deposit begins that has no reference of its own."""

NAMED_ITEMS = 50
"""How many items of an order that a plugin made huge are kept by name; of the rest the number."""


class Item(Struct, frozen=True, omit_defaults=True):
    name: str
    quantity: int = 1


class AgreedTime(Struct, frozen=True):
    """When the customer will be at home: a day, and a span of it, both in the shop's time zone."""

    date: date
    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "AgreedTime":
        """From what ``str`` gives. Raises ValueError."""
        day, _, hours = text.partition(" ")
        start, _, end = hours.partition("-")
        found = cls(date.fromisoformat(day), time.fromisoformat(start), time.fromisoformat(end))
        if str(found) != text or found.start >= found.end:
            raise ValueError(f"{text!r} is no time of delivery")
        return found

    def __str__(self) -> str:
        return f"{self.date.isoformat()} {self.start:%H:%M}-{self.end:%H:%M}"


class Details(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known about an order apart from what happened to it. ``None`` says nothing; it never
    erases. An empty name or phone in an event does: the shop has forgotten the customer."""

    number: str | None = None  # what the customer knows the order by, where that is not its id
    name: str | None = None
    phone: str | None = None  # national form, see phones.normalize
    city: str | None = None
    province: str | None = None
    address: str | None = None  # street and number, as somebody at the door needs it
    note: str | None = None  # what the customer wrote beside the order
    method: PaymentMethod | None = None
    amount: int | None = None  # rial
    reference: str | None = None  # receipt of the gateway, or of the bank for a deposit
    items: tuple[Item, ...] | None = None
    item_count: int | None = None  # of all items, where ``items`` are as many as are named
    carrier: str | None = None
    tracking_code: str | None = None
    tracking_url: str | None = None
    codes: tuple[str, ...] | None = None  # of all parcels, where the shop shows them all at once
    deposit_amount: int | None = None  # rial, as reported or confirmed
    refund_amount: int | None = None  # rial
    refund_reference: str | None = None
    new_date: date | None = None  # when a delayed order is sent
    return_reason: str | None = None  # why a return was refused
    failure_reason: str | None = None  # why a delivery failed
    delivery: AgreedTime | None = None  # as last said; whether it still stands, Order.delivery tells
    callback_at: datetime | None = None  # when the customer wants to be phoned; None beside a request: soon
    mark: int | None = None  # what the customer thinks of it, of 1 to 5
    parcel_note: str | None = None  # what is amiss with a parcel, as the carrier tells it; for staff alone

    @property
    def count(self) -> int:
        """How many items there are."""
        named = len(self.items or ())
        return max(named, self.item_count or 0) if named >= NAMED_ITEMS else named


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to an order, at a time, as one shop reported it."""

    id: str
    source: str
    type: EventType
    order_id: str
    at: datetime
    details: Details = Details()
    by: str | None = None  # who of the staff found it out; None where a shop or a customer says it
    extra: dict[str, Any] = {}  # fields of the payload we do not know: kept, not refused
    dated: datetime | None = (
        None  # the newest time that the shop itself gives, where ``at`` is its record's last change
    )
    past: bool | None = None  # whether it is history, which is told to nobody; None: by its age

    @property
    def at_ms(self) -> int:
        return int(self.at.timestamp() * 1000)

    @property
    def distinction(self) -> str:
        """What, beside its type, tells this news from a repetition of it: the same news twice is told once.

        A stage is reached once. A parcel may be announced again when its tracking code becomes known or changes. A
        payment or a delivery may fail, a deposit be reported, and a part of it confirmed, several times: those are told
        apart by their reference, or else by the second they happened in. A delay is told for each new date, an agreed
        time for each time.
        """
        told_apart_by = _TOLD_APART_BY.get(self.type)
        return told_apart_by(self) if told_apart_by else ""


def _second(event: Event) -> str:
    return str(event.at_ms // 1000)


def _reference_or_second(event: Event) -> str:
    return event.details.reference or _second(event)


def _deposit(event: Event) -> str:
    if event.details.deposit_amount is None:
        return ""
    return event.details.reference or UNNUMBERED + _second(event)


def _agreed_time(event: Event) -> str:
    return str(event.details.delivery or "")


_TOLD_APART_BY: dict[EventType, Callable[[Event], str]] = {
    EventType.SHIPPED: lambda event: event.details.tracking_code or "",
    EventType.PAYMENT_FAILED: _reference_or_second,
    EventType.DEPOSIT_REPORTED: _reference_or_second,
    EventType.DEPOSIT_REJECTED: _reference_or_second,
    EventType.DEPOSIT_CONFIRMED: _deposit,
    EventType.DEPOSIT_UNMATCHED: lambda event: event.details.reference or "",
    EventType.DELIVERY_FAILED: _second,
    EventType.STALLED: _second,
    EventType.DELAYED: lambda event: str(event.details.new_date or ""),
    EventType.REFUNDED: lambda event: event.details.refund_reference or "",
    EventType.DELIVERY_AGREED: _agreed_time,
    EventType.DELIVERY_CHANGED: _agreed_time,
    EventType.DELIVERY_RELEASED: _second,
    EventType.CALLBACK_REQUESTED: _second,
    EventType.RATED: lambda event: str(event.details.mark or ""),
}
"""What tells news of a kind apart; what is not here happens once."""
