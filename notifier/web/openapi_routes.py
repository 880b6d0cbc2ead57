"""Descriptions of what lower layers answer, and of the webhooks that we post; the rest stands next to its handlers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import to_builtins

from notifier.clock import TEHRAN
from notifier.domain.events import EventType
from notifier.intake.answers import BatchPart, Decided, KeptLine, NotUnderstood, Ping
from notifier.intake.bank.reading import LONGEST
from notifier.intake.standard.payload import Payload
from notifier.intake.standard.shop import LARGEST_BATCH
from notifier.outbound.samples import samples as outbound_samples
from notifier.outbound.schemas import schemas
from notifier.practice import standard
from notifier.web.described import Body, Description, DocumentedAnswer, Parameter
from notifier.web.openapi import DocumentedPlace

_AT = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
_SHOWN = (EventType.REGISTERED, EventType.PAID, EventType.SHIPPED, EventType.DEPOSIT_REPORTED, EventType.CANCELLED)
_EVENTS = {str(kind): standard.event(kind, at=_AT) for kind in _SHOWN}

_SIGNED = (
    Parameter(
        name="webhook-id",
        place="header",
        text="The event's own id: under it a repetition is known. At most 256 printable characters.",
        type={"type": "string", "minLength": 1, "maxLength": 256},
        example="msg_p5jXN8AQM9LWM0D4loKWxJek",
    ),
    Parameter(
        name="webhook-timestamp",
        place="header",
        text="When it was signed, in unix seconds.",
        type={"type": "string", "pattern": "^[0-9]{1,12}$"},
        example="1795415400",
    ),
)
_WOO_HEADERS = (
    Parameter(
        name="X-WC-Webhook-Topic",
        place="header",
        text="Of WooCommerce: order.created, order.updated, order.deleted or order.restored.",
        example="order.updated",
    ),
)
_WOO_ORDER: Mapping[str, Any] = {
    "title": "WooCommerce order",
    "description": "An order as WooCommerce's REST API v3 has it, whole; of `order.deleted` its id alone.",
    "type": "object",
    "required": ["id"],
    "not": {"required": ["type", "data"]},
    "properties": {"id": {"type": "integer"}, "status": {"type": "string"}},
}
_BANK_TEXT: Mapping[str, Any] = {
    "title": "Bank's text",
    "description": "A text of a bank as the shop's phone got it, of sources of kind `bank`; one whose `fields` are "
    "described in the configuration posts what they are found in.",
    "type": "object",
    "required": ["sender", "text"],
    "not": {"required": ["type", "data"]},
    "properties": {
        "sender": {"type": "string"},
        "text": {"type": "string", "maxLength": LONGEST},
        "received_at": {"type": "string"},
    },
}
_BANK_EXAMPLE = {
    "sender": "Bank Mellat",
    "text": "حساب1234567890\nواریز2,400,000\nمانده18,150,000\n05/09/02-11:52",
    "received_at": "2026-11-23T11:52:40+03:30",
}
_KEPT: dict[str, Any] = {
    "line": "5839274650193847",
    "duplicate": False,
    "understood": True,
    "movement": "in",
    "amount": 2_400_000,
    "standing": "open",
}
_WOO_PING: Mapping[str, Any] = {
    "title": "WooCommerce ping",
    "type": "object",
    "required": ["webhook_id"],
    "properties": {"webhook_id": {"type": "integer", "minimum": 1}},
}
_DECISION: dict[str, Any] = {
    "event_id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "order_id": "10025",
    "duplicate": False,
    "prepaid": True,
    "delivery_priority": "high",
    "deliver_at": None,
    "parked": False,
    "messages": [
        {"id": "5839274650193847", "template": "payment_succeeded_tehran", "to": "0912***4567", "not_before": None}
    ],
    "calls": [{"id": "c-81f0", "purpose": "reassurance", "due_at": "2026-11-23T10:15:00+03:30"}],
    "suppressed": [],
}
_REFUSED: dict[str, Any] = {
    "title": "Not understood",
    "status": 422,
    "detail": "The event does not have the form it should have; see errors.",
    "errors": [{"loc": ["data", "order_id"], "msg": "Field required"}],
}

_PAGE = DocumentedAnswer(text="The page", media="text/html")
_NO_PAGE = DocumentedAnswer(text="A page that says so", media="text/html")
_FORM: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        name: {"type": "string"}
        for name in ("key", "once", "seen", "slot", "reference", "paid_on", "when", "reason", "mark")
    },
}

DESCRIBED: Mapping[DocumentedPlace, Description] = {
    ("POST", "/webhooks/{source}"): Description(
        summary="An event about an order",
        tag="webhooks",
        text="For sources of kind `standard`: 202 with the decision. An event that was taken before, under the same id "
        'with the same body, is answered 200 and `"duplicate": true`. Fields that are not known here are kept, not '
        "refused. An event of an order that nobody has heard of and that brings no phone is `parked` until the order "
        "appears.\n\n"
        "For sources of kind `woocommerce`: always 200 when it was taken. The unsigned ping that WooCommerce sends "
        "when a webhook is made is answered 200 and stored nowhere.\n\n"
        "For sources of kind `bank`: 202 with the line of the account that was kept, 200 for one that is known, "
        "whatever way it came. A text that is not read is kept, to be looked at; one with a code is kept nowhere.",
        parameters=(*_SIGNED, *_WOO_HEADERS),
        bodies=(
            Body(
                models=(Payload,),
                alternatives=(_WOO_ORDER, _BANK_TEXT),
                examples=_EVENTS | {"a bank's text": _BANK_EXAMPLE},
            ),
            Body(
                media="application/x-www-form-urlencoded",
                alternatives=(_WOO_PING,),
            ),
        ),
        answers={
            200: DocumentedAnswer(
                text="Taken before; of WooCommerce: taken, or a ping; of a bank: known, not read, or ignored",
                models=(Decided, KeptLine, Ping, NotUnderstood),
                examples={"known": _DECISION | {"duplicate": True}, "a known line": _KEPT | {"duplicate": True}},
            ),
            202: DocumentedAnswer(
                text="Taken; what follows from it is on disk",
                models=(Decided, KeptLine),
                examples={"decided": _DECISION, "a bank's line": _KEPT},
            ),
        },
        problems=(400, 401, 404, 408, 409, 413, 415, 422, 429, 503),
        security=("standardWebhooks", "wooCommerce"),
    ),
    ("POST", "/webhooks/{source}/batch"): Description(
        summary=f"Up to {LARGEST_BATCH} events at once",
        tag="webhooks",
        text="One signature for all, over the whole body. Each event is answered in its place as if it had come alone, "
        "with its own `status`; one bad event spoils no other. The id of an event is the delivery's with the event's "
        "place, `msg_1/0`.",
        parameters=_SIGNED,
        bodies=(Body(models=(Payload,), many=LARGEST_BATCH, examples={"two events": list(_EVENTS.values())[:2]}),),
        answers={
            202: DocumentedAnswer(
                text="An answer for each",
                models=(BatchPart,),
                many=True,
                example=[{"status": 202} | _DECISION, _REFUSED],
            )
        },
        problems=(400, 401, 404, 408, 413, 415, 422, 429, 503),
        security=("standardWebhooks",),
    ),
    ("GET", "/o/{token}"): Description(
        summary="The customer's page of one order",
        tag="customers",
        text="With `[customer_page]` alone. A page in Persian for whoever has its address, which `customer_page` of an "
        "order gives. Looking changes nothing.",
        answers={200: _PAGE, 404: _NO_PAGE, 429: _NO_PAGE, 503: _NO_PAGE},
    ),
    ("POST", "/o/{token}/{answer}"): Description(
        summary="What a customer says on the page",
        tag="customers",
        text="A form of the page, with the key that it was given there. What is refused comes back as the page, with "
        "the reason in it and what was typed.",
        parameters=(
            Parameter(
                name="answer",
                place="path",
                text="Which form",
                type={"type": "string", "enum": ["time", "paid", "call", "return", "mark"]},
            ),
        ),
        bodies=(
            Body(alternatives=(_FORM,), media="application/x-www-form-urlencoded", required=False),
            Body(alternatives=(_FORM,), media="multipart/form-data", required=False),
        ),
        answers={
            303: DocumentedAnswer(text="Taken; it leads to the page", media="text/plain"),
            **dict.fromkeys((400, 403, 409, 413, 422, 429, 503), _PAGE),
            404: _NO_PAGE,
        },
    ),
}

POSTED: Mapping[str, Description] = {
    str(topic): Description(
        summary=schema["description"],
        tag="outgoing",
        text="Posted to each of `[webhooks]` that names it in `events`. Tried again until it is answered with a 2xx; "
        "`webhook-id` stays the same. 410 switches the webhook off.",
        parameters=_SIGNED,
        bodies=(Body(alternatives=(schema,), examples={str(topic): to_builtins(outbound_samples()[topic])}),),
        answers={200: DocumentedAnswer(text="Any 2xx: taken", media="text/plain")},
        security=("standardWebhooks",),
    )
    for topic, schema in schemas().items()
}
"""What we post to a shop's own tools, by its type."""
