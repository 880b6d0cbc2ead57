"""What a shop is told about an event: the whole decision, so that its developer sees what the event will do."""

from typing import Any

from notifier.domain import phones
from notifier.domain.decide import Decision
from notifier.domain.orders import Order
from notifier.store.bookings import Booked
from notifier.store.records import encode


def decided(event_id: str, decision: Decision, booked: Booked) -> bytes:
    """The answer to an event that was decided upon. A call is the one that the reason joined, with its time."""
    order = decision.order
    return _answer(
        event_id,
        order.id,
        prepaid=order.prepaid,
        delivery_priority=order.priority,
        parked=False,
        messages=[
            {
                "id": message.id,
                "template": message.template,
                "to": phones.mask(message.to),
                "not_before": message.not_before,
            }
            for message in decision.messages
        ],
        calls=[{"id": call.id, "purpose": reason.purpose, "due_at": call.due_at} for reason, call in booked.calls],
        suppressed=[
            {thing.kind: thing.what, "reason": thing.reason} for thing in (*decision.suppressed, *booked.suppressed)
        ],
    )


def parked(event_id: str, order_id: str) -> bytes:
    """The answer to an event whose order is not known yet: it is kept, and followed when the order appears."""
    return _answer(event_id, order_id, parked=True)


def unchanged(event_id: str, order_id: str, order: Order | None) -> bytes:
    """The answer to a delivery without news: how the order stands, and that nothing follows."""
    if order is None:
        return _answer(event_id, order_id)
    return _answer(event_id, order_id, prepaid=order.prepaid, delivery_priority=order.priority)


def repeated(answer: bytes) -> bytes:
    """The answer given before, marked as a repetition."""
    return answer.replace(b'"duplicate":false', b'"duplicate":true', 1)


def _answer(event_id: str, order_id: str, **decision: Any) -> bytes:
    nothing = {"prepaid": False, "delivery_priority": "normal", "parked": False}
    lists: dict[str, list[Any]] = {"messages": [], "calls": [], "suppressed": []}
    return encode({"event_id": event_id, "order_id": order_id, "duplicate": False} | nothing | lists | decision)
