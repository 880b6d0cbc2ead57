"""Deliveries that were refused: kept, shown, and replayed after a fix."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from console_browser import Browser, hire
from redis.asyncio import Redis
from redis.exceptions import RedisError
from shops import ApiUser, Client, StandardShop, WooShop, send_all, standard_fixture, woo_bytes, woo_fixture

from notifier.clock import StillClock
from notifier.errors import StoreAway
from notifier.intake import dead_letters, rejections
from notifier.intake.dead_letters import Quota
from notifier.intake.replaying import Replayed, ReplayOutcome
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator

PAID = "payment.succeeded__tehran_online"
WRONG = "whsec_b3RoZXIgb3RoZXIgb3RoZXI="


async def only(api: ApiUser, query: str = "") -> Any:
    (item,) = (await api.get(f"/deliveries{query}")).body["items"]
    return item


async def replay(service: Service, kept_id: str, *, trust: bool = False) -> Replayed:
    found = await service.replayer.book.get(kept_id)
    assert found
    return await service.replayer.replay(found, trust=trust)


async def test_a_refused_schema_is_kept_with_its_mistakes(shop: StandardShop, api: ApiUser) -> None:
    payload = standard_fixture(PAID) | {"type": "order.lost"}
    await shop.post(payload, event_id="msg_1")
    item = await only(api)
    assert (item["status"], item["source"], item["signed"], item["event_id"]) == (422, "shop", True, "msg_1")
    assert (item["order_id"], item["event_type"]) == ("10025", "order.lost")
    assert [mistake["loc"] for mistake in item["errors"]] == [["type"]]
    assert json.loads(item["body"]) == payload
    assert item["whole"] is True
    assert item["size"] == len(item["body"].encode())
    assert item["remote"] == "127.0.0.1"


async def test_secrets_are_not_kept(shop: StandardShop, api: ApiUser, redis: Redis) -> None:
    body, headers = standard.signed(WRONG, standard_fixture(PAID), at=shop.clock.now(), event_id="msg_1")
    secret = {"Authorization": "Bearer hush", "Cookie": "c=hush", "X-WC-Webhook-Signature": "hush", "X-Api-Key": "hush"}
    await shop.send(body, headers | secret | {"user-agent": "Shop/1"})
    item = await only(api)
    assert item["headers"] == {
        "webhook-id": "msg_1",
        "webhook-timestamp": headers["webhook-timestamp"],
        "content-type": "application/json",
        "user-agent": "Shop/1",
    }
    stored = await redis.get(f"n:{{kept}}:delivery:{item['id']}")
    assert b"hush" not in stored
    assert headers["webhook-signature"].encode() not in stored


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, b"{"), (400, b"\xff\xfe"), (422, b"[]"), (413, b"x" * 1_100_000)],
    ids=lambda v: str(v)[:8],
)
async def test_each_refusal_is_kept(shop: StandardShop, api: ApiUser, status: int, body: bytes) -> None:
    assert (await shop.post_raw(body)).status == status
    item = await only(api, f"?status={status}")
    assert item["reason"]
    assert item["size"] == len(body)
    assert item["whole"] == (body in (b"{", b"[]"))


async def test_what_is_no_refusal_is_not_kept(shop: StandardShop, woo: WooShop, api: ApiUser) -> None:
    await shop.post(standard_fixture(PAID), event_id="msg_1")
    await shop.post(standard_fixture(PAID), event_id="msg_1")
    await StandardShop(shop.client, shop.clock, name="nobody").post(standard_fixture(PAID))
    await woo.post(woo_fixture("order.created__pending_online")["body"])
    assert await api.items("/deliveries") == []


async def test_an_unsigned_one_is_replayed_only_on_trust(
    shop: StandardShop, api: ApiUser, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    stranger = StandardShop(shop.client, shop.clock, secret=WRONG)
    assert (await stranger.post(standard_fixture(PAID), event_id="msg_1")).status == 401
    item = await only(api)
    assert (await replay(service, item["id"])).became is ReplayOutcome.UNTRUSTED
    assert (await api.get("/orders/10025")).status == 404
    assert (await replay(service, item["id"], trust=True)).became is ReplayOutcome.TAKEN
    assert await api.items("/deliveries") == []
    again = await shop.post(standard_fixture(PAID), event_id="msg_1")
    assert (again.status, again.body["duplicate"]) == (200, True)
    await send_all(service, clock)
    assert len(simulator.messages) == 1


async def test_replaying_at_once_sends_once(
    shop: StandardShop, api: ApiUser, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    await StandardShop(shop.client, shop.clock, secret=WRONG).post(standard_fixture(PAID))
    found = await service.replayer.book.get((await only(api))["id"])
    assert found
    results = await asyncio.gather(*(service.replayer.replay(found, trust=True) for _ in range(4)))
    assert sorted(result.became for result in results) == [ReplayOutcome.KNOWN] * 3 + [ReplayOutcome.TAKEN]
    await send_all(service, clock)
    assert len(simulator.messages) == 1


async def test_age_does_not_matter_on_replay(shop: StandardShop, api: ApiUser, service: Service) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now().replace(year=2025))
    assert (await shop.send(body, headers)).status == 401
    assert (await replay(service, (await only(api))["id"], trust=True)).became is ReplayOutcome.TAKEN


async def test_another_body_under_one_id_gets_an_id_of_its_own(
    shop: StandardShop, api: ApiUser, service: Service
) -> None:
    await shop.post(standard_fixture(PAID), event_id="msg_1")
    other = standard_fixture("order.packed__order_id_alone")
    assert (await shop.post(other, event_id="msg_1")).status == 409
    assert (await replay(service, (await only(api))["id"])).became is ReplayOutcome.TAKEN
    assert (await api.get("/orders/10025")).body["stage"] == "packed"
    assert (await shop.post(other, event_id="msg_1")).status == 409
    assert (await replay(service, (await only(api))["id"])).became is ReplayOutcome.KNOWN


async def test_what_is_still_wrong_stays(shop: StandardShop, api: ApiUser, service: Service) -> None:
    await shop.post(standard_fixture(PAID) | {"type": "order.lost"})
    item = await only(api)
    result = await replay(service, item["id"])
    assert result.became is ReplayOutcome.REFUSED
    assert "type" in result.reason
    assert await only(api) == item


async def test_an_unknown_status_is_replayed_when_it_has_a_meaning(
    woo: WooShop,
    api: ApiUser,
    service: Service,
    redis: Redis,
    make_config: Callable[..., Any],
    clock: StillClock,
    simulator: Simulator,
    aiohttp_client: Callable[..., Awaitable[Client]],
) -> None:
    order = woo_fixture("order.updated__processing_online")["body"] | {"status": "at-the-post"}
    assert (await woo.post(order)).status == 200
    item = await only(api, "?source=woo&status=200")
    assert "at-the-post" in item["reason"]
    assert item["signed"] is True
    assert (await replay(service, item["id"])).became is ReplayOutcome.REFUSED
    changed = make_config(sources__woo__statuses={"at-the-post": ["order.registered", "paid", "order.shipped"]})
    async with Service(changed, clock=clock, roles=[WEB]) as fixed:
        assert (await replay(fixed, item["id"])).became is ReplayOutcome.TAKEN
        seen = ApiUser(await aiohttp_client(fixed.app))
        assert (await seen.get(f"/orders/{order['id']}")).body["stage"] == "shipped"
        assert await seen.items("/deliveries") == []
        assert (await WooShop(seen.client).post_raw(woo_bytes(order))).status == 200
        await send_all(fixed, clock)
        sent = len(simulator.messages)
        assert sent > 0
        assert await seen.items("/deliveries") == []


async def test_a_refused_woocommerce_secret_is_made_good(woo: WooShop, api: ApiUser, service: Service) -> None:
    order = woo_fixture("order.updated__processing_online")["body"]
    await WooShop(woo.client, secret="an old one").post(order)
    item = await only(api, "?status=401")
    assert (await replay(service, item["id"], trust=True)).became is ReplayOutcome.TAKEN
    assert (await api.get(f"/orders/{order['id']}")).body["prepaid"] is True


async def test_refused_parts_of_a_batch_are_kept_one_by_one(shop: StandardShop, api: ApiUser, service: Service) -> None:
    good = standard_fixture(PAID)
    bad = standard_fixture(PAID) | {"type": "order.lost"}
    await shop.post([good, bad, good | {"timestamp": "never"}], event_id="batch", path="/batch")
    items = await api.items("/deliveries")
    assert sorted(item["event_id"] for item in items) == ["batch/1", "batch/2"]
    assert {(item["status"], item["batch"]) for item in items} == {(422, False)}
    assert bad in [json.loads(item["body"]) for item in items]


async def test_a_whole_batch_is_replayed(shop: StandardShop, api: ApiUser, service: Service) -> None:
    events = [standard_fixture(PAID), standard_fixture("order.packed__order_id_alone")]
    await StandardShop(shop.client, shop.clock, secret=WRONG).post(events, event_id="batch", path="/batch")
    item = await only(api)
    assert item["batch"] is True
    assert (await replay(service, item["id"], trust=True)).became is ReplayOutcome.TAKEN
    assert (await api.get("/orders/10025")).body["stage"] == "packed"
    again = await shop.post(events, event_id="batch", path="/batch")
    assert [part["status"] for part in again.body] == [200, 200]


async def test_garbage_pushes_out_nothing_that_is_signed(
    shop: StandardShop, api: ApiUser, monkeypatch: pytest.MonkeyPatch, redis: Redis, service: Service
) -> None:
    monkeypatch.setattr(dead_letters, "UNSIGNED", Quota(5, 100))
    monkeypatch.setattr(rejections, "_ROOM", {True: 600, False: 3})
    await shop.post(standard_fixture(PAID) | {"type": "order.lost"})
    for _ in range(4):
        await asyncio.gather(
            *(shop.send(b"x" * 200 + str(n).encode(), {"content-type": "application/json"}) for n in range(8))
        )
        await service.rejections.write()
    for n in range(3):
        await shop.send(b"y%d" % n, {"content-type": "application/json", "webhook-id": "\udcff"})
    items = await api.items("/deliveries")
    assert [item["status"] for item in items if item["signed"]] == [422]
    assert len([item for item in items if not item["signed"]]) == 5
    assert all(len(item["body"]) <= 100 for item in items if not item["signed"])
    assert len(await redis.keys("n:{kept}:delivery:*")) == 6


async def test_the_same_again_takes_no_second_place(shop: StandardShop, api: ApiUser, clock: StillClock) -> None:
    for _ in range(3):
        await shop.post(standard_fixture(PAID) | {"type": "order.lost"}, event_id="msg_1")
        await api.get("/deliveries")
    assert (await only(api))["event_id"] == "msg_1"


async def test_they_lapse(shop: StandardShop, api: ApiUser, redis: Redis) -> None:
    await shop.post(standard_fixture(PAID) | {"type": "order.lost"})
    item = await only(api)
    fortnight = 14 * 24 * 3600
    for name in (f"n:{{kept}}:delivery:{item['id']}", "n:{kept}:signed:shop"):
        assert fortnight - 60 < await redis.ttl(name) <= fortnight
    await redis.delete(f"n:{{kept}}:delivery:{item['id']}")
    assert await api.items("/deliveries") == []


async def test_a_store_that_is_away_changes_no_answer(
    shop: StandardShop, api: ApiUser, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> None:
        raise RedisError

    with monkeypatch.context() as patched:
        patched.setattr(dead_letters.work, "commit", lambda *_: away(None))
        assert (await shop.post(standard_fixture(PAID) | {"type": "order.lost"})).status == 422
        await service.rejections.write()
    assert (await only(api))["status"] == 422


async def test_a_store_that_is_away_leaves_what_is_replayed(shop: StandardShop, api: ApiUser, service: Service) -> None:
    await StandardShop(shop.client, shop.clock, secret=WRONG).post(standard_fixture(PAID))
    item = await only(api)
    found = await service.replayer.book.get(item["id"])
    assert found
    await service.committer.stop()
    task = asyncio.create_task(service.replayer.replay(found, trust=True))
    await asyncio.sleep(0)  # it is in the committer's queue now
    await service.committer.stop()
    with pytest.raises(StoreAway):
        await task
    assert await only(api) == item


@pytest.mark.parametrize("query", ["?source=nobody", "?status=abc", "?cursor=x", "?limit=0"])
async def test_a_wrong_question_is_answered(api: ApiUser, query: str) -> None:
    answer = await api.get(f"/deliveries{query}")
    assert answer.status == 422
    assert answer.is_problem


async def test_page_after_page(shop: StandardShop, api: ApiUser) -> None:
    for number in range(7):
        await shop.post(standard_fixture(PAID) | {"type": f"order.{number}"})
    first = (await api.get("/deliveries?limit=3")).body
    second = (await api.get(f"/deliveries?limit=3&cursor={first['next_cursor']}")).body
    assert len({item["id"] for item in first["items"] + second["items"]}) == 6
    assert len(await api.items("/deliveries")) == 7


async def test_a_supervisor_sees_and_replays_them(
    shop: StandardShop, api: ApiUser, client: Client, service: Service
) -> None:
    await hire(service)
    boss, sara = Browser(client), Browser(client)
    await boss.enter(service, "boss")
    await sara.enter(service, "sara")
    assert (await sara.get("/deliveries")).status == 403
    assert "چیزی نمانده است" in (await boss.get("/deliveries")).words
    hostile = standard_fixture(PAID) | {"note": "<script>alert(1)</script>"}
    await StandardShop(shop.client, shop.clock, secret=WRONG).post(hostile)
    assert "/console/deliveries" in (await boss.get("/parked")).text
    page = await boss.get("/deliveries?status=401")
    for said in ("امضا درست نبود", "پرداخت آنلاین انجام شد", "سفارش ۱۰۰۲۵", "بررسی دوباره", "بی‌امضای درست"):
        assert said in page.words
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    assert '<pre dir="ltr">' in page.text
    item = await only(api)
    path = f"/deliveries/{item['id']}/replay"
    assert (await sara.post(path, trust="yes")).status == 403
    assert (await boss.post_bare(path, trust="yes")).status == 403  # without the token of a form
    refused = await boss.post(path)
    assert "گزینهٔ اطمینان" in refused.words
    assert "وب‌هوک‌های پذیرفته‌نشده" in refused.words  # where it was pressed
    done = await boss.post(path, trust="yes")
    assert "پذیرفته شد" in done.words
    assert (await api.get("/orders/10025")).status == 200
    assert (await boss.post(path, trust="yes")).status == 404


async def test_what_would_be_refused_again_is_told_before(shop: StandardShop, client: Client, service: Service) -> None:
    await hire(service)
    boss = Browser(client)
    await boss.enter(service, "boss")
    again = "باز هم پذیرفته نمی‌شود"
    await StandardShop(shop.client, shop.clock, secret=WRONG).post(standard_fixture(PAID))
    assert again not in (await boss.get("/deliveries")).words, "it lacks a signature and nothing else"
    await shop.post(standard_fixture(PAID) | {"timestamp": "yesterday"})
    assert again in (await boss.get("/deliveries?status=422")).words
    await shop.post_raw(b"no JSON")
    assert again in (await boss.get("/deliveries?status=400")).words
    assert again not in (await boss.get("/deliveries?status=401")).words
