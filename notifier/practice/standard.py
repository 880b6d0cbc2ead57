"""Sample events, for practice and for the demo: what a shop's backend posts."""

import json
import secrets
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from notifier.domain.events import EventType
from notifier.outbound import signing

_CUSTOMER = {"name": "سارا محمدی", "phone": "09121234567", "city": "تهران", "province": "تهران"}
_PAYMENT = {"method": "online", "amount": 185_000_000, "currency": "IRR", "reference": "123456789"}
_ITEMS = [{"name": "Xiaomi 13T Pro", "quantity": 1}]
_SHIPMENT = {"carrier": "پست پیشتاز", "tracking_code": "123456789012345678901234"}

PRACTICE = "practice-"
"""How the ids of practice orders begin: a shop's own order must never be taken for one, nor one for it."""

_PARTS: dict[EventType, tuple[str, ...]] = {
    EventType.REGISTERED: ("customer", "payment", "items"),
    EventType.PAID: ("customer", "payment", "items"),
    EventType.PAYMENT_FAILED: ("customer", "payment"),
    EventType.SHIPPED: ("customer", "shipment"),
}


def event(kind: EventType, *, at: datetime, order_id: str = "10025") -> dict[str, Any]:
    """A whole event of a kind. Each kind brings what a shop would send with it."""
    parts = {"customer": _CUSTOMER, "payment": _PAYMENT, "items": _ITEMS, "shipment": _SHIPMENT}
    data = {"order_id": order_id} | {name: deepcopy(parts[name]) for name in _PARTS.get(kind, ("customer",))}
    if kind in (EventType.REGISTERED, EventType.PAYMENT_FAILED):
        data["payment"] = {key: value for key, value in _PAYMENT.items() if key != "reference"}
    if kind is EventType.DELAYED:
        data["new_date"] = (at + timedelta(days=3)).date().isoformat()
    elif kind in (EventType.DELIVERY_AGREED, EventType.DELIVERY_CHANGED):
        day = (at + timedelta(days=2 + (kind is EventType.DELIVERY_CHANGED))).date()
        data["delivery"] = {"date": day.isoformat(), "from": "16:00", "to": "19:00"}
    elif kind is EventType.RATED:
        data["mark"] = 5
    elif kind is EventType.CALLBACK_REQUESTED:
        data["callback_at"] = (at + timedelta(hours=3)).isoformat()
    elif kind is EventType.RETURN_REFUSED:
        data["reason"] = "مهلت ضمانت برگشت گذشته است"
    elif kind is EventType.DELIVERY_FAILED:
        data["reason"] = "کسی در نشانی نبود"
    elif kind is EventType.STALLED:
        data["reason"] = "سه روز کاری است که خبر تازه‌ای از مرسوله نیست"
    return {"type": str(kind), "timestamp": at.isoformat(), "data": data}


def signed(secret: str, payload: Any, *, at: datetime, event_id: str | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a delivery as Standard Webhooks has them."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    event_id = event_id or f"msg_{secrets.token_urlsafe(16)}"
    return body, signing.headers([secret], event_id, body, at=at)
