"""The archive: JSON lines, compressed, one file a Jalali month, in ``archive`` in the data directory.

Each addition is one whole gzip member, on disk before anything is removed from the store. A process that dies while it
writes leaves half a member at the end, which the next addition cuts off; what it had written whole and had not removed
yet is found there again and not written twice. So every version of an order is in the archive exactly once.
"""

import contextlib
import fcntl
import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec
import structlog
from msgspec import Raw, Struct

from notifier.store import folders, private_files
from notifier.store.order_bundle import KeptMessage
from notifier.store.records import decode, encode

log = structlog.get_logger()

_SUFFIX = ".jsonl.gz"
_CHUNK = 1 << 18
_GZIP = 31  # for zlib: with gzip's header and checksum

RecordKind = Literal["order", "message", "call", "parked"]


class Archived(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of the archive: an order with all that belongs to it, or something that belonged to none.

    Of two lines about one order the one with the greater ``v`` is the later. It says all that the other says, or goes
    on where that one ended, if the order had been archived and came back.
    """

    kind: RecordKind
    source: str = ""
    id: str
    v: int = 0
    archived_at: datetime
    erased: bool = False  # the customer asked for it: what is left is about no person
    order: Raw = Raw(b"null")
    timeline: list[Raw] = []
    messages: list[KeptMessage] = []
    calls: list[Raw] = []
    events: list[Raw] = []  # parked: what waited for an order that never came


class _Name(Struct, frozen=True):
    """What tells a line from others."""

    kind: str
    id: str
    source: str = ""
    v: int = 0


@dataclass(slots=True)
class _Known:
    """A file as this process left it."""

    size: int
    inode: int
    names: set[bytes]


@dataclass(slots=True)
class Archive:
    """The files of one directory. Everything here blocks: it is to be called in a thread."""

    folder: Path
    _known: dict[Path, _Known] = field(default_factory=dict)

    def add(self, month: str, records: Sequence[Archived]) -> int:
        """Put records into the file of a month; returns how many were not there yet. They are on disk afterwards."""
        with self._alone():
            path = self.folder / f"{month}{_SUFFIX}"
            known = self._look_at(path)
            fresh = [record for record in records if _name(record) not in known.names]
            if fresh:
                member = gzip.compress(b"".join(encode(record) + b"\n" for record in fresh), 6)
                _append(path, known.size, member)
                known.size += len(member)
                known.inode = path.stat().st_ino
                known.names |= {_name(record) for record in fresh}
                self._known[path] = known
            return len(fresh)

    def forget(self) -> None:
        """Let go of what is remembered of the files."""
        self._known.clear()

    def files(self) -> list[Path]:
        """The files, the oldest month first."""
        return sorted(self.folder.glob(f"[0-9]*{_SUFFIX}"))

    def rewrite(self, change: Callable[[Archived], Archived | None]) -> int:
        """Put in the place of each line what ``change`` makes of it, None for nothing; returns how many changed.

        A file is replaced as a whole: it says the old or the new, whenever the process dies.
        """
        changed = 0
        with self._alone():
            for path in self.files():
                changed += _rewrite(path, change)
            self._known.clear()
        return changed

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        folders.private(self.folder)
        lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _look_at(self, path: Path) -> _Known:
        known = self._known.get(path)
        try:
            found = path.stat()
        except FileNotFoundError:
            return _Known(0, 0, set())
        if known and (known.size, known.inode) == (found.st_size, found.st_ino):
            return known
        names: set[bytes] = set()
        size = 0
        for end, text in members(path):
            size = end
            names |= {_hashed(*msgspec.structs.astuple(decode(line, _Name))) for line in text.splitlines()}
        if size < found.st_size:
            log.warning(
                "half a record is cut off", action="archive_repaired", file=path.name, bytes=found.st_size - size
            )
        return _Known(size, found.st_ino, names)


def lines(path: Path) -> Iterator[Archived]:
    """The records of one file, without what a process that died was writing."""
    for _, text in members(path):
        for line in text.splitlines():
            yield decode(line, Archived)


def members(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole gzip members of a file: where each ends, and what it holds."""
    with path.open("rb") as file:
        inflate, parts, end, chunk = zlib.decompressobj(_GZIP), list[bytes](), 0, b""
        while chunk := chunk or file.read(_CHUNK):
            try:
                parts.append(inflate.decompress(chunk))
            except zlib.error:
                return
            if not inflate.eof:
                chunk = b""
                continue
            chunk = inflate.unused_data
            end = file.tell() - len(chunk)
            yield end, b"".join(parts)
            inflate, parts = zlib.decompressobj(_GZIP), []


def _append(path: Path, at: int, member: bytes) -> None:
    new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(file, at)
        written = 0
        while written < len(member):
            written += os.pwrite(file, member[written:], at + written)
        os.fsync(file)
    finally:
        os.close(file)
    if new:
        _sync_folder(path.parent)


def _rewrite(path: Path, change: Callable[[Archived], Archived | None]) -> int:
    changed, beside = 0, path.with_name(f"{path.name}.part")
    with private_files.written(beside) as file:
        for _, text in members(path):
            kept = []
            for line in text.splitlines():
                before = decode(line, Archived)
                after = change(before)
                changed += after is not before
                kept += [line if after is before else encode(after)] if after is not None else []
            if kept:
                file.write(gzip.compress(b"".join(line + b"\n" for line in kept), 6))
        file.flush()
        os.fsync(file.fileno())
    if changed:
        beside.replace(path)
        _sync_folder(path.parent)
    else:
        beside.unlink()
    return changed


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _name(record: Archived) -> bytes:
    return _hashed(record.kind, record.id, record.source, record.v)


def _hashed(*parts: str | int) -> bytes:
    return blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=16).digest()
