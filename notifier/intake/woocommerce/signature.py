"""Who sent it: WooCommerce's signature, and the unsigned ping it sends when a webhook is made."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping

SIGNATURE = "x-wc-webhook-signature"

_PING = re.compile(rb"webhook_id=[0-9]{1,20}\s*")


def verify(secret: str, body: bytes, signature: str | None) -> bool:
    """Whether ``signature`` is the base64 HMAC-SHA256 of the raw body. An empty secret proves nothing: never."""
    if not secret or not signature:
        return False
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return False
    return hmac.compare_digest(given, hmac.digest(secret.encode(), body, hashlib.sha256))


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether this is the unsigned form ``webhook_id=N``, which is no event and must be answered 200 exactly."""
    if _PING.fullmatch(body) is None:
        return False
    names = {name.lower(): value for name, value in headers.items()}
    return SIGNATURE not in names and "json" not in names.get("content-type", "").lower()
