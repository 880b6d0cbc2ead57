"""Backup and restore of the embedded store: one tar file with a snapshot of Redis and the archive.

The snapshot is the RDB file that BGSAVE writes: all keys as of one moment, while the service goes on. A Redis with an
append-only file takes an RDB file for the beginning of one, whatever its version, so restoring is putting it there:
7 and newer move it into the directory that they keep theirs in. Which server may open it: `store/server.py`.
"""

import asyncio
import contextlib
import fcntl
import functools
import io
import os
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from notifier.clock import TEHRAN
from notifier.errors import NotifierError
from notifier.store import keys as names
from notifier.store import private_files, schema, server
from notifier.store.records import decode, encode, ms

STORE, ABOUT, ARCHIVE = "store.rdb", "backup.json", "archive"
_SNAPSHOT, _APPEND_ONLY = "dump.rdb", "appendonly.aof"
_OURS = "backup.rdb"
"""What a snapshot is called once it is whole: whoever has Redis save by hand writes over the other name."""
_LOOK = 0.05  # seconds between looks at what is being written
PATIENCE = 600.0  # seconds that a backup waits for others to be done
_CHUNK = 1 << 20


class BackupError(NotifierError):
    """A backup cannot be made or restored; the text says why, and what to do."""


class About(Struct, frozen=True, kw_only=True):
    """What a backup says of itself; it stands first in the file."""

    made_at: datetime
    schema: int
    redis: str  # name and version of the server that wrote the snapshot; a number alone is of a Redis
    keys: int
    size: int  # bytes of the snapshot
    sha256: str


async def backup(redis: Redis, data_dir: Path, file: Path, *, now: datetime, patience: float = PATIENCE) -> About:
    """Write all that the store and the archive hold into a new file, and note that it was done. Raises BackupError.

    Another backup, and a snapshot that somebody had Redis write, is waited for; ``patience`` is in seconds.
    """
    _check_new(file)
    async with _alone(data_dir, patience):
        _check_new(file)  # the one that was waited for may have been given the same name
        snapshot = data_dir / _OURS
        try:
            await _save(redis, data_dir / _SNAPSHOT, patience)
            keys = int(await redis.dbsize())
            (data_dir / _SNAPSHOT).replace(snapshot)
            info: Any = await redis.info("server")
            about = About(
                made_at=now,
                schema=await schema.version(redis),
                redis=str(server.running(info)),
                keys=keys,
                size=snapshot.stat().st_size,
                sha256=await asyncio.to_thread(_hash, snapshot),
            )
            # The archive after the snapshot: an order that goes over in between is in both, and in none it cannot be.
            await asyncio.to_thread(_write, file, about, snapshot, data_dir / ARCHIVE)
        except OSError as error:
            raise BackupError(f"{file} could not be written: {error.strerror or error}.") from None
        finally:
            _remove(snapshot)
    await record(redis, now)
    return about


async def record(redis: Redis, now: datetime) -> None:
    """Note that the store was backed up."""
    await redis.set(names.BACKED_UP, ms(now))


async def last_backup(redis: Redis) -> datetime | None:
    """When the last backup of the store was finished."""
    found: Any = await redis.get(names.BACKED_UP)
    return datetime.fromtimestamp(int(found) / 1000, TEHRAN) if found is not None else None


async def _save(redis: Redis, snapshot: Path, patience: float) -> None:
    """Have Redis write its snapshot, and wait until it lies there whole."""
    try:
        async with asyncio.timeout(patience):
            await _until(functools.partial(_began, redis, snapshot))
    except TimeoutError:
        raise BackupError(
            f"Redis has been writing another snapshot for {patience:g} s (BGSAVE, by hand or of another program). "
            "Look into redis.log in the data directory, and try again when it is done."
        ) from None
    while not _is_there(snapshot):  # it gets its name when it is complete and on disk
        state: Any = await redis.info("persistence")
        waits = state["rdb_bgsave_in_progress"] or state["aof_rewrite_in_progress"]
        if not waits and state["rdb_last_bgsave_status"] != "ok" and not _is_there(snapshot):
            raise BackupError(
                "Redis could not write its snapshot. Look into redis.log in the data directory: the disk may be full."
            )
        await asyncio.sleep(_LOOK)


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await done():
            return
        await asyncio.sleep(_LOOK)


async def _began(redis: Redis, snapshot: Path) -> bool:
    """Whether Redis begins a snapshot now; it cannot while it writes one, which is older than what is wanted."""
    state: Any = await redis.info("persistence")
    if state["rdb_bgsave_in_progress"]:
        return False
    _remove(snapshot)
    try:
        # SCHEDULE: where the append-only file is being rewritten, the snapshot comes after that.
        await redis.bgsave(schedule=True)
    except ResponseError as error:
        if "in progress" in str(error):  # since we looked
            return False
        raise
    return True


def _check_new(file: Path) -> None:
    if os.path.lexists(file):
        raise BackupError(f"{file} exists already: name another file, or move it away.")
    if _part(file).is_symlink():
        raise BackupError(f"{_part(file)} is a link: remove it, or name another file.")
    try:
        private_files.check_folder(file.parent)
    except private_files.NotPrivate as error:
        raise BackupError(str(error)) from None


