"""The folder that data lies in: for its owner alone, also when somebody made it before who did not think of it."""

import stat
from pathlib import Path


def private(folder: Path) -> Path:
    """Make the folder, or take it from others where it is there. Raises OSError where it is not ours to do so."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        folder.chmod(mode & ~0o077)
    return folder
