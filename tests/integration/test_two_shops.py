"""Two shops in one installation, end to end: each customer reads of their own shop, over that shop's own line."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from console_browser import Desk as ConsoleDesk
from console_browser import hire
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import Client, StandardShop
from two_shops import MI, posted

from notifier.clock import StillClock
from notifier.domain.messages import MessageState
from notifier.retention import removal
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator, create_app
from notifier.store import layout, work, writes
from notifier.store.moving import Mover
from notifier.store.work import UnitOfWork

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


async def test_a_line_that_is_away_holds_up_no_text_of_another_shop_to_the_same_customer(
    desk: Desk, simulator: Simulator, second: Simulator
) -> None:
    second.faults.add(Fault(kind="code", code=403))
    own = await desk.queue(source="woo", order_id="1", route="woo")
    await desk.pass_by(5 * MINUTE)
    common = await desk.queue(to=own.to, source="shop", order_id="1")
    await desk.send()
    assert await desk.state(common) is S.ACCEPTED
    assert await desk.state(own) is S.QUEUED


async def test_a_cancelled_text_of_a_source_with_lines_is_out_of_its_outbox(desk: Desk, second: Simulator) -> None:
    redis = desk.service.redis
    for known in ("woo", ""):  # also one that was queued before the source had lines, or after
        own = await desk.queue(source="woo", order_id=f"1{known}", route="woo")
        unit = UnitOfWork()
        writes.cancel_message(unit, desk.keys(own), own.id, route=known)
        await work.commit(redis, [unit])
        assert await desk.state(own) is S.CANCELLED
        await desk.send()
        assert await redis.zscore(desk.keys(own).routed("woo"), own.id) is None
    assert second.messages == []


async def test_what_was_queued_before_a_source_had_lines_leaves_by_those_of_all(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    simulator: Simulator,
    second: Simulator,
    other: dict[str, Any],
) -> None:
    """A store as every version before wrote it: one outbox, and no message says by whose lines it leaves."""
    later = clock.now() + 10 * MINUTE
    async with Service(make_config(), clock=clock, roles=["web"]) as service:
        before = Desk(service, clock)
        ready = await before.queue(source="woo", order_id="1")
        waiting = await before.queue(source="woo", order_id="2", to="09121111111", not_before=later)
    assert b"route" not in await redis.hgetall(before.keys(ready).message(ready.id))
    config = make_config(providers__other=other, sources__woo__provider="other")
    async with Service(config, clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        fresh = await desk.queue(source="woo", order_id="3", to="09122222222", route="woo")
        await desk.send()
        await desk.pass_by(15 * MINUTE)
        assert {await desk.state(one) for one in (ready, waiting, fresh)} <= {S.ACCEPTED, S.DELIVERED}
    assert sorted(one.text for one in simulator.messages) == sorted([ready.text, waiting.text])
    assert [one.text for one in second.messages] == [fresh.text]


async def test_an_outbox_that_a_web_process_alone_wrote_to_is_known_to_all(
    desk: Desk, make_config: Callable[..., Any], simulator: Simulator
) -> None:
    own = await desk.queue(source="woo", order_id="1", route="woo")  # the service of the fixture has the role web alone
    async with Service(make_config(), clock=desk.clock, roles=["worker"]) as service:
        assert await service.sending.routes.tick() == 1
        await service.sender.send_ready()
        await service.sender.drain()
    assert [one.text for one in simulator.messages] == [own.text]


async def test_its_outbox_is_moved_into_other_partitions(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    other: dict[str, Any],
    second: Simulator,
    simulator: Simulator,
) -> None:
    config = make_config(providers__other=other, sources__woo__provider="other")
    async with Service(config, clock=clock, roles=["web"]) as service:
        one = Desk(service, clock)
        texts = [await one.queue(source="woo", order_id=str(number), route="woo") for number in range(20)]
    await layout.begin_move(redis, 3, clock.now())
    await Mover(redis, 3).move()
    await layout.end_move(redis, 3)
    config = make_config(providers__other=other, sources__woo__provider="other", redis__partitions=3)
    async with Service(config, clock=clock, roles=["web"]) as service:
        assert sum([bool(await redis.exists(keys.routed("woo"))) for keys in service.reader.everywhere]) == 3
        await service.sender.send_ready()
    assert sorted(one.text for one in second.messages) == sorted(one.text for one in texts)
    assert simulator.messages == []


async def test_a_text_that_is_removed_is_out_of_its_outbox(desk: Desk) -> None:
    own, redis = await desk.queue(source="woo", order_id="1", route="woo"), desk.service.redis
    keys, unit = desk.keys(own), UnitOfWork()
    removal.drop_message(unit, keys, own.id, await redis.hgetall(keys.message(own.id)))
    await work.commit(redis, [unit])
    assert await redis.zcard(keys.routed("woo")) == 0
    assert not await redis.exists(keys.message(own.id))


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


@pytest.fixture
async def two(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    other: dict[str, Any],
    aiohttp_client: Callable[..., Awaitable[Client]],
) -> AsyncIterator[ConsoleDesk]:
    """Two standard shops that are strangers to each other, with the console."""
    config = make_config(providers__other=other, sources__mi=MI | {"provider": "other"})
    async with Service(config, clock=clock, roles=["web"]) as service:
        await hire(service)
        client = await aiohttp_client(service.app)
        found = ConsoleDesk(client, StandardShop(client, clock), service, clock)
        await found.open()
        yield found


async def test_a_customer_of_two_shops_reads_of_each_under_its_own_name(
    two: ConsoleDesk, simulator: Simulator, second: Simulator
) -> None:
    await posted(two, "shop", "1")
    await posted(two, "mi", "1")
    await two.service.sender.send_ready()
    (of_shop,), (of_mi,) = simulator.messages, second.messages
    assert of_shop.receptor == of_mi.receptor
    assert of_shop.text.endswith("شیائومی سیتی")
    assert of_mi.text.endswith("می‌شاپ")
    assert "شیائومی" not in of_mi.text
    assert of_mi.sender == "30005000"


async def test_the_list_of_orders_shows_one_shop_alone(two: ConsoleDesk) -> None:
    await posted(two, "shop", "7001")
    await posted(two, "mi", "8001")
    both = (await two.sara.get("/orders")).words
    assert "۷۰۰۱" in both
    assert "۸۰۰۱" in both
    mi = await two.sara.get("/orders?shop=mi")
    assert "۸۰۰۱" in mi.words
    assert "۷۰۰۱" not in mi.words
    sheet = (await two.sara.get("/orders?shop=mi&as=csv")).text
    assert "8001" in sheet
    assert "7001" not in sheet
    assert (await two.sara.get("/orders?shop=nobody")).status == 422
    assert "می‌شاپ" in (await two.sara.get("/orders/mi/8001")).words


async def test_staff_of_one_shop_see_and_take_its_calls_alone(two: ConsoleDesk) -> None:
    page = await two.boss.post("/staff/sara", do="shops", source="mi")
    assert "فروشگاه‌های سارا عوض شد" in page.words
    assert (await two.service.staff.get("sara")).sources == ("mi",)  # type: ignore[union-attr]
    assert (await two.boss.post("/staff/sara", do="shops", source="nobody")).status == 422
    await two.boss.post("/staff/reza", do="shops", source="shop")
    await posted(two, "shop", "1")
    await two.tick()
    (call,) = [one.call for one in await two.service.reader.calls(await calls_of(two))]
    assert call.assignee == "reza"
    assert (await two.sara.get(f"/calls/{call.id}")).status == 403
    assert (await two.sara.post(f"/calls/{call.id}/claim")).status == 403
    assert (await two.reza.get(f"/calls/{call.id}")).status == 200
    page = await two.boss.post("/staff/sara", do="shops")
    assert (await two.service.staff.get("sara")).sources == ()  # type: ignore[union-attr]
    assert (await two.sara.get(f"/calls/{call.id}")).status == 200


async def calls_of(desk: ConsoleDesk) -> list[Any]:
    reader = desk.service.reader
    sets = [(keys, keys.calls(state)) for keys in reader.everywhere for state in ("scheduled", "due")]
    return list((await reader.page(sets, after=None, size=100)).members)
