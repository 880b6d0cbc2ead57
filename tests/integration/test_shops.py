"""Two shops in one installation, end to end: each customer reads of their own shop, over that shop's own line."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from outbox_driver import Desk
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator, create_app

S = MessageState
MINUTE = timedelta(minutes=1)
KEY = "second-account"


@pytest.fixture
def second(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, api_key=KEY, credit=1_000_000_000)


@pytest.fixture
async def other(second: Simulator, aiohttp_server: Callable[..., Awaitable[TestServer]]) -> dict[str, Any]:
    server = await aiohttp_server(create_app(second))
    return {"api_key": KEY, "base_url": str(server.make_url("/v1")), "sender": "30005000"}


@pytest.fixture
async def desk(
    make_config: Callable[..., Any], clock: StillClock, redis: Redis, other: dict[str, Any]
) -> AsyncIterator[Desk]:
    """A service in which the source `woo` has a line of its own."""
    config = make_config(providers__other=other, sources__woo__provider="other")
    async with Service(config, clock=clock, roles=["web"]) as service:
        yield Desk(service, clock)


async def test_texts_of_a_source_leave_by_its_own_line(desk: Desk, simulator: Simulator, second: Simulator) -> None:
    own = await desk.queue(source="woo", order_id="1", route=desk.service.rulebook.route("woo"))
    common = await desk.queue(source="shop", order_id="1", route=desk.service.rulebook.route("shop"))
    await desk.send()
    assert [one.text for one in second.messages] == [own.text]
    assert [one.text for one in simulator.messages] == [common.text]
    assert await desk.states() == [S.ACCEPTED, S.ACCEPTED]
    assert (await desk.stored(own)).provider == "other"


async def test_the_lines_of_others_do_not_take_what_its_own_line_cannot_send(
    desk: Desk, simulator: Simulator, second: Simulator
) -> None:
    second.faults.add(Fault(kind="code", code=403))
    own = [await desk.queue(source="woo", order_id=str(one), route="woo") for one in range(3)]
    common = [await desk.queue(source="shop", order_id=str(one)) for one in range(3)]
    await desk.pass_by(5 * MINUTE)
    assert {one.text for one in simulator.messages} == {one.text for one in common}
    assert await desk.states() == [S.QUEUED] * 3 + [S.ACCEPTED] * 3
    second.faults.clear()
    await desk.pass_by(15 * MINUTE)
    assert {one.text for one in second.messages} == {one.text for one in own}


async def test_a_text_too_late_for_its_own_line_expires(desk: Desk, second: Simulator) -> None:
    second.faults.add(Fault(kind="code", code=403))
    own = await desk.queue(source="woo", order_id="1", route="woo", expires_at=desk.clock.now() + 3 * MINUTE)
    await desk.pass_by(10 * MINUTE)
    assert await desk.state(own) is S.EXPIRED


async def test_a_source_without_lines_any_more_leaves_nothing_behind(
    desk: Desk, make_config: Callable[..., Any], simulator: Simulator
) -> None:
    own = await desk.queue(source="woo", order_id="1", route="woo")
    await desk.service.sending.routes.begin()
    async with Service(make_config(), clock=desk.clock, roles=["web"]) as service:
        assert await service.sending.routes.tick() == 1
        assert await service.sending.routes.tick() == 0
        await service.sender.send_ready()
    assert [one.text for one in simulator.messages] == [own.text]
    assert not await desk.service.redis.exists(desk.keys(own).routed("woo"))


async def test_a_source_may_have_a_sender_of_its_own_at_the_same_account(
    make_config: Callable[..., Any], clock: StillClock, redis: Redis, simulator: Simulator
) -> None:
    async with Service(make_config(sources__woo__sender="30007777"), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        await desk.queue(source="woo", order_id="1", route=service.rulebook.route("woo"))
        await desk.queue(source="shop", order_id="1")
        await desk.send()
        woo, shop = sorted(simulator.messages, key=lambda one: one.sender, reverse=True)
        assert woo.sender == "30007777"
        assert shop.sender != "30007777"
