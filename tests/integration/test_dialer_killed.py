"""A service that is killed while the exchange is asked: the attempt stays unknown, nobody is rung twice, and the call
is there for whoever comes next."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from console_browser import SARA, Browser, hashed
from msgspec.structs import replace
from redis.asyncio import Redis
from serve_process import Served, serve
from shops import API_TOKEN, SHOP_SECRET, StandardShop, standard_fixture

from notifier.clock import SystemClock
from notifier.console.sessions import Sessions
from notifier.domain.calls import CallState
from notifier.domain.dialing import DialFinding
from notifier.store import keys as names
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.reading import Reader, StoredCall
from notifier.store.records import as_text
from notifier.store.staff import StaffBook

pytestmark = pytest.mark.process

TOKEN = "secret-part-of-the-address"
PATIENCE = 60
_POLL = 0.1  # seconds between looks at what nobody tells
_LATER = 3 * 60_000  # ms: longer than news is waited for


@dataclass(slots=True)
class HeldExchange:
    """An exchange that takes what it is asked, and answers only when it is told to."""

    asked: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def dial(self, request: web.Request) -> web.StreamResponse:
        """It rings from now on, whoever waits for its answer."""
        await self.asked.put(await request.json())
        await self.answer.wait()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"ok": true, "data": {"request_id": "r.1"}}')
        await response.write_eof()
        self.answered.set()
        return response


@dataclass(slots=True)
class Shop:
    """A service that is killed and started again, and the store that outlives it."""

    environment: dict[str, str]
    folder: Path
    redis: Redis
    exchange: HeldExchange

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Served]:
        async with serve(self.environment, "--port", "0", "--data-dir", str(self.folder)) as served:
            await served.read_until("ready")
            yield served

    async def call(self, call_id: str) -> StoredCall:
        stored = await Reader(self.redis, 1).call(call_id)
        assert stored is not None
        return stored


@pytest.fixture
async def held(
    tmp_path: Path, aiohttp_server: Callable[..., Awaitable[TestServer]], simulator_url: str
) -> AsyncIterator[Shop]:
    exchange = HeldExchange()
    app = web.Application()
    app.add_routes([web.post("/dial", exchange.dial)])
    server = await aiohttp_server(app)
    environment = {
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": "a-secret-of-woocommerce",
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": simulator_url,
        "NOTIFIER__CALLBACKS__TOKEN": "token-of-the-callbacks",
        "NOTIFIER__API__TOKENS": f'["{API_TOKEN}"]',
        "NOTIFIER__DIALER": json.dumps(
            {
                "kind": "http",
                "url": str(server.make_url("/dial")),
                "body": {"extension": "{extension}", "number": "{number}", "attempt": "{attempt}"},
                "reference": "data.request_id",
                "callback_token": TOKEN,
                "timeout": "1m",
            }
        ),
    }
    async with AsyncExitStack() as stack:
        store = EmbeddedRedis(tmp_path)
        stack.push_async_callback(asyncio.to_thread, store.stop)
        socket = await asyncio.to_thread(store.start)
        redis: Any = await connect("embedded", socket_path=socket)
        stack.push_async_callback(redis.aclose)
        await StaffBook(redis).put(replace(SARA, password=hashed(), extension="201"))
        yield Shop(environment, tmp_path, redis, exchange)
        exchange.answer.set()


async def planned(session: aiohttp.ClientSession) -> str:
    """A call that can be made."""
    payload = standard_fixture("payment.succeeded__tehran_online") | {"timestamp": SystemClock().now().isoformat()}
    answer = await StandardShop(session, SystemClock()).post(payload)  # type: ignore[arg-type]
    assert answer.status == 202
    return str(answer.body["calls"][0]["id"])


async def entered(held: Shop, session: aiohttp.ClientSession) -> Browser:
    browser = Browser(SimpleNamespace(request=session.request, session=session))  # type: ignore[arg-type]
    browser.cookies["console"] = await Sessions(held.redis).open("sara")
    await browser.get("/me")
    return browser


@pytest.mark.parametrize("answered", [False, True], ids=["before the answer", "after the answer, before it is written"])
async def test_the_attempt_stays_unknown_and_nobody_is_rung_twice(held: Shop, answered: bool) -> None:
    exchange = held.exchange
    async with asyncio.timeout(PATIENCE), held.running() as served, aiohttp.ClientSession(served.url) as session:
        call_id = await planned(session)
        agent = await entered(held, session)
        pressed = asyncio.create_task(agent.post(f"/calls/{call_id}/dial"))
        order = await exchange.asked.get()
        attempt_id = order["attempt"]
        written = (await held.call(call_id)).call.dials
        assert [one.id for one in written] == [attempt_id], "it was written down before anybody was rung"
        if answered:
            os.kill(served.process.pid, signal.SIGSTOP)  # the answer comes, and nobody is there to write it
            exchange.answer.set()
            await exchange.answered.wait()
        os.killpg(served.process.pid, signal.SIGKILL)
        with pytest.raises((aiohttp.ClientError, OSError)):
            await pressed
    exchange.answer.set()
    stored = await held.call(call_id)
    assert stored.call.state is CallState.CLAIMED, "the call is not lost"
    assert [(one.found, one.reference, one.ended) for one in stored.call.dials] == [(None, "", 0)]
    assert await held.redis.zscore(names.DIALLING, attempt_id) == stored.call.dials[0].until

    async with asyncio.timeout(PATIENCE), held.running() as served, aiohttp.ClientSession(served.url) as session:
        agent = await entered(held, session)
        assert "هنوز خبری نرسیده است" in (await agent.post(f"/calls/{call_id}/dial")).words
        await lapse(held, call_id)
        while (await held.call(call_id)).call.dials[0].found is None:  # noqa: ASYNC110  # of another process
            await asyncio.sleep(_POLL)
        call = (await held.call(call_id)).call
        assert (call.dials[0].found, call.tried, call.state) == (DialFinding.UNKNOWN, {}, CallState.CLAIMED)
        assert exchange.asked.empty(), "nothing is dialled by itself"
        page = await agent.get(f"/calls/{call_id}")
        assert "نتیجه را خودتان بنویسید" in page.words
        late = {"event": "answered", "attempt": attempt_id, "talked": 70}
        async with session.post(f"/callbacks/dialer/{TOKEN}", json=late) as told:
            assert told.status == 200
        assert (await held.call(call_id)).call.dials[0].found is DialFinding.CONNECTED
        assert exchange.asked.empty()
        await agent.post(f"/calls/{call_id}/outcome", outcome="reached")
        assert (await held.call(call_id)).call.state is CallState.DONE


async def lapse(held: Shop, call_id: str) -> None:
    """As if the attempt had been begun some minutes ago."""
    stored = await held.call(call_id)
    (attempt,) = stored.call.dials
    before = replace(attempt, started=attempt.started - _LATER, until=attempt.until - _LATER)
    key = stored.keys.call(call_id)
    await held.redis.set(key, as_text(replace(stored.call, v=stored.call.v + 1, dials=(before,))))
    await held.redis.zadd(names.DIALLING, {attempt.id: before.until})
