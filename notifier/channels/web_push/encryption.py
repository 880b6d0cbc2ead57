"""What only the browser can read: message encryption for Web Push (RFC 8291), in one record of aes128gcm (RFC 8188)."""

import secrets

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifier.channels.web_push.vapid import CURVE

LONGEST = 3993
"""Bytes of a plain text: what is left of the 4096 that every push service takes (RFC 8291, 4)."""

_RECORD = 4096
_LAST = b"\x02"  # behind the text of the last record


def encrypted(
    text: bytes,
    *,
    public: bytes,
    auth: bytes,
    ours: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push to a browser with this key and secret. ``ours`` and ``salt`` are new each time but in tests.

    Raises ValueError for a key that is no point of the curve, and for a text that is too long.
    """
    if len(text) > LONGEST:
        raise ValueError("this is too long for one push")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, public)
    ours = ours or ec.generate_private_key(CURVE)
    salt = salt or secrets.token_bytes(16)
    sender = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = ours.exchange(ec.ECDH(), theirs)
    material = _derived(shared, salt=auth, info=b"WebPush: info\0" + public + sender, length=32)
    key = _derived(material, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derived(material, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    head = salt + _RECORD.to_bytes(4) + len(sender).to_bytes(1) + sender
    return head + AESGCM(key).encrypt(nonce, text + _LAST, None)


def _derived(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(material)
