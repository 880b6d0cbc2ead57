"""Passwords of staff, as argon2 hashes."""

from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from notifier.console import common_passwords

_HASHER = PasswordHasher()
SHORTEST, LONGEST = 10, 1024
"""Characters. Hashing more than the latter would be work for nothing."""


def hashed(password: str, *, about: Iterable[str] = ()) -> str:
    """A hash to store; ``about`` are names that belong to the account.

    Raises ValueError for a password that is too short or too long, or one of the first to be tried.
    """
    if len(password) < SHORTEST:
        raise ValueError(f"a password needs at least {SHORTEST} characters")
    if len(password) > LONGEST:
        raise ValueError(f"a password has at most {LONGEST} characters")
    if common_passwords.first(password, about=about):
        raise ValueError(
            "this password is among the first to be tried: a common one, a name with a year, a number or a plate; "
            "three or four words that have nothing to do with one another make a good one"
        )
    return _HASHER.hash(password)


def matches(password: str, stored: str) -> bool:
    """Whether the password is the one that was hashed."""
    if len(password) > LONGEST:
        return False
    try:
        return _HASHER.verify(stored, password.encode(errors="surrogatepass"))
    except (VerifyMismatchError, InvalidHashError):
        return False
