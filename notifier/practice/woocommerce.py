"""Practice deliveries of a WooCommerce shop: an order in the state that an event leaves it in, signed as it signs."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from notifier.domain.events import EventType
from notifier.intake.woocommerce.rules import Word
from notifier.practice import woo_order
from notifier.practice.standard import PRACTICE

_FIRST_ID = 9_000_000_000_000_000_000
"""WordPress counts its ids up from 1, so no shop comes here; and it still is a number, as WooCommerce's ids are."""

MARK = "_notifier_practice"

_STATUSES: dict[EventType, str] = {
    EventType.REGISTERED: "pending",
    EventType.PAID: "processing",
    EventType.DEPOSIT_CONFIRMED: "processing",
    EventType.DELIVERED: "completed",
}
_ORDER = {
    "first_name": "سارا",
    "last_name": "محمدی",
    "phone": "09121234567",
    "city": "تهران",
    "state": "THR",
    "toman": 18_500_000,
    "item": "Xiaomi 13T Pro",
    "payment_method": "WC_ZPal",
    "payment_method_title": "پرداخت امن زرین‌پال",
}
_TRANSFER = {"city": "اصفهان", "state": "ESF", "payment_method": "bacs", "payment_method_title": "کارت به کارت"}
_PAID_IN = frozenset({*Word, EventType.PAID, EventType.DEPOSIT_CONFIRMED})


def status_of(event: EventType, statuses: Mapping[str, tuple[str, ...]]) -> str | None:
    """The status of a shop that says so, or None: WooCommerce knows of no deposit that was reported or refused."""
    usual = _STATUSES.get(event)
    return usual or next((name for name, meanings in statuses.items() if meanings and meanings[-1] == event), None)


def order(event: EventType, status: str, meanings: tuple[str, ...], *, at: datetime) -> dict[str, Any]:
    """An order of an hour ago that is in a status since ``at``."""
    content: dict[str, Any] = {"status": status}
    if event is EventType.SHIPPED:
        content["tracking_code"] = "208690405100038460081114"
    paid = {"paid": True, "transaction_id": "201785643310"} if not _PAID_IN.isdisjoint(meanings) else {}
    about = _ORDER | (_TRANSFER if event is EventType.DEPOSIT_CONFIRMED else {})
    begun = (at - timedelta(hours=1), {"status": "pending"})
    return woo_order.payload("10025", about, [begun, (at, content | paid)])


def practised(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order as one of practice: with an id that no shop gives, and with a mark for whoever reads it."""
    given = str(order["id"])
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else crc32(given.encode())
    marked = [*order.get("meta_data", []), {"id": 0, "key": MARK, "value": "yes"}]
    return {**order, "id": _FIRST_ID + number % 10**17, "number": f"{PRACTICE}{given}", "meta_data": marked}


def signed(secret: str, order: Mapping[str, Any], *, topic: str, delivery: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a delivery as WooCommerce has them."""
    body = json.dumps(order, ensure_ascii=False).encode()
    resource, _, event = topic.partition(".")
    return body, {
        "Content-Type": "application/json",
        "User-Agent": "WooCommerce/10.3.5 Hookshot (WordPress/6.8.3)",
        "X-WC-Webhook-Source": "https://shop.example/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode(),
        "X-WC-Webhook-ID": "7",
        "X-WC-Webhook-Delivery-ID": hashlib.md5(delivery.encode(), usedforsecurity=False).hexdigest(),
    }
