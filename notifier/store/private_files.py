"""Files with secrets or with what customers told us: for the eyes of the user who runs this.

Nothing is written through a link that somebody laid, nor into a file that somebody had ready, nor into a folder in
which anybody may exchange it afterwards.
"""

import os
import stat
from pathlib import Path
from typing import IO

from notifier.errors import NotifierError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NotPrivate(NotifierError):
    """A file cannot be kept from others where it is to lie; the text says why, and what to do."""


def created(path: Path) -> IO[bytes]:
    """A new file. Raises FileExistsError for one that is there, or a link, and NotPrivate for an unsafe folder."""
    check_folder(path.parent)
    return os.fdopen(os.open(path, _NEW, 0o600), "wb")


def written(path: Path) -> IO[bytes]:
    """A file that is begun anew: one that was there is put away, not written into, whoever has it open.

    Raises NotPrivate for an unsafe folder, and for what is no plain file, such as a link or a device.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return created(path)
    if not stat.S_ISREG(found.st_mode):
        raise NotPrivate(f"{path} is a link or a device, and no plain file: name another file, or remove it.")
    check_folder(path.parent)
    path.unlink()
    return created(path)


def check_folder(folder: Path) -> None:
    """Refuse a folder in which others may exchange our files. Raises NotPrivate.

    Where everybody may write, as in /tmp, the sticky bit keeps them from that. Our own group is nobody else.
    """
    try:
        found = folder.stat()
    except FileNotFoundError:
        raise NotPrivate(f"There is no directory {folder}: make it first, or name a file elsewhere.") from None
    if not stat.S_ISDIR(found.st_mode):
        raise NotPrivate(f"{folder} is no directory: name a file elsewhere.")
    others = found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and found.st_gid != os.getegid())
    if (others and not found.st_mode & stat.S_ISVTX) or found.st_uid not in (0, os.geteuid()):
        raise NotPrivate(
            f"Others may exchange files in {folder}: name a directory of your own (chmod 700), or take it from them."
        )
