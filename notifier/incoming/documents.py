"""JSON from outside: how much of it there may be is looked at before it is read.

A body is bounded in bytes, and that is not enough: a mebibyte of ``[],`` needs a tenth of a second to be read, in which
nobody else is served. A comma stands between any two values, so their number bounds that of the values.
"""

from codecs import BOM_UTF8
from typing import Any

from pydantic_core import from_json

from notifier.errors import NotJson, Unprocessable

OF_AN_ORDER, OF_A_BATCH = 12_000, 50_000
"""Values in one event or order, and in a request of many; commas in texts count too. The latter is read in 15 ms."""


def is_too_much(body: bytes, most: int) -> bool:
    """Whether there may be more than ``most`` values."""
    return len(body) >= most and body.count(b",") >= most


def check_size(body: bytes, *, most: int = OF_AN_ORDER) -> None:
    """Raises Unprocessable where there are more than ``most`` values."""
    if is_too_much(body, most):
        raise Unprocessable(f"The body holds more than {most:,} values, which is no order. Send less at once.")


def read(body: bytes, *, most: int = OF_AN_ORDER) -> Any:
    """What a body says, with or without the mark of UTF-8 before it. Raises Unprocessable, and NotJson."""
    check_size(body, most=most)
    try:
        return from_json(body.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError as error:
        raise NotJson(f"The body is not JSON in UTF-8: {error}") from None
