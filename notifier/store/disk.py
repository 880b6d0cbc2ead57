"""Room on the disk of the data directory."""

import shutil
from pathlib import Path
from typing import NamedTuple

LITTLE = 256 << 20
"""Bytes: with less left events may soon not be stored."""


LEAST = 4 << 20
"""Bytes: with less left an embedded server may be unable to write the next group of events, and ends."""


class Room(NamedTuple):
    """In bytes."""

    free: int
    size: int

    @property
    def is_little(self) -> bool:
        return self.free < LITTLE

    @property
    def is_none(self) -> bool:
        """Whether no event is sure to find room."""
        return self.free < LEAST

    def __str__(self) -> str:
        return f"{self.free / (1 << 20):,.1f} of {self.size / (1 << 20):,.0f} MiB are left"


def room(folder: Path) -> Room:
    """On the disk of a folder, which need not be there yet."""
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return Room(usage.free, usage.total)
