"""Events as nearly all are: well-formed, and of nothing but what we know. Bytes become structs, in a third of the time.

What is not like that is left to the model in ``payload.py``, which can say what is wrong with it and keeps what it does
not know. A test holds both to the same events.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from notifier.domain import canonical, money, persian, phones
from notifier.domain.events import Details, Event, EventType, Item, PaymentMethod
from notifier.incoming import documents
from notifier.intake.standard import payload

_Words = Annotated[str, Meta(max_length=200)] | None
_Moment = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$", max_length=40)
]
EXPLAINED = frozenset(
    {
        EventType.DELAYED,
        EventType.DELIVERY_AGREED,
        EventType.DELIVERY_CHANGED,
        EventType.CALLBACK_REQUESTED,
        EventType.RATED,
    }
)
"""News that says something of its own, which the model reads."""

_ORDER_ID, _URL = re.compile(r"[^\x00-\x1f\x7f:]{1,100}"), re.compile(r"https?://\S+")


class _Known(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A part of an event."""


class _KnownCustomer(_Known, frozen=True):
    name: _Words = None
    phone: _Words = None
    city: _Words = None
    province: _Words = None
    address: Annotated[str, Meta(max_length=500)] | None = None
    note: Annotated[str, Meta(max_length=500)] | None = None


class _KnownPayment(_Known, frozen=True):
    method: PaymentMethod | None = None
    amount: Annotated[int, Meta(ge=-(2**62), le=2**62)] | None = None
    currency: Annotated[str, Meta(max_length=40)] = "IRR"
    reference: _Words = None


class _KnownItem(_Known, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=500)]
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class _KnownShipment(_Known, frozen=True):
    carrier: _Words = None
    tracking_code: _Words = None
    url: Annotated[str, Meta(max_length=500)] | None = None


class _KnownData(_Known, frozen=True):
    order_id: str
    customer: _KnownCustomer = _KnownCustomer()
    payment: _KnownPayment = _KnownPayment()
    items: Annotated[tuple[_KnownItem, ...], Meta(max_length=500)] | None = None
    shipment: _KnownShipment = _KnownShipment()


class _KnownEvent(_Known, frozen=True):
    type: EventType
    timestamp: _Moment
    data: _KnownData


_decode = msgspec.json.Decoder(_KnownEvent).decode


def read(body: bytes, *, source: str, event_id: str) -> Event:
    """The event in the body of a request. Raises NotJson, and Unprocessable with every mistake in it."""
    documents.check_size(body)
    try:
        return _event(_decode(body), source, event_id)
    except ValueError:  # as msgspec's are: the model says what is wrong, if anything is
        return payload.parse(body).event(source=source, event_id=event_id)


def _event(known: _KnownEvent, source: str, event_id: str) -> Event:
    """Raises ValueError for whatever the model refuses, and some things that it takes."""
    data = known.data
    customer, payment, shipment = data.customer, data.payment, data.shipment
    order_id = _bare(canonical.identifier(data.order_id, longest=100))
    phone = payload.optional(customer.phone)
    url = None if shipment.url is None else payload.optional(shipment.url)
    if not order_id.isalnum() and not _ORDER_ID.fullmatch(payload.addressable(order_id)):
        raise ValueError("no order's id is so")
    if url is not None and not _URL.fullmatch(url):
        raise ValueError("no address is so")
    reference = _code(payment.reference)
    rial = None if payment.amount is None else money.to_rial(payment.amount, _bare(payment.currency))
    if (known.type is EventType.REGISTERED and phone is None) or known.type in EXPLAINED or rial == 0:
        raise ValueError("the model has something to say to these")
    return Event(
        id=event_id,
        source=source,
        type=known.type,
        order_id=order_id,
        at=payload.plausible(datetime.fromisoformat(known.timestamp)),
        details=Details(
            name=None if customer.name is None else payload.named(_bare(customer.name)),
            phone=None if phone is None else phones.normalize(_bare(phone)),
            city=_said_again(customer.city),
            province=_said_again(customer.province),
            address=_said(customer.address),
            note=_said(customer.note),
            method=payment.method,
            items=tuple([Item(persian.tidy(_bare(item.name)), item.quantity) for item in data.items])
            if data.items
            else None,
            carrier=_said_again(shipment.carrier),
            tracking_code=_code(shipment.tracking_code),
            tracking_url=url,
            **payload.money_details(known.type, rial, reference),
        ),
    )


def _said(text: str | None) -> str | None:
    return None if text is None else payload.said(_bare(text))


_said_again = lru_cache(maxsize=4096)(_said)  # cities, provinces and carriers come again and again


def _code(text: str | None) -> str | None:
    return None if text is None else payload.code(_bare(text))


def _bare(text: str) -> str:
    """The text as it is. Raises ValueError where there is space around it, which the model takes away."""
    if text.strip() != text:
        raise ValueError("there is space around it")
    return text
