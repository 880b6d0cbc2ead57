"""What a text weighs and what it may hold."""

import math
import re
import unicodedata

from notifier.simulator.codes import RefusedError

_LINK = re.compile(r"https?://|www\.|\b[a-z0-9-]+\.(?:ir|com|net|org|co|me|app|shop)\b", re.IGNORECASE)


def units(text: str) -> int:
    """The length in UTF-16 units, the way operators count: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parts(text: str) -> int:
    """SMS parts billed: one letter outside ASCII anywhere makes the whole text Unicode (70/67 instead of 160/153)."""
    length = units(text)
    alone, joined = (160, 153) if text.isascii() else (70, 67)
    return 1 if length <= alone else math.ceil(length / joined)


def check(text: str, *, longest: int, links_allowed: bool) -> str:
    """The text unchanged, or the code Kavenegar refuses it with: 413, 420 or 422."""
    if not text.strip() or units(text) > longest:
        raise RefusedError(413)
    if not links_allowed and _LINK.search(text):
        raise RefusedError(420)
    check_characters(text)
    return text


def check_characters(text: str) -> None:
    """422 for what no phone can show: control characters and halves of surrogate pairs."""
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\r\t" for letter in text):
        raise RefusedError(422)
