"""The embedded server, with real servers and real processes."""

import fcntl
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from notifier.store import server as programs
from notifier.store.embedded import EmbeddedRedis
from notifier.store.errors import EmbeddedRedisError

pytestmark = pytest.mark.process

USER = """
import signal
import sys
from pathlib import Path
import redis
from notifier.store.embedded import EmbeddedRedis
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
with EmbeddedRedis(Path(sys.argv[1])) as server:
    with redis.Redis(unix_socket_path=server.socket_path) as client:
        client.incr("users")
        print(client.info("server")["process_id"], flush=True)
    sys.stdin.read()
"""


class User:
    """Another process that uses the server until told to leave."""

    def __init__(self, data_dir: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | environment,
        )

    def server_pid(self) -> int:
        """Waits until the process uses the server."""
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait()

    def kill_group(self, number: int) -> None:
        """As a terminal does on Ctrl-C, or a supervisor that has lost its patience."""
        os.killpg(self.process.pid, number)
        self.process.wait()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.kill()
        self.process.wait()


def runs(data_dir: Path) -> bool:
    """Whether a server holds its lock on the data directory."""
    if not (data_dir / "server.lock").exists():
        return False
    with (data_dir / "server.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def await_end(data_dir: Path) -> None:
    with (data_dir / "server.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def client(path: str) -> redis.Redis:
    return redis.Redis(unix_socket_path=path, decode_responses=True)


def pid_of(path: str) -> int:
    with client(path) as asked:
        return int(asked.info("server")["process_id"])


def kill_server(path: str) -> None:
    os.kill(pid_of(path), signal.SIGKILL)


def put(path: str, key: str, value: str) -> None:
    with client(path) as asked:
        assert asked.set(key, value)


def get(path: str, key: str) -> object:
    with client(path) as asked:
        return asked.get(key)


def script(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


@pytest.fixture
def make_data_dir(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    made: list[Path] = []

    def make(name: str) -> Path:
        made.append(tmp_path / name)
        return made[-1]

    yield make
    for data_dir in made:
        if runs(data_dir):
            with redis.Redis(unix_socket_path=(data_dir / "server.lock").read_text()) as left_over:
                left_over.shutdown(nosave=True)
            await_end(data_dir)


@pytest.fixture
def data_dir(make_data_dir: Callable[[str], Path]) -> Path:
    return make_data_dir("data")


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A directory whose path leaves room for a socket's, however deep the tests' own lies."""
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        yield Path(made)


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(data_dir) as started:
        yield started


@pytest.fixture
def new_user() -> Iterator[Callable[..., User]]:
    users: list[User] = []

    def new(data_dir: Path, **environment: str) -> User:
        users.append(User(data_dir, environment))
        return users[-1]

    yield new
    for user in users:
        user.close()


def program(path: Path, *lines: str) -> str:
    """A server that is a script of ours; what `[redis] server` says to have it used."""
    script(path, *lines)
    return str(path)


def test_settings_are_durable_and_private(data_dir: Path, server: EmbeddedRedis) -> None:
    with client(server.socket_path) as asked:
        settings = asked.config_get("*")
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["save"] == ""
    assert settings["port"] == "0"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["hash-max-ziplist-value"] == "4096"
    assert settings["hash-max-ziplist-entries"] == "128"
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(server.socket_path).stat().st_mode) == 0o700


def test_acknowledged_write_survives_kill_of_server(server: EmbeddedRedis) -> None:
    path = server.socket_path
    before = pid_of(path)
    put(path, "order", "paid")
    kill_server(path)
    assert server.ensure() == path
    assert get(path, "order") == "paid"
    assert pid_of(path) != before


def test_ensure_leaves_a_well_server_alone(server: EmbeddedRedis) -> None:
    before = pid_of(server.socket_path)
    assert pid_of(server.ensure()) == before
    assert pid_of(server.start()) == before


def test_ensure_after_stop_is_refused(data_dir: Path) -> None:
    server = EmbeddedRedis(data_dir)
    server.start()
    server.stop()
    with pytest.raises(EmbeddedRedisError, match=r"call start\(\) first"):
        server.ensure()
    assert not runs(data_dir)


def test_simultaneous_processes_share_one_server(data_dir: Path, new_user: Callable[..., User]) -> None:
    users = [new_user(data_dir) for _ in range(6)]
    assert len({user.server_pid() for user in users}) == 1
    for user in users[:-1]:
        assert user.leave() == 0
    assert runs(data_dir)
    assert users[-1].leave() == 0
    assert not runs(data_dir)


def test_all_processes_leaving_at_once_shut_down(data_dir: Path, new_user: Callable[..., User]) -> None:
    users = [new_user(data_dir) for _ in range(4)]
    for user in users:
        user.server_pid()
    for user in users:
        assert user.process.stdin is not None
        user.process.stdin.close()
    assert [user.process.wait() for user in users] == [0, 0, 0, 0]
    assert not runs(data_dir)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_server_outlives_the_process_that_launched_it(
    data_dir: Path, new_user: Callable[..., User], number: int
) -> None:
    launcher = new_user(data_dir)
    pid = launcher.server_pid()
    follower = new_user(data_dir)
    assert follower.server_pid() == pid
    launcher.kill_group(number)
    with EmbeddedRedis(data_dir) as server:
        assert pid_of(server.socket_path) == pid
        assert get(server.socket_path, "users") == "2"
        assert follower.leave() == 0
        assert runs(data_dir)
    assert not runs(data_dir)


def test_next_start_finds_the_server_of_killed_users(data_dir: Path, new_user: Callable[..., User]) -> None:
    only = new_user(data_dir)
    pid = only.server_pid()
    only.kill_group(signal.SIGKILL)
    assert runs(data_dir)
    with EmbeddedRedis(data_dir) as server:
        assert pid_of(server.socket_path) == pid
    assert not runs(data_dir)


def test_data_survives_stop(data_dir: Path) -> None:
    with EmbeddedRedis(data_dir, durability="everysec") as server:
        put(server.socket_path, "order", "paid")
    with EmbeddedRedis(data_dir) as server:
        assert get(server.socket_path, "order") == "paid"


def test_stale_socket_of_a_dead_server(data_dir: Path) -> None:
    first = EmbeddedRedis(data_dir)
    path = first.start()
    put(path, "order", "paid")
    kill_server(path)
    await_end(data_dir)
    first.stop()
    assert stat.S_ISSOCK(Path(path).stat().st_mode)
    with EmbeddedRedis(data_dir) as second:
        assert get(second.socket_path, "order") == "paid"


def test_asked_durability_is_set_on_a_running_server(data_dir: Path) -> None:
    with EmbeddedRedis(data_dir, durability="everysec") as first, client(first.socket_path) as asked:
        assert asked.config_get("appendfsync") == {"appendfsync": "everysec"}
        with EmbeddedRedis(data_dir, durability="fsync"):
            assert asked.config_get("appendfsync") == {"appendfsync": "always"}


def test_long_data_dir_has_its_socket_elsewhere(
    make_data_dir: Callable[[str], Path],
    tmp_path: Path,
    short_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    new_user: Callable[..., User],
) -> None:
    temporary = short_dir
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    deep = make_data_dir(f"{'deep' * 20}/{'deeper' * 20}")
    with EmbeddedRedis(deep) as server:
        socket = Path(server.socket_path)
        assert socket.is_relative_to(temporary)
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        # Another process need not have the same temporary directory to find it.
        other = new_user(deep, TMPDIR=str(tmp_path))
        assert other.server_pid() == pid_of(str(socket))
        assert other.leave() == 0
    assert not runs(deep)


def test_foreign_socket_directory_is_refused(
    make_data_dir: Callable[[str], Path], short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short_dir))
    trap = short_dir / f"notifier-{os.getuid()}"
    trap.mkdir()
    trap.chmod(0o777)
    with pytest.raises(EmbeddedRedisError, match="only its owner can enter"):
        EmbeddedRedis(make_data_dir("deep" * 40)).start()


def test_paths_with_blanks_and_quotes(make_data_dir: Callable[[str], Path]) -> None:
    with EmbeddedRedis(make_data_dir("a \"b' ü")) as server:
        put(server.socket_path, "order", "paid")
        assert get(server.ensure(), "order") == "paid"


def test_truncated_append_only_file_is_loaded(data_dir: Path) -> None:
    with EmbeddedRedis(data_dir) as server:
        put(server.socket_path, "first", "kept")
        put(server.socket_path, "second", "cut short by a crash")
    file = next(data_dir.rglob("*.incr.aof"))
    os.truncate(file, file.stat().st_size - 3)
    with EmbeddedRedis(data_dir) as server:
        assert get(server.socket_path, "first") == "kept"
        assert get(server.socket_path, "second") is None


def test_server_that_dies_at_start_is_quoted_without_its_advice(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "appendonly.aof").write_text("not an append-only file")
    with pytest.raises(EmbeddedRedisError, match=r"ended while starting: Bad file format") as raised:
        EmbeddedRedis(data_dir).start()
    text = str(raised.value)
    assert "\n" not in text
    assert "--fix" not in text  # it throws away what comes after the first fault
    assert "restore" in text
    assert not runs(data_dir)


def test_server_that_refuses_its_arguments_is_quoted(data_dir: Path, tmp_path: Path) -> None:
    broken = program(
        tmp_path / "redis-server",
        "echo 'Redis server v=7.2.4 sha=0'",
        '[ "$1" = --version ] || { echo Bad directive; exit 1; }',
    )
    with pytest.raises(EmbeddedRedisError, match=r"ended while starting: .*Bad directive"):
        EmbeddedRedis(data_dir, program=broken).start()


def test_loading_for_longer_than_the_timeout_is_waited_for(data_dir: Path, tmp_path: Path) -> None:
    with (
        EmbeddedRedis(data_dir) as server,
        client(server.socket_path) as asked,
        asked.pipeline(transaction=False) as pipe,
    ):
        for number in range(5000):
            pipe.set(f"order:{number}", "paid")
        pipe.execute()
    real = programs.find().path
    slow = program(
        tmp_path / "valkey-server",
        f'[ "$1" = --version ] && exec "{real}" --version',
        f'exec "{real}" "$@" --key-load-delay 300',
    )
    with EmbeddedRedis(data_dir, program=slow, start_timeout=0.7) as server, client(server.socket_path) as asked:
        assert asked.dbsize() == 5000
    took = re.findall(r"DB loaded from append only file: ([\d.]+) seconds", (data_dir / "redis.log").read_text())
    assert float(took[-1]) > 0.7


def test_silent_server_is_reported_not_doubled(data_dir: Path, server: EmbeddedRedis) -> None:
    pid = pid_of(server.socket_path)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(EmbeddedRedisError, match="has not answered"):
            EmbeddedRedis(data_dir, start_timeout=0.1).start()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert pid_of(server.ensure()) == pid


def test_unusable_data_dir(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(EmbeddedRedisError, match="cannot be used"):
        EmbeddedRedis(tmp_path / "data").start()
