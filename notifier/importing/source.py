"""The file to be imported: opened by its kind, with how much of it has been read."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from notifier.importing import jsonl, tracking
from notifier.importing.entries import ImportRow


class FileKind(StrEnum):
    EVENTS = "events"
    TRACKING = "tracking"


KINDS = {
    ".jsonl": FileKind.EVENTS,
    ".ndjson": FileKind.EVENTS,
    ".csv": FileKind.TRACKING,
    ".tsv": FileKind.TRACKING,
    ".txt": FileKind.TRACKING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSource:
    """What a file is to be read as. Events older than ``history_after`` are told to nobody."""

    shop: str
    zone: ZoneInfo
    now: datetime
    history_after: timedelta

    @contextmanager
    def entries(self, path: Path) -> Iterator["FileReading"]:
        """The entries of a file. Raises OSError, and NotTracking while it is read."""
        with path.open("rb") as file:
            if KINDS[path.suffix.lower()] is FileKind.EVENTS:
                found = jsonl.entries(file, source=self.shop)
            else:
                text = TextIOWrapper(file, encoding=_encoding(file), errors="replace", newline="")
                found = tracking.entries(text, source=self.shop, zone=self.zone, now=self.now)
            yield FileReading(map(self._dated, found), file, path.stat().st_size)

    def _dated(self, entry: ImportRow) -> ImportRow:
        if entry.event is None:
            return entry
        return replace(entry, event=replace(entry.event, past=self.now - entry.event.at > self.history_after))


@dataclass(slots=True)
class FileReading:
    """The entries of an open file; ``size`` and ``position`` are in bytes, for a progress bar."""

    entries: Iterator[ImportRow]
    _file: BinaryIO
    size: int

    @property
    def position(self) -> int:
        return self._file.tell()


def _encoding(file: BinaryIO) -> str:
    """UTF-8, or what Excel calls Unicode text."""
    start = file.read(2)
    file.seek(0)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
