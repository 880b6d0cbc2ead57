"""Passwords that are guessed first: the commonest ones, and the habits of people who write Persian.

A guesser takes a word or two that everybody uses, in Persian, in Latin letters or typed on the wrong keyboard, and adds
a year, a number or a sign. What is left of such a password without them is looked up here.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_FEWEST = 5  # different characters
_LOOKED_AT = 128  # characters: more of a habit than anybody has
_FEW_WORDS = 2  # so many common words together are guessed; more of them make a phrase
_LEAST_HALF = 3  # letters of each of two words that are written as one

_KEYBOARD = dict(
    zip("ضصثقفغعهخحجچشسیبلاتنمکگظطزرذدپوئآژ", [*"qwertyuiop[]asdfghjkl;'zxcvbnm,s", "h", "c"], strict=True)
)
"""Which key of a Latin keyboard a Persian letter is on: سلام typed there is sghl."""

_ROWS = (
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
_LEET = str.maketrans("01345789@$!|€", "oieastbqasiie")
_ALIKE = str.maketrans("يىكةأإٱؤ", "ییکهاااو")
_PHONE = re.compile(r"(?:\+?0{0,2}98|0)?9\d{9}|0[1-8]\d{9}")
_WORDS = re.compile(r"[^\W\d_]+")
_PLATE = re.compile(r"\d{2}[^\W\d_]{1,5}\d{5}|\d{4}[^\W\d_]{1,5}\d{3}")
_COUNTRY = re.compile(r"iran|ir(?=\d)|ایران")


def first(password: str, *, about: Iterable[str] = ()) -> bool:
    """Whether a password is one of those that are tried first; ``about`` are names known of whose it is."""
    text = _folded(password[:_LOOKED_AT])
    bare = "".join(char for char in text if char.isalnum())
    if len(set(bare)) < _FEWEST or sum(char.isdecimal() for char in bare) > len(text) - _LEAST_HALF:
        return True  # digits alone are somebody's telephone, card, plate, birthday or national number
    if _repeats(bare) or _along_the_keyboard(bare) or _PLATE.fullmatch(_COUNTRY.sub("", bare)):
        return True
    if len(_PHONE.sub("", bare)) <= len(bare) - 10 and len(_PHONE.sub("", bare)) < 8:
        return True
    own = {word for name in about for word in _WORDS.findall(_folded(name)) if len(word) >= _LEAST_HALF}
    own |= {"".join(_WORDS.findall(_folded(name))) for name in about}
    return any(_common(form, own) for form in (text, _readable(text)))


def _common(text: str, own: set[str]) -> bool:
    """Whether a few words that everybody uses are all that there is but digits and signs."""
    known = _common_words()
    whole = re.sub(r"[\W_]+", "", text)
    if text in known or whole in known or whole.strip("0123456789") in known | own:
        return True
    words = _WORDS.findall(text)
    parts = [part for word in words for part in _split(word, known | own)]
    return 0 < len(parts) <= _FEW_WORDS and all(part in known or part in own for part in parts)


def _split(word: str, known: set[str] | frozenset[str]) -> list[str]:
    """A word, or the two that it was put together from."""
    if word not in known:
        for at in range(_LEAST_HALF, len(word) - _LEAST_HALF + 1):
            if word[:at] in known and word[at:] in known:
                return [word[:at], word[at:]]
    return [word]


def _repeats(text: str) -> bool:
    """«abcdabcdabcd»."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in range(1, len(text) // 2 + 1))


def _along_the_keyboard(text: str) -> bool:
    """Whether it consists of few runs along a row of keys or through the alphabet, forwards or backwards."""
    runs, at = 0, 0
    while at < len(text):
        sizes = range(3, min(len(text) - at, len(_ROWS[-1])) + 1)
        rows = [f"{row} {row[::-1]}" for row in _ROWS]
        length = max((size for size in sizes if any(text[at : at + size] in row for row in rows)), default=0)
        if not length:
            return False
        runs, at = runs + 1, at + length
    return True


def _folded(text: str) -> str:
    """Small letters, Latin digits, one form of each Persian letter, and nothing that cannot be seen."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_ALIKE)
    seen = (char for char in plain if unicodedata.category(char) not in ("Cf", "Mn"))
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in seen)


def _readable(text: str) -> str:
    """«p@ssw0rd1» as it is meant: signs within a word are letters, digits behind it are digits."""
    core = re.sub(r"^[\d\W_]+(?=[^\W\d_])|[\d\W_]+$", "", text)
    return core.translate(_LEET)


@cache
def _common_words() -> frozenset[str]:
    listed = _lines("vendor", "common-passwords", "passwords.list")
    habits = [_folded(word) for word in _lines("console", "habits.list")]
    typed = ["".join(_KEYBOARD.get(char, char) for char in word) for word in habits]
    return frozenset([*listed, *habits, *typed])


def _lines(*path: str) -> list[str]:
    return files("notifier").joinpath(*path).read_text(encoding="utf-8").split()
