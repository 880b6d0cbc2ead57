"""Reports of a described provider: posted to us, and asked for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from outbox_driver import Desk
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.domain.messages import MessageState
from notifier.service.process import Service

S = MessageState
TOKEN = "test-callback-token"


@pytest.fixture
def states() -> dict[str, str]:
    return {}


@pytest.fixture
async def desk(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    states: dict[str, str],
    aiohttp_server: Callable[..., Awaitable[TestServer]],
) -> AsyncIterator[Desk]:
    async def take(request: web.Request) -> web.Response:
        states[f"m{len(states) + 1}"] = "0"
        return web.json_response({"id": f"m{len(states)}"})

    async def tell(request: web.Request) -> web.Response:
        return web.json_response({"state": states[request.match_info["id"]]})

    app = web.Application()
    app.router.add_post("/send", take)
    app.router.add_get("/status/{id}", tell)
    server = await aiohttp_server(app)
    described = {
        "kind": "http",
        "url": str(server.make_url("/send")),
        "body": {"to": "{to_98}", "text": "{text}"},
        "provider_id": "id",
        "status_url": str(server.make_url("/status/")) + "{provider_id}",
        "status": "state",
        "statuses": {"delivered": ["1"], "undelivered": ["2"]},
        "callback": {"each": "reports || [@]", "id": "id", "status": "state"},
    }
    config = make_config(sms__provider="other", providers__other=described)
    async with Service(config, clock=clock, roles=["web"]) as service:
        yield Desk(service, clock)


@pytest.fixture
async def client(desk: Desk, aiohttp_client: Any) -> TestClient[Any, Any]:
    return await aiohttp_client(desk.service.app)  # type: ignore[no-any-return]


PATH = f"/callbacks/other/{TOKEN}/delivery"


@pytest.mark.parametrize(
    "how",
    [
        {"json": {"id": "m1", "state": "1"}},
        {"json": {"reports": [{"id": "m1", "state": 1}, {"id": "gone", "state": 1}, "odd", {"id": None}]}},
        {"data": {"id": "m1", "state": "1"}},
        {"params": {"id": "m1", "state": "1"}},
    ],
)
async def test_a_report_is_posted(desk: Desk, client: TestClient[Any, Any], how: dict[str, Any]) -> None:
    message = await desk.queue()
    await desk.send()
    for _ in range(2):  # told twice it is one report
        assert (await client.post(PATH, **how)).status == 200
        assert await desk.state(message) is S.DELIVERED


@pytest.mark.parametrize(
    "how",
    [
        {"json": {"id": "unknown", "state": "1"}},
        {"json": {"id": "m1", "state": "what"}},
        {"json": {"id": ["m1"], "state": {"a": 1}}},
        {"json": [1, 2]},
        {"json": None},
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        {"json": {"reports": "x" * 70_000}},
        {},
    ],
)
async def test_what_makes_no_sense_is_answered_and_changes_nothing(
    desk: Desk, client: TestClient[Any, Any], how: dict[str, Any]
) -> None:
    message = await desk.queue()
    await desk.send()
    assert (await client.post(PATH, **how)).status == 200
    assert await desk.state(message) is S.ACCEPTED


@pytest.mark.parametrize(
    "path",
    [
        "/callbacks/other/wrong/delivery",
        f"/callbacks/nobody/{TOKEN}/delivery",
        f"/callbacks/simulator/{TOKEN}/delivery",
    ],
)
async def test_nothing_is_at_another_address(client: TestClient[Any, Any], path: str) -> None:
    assert (await client.get(path, params={"id": "m1", "state": "1"})).status == 404


async def test_the_address_of_kavenegar_stays(client: TestClient[Any, Any]) -> None:
    assert (await client.get(f"/callbacks/kavenegar/{TOKEN}/delivery")).status == 200


@pytest.mark.parametrize(("value", "state"), [("1", S.DELIVERED), ("2", S.UNDELIVERED), ("7", S.ACCEPTED)])
async def test_a_report_is_asked_for(desk: Desk, states: dict[str, str], value: str, state: S) -> None:
    message = await desk.queue()
    await desk.send()
    states["m1"] = value
    await desk.pass_by(timedelta(minutes=6))
    assert await desk.state(message) is state
