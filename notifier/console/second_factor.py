"""The second factor: codes of an app on a phone (RFC 6238), and recovery codes for when the phone is lost."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import pyotp
import segno
from msgspec.structs import replace

from notifier.domain import persian
from notifier.store.staff import SecondFactor

_STEP = 30  # seconds that a code lasts
_ASTRAY = 1  # steps by which the clock of a phone may be wrong
_RECOVERY, _GROUPS, _GROUP = 10, 6, 4
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that look alike


def new_secret() -> str:
    """What the app and we share, in base32."""
    return pyotp.random_base32()


def address(secret: str, *, staff_id: str, shop: str) -> str:
    """What the app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=staff_id, issuer_name=shop or None)


def picture(text: str) -> str:
    """A QR code as SVG, to stand in a page."""
    return segno.make(text, error="l").svg_inline(border=4, omitsize=True, dark="#000", light="#fff")


def accepted(factor: SecondFactor, code: str, now: datetime) -> SecondFactor | None:
    """The factor after one of its codes, which is good no second time; None for a code that is wrong or was used."""
    digits = _plain(code)
    if len(digits) != 6 or not digits.isascii():
        return None
    app, current = pyotp.TOTP(factor.secret), int(now.timestamp()) // _STEP
    for step in range(current - _ASTRAY, current + _ASTRAY + 1):
        if hmac.compare_digest(app.generate_otp(step), digits) and step > factor.used:
            return replace(factor, used=step)
    return None


def recovered(factor: SecondFactor, code: str, staff_id: str) -> SecondFactor | None:
    """The factor without one of its recovery codes; None where there is no such code."""
    given = _hash(code, staff_id)
    left = tuple(one for one in factor.recovery if not hmac.compare_digest(one, given))
    return replace(factor, recovery=left) if len(left) < len(factor.recovery) else None


def recovery_codes() -> list[str]:
    """New ones, to be written down by whoever they are for."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(_RECOVERY)
    ]


def hashes(codes: Sequence[str], staff_id: str) -> tuple[str, ...]:
    """What is kept of them: each has 120 random bits, which nobody finds by trying."""
    return tuple(_hash(code, staff_id) for code in codes)


def _hash(code: str, staff_id: str) -> str:
    return sha256(f"{staff_id}:{_plain(code)}".encode(errors="replace")).hexdigest()


def _plain(code: str) -> str:
    """A code as it was meant: without gaps, in Latin digits and small letters."""
    return "".join(char for char in persian.ascii_digits(code[:64]).lower() if char.isalnum())
