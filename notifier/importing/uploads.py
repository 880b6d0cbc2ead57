"""Tracking codes as somebody hands them in: a file of Excel or of text, or lines that were pasted."""

import codecs
import contextlib
import io
import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from notifier.domain import persian
from notifier.errors import NotifierError
from notifier.importing import sheets, tracking
from notifier.importing.entries import ImportRow, RowFault
from notifier.importing.sheets import MOST_ROWS, NotASheet, SheetFault
from notifier.importing.tracking import NotTracking

LARGEST_FILE = 5 * 1024 * 1024
LARGEST_PASTE = 60_000  # characters
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BETWEEN = re.compile(r"\t+|\s*[,;،|]\s*")
_CODE = re.compile(r"(?=\S*\d)[0-9A-Za-z][0-9A-Za-z\-_/]{5,}")
_DIGITS = re.compile(r"\d+")


class UploadFault(StrEnum):
    """Why nothing of what was handed in can be read."""

    EMPTY = "empty"
    LARGE = "large"
    ROWS = "rows"
    OLD_EXCEL = "old_excel"
    BROKEN = "broken"
    BOMB = "bomb"
    NO_TEXT = "no_text"


class UnreadUpload(NotifierError):
    """What was handed in is not read; ``fault`` says why."""

    def __init__(self, fault: UploadFault) -> None:
        super().__init__(fault)
        self.fault = fault


SHEETS = {
    SheetFault.BROKEN: UploadFault.BROKEN,
    SheetFault.BOMB: UploadFault.BOMB,
    SheetFault.ROWS: UploadFault.ROWS,
}


def of_file(content: bytes, *, source: str, zone: ZoneInfo, now: datetime) -> list[ImportRow]:
    """The rows of a file, whatever it is called. Raises UnreadUpload and NotTracking."""
    if len(content) > LARGEST_FILE:
        raise UnreadUpload(UploadFault.LARGE)
    if content.startswith(_OLD):
        raise UnreadUpload(UploadFault.OLD_EXCEL)
    if content.startswith(_ZIP):
        try:
            return _bounded(tracking.of_table(sheets.rows(content), source=source, zone=zone, now=now))
        except NotASheet as error:
            raise UnreadUpload(SHEETS[error.fault]) from None
    text = decoded(content)
    if not text.strip("\ufeff \r\n\t,;"):
        raise UnreadUpload(UploadFault.EMPTY)
    return _bounded(tracking.entries(io.StringIO(text, newline=""), source=source, zone=zone, now=now))


def of_paste(text: str, *, source: str, zone: ZoneInfo, now: datetime) -> list[ImportRow]:
    """The rows of pasted lines: a table with headings, or an order and its code a line. Raises UnreadUpload."""
    if len(text) > LARGEST_PASTE:
        raise UnreadUpload(UploadFault.LARGE)
    if not text.strip():
        raise UnreadUpload(UploadFault.EMPTY)
    try:
        return _bounded(
            tracking.entries(io.StringIO(text.strip("\r\n"), newline=""), source=source, zone=zone, now=now)
        )
    except NotTracking as error:
        if error.is_double:
            raise
    lines = ((number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip())
    return _bounded(_pasted(number, line, source, zone, now) for number, line in lines)


def _pasted(number: int, line: str, source: str, zone: ZoneInfo, now: datetime) -> ImportRow:
    """A line without headings: the order first, then a code, and what else there is says who carries it."""
    plain = persian.ascii_digits(line).strip()
    fields = [field.strip() for field in _BETWEEN.split(plain) if field.strip()]
    by_blanks = len(fields) < 2
    if by_blanks:
        fields = [word for word in plain.split() if word.strip(":؛")]
    orders = [place for place, field in enumerate(fields) if _DIGITS.search(field)]
    if not orders:
        return ImportRow(line=number, reason="names no order", fault=RowFault.MISSING_ORDER, given=[line[:500]])
    first = orders[0]
    codes = [place for place in orders[1:] if by_blanks is False or _CODE.fullmatch(fields[place])]
    fits = [place for place in codes if _CODE.fullmatch(fields[place].replace(" ", ""))]
    if not codes:
        return ImportRow(line=number, reason="names no code", fault=RowFault.MISSING_CODE, given=[line[:500]])
    code = max(fits or codes, key=lambda place: len(fields[place]))
    order = re.sub(r"^(?:شماره\s*)?(?:ی\s*)?سفارش\s*", "", fields[first]) or fields[first]
    carrier = " ".join(
        field for place, field in enumerate(fields) if place not in (first, code) and not _is_label(field)
    )
    return tracking.of_fields(number, order, fields[code], carrier[:100], source=source, zone=zone, now=now)


def _is_label(field: str) -> bool:
    return persian.fold(field.strip(":")) in _LABELS


_LABELS = frozenset(
    persian.fold(word) for word in ("سفارش", "شماره", "شمارهٔ", "کد", "رهگیری", "کد رهگیری", "order", "code", "با")
)


def _bounded(found: Iterator[ImportRow]) -> list[ImportRow]:
    every = list(islice(found, MOST_ROWS + 1))
    if len(every) > MOST_ROWS:
        raise UnreadUpload(UploadFault.ROWS)
    if not every:
        raise UnreadUpload(UploadFault.EMPTY)
    return every


def _marked_by_nothing(content: bytes) -> str:
    """UTF-16 whose first two bytes do not say so; empty for anything else."""
    if b"\x00" not in content or len(content) % 2:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        with contextlib.suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            if all(char.isprintable() or char in "\r\n\t\xa0\u200c\u200e\u200f" for char in text[:4096]):
                known = sum(char.isascii() or "\u0600" <= char <= "\u06ff" for char in text[:4096])
                if known > 0.9 * len(text[:4096]):
                    return text
    return ""


def decoded(content: bytes) -> str:
    """As Excel may have saved it: UTF-8, «Unicode text», or the code page of a Persian Windows."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    if text := _marked_by_nothing(content):
        return text
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1256", errors="replace")
    if "\x00" in text:
        raise UnreadUpload(UploadFault.NO_TEXT)
    return text
