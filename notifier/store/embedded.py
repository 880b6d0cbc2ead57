"""A private Redis for one data directory, shared by any number of processes of one user.

Two file locks, dropped by the kernel when their holder dies, are all the book-keeping:

- `server.lock` is held by the server itself, which inherits the locked file from the process that launches it. Whoever
  gets this lock knows that no server runs and may launch one. The file's text is the socket the server listens at.
- `users.lock` is held shared by every process that uses the server. Who gets it alone is the last one and shuts down.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError, ResponseError
from redis.retry import Retry

from notifier.store import disk, folders, memory, server
from notifier.store.errors import EmbeddedAway, EmbeddedRedisError

Durability = Literal["fsync", "everysec"]

APPEND_FSYNC = {"fsync": "always", "everysec": "everysec"}
# The shortest limit of the systems we run on: macOS has 104 bytes with the closing zero, Linux 108.
LONGEST_SOCKET_PATH = 103
STOP_TIMEOUT = 10.0  # seconds
PROBE_TIMEOUT = 2.0  # seconds
POLL_INTERVAL = 0.02  # seconds

_ALLOCATOR = "glibc.malloc.tcache_count=1000:glibc.malloc.top_pad=4194304"
"""A unit of work makes and frees hundreds of small objects; glibc keeps seven of a size at hand. It is a tenth of the
server's time for some 8 MB. Nor does it give back to the kernel what the next group takes again: half the page faults.
A server with an allocator of its own, or another C library, does not look at it."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_LOGGED = re.compile(r"\d+:[A-Z] .{20,30} ([.*#-]) (.*)")
"""A line of the server's log: the process, the time, how much it matters, and what is said."""


class EmbeddedRedis:
    """The private Redis of `data_dir`, which must be on a local disk. Safe to use from several threads.

    A process that forks makes its own after the fork: the users' lock would be shared with the parent otherwise.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durability: Durability = "fsync",
        program: str = server.BUNDLED,
        start_timeout: float = 30.0,
    ) -> None:
        """`program` is what `[redis] server` says; `start_timeout` is in seconds."""
        self._data_dir = data_dir.resolve()
        self._program = program
        self._start_timeout = start_timeout
        self._settings = {
            "appendonly": "yes",
            "appendfsync": APPEND_FSYNC[durability],
            "maxmemory-policy": "noeviction",
            "maxmemory": str(memory.half()),
            # Newer servers say listpack and still understand these names.
            "hash-max-ziplist-value": "4096",
            # What is written for every event or batch is searched from its beginning up to these sizes.
            "hash-max-ziplist-entries": "128",
            "zset-max-ziplist-entries": "32",
        }
        self._log = self._data_dir / "redis.log"
        self._server_lock = self._data_dir / "server.lock"
        self._users_lock = self._data_dir / "users.lock"
        self._users: int | None = None
        self._turn = threading.Lock()
        self._given_up = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def socket_path(self) -> str:
        """Where the server listens, or last did; empty when none was ever started."""
        try:
            return os.fsdecode(self._server_lock.read_bytes())
        except FileNotFoundError:
            return ""

    def start(self) -> str:
        """Join the users of the server, launching it when none runs; returns the path of its unix socket."""
        with self._turn:
            if self._users is None:
                self._users = self._join()
            try:
                return self._reach()
            except BaseException:
                with contextlib.suppress(EmbeddedRedisError):
                    self._leave()
                raise

    def ensure(self) -> str:
        """Launch the server again if it died. Costs one PING when it is well. Returns the path of its unix socket."""
        with self._turn:
            if self._users is None:
                raise EmbeddedRedisError(f"The Redis of {self._data_dir} is not in use here: call start() first.")
            path = self.socket_path
            return path if _state(path) == "ready" else self._reach()

    def give_up(self) -> None:
        """Have a start() in another thread end: nobody waits for it any more."""
        self._given_up.set()

    def stop(self) -> None:
        """Leave the users of the server; the last one shuts it down."""
        with self._turn:
            self._leave()

    def _join(self) -> int:
        try:
            folders.private(self._data_dir)
            users = _open(self._users_lock)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise self._disk_full() from error
            raise EmbeddedRedisError(
                f"The data directory {self._data_dir} cannot be used ({error.strerror}). "
                "Give it to the user who runs this, or name another in [redis] data_dir."
            ) from error
        deadline = time.monotonic() + self._start_timeout
        try:
            # Refused only while a last user is shutting the server down.
            while not _take(users, fcntl.LOCK_SH):
                if time.monotonic() > deadline:
                    raise EmbeddedAway(
                        f"Another process has been shutting down the Redis of {self._data_dir} for "
                        f"{self._start_timeout:g} s. End the process that holds {self._users_lock} and start again."
                    )
                time.sleep(POLL_INTERVAL)
        except BaseException:
            os.close(users)
            raise
        return users

    def _leave(self) -> None:
        users, self._users = self._users, None
        if users is None:
            return
        try:
            if _take(users, fcntl.LOCK_EX):
                self._shut_down()
        finally:
            os.close(users)

    def _reach(self) -> str:
        """Wait until the server answers, launching it at most once. Loading its data counts as being well."""
        deadline = time.monotonic() + self._start_timeout
        launched = False
        while True:
            with self._server_lock_if_free() as lock:
                if lock is not None:
                    if launched:
                        raise self._start_failed(self._last_words())
                    self._launch(lock)
                    launched = True
            path = self.socket_path
            state = _state(path)
            if state == "ready":
                self._apply_settings(path)
                return path
            if self._given_up.is_set():
                raise EmbeddedAway(f"Nobody waits for the Redis of {self._data_dir} any more.")
            if state == "loading":
                deadline = time.monotonic() + self._start_timeout
            elif time.monotonic() > deadline:
                raise EmbeddedAway(
                    f"A Redis server runs on {self._data_dir} but has not answered at {path or 'its socket'} for "
                    f"{self._start_timeout:g} s. Look into {self._log}, end the process that holds "
                    f"{self._server_lock} and start again."
                )
            time.sleep(POLL_INTERVAL)

    def _launch(self, lock: int) -> None:
        found = server.find(self._program)
        server.require_readable(self._data_dir, found)
        path = _socket_path_for(self._data_dir)
        try:
            _note(lock, os.fsencode(path))
            server.note_writer(self._data_dir, found.version)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise self._disk_full() from error
            raise self._start_failed(f"nothing can be written there ({error.strerror})") from error
        settings = self._settings | {
            "port": "0",
            "unixsocket": str(path),
            "unixsocketperm": "700",
            "daemonize": "yes",
            "dir": str(self._data_dir),
            "logfile": str(self._log),
            "save": "",
            "aof-load-truncated": "yes",
        }
        arguments = [text for name, value in settings.items() for text in (f"--{name}", value)]
        # daemonize returns at once and leaves no child to reap; the new session covers the moment before it.
        launch = subprocess.run(
            [found.path, *arguments],
            pass_fds=[lock],
            start_new_session=True,
            umask=0o077,
            env={"GLIBC_TUNABLES": _ALLOCATOR, **os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if launch.returncode:
            raise self._start_failed(_in_one_line(launch.stdout))

    def _apply_settings(self, path: str) -> None:
        """Bring a server that others launched with other settings to ours."""
        try:
            with _client(path) as client:
                for name, value in self._settings.items():
                    if client.config_get(name).get(name) != value:
                        client.config_set(name, value)
        except RedisError as error:
            raise EmbeddedRedisError(
                f"The Redis of {self._data_dir} does not take its settings ({error}). Look into {self._log}."
            ) from error

    def _shut_down(self) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT
        while True:
            with self._server_lock_if_free() as lock:
                if lock is not None:
                    return
            if time.monotonic() > deadline:
                raise EmbeddedRedisError(
                    f"The Redis of {self._data_dir} has not ended within {STOP_TIMEOUT:g} s. Its data is safe; look "
                    f"into {self._log} and end the process that holds {self._server_lock}."
                )
            path = self.socket_path
            # A plain SHUTDOWN writes and fsyncs the append-only file. Success is a lost connection.
            with contextlib.suppress(RedisError), _client(path) as client:
                client.execute_command("SHUTDOWN")
            time.sleep(POLL_INTERVAL)

    @contextlib.contextmanager
    def _server_lock_if_free(self) -> Iterator[int | None]:
        """The locked file when no server runs, else None. A server launched meanwhile keeps the lock."""
        lock = _open(self._server_lock)
        try:
            yield lock if _take(lock, fcntl.LOCK_EX) else None
        finally:
            os.close(lock)

    def _start_failed(self, said: str) -> EmbeddedRedisError:
        if disk.room(self._data_dir).is_none or "No space left" in said or "quota exceeded" in said:
            return self._disk_full()
        return EmbeddedRedisError(
            f"The server of {self._data_dir} ended while starting: {said}. Put that right and start again, or restore "
            f"a backup (`notifier restore`). More is in {self._log}."
        )

    def _disk_full(self) -> EmbeddedAway:
        return EmbeddedAway(
            f"The server of {self._data_dir} does not start: its disk is full ({disk.room(self._data_dir)}). Make room "
            "there; a service that runs starts it again by itself."
        )

    def _last_words(self) -> str:
        """The last thing in the log that the server thought bad, without its advice, which may lose data."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError as error:
            return f"its log cannot be read ({error.strerror})"
        for line in reversed(lines):
            found = _LOGGED.fullmatch(line)
            if found and found[1] == "#":
                return re.split(r": make a backup|\. |\.$", found[2])[0]
        return "it said nothing of the reason"


def _in_one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".") or "it said nothing of the reason"


def _socket_path_for(data_dir: Path) -> Path:
    """In the data directory, or in a private temporary one when that path is too long for a socket."""
    path = data_dir / "redis.sock"
    if _fits_a_socket(path):
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16] + ".sock"
    for temporary in (tempfile.gettempdir(), "/tmp"):
        directory = Path(temporary, f"notifier-{os.getuid()}")
        if _fits_a_socket(directory / name):
            _make_private(directory)
            return directory / name
    raise EmbeddedRedisError(f"The path {data_dir} is too long for a socket. Name a shorter one in [redis] data_dir.")


def _fits_a_socket(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def _make_private(directory: Path) -> None:
    """Anyone may write to the temporary directory, so a directory found there may be a trap."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedRedisError(
            f"{directory} must be a directory only its owner can enter, and yours. Remove it and start again."
        )


def _note(lock: int, text: bytes) -> None:
    """Have the file hold this text, which on a full disk it may only do because it does already."""
    if os.pread(lock, len(text) + 1, 0) != text:
        os.ftruncate(lock, 0)
        os.pwrite(lock, text, 0)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _take(lock: int, operation: int) -> bool:
    try:
        fcntl.flock(lock, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _client(path: str) -> redis.Redis:
    return redis.Redis(
        # An empty path would mean TCP to localhost.
        unix_socket_path=path or os.devnull,
        socket_timeout=PROBE_TIMEOUT,
        socket_connect_timeout=PROBE_TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=True,
    )


def _state(path: str) -> Literal["ready", "loading", "silent"]:
    try:
        with _client(path) as client:
            client.ping()
    except BusyLoadingError:
        return "loading"
    except ResponseError:  # MISCONF: its disk is full. It is there, goes on when there is room, and answers all else
        return "ready"
    except RedisError:
        return "silent"
    return "ready"
