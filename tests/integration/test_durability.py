"""What was acknowledged is there, whatever dies."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from serve_process import serve
from shops import (
    API_TOKEN,
    SHOP_SECRET,
    WOO_SECRET,
    ApiUser,
    Client,
    StandardShop,
    WooShop,
    standard_fixture,
    woo_fixture,
)

from notifier.clock import StillClock, SystemClock
from notifier.domain.messages import MessageState
from notifier.errors import StoreAway
from notifier.intake.delivery import Delivery, Recorded
from notifier.intake.standard import payload as standard
from notifier.service import process as services
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator, create_app
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.keys import Keys

pytestmark = pytest.mark.process

PAID = "payment.succeeded__tehran_online"


def order(number: int) -> Any:
    payload = standard_fixture(PAID)
    customer = payload["data"]["customer"] | {"phone": f"0912{number:07}"}
    return payload | {"data": payload["data"] | {"order_id": f"D{number}", "customer": customer}}


@pytest.fixture
async def embedded(
    make_config: Callable[..., Any], clock: StillClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """A service with a Redis of its own, which is started again only when a test says so."""
    monkeypatch.setattr(services, "_STORE_CHECK", 3600)
    config = make_config(redis__url="embedded", redis__data_dir=tmp_path, redis__timeout="1s")
    async with Service(config, clock=clock, roles=[WEB]) as running:
        yield running


@pytest.fixture
async def embedded_client(embedded: Service, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    return await aiohttp_client(embedded.app)


async def server_of(service: Service) -> int:
    """The process of its Redis."""
    return int((await service.redis.info("server"))["process_id"])


async def test_without_a_store_nothing_is_acknowledged(embedded: Service, embedded_client: Client) -> None:
    shop, api = StandardShop(embedded_client, embedded.clock), ApiUser(embedded_client)
    woo = WooShop(embedded_client)
    os.kill(await server_of(embedded), signal.SIGKILL)
    answers = [
        await shop.post(order(1), event_id="msg_1"),
        await shop.post([order(2), order(3)], path="/batch"),
        await woo.post(woo_fixture("order.updated__processing_online")["body"]),
        await api.get("/orders/D1"),
    ]
    assert [answer.status for answer in answers] == [503] * 4
    assert all(answer.is_problem and int(answer.headers["Retry-After"]) > 0 for answer in answers)
    async with embedded_client.get("/readyz") as ready, embedded_client.get("/healthz") as healthy:
        assert (ready.status, healthy.status) == (503, 200)
    await embedded.store.keep_up()
    again = await shop.post(order(1), event_id="msg_1")
    assert (again.status, again.body["duplicate"]) == (202, False)
    assert (await api.get("/orders/D1")).status == 200
    async with embedded_client.get("/readyz") as ready:
        assert ready.status == 200


async def test_a_store_that_hangs_is_not_waited_for(embedded: Service, embedded_client: Client) -> None:
    shop, api = StandardShop(embedded_client, embedded.clock), ApiUser(embedded_client)
    await shop.post(order(0))
    pid = await server_of(embedded)
    os.kill(pid, signal.SIGSTOP)
    try:
        answer = await asyncio.wait_for(shop.post(order(1), event_id="msg_1"), 5)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert answer.status == 503
    assert answer.headers["Retry-After"]
    again = await shop.post(order(1), event_id="msg_1")
    assert again.status in (200, 202)  # the first may have been written after all
    timeline = (await api.get("/orders/D1")).body["timeline"]
    assert [line["ref"] for line in timeline if line["kind"] in ("event", "repeated")] == ["msg_1"]


async def test_a_killed_store_has_everything_that_was_acknowledged(embedded: Service, embedded_client: Client) -> None:
    shop, api = StandardShop(embedded_client, embedded.clock), ApiUser(embedded_client)
    told = set()
    for round_ in range(4):
        pid = await server_of(embedded)
        posts = [asyncio.ensure_future(shop.post(order(100 * round_ + n))) for n in range(60)]
        done, _ = await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        os.kill(pid, signal.SIGKILL)
        assert done
        answers = await asyncio.gather(*posts)
        assert {answer.status for answer in answers} <= {202, 503}
        told |= {answer.body["order_id"] for answer in answers if answer.status == 202}
        await embedded.store.keep_up()
    stored = await api.items("/orders")
    assert told
    assert told <= {order["id"] for order in stored}
    promised = await api.items("/messages?state=queued")
    assert told <= {message["order_id"] for message in promised}


async def test_a_committer_that_stops_leaves_nobody_waiting(service: Service) -> None:
    event = standard.validate(standard_fixture(PAID)).event(source="shop", event_id="m")
    deliveries = [
        Delivery(
            source="shop",
            event_id=f"m{number}",
            digest="",
            order_id=event.order_id,
            phone=event.details.phone,
            events=lambda _: [event],
        )
        for number in range(300)
    ]
    submitted = asyncio.gather(*map(service.committer.submit, deliveries), return_exceptions=True)
    await asyncio.sleep(0)
    await service.committer.stop()
    outcomes = await asyncio.wait_for(submitted, 5)
    assert all(isinstance(outcome, Recorded | StoreAway) for outcome in outcomes)
    assert any(isinstance(outcome, StoreAway) for outcome in outcomes)


@pytest.mark.parametrize("store_dies", [False, True])
async def test_a_killed_service_loses_and_repeats_nothing(
    tmp_path: Path, aiohttp_server: Callable[..., Awaitable[TestServer]], store_dies: bool
) -> None:
    simulator = Simulator(clock=SystemClock(), credit=1_000_000_000)
    server = await aiohttp_server(create_app(simulator, callbacks_every=None))
    environment = {
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": str(server.make_url("/v1")),
        "NOTIFIER__CALLBACKS__TOKEN": "token",
        "NOTIFIER__API__TOKENS": f'["{API_TOKEN}"]',
        "NOTIFIER__QUIET_HOURS__ENABLED": "false",
    }
    arguments = ("--port", "0", "--data-dir", str(tmp_path))
    told: set[str] = set()
    enough = asyncio.Event()

    async def post(shop: StandardShop, number: int) -> None:
        try:
            payload = order(number) | {"timestamp": SystemClock().now().isoformat()}
            answer = await shop.post(payload, event_id=f"m{number}")
        except (aiohttp.ClientError, OSError):
            return
        if answer.status == 202:
            told.update(message["id"] for message in answer.body["messages"])
            if len(told) >= 50:
                enough.set()

    # Held while the services die, so that the store outlives them unless it is killed as well.
    store = EmbeddedRedis(tmp_path)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, store.stop)
        socket = await asyncio.to_thread(store.start)
        redis: Any = await stack.enter_async_context(contextlib.aclosing(await connect("embedded", socket_path=socket)))
        pid = (await redis.info("server"))["process_id"]
        async with serve(environment, *arguments) as served:
            await served.read_until("ready")
            async with aiohttp.ClientSession(served.url) as session:
                shop = StandardShop(session, SystemClock())  # type: ignore[arg-type]
                posts = [asyncio.ensure_future(post(shop, number)) for number in range(400)]
                await asyncio.wait_for(enough.wait(), 15)
                os.killpg(served.process.pid, signal.SIGKILL)
                if store_dies:
                    os.kill(pid, signal.SIGKILL)
                await asyncio.wait_for(asyncio.gather(*posts), 10)
        assert told
        await asyncio.to_thread(store.ensure)
        waiting = await redis.zcard(Keys(0).messages(MessageState.QUEUED))
        # What the dead worker had taken is taken by another when its claim lapses: a minute, which we do not wait for.
        async for key in redis.scan_iter("n:{*}:sending*"):
            for member in await redis.zrange(key, 0, -1):
                await redis.zadd(key, {member: 1})
                waiting += 1
        async with serve(environment, *arguments) as served:
            await served.read_until("ready")
            await served.read_until("message_settled", times=waiting)
            served.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(served.process.wait(), 10) == 0
        assert len({message.localid for message in simulator.messages}) == len(simulator.messages)
        assert len({(message.receptor, message.text) for message in simulator.messages}) == len(simulator.messages)
        accepted = {member.decode() for member in await redis.zrange(Keys(0).messages(MessageState.ACCEPTED), 0, -1)}
        accepted |= {member.decode() for member in await redis.zrange(Keys(0).messages(MessageState.DELIVERED), 0, -1)}
        assert told <= accepted == {str(message.localid) for message in simulator.messages}
