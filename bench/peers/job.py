"""What the peers in Python do with an event beside their frameworks: what it must be like, its text, what is written.

The ids make repetitions harmless in Redis. A text whose answer was lost may leave twice all the same, and nothing is
decided, put off or taken back: it is less than ours does.
"""

import json
import re
import time
from datetime import timedelta
from typing import Annotated, Any, Literal

import jinja2
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

SEEN_FOR = timedelta(days=7)
_MOBILE = re.compile(r"(?:(?:[+]|00)?98)?0?(9[0-39][0-9]{8})")
_DIGITS = str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬")
_TEXT = jinja2.Environment().from_string(
    """{% if amount %}{{ amount }} برای{% else %}بهای{% endif %} سفارش {{ order }} دریافت شد.
{% if receipt %}شماره قبض: {{ receipt }}
برای ضمانت {{ days }}روزهٔ برگشت و پیگیری نگهش دارید.
{% endif %}{{ shop }}"""
)


def _mobile(text: str) -> str:
    if not (found := _MOBILE.fullmatch(text)):
        raise ValueError("not a mobile")
    return "0" + found[1]


Short = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)


class _Customer(_Part):
    name: Short | None = None
    phone: Annotated[str, AfterValidator(_mobile)]
    city: Short | None = None
    province: Short | None = None


class _Payment(_Part):
    method: Literal["cash", "online", "phone", "bank_transfer"] | None = None
    amount: int | None = None
    currency: Literal["IRR", "IRT"] = "IRR"
    reference: Short | None = None


class _Item(_Part):
    name: Short
    quantity: Annotated[int, Field(ge=1)] = 1


class _Data(_Part):
    order_id: Short
    customer: _Customer
    payment: _Payment = _Payment()
    items: list[_Item] | None = None


class Payload(_Part):
    type: Literal["order.registered", "payment.succeeded", "order.shipped"]
    timestamp: AwareDatetime
    data: _Data


def text(data: dict[str, Any]) -> str:
    payment = data["payment"]
    return _TEXT.render(
        amount=f"{payment['amount'] // 10:,} تومان".translate(_DIGITS) if payment.get("amount") else "",
        order=data["order_id"].translate(_DIGITS),
        receipt=payment.get("reference"),
        days="۷",
        shop="شیائومی سیتی",
    )


def commands(event_id: str, event: dict[str, Any], stored: bytes | None, words: str) -> list[tuple[Any, ...]]:
    """What is written at once: the order, its place in the lists, its timeline, the call, the message."""
    data, now = event["data"], int(time.time() * 1000)
    order = json.loads(stored) if stored else {"id": data["order_id"], "v": 0, "created": now}
    order |= {"v": order["v"] + 1, "details": data, "news": {event["type"]: event["timestamp"]}, "updated": now}
    number, phone = data["order_id"], data["customer"]["phone"]
    call = {"id": number, "phone": phone, "due": now + 900_000, "purpose": "reassurance", "created": now}
    lines = [json.dumps({"at": now, "kind": kind, "ref": event_id}) for kind in ("event", "message", "call")]
    message = {"to": phone, "text": words, "state": "sending"}
    return [
        ("SET", f"order:{number}", json.dumps(order)),
        ("ZADD", "orders", now, number),
        ("ZADD", f"customer:{phone}", now, number),
        ("RPUSH", f"timeline:{number}", *lines),
        ("SET", f"call:{phone}", json.dumps(call)),
        ("ZADD", "calls", call["due"], phone),
        ("SET", f"message:{event_id}", json.dumps(message)),
    ]


def settled(event_id: str, answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What is written when the provider has answered."""
    return [
        ("SET", f"message:{event_id}:result", json.dumps(answer)),
        ("ZADD", "sent", int(time.time() * 1000), event_id),
    ]


def form(event: dict[str, Any], words: str) -> dict[str, str]:
    """What the provider is posted."""
    return {"receptor": event["data"]["customer"]["phone"], "message": words, "sender": "2000"}
