"""What is about a person: how their number may stand in a record, and what is left of a record without them."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Raw
from msgspec.structs import replace
from pydantic_core import from_json

from notifier.domain import persian
from notifier.domain.orders import Order
from notifier.domain.timeline import TimelineEntry
from notifier.retention import removal
from notifier.retention.archive import Archived
from notifier.store.records import decode, encode

Orders = frozenset[tuple[str, str]]
"""Orders, each by its source and its id or number."""

# What people and plugins write between the digits of a number, plain or escaped.
_BETWEEN = re.compile(
    rb"[ \-().+/_]|\xc2[\xa0\xad]|\xe2\x80[\x8b-\x95\xaa-\xaf]|\xe2\x81[\xa0-\xaf]"
    rb"|\\u(?:00a0|00ad|200[b-f]|201[0-5]|202[a-f]|206[0-9a-f])|%20|%2[bBdD]"
)
_NAMES_AN_ORDER = re.compile(r"(?:^|.*[_.\[])(?:id|order|number|order_?id|order_?number|post_?id)\]?", re.IGNORECASE)


def forms_of(phone: str) -> tuple[bytes, ...]:
    """How a number may stand in a record: without its prefix, in any digits, or escaped."""
    bare = phone.removeprefix("0")
    arabic = "".join(chr(0x0660 + int(digit)) if digit.isdecimal() else digit for digit in bare)
    wide = "".join(chr(0xFF10 + int(digit)) if digit.isdecimal() else digit for digit in bare)
    written = (persian.digits(bare), arabic, wide)
    escaped = ("".join(f"\\u{ord(sign):04x}" for sign in text) for text in written)
    return tuple(form.encode() for form in (bare, *written, *escaped))


def mentions(raws: Collection[bytes], forms: Collection[bytes]) -> bool:
    """Whether a number stands in one of them, also with blanks, hyphens or marks between its digits."""
    return any(form in raw or form in _BETWEEN.sub(b"", raw) for raw in raws for form in forms)


def names_order(raw: bytes, source: str, orders: Orders) -> bool:
    """Whether a body that came from a shop, JSON or a form, is about one of these orders of its."""
    wanted = {order_id for shop, order_id in orders if shop == source}
    return bool(wanted) and any(
        _NAMES_AN_ORDER.fullmatch(name) and str(value) in wanted for name, value, _ in _fields(raw)
    )


def says_order(raw: bytes, orders: Orders) -> bool:
    """Whether a record of ours says that it is about one of these orders."""
    return any(
        name == "order_id" and any(value == order_id and beside in (None, source) for source, order_id in orders)
        for name, value, beside in _fields(raw)
    )


def _fields(raw: bytes) -> Iterator[tuple[str, str | int, object]]:
    """Every name with a text or number in a document, however deep, and the source that stands beside it."""
    try:
        document: Any = from_json(raw)
    except ValueError:
        document = parse_qsl(raw.decode(errors="replace"))
        yield from ((name, value, None) for name, value in document)
        return
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            for name, value in one.items():
                if isinstance(value, str | int):
                    yield name, value, one.get("source")
                else:
                    waiting.append(value)


def without(record: Archived, forms: Collection[bytes], orders: Orders = frozenset()) -> Archived | None:
    """A line of the archive without the person: an order keeps its news and amounts, all else about them goes.

    ``orders`` are known to be theirs, also where a line about one does not say the number.
    """
    theirs = (record.source, record.id) in orders and not _has_other_phone(record, forms)
    if not theirs and not mentions([encode(record)], forms):
        return record
    if record.kind != "order":
        if theirs:
            return None
        events = [raw for raw in record.events if not mentions([bytes(raw)], forms)]
        return replace(record, events=events) if events else None
    if record.erased:
        return record
    if theirs or mentions([bytes(record.order)], forms):
        left = replace(removal.remembered(decode(bytes(record.order), Order)), v=record.v)
        story = [Raw(encode(replace(decode(bytes(raw), TimelineEntry), extra={}))) for raw in record.timeline]
        return replace(record, erased=True, order=Raw(encode(left)), timeline=story, messages=[], calls=[])
    # An order of somebody else, with something about this person in it: their number was given for a time.
    return replace(
        record,
        timeline=[raw for raw in record.timeline if not mentions([bytes(raw)], forms)],
        messages=[one for one in record.messages if not mentions([encode(one)], forms)],
        calls=[raw for raw in record.calls if not mentions([bytes(raw)], forms)],
    )


def _has_other_phone(record: Archived, forms: Collection[bytes]) -> bool:
    """Whether an order has gone over to somebody else: then what it says of them stays."""
    order: Any = from_json(bytes(record.order))
    phone = (order or {}).get("details", {}).get("phone") if isinstance(order, dict) else None
    return isinstance(phone, str) and not mentions([phone.encode()], forms)
