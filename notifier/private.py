"""Files with secrets or with what customers told us: for the eyes of the user who runs this."""

import os
from pathlib import Path
from typing import IO


def created(path: Path) -> IO[bytes]:
    """A new file. Raises FileExistsError for one that is there."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def written(path: Path) -> IO[bytes]:
    """A file that is begun anew; one that others could read is taken from them first."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.fchmod(opened, 0o600)
    os.ftruncate(opened, 0)
    return os.fdopen(opened, "wb")
