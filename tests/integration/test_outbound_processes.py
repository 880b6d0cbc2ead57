"""News and the death of processes."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from serve_process import serve
from shops import SHOP_SECRET, WOO_SECRET, StandardShop, standard_fixture
from standins.shop import SECRET, ShopServer, shop_server

from notifier.clock import SystemClock
from notifier.simulator import Simulator, create_app
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.keys import Keys

pytestmark = pytest.mark.process

PAID = "payment.succeeded__tehran_online"


@pytest.fixture
async def backend() -> AsyncIterator[ShopServer]:
    """A shop that verifies with the library and the machine's own clock, as a real one does."""
    async with shop_server() as shop:
        yield shop


@pytest.fixture
async def environment(
    backend: ShopServer, aiohttp_server: Callable[..., Awaitable[TestServer]], tmp_path: Path
) -> dict[str, str]:
    simulator = Simulator(clock=SystemClock(), credit=1_000_000_000)
    server = await aiohttp_server(create_app(simulator, callbacks_every=None))
    webhook = {"url": backend.url, "secret": "env:BACKEND_SECRET", "events": ["order.priority"]}
    return {
        "BACKEND_SECRET": SECRET,
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": str(server.make_url("/v1")),
        "NOTIFIER__REDIS__DATA_DIR": str(tmp_path),
        "NOTIFIER__WEBHOOKS__BACKEND": json.dumps(webhook),
    }


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Any]:
    """The store of all processes, held for as long as the test lasts."""
    store = EmbeddedRedis(tmp_path)
    try:
        socket = await asyncio.to_thread(store.start)
        async with contextlib.aclosing(await connect("embedded", socket_path=socket)) as client:  # type: ignore[type-var]
            yield client
    finally:
        await asyncio.to_thread(store.stop)


async def order(url: str, numbers: Sequence[int]) -> None:
    """So many orders become ones with priority."""
    async with aiohttp.ClientSession(url) as session:
        shop = StandardShop(session, SystemClock())  # type: ignore[arg-type]
        for number in numbers:
            payload = standard_fixture(PAID)
            payload["data"] |= {"order_id": f"N{number}"}
            answer = await shop.post(payload | {"timestamp": SystemClock().now().isoformat()})
            assert answer.status == 202


async def test_a_killed_worker_loses_nothing_and_repeats_under_the_same_id(
    environment: dict[str, str], backend: ShopServer, redis: Any
) -> None:
    backend.hold = asyncio.Event()
    async with serve(environment, "--port", "0") as served:
        await served.read_until("ready")
        await order(served.url, range(3))
        await backend.until(1)
        os.killpg(served.process.pid, signal.SIGKILL)
        await served.process.wait()
    begun = {one.id for one in backend.taken}
    backend.hold.set()
    backend.hold = None
    due = Keys(0).news_due("backend")
    assert begun <= {one.decode() for one in await redis.zrange(due, 0, -1)}
    assert await redis.zcard(due) == 3
    for member in await redis.zrange(due, 0, -1):  # its claim lapses: less than a minute, which we do not wait for
        await redis.zadd(due, {member: 1})
    came = len(backend.taken)
    async with serve(environment, "--port", "0") as served:
        await served.read_until("news_posted", times=3)
        served.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(served.process.wait(), 20) == 0
    again = backend.taken[came:]
    assert {one.document["data"]["order_id"] for one in again} == {"N0", "N1", "N2"}
    assert begun <= {one.id for one in again}, "a shop can tell that it had them"
    assert await redis.zcard(due) == 0
    assert backend.refused == 0
    assert not any("09121234567" in str(line) or SECRET in str(line) for line in served.log)
