"""Nothing of the data can be read by anybody else, whatever umask the service was started with."""

import contextlib
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis

from notifier.clock import TEHRAN
from notifier.retention.archive import Archive, Archived
from notifier.retention.backup import backup, restore
from notifier.store import private_files, schema
from notifier.store import server as programs
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis

pytestmark = pytest.mark.process

NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)


@pytest.fixture
def careless() -> Iterator[None]:
    """Every new file is everybody's unless somebody sees to it."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.process
@pytest.mark.usefixtures("careless")
async def test_the_data_directory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with EmbeddedRedis(data) as server:
        redis: Redis = await connect("embedded", socket_path=server.socket_path)
        await schema.bring_up(redis)
        await redis.set("customer", "sara")
        Archive(data / "archive").add("1405-09", [Archived(kind="order", id="1", archived_at=NOW)])
        await backup(redis, data, tmp_path / "backup.tar", now=NOW)
        await redis.bgrewriteaof()
        found = modes(data)
        assert {"redis.sock", "redis.log", "archive/1405-09.jsonl.gz", "archive"} <= found.keys()
        assert any("appendonly" in name for name in found)
        assert open_to_others(data) == []
        await redis.aclose()
    restore(tmp_path / "backup.tar", tmp_path / "restored", program=programs.find(), force=False, now=NOW)
    assert open_to_others(tmp_path / "restored") == []
    assert stat.S_IMODE((tmp_path / "backup.tar").stat().st_mode) == 0o600


@pytest.mark.usefixtures("careless")
def test_files_of_ours(tmp_path: Path) -> None:
    with private_files.created(tmp_path / "new") as new, private_files.written(tmp_path / "other") as other:
        assert [stat.S_IMODE(os.fstat(file.fileno()).st_mode) for file in (new, other)] == [0o600, 0o600]
    with pytest.raises(FileExistsError):
        private_files.created(tmp_path / "new")


def modes(folder: Path) -> dict[str, int]:
    """Everything in a folder, and the folder itself; but for what a server that is writing has renamed meanwhile."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        with contextlib.suppress(FileNotFoundError):
            found[path.relative_to(folder).as_posix()] = stat.S_IMODE(path.lstat().st_mode)
    return found


def open_to_others(folder: Path) -> list[str]:
    return [f"{name} {mode:o}" for name, mode in modes(folder).items() if mode & 0o077]
