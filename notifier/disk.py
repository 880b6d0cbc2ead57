"""Room on the disk of the data directory."""

import shutil
from pathlib import Path
from typing import NamedTuple

LITTLE = 256 << 20
"""Bytes: with less left events may soon not be stored."""


class Room(NamedTuple):
    """In bytes."""

    free: int
    size: int

    @property
    def is_little(self) -> bool:
        return self.free < LITTLE


def room(folder: Path) -> Room:
    """On the disk of a folder, which need not be there yet."""
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return Room(usage.free, usage.total)
