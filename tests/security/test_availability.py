"""V1 and V11 of ASVS, what runs out: the store says so before, refuses cleanly, and comes back."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from console_browser import hire
from shops import Answer, ApiUser, Client, StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.service import process as services
from notifier.service.process import WEB, Service
from notifier.store import disk, memory
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.errors import EmbeddedRedisError

pytestmark = pytest.mark.process

PAID = "payment.succeeded__tehran_online"


async def test_no_writes_no_readiness(make_config: Any, clock: StillClock, aiohttp_client: Any, tmp_path: Path) -> None:
    config = make_config(redis__url="embedded", redis__data_dir=tmp_path / "data")
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)
        shop = StandardShop(client, clock)
        await hire(service)
        await service.redis.setrange("n:ballast", 20_000_000, b"x")  # beside which what a write needs is little
        used = int((await service.redis.info("memory"))["used_memory"])
        await service.redis.config_set("maxmemory", int(used * 1.06))
        await service.check_memory()
        alerts: Any = await service.redis.lrange("n:alerts", 0, -1)
        assert any(b"store_memory" in alert for alert in alerts)
        assert (await client.get("/readyz")).status == 200
        await service.redis.config_set("maxmemory", int(used * 0.8))
        answer = await client.get("/readyz")
        assert (answer.status, (await answer.json())["status"]) == (503, "not ready")
        assert "memory" in (await answer.json())["reasons"][0]
        refused = await shop.post(standard_fixture(PAID), event_id="e1")
        assert (refused.status, "Retry-After" in refused.headers) == (503, True)
        assert (await client.get("/healthz")).status == 200
        await service.redis.config_set("maxmemory", memory.half())
        assert (await client.get("/readyz")).status == 200
        assert (await shop.post(standard_fixture(PAID), event_id="e1")).status == 202


def mount(folder: Path, options: str) -> None:
    """A file system of its own; skips the test where that is not permitted."""
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no mount here to make a small disk with")
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be made here: {mounted.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few MiB. ``remount,size=…`` makes room on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "size=8m,mode=0700")
    yield folder
    subprocess.run(["umount", folder], check=True)


def large(number: int) -> Any:
    """An order that takes some room."""
    payload = standard_fixture(PAID)
    items = [{"name": f"{number}-{place}-{'گوشی ' * 30}", "quantity": 1} for place in range(50)]
    customer = payload["data"]["customer"] | {"phone": f"0912{number:07}"}
    return payload | {"data": payload["data"] | {"order_id": f"F{number}", "customer": customer, "items": items}}


async def readiness(client: Client) -> tuple[int, str]:
    """Whether it is ready, and the first reason."""
    async with client.get("/readyz") as answer:
        return answer.status, next(iter((await answer.json())["reasons"]), "")


@pytest.mark.parametrize("durability", ["fsync", "everysec"])
async def test_a_full_disk_loses_nothing_and_is_named(
    make_config: Any,
    clock: StillClock,
    aiohttp_client: Any,
    small_disk: Path,
    durability: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(services, "_STORE_CHECK", 3600)  # the test looks after the server when it is time
    config = make_config(
        redis__url="embedded", redis__data_dir=small_disk / "data", redis__timeout="1s", redis__durability=durability
    )
    told: dict[int, Answer] = {}
    refused: set[int] = set()
    number = 0

    async with Service(config, clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)
        shop, api = StandardShop(client, clock), ApiUser(client)

        async def post(numbers: list[int]) -> None:
            answers = await asyncio.gather(*(shop.post(large(one), event_id=f"f{one}") for one in numbers))
            assert {answer.status for answer in answers} <= {200, 202, 503}
            for one, answer in zip(numbers, answers, strict=True):
                if answer.status == 503:
                    assert answer.is_problem
                    assert int(answer.headers["Retry-After"]) > 0
                    refused.add(one)
                else:
                    refused.discard(one)
                    told[one] = answer

        while not refused:
            await post(list(range(number, number + 20)))
            number += 20
            assert number < 5000
        assert len(told) > 20
        for _ in range(2):  # whether the server is away or up again and has no room
            status, reason = await readiness(client)
            assert status == 503
            assert "disk" in reason
            assert (await client.get("/healthz")).status == 200
            await post(list(range(number, number + 20)))
            number += 20
            if durability == "everysec":  # the server is there, refuses even a PING, and is not waited for
                await service.store.keep_up()
                monkeypatch.setattr(disk, "LEAST", 0)  # as for a Redis whose disk is not ours to look at
                assert "its disk did not take the last" in (await readiness(client))[1]
                monkeypatch.setattr(disk, "LEAST", 4 << 20)
            with contextlib.suppress(EmbeddedRedisError):  # it need not start
                await service.store.keep_up()
        mount(small_disk, "remount,size=64m")
        await service.store.keep_up()
        await post(sorted(refused))
        assert not refused
        assert (await readiness(client))[0] == 200
        if durability == "fsync":
            os.kill(int((await service.redis.info("server"))["process_id"]), signal.SIGKILL)
            await service.store.keep_up()
        stored = {one["id"] for one in await api.items("/orders")}
        assert {f"F{one}" for one in told} <= stored
        promised = {message["id"] for message in await api.items("/messages?state=queued")}
        assert {message["id"] for answer in told.values() for message in answer.body["messages"]} <= promised
        await client.close()
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        assert {f"F{one}" for one in told} <= {one["id"] for one in await ApiUser(client).items("/orders")}
        await client.close()


def test_without_room_it_does_not_start_and_says_why(small_disk: Path) -> None:
    ballast, server = small_disk / "ballast", EmbeddedRedis(small_disk / "data")
    (small_disk / "data").mkdir(mode=0o700)
    for name in ("users.lock", "server.lock"):
        (small_disk / "data" / name).touch(mode=0o600)
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 12))
    with pytest.raises(EmbeddedRedisError, match=r"its disk is full \(0\.0 of 8 MiB are left\)\. Make room"):
        server.start()
    ballast.unlink()
    server.start()
    server.stop()


async def test_a_server_of_ours_has_a_limit_and_throws_nothing_away(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "data") as server:
        redis = await connect("embedded", socket_path=server.socket_path)
        assert int((await redis.config_get("maxmemory"))["maxmemory"]) == memory.half() > 0
        assert (await redis.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
        await redis.aclose()


@pytest.mark.parametrize("line", ["LimitCORE=0", "TasksMax=512", "MemoryMax=90%"])
def test_the_unit_is_bounded(line: str) -> None:
    assert line in (Path(__file__).parents[2] / "deploy" / "notifier.service").read_text().splitlines()
