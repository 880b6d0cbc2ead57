"""Lengths of time as people write them: ``15m``, ``24h``, ``7d``."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FORM = re.compile(r"(\d+)\s*([smhd])")


def parse(text: Any) -> timedelta:
    """``"90s"``, ``"15m"``, ``"24h"``, ``"7d"`` or a sum like ``"1d 12h"``; ValueError with a sentence otherwise."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(rf"\s*(?:{_FORM.pattern}\s*)+", text):
        raise ValueError(f"{text!r} is not a length of time; write for example 90s, 15m, 24h or 7d")
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in _FORM.findall(text)), timedelta())


Duration = Annotated[timedelta, BeforeValidator(parse)]
