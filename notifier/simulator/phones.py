"""The spellings of a number that Kavenegar takes, and the one it answers with."""

import re

from notifier.simulator.codes import RefusedError

_MOBILE = re.compile(r"(?:\+98|0098|0)?(9[0-9]{9})")
_LANDLINE = re.compile(r"(?:\+98|0098|0)?([1-8][0-9]{9})")
_ABROAD = re.compile(r"00(?!98)[1-9][0-9]{6,14}")
_LINE = re.compile(r"(?:\+98|0098)?([1-9][0-9]{3,14})")


def mobile(text: str) -> str:
    """The local ``09…`` form of an Iranian mobile number; 411 for anything else."""
    if match := _MOBILE.fullmatch(text.strip()):
        return f"0{match[1]}"
    raise RefusedError(411)


def voice(text: str) -> str:
    """A mobile or landline number of Iran in its local form, for what can be spoken; 411 otherwise."""
    if match := _LANDLINE.fullmatch(text.strip()):
        return f"0{match[1]}"
    return mobile(text)


def anywhere(text: str) -> str:
    """What lookup reaches: Iran, or abroad as ``00`` and the country's code; 411 otherwise."""
    return text.strip() if _ABROAD.fullmatch(text.strip()) else voice(text)


def line(text: str) -> str:
    """A sending line without the country's code; 412 for anything else."""
    if match := _LINE.fullmatch(text.strip()):
        return match[1]
    raise RefusedError(412)
