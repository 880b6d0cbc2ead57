"""Text apart from the times and numbers in it, which are what differs between two records of a kind.

A time stands in a record as ISO 8601 of Tehran and as unix ms, an order's number in Latin and in Persian digits, and
most of them several times. Each becomes one byte of the text that UTF-8 has no use for, and a whole number: what was
said before by its place among what was said, a time by what passed since the one before. Any text comes back as it was.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from notifier.errors import StoreError

_ISO, _FINE, _MS, _LATIN, _PERSIAN = b"\xf8", b"\xf9", b"\xfa", b"\xfb", b"\xfc"
_UNIT = {_ISO: 1_000_000, _FINE: 1, _MS: 1000}  # µs
_DIGITS, _ASCII = "۰۱۲۳۴۵۶۷۸۹", "0123456789"
_TO_ASCII, _TO_PERSIAN = str.maketrans(_DIGITS, _ASCII), str.maketrans(_ASCII, _DIGITS)
_NUMBERS = re.compile(
    rb"(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fine>\.\d{6})?\+03:30)"
    rb"|(?P<ms>1[6-9]\d{11})(?!\d)|(?P<latin>\d{5,40})|(?P<persian>(?:\xdb[\xb0-\xb9]){4,40})"
)
_MARKS = re.compile(b"[\xf8-\xfc]")
_EPOCH = datetime(1970, 1, 1, 3, 30, tzinfo=timezone(timedelta(hours=3, minutes=30)))


class _Said:
    """What was said so far; both sides keep the same."""

    __slots__ = ("numbers", "places", "times")

    def __init__(self) -> None:
        self.times, self.numbers = [0], list[int]()
        self.places = dict[tuple[int, int], int]()  # unit and value → where it was said last

    def put(self, mark: bytes, value: int) -> int:
        """The whole number that stands for a value: even for one that was said, odd for a new one."""
        unit = _UNIT.get(mark, 0)
        said = self.times if unit else self.numbers
        if (place := self.places.get((unit, value))) is not None:
            return (len(said) - 1 - place) * 2
        for one in _UNIT.values() if unit else (0,):
            self.places[one, value * unit // one if one else value] = len(said)
        if not unit:
            self.numbers.append(value)
            return value * 2 + 1
        passed = value - self.times[-1] // unit
        self.times.append(value * unit)
        return (passed * 2 if passed >= 0 else -passed * 2 - 1) * 2 + 1

    def get(self, mark: bytes, number: int) -> int:
        """The value again. Raises IndexError where it was never said."""
        unit = _UNIT.get(mark)
        if not number & 1:
            return self.numbers[-1 - number // 2] if unit is None else self.times[-1 - number // 2] // unit
        number >>= 1
        if unit is None:
            self.numbers.append(number)
            return number
        value = self.times[-1] // unit + (-(number + 1) // 2 if number & 1 else number // 2)
        self.times.append(value * unit)
        return value


def split(text: bytes) -> tuple[bytes, bytes]:
    """The text with marks, and the numbers that the marks stand for."""
    said, numbers = _Said(), bytearray()

    def mark(match: re.Match[bytes]) -> bytes:
        kind, value = _value(match)
        if kind:
            numbers.extend(_varint(said.put(kind, value)))
        return kind or match[0]

    return _NUMBERS.sub(mark, text), bytes(numbers)


def join(text: bytes, numbers: bytes) -> bytes:
    """The text again. Raises StoreError when these are not of ``split``."""
    said, found = _Said(), _varints(numbers)
    try:
        return _MARKS.sub(lambda match: _written(match[0], said.get(match[0], next(found))), text)
    except (IndexError, StopIteration, OverflowError):
        raise StoreError("a packed record cannot be read: its numbers are missing") from None


def _value(match: re.Match[bytes]) -> tuple[bytes, int]:
    """The mark of what was found, and its value; no mark for what is no time after all."""
    if match["iso"]:
        try:
            passed = datetime.fromisoformat(match["iso"].decode()) - _EPOCH
        except ValueError:
            return b"", 0
        micros = passed // timedelta(microseconds=1)
        return (_FINE, micros) if match["fine"] else (_ISO, micros // 1_000_000)
    if match["ms"]:
        return _MS, int(match["ms"])
    if match["latin"]:
        return _LATIN, int(b"1" + match["latin"])  # the 1 keeps noughts that it begins with
    return _PERSIAN, int("1" + match["persian"].decode().translate(_TO_ASCII))


def _written(mark: bytes, value: int) -> bytes:
    if mark == _MS:
        return b"%d" % value
    if mark in (_ISO, _FINE):
        moment = _EPOCH + timedelta(microseconds=value * _UNIT[mark])
        form = "microseconds" if mark == _FINE else "seconds"
        return moment.isoformat(timespec=form).encode()
    digits = str(value)[1:]
    return (digits.translate(_TO_PERSIAN) if mark == _PERSIAN else digits).encode()


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last have the eighth set."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes((*found, number))


def _varints(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
