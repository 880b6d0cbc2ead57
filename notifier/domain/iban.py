"""Sheba numbers: Iran's IBAN, «IR» and 24 digits, whose check digits tell a mistyped one.

ISO 13616: the first four characters moved to the end, letters as numbers from A = 10, the whole must be 1 modulo 97.
"""

import re

from notifier.domain import persian

_SHEBA = re.compile("IR[0-9]{24}")
_SPARE = re.compile(r"[\s\-]+")
_LONGEST = 60


def sheba(text: str) -> str:
    """The number without spaces, with ASCII digits and its IR; empty for nothing. Raises ValueError for a wrong one."""
    if len(text) > _LONGEST:
        raise ValueError("is longer than a Sheba number; write IR and its 24 digits")
    found = _SPARE.sub("", persian.fold(text)).upper()
    if not found:
        return ""
    if re.fullmatch("[0-9]{24}", found):
        found = f"IR{found}"
    if not _SHEBA.fullmatch(found):
        raise ValueError("is no Sheba number; write IR and its 24 digits")
    if int(found[4:] + "1827" + found[2:4]) % 97 != 1:  # I is 18, R is 27
        raise ValueError("has a wrong digit: the check digits of this Sheba number do not fit; copy it once more")
    return found
