"""A shop of kind ``mapping``: its own words, over real HTTP and a real Redis."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from mapping_shop import SOURCE, MappedShop, order
from redis.asyncio import Redis
from shops import Answer, ApiUser, Client, send_all

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.mapping import MappingSource
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator

MakeConfig = Callable[..., Config]


@pytest.fixture
def changes() -> dict[str, Any]:
    """What is different about the source; to be parametrised."""
    return {}


@pytest.fixture
async def service(
    make_config: MakeConfig, clock: StillClock, redis: Redis, changes: dict[str, Any]
) -> AsyncIterator[Service]:
    async with Service(make_config(sources__mine=SOURCE | changes), clock=clock, roles=[WEB]) as running:
        yield running


@pytest.fixture
async def client(service: Service, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    return await aiohttp_client(service.app)


@pytest.fixture
def mine(client: Client, service: Service, clock: StillClock) -> MappedShop:
    source = service.config.sources["mine"]
    assert isinstance(source, MappingSource)
    return MappedShop(client, clock, source.scheme())


def with_changes(**changes: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("changes", [changes])


def names(answer: Answer, what: str = "messages", key: str = "template") -> list[str]:
    return [thing[key] for thing in answer.body[what]]


async def test_a_paid_order_is_told_and_called_like_any_other(mine: MappedShop, api: ApiUser) -> None:
    answer = await mine.post(order())
    assert answer.status == 202
    assert names(answer) == ["payment_succeeded_tehran"]
    assert names(answer, "calls", "purpose") == ["reassurance"]
    assert (answer.body["order_id"], answer.body["prepaid"]) == ("812", True)
    found = (await api.get("/orders/812?source=mine")).body
    assert found["payment"]["amount"] == 185_000_000
    assert found["customer"]["name"] == "سارا محمدی"
    assert found["items"] == [{"name": "Xiaomi 13T Pro", "quantity": 2}]


async def test_an_order_from_its_beginning_to_its_parcel(
    mine: MappedShop, service: Service, simulator: Simulator, clock: StillClock
) -> None:
    told = []
    for minute, state in enumerate(("new", "paid", "packed", "sent")):
        changed = f"2026-11-23 09:5{minute}:00"
        told += names(await mine.post(order(state, changed=changed, parcel="1234" if state == "sent" else "")))
    assert told == ["payment_open", "payment_succeeded_tehran", "order_packed", "order_shipped_tehran"]
    await send_all(service, clock)
    assert len(simulator.messages) == 3  # the reminder to pay has been withdrawn


async def test_the_very_same_delivery_is_a_duplicate(mine: MappedShop) -> None:
    first, again = await mine.post(order()), await mine.post(order())
    assert (first.status, again.status) == (202, 200)
    assert again.body == first.body | {"duplicate": True}


@pytest.mark.parametrize("state", ["new", "paid", "packed", "sent", "failed", "dropped"])
async def test_the_same_status_again_is_no_news(mine: MappedShop, state: str) -> None:
    """Shops post an order whenever anything about it changes."""
    first = await mine.post(order(state))
    again = await mine.post(order(state, changed="2026-11-23 09:45:00", note="a new note"))
    assert names(first) or names(first, "calls", "purpose")
    assert again.status in (200, 202)
    assert names(again) == names(again, "calls", "purpose") == []


async def test_a_payment_that_fails_again_after_another_try_is_news(mine: MappedShop) -> None:
    times = iter(range(30, 60))
    told = [
        names(await mine.post(order(state, changed=f"2026-11-23 09:{next(times)}:00")))
        for state in ("failed", "failed", "new", "failed")
    ]
    assert told == [["payment_failed"], [], [], ["payment_failed"]]


@with_changes(snapshots=False)
async def test_a_shop_that_posts_what_happened_may_repeat_it(mine: MappedShop) -> None:
    told = [names(await mine.post(order("failed", changed=f"2026-11-23 09:{minute}:00"))) for minute in (30, 40)]
    assert told == [["payment_failed"], ["payment_failed"]]


async def test_a_cancelled_order_stays_so_until_it_goes_on(mine: MappedShop, api: ApiUser) -> None:
    await mine.post(order("paid"))
    await mine.post(order("dropped", changed="2026-11-23 09:40:00"))
    await mine.post(order("dropped", changed="2026-11-23 09:41:00", note="!"))
    assert (await api.get("/orders/812?source=mine")).body["cancelled"] is True
    answer = await mine.post(order("packed", changed="2026-11-23 09:50:00"))
    assert (await api.get("/orders/812?source=mine")).body["cancelled"] is False
    assert "order_packed" in names(answer)


async def test_cash_is_not_paid_by_a_status_that_says_so(mine: MappedShop) -> None:
    answer = await mine.post(order(pay="cod"))
    assert answer.body["prepaid"] is False
    assert names(answer) == ["order_registered_cash"]


async def test_an_unknown_status_is_recorded_and_sends_nothing(
    mine: MappedShop, api: ApiUser, service: Service
) -> None:
    await mine.post(order("paid"))
    answer = await mine.post(order("in-the-clouds", changed="2026-11-23 09:40:00"))
    assert answer.status == 202
    assert names(answer) == []
    found = (await api.get("/orders/812?source=mine")).body
    assert {"status": "in-the-clouds"} in [line.get("extra") for line in found["timeline"]]
    unheard = await mine.post(order("in-the-clouds", id=813))
    assert unheard.status == 200
    assert (await api.get("/orders/813?source=mine")).status == 404
    await service.rejections.write()
    kept = await service.rejections.book.every(source="mine")
    assert len(kept) == 2
    one = await service.rejections.book.get(kept[0])
    assert one is not None
    assert "[sources.mine.statuses]" in one.reason
    assert one.whole


async def test_what_a_status_means_may_be_nothing(mine: MappedShop, api: ApiUser) -> None:
    assert (await mine.post(order("draft"))).status == 200
    assert (await api.get("/orders/812?source=mine")).status == 404


async def test_an_unknown_method_is_recorded(mine: MappedShop, api: ApiUser) -> None:
    assert (await mine.post(order("new", pay="barter"))).status == 202
    (line,) = [line for line in (await api.get("/orders/812?source=mine")).body["timeline"] if line["kind"] == "event"]
    assert "barter" in line["extra"]["oddities"][0]


async def test_news_of_an_order_nobody_knows_waits_for_it(mine: MappedShop, api: ApiUser) -> None:
    nobody = order("packed", buyer={})
    answer = await mine.post(nobody)
    assert (answer.status, answer.body["parked"]) == (202, True)
    await mine.post(order("new", changed="2026-11-23 09:20:00"))
    assert (await api.get("/orders/812?source=mine")).body["stage"] == "packed"


async def test_all_mistakes_are_told_at_once(mine: MappedShop) -> None:
    answer = await mine.post(order(total="much", changed="soon"))
    assert (answer.status, answer.is_problem) == (422, True)
    assert {error["key"] for error in answer.body["errors"]} == {"fields.payment.amount", "time"}


@with_changes(fields=SOURCE["fields"] | {"customer": {"name": "join(' ', [first, last])", "phone": "buyer.mobile"}})
async def test_an_expression_that_does_not_suit_a_delivery_is_no_fault_of_ours(mine: MappedShop) -> None:
    answer = await mine.post(order())
    assert answer.status == 422
    assert answer.body["errors"][0]["key"] == "fields.customer.name"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'"text"', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"a=1", "application/x-www-form-urlencoded", 422),
        (b"a=%FF", "application/x-www-form-urlencoded", 400),
        (b"<xml/>", "application/xml", 415),
        (b"[" * 100_000, "application/json", 400),
        (b"&".join(b"a" + b"[x]" * 50 + b"=1" for _ in range(3000)), "application/x-www-form-urlencoded", 400),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_body_of_another_form(mine: MappedShop, body: bytes, content_type: str, status: int) -> None:
    answer = await mine.post(body, content_type=content_type)
    assert (answer.status, answer.is_problem) == (status, True)


async def test_a_form_as_php_writes_it(mine: MappedShop, api: ApiUser) -> None:
    fields = {
        "id": "812",
        "state": "paid",
        "changed": "1405/09/02 09:30:00",
        "buyer[name]": "سارا محمدی",
        "buyer[mobile]": "9121234567",
        "buyer[town]": "تهران",
        "pay": "gateway",
        "total": "18500000",
        "unit": "irt",
        "lines[0][title]": "Xiaomi 13T Pro",
        "lines[0][count]": "1",
        "lines[1][title]": "قاب",
        "lines[1][count]": "2",
    }
    answer = await mine.post(urlencode(fields).encode(), content_type="application/x-www-form-urlencoded")
    assert (answer.status, names(answer)) == (202, ["payment_succeeded_tehran"])
    found = (await api.get("/orders/812?source=mine")).body
    assert [item["name"] for item in found["items"]] == ["Xiaomi 13T Pro", "قاب"]


async def test_json_that_curl_calls_a_form(mine: MappedShop) -> None:
    assert (await mine.post(order(), content_type="application/x-www-form-urlencoded")).status == 202


@with_changes(id="uuid")
async def test_an_id_of_the_shop_s_own(mine: MappedShop) -> None:
    first, again = [await mine.post(order(uuid="e-1")) for _ in range(2)]
    assert (first.status, first.body["event_id"], again.status) == (202, "e-1", 200)
    clash = await mine.post(order("packed", uuid="e-1"))
    assert (clash.status, clash.is_problem) == (409, True)
    assert (await mine.post(order("packed"))).status == 202  # without one it is known by its contents
    assert (await mine.post(order(uuid="x" * 257))).status == 422


@with_changes(status="header:X-Topic", id="header:X-Delivery")
async def test_what_stands_in_headers(mine: MappedShop, service: Service) -> None:
    paid = await mine.post(order(), headers={"X-Topic": "paid", "X-Delivery": "d-1"})
    assert (paid.status, paid.body["event_id"], names(paid)) == (202, "d-1", ["payment_succeeded_tehran"])
    packed = await mine.post(order(), headers={"X-Topic": "packed"})
    assert names(packed) == ["order_packed"]
    assert (await mine.post(order(), headers={"X-Topic": "é\udcff"})).status == 202
    await service.rejections.write()
    (kept,) = await service.rejections.book.every(source="mine")
    assert (await service.rejections.book.get(kept)).headers["x-topic"]  # type: ignore[union-attr]
    assert (await mine.post(order())).status == 422


async def test_a_delivery_that_is_not_signed_is_refused(mine: MappedShop, redis: Redis) -> None:
    for headers in ({}, {"X-Signature": "0" * 64}, {"X-Signature": "é\udcff"}):
        answer = await mine.send(b"{}", headers)
        assert (answer.status, answer.is_problem) == (401, True)
    assert not [key async for key in redis.scan_iter("n:{*")]


async def test_there_is_no_batch(mine: MappedShop) -> None:
    answer = await MappedShop(mine.client, mine.clock, mine.scheme, "mine/batch").post([order()])
    assert (answer.status, answer.is_problem) == (404, True)


async def test_a_status_that_was_not_known_is_replayed_once_it_is(
    service: Service,
    mine: MappedShop,
    make_config: MakeConfig,
    clock: StillClock,
    aiohttp_client: Callable[..., Awaitable[Client]],
) -> None:
    await mine.post(order("in-the-clouds"))
    await service.rejections.write()
    named = SOURCE | {"statuses": SOURCE["statuses"] | {"in-the-clouds": ["order.registered", "paid"]}}
    async with Service(make_config(sources__mine=named), clock=clock, roles=[WEB]) as fixed:
        (kept,) = await fixed.rejections.book.every(source="mine")
        delivery = await fixed.rejections.book.get(kept)
        assert delivery is not None
        assert "x-signature" not in delivery.headers
        assert (await fixed.replayer.replay(delivery)).became == "taken"
        api = ApiUser(await aiohttp_client(fixed.app))
        assert (await api.get("/orders/812?source=mine")).body["stage"] == "paid"
