"""Texts that would take more parts than they may: the longest name of a thing in them is cut, then the next longest.

A person's name is never cut: where it does not fit, the text does without the greeting. Nor are codes, sums and
numbers: a wrong one is worse than another part.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping

from notifier.domain import persian
from notifier.domain.variables import PERSONS
from notifier.sms.segments import units

THINGS = frozenset({"item", "carrier", "city"})
"""Variables a reader still understands when they are cut."""

NAMES = PERSONS | THINGS
"""Variables that somebody else chose the length of, and that give way."""

LINKS = frozenset({"tracking_url", "page"})
"""Variables that may be left out as a last resort: the code beside them says the same."""

_ELLIPSIS = "…"
_READABLE = 12  # units: a shorter beginning of a name says nothing, and it is rather left out


def shortened(
    render: Callable[[Mapping[str, str]], str], values: Mapping[str, str], fits: Callable[[str], bool]
) -> str:
    """The text with as much of the names in it as fits; if nothing helps, with none of them."""
    for gone in (frozenset[str](), PERSONS, LINKS, PERSONS | LINKS):
        if gone and not any(values.get(name) for name in gone):
            continue
        text = _cut(render, _without(values, gone), fits)
        if fits(text):
            return text
    return _cut(render, _without(values, PERSONS | LINKS), fits, leave_out=True)


def _without(values: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: "" if name in names else value for name, value in values.items()}


def _cut(
    render: Callable[[Mapping[str, str]], str],
    values: dict[str, str],
    fits: Callable[[str], bool],
    *,
    leave_out: bool = False,
) -> str:
    """The text with the names of things cut, the longest first; or with them left out, one by one."""
    text = render(values)
    for name in sorted(THINGS & values.keys(), key=lambda name: -units(values[name])):
        if fits(text):
            break
        choices = [""] if leave_out else list(_beginnings(values[name]))
        text = _fitting(render, values, name, choices, fits)
    return text


def _fitting(
    render: Callable[[Mapping[str, str]], str],
    values: dict[str, str],
    name: str,
    choices: list[str],
    fits: Callable[[str], bool],
) -> str:
    """The text with the longest choice that fits, or else the last; ``values`` is left with it. Choices get shorter."""
    low, high = 0, len(choices) - 1
    while low < high:
        middle = (low + high) // 2
        if fits(render(values | {name: choices[middle]})):
            high = middle
        else:
            low = middle + 1
    if choices:
        values[name] = choices[low]
    return render(values)


def _beginnings(value: str) -> Iterator[str]:
    """Ever shorter beginnings, at the end of a word where one is near."""
    at = len(value)
    while at > 0:
        at = _boundary(value, at - 1)
        beginning = value[:at].rstrip(f" {persian.LRM}{persian.ZWNJ}،؛.,-(")
        if units(beginning) < _READABLE:
            return
        yield persian.isolate_latin(beginning) + _ELLIPSIS


def _boundary(value: str, at: int) -> int:
    """Not within a letter and its marks, nor within an emoji of several, nor one or two letters into a word."""
    while at > 0 and (_joins(value[at]) or _joins(value[at - 1], before=True)):
        at -= 1
    space = value.rfind(" ", 0, at)
    return space if at - space <= 3 and space > 0 else at


def _joins(char: str, *, before: bool = False) -> bool:
    """Whether the character belongs to the one before it, or with ``before`` to the one after it."""
    if before:
        return char == "\u200d"
    return unicodedata.combining(char) != 0 or unicodedata.category(char) in {"Mn", "Me", "Cf"} or "🏻" <= char <= "🏿"
