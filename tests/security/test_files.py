"""V12 of ASVS, files and resources: what we write is ours alone, and lands where we meant it."""

import os
import stat
from datetime import datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis

from notifier.clock import TEHRAN
from notifier.importing.entries import ImportRow
from notifier.importing.refused import RefusedRows
from notifier.retention.archive import Archive, Archived
from notifier.retention.backup import BackupError, backup
from notifier.store import private_files
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis

pytestmark = pytest.mark.process

NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("keep")
    link.symlink_to(victim)
    with pytest.raises(private_files.NotPrivate):
        private_files.written(link)
    with pytest.raises(FileExistsError):
        private_files.created(link)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(private_files.NotPrivate):
        private_files.written(dangling)
    with pytest.raises(FileExistsError):
        private_files.created(dangling)
    assert victim.read_text() == "keep"
    assert not (tmp_path / "elsewhere").exists()


def test_nor_into_a_file_that_somebody_has_open_or_by_another_name(tmp_path: Path) -> None:
    ready = tmp_path / "export.jsonl"
    ready.write_text("")
    ready.chmod(0o666)
    other_name = tmp_path / "other"
    os.link(ready, other_name)
    with ready.open() as watching, private_files.written(ready) as file:
        file.write(b"a secret")
        file.flush()
        assert watching.read() == ""
    assert other_name.read_text() == ""
    assert mode(ready) == 0o600


@pytest.mark.parametrize("what", ["fifo", "folder"])
def test_nor_into_anything_but_a_file(tmp_path: Path, what: str) -> None:
    place = tmp_path / "place"
    os.mkfifo(place) if what == "fifo" else place.mkdir()
    with pytest.raises(private_files.NotPrivate):
        private_files.written(place)


def test_a_folder_in_which_anybody_may_exchange_files_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "everybodys"
    folder.mkdir()
    folder.chmod(0o777)
    for write in (private_files.created, private_files.written):
        with pytest.raises(private_files.NotPrivate, match="chmod 700"):
            write(folder / "new")
    folder.chmod(0o1777)  # as /tmp is
    private_files.created(folder / "new").close()
    with pytest.raises(private_files.NotPrivate, match="no directory"):
        private_files.created(tmp_path / "missing" / "new")


async def test_a_backup_goes_nowhere_but_where_it_is_to_go(tmp_path: Path) -> None:
    data, victim = tmp_path / "data", tmp_path / "victim"
    victim.write_text("keep")
    with EmbeddedRedis(data) as server:
        redis: Redis = await connect("embedded", socket_path=server.socket_path)
        (tmp_path / "b.tar").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(BackupError, match="exists already"):
            await backup(redis, data, tmp_path / "b.tar", now=NOW)
        (tmp_path / "c.tar.part").symlink_to(victim)
        with pytest.raises(BackupError, match="is a link"):
            await backup(redis, data, tmp_path / "c.tar", now=NOW)
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o777)
        with pytest.raises(BackupError, match="chmod 700"):
            await backup(redis, data, tmp_path / "open" / "b.tar", now=NOW)
        (tmp_path / "d.tar.part").write_text("of one that died")
        await backup(redis, data, tmp_path / "d.tar", now=NOW)
        await redis.aclose()
    assert victim.read_text() == "keep"
    assert not (tmp_path / "elsewhere").exists()
    assert mode(tmp_path / "d.tar") == 0o600


def test_a_data_directory_that_is_there_is_taken_from_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    with EmbeddedRedis(data):
        assert mode(data) == 0o700
    (data / "archive").mkdir()
    (data / "archive").chmod(0o775)
    Archive(data / "archive").add("1405-09", [Archived(kind="order", id="1", archived_at=NOW)])
    assert mode(data / "archive") == 0o700


def test_the_archive_follows_no_link(tmp_path: Path) -> None:
    victim, folder = tmp_path / "victim", tmp_path / "archive"
    victim.write_text("keep")
    folder.mkdir(mode=0o700)
    (folder / "1405-09.jsonl.gz").symlink_to(victim)
    with pytest.raises(OSError, match=r"[Ll]ink|symbolic"):
        Archive(folder).add("1405-09", [Archived(kind="order", id="1", archived_at=NOW)])
    assert victim.read_text() == "keep"


def test_refused_lines_of_an_import(tmp_path: Path) -> None:
    victim, source = tmp_path / "victim", tmp_path / "events.jsonl"
    victim.write_text("keep")
    with RefusedRows(source) as refused:
        refused.path.symlink_to(victim)
        with pytest.raises(private_files.NotPrivate):
            refused.add(ImportRow(line=1, given={"a": 1}), "wrong")
    assert victim.read_text() == "keep"
