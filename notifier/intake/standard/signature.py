"""Signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body.

The reference library signs what we send. It does not check what we are sent: it raises plain ValueErrors on malformed
headers, knows no clock but the machine's and one secret at a time. Tests hold the two against each other.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from notifier.errors import BadSignature, NotJson


def new_secret() -> str:
    """A secret to hand out: 32 random bytes, of the 24 to 64 that Standard Webhooks asks for."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def key(secret: str) -> bytes:
    """The key in a secret as it is handed out: base64, usually behind ``whsec_``. Raises ValueError when it is none."""
    try:
        found = base64.b64decode(secret.removeprefix("whsec_") + "==")  # unpadded ones are in use, more pads do no harm
    except (binascii.Error, ValueError):
        found = b""
    if not found:
        raise ValueError("the secret must be base64, usually written whsec_…")
    return found


def verify(headers: Mapping[str, str], body: bytes, *keys: bytes, now: datetime, tolerance: timedelta) -> str:
    """Check the signature and its age, and return the webhook id. One of the shop's keys has to match one of the
    signatures given. Raises BadSignature, or NotJson for bytes that are no text.
    """
    event_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (event_id and stamp and signatures):
        raise BadSignature("webhook-id, webhook-timestamp and webhook-signature are all needed.")
    if len(event_id) > 256 or not event_id.isprintable():
        raise BadSignature("webhook-id must be at most 256 printable characters.")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature("webhook-timestamp must be unix seconds.")
    if abs(now.timestamp() - int(stamp)) > tolerance.total_seconds():
        raise BadSignature(f"webhook-timestamp is more than {tolerance} away from our clock; sign again when sending.")
    signed = f"{event_id}.{int(stamp)}.".encode("utf-8", "surrogatepass") + body
    if not matches([_mac(key, signed) for key in keys], _given(signatures)):
        if not _is_text(body):
            raise NotJson("The body is not UTF-8.")
        raise BadSignature("No signature matches. Check the secret, and that the body is signed as it is sent.")
    return event_id


def matches(expected: Sequence[bytes], given: Sequence[bytes]) -> bool:
    """Whether any is the same as any, in a time that does not tell which."""
    found = 0
    for one in expected:
        for other in given:
            found += hmac.compare_digest(one, other)
    return found > 0


@lru_cache(maxsize=256)
def _begun(key: bytes) -> hmac.HMAC:
    """A MAC over nothing yet, to be copied: to begin one takes longer than to go on with it."""
    return hmac.new(key, digestmod="sha256")


def _mac(key: bytes, signed: bytes) -> bytes:
    mac = _begun(key).copy()
    mac.update(signed)
    return mac.digest()


def _given(signatures: str) -> list[bytes]:
    """The v1 signatures of the header that are readable at all."""
    given = []
    for entry in signatures.split(" "):
        version, _, signature = entry.partition(",")
        if version == "v1":
            try:
                given.append(binascii.a2b_base64(signature, strict_mode=True))
            except (binascii.Error, ValueError):
                continue
    return given


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
