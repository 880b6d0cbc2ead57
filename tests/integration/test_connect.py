"""Connecting to real servers over TCP, TLS and unix sockets, and telling their weaknesses."""

import asyncio
import re
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from notifier.store import server as programs
from notifier.store.connect import CannotConnect, connect
from notifier.store.durability import durability_warnings, warnings_in
from notifier.store.embedded import EmbeddedRedis
from notifier.store.urls import UnsupportedUrl, without_password

pytestmark = pytest.mark.process

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class OutsideRedis:
    """A server that someone else has set up, at `url`."""

    def __init__(self, directory: Path, port: int, *settings: str) -> None:
        self.url = f"redis://127.0.0.1:{port}"
        self.port = port
        self.process = subprocess.Popen(
            [
                programs.find().path,
                "--port",
                str(port),
                "--bind",
                "127.0.0.1",
                "--dir",
                directory,
                "--save",
                "",
                *settings,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "ready to accept connections" in line.lower():
                return
        raise AssertionError("the server did not start")

    def close(self) -> None:
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def outside(tmp_path: Path, unused_tcp_port_factory: Callable[[], int]) -> Iterator[Callable[..., OutsideRedis]]:
    started: list[OutsideRedis] = []

    def start(*settings: str, port: int | None = None) -> OutsideRedis:
        started.append(OutsideRedis(tmp_path, port or unused_tcp_port_factory(), *settings))
        return started[-1]

    yield start
    for server in started:
        server.close()


@asynccontextmanager
async def connected(url: str, *, socket_path: str | None = None) -> AsyncIterator[Redis]:
    client = await connect(url, socket_path=socket_path)
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def listening(serve: Serve, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a loopback server whose connections are closed when `serve` returns."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def test_embedded_socket_wins_over_url(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "data 50%?") as server:
        async with connected("embedded", socket_path=server.socket_path) as client:
            assert await client.set("نام", "سارا")
            assert await client.get("نام") == "سارا".encode()
            assert await durability_warnings(client) == []


async def test_unix_url(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "data") as server:
        async with connected(f"unix://{server.socket_path}?db=3") as client:
            assert (await client.client_info())["db"] == 3


async def test_client_goes_on_after_the_server_restarts(outside: Callable[..., OutsideRedis]) -> None:
    server = outside("--appendonly", "yes", "--appendfsync", "always")
    async with connected(f"{server.url}/2") as client:
        assert await client.incr("orders") == 1
        server.process.kill()
        server.process.wait()
        with pytest.raises(RedisConnectionError):
            await client.incr("orders")
        outside("--appendonly", "yes", port=server.port)
        assert await client.incr("orders") == 2


async def test_idle_connection_lost_in_a_restart_is_replaced_unnoticed(outside: Callable[..., OutsideRedis]) -> None:
    server = outside()
    async with connected(server.url) as client:
        server.process.kill()
        server.process.wait()
        async with connected(outside(port=server.port).url) as other:
            assert await other.incr("orders") == 1
        assert await client.incr("orders") == 2


async def test_a_command_is_never_sent_twice() -> None:
    asked: list[bytes] = []

    async def hang_up_on_incr(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            asked.append(data)
            if b"INCR" in data:
                return
            # PING, and what the client says about itself on connecting.
            writer.write(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n" * data.count(b"SETINFO"))

    async with listening(hang_up_on_incr) as port, connected(f"redis://127.0.0.1:{port}") as client:
        with pytest.raises(RedisConnectionError):
            await client.incr("orders")
    assert sum(data.count(b"INCR") for data in asked) == 1


async def test_more_commands_than_connections_wait_their_turn(outside: Callable[..., OutsideRedis]) -> None:
    client = await connect(outside().url, max_connections=3)
    try:
        assert sorted(await asyncio.gather(*(client.incr("orders") for _ in range(50)))) == list(range(1, 51))
        assert len(await client.client_list()) <= 3
    finally:
        await client.aclose()


async def test_silent_server_times_out() -> None:
    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(say_nothing) as port:
        with pytest.raises(CannotConnect, match="does not take our connection"):
            await connect(f"redis://127.0.0.1:{port}", timeout=0.1)


async def test_nobody_listens(unused_tcp_port: int) -> None:
    with pytest.raises(CannotConnect, match=f"Redis at redis://127.0.0.1:{unused_tcp_port} does not"):
        await connect(f"redis://127.0.0.1:{unused_tcp_port}")


async def test_wrong_password_is_told_without_it(outside: Callable[..., OutsideRedis]) -> None:
    server = outside("--requirepass", "right")
    address = server.url.removeprefix("redis://")
    async with connected(f"redis://:right@{address}") as client:
        assert await client.ping()
    with pytest.raises(CannotConnect) as raised:
        await connect(f"redis://:wrong-secret@{address}")
    assert "wrong-secret" not in str(raised.value)
    assert f"redis://***@{address}" in str(raised.value)


async def test_tls_needs_a_known_authority(outside: Callable[..., OutsideRedis], tmp_path: Path) -> None:
    server = outside()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", server.port)

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)
            target.close()

        await asyncio.gather(copy(reader, redis_writer), copy(redis_reader, writer))

    async with listening(forward, tls=tls) as port:
        async with connected(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}") as client:
            assert await client.incr("orders") == 1
        with pytest.raises(CannotConnect, match="certificate verify failed"):
            await connect(f"rediss://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("redis+sentinel://:secret@a,b", "names no service"),
        ("redis+sentinel://:secret@a:b/main", "no valid host and port in 'a:b'"),
        ("redis+sentinel://:secret@a/main/zero", "must be a number"),
        ("redis+sentinel://:secret@a/main?db=1", "the option db is unknown"),
        ("redis+cluster://:secret@a,,b", "no valid host and port in ''"),
        ("redis+cluster://:secret@a:99999", "no valid host and port in 'a:99999'"),
        ("redis+cluster://:secret@a/3", "database 0 alone"),
        ("embedded", "not supported"),
        ("http://localhost:6379", "not supported"),
        ("redis://:sec/ret@localhost:6379", "no valid host and port"),
        ("redis://:secret@localhost:six", "no valid host and port"),
        ("redis://:secret@localhost/orders", "must be a number"),
        ("unix://", "names no socket"),
        ("redis://localhost?password=secret", "the option password is unknown"),
        ("redis://localhost?decode_responses=true", "the option decode_responses is unknown"),
        ("redis://localhost?ssl_ca_certs=ca.pem", "the option ssl_ca_certs is unknown in a redis:// URL"),
        ("unix:///tmp/redis.sock?db=one", "db must be a number"),
    ],
)
async def test_unsupported_url(url: str, complaint: str) -> None:
    with pytest.raises(UnsupportedUrl, match=re.escape(complaint)) as raised:
        await connect(url)
    assert "secret" not in str(raised.value)
    assert "ret@" not in str(raised.value)


def test_without_password() -> None:
    assert without_password("rediss://shop:p@ss@host:1/0?db=1") == "rediss://***@host:1/0"
    assert without_password("redis://host:1/0") == "redis://host:1/0"


async def test_weaknesses_of_a_cache(outside: Callable[..., OutsideRedis]) -> None:
    async with connected(outside("--maxmemory-policy", "allkeys-lru").url) as client:
        eviction, append_only = await durability_warnings(client)
    assert "maxmemory-policy is allkeys-lru" in eviction
    assert "no append-only file" in append_only


async def test_weakness_of_writing_every_second(outside: Callable[..., OutsideRedis]) -> None:
    async with connected(outside("--appendonly", "yes").url) as client:
        (found,) = await durability_warnings(client)
        assert "appendfsync is everysec" in found
        await client.config_set("appendfsync", "always")
        assert await durability_warnings(client) == []


async def test_weaknesses_where_commands_are_forbidden(outside: Callable[..., OutsideRedis]) -> None:
    server = outside("--appendonly", "yes", "--appendfsync", "always")
    async with connected(server.url) as client:
        await client.acl_setuser("guest", enabled=True, passwords="+pass", commands=["+@all", "-config"])
        await client.acl_setuser("stranger", enabled=True, passwords="+pass", commands=["+ping"])
    address = server.url.removeprefix("redis://")
    async with connected(f"redis://guest:pass@{address}") as client:
        (found,) = await durability_warnings(client)
        assert "whether appendfsync is always could not be checked" in found
    async with connected(f"redis://stranger:pass@{address}") as client:
        (found,) = await durability_warnings(client)
        assert "its version and durability could not be checked" in found


def test_weakness_of_an_old_version() -> None:
    info = {"redis_version": "6.0.16", "maxmemory_policy": "noeviction", "aof_enabled": 1}
    (found,) = warnings_in(info)
    assert "6.0.16" in found
    assert warnings_in(info | {"redis_version": "6.2.0"}) == []
    assert warnings_in(info | {"redis_version": "7.2"}) == []
