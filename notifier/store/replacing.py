"""Files that people edit too, replaced whole: whoever reads one sees what was there or what is there, never half.

Processes of one machine take turns by a lock on the folder, which leaves nothing behind.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path


def is_writable(path: Path) -> bool:
    """Whether a file may be replaced by this process: the file and the folder it really lies in."""
    real = path.resolve()
    return os.access(real, os.W_OK) and os.access(real.parent, os.W_OK | os.X_OK)


@contextlib.asynccontextmanager
async def alone_in(folder: Path) -> AsyncIterator[None]:
    """Nobody else who asks for it changes a file of this folder meanwhile."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        await asyncio.to_thread(fcntl.flock, handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def beside(path: Path, content: bytes) -> Iterator[Path]:
    """A new file in the folder of another, with its mode and on the disk; gone at the end unless put in place."""
    real = path.resolve()
    new = real.with_name(f".{real.name}.{secrets.token_hex(6)}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            about = real.stat()
            os.fchmod(file.fileno(), about.st_mode & 0o777)
            with contextlib.suppress(OSError):  # only root may give a file away
                os.fchown(file.fileno(), about.st_uid, about.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)


def put_in_place(new: Path, path: Path) -> None:
    """Have a file that lies beside another be the other from now on, also after a power cut."""
    real = path.resolve()
    new.replace(real)
    handle = os.open(real.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
