"""Orders whose webhooks were lost: the shop is asked for them, and each is filled in exactly once."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis_servers import refuse_writes
from shops import ApiUser, Client, WooShop, send_all, woo_fixture
from standins.woocommerce import KEY, SECRET, Fault, WooCommerce
from structlog.testing import capture_logs

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator

NOW = datetime(2026, 11, 23, 12, tzinfo=TEHRAN)
PAID = woo_fixture("order.updated__processing_online")["body"]
LEASE, EVERY, BEFORE = timedelta(minutes=3), timedelta(minutes=11), timedelta(minutes=30)


@pytest.fixture
def shop() -> WooCommerce:
    return WooCommerce()


@pytest.fixture
async def shop_url(shop: WooCommerce, aiohttp_server: Any) -> AsyncIterator[str]:
    server = await aiohttp_server(shop.app())
    yield str(server.make_url("")).rstrip("/")
    shop.release.set()


@pytest.fixture
def rest(shop_url: str) -> dict[str, str]:
    return {"url": shop_url, "consumer_key": KEY, "consumer_secret": SECRET, "timeout": "1s"}


@pytest.fixture
def config(make_config: Callable[..., Config], rest: dict[str, str]) -> Config:
    return make_config(sources__woo__rest=rest)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


async def ask(service: Service) -> int:
    return await service.watching.catch_ups[0].tick()


def phone(number: int) -> dict[str, Any]:
    return PAID["billing"] | {"phone": f"0912{number:07}"}


def fill(shop: WooCommerce, count: int, *, first: int = 20_000, at: datetime = NOW - BEFORE) -> None:
    """Orders of as many customers, one changed a second."""
    for number in range(first, first + count):
        moment = at + timedelta(seconds=number - first)
        shop.put(PAID, at=moment, order_id=number, billing=phone(number))


async def test_a_lost_webhook_is_filled_in_once(
    shop: WooCommerce, service: Service, clock: StillClock, api: ApiUser, simulator: Simulator, client: Client
) -> None:
    shop.put(PAID, at=NOW - BEFORE)
    with capture_logs() as logs:
        assert await ask(service) == 1
    assert [(line["source"], line["count"], line["orders"]) for line in logs if line.get("action") == "caught_up"] == [
        ("woo", 1, ["10025"])
    ]
    found = (await api.get("/orders/10025")).body
    assert (found["prepaid"], found["stage"], found["payment"]["amount"]) == (True, "preparing", 185_000_000)
    clock.turn(EVERY)
    assert await ask(service) == 0
    assert len(shop.asked) == 2
    await send_all(service, clock)
    assert len(simulator.messages) == 2  # paid and preparing, once each
    text = await (await client.get("/metrics")).text()
    assert 'notifier_orders_caught_up_total{source="woo"}' in text


async def test_what_a_webhook_told_is_not_filled_in_and_sends_nothing(
    shop: WooCommerce, service: Service, clock: StillClock, woo: WooShop, api: ApiUser
) -> None:
    shop.put(PAID, at=NOW - BEFORE)
    await woo.post(shop.orders[10025])
    before = (await api.get("/orders/10025")).body
    assert await ask(service) == 0
    assert shop.asked
    assert (await api.get("/orders/10025")).body == before


async def test_a_webhook_that_comes_after_all_says_nothing_new(
    shop: WooCommerce, service: Service, woo: WooShop
) -> None:
    shop.put(PAID, at=NOW - BEFORE)
    assert await ask(service) == 1
    late = await woo.post(shop.orders[10025])
    assert (late.status, late.body["messages"], late.body["calls"]) == (200, [], [])


async def test_a_change_that_was_lost_reaches_an_order_that_is_known(
    shop: WooCommerce, service: Service, woo: WooShop, api: ApiUser
) -> None:
    await woo.post(PAID)
    shop.put(woo_fixture("order.updated__cancelled_paid")["body"], at=NOW - BEFORE)
    assert await ask(service) == 1
    assert (await api.get("/orders/10025")).body["cancelled"] is True


async def test_what_it_asks_for(shop: WooCommerce, service: Service, clock: StillClock) -> None:
    """UTC, an hour back at first, and nothing that its webhook may still be on its way for."""
    assert await ask(service) == 0
    assert shop.asked == [
        {
            "modified_after": "2026-11-23T07:25:00",
            "modified_before": "2026-11-23T08:28:00",
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "per_page": "100",
            "page": "1",
        }
    ]
    assert await ask(service) == 0  # not its time yet
    assert len(shop.asked) == 1
    shop.put(PAID, at=NOW - BEFORE)
    clock.turn(EVERY)
    assert await ask(service) == 1
    clock.turn(EVERY)
    await ask(service)
    assert shop.asked[-1]["modified_after"] == "2026-11-23T07:55:00"  # the newest that was seen, and some


async def test_older_orders_than_it_looks_back_stay_as_they_are(shop: WooCommerce, service: Service) -> None:
    shop.put(PAID, at=NOW - timedelta(hours=2))
    assert await ask(service) == 0


async def test_page_after_page(shop: WooCommerce, service: Service, api: ApiUser) -> None:
    fill(shop, 230)
    assert await ask(service) == 230
    assert {int(found["id"]) for found in await api.items("/orders")} == set(range(20_000, 20_230))


async def test_many_orders_changed_in_one_second(shop: WooCommerce, service: Service) -> None:
    """As after a bulk edit: only then pages are counted up."""
    for number in range(20_000, 20_230):
        shop.put(PAID, at=NOW - BEFORE, order_id=number, billing=phone(number))
    assert await ask(service) == 230
    assert [asked["page"] for asked in shop.asked] == ["1", "1", "2", "3"]


async def test_an_order_that_changes_while_pages_are_read_hides_none(
    shop: WooCommerce, service: Service, api: ApiUser
) -> None:
    """It moves to the end of the list, and all behind it one place forward: counted pages would skip one."""
    fill(shop, 150)

    def change(number: int) -> None:
        if number == 2:
            shop.put(shop.orders[20_000], at=NOW)

    shop.on_request = change
    assert await ask(service) == 150
    assert len(await api.items("/orders")) == 150


async def test_orders_that_the_keys_may_not_see_do_not_end_the_list(shop: WooCommerce, service: Service) -> None:
    fill(shop, 120)
    shop.hidden = {20_003}
    assert await ask(service) == 119


async def test_two_processes_do_not_double(
    shop: WooCommerce, service: Service, config: Config, clock: StillClock, api: ApiUser
) -> None:
    fill(shop, 20)
    async with Service(config, clock=clock, roles=[WEB]) as other:
        filled = await asyncio.gather(ask(service), ask(other), ask(service), ask(other))
    assert sorted(filled) == [0, 0, 0, 20]
    assert len(shop.asked) == 1
    messages = await api.items("/messages")
    assert len(messages) == len({message["id"] for message in messages}) == 40


@pytest.mark.process
async def test_a_process_killed_in_the_middle_is_followed_by_another(
    shop: WooCommerce, service: Service, rest: dict[str, str], clock: StillClock, api: ApiUser, redis_url: str
) -> None:
    fill(shop, 150)
    shop.faults.append(Fault("hang", after=1))
    second = asyncio.Event()
    shop.on_request = lambda number: second.set() if number == 2 else None
    settings = {
        "NOTIFIER__REDIS__URL": redis_url,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__SMS__NAMESPACE": "test",
        "NOTIFIER__SOURCES__SHOP__SECRET": service.config.sources["shop"].secret.value(),
        "NOTIFIER__SOURCES__WOO__SECRET": "x",
        "NOTIFIER__SOURCES__WOO__REST": json.dumps(rest | {"timeout": "60s"}),
    }
    arguments = (sys.executable, str(Path(__file__).parents[1] / "catch_up_process.py"), clock.now().isoformat())
    process = await asyncio.create_subprocess_exec(*arguments, env={**os.environ, **settings})
    try:
        async with asyncio.timeout(20):
            await second.wait()
    finally:
        process.kill()
        await process.wait()
    assert len(await api.items("/orders")) == 100
    assert await ask(service) == 0  # the turn of the dead one has not lapsed
    clock.turn(LEASE)
    assert await ask(service) == 50
    assert len(await api.items("/orders")) == 150
    assert shop.asked[2]["modified_after"] > shop.asked[0]["modified_after"]


TROUBLES: list[tuple[Fault, str]] = [
    (Fault("drop"), "did not answer"),
    (Fault("hang"), "did not answer as it should (TimeoutError)"),
    (Fault("html", status=500), "HTTP 500"),
    (Fault("html", status=200), "no list of orders"),
    (Fault("endless"), "with more than 32 MiB"),
    (Fault("half"), "no list of orders"),
    (Fault("object"), "no list of orders"),
    (Fault("status", status=429), "HTTP 429 (test_fault)"),
    (Fault("status", status=400), "WooCommerce 5.8"),
    (Fault("status", status=403), "Make keys with the permission to read"),
    (Fault("status", status=404), "permalinks"),
    (Fault("status", status=301, headers={"Location": "https://www.shop.example/x"}), "to https://www.shop.example;"),
    (Fault("unfiltered"), "pays no heed to modified_after"),
]


@pytest.mark.parametrize(("fault", "said"), TROUBLES, ids=lambda value: value.kind if isinstance(value, Fault) else "")
async def test_trouble_is_one_clear_line_and_passes(
    shop: WooCommerce, service: Service, clock: StillClock, api: ApiUser, fault: Fault, said: str
) -> None:
    shop.put(PAID, at=NOW - timedelta(days=400), order_id=1)  # nobody is to be told of this one
    shop.put(PAID, at=NOW - BEFORE)
    tries = 2 if fault.kind == "drop" else 1  # a broken connection is tried once more by aiohttp itself
    shop.faults.extend([fault] * tries)
    with capture_logs() as logs:
        assert await ask(service) == 0
    (line,) = [line for line in logs if line.get("action") == "catch_up_failed"]
    assert said in line["error"]
    assert "\n" not in line["error"]
    assert not any(secret in str(logs) for secret in (KEY, SECRET, "Basic "))
    assert await api.items("/orders") == []
    assert await ask(service) == 0
    assert len(shop.asked) == tries  # not at once again
    clock.turn(timedelta(seconds=line["again_in"]))
    assert await ask(service) == 1
    assert [found["id"] for found in await api.items("/orders")] == ["10025"]


async def test_it_waits_longer_each_time_and_as_long_as_the_shop_asks(
    shop: WooCommerce, service: Service, clock: StillClock
) -> None:
    waits = []
    for fault in [Fault("status", status=503)] * 9 + [Fault("status", status=429, headers={"Retry-After": "7200"})]:
        shop.faults.append(fault)
        with capture_logs() as logs:
            await ask(service)
        waits += [line["again_in"] for line in logs if line.get("action") == "catch_up_failed"]
        clock.turn(timedelta(seconds=waits[-1]))
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 7200]


async def test_wrong_keys_say_what_to_do_and_supervisors_hear_once(
    make_config: Callable[..., Config], rest: dict[str, str], clock: StillClock, redis: Redis, shop: WooCommerce
) -> None:
    config = make_config(sources__woo__rest=rest | {"consumer_secret": "cs_another_secret"})
    shop.put(PAID, at=NOW - BEFORE)
    async with Service(config, clock=clock, roles=[WEB]) as service:
        with capture_logs() as logs:
            for _ in range(3):
                assert await ask(service) == 0
                clock.turn(timedelta(hours=1))
    failures = [line for line in logs if line.get("action") == "catch_up_failed"]
    assert len(failures) == 3
    assert "HTTP 401 (woocommerce_rest_cannot_view)" in failures[0]["error"]
    assert "WooCommerce, Settings, Advanced, REST API" in failures[0]["error"]
    assert "cs_another_secret" not in str(logs)
    alerts: Any = await redis.lrange("n:alerts", 0, -1)
    assert [json.loads(alert)["kind"] for alert in alerts] == ["catch_up:woo"]


async def test_an_odd_order_does_not_hold_up_the_others(shop: WooCommerce, service: Service) -> None:
    fill(shop, 3)
    shop.orders[20_000] |= {"id": "none"}
    shop.orders[20_001] |= {"billing": "none", "total": [], "status": "wc-on-the-moon", "line_items": {"1": None}}
    with capture_logs() as logs:
        assert await ask(service) == 2
    assert [line["action"] for line in logs if line.get("log_level") == "warning"] == ["catch_up_odd", "caught_up"]


@pytest.mark.slow
async def test_nothing_is_skipped_while_the_store_does_not_write(
    shop: WooCommerce, service: Service, clock: StillClock, redis: Redis
) -> None:
    fill(shop, 3)

    def no_writes(number: int) -> None:
        loop = asyncio.get_running_loop()
        tasks.append(loop.create_task(refuse_writes(redis)))

    tasks: list[asyncio.Task[Any]] = []
    shop.on_request = no_writes
    try:
        assert await ask(service) == 0
    finally:
        shop.on_request = lambda number: None
        await asyncio.gather(*tasks)
        await refuse_writes(redis, refused=False)
    clock.turn(LEASE)
    assert await ask(service) == 3
