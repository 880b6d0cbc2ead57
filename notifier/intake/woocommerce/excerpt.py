"""What is read of a large WooCommerce order: plugins put whole pages and their own records into its meta data.

A refusal would count towards switching the webhook off, and to read eight mebibytes whole would hold up every other
shop for most of a second; to skip what nobody asks for takes a twentieth of that.
"""

import json
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from notifier.incoming import documents

LEFT_OUT = "\x00left out"
"""Where an excerpt names the fields that were too large to be read; no field of a shop's can be called so."""

_LARGE = 1 << 20  # bytes, as every other request may hold
_PART, _LIST = 1 << 16, 1 << 20  # bytes of a field, and of a list with all that is in it
_LISTED = 25_000  # values in a list
_LISTS = frozenset({"line_items", "meta_data", "refunds"})  # PHP writes one with gaps in its numbers as an object
_META, _ALL_META, _MOST_META = 1 << 14, 1 << 18, 10_000  # bytes of one, of all that are read, and how many
_MOST_VALUES = 400_000  # to be skipped


class _Fields(Struct):
    """The fields of an order that are read; what else there is is skipped."""

    id: Raw | UnsetType = UNSET
    parent_id: Raw | UnsetType = UNSET
    number: Raw | UnsetType = UNSET
    status: Raw | UnsetType = UNSET
    currency: Raw | UnsetType = UNSET
    total: Raw | UnsetType = UNSET
    date_created_gmt: Raw | UnsetType = UNSET
    date_modified_gmt: Raw | UnsetType = UNSET
    date_paid_gmt: Raw | UnsetType = UNSET
    date_completed_gmt: Raw | UnsetType = UNSET
    billing: Raw | UnsetType = UNSET
    shipping: Raw | UnsetType = UNSET
    customer_note: Raw | UnsetType = UNSET
    payment_method: Raw | UnsetType = UNSET
    payment_method_title: Raw | UnsetType = UNSET
    transaction_id: Raw | UnsetType = UNSET
    line_items: Raw | UnsetType = UNSET
    refunds: Raw | UnsetType = UNSET
    meta_data: Raw | UnsetType = UNSET
    code: Raw | UnsetType = UNSET  # of WooCommerce's own errors, as are the next two
    message: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    order: Raw | UnsetType = UNSET  # of its old API


class _Meta(Struct):
    key: Any = None
    value: Raw = Raw(b"null")


_FIELDS, _METAS = msgspec.json.Decoder(_Fields), msgspec.json.Decoder(list[_Meta] | dict[str, _Meta])


def is_large(body: bytes) -> bool:
    """Whether a body is not to be read whole."""
    return len(body) > _LARGE or documents.is_too_much(body, documents.OF_A_BATCH)


def excerpt(body: bytes) -> Any:
    """The fields of an order that are read, each within its bounds; an empty list where it is no object.

    Raises Unprocessable where there are too many even to be skipped, ValueError where it is not JSON, and
    RecursionError where it is too deep. Meta data lose what is large, and keep the rest: the parcel's code is a small
    one among them.
    """
    if not body.lstrip().startswith(b"{"):
        return []
    documents.check_size(body, most=_MOST_VALUES)
    fields, left_out = _FIELDS.decode(body), ["what other plugins wrote"]
    read: dict[str, Any] = {}
    for name in _Fields.__struct_fields__:
        raw: bytes | UnsetType = getattr(fields, name)
        if raw is UNSET:
            continue
        text = bytes(raw)
        if name == "meta_data" and (small := _small(text)) is not None:
            read[name] = small
        elif len(text) <= (_LIST if name in _LISTS else _PART) and not documents.is_too_much(text, _LISTED):
            read[name] = json.loads(text.decode())
        else:
            left_out.append(name)
    return read | {LEFT_OUT: left_out}


def _small(raw: bytes) -> list[dict[str, Any]] | None:
    """The meta data that are no larger than a code or a list of parcels may be; None where they are too many."""
    if raw.count(b'"key"') > _MOST_META or raw.count(b"{") > _MOST_META * 10:
        return None
    try:
        found = _METAS.decode(raw)
    except msgspec.ValidationError:
        return None
    small, room = [], _ALL_META
    for one in found.values() if isinstance(found, dict) else found:
        value = bytes(one.value)
        if isinstance(one.key, str) and len(value) <= min(_META, room):
            small.append({"key": one.key, "value": json.loads(value.decode())})
            room -= len(value)
    return small
