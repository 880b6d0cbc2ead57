"""Who we are to a push service: a key pair, and what is signed with it (VAPID, RFC 8292)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifier.errors import NotifierError

CURVE = ec.SECP256R1()
_SIZE = 32  # bytes of a private key, and of each half of a signature
_LASTS = timedelta(hours=12)  # of 24 hours that are allowed, so that clocks may differ


class UnusableKey(NotifierError, ValueError):
    """This is no private key for Web Push: make one with `notifier push-keys`."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


@dataclass(frozen=True, slots=True)
class VapidKeys:
    """The pair of this installation. Browsers are given the public one when they subscribe."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "VapidKeys":
        """From base64url without padding, as every tool for Web Push writes it. Raises UnusableKey."""
        try:
            raw = decoded(text)
            if len(raw) != _SIZE:
                raise UnusableKey
            return cls(ec.derive_private_key(int.from_bytes(raw), CURVE))
        except ValueError:
            raise UnusableKey from None

    @classmethod
    def new(cls) -> "VapidKeys":
        return cls(ec.generate_private_key(CURVE))

    @property
    def private_text(self) -> str:
        return encoded(self.private.private_numbers().private_value.to_bytes(_SIZE))

    @property
    def public_text(self) -> str:
        """As a browser wants it: the uncompressed point, in base64url."""
        return encoded(self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def authorization(self, endpoint: str, subject: str, now: datetime) -> str:
        """The header by which the push service of an endpoint knows us. ``subject`` is whom it may write to."""
        to = urlsplit(endpoint)
        claims = {"aud": f"{to.scheme}://{to.netloc}", "exp": int((now + _LASTS).timestamp()), "sub": subject}
        parts = ({"typ": "JWT", "alg": "ES256"}, claims)
        said = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
        r, s = decode_dss_signature(self.private.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={said}.{encoded(r.to_bytes(_SIZE) + s.to_bytes(_SIZE))}, k={self.public_text}"


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """What base64url says, with or without its padding. Raises ValueError."""
    text = text.rstrip("=")
    if not text.isascii() or not set(text) <= _ALPHABET:
        raise ValueError("this is no base64url")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
