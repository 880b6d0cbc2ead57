"""Other values in a sample: each a path, such as ``payment.method``, and a text."""

from collections.abc import Iterable, Sequence
from typing import Any

from notifier.errors import NotifierError

Changes = Sequence[tuple[str, str]]

_NUMBERS = ("amount", "quantity")


class MisplacedChange(NotifierError):
    """A sample has no place for a value; the text begins with its path."""


def put(data: dict[str, Any], changes: Iterable[tuple[str, str]]) -> None:
    """Raises MisplacedChange."""
    for path, text in changes:
        *parents, last = path.split(".")
        place = data
        for parent in parents:
            inner = place.get(parent) or {}
            if not isinstance(inner, dict):
                raise MisplacedChange(f"{path}: {parent} is no table in this event")
            place[parent] = dict(inner)
            place = place[parent]
        place[last] = int(text) if last in _NUMBERS and text.isascii() and text.isdigit() else text
