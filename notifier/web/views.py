"""Records as the API shows them: names of the contract, times and money as they are."""

from datetime import datetime
from typing import Any

from msgspec.structs import asdict

from notifier.clock import TEHRAN
from notifier.domain.orders import Order
from notifier.store.reading import StoredCall, StoredMessage


def order(order: Order) -> dict[str, Any]:
    """An order without its story."""
    details = order.details
    return {
        "id": order.id,
        "number": order.number,
        "source": order.source,
        "stage": order.stage.name.lower(),
        "prepaid": order.prepaid,
        "delivery_priority": order.priority,
        "violation": order.violation,
        "cancelled": order.cancelled,
        "customer": {
            "name": details.name,
            "phone": details.phone,
            "city": details.city,
            "province": details.province,
        },
        "payment": {
            "method": order.method,
            "amount": details.amount,
            "currency": "IRR",
            "reference": details.reference,
        },
        "items": [asdict(item) for item in details.items or ()],
        "shipment": {
            "carrier": details.carrier,
            "tracking_code": details.tracking_code,
            "url": details.tracking_url,
        },
        "created_at": _moment(order.created_at),
        "updated_at": _moment(order.updated_at),
    }


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, TEHRAN)


_OF_OUR_OWN = frozenset({"order_v", "about", "follows"})
"""Fields of a message that only sending needs."""


def message(stored: StoredMessage) -> dict[str, Any]:
    """A message with its ledger."""
    shown = {name: value for name, value in asdict(stored.message).items() if name not in _OF_OUR_OWN}
    return shown | {
        "state": stored.state,
        "provider": stored.provider,
        "provider_id": stored.provider_id,
        "cost": stored.cost,
        "reason": stored.reason,
        "unconfirmed": stored.unconfirmed,
        "accepted_at": _moment(stored.accepted) if stored.accepted else None,
        "delivered_at": _moment(stored.delivered) if stored.delivered else None,
        "attempts": stored.attempts,
    }


def call(stored: StoredCall) -> dict[str, Any]:
    """A call with its reasons and its history; the first of the reasons is shown as its own."""
    call = stored.call
    return {
        "id": call.id,
        "state": call.state,
        "purpose": call.purpose,
        "order_id": call.order_id,
        "source": call.source,
        "phone": call.phone,
        "name": call.name,
        "due_at": call.due_at,
        "latest_at": _moment(call.late),
        "created_at": call.created_at,
        "fixed": call.fixed,
        "priority": call.first.priority,
        "assignee": call.assignee,
        "claimed_until": _moment(call.claimed_until) if call.claimed_until else None,
        "ended_at": _moment(call.ended) if call.ended else None,
        "attempts": sum(call.tried.values()),
        "outcomes": call.tried,
        "reasons": [
            {
                "id": reason.id,
                "purpose": reason.purpose,
                "order_id": reason.order_id,
                "source": reason.source,
                "due_at": _moment(reason.due),
            }
            for reason in call.reasons
        ],
        "history": [
            {
                "at": _moment(entry.at),
                "what": entry.what,
                "by": entry.by or None,
                "to": entry.to or None,
                "note": entry.note,
            }
            for entry in call.history
        ],
    }
