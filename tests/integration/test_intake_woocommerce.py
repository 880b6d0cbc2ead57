"""What a WooCommerce shop is answered, over real HTTP and a real Redis."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis
from redis_servers import refuse_writes
from shops import FIXTURES, WOO_SECRET, ApiUser, WooShop, send_all, woo_bytes, woo_fixture

from notifier.clock import StillClock
from notifier.service.process import Service
from notifier.simulator import Simulator

FIXTURE_SECRET = "woo-fixture-secret"
NAMES = sorted(path.stem for path in (FIXTURES / "woocommerce").glob("order.*.json"))
ONLINE, PENDING = "order.updated__processing_online", "order.created__pending_online"


def order(name: str, **changes: Any) -> Any:
    return woo_fixture(name)["body"] | changes


async def nothing_stored(redis: Redis) -> bool:
    return not [key async for key in redis.scan_iter("n:{*")]


async def test_the_ping_is_answered_200_and_stored_nowhere(woo: WooShop, redis: Redis) -> None:
    ping = woo_fixture("ping__webhook_id")
    answer = await woo.send(ping["text"].encode(), ping["headers"])
    assert answer.status == 200
    assert await nothing_stored(redis)


@pytest.mark.parametrize("text", ["webhook_id=", "webhook_id=7&x=1", "webhook_id=abc", ""])
async def test_what_only_looks_like_a_ping_is_none(woo: WooShop, text: str) -> None:
    answer = await woo.send(text.encode(), woo_fixture("ping__webhook_id")["headers"])
    assert answer.status == 415
    assert answer.is_problem


@pytest.mark.parametrize("name", NAMES)
async def test_every_recorded_delivery_is_taken_as_it_was_sent(
    make_config: Any, clock: Any, redis: Redis, aiohttp_client: Any, name: str
) -> None:
    config = make_config(sources__woo__secret=FIXTURE_SECRET)
    fixture = woo_fixture(name)
    async with Service(config, clock=clock, roles=["web"]) as service:
        woo = WooShop(await aiohttp_client(service.app), secret=FIXTURE_SECRET)
        first = await woo.send(woo_bytes(fixture["body"]), fixture["headers"])
        again = await woo.send(woo_bytes(fixture["body"]), fixture["headers"])
    assert first.status == 200
    assert again.status == 200
    assert first.body["order_id"] == str(fixture["body"]["id"])
    assert (again.body["messages"], again.body["calls"]) == (first.body["messages"], first.body["calls"])


@pytest.mark.parametrize(
    "signature", [None, "", "***", "é", "\udcff", "QUFBQQ==", "a", "xcqa+VEup2noM6NkX2k4uyWpDVAjU4xw2ecmzci3rU8="]
)
async def test_a_bad_signature_is_refused(woo: WooShop, redis: Redis, signature: str | None) -> None:
    headers = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated"}
    answer = await woo.send(
        woo_bytes(order(ONLINE)), headers | ({} if signature is None else {"X-WC-Webhook-Signature": signature})
    )
    assert answer.status == 401
    assert answer.is_problem
    assert await nothing_stored(redis)


async def test_another_secret_or_a_changed_body_is_refused(woo: WooShop) -> None:
    assert (await WooShop(woo.client, secret="other").post(order(ONLINE))).status == 401
    fixture = woo_fixture(ONLINE)
    assert (await woo.send(woo_bytes(fixture["body"]) + b" ", fixture["headers"])).status == 401
    assert WOO_SECRET != FIXTURE_SECRET


async def test_money_in_a_cash_order_is_not_prepaid(woo: WooShop, api: ApiUser) -> None:
    paid = {"date_paid": "2026-11-23T10:05:00", "date_paid_gmt": "2026-11-23T06:35:00"}
    answer = await woo.post(order("order.created__processing_cash", **paid), topic="order.created")
    assert answer.status == 200
    assert (answer.body["prepaid"], answer.body["delivery_priority"]) == (False, "normal")
    assert (await api.get(f"/orders/{answer.body['order_id']}")).body["prepaid"] is False


async def test_a_pending_online_order_is_not_yet_prepaid(woo: WooShop) -> None:
    pending = await woo.post(order(PENDING), topic="order.created")
    paid = await woo.post(order(ONLINE))
    assert (pending.body["prepaid"], paid.body["prepaid"]) == (False, True)


async def test_the_same_delivery_twice_is_told_once(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    first = await woo.post(order(ONLINE))
    again = await woo.post(order(ONLINE))
    assert first.body["messages"]
    assert again.body == first.body | {"duplicate": True}
    await send_all(service, clock)
    sent = [str(message.localid) for message in simulator.messages]
    assert sent == [message["id"] for message in first.body["messages"]]


async def test_two_bodies_under_one_delivery_id_are_two_events(woo: WooShop, api: ApiUser) -> None:
    await woo.post(order(ONLINE), delivery="same")
    answer = await woo.post(order(ONLINE, id=10026, number="10026"), delivery="same")
    assert answer.status == 200
    assert answer.body["duplicate"] is False
    assert (await api.get("/orders/10025")).status == (await api.get("/orders/10026")).status == 200


async def test_an_update_without_a_change_sends_nothing(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await woo.post(order(ONLINE))
    await send_all(service, clock)
    before, sent = (await api.get("/orders/10025")).body, len(simulator.messages)
    for minute in range(3):
        later = f"2026-11-23T06:5{minute}:00"
        touched = await woo.post(order(ONLINE, date_modified_gmt=later, customer_ip_address=f"192.0.2.{minute}"))
        assert (touched.status, touched.body["messages"], touched.body["calls"]) == (200, [], [])
    await send_all(service, clock)
    assert len(simulator.messages) == sent
    assert (await api.get("/orders/10025")).body["timeline"] == before["timeline"]


async def test_an_older_state_that_comes_late_is_left_aside(woo: WooShop, api: ApiUser) -> None:
    await woo.post(order("order.updated__completed_online"))
    answer = await woo.post(order(PENDING), topic="order.created")
    assert (answer.status, answer.body["messages"]) == (200, [])
    assert (await api.get("/orders/10025")).body["stage"] == "delivered"


async def test_an_unknown_status_is_recorded(woo: WooShop, api: ApiUser) -> None:
    answer = await woo.post(order("order.updated__status_unknown"))
    assert answer.status == 200
    assert "status" in str((await api.get("/orders/10025")).body["timeline"])


async def test_an_odd_topic_does_no_harm(woo: WooShop) -> None:
    for topic in ("order.\udcff", "", "product.updated", "order.é"):
        assert (await woo.post(order(ONLINE), topic=topic)).status == 200


async def test_many_deliveries_at_once(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    customer = order(ONLINE)["billing"]
    bodies = [
        order(name, id=10100 + n, number=str(10100 + n), billing=customer | {"phone": f"0912{n:07}"})
        for n in range(40)
        for name in (PENDING, ONLINE, ONLINE)
    ]
    answers = await asyncio.gather(*(woo.post(body) for body in bodies))
    assert {answer.status for answer in answers} == {200}
    await send_all(service, clock)
    assert len(simulator.messages) == 80  # paid and preparing
    assert all(stored["prepaid"] for stored in await api.items("/orders"))
    assert len(await api.items("/orders")) == 40


@pytest.mark.slow
async def test_no_news_is_no_2xx_before_the_news_is_on_disk(woo: WooShop, redis: Redis) -> None:
    """Reads work and writes fail: of two deliveries with the same news neither may be answered as taken."""
    await refuse_writes(redis)
    try:
        bodies = [order(ONLINE), order(ONLINE, customer_note="touched")]
        answers = await asyncio.gather(*(woo.post(body) for body in bodies))
    finally:
        await refuse_writes(redis, refused=False)
    assert [answer.status for answer in answers] == [503, 503]
    assert all(answer.headers["Retry-After"] for answer in answers)
    assert await nothing_stored(redis)
    assert (await woo.post(bodies[1])).body["messages"]


async def test_the_answer_to_an_unchanged_order_tells_how_it_stands(woo: WooShop) -> None:
    await woo.post(order(ONLINE))
    again = await woo.post(order(ONLINE, date_modified_gmt="2026-11-23T06:44:00"))
    assert (again.body["messages"], again.body["duplicate"]) == ([], False)
    assert (again.body["prepaid"], again.body["delivery_priority"]) == (True, "high")
