"""A service that is started before what it needs: it waits, says for what, and goes on by itself."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis_servers import RedisProcess, alone, answers
from serve_process import serve
from test_serve import SECRETS, START_LIMIT

pytestmark = pytest.mark.process


def outside(url: str, **more: str) -> dict[str, str]:
    return SECRETS | {"NOTIFIER__REDIS__URL": url} | more


async def test_a_store_that_comes_later_is_waited_for(tmp_path: Path, unused_tcp_port: int) -> None:
    """As after a reboot: the service first, the store later."""
    store = RedisProcess(tmp_path / "store")
    store.kill()
    news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    news.bind(str(tmp_path / "notify"))
    environment = outside(store.url, NOTIFY_SOCKET=str(tmp_path / "notify"))
    url = f"http://127.0.0.1:{unused_tcp_port}"
    try:
        async with serve(environment, "--port", str(unused_tcp_port), folder=tmp_path) as served:
            await served.read_until("store_awaited")
            async with aiohttp.ClientSession(url) as session:
                assert (await ask(session, "/healthz"))[0] == 200
                status, ready = await ask(session, "/readyz")
                assert (status, ready["status"]) == (503, "not ready")
                assert store.address in ready["reasons"][0]
                assert "refused" in ready["reasons"][0]
                async with session.post("/webhooks/shop", data=b"{}") as answer:
                    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
                    assert answer.content_type == "application/problem+json"
            store.start()
            await served.read_until("ready")
            async with aiohttp.ClientSession(url) as session:
                assert (await ask(session, "/readyz"))[0] == 200
            served.process.terminate()
            assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0
        told = heard(news)
        assert told[0].startswith("STATUS=Waiting: ")
        assert store.address in told[0]
        assert "STATUS=Ready\nREADY=1" in told
        assert told[-1] == "STATUS=Stopping\nSTOPPING=1"
    finally:
        news.close()
        store.kill()


def heard(news: socket.socket) -> list[str]:
    news.setblocking(False)
    found = []
    while True:
        try:
            found.append(news.recv(4096).decode())
        except BlockingIOError:
            return found


async def ask(session: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    async with session.get(path) as answer:
        return answer.status, await answer.json()


async def test_who_waits_for_a_store_stops_when_told(tmp_path: Path) -> None:
    async with serve(outside("redis://127.0.0.1:1"), "--port", "0", folder=tmp_path) as served:
        await served.read_until("store_awaited")
        served.process.terminate()
        assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["alone", "two workers"])
async def test_a_wrong_password_is_for_a_person(tmp_path: Path, workers: tuple[str, ...]) -> None:
    async with alone(tmp_path / "store") as store:
        await store.ask("CONFIG", "SET", "requirepass", "right")
        url = store.url.replace("://", "://:wrong@")
        async with serve(outside(url), "--port", "0", *workers, folder=tmp_path) as served:
            assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 2
    assert served.plain
    assert all("password" in line and "wrong@" not in line for line in served.plain)


async def test_a_user_without_a_right_is_told_which(tmp_path: Path) -> None:
    async with alone(tmp_path / "store") as store:
        await store.ask("ACL", "SETUSER", "shop", "on", ">pw", "~n:*", "+@all", "-@dangerous", "-hsetnx")
        async with serve(outside(store.url.replace("://", "://shop:pw@")), "--port", "0", folder=tmp_path) as served:
            assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 2
        (line,) = served.plain
        assert "may not run HSETNX" in line
        assert "ACL SETUSER shop +hsetnx" in line
        for grant in ("+@all", "-@dangerous", "+info", "+config|get"):
            assert grant in line
            await store.ask("ACL", "SETUSER", "shop", grant)
        async with serve(outside(store.url.replace("://", "://shop:pw@")), "--port", "0", folder=tmp_path) as served:
            await served.read_until("ready")  # what the sentence names is enough


async def test_a_second_installation_is_told_and_takes_no_request(tmp_path: Path, unused_tcp_port: int) -> None:
    port = str(unused_tcp_port)
    first = ("--workers", "2", "--port", port, "--data-dir", str(tmp_path / "one"))
    second = ("--workers", "2", "--port", port, "--data-dir", str(tmp_path / "two"))
    async with serve(SECRETS, *first) as one:
        await one.read_until("ready", times=2)
        async with serve(SECRETS, *second) as two:
            await two.read_until("port_awaited")
            (told,) = [line["reason"] for line in two.log if line.get("action") == "port_awaited"]
            assert "another program has this port, perhaps a second installation" in told
            assert not [line for line in two.log if line.get("action") == "worker_started"]
            two.process.terminate()
            assert await asyncio.wait_for(two.process.wait(), START_LIMIT) == 0


async def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    async with serve(SECRETS, "--workers", "2", "--port", "0", "--data-dir", str(tmp_path)) as served:
        await served.read_until("ready", times=2)
        ports = {line["url"] for line in served.log if line.get("action") == "ready"}
        assert len(ports) == 1  # the one that the parent has bound
        os.kill(served.process.pid, signal.SIGKILL)
        # Its pipe is read to the end, which comes when the last of them has ended.
        await asyncio.wait_for(served.drained.wait(), START_LIMIT)
    assert sum(line.get("action") == "parent_gone" for line in served.log) == 2
    assert sum(line.get("action") == "stopped" for line in served.log) == 2


async def test_a_replica_is_waited_for(tmp_path: Path) -> None:
    """It takes no writes: what a failover leaves us with for a moment."""
    async with (
        alone(tmp_path / "one") as one,
        alone(tmp_path / "two", "--replicaof", "127.0.0.1", str(one.port)) as two,
        serve(outside(two.url), "--port", "0", folder=tmp_path) as served,
    ):
        await served.read_until("store_awaited")
        assert "replica" in str(served.log[-1]["reason"])
        await two.ask("REPLICAOF", "NO", "ONE")
        await answers(two)
        await served.read_until("ready")


MEMBERS = """
import os, pathlib, signal, sys
from notifier.cli.supervising import supervise
from notifier.config.server import ServerConfig
member = '''
import pathlib, signal, sys
folder = pathlib.Path(sys.argv[1])
try:
    (folder / "first").mkdir()
except FileExistsError:
    print("healthy", flush=True)
    signal.pause()
sys.exit(int(sys.argv[2]))
'''
sys.exit(supervise([sys.executable, "-c", member, *sys.argv[1:]], 2, ServerConfig(port=0)))
"""


@pytest.mark.parametrize("code", [1, 2, 75])
async def test_a_healthy_worker_outlives_one_that_cannot_start(tmp_path: Path, code: int) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MEMBERS, str(tmp_path), str(code)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(START_LIMIT):
            assert parent.stdout is not None
            said = b""
            while b"worker died" not in said or b"healthy" not in said:
                line = await parent.stdout.readline()
                assert line, said
                said += line
        assert f"code={code}".encode() in said.replace(b'"code": ', b"code=")
        assert parent.returncode is None
        parent.terminate()
        await asyncio.wait_for(parent.wait(), START_LIMIT)
    finally:
        if parent.returncode is None:
            parent.kill()
            await parent.wait()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://no-such-machine.invalid:6379/0", "no-such-machine.invalid"),
        ("redis+sentinel://127.0.0.1:1/shop", "127.0.0.1:1"),
        ("redis+cluster://127.0.0.1:1", "127.0.0.1:1"),
        ("unix:///nowhere/redis.sock", "/nowhere/redis.sock"),
    ],
)
async def test_whatever_is_not_there_is_waited_for(tmp_path: Path, url: str, reason: str) -> None:
    async with serve(outside(url), "--port", "0", folder=tmp_path) as served:
        await served.read_until("store_awaited")
        assert reason in str(served.log[-1]["reason"])
        served.process.terminate()
        assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ("LOADING Redis is loading the dataset in memory", None),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", None),
        ("CLUSTERDOWN The cluster is down", None),
        ("ERR max number of clients reached", None),
        ("NOAUTH Authentication required.", 2),
        ("DENIED Redis is running in protected mode", 2),
    ],
)
async def test_what_a_server_says_of_itself(tmp_path: Path, says: str, code: int | None) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                if line.startswith(b"*"):  # one answer to each command
                    writer.write(f"-{says}\r\n".encode())
                    await writer.drain()
        writer.close()

    store = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with store:
        url = f"redis://127.0.0.1:{store.sockets[0].getsockname()[1]}"
        async with serve(outside(url), "--port", "0", folder=tmp_path) as served:
            if code is None:
                await served.read_until("store_awaited")
                served.process.terminate()
                code = 0
            assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == code
