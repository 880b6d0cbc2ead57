"""Who sent it, for shops that sign in a way of their own: as Standard Webhooks, by an HMAC in a header, or by a token.

Each scheme takes all secrets that are valid at present, the newest first, and signs practice deliveries with that one.
"""

import base64
import binascii
import hmac
import re
import secrets as random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from standardwebhooks import Webhook

from notifier.errors import BadSignature
from notifier.intake.standard import signature as signatures

_APART = re.compile(r"[,\s]+")
_LATEST_SECONDS = 10**11  # a greater number counts milliseconds


class Scheme(Protocol):
    """A way to sign."""

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        """The id the delivery is signed with, if the scheme has one. Raises BadSignature."""

    def sign(self, body: bytes, *, at: datetime) -> dict[str, str]:
        """The headers of a delivery as the shop would sign it."""


@dataclass(frozen=True, slots=True)
class StandardScheme:
    """Standard Webhooks 1.0."""

    secrets: Sequence[str] = field(repr=False)
    tolerance: timedelta

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        keys = [signatures.key(secret) for secret in self.secrets]
        return signatures.verify(headers, body, *keys, now=now, tolerance=self.tolerance)

    def sign(self, body: bytes, *, at: datetime) -> dict[str, str]:
        event_id, stamp = f"msg_{random.token_urlsafe(16)}", int(at.timestamp())
        signature = Webhook(self.secrets[0]).sign(event_id, datetime.fromtimestamp(stamp, UTC), body.decode())
        return {"webhook-id": event_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacScheme:
    """An HMAC over the raw body, or over ``signed``, in which ``{body}`` and ``{timestamp}`` stand for these.

    The header may hold several signatures, with commas or spaces between; those with another prefix are passed over.
    """

    secrets: Sequence[str] = field(repr=False)
    header: str
    algorithm: str = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str | None = None
    signed: str = "{body}"
    tolerance: timedelta = timedelta(minutes=5)

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        if not (header := headers.get(self.header)):
            raise BadSignature(f"{self.header} is missing; it must hold the signature.")
        stamp = self._timestamp(headers, now) if self.timestamp_header else ""
        if not signatures.matches(self._expected(body, stamp), self._given(header)):
            raise BadSignature(
                f"No signature in {self.header} matches. Check the secret, and that the body is signed as it is sent."
            )
        return None

    def sign(self, body: bytes, *, at: datetime) -> dict[str, str]:
        stamp = str(int(at.timestamp()))
        digest = self._expected(body, stamp)[0]
        written = digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()
        stamped = {self.timestamp_header: stamp} if self.timestamp_header else {}
        return {self.header: f"{self.prefix}{written}"} | stamped

    def _expected(self, body: bytes, stamp: str) -> list[bytes]:
        before, _, after = self.signed.replace("{timestamp}", stamp).partition("{body}")
        text = before.encode() + body + after.encode()
        return [hmac.digest(secret.encode(), text, self.algorithm) for secret in self.secrets]

    def _given(self, header: str) -> list[bytes]:
        given = []
        for entry in _APART.split(header):
            if not entry.startswith(self.prefix):
                continue
            written = entry.removeprefix(self.prefix)
            try:
                given.append(
                    bytes.fromhex(written) if self.encoding == "hex" else base64.b64decode(written, validate=True)
                )
            except (binascii.Error, ValueError):
                continue
        return given

    def _timestamp(self, headers: Mapping[str, str], now: datetime) -> str:
        stamp = headers.get(self.timestamp_header or "", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
            raise BadSignature(f"{self.timestamp_header} must be unix seconds or milliseconds.")
        at = int(stamp) / 1000 if int(stamp) > _LATEST_SECONDS else int(stamp)
        if abs(now.timestamp() - at) > self.tolerance.total_seconds():
            raise BadSignature(f"{self.timestamp_header} is more than {self.tolerance} away from our clock.")
        return stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenScheme:
    """A shared secret in a header, as it is. It proves who sent a delivery, and nothing about its body or age."""

    secrets: Sequence[str] = field(repr=False)
    header: str
    prefix: str = ""

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
        given = headers.get(self.header, "").encode(errors="surrogateescape")
        if not signatures.matches([f"{self.prefix}{secret}".encode() for secret in self.secrets], [given]):
            raise BadSignature(f"{self.header} does not hold the token of this source.")
        return None

    def sign(self, body: bytes, *, at: datetime) -> dict[str, str]:
        return {self.header: f"{self.prefix}{self.secrets[0]}"}
