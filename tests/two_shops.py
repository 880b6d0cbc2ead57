"""Two standard shops in one installation that are strangers to each other, with the console, for tests."""

from typing import Any

from console_browser import Desk
from shops import SHOP_SECRET

from notifier.domain.events import EventType
from notifier.intake.standard.signature import new_secret
from notifier.practice import standard

MI_SECRET = new_secret()
OWN = {"name": "می‌شاپ", "support_phone": "02191005678", "site": "mishop.example"}
MI = {"kind": "standard", "secret": MI_SECRET, "shop": OWN}
"""A source beside ``shop``."""

TEHRAN_CUSTOMER = {"name": "سارا محمدی", "phone": "09121234567", "city": "تهران"}


async def posted(
    desk: Desk, source: str, order_id: str, kind: EventType = EventType.REGISTERED, **more: Any
) -> dict[str, Any]:
    """News of an order of one of the two; returns the answer."""
    secret = MI_SECRET if source == "mi" else SHOP_SECRET
    data = {"order_id": order_id, "customer": TEHRAN_CUSTOMER, "payment": {"method": "cash"}, **more}
    payload = {"type": kind, "timestamp": desk.clock.now().isoformat(), "data": data}
    event_id = f"{source}-{order_id}-{kind}"
    body, headers = standard.signed(secret, payload, at=desk.clock.now(), event_id=event_id)
    answer = await desk.sara.client.post(f"/webhooks/{source}", data=body, headers=headers)
    assert answer.status == 202, await answer.text()
    return dict(await answer.json())
