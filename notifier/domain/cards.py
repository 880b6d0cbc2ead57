"""Numbers of bank cards: 16 digits, the last of which tells a mistyped one (Luhn, ISO/IEC 7812-1)."""

import re

from notifier.domain import persian

_CARD = re.compile("[1-9][0-9]{15}")
_SPARE = re.compile(r"[\s\-]+")
_LONGEST = 60


def card(text: str) -> str:
    """The number as 16 ASCII digits; empty for nothing. Raises ValueError for what is no card's number."""
    if len(text) > _LONGEST:
        raise ValueError("is longer than the number of a card; write its 16 digits")
    found = _SPARE.sub("", persian.ascii_digits(text))
    if found and not _CARD.fullmatch(found):
        raise ValueError("is no number of a card; write its 16 digits")
    if _luhn(found) % 10:
        raise ValueError("has a wrong digit: the check digit of this card does not fit; copy it once more")
    return found


def _luhn(number: str) -> int:
    """Every second digit from the right counts twice, its digits added."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 * (value > 9) for value in doubled)
