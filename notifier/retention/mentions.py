"""What is about a person: how their number may stand in a record, and what is left of a record without them."""

from collections.abc import Collection

from msgspec import Raw
from msgspec.structs import replace

from notifier.domain import persian
from notifier.domain.orders import Order
from notifier.domain.timeline import Line
from notifier.retention import removal
from notifier.retention.archive import Archived
from notifier.store.records import decode, encode


def forms_of(phone: str) -> tuple[bytes, ...]:
    """How a number may stand in a record: without its prefix, in Latin, Persian and Arabic digits, or escaped."""
    bare = phone.removeprefix("0")
    arabic = "".join(chr(0x0660 + int(digit)) if digit.isdecimal() else digit for digit in bare)
    written = (persian.digits(bare), arabic)
    escaped = ("".join(f"\\u{ord(sign):04x}" for sign in text) for text in written)
    return tuple(form.encode() for form in (bare, *written, *escaped))


def mentions(raws: Collection[bytes], forms: Collection[bytes]) -> bool:
    return any(form in raw for raw in raws for form in forms)


def without(record: Archived, forms: Collection[bytes]) -> Archived | None:
    """A line of the archive without the person: an order keeps its news and amounts, all else about them goes."""
    if not mentions([encode(record)], forms):
        return record
    if record.kind != "order":
        events = [raw for raw in record.events if not mentions([bytes(raw)], forms)]
        return replace(record, events=events) if events else None
    if mentions([bytes(record.order)], forms):
        left = replace(removal.remembered(decode(bytes(record.order), Order)), v=record.v)
        story = [Raw(encode(replace(decode(bytes(raw), Line), extra={}))) for raw in record.timeline]
        return replace(record, erased=True, order=Raw(encode(left)), timeline=story, messages=[], calls=[])
    # An order of somebody else, with something about this person in it: their number was given for a time.
    return replace(
        record,
        timeline=[raw for raw in record.timeline if not mentions([bytes(raw)], forms)],
        messages=[one for one in record.messages if not mentions([encode(one)], forms)],
        calls=[raw for raw in record.calls if not mentions([bytes(raw)], forms)],
    )
