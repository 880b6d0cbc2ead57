"""The figures for a monitor, from a running service."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from outbox_driver import Desk
from redis.asyncio import Redis
from redis_servers import RedisProcess
from shops import Client, StandardShop, WooShop, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.errors import ConfigError
from notifier.intake.standard.signature import new_secret
from notifier.observability import counters, zeros
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.store.staff import Role, Staff
from tools.reference.metrics import names

PAID = "payment.succeeded__tehran_online"


async def figures(client: Client) -> dict[str, float]:
    """Every figure by its name and labels."""
    async with client.get("/metrics") as answer:
        assert answer.status == 200
        lines = (await answer.text()).splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


async def test_deliveries_are_counted_by_what_they_were_answered(
    service: Service, client: Client, shop: StandardShop, woo: WooShop, redis: Redis
) -> None:
    paid = standard_fixture(PAID)
    before = await figures(client)
    await shop.post(paid, event_id="one")
    await shop.post(paid, event_id="one")
    await shop.post({"type": "order.lost"})
    await woo.post_raw(b"{}", topic="order.updated")
    body = b"x"
    for name in ("nobody", "noone"):
        async with client.post(f"/webhooks/{name}", data=body) as answer:
            assert answer.status == 404
    async with client.post("/webhooks/shop", data=body, headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status == 415
    async with client.get("/healthz") as answer:
        assert answer.status == 200
    found = {
        name: value - before.get(name, 0)
        for name, value in (await figures(client)).items()
        if name.startswith("notifier_webhooks_") and value != before.get(name, 0)
    }
    assert {name: value for name, value in found.items() if "woo" not in name} == {
        'notifier_webhooks_total{source="shop",status="202"}': 1,
        'notifier_webhooks_total{source="shop",status="200"}': 1,
        'notifier_webhooks_total{source="shop",status="422"}': 1,
        'notifier_webhooks_total{source="shop",status="415"}': 1,
        'notifier_webhooks_total{source="",status="404"}': 2,
    }
    await service.delivery_counters.write()
    day: Any = await redis.hgetall("n:webhooks:2026-11-23")
    assert {name: count for name, count in day.items() if name.startswith(b"shop")} == {
        b"shop 202": b"1",
        b"shop 200": b"1",
        b"shop 422": b"1",
        b"shop 415": b"1",
    }


async def test_what_is_counted_goes_to_the_day_it_is_written_on_and_once(
    service: Service, client: Client, shop: StandardShop, clock: StillClock, redis: Redis
) -> None:
    await shop.post(standard_fixture(PAID))
    for _ in range(2):
        await service.delivery_counters.write()
    assert await redis.hgetall("n:webhooks:2026-11-23") == {b"shop 202": b"1"}  # type: ignore[misc]
    assert 0 < await redis.ttl("n:webhooks:2026-11-23") <= 100 * 24 * 3600


async def test_the_questions_are_answered(desk: Desk, client: Client, simulator: Simulator, clock: StillClock) -> None:
    before = await figures(client)
    await desk.service.staff.put(Staff(id="sara", name="سارا", phone="09121110000", role=Role.AGENT))
    await desk.queue()
    clock.turn(timedelta(seconds=90))
    waiting = await figures(client)
    assert waiting["notifier_outbox_ready"] == 1
    assert waiting["notifier_outbox_oldest_seconds"] == 90
    await desk.send()
    await desk.service.sending.check_credit()
    clock.turn(timedelta(minutes=10))
    await desk.service.sending.receipts.poll()
    after = await figures(client)

    def grew(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grew("notifier_message_wait_seconds_count") == 1
    assert grew("notifier_message_wait_seconds_sum") == 90
    assert grew('notifier_messages_cost_rial_total{provider="simulator"}') > 0
    assert grew('notifier_messages_reported_total{provider="simulator",state="delivered"}') == 1
    assert after['notifier_messages{state="delivered"}'] == 1
    assert after['notifier_line_credit_rial{provider="simulator"}'] == simulator.credit
    assert after['notifier_staff_on_shift{role="agent"}'] == 1
    of_redis = {name: value for name, value in after.items() if name.startswith("notifier_redis_")}
    assert {value for name, value in of_redis.items() if "_aof_" in name} == {1}
    assert all(value > 100_000 for name, value in of_redis.items() if "_memory_bytes" in name)
    assert after["notifier_data_disk_free_bytes"] > 0
    assert after["notifier_store_up"] == 1
    ours = {name.partition("{")[0] for name in after if name.startswith("notifier_")}
    assert ours - names() == set()


async def test_groups_are_measured(client: Client, shop: StandardShop) -> None:
    before = await figures(client)
    paid = standard_fixture(PAID)
    many = [{**paid, "data": paid["data"] | {"order_id": f"G{number}"}} for number in range(20)]
    assert (await shop.post(many, path="/batch")).status == 202
    after = await figures(client)
    groups, size = (
        after[f"notifier_commit_group_deliveries_{part}"] - before[f"notifier_commit_group_deliveries_{part}"]
        for part in ("count", "sum")
    )
    assert size == 20
    assert groups <= 20
    assert after["notifier_commit_seconds_sum"] > before["notifier_commit_seconds_sum"]


async def test_the_event_loop_is_watched(client: Client) -> None:
    name = "notifier_event_loop_lag_seconds_count"
    before = (await figures(client))[name]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await counters.watch_lag(every=0.01)
    assert (await figures(client))[name] > before


@pytest.mark.process
@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_a_store_that_is_away(
    path: str, make_config: Callable[..., Config], clock: StillClock, aiohttp_client: Any, tmp_path: Any
) -> None:
    redis = RedisProcess(tmp_path, "--appendonly", "no")
    try:
        config = make_config(redis__url=await listening(redis), redis__timeout="1s")
        async with Service(config, clock=clock, roles=[WEB]) as service:
            client = await aiohttp_client(service.app)
            async with client.get("/readyz") as answer:
                ready = await answer.json()
            assert ready["status"] == "ready"
            assert any("append-only" in reason for reason in ready["reasons"])
            redis.kill()
            async with client.get(path) as answer:
                if path == "/readyz":
                    assert answer.status == 503
                    assert "the store does not answer" in (await answer.json())["reasons"][0]
                else:
                    assert answer.status == 200
                    assert "notifier_store_up 0.0" in await answer.text()
    finally:
        redis.kill()


async def test_a_paused_account_makes_nobody_unready(desk: Desk, client: Client, simulator: Simulator) -> None:
    simulator.api_key = "another"
    await desk.queue()
    await desk.send()
    async with client.get("/readyz") as answer:
        assert answer.status == 200
        ready = await answer.json()
    assert ready["providers"]["simulator"]["open"] is False
    assert any(reason.startswith("nothing leaves by simulator: ") and "403" in reason for reason in ready["reasons"])


async def listening(redis: RedisProcess) -> str:
    """Its address, as soon as it answers."""
    while True:
        try:
            await redis.ask("PING")
        except OSError:
            await asyncio.sleep(0.02)
        except Exception as error:
            if "onnect" not in str(error):
                raise
            await asyncio.sleep(0.02)
        else:
            return redis.url


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def test_what_may_be_counted_exists_before_the_first_of_it(make_config: Callable[..., Config]) -> None:
    """`increase` sees the first of a thing only as a step from zero."""
    config = make_config(
        webhooks={"backend": {"url": "https://shop.example/news", "secret": new_secret(), "events": ["order.priority"]}}
    )
    zeros.begin(config, ["order_delivered"])
    lines = counters.text().decode()
    for name in (
        'notifier_webhooks_total{source="woo",status="401"}',
        'notifier_webhooks_total{source="",status="404"}',
        'notifier_orders_caught_up_total{source="shop"}',
        'notifier_messages_settled_total{provider="simulator",state="failed",template="order_delivered"}',
        'notifier_messages_reported_total{provider="simulator",state="undelivered"}',
        'notifier_attempts_total{code="418",outcome="account",provider="simulator"}',
        'notifier_attempts_total{code="",outcome="accepted",provider="simulator"}',
        'notifier_messages_cost_rial_total{provider="simulator"}',
        'notifier_endpoint_news_dropped_total{endpoint="backend"}',
        'notifier_endpoint_posts_total{endpoint="backend",status="500"}',
    ):
        assert f"\n{name} " in lines, name


async def test_beginning_again_forgets_nothing(make_config: Callable[..., Config]) -> None:
    counters.caught_up("shop", 3)
    name = 'notifier_orders_caught_up_total{source="shop"}'
    [before] = [line for line in counters.text().decode().splitlines() if line.startswith(name)]
    zeros.begin(make_config(), [])
    assert before in counters.text().decode().splitlines()


@pytest.mark.parametrize(
    ("said", "status"),
    [({}, 401), ({"Authorization": "Bearer guess"}, 401), ({"Authorization": "Bearer " + "m" * 32}, 200)],
)
async def test_metrics_may_want_a_token(
    make_config: Callable[..., Config], clock: StillClock, aiohttp_client: Any, said: dict[str, str], status: int
) -> None:
    async with Service(make_config(metrics__token="m" * 32), clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        async with client.get("/metrics", headers=said) as answer:
            assert answer.status == status
            assert ("notifier_store_up" in await answer.text()) is (status == 200)
        async with client.get("/healthz") as answer:
            assert answer.status == 200


async def test_a_token_that_is_not_set_opens_nothing(make_config: Callable[..., Config], clock: StillClock) -> None:
    with pytest.raises(ConfigError, match=r"metrics.token.*NOWHERE_SET"):
        async with Service(make_config(metrics__token="env:NOWHERE_SET"), clock=clock, roles=[WEB]):
            pass
