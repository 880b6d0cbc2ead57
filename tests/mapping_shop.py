"""A shop of kind ``mapping`` that posts to a running service in words of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shops import Answer, Client, request

from notifier.clock import Clock
from notifier.intake.mapping.signature import Scheme

SECRET = "a-secret-of-the-mapped-shop"
SOURCE: dict[str, Any] = {
    "kind": "mapping",
    "secret": SECRET,
    "signature": {"scheme": "hmac", "header": "X-Signature"},
    "status": "state",
    "time": "changed",
    "statuses": {
        "new": ["order.registered"],
        "paid": ["order.registered", "paid"],
        "packed": ["order.registered", "paid", "order.packed"],
        "sent": ["order.registered", "paid", "order.packed", "order.shipped"],
        "failed": ["order.registered", "payment.failed"],
        "dropped": ["order.registered", "order.cancelled"],
        "draft": [],
    },
    "methods": {"gateway": "online", "cod": "cash", "bacs": "bank_transfer"},
    "fields": {
        "order_id": "id",
        "customer": {"name": "buyer.name", "phone": "buyer.mobile", "city": "buyer.town"},
        "payment": {"method": "pay", "amount": "total", "currency": "unit", "reference": "receipt"},
        "items": "lines[].{name: title, quantity: count}",
        "shipment": {"tracking_code": "parcel"},
    },
}


def order(state: str = "paid", **changed: Any) -> dict[str, Any]:
    """An order as this shop posts it at every change."""
    return {
        "id": 812,
        "state": state,
        "changed": "2026-11-23 09:30:00",
        "buyer": {"name": "سارا محمدی", "mobile": "۰۹۱۲ ۱۲۳ ۴۵۶۷", "town": "تهران"},
        "pay": "gateway",
        "total": "۱۸٬۵۰۰٬۰۰۰",
        "unit": "IRT",
        "lines": [{"title": "Xiaomi 13T Pro", "count": "2"}],
    } | changed


@dataclass(frozen=True, slots=True)
class MappedShop:
    """Signs by its scheme."""

    client: Client
    clock: Clock
    scheme: Scheme
    name: str = "mine"

    async def post(
        self, document: Any, *, content_type: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Post a document, or bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        signed = self.scheme.sign(body, at=self.clock.now())
        return await self.send(body, {"content-type": content_type} | signed | dict(headers or {}))

    async def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post just these bytes and headers."""
        return await request(self.client, "POST", f"/webhooks/{self.name}", body, headers)
