"""What a shop of kind ``standard`` is answered, over real HTTP and a real Redis."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from redis_servers import until
from shops import FIXTURES, ApiUser, StandardShop, request, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.store.cluster import Cluster

NAMES = sorted(path.stem for path in (FIXTURES / "standard").glob("*.json"))
PAID = "payment.succeeded__tehran_online"
BOTH = pytest.mark.parametrize("partitions", [1, 4])


def with_order(payload: dict[str, Any], order_id: str, **data: Any) -> dict[str, Any]:
    return payload | {"data": payload["data"] | {"order_id": order_id} | data}


async def nothing_stored(redis: Redis) -> bool:
    """Whether the store holds no event; an instance name and routes are none."""
    return not [key async for key in redis.scan_iter("n:{*")]


def test_every_event_type_has_a_fixture() -> None:
    assert {name.split("__")[0] for name in NAMES} == set(EventType)


@BOTH
async def test_the_answer_tells_the_whole_decision(shop: StandardShop) -> None:
    answer = await shop.post(standard_fixture(PAID), event_id="msg_1")
    assert (answer.status, answer.headers["Content-Type"]) == (202, "application/json")
    body = answer.body
    ids = [thing.pop("id") for thing in (*body["messages"], *body["calls"])]
    assert all(text.isdecimal() and 0 < int(text) < 2**63 for text in ids)
    assert body == {
        "event_id": "msg_1",
        "order_id": "10025",
        "duplicate": False,
        "prepaid": True,
        "delivery_priority": "high",
        "deliver_at": None,
        "parked": False,
        "messages": [{"template": "payment_succeeded_tehran", "to": "0912***4567", "not_before": None}],
        "calls": [{"purpose": "reassurance", "due_at": "2026-11-23T10:15:00+03:30"}],
        "suppressed": [],
    }


@pytest.mark.parametrize("name", NAMES)
async def test_every_fixture_is_accepted_and_known_when_it_comes_again(shop: StandardShop, name: str) -> None:
    payload = standard_fixture(name)
    first = await shop.post(payload, event_id="msg_1")
    again = await shop.post(payload, event_id="msg_1")
    assert first.status == 202
    assert again.status == 200
    assert again.body == first.body | {"duplicate": True}


@BOTH
async def test_the_whole_story_of_an_order(shop: StandardShop, api: ApiUser, service: Service) -> None:
    for name in (n for n in NAMES if n.endswith(("order_id_alone", "whole")) or n == "order.registered__tehran_online"):
        assert (await shop.post(standard_fixture(name))).status == 202
    order = (await api.get("/orders/10025")).body
    assert order["stage"] == "returned"
    assert {line["what"] for line in order["timeline"] if line["kind"] == "event"} == {
        name.split("__")[0] for name in NAMES if name.endswith(("order_id_alone", "whole"))
    } | {"order.registered"}


async def test_another_body_under_a_known_id_is_a_conflict(shop: StandardShop) -> None:
    payload = standard_fixture(PAID)
    await shop.post(payload, event_id="msg_1")
    answer = await shop.post(with_order(payload, "10026"), event_id="msg_1")
    assert answer.status == 409
    assert answer.is_problem
    assert "msg_1" in answer.body["detail"]


async def test_the_same_news_under_two_ids_is_told_once(
    shop: StandardShop, service: Service, simulator: Simulator, clock: StillClock
) -> None:
    for event_id in ("msg_1", "msg_2"):
        assert (await shop.post(standard_fixture(PAID), event_id=event_id)).status == 202
    await send_all(service, clock)
    assert len(simulator.messages) == 1


async def test_unknown_fields_are_kept(shop: StandardShop, api: ApiUser) -> None:
    await shop.post(standard_fixture("payment.succeeded__unknown_fields"))
    (line,) = [line for line in (await api.get("/orders/10025")).body["timeline"] if line["kind"] == "event"]
    assert line["extra"] == {
        "": {"trace": {"id": "abc"}},
        "data": {"note": "زنگ نزنید"},
        "customer": {"club": "gold"},
        "payment": {"terminal": 77},
        "shipment": {"weight": 450},
        "items": [{"sku": "MI-13TP"}],
    }


Change = Callable[[dict[str, str]], object]


def dropped(name: str) -> Change:
    return lambda headers: headers.pop(name)


def put(name: str, text: str) -> Change:
    return lambda headers: headers.update({name: text})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(dropped("webhook-id"), id="no id"),
        pytest.param(dropped("webhook-timestamp"), id="no timestamp"),
        pytest.param(dropped("webhook-signature"), id="no signature"),
        pytest.param(put("webhook-id", "msg_other"), id="another id"),
        pytest.param(put("webhook-id", "m" * 257), id="long id"),
        pytest.param(put("webhook-id", "msg_\udcff"), id="id of odd bytes"),
        pytest.param(put("webhook-timestamp", "yesterday"), id="timestamp is no number"),
        pytest.param(put("webhook-timestamp", "-1"), id="negative timestamp"),
        pytest.param(put("webhook-timestamp", "999999999999"), id="year 33658"),
        pytest.param(put("webhook-timestamp", "9" * 5000), id="endless timestamp"),
        pytest.param(put("webhook-timestamp", "١٧٩٥٤١٥٤٠٠"), id="timestamp in Arabic digits"),
        pytest.param(put("webhook-signature", "nocomma"), id="no comma"),
        pytest.param(put("webhook-signature", "v1,"), id="nothing after the comma"),
        pytest.param(put("webhook-signature", "v1,***"), id="not base64"),
        pytest.param(put("webhook-signature", "v1,\udcff"), id="odd bytes"),
        pytest.param(put("webhook-signature", "v1,é"), id="not ASCII"),
        pytest.param(put("webhook-signature", "v1," + base64.b64encode(b"x" * 32).decode()), id="wrong signature"),
        pytest.param(put("webhook-signature", " , ,, v1 v1,a"), id="commas and spaces"),
    ],
)
async def test_a_bad_signature_is_refused(shop: StandardShop, redis: Redis, change: Change) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now(), event_id="msg_1")
    change(headers)
    answer = await shop.send(body, headers)
    assert answer.status == 401
    assert answer.is_problem
    assert await nothing_stored(redis)


async def test_a_signature_under_another_version_does_not_count(shop: StandardShop) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v1a,")
    assert (await shop.send(body, headers)).status == 401


async def test_a_signature_with_another_secret_or_of_another_body_is_refused(shop: StandardShop) -> None:
    other = "whsec_" + base64.b64encode(b"another secret").decode()
    body, headers = standard.signed(other, standard_fixture(PAID), at=shop.clock.now())
    assert (await shop.send(body, headers)).status == 401
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    assert (await shop.send(body + b" ", headers)).status == 401


@pytest.mark.parametrize(
    ("age", "status"), [(299, 202), (300, 202), (301, 401), (-300, 202), (-301, 401), (10**9, 401)]
)
async def test_a_signature_holds_for_five_minutes(shop: StandardShop, age: int, status: int) -> None:
    at = shop.clock.now() - timedelta(seconds=age)
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=at)
    answer = await shop.send(body, headers)
    assert answer.status == status
    assert status == 202 or "webhook-timestamp" in answer.body["detail"]


@pytest.mark.parametrize("others", [("v1,AAAA", "junk"), ("v1a,AAAA",), ("v1,é",), ("", "")])
@pytest.mark.parametrize("first", [True, False])
async def test_of_several_signatures_one_must_match(shop: StandardShop, others: tuple[str, ...], first: bool) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    ours = headers["webhook-signature"]
    headers["webhook-signature"] = " ".join([ours, *others] if first else [*others, ours])
    assert (await shop.send(body, headers)).status == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", '{"a": "\xe9"}'.encode("latin-1"), b"NaN", b'{"a": Infinity}', b'"\\ud800"', b"[" * 5000],
    ids=["empty", "open", "no UTF-8", "Latin-1", "NaN", "Infinity", "surrogate", "deep"],
)
@pytest.mark.parametrize("path", ["", "/batch"])
async def test_what_is_no_json_is_refused(shop: StandardShop, redis: Redis, body: bytes, path: str) -> None:
    answer = await shop.post_raw(body, path=path)
    assert answer.status == 400
    assert answer.is_problem
    assert await nothing_stored(redis)


MISTAKES: list[tuple[list[str | int], Any]] = [
    (["type"], "order.lost"),
    (["type"], 7),
    (["type"], None),
    (["timestamp"], "2026-11-23T10:00:00"),
    (["timestamp"], "yesterday"),
    (["timestamp"], "1026-11-23T10:00:00+03:30"),
    (["data"], []),
    (["data", "order_id"], ""),
    (["data", "order_id"], "   "),
    (["data", "order_id"], 10025),
    (["data", "order_id"], "x" * 101),
    (["data", "order_id"], "a:b"),
    (["data", "order_id"], ".."),
    (["data", "order_id"], "a\nb"),
    (["data", "customer"], "سارا"),
    (["data", "customer", "phone"], "12"),
    (["data", "customer", "phone"], 9121234567),
    (["data", "customer", "name"], "x" * 201),
    (["data", "payment", "method"], "credit"),
    (["data", "payment", "amount"], "much"),
    (["data", "payment", "amount"], 1.5),
    (["data", "items"], {}),
    (["data", "items", 0, "quantity"], 0),
    (["data", "items", 0, "name"], ""),
    (["data", "shipment", "url"], "javascript:alert(1)"),
]


@pytest.mark.parametrize(
    ("loc", "value"), MISTAKES, ids=[f"{'.'.join(map(str, loc))}={v!r:.20}" for loc, v in MISTAKES]
)
async def test_a_mistake_is_named_where_it_stands(
    shop: StandardShop, redis: Redis, loc: list[str | int], value: Any
) -> None:
    payload = standard_fixture(PAID)
    place: Any = payload
    for key in loc[:-1]:
        place = place[key]
    place[loc[-1]] = value
    answer = await shop.post(payload)
    assert answer.status == 422
    assert answer.is_problem
    (mistake,) = answer.body["errors"]
    assert mistake["loc"] == loc
    assert mistake["msg"]
    assert await nothing_stored(redis)


@pytest.mark.parametrize("payment", [{"amount": -1}, {"amount": 5, "currency": "USD"}, {"amount": 10**30}])
async def test_an_amount_that_is_no_money_is_refused(shop: StandardShop, payment: dict[str, Any]) -> None:
    payload = standard_fixture(PAID)
    answer = await shop.post(with_order(payload, "10025", payment=payload["data"]["payment"] | payment))
    assert answer.status == 422
    assert answer.body["errors"][0]["loc"][:2] == ["data", "payment"]


async def test_every_mistake_is_named_at_once(shop: StandardShop) -> None:
    answer = await shop.post({"type": "x", "data": {"customer": {"phone": "1"}, "items": [{"quantity": 0}]}})
    assert answer.status == 422
    assert sorted(map(str, (mistake["loc"] for mistake in answer.body["errors"]))) == sorted(
        map(
            str,
            [
                ["type"],
                ["timestamp"],
                ["data", "order_id"],
                ["data", "customer", "phone"],
                ["data", "items", 0, "name"],
                ["data", "items", 0, "quantity"],
            ],
        )
    )


@pytest.mark.parametrize("document", [None, 1, "x", [], {}, [{}]])
async def test_what_is_no_event_is_refused(shop: StandardShop, document: Any) -> None:
    answer = await shop.post(document)
    assert answer.status == 422
    assert answer.body["errors"]


async def test_an_order_without_a_customer_cannot_be_registered(shop: StandardShop) -> None:
    payload = standard_fixture("order.registered__tehran_cash")
    answer = await shop.post(with_order(payload, "1", customer={"name": "سارا"}))
    assert answer.status == 422
    assert "data.customer.phone" in answer.body["errors"][0]["msg"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "nonsense"])
async def test_another_content_type_is_refused(shop: StandardShop, kind: str | None) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    del headers["content-type"]
    answer = await shop.send(body, headers | ({"content-type": kind} if kind else {}))
    assert answer.status == 415
    assert answer.is_problem


async def test_a_charset_beside_the_content_type_is_fine(shop: StandardShop) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    assert (await shop.send(body, headers | {"content-type": "Application/JSON; charset=utf-8"})).status == 202


async def test_a_body_over_the_limit_is_refused(shop: StandardShop) -> None:
    answer = await shop.post(with_order(standard_fixture(PAID), "1", note="x" * 1_048_576))
    assert answer.status == 413
    assert answer.is_problem


@pytest.mark.parametrize("path", ["/webhooks/nobody", "/webhooks/nobody/batch", "/webhooks/%ED%A0%80", "/elsewhere"])
async def test_what_is_not_there_is_not_found(shop: StandardShop, path: str) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    answer = await request(shop.client, "POST", path, body, headers)
    assert answer.status == 404
    assert answer.is_problem


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method_is_refused(shop: StandardShop, method: str) -> None:
    answer = await request(shop.client, method, "/webhooks/shop", b"", {})
    assert answer.status == 405
    assert answer.is_problem
    assert answer.headers["Allow"] == "POST"


@BOTH
async def test_many_deliveries_for_one_order_at_once(shop: StandardShop, api: ApiUser) -> None:
    payload = standard_fixture("payment.failed__tehran_online")
    events = [
        with_order(payload, "10025", payment=payload["data"]["payment"] | {"reference": f"try {number}"})
        for number in range(150)
    ]
    answers = await asyncio.gather(*(shop.post(event, event_id=f"m{n % 100}") for n, event in enumerate(events[:100])))
    more = await asyncio.gather(*(shop.post(event, event_id=f"m{n}") for n, event in enumerate(events)))
    assert {answer.status for answer in answers} == {202}
    assert [answer.status for answer in more] == [200] * 100 + [202] * 50
    order = (await api.get("/orders/10025")).body
    told = [line["ref"] for line in order["timeline"] if line["kind"] == "event"]
    assert sorted(told) == sorted(f"m{number}" for number in range(150))


async def test_of_two_groups_decided_on_one_state_of_an_order_one_is_decided_anew(
    shop: StandardShop, api: ApiUser, service: Service, redis: Redis
) -> None:
    if isinstance(redis, Cluster):
        pytest.skip("what is held up is one server")

    async def held_up(groups: int) -> bool:
        return bool((await redis.info("clients"))["blocked_clients"] == groups)

    payload = standard_fixture("payment.failed__tehran_online")
    events = {
        f"m{number}": with_order(payload, "10025", payment=payload["data"]["payment"] | {"reference": f"try {number}"})
        for number in range(5)
    }
    assert (await shop.post(events["m0"], event_id="m0")).status == 202
    await redis.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")  # what reads is answered
    first = asyncio.create_task(shop.post(events["m1"], event_id="m1"))
    await until(lambda: held_up(1))
    others = [asyncio.create_task(shop.post(events[name], event_id=name)) for name in ("m2", "m3", "m4")]
    await until(lambda: held_up(2))
    await redis.execute_command("CLIENT", "UNPAUSE")
    assert {answer.status for answer in await asyncio.gather(first, *others)} == {202}
    told = (await api.get("/orders/10025")).body["timeline"]
    assert sorted(line["ref"] for line in told if line["kind"] == "event") == sorted(events)
    order = await service.reader.order("shop", "10025")
    assert order is not None
    assert set(order.news[EventType.PAYMENT_FAILED]) == {f"try {number}" for number in range(5)}


@BOTH
async def test_the_same_delivery_many_times_at_once_counts_once(shop: StandardShop, api: ApiUser) -> None:
    payload = standard_fixture(PAID)
    answers = await asyncio.gather(*(shop.post(payload, event_id="m1") for _ in range(100)))
    assert sorted(answer.status for answer in answers) == [200] * 99 + [202]
    order = (await api.get("/orders/10025")).body
    assert len([line for line in order["timeline"] if line["kind"] in ("event", "repeated")]) == 1


@pytest.mark.slow
@BOTH
async def test_many_orders_at_once(
    shop: StandardShop, api: ApiUser, service: Service, simulator: Simulator, clock: StillClock
) -> None:
    payload = standard_fixture(PAID)
    customers = [payload["data"]["customer"] | {"phone": f"0912{number:07}"} for number in range(300)]
    answers = await asyncio.gather(
        *(shop.post(with_order(payload, f"A{n}", customer=who)) for n, who in enumerate(customers))
    )
    assert {answer.status for answer in answers} == {202}
    promised = {message["id"] for answer in answers for message in answer.body["messages"]}
    assert len(promised) == 300
    await send_all(service, clock)
    assert {str(message.localid) for message in simulator.messages} == promised
    assert {message.receptor for message in simulator.messages} == {who["phone"] for who in customers}
    orders = await api.items("/orders")
    assert sorted(order["id"] for order in orders) == sorted(f"A{n}" for n in range(300))


async def test_versions_are_as_many_as_commits(shop: StandardShop, service: Service) -> None:
    payload = standard_fixture("payment.failed__tehran_online")
    await asyncio.gather(*(shop.post(payload) for _ in range(40)))
    order = await service.reader.order("shop", "10025")
    assert order is not None
    assert order.v == 40


async def test_two_services_on_one_store_lose_nothing(
    shop: StandardShop, service: Service, clock: StillClock, aiohttp_client: Any, api: ApiUser
) -> None:
    async with Service(service.config, clock=clock, roles=["web"]) as other:
        beside = StandardShop(await aiohttp_client(other.app), clock)
        payload = standard_fixture("payment.failed__tehran_online")
        answers = await asyncio.gather(
            *(place.post(payload, event_id=f"m{n % 60}") for n in range(120) for place in (shop, beside))
        )
        assert sorted(answer.status for answer in answers) == [200] * 180 + [202] * 60
    order = (await api.get("/orders/10025")).body
    told = [line["ref"] for line in order["timeline"] if line["kind"] in ("event", "repeated")]
    assert sorted(told) == sorted(f"m{number}" for number in range(60))


async def test_whole_numbers_of_any_size_are_kept(shop: StandardShop, api: ApiUser) -> None:
    payload = with_order(standard_fixture(PAID), "10025", huge=10**40, small=-(2**63))
    assert (await shop.post(payload)).status == 202
    line = (await api.get("/orders/10025")).body["timeline"][0]
    assert line["extra"] == {"data": {"huge": str(10**40), "small": -(2**63)}}
    answer = await shop.post([payload], path="/batch")
    assert answer.status == 202
    assert json.dumps(answer.body[0]["status"]) == "202"
