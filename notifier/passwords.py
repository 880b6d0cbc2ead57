"""Passwords of staff, as argon2 hashes."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_HASHER = PasswordHasher()
SHORTEST = 8
_FEWEST = 5  # different characters
_GUESSED_FIRST = {
    *("12345678", "123456789", "1234567890", "87654321", "password", "password1", "passw0rd", "p@ssw0rd", "qwertyui"),
    *("qwertyuiop", "qwerty123", "1q2w3e4r", "1qaz2wsx", "asdfghjk", "abcd1234", "iloveyou", "admin123", "admin1234"),
}


def hashed(password: str) -> str:
    """A hash to store. Raises ValueError for a password that is too short, or one of the first to be tried."""
    if len(password) < SHORTEST:
        raise ValueError(f"a password needs at least {SHORTEST} characters")
    if len(set(password)) < _FEWEST or password.lower() in _GUESSED_FIRST:
        raise ValueError("this password is among the first to be tried; think of another one")
    return _HASHER.hash(password)


def matches(password: str, stored: str) -> bool:
    """Whether the password is the one that was hashed."""
    try:
        return _HASHER.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
