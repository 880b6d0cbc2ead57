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


def message(stored: StoredMessage) -> dict[str, Any]:
    """A message with its ledger."""
    return asdict(stored.message) | {
        "state": stored.state,
        "provider": stored.provider,
        "provider_id": stored.provider_id,
        "cost": stored.cost,
        "attempts": stored.attempts,
    }


def call(stored: StoredCall) -> dict[str, Any]:
    """A call with its state."""
    return asdict(stored.call) | {"state": stored.state}
