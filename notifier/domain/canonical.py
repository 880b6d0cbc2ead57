"""One form of what people and programs write in many: identifiers, optional values, and text out of a web page.

Everything here looks at a bounded part of what it is given, before anything else is done with it: no shop, provider or
spreadsheet decides how much work a value is.
"""

import html
import re

from notifier.domain import persian
from notifier.domain.errors import NotifierError

LONGEST_IDENTIFIER = 200
LONGEST_TEXT = 2000
"""Characters. What is longer is no name, reference or address of anything."""

_ROOM = 4  # invisible signs and noughts of a format may make a value so many times as long as what it says

# Joiners and marks of direction, isolates, byte order marks, soft hyphens; the line that stretches Arabic letters.
_INVISIBLE = re.compile("[\u00ad\u061c\u0640\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")
_BREAKS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]+")
_BLANKS = re.compile(r"\s+")

_NOTHING = frozenset(
    persian.fold(word)
    for word in (
        *("n/a", "na", "n.a.", "null", "(null)", "none", "nil", "nan", "undefined", "unknown", "not available"),
        *("empty", "false", "#n/a", "#ref!", "#value!", "#name?", "tbd", "no tracking", "[object object]"),
        *("ندارد", "نداره", "نامشخص", "ناشناس", "نامعلوم", "هیچ", "خالی", "بدون", "بدون کد", "بدون کد رهگیری", "تهی"),
        *("ندارم", "موجود نیست", "ثبت نشده", "وارد نشده", "نا مشخص", "فاقد", "فاقد کد", "تعیین نشده", "صادر نشده"),
    )
)
_SIGN = re.compile(r"[^\W_]")
_LONGEST_NOTHING = 40

_INLINE = "a|abbr|b|bdi|bdo|em|font|i|mark|small|span|strong|sub|sup|u"
_TAG = re.compile(f"<(?:(?P<inline>/?(?:{_INLINE})(?=[ />]))|/?[a-z]|!--)[^<>]*>", re.IGNORECASE)
_SUSPECT = re.compile("[<&]")
_LONGEST_MARKUP = 4000  # of more digits Python refuses to make the number that `&#…` would be


class TooLongError(NotifierError, ValueError):
    """A value is longer than anything of its kind."""

    def __init__(self, longest: int) -> None:
        super().__init__(f"is longer than {longest} characters")


def identifier(text: str, *, longest: int = LONGEST_IDENTIFIER) -> str:
    """The one form of an order's number, a reference or a tracking code, however it was typed or copied.

    Digits are ASCII; what cannot be seen is gone, at the ends also what is blank. Raises TooLongError, and ValueError
    for a line break inside.
    """
    if len(text) > longest * _ROOM:
        raise TooLongError(longest)
    if text.isascii() and text.isalnum():
        found = text
    else:
        found = _INVISIBLE.sub("", persian.ascii_digits(text)).strip()
        if _BREAKS.search(found):
            raise ValueError("has a line break or a control character in it")
        found = _BLANKS.sub(" ", found)
    if len(found) > longest:
        raise TooLongError(longest)
    return found


def asked_for(text: str) -> str:
    """An identifier that somebody asks for: what cannot be one is handed back cut, for nothing is called so."""
    try:
        return identifier(text)
    except ValueError:
        return text[:LONGEST_IDENTIFIER]


def is_nothing(text: str) -> bool:
    """Whether a value only says that there is none: `-`, `.`, `0`, `N/A`, `null`, «ندارد»."""
    if len(text) > _LONGEST_NOTHING:
        return False
    if text.isascii() and text.isalnum():
        return not text.strip("0") or text.lower() in _NOTHING
    if persian.is_folded(text):
        return text in _NOTHING
    seen = _INVISIBLE.sub("", persian.ascii_digits(text)).strip()
    if not _SIGN.search(seen) or not seen.strip("0.,٫٬/- "):
        return True
    return persian.fold(seen) in _NOTHING or (seen != text and persian.fold(text) in _NOTHING)


def something(text: str | None) -> str | None:
    """The text, or None where it says that there is nothing."""
    return None if text is None or is_nothing(text) else text


def plain(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """What a reader of the page sees of text out of a web page: one round of entities, then without tags; cut to
    ``longest``.

    Tags that stand as entities are text that was escaped, and go too: nobody names a product by markup.
    """
    text = text[: min(longest * _ROOM, _LONGEST_MARKUP)]
    if _SUSPECT.search(text):
        text = _untagged(html.unescape(_untagged(text)))
    return text[:longest]


def _untagged(text: str) -> str:
    return _TAG.sub(lambda tag: "" if tag["inline"] else " ", text)


def name(whole: str) -> str | None:
    """A person's name without the words of programs and forms that say nothing: «سارا null» is «سارا»."""
    if persian.is_folded(whole):
        return None if whole in _NOTHING else whole
    words = [word for word in whole.split() if word.lower() not in _NOTHING_IN_NAMES and word.strip(_RULES)]
    return something(" ".join(words)) if words else None


_NOTHING_IN_NAMES = frozenset({"null", "(null)", "undefined", "none", "nan", "n/a"})
_RULES = "-–—._/0۰"
