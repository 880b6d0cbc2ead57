"""Records as JSON: nothing pickled, readable with any tool."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import msgspec

from notifier.errors import StoreError
from notifier.store import packing
from notifier.store.work import binary

T = TypeVar("T")

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its offset; a schema then says that it has one."""

encode = msgspec.json.Encoder().encode


def as_text(record: Any) -> str:
    """A record as what a unit of work writes."""
    return encode(record).decode()


def as_value(record: Any) -> msgspec.Raw:
    """A record as what a unit of work writes, without a detour by text: for large ones with Persian in them."""
    return binary(encode(record))


_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def decode(raw: bytes, kind: type[T]) -> T:
    """A record read back. Raises StoreError when it cannot be read."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    try:
        record: T = decoder.decode(raw)
    except msgspec.DecodeError as error:
        if (whole := packing.unpacked_version(raw)) is not None:
            return decode(whole, kind)
        raise StoreError(f"a stored {kind.__name__} cannot be read: {error}") from None
    return record


def ms(moment: datetime) -> int:
    """Unix milliseconds, as scores of sorted sets are."""
    return int(moment.timestamp() * 1000)


ms_again = lru_cache(maxsize=64)(ms)
"""`ms` of moments that come again and again, as those of a batch do."""