def _part(file: Path) -> Path:
    """What a backup is called until it is whole."""
    return file.with_name(f"{file.name}.part")


def _is_there(path: Path) -> bool:
    return path.exists()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _write(file: Path, about: About, snapshot: Path, archive: Path) -> None:
    part = _part(file)
    try:
        with private_files.written(part) as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                _add(tar, ABOUT, io.BytesIO(encode(about)), len(encode(about)))
                with snapshot.open("rb") as content:
                    _add(tar, STORE, content, about.size)
                for path in sorted(archive.glob("*.jsonl.gz")):
                    with path.open("rb") as content:
                        # What is added to it from now on belongs to the next backup.
                        _add(tar, f"{ARCHIVE}/{path.name}", content, os.fstat(content.fileno()).st_size)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, content)


def restore(
    file: Path, data_dir: Path, *, program: server.ServerProgram, force: bool, now: datetime
) -> tuple[About, Path | None]:
    """Put a backup where the embedded server `program` will find it; returns where what lay there before has gone.

    Raises BackupError: nothing has been touched then.
    """
    data_dir = data_dir.resolve()
    if data_dir.is_dir() and _is_served(data_dir):
        raise BackupError(f"A service runs on {data_dir}: stop it first.")
    occupied = data_dir.is_dir() and any(data_dir.iterdir())
    if occupied and not force:
        raise BackupError(
            f"{data_dir} holds data already. Name another --data-dir; with --force what is there is moved aside."
        )
    beside = data_dir.with_name(f"{data_dir.name}.restoring")
    _clear(beside)
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    beside.mkdir(mode=0o700)
    try:
        about = _unpack(file, beside)
        _check_fits(about, program)
        aside = None
        if occupied:
            aside = data_dir.with_name(f"{data_dir.name}.before-{now:%Y%m%d-%H%M%S}")
            data_dir.rename(aside)
        elif data_dir.exists():
            data_dir.rmdir()
        beside.rename(data_dir)
    except OSError as error:
        raise BackupError(f"{data_dir} could not be written: {error.strerror or error}.") from None
    finally:
        _clear(beside)
    return about, aside


def _unpack(file: Path, folder: Path) -> About:
    try:
        with tarfile.open(file, "r:") as tar:
            about = decode(_read(tar, ABOUT), About)
            for member in tar:
                place = _place(member.name, folder)
                if place is not None and (content := tar.extractfile(member)):
                    place.parent.mkdir(mode=0o700, exist_ok=True)
                    _copy(content, place)
    except FileNotFoundError:
        raise BackupError(f"There is no file {file}.") from None
    except (tarfile.TarError, KeyError, NotifierError, EOFError) as error:
        raise BackupError(f"{file} is no whole backup of this program ({error}). Take another one.") from None
    store = folder / _APPEND_ONLY
    if not store.is_file() or store.stat().st_size != about.size or _hash(store) != about.sha256:
        raise BackupError(f"{file} is damaged: the snapshot in it is not the one that was written. Take another one.")
    return about


def _place(name: str, folder: Path) -> Path | None:
    """Where a part of a backup belongs; None for what is not to be unpacked."""
    if name == STORE:
        return folder / _APPEND_ONLY
    directory, _, inner = name.partition("/")
    known = directory == ARCHIVE and inner.endswith(".jsonl.gz") and Path(inner).name == inner
    return folder / ARCHIVE / inner if known else None


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    content = tar.extractfile(name)
    return content.read() if content else b""


def _copy(content: IO[bytes], path: Path) -> None:
    with private_files.created(path) as out:
        while chunk := content.read(_CHUNK):
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())


def _check_fits(about: About, program: server.ServerProgram) -> None:
    if about.schema > schema.CURRENT:
        raise BackupError(
            f"The backup is of version {about.schema}, and this program knows versions up to {schema.CURRENT}. "
            "Install the version that made it, or a newer one."
        )
    writer = server.ServerVersion.parse(about.redis)
    if writer is not None and not program.version.reads(writer):
        raise BackupError(
            f"The snapshot in the backup was written by {writer}, which {program.version} ({program.path}) cannot be "
            "relied on to read. Name that server or a newer one of its name in [redis] server."
        )


def _is_served(data_dir: Path) -> bool:
    """Whether a Redis server runs on it, which holds its lock."""
    try:
        lock = os.open(data_dir / "server.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextlib.asynccontextmanager
async def _alone(data_dir: Path, patience: float) -> AsyncIterator[None]:
    """One backup at a time; the next one waits."""
    path = data_dir / "backup.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            async with asyncio.timeout(patience):
                await _until(functools.partial(_taken, lock))
        except TimeoutError:
            raise BackupError(
                f"Another backup of this data directory has been under way for {patience:g} s: wait until it is done, "
                f"or end the process that holds {path}."
            ) from None
        yield
    finally:
        os.close(lock)


async def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _clear(folder: Path) -> None:
    """Remove what an earlier try left behind."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    if folder.is_dir():
        folder.rmdir()
