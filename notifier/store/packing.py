"""Records made small: their times and numbers set apart, then deflated with a dictionary of what they usually say.

A closed order is read seldom and kept long. One packed record says what a dozen keys said, in a tenth of the bytes.
``packing.dict`` must never change, or what was packed with it is lost: a better one gets another name and number. It
is made by ``python -m bench.dictionary``.
"""

import re
import zlib
from functools import cache
from importlib.resources import files

from notifier.errors import StoreError
from notifier.store import number_codec

_DICTIONARIES = {1: "packing.dict", 2: "packing-2.dict"}  # first byte of a packed record → the file it was packed with
_NEWEST = max(_DICTIONARIES)
NEWEST_FILE = _DICTIONARIES[_NEWEST]
_RAW = -zlib.MAX_WBITS  # neither header nor checksum: the store has its own
_VERSIONED = re.compile(rb'\{"v":\d+\}')
_MOST = 16 * 1024 * 1024  # bytes of one unpacked record


def packed(record: bytes) -> bytes:
    """The record in a form that only ``unpacked`` reads."""
    text, rest = number_codec.split(record)  # numbers look random: deflating them would make them longer
    deflate = zlib.compressobj(9, wbits=_RAW, memLevel=9, zdict=_dictionary(_NEWEST))
    return bytes([_NEWEST]) + deflate.compress(text) + deflate.flush() + rest


def unpacked(raw: bytes) -> bytes:
    """The record again. Raises StoreError when that cannot be done."""
    try:
        inflate = zlib.decompressobj(wbits=_RAW, zdict=_dictionary(raw[0]))
        text = inflate.decompress(raw[1:], _MOST)
    except (zlib.error, KeyError, IndexError) as error:
        raise StoreError(f"a packed record cannot be read: {error!r}") from None
    if not inflate.eof:
        raise StoreError("a packed record cannot be read: its end is missing")
    return number_codec.join(text, inflate.unused_data)


def packed_version(version: int, record: bytes) -> bytes:
    """A packed record whose version stands before it, where the store looks for it."""
    return b'{"v":%d}' % version + packed(record)


def unpacked_version(raw: bytes) -> bytes | None:
    """The record of ``packed_version`` again; None where this is no such thing. Raises StoreError."""
    head = _VERSIONED.match(raw)
    return unpacked(raw[head.end() :]) if head else None


def is_packed(start: bytes) -> bool:
    """Whether a record that begins with these (some 24) bytes is one of ``packed_version``."""
    return _VERSIONED.match(start) is not None


@cache
def _dictionary(number: int) -> bytes:
    return number_codec.split(files("notifier.store").joinpath(_DICTIONARIES[number]).read_bytes())[0]
