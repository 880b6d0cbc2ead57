"""Traps that other receivers of WooCommerce's webhooks fell into, each over real HTTP, a real Redis and a simulator."""

from typing import Any

import pytest
from redis.asyncio import Redis
from redis_servers import refuse_writes
from shops import ApiUser, WooShop, send_all, woo_bytes, woo_fixture
from standins.woocommerce import KEY, SECRET, WooCommerce

from notifier.clock import StillClock
from notifier.config import Config
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator

PAID = "order.updated__processing_online"
PENDING = "order.created__pending_online"
COMPLETED = "order.updated__completed_online"
JSON = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated"}


def order(name: str, **changes: Any) -> Any:
    return woo_fixture(name)["body"] | changes


async def texts(service: Service, clock: StillClock, simulator: Simulator) -> list[str]:
    """Everything that was sent, once all that is due has left."""
    await send_all(service, clock)
    return [message.text for message in simulator.messages]


@pytest.mark.parametrize("signature", [None, "", ",", "v1", "=", "%%%", "QUJD", "é", "v1,QUJD QUJD"])
async def test_1_a_malformed_signature_is_401(woo: WooShop, api: ApiUser, signature: str | None) -> None:
    headers = JSON if signature is None else JSON | {"X-WC-Webhook-Signature": signature}
    answer = await woo.send(woo_bytes(order(PAID)), headers)
    assert (answer.status, answer.is_problem) == (401, True)
    assert (await api.get("/orders/10025")).status == 404


@pytest.mark.parametrize("body", [b"\xff\xfe", b"", b"{", b"[]", b"null", b'{"id":"x"}', b"[" * 5000])
async def test_1_a_signed_body_that_is_no_order_is_taken_and_kept(woo: WooShop, api: ApiUser, body: bytes) -> None:
    """Six refusals in a row, and WooCommerce switches the webhook off without a word."""
    answers = [await woo.post_raw(body) for _ in range(6)]
    assert [(answer.status, answer.body["understood"]) for answer in answers] == [(200, False)] * 6
    assert answers[0].body["detail"]
    assert await api.items("/orders") == []


async def test_2_while_the_secret_changes_both_are_taken(
    make_config: Any, clock: StillClock, redis: Redis, aiohttp_client: Any
) -> None:
    config = make_config(sources__woo__secret="new", sources__woo__previous_secret="old")
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        for place, (secret, status) in enumerate([("new", 200), ("old", 200), ("older", 401)]):
            answer = await WooShop(client, secret=secret).post(order(PAID, customer_note=str(place)))
            assert answer.status == status


async def test_3_a_ping_is_200_and_no_event(woo: WooShop, api: ApiUser, redis: Redis) -> None:
    ping = woo_fixture("ping__webhook_id")
    answer = await woo.send(ping["text"].encode(), ping["headers"])
    assert answer.status == 200
    assert await api.items("/orders") == []
    assert not await redis.exists("n:heard", "n:alerts")


async def test_4_deliveries_of_one_second_share_their_id(woo: WooShop, api: ApiUser) -> None:
    first = await woo.post(order(PENDING), delivery="same")
    other = await woo.post(order(PAID), delivery="same")
    again = await woo.post(order(PAID), delivery="another")
    assert [answer.body["duplicate"] for answer in (first, other, again)] == [False, False, True]
    assert other.body["messages"]
    assert again.body["messages"] == other.body["messages"]
    assert len(await api.items("/messages?order_id=10025")) == len(first.body["messages"] + other.body["messages"])


