"""What a request may ask of a list."""

from enum import StrEnum
from typing import TypeVar

from aiohttp import web

from notifier.errors import Unprocessable
from notifier.store import reading
from notifier.store.reading import Place
from notifier.web.described import Parameter

_PAGE = 50
_LARGEST_PAGE = 200

PAGING = (
    Parameter(
        name="limit",
        text="How many at once",
        type={"type": "integer", "minimum": 1, "maximum": _LARGEST_PAGE, "default": _PAGE},
    ),
    Parameter(
        name="cursor",
        text="The `next_cursor` of the page before",
        type={"type": "string", "pattern": "^[0-9]{1,19}:"},
    ),
)
"""What every list takes, for the API's document."""

E = TypeVar("E", bound=StrEnum)


def choice(request: web.Request, name: str, choices: type[E]) -> E | None:
    """One of an enum's values, or None when not asked for."""
    given = request.query.get(name)
    if given is None:
        return None
    try:
        return choices(given)
    except ValueError:
        raise Unprocessable(f"{name} must be one of {', '.join(choices)}, not {given!r}.") from None


def size(request: web.Request) -> int:
    """How many at once."""
    given = request.query.get("limit", str(_PAGE))
    if not (given.isascii() and given.isdigit() and len(given) < 9 and 0 < int(given) <= _LARGEST_PAGE):
        raise Unprocessable(f"limit must be a number from 1 to {_LARGEST_PAGE}.")
    return int(given)


def cursor(request: web.Request) -> Place | None:
    """Where the page before ended."""
    text = request.query.get("cursor")
    if text is None:
        return None
    try:
        return reading.place_of(text)
    except ValueError:
        raise Unprocessable("cursor must be the next_cursor of the page before.") from None


def next_cursor(end: Place | None) -> str | None:
    """What a client sends to be given what comes after this page."""
    return reading.cursor(end) if end else None
