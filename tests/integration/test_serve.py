"""``notifier serve`` as an operator runs it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from serve_process import serve
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET, ApiUser, StandardShop, standard_fixture

from notifier.clock import SystemClock

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
SECRETS = {
    "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
    "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
    "NOTIFIER__CALLBACKS__TOKEN": "token",
    "NOTIFIER__API__TOKENS": json.dumps([API_TOKEN]),
    "NOTIFIER__SMS__PROVIDER": "simulator",
    "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": "http://127.0.0.1:9/v1",  # nobody is there
}
START_LIMIT = 20.0  # seconds; a second is usual, but the machine may be busy

MISTAKES: list[tuple[dict[str, str | None], list[str], str]] = [
    ({"NOTIFIER__SERVER__PORT": "80800"}, [], "NOTIFIER__SERVER__PORT"),
    ({"NOTIFIER__SERVER__PROT": "80"}, [], "server.prot"),
    ({"NOTIFIER__SOURCES__SHOP__SECRET": None}, [], "SHOP_WEBHOOK_SECRET"),
    ({"NOTIFIER__SMS__PROVIDER": "nobody"}, [], "nobody"),
    ({"NOTIFIER__REDIS__URL": "http://127.0.0.1"}, [], "redis://"),
    ({"NOTIFIER__TEMPLATES__FOLDER": "/nowhere"}, [], "/nowhere"),
    ({}, ["--config", "/nowhere.toml"], "/nowhere.toml"),
    ({}, ["--role", "king"], "king"),
    ({"NOTIFIER__REDIS__REPLICAS": "1"}, [], "replicas must be 0"),
]


@pytest.mark.parametrize(("changes", "arguments", "hint"), MISTAKES, ids=[hint for _, _, hint in MISTAKES])
def test_a_wrong_configuration_ends_with_one_clear_line(
    tmp_path: Path, changes: dict[str, str | None], arguments: list[str], hint: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if "WEBHOOK_SECRET" not in name} | SECRETS
    environment |= {name: value for name, value in changes.items() if value is not None}
    for name, value in changes.items():
        if value is None:
            del environment[name]
    command = [sys.executable, "-m", "notifier", "serve", "--port", "0", "--data-dir", str(tmp_path), *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    lines = ended.stderr.strip().splitlines()
    assert (ended.returncode, len(lines)) == (2, 1), ended.stderr
    assert hint in lines[0]
    assert ended.stdout == ""


async def test_a_port_that_is_taken_is_waited_for(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, serve(SECRETS, "--port", str(port), "--data-dir", str(tmp_path)) as served:
        await served.read_until("port_awaited")
        (told,) = [line["reason"] for line in served.log if line.get("action") == "port_awaited"]
        assert str(port) in told
        assert "--port" in told
        server.close()
        await server.wait_closed()
        await served.read_until("ready")
        assert served.url == f"http://127.0.0.1:{port}"


async def test_it_is_soon_ready_and_drains_on_sigterm(tmp_path: Path) -> None:
    async with serve(SECRETS, "--port", "0", "--data-dir", str(tmp_path)) as served:
        await served.read_until("ready")
        told = []
        async with aiohttp.ClientSession(served.url) as session:
            async with session.get("/readyz") as ready:
                assert ready.status == 200
            shop = StandardShop(session, SystemClock())  # type: ignore[arg-type]
            payload = standard_fixture("payment.succeeded__tehran_online")
            posts = [asyncio.ensure_future(shop.post(payload, event_id=f"m{n}")) for n in range(80)]
            await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
            served.process.send_signal(signal.SIGTERM)
            for outcome in await asyncio.gather(*posts, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    assert isinstance(outcome, aiohttp.ClientError | OSError)
                else:
                    assert outcome.status in (202, 503)
                    told += [outcome.body["event_id"]] if outcome.status == 202 else []
        assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0
    assert told
    assert [line["action"] for line in served.log if line.get("action") in ("stopping", "stopped")] == [
        "stopping",
        "stopped",
    ]
    async with serve(SECRETS, "--port", "0", "--data-dir", str(tmp_path), "--role", "web") as served:
        await served.read_until("ready")
        async with aiohttp.ClientSession(served.url) as session:
            order = (await ApiUser(session).get("/orders/10025")).body  # type: ignore[arg-type]
        served.process.terminate()
        assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0
    assert set(told) <= {line["ref"] for line in order["timeline"] if "ref" in line}


async def test_it_may_be_stopped_the_moment_it_is_ready(tmp_path: Path) -> None:
    async with serve(SECRETS, "--port", "0", "--data-dir", str(tmp_path)) as served:
        await served.read_until("ready")
        served.process.terminate()
        assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0


async def test_two_workers_serve_one_port_and_stop_together(tmp_path: Path, unused_tcp_port: int) -> None:
    arguments = ("--workers", "2", "--port", str(unused_tcp_port), "--data-dir", str(tmp_path))
    async with serve(SECRETS, *arguments) as served:
        await served.read_until("ready", times=2)
        workers = [int(line["pid"]) for line in served.log if line.get("action") == "ready"]
        assert len(set(workers)) == 2
        payload = standard_fixture("payment.failed__tehran_online")
        # One connection each, so that the kernel spreads them over both.
        async with aiohttp.ClientSession(served.url, connector=aiohttp.TCPConnector(force_close=True)) as session:
            shop = StandardShop(session, SystemClock())  # type: ignore[arg-type]
            answers = await asyncio.gather(*(shop.post(payload, event_id=f"m{n % 30}") for n in range(60)))
            assert sorted(answer.status for answer in answers) == [200] * 30 + [202] * 30
            await asyncio.wait_for(_counted(session, {"200": 30, "202": 30}), START_LIMIT)
            os.kill(workers[0], signal.SIGKILL)
            await served.read_until("ready", times=3)
            await asyncio.wait_for(_counted(session, {"200": 30, "202": 30}), START_LIMIT)
            order = (await ApiUser(session).get("/orders/10025")).body  # type: ignore[arg-type]
        told = [line["ref"] for line in order["timeline"] if line["kind"] in ("event", "repeated")]
        assert sorted(told) == sorted(f"m{n}" for n in range(30))
        served.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0
    assert sum(line.get("action") == "stopped" for line in served.log) == 2


async def _counted(session: aiohttp.ClientSession, wanted: dict[str, int]) -> None:
    """Wait until whichever process is asked answers for all of them: each counts what it did every other second."""
    lines = {f'notifier_webhooks_total{{source="shop",status="{status}"}} {n}.0' for status, n in wanted.items()}
    for _ in range(10):  # many enough to reach both
        while True:
            async with session.get("/metrics") as answer:
                if lines <= set((await answer.text()).splitlines()):
                    break


async def test_told_to_stop_the_moment_its_processes_are_there(tmp_path: Path, unused_tcp_port: int) -> None:
    arguments = ("--workers", "2", "--port", str(unused_tcp_port), "--data-dir", str(tmp_path))
    async with serve(SECRETS, *arguments) as served:
        await served.read_until("worker_started", times=2)
        served.process.terminate()
        assert await asyncio.wait_for(served.process.wait(), START_LIMIT) == 0
        for line in served.log:
            if line.get("action") == "worker_started":
                with pytest.raises(ProcessLookupError):
                    os.kill(int(line["pid"]), 0)
