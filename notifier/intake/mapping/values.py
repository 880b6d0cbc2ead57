"""Single values of a shop's delivery, in whatever form it writes them. All raise ValueError with a sentence."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import jdatetime

from notifier.domain import canonical, money, persian

_JALALI_YEARS = range(1300, 1500)
_MOMENT = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ،,-]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_QUANTITY = re.compile(r"[+]?(?P<whole>\d{1,40})(?:[.,/\u066b](?P<part>\d{0,40}))?(?=$|\s*[^\W\d])(?![eE][-+]?\d)")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})(?::\d{2})?)?")
_LONGEST_TIME = 100
_LATEST_SECONDS = 10**11  # a greater number counts milliseconds


_LONGEST, _LONGEST_NUMBER = 4000, 60  # characters; of a number also digits
_MOST = 1_000_000  # of one thing in an order
_LONGEST_LIST = 500


def text(value: Any, *, longest: int = _LONGEST) -> str | None:
    """Text or a number as text; None for nothing, as which PHP also sends the empty text."""
    match value:
        case None:
            return None
        case bool() | list() | dict():
            raise ValueError(f"is {_kind(value)}; point the expression at one value")
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e60 else str(value)
        case int():
            return _digits(value)
        case _:
            if len(value) > longest:
                raise ValueError(f"is longer than {longest} characters")
            return str(value).strip() or None


def words(value: Any) -> str | None:
    """Text as a reader of the shop's page sees it: without entities and tags."""
    given = text(value)
    return canonical.plain(given).strip() or None if given else None


def rial(value: Any, currency: str) -> int | None:
    """An amount in ``currency``, as a number or as text in any digits."""
    if isinstance(value, float):
        value = Decimal(str(value))
    elif not isinstance(value, int) or isinstance(value, bool):
        value = text(value, longest=_LONGEST_NUMBER)
    return None if value is None else money.to_rial(value, currency)


def time(value: Any, zone: ZoneInfo) -> datetime | None:
    """ISO 8601, unix seconds or milliseconds, or a Jalali date; without a zone of its own in ``zone``."""
    if (written := text(value, longest=_LONGEST_TIME)) is None:
        return None
    written = persian.ascii_digits(written)
    try:
        if _NUMBER.fullmatch(written):
            number = float(written)
            return datetime.fromtimestamp(number / 1000 if abs(number) > _LATEST_SECONDS else number, UTC)
        if (match := _MOMENT.fullmatch(written)) is not None:
            year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
            calendar: Any = jdatetime.date if year in _JALALI_YEARS else None
            date = calendar(year, month, day).togregorian() if calendar else datetime(year, month, day)  # noqa: DTZ001
            return datetime(date.year, date.month, date.day, hour, minute, second, tzinfo=zone)
        at = datetime.fromisoformat(written)
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"{written[:40]!r} is no time; send ISO 8601 such as 2026-11-23T10:00:00+03:30, or unix seconds"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def clock(value: Any) -> str | None:
    """A time of the day as ``16:00``, from that or from an hour alone, in any digits; None for anything else."""
    written = persian.ascii_digits(text(value, longest=_LONGEST_TIME) or "")
    if (match := _CLOCK.fullmatch(written)) is None or int(match[1]) > 23 or int(match[2] or 0) > 59:
        return None
    return f"{int(match[1]):02}:{int(match[2] or 0):02}"


def number(value: Any) -> str | None:
    """A number in any digits, as text."""
    written = text(value, longest=_LONGEST_NUMBER)
    return persian.ascii_digits(written) if written else None


def items(value: Any) -> list[dict[str, Any]] | None:
    """Lines with ``name`` and ``quantity``; names alone will do. Lines without a name are left out."""
    if value is None or value == "":
        return None
    lines = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(lines, list):
        raise ValueError(f"is {_kind(value)}; it must give a list, such as products[].{{name: name, quantity: qty}}")
    if len(lines) > _LONGEST_LIST:
        raise ValueError(f"has {len(lines)} lines; an order has at most {_LONGEST_LIST}")
    found = []
    for line in lines:
        if not isinstance(line, dict):
            line = {"name": line}
        name = words(line.get("name"))
        if name is not None:
            found.append({"name": name, "quantity": _whole(line.get("quantity"))})
    return found or None


def _whole(value: Any) -> int:
    """How many: what is sold by weight or length is one thing of it."""
    written = text(value, longest=_LONGEST_NUMBER)
    if written is None:
        return 1
    match = _QUANTITY.match(persian.ascii_digits(written))
    if match is None:
        raise ValueError(f"the quantity {written[:40]!r} is no number")
    # Whether it is whole, and how great, is seen from its figures: nothing is worked out of an exponent.
    number = Decimal(f"{match['whole']}.{match['part'] or 0}")
    if number > _MOST:
        raise ValueError(f"the quantity {written[:40]!r} is more than {_MOST:,}")
    if number <= 0:
        raise ValueError(f"the quantity {written[:40]!r} is not more than nothing")
    return int(number) if number == int(number) else 1


def _digits(value: int) -> str:
    if abs(value) >= 10**60:
        raise ValueError("is a number of more than 60 digits")
    return str(value)


def _kind(value: Any) -> str:
    return {bool: "true or false", list: "a list", dict: "an object"}.get(type(value), "text")
