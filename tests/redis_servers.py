"""Redis servers of the tests' own on loopback ports: alone, with a replica and Sentinel, or as a cluster."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.store import server as programs
from notifier.store.cluster import Cluster

SERVICE = "shop"
_SLOTS = 16384
_POLL = 0.02  # seconds between looks at a server that has no way of telling us
_LIMIT = 20.0  # seconds
_DOWN_AFTER = (
    2000  # milliseconds of silence, longer than a slow disk holds a server: one voted out for that loses writes
)


class RedisProcess:
    """One server in a process of its own, which writes to disk before it answers."""

    def __init__(self, directory: Path, *settings: str) -> None:
        self.port = free_port()
        self.directory, self.settings = directory, settings
        directory.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start it, or start it again."""
        self.process = subprocess.Popen(
            [
                *(programs.find().path, *(("sentinel.conf", "--sentinel") if "--sentinel" in self.settings else ())),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--logfile", "redis.log"),
                *("--appendonly", "yes", "--appendfsync", "always"),
                *self.settings,
            ],
            cwd=self.directory,
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"redis://{self.address}"

    def client(self) -> Redis:
        return Redis(host="127.0.0.1", port=self.port, protocol=2, socket_timeout=5)

    async def ask(self, *command: Any) -> Any:
        """The answer to one command."""
        async with contextlib.aclosing(self.client()) as client:
            return await client.execute_command(*command)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def hung(self) -> Any:
        """Stopped for a while: it takes connections and says nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


class Watch:
    """A primary, its replicas, and the sentinels that watch over them."""

    def __init__(self, primary: RedisProcess, replicas: Sequence[RedisProcess], sentinels: Sequence[RedisProcess]):
        self.primary, self.replicas, self.sentinels = primary, replicas, sentinels

    @property
    def url(self) -> str:
        return f"redis+sentinel://{','.join(one.address for one in self.sentinels)}/{SERVICE}"


class Group:
    """The primaries of a cluster, each with a replica where there are any."""

    def __init__(self, primaries: Sequence[RedisProcess], replicas: Sequence[RedisProcess]):
        self.primaries, self.replicas = primaries, replicas

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(one.address for one in [*self.primaries, *self.replicas])}"


@contextlib.asynccontextmanager
async def alone(directory: Path, *settings: str) -> AsyncIterator[RedisProcess]:
    """One server that answers."""
    with _ended([server := RedisProcess(directory, *settings)]):
        await answers(server)
        yield server


@contextlib.asynccontextmanager
async def watched(directory: Path, *, replicas: int = 1, sentinels: int = 3) -> AsyncIterator[Watch]:
    """Sentinels that fail over within some three seconds."""
    started: list[RedisProcess] = []
    with _ended(started):
        primary = RedisProcess(directory / "primary")
        started.append(primary)
        quick = ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
        following = [
            RedisProcess(directory / f"replica{number}", "--replicaof", "127.0.0.1", str(primary.port), *quick)
            for number in range(replicas)
        ]
        started += following
        await primary_settings(primary, quick)
        await answers(*started)
        await until(lambda: _replicates(primary, replicas))
        watching = []
        for number in range(sentinels):
            place = directory / f"sentinel{number}"
            place.mkdir()
            (place / "sentinel.conf").write_text(
                f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} {sentinels // 2 + 1}\n"
                f"sentinel down-after-milliseconds {SERVICE} {_DOWN_AFTER}\n"
                f"sentinel failover-timeout {SERVICE} 3000\n"
            )
            watching.append(_sentinel(place))
            started.append(watching[-1])
        await answers(*watching)
        for one in watching:
            await until(lambda one=one: _sees(one, replicas, sentinels - 1))  # type: ignore[misc]
        yield Watch(primary, following, watching)


@contextlib.asynccontextmanager
async def clustered(directory: Path, *, primaries: int = 2, replicas: bool = False) -> AsyncIterator[Group]:
    """A cluster whose replicas take over within a second or two. Two primaries cannot vote one of them out."""
    settings = ("--cluster-enabled", "yes", "--cluster-node-timeout", "800", "--cluster-replica-validity-factor", "0")
    settings += ("--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
    count = primaries * (2 if replicas else 1)
    started: list[RedisProcess] = []
    with _ended(started):
        started += [RedisProcess(directory / f"node{number}", *settings) for number in range(count)]
        await answers(*started)
        leading, following = started[:primaries], started[primaries:]
        share = -(-_SLOTS // primaries)
        for number, node in enumerate(leading):
            await node.ask("CLUSTER ADDSLOTS", *range(number * share, min((number + 1) * share, _SLOTS)))
            await node.ask("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node in started[1:]:
            await started[0].ask("CLUSTER MEET", "127.0.0.1", node.port)
        for node in started:
            await until(lambda node=node: _knows(node, count))  # type: ignore[misc]
        for node, primary in zip(following, leading, strict=False):
            leader = (await primary.ask("CLUSTER MYID")).decode()
            await until(lambda node=node, leader=leader: _follow(node, leader))  # type: ignore[misc]
        for node in started:
            await until(lambda node=node: _is_fine(node))  # type: ignore[misc]
        for node, _ in zip(leading, following, strict=False):
            await until(lambda node=node: _replicates(node, 1))  # type: ignore[misc]
        yield Group(leading, following)


@contextlib.contextmanager
def cluster_beside(directory: Path) -> Iterator[str]:
    """The URL of a cluster of two, for a fixture that lives longer than one event loop."""
    with asyncio.Runner() as runner:
        cluster = clustered(directory)
        group = runner.run(cluster.__aenter__())
        try:
            yield group.url
        finally:
            runner.run(cluster.__aexit__(None, None, None))


async def answers(*servers: RedisProcess) -> None:
    """Wait until each of them answers."""
    for server in servers:
        await until(lambda server=server: _answers(server))  # type: ignore[misc]


async def primary_settings(server: RedisProcess, settings: Sequence[str]) -> None:
    await answers(server)
    for name, value in zip(settings[::2], settings[1::2], strict=True):
        await server.ask("CONFIG SET", name.removeprefix("--"), value)


async def until(condition: Any) -> None:
    """Ask until it is so. Servers do not tell when they have found one another."""
    async with asyncio.timeout(_LIMIT):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(_POLL)


async def refuse_writes(redis: Redis, *, refused: bool = True) -> None:
    """Have every server say no to writes, as one does that misses its replicas, and go on answering reads."""
    everywhere: dict[str, Any] = {"target_nodes": Cluster.PRIMARIES} if isinstance(redis, Cluster) else {}
    await redis.config_set("min-replicas-to-write", int(refused), **everywhere)


def free_port() -> int:
    """A port nobody listens at, nor at the one 10,000 above, which a cluster's node uses as well.

    Both lie below those that connections going out are given: one of these may take a port before its server does.
    """
    while True:
        port = random.randrange(10_000, 22_000)
        with contextlib.suppress(OSError), socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 10_000))
            return port


def _sentinel(directory: Path) -> RedisProcess:
    server = RedisProcess.__new__(RedisProcess)
    server.port, server.directory, server.settings = free_port(), directory, ("--sentinel",)
    server.process = subprocess.Popen(
        [programs.find().path, "sentinel.conf", "--sentinel", "--port", str(server.port), "--bind", "127.0.0.1"],
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    return server


@contextlib.contextmanager
def _ended(servers: list[RedisProcess]) -> Any:
    try:
        yield
    finally:
        for server in servers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.process.pid, signal.SIGCONT)
            server.kill()


async def _answers(server: RedisProcess) -> bool:
    try:
        return bool(await server.ask("PING"))
    except (RedisError, OSError):
        return False


async def _replicates(server: RedisProcess, replicas: int) -> bool:
    info = await server.ask("INFO", "replication")
    return sum("state=online" in str(value) or _online(value) for value in info.values()) >= replicas


def _online(value: Any) -> bool:
    return isinstance(value, dict) and value.get("state") == "online"


async def _sees(sentinel: RedisProcess, replicas: int, others: int) -> bool:
    raw: Any = await sentinel.ask("SENTINEL MASTER", SERVICE)
    return int(raw["num-slaves"]) >= replicas and int(raw["num-other-sentinels"]) >= others


async def _knows(node: RedisProcess, count: int) -> bool:
    nodes = await node.ask("CLUSTER NODES")
    return len(nodes) == count and not any("handshake" in one["flags"] for one in nodes.values())


async def _follow(node: RedisProcess, leader: str) -> bool:
    try:
        return bool(await node.ask("CLUSTER REPLICATE", leader))
    except RedisError:  # it has not heard of its leader yet
        return False


async def _is_fine(node: RedisProcess) -> bool:
    info: Any = await node.ask("CLUSTER INFO")
    return info["cluster_state"] == "ok" and int(info["cluster_slots_ok"]) == _SLOTS