async def test_5_an_update_that_changes_no_status_sends_nothing(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    await woo.post(order(PAID))
    sent = await texts(service, clock, simulator)
    for minute in range(10, 20):
        noted = order(PAID, date_modified_gmt=f"2026-11-23T06:{minute + 30}:00", customer_note=f"{minute}")
        answer = await woo.post(noted)
        assert (answer.status, answer.body["messages"], answer.body["calls"]) == (200, [], [])
    assert await texts(service, clock, simulator) == sent
    assert len(sent) == 2


async def test_6_merged_hops_tell_the_newest_and_keep_what_was_paid(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    """The body is made when it is posted: pending → processing → completed may all show the last."""
    clock.turn_to(clock.now().replace(day=25, hour=12))
    for delivery in ("1", "2", "3"):
        await woo.post(order(COMPLETED), topic="order.created" if delivery == "1" else "order.updated")
    found = (await api.get("/orders/10025")).body
    assert (found["stage"], found["prepaid"]) == ("delivered", True)
    sent = await texts(service, clock, simulator)
    assert len(sent) == len(set(sent))
    assert any("تحویل" in text for text in sent)
    assert not any("آماده‌سازی" in text for text in sent)


async def test_6_an_older_state_that_comes_late_changes_nothing(woo: WooShop, clock: StillClock, api: ApiUser) -> None:
    clock.turn_to(clock.now().replace(day=25))
    await woo.post(order(COMPLETED))
    before = (await api.get("/orders/10025")).body
    for late in (PENDING, PAID, "order.updated__failed_online"):
        answer = await woo.post(order(late))
        assert (answer.status, answer.body["messages"]) == (200, [])
    assert (await api.get("/orders/10025")).body == before


async def test_7_cash_with_a_paid_date_is_not_prepaid(woo: WooShop, api: ApiUser) -> None:
    paid = {"date_paid": "2026-11-23T10:00:00", "date_paid_gmt": "2026-11-23T06:30:00"}
    answer = await woo.post(order("order.created__processing_cash", **paid), topic="order.created")
    assert (answer.body["prepaid"], answer.body["delivery_priority"]) == (False, "normal")
    assert [message["template"] for message in answer.body["messages"]] == ["order_registered_cash"]
    done = await woo.post(order("order.updated__completed_cash", **paid))
    assert done.body["prepaid"] is False
    assert (await api.items("/orders?priority=high")) == []


@pytest.mark.parametrize("status", ["pending", "on-hold", "failed"])
async def test_7_online_and_awaiting_payment_is_not_prepaid(woo: WooShop, status: str) -> None:
    waiting = await woo.post(order(PAID, status=status))
    assert waiting.body["prepaid"] is False
    paid = await woo.post(order(PAID, date_modified_gmt="2026-11-23T06:50:00"))
    assert (paid.body["prepaid"], paid.body["delivery_priority"]) == (True, "high")


@pytest.mark.slow
async def test_8_no_2xx_while_nothing_can_be_stored_and_the_order_is_filled_in_later(
    make_config: Any, clock: StillClock, redis: Redis, aiohttp_client: Any, aiohttp_server: Any
) -> None:
    shop = WooCommerce()
    url = str((await aiohttp_server(shop.app())).make_url("")).rstrip("/")
    rest = {"url": url, "consumer_key": KEY, "consumer_secret": SECRET}
    config: Config = make_config(sources__woo__rest=rest)
    clock.turn_to(clock.now().replace(hour=10, minute=30))
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client = await aiohttp_client(service.app)
        shop.put(order(PAID), at=clock.now())
        await refuse_writes(redis)
        try:
            answer = await WooShop(client).post(shop.orders[10025])
        finally:
            await refuse_writes(redis, refused=False)
        assert (answer.status, answer.is_problem) == (503, True)
        assert int(answer.headers["Retry-After"]) > 0
        assert (await ApiUser(client).get("/orders/10025")).status == 404
        clock.turn_to(clock.now().replace(minute=45))
        assert await service.watching.catch_ups[0].tick() == 1  # WooCommerce does not come again, so we went
        assert (await ApiUser(client).get("/orders/10025")).body["prepaid"] is True


async def test_24_an_unknown_status_and_state_are_kept_and_shown(woo: WooShop, api: ApiUser) -> None:
    address = order(PAID)["shipping"] | {"state": "TEH-9", "city": "پرند"}
    odd = order(PAID, status="wc-waiting-for-moon", shipping=address, billing=address | {"phone": "09121234567"})
    first = await woo.post(odd, topic="order.created")
    assert first.status == 200
    found = (await api.get("/orders/10025")).body
    assert found["customer"]["province"] == "TEH-9"
    told = " ".join(str(line) for line in found["timeline"])
    assert "waiting-for-moon" in told
    assert "TEH-9" in told
    known = await woo.post(order(PAID, date_modified_gmt="2026-11-23T07:00:00"))
    assert known.body["prepaid"] is True


@pytest.mark.parametrize(
    "oddity",
    [
        {"status": None},
        {"status": 7},
        {"status": "س" * 5000},
        {"billing": None, "shipping": []},
        {"billing": {"state": ["THR"], "phone": {"x": 1}, "country": 5}},
        {"meta_data": {"0": {"key": "post_barcode", "value": ["1"]}}},
        {"line_items": "none", "refunds": 3, "total": "بسیار"},
        {"date_modified_gmt": "1403-09-03T10:00:00", "date_created_gmt": 0, "date_paid_gmt": "soon"},
    ],
)
async def test_24_nothing_odd_is_refused(woo: WooShop, api: ApiUser, oddity: dict[str, Any]) -> None:
    answer = await woo.post(order(PAID, **oddity))
    assert (answer.status, answer.body["order_id"]) == (200, "10025")
    assert (await api.get("/orders/10025")).status in (200, 404)  # what says nothing at all leaves no order
    await woo.post(order(PAID, date_modified_gmt="2026-11-23T09:00:00"))
    assert (await api.get("/orders/10025")).body["prepaid"] is True
