"""The API for a shop's tools, the calls of the day, and bodies that nobody would write."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from shops import (
    API_TOKEN,
    ApiUser,
    Client,
    StandardShop,
    WooShop,
    request,
    send_all,
    standard_fixture,
    woo_bytes,
    woo_fixture,
)

from notifier.clock import StillClock
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.store.staff import Staff

ROOT = Path(__file__).parents[2]
PAID = "payment.succeeded__tehran_online"
BOTH = pytest.mark.parametrize("partitions", [1, 4])
LISTS = ["/orders", "/orders?priority=high", "/messages", "/messages?state=queued", "/calls", "/calls?state=scheduled"]


def order(number: int, name: str = PAID) -> Any:
    payload = standard_fixture(name)
    customer = payload["data"]["customer"] | {"phone": f"0912{number:07}"}
    return payload | {"data": payload["data"] | {"order_id": f"A{number}", "customer": customer}}


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {API_TOKEN}", API_TOKEN, "Bearer \udcff", "Bearer é"],
)
@pytest.mark.parametrize("path", ["/api/orders", "/api/orders/1", "/api/nothing"])
async def test_without_a_token_nothing_is_shown(client: Client, authorization: str | None, path: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await request(client, "GET", path, b"", headers)
    assert answer.status == 401
    assert answer.is_problem
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_the_scheme_may_be_written_in_any_case(client: Client) -> None:
    answer = await request(client, "GET", "/api/orders", b"", {"Authorization": f"bearer {API_TOKEN}"})
    assert answer.status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/orders/none",
        "/messages/1",
        "/calls/1",
        "/messages?order_id=none",
        "/nothing",
        "/orders/%ED%A0%80",
        "/orders/a:b",
    ],
)
async def test_what_is_not_there_is_not_found(api: ApiUser, path: str) -> None:
    answer = await api.get(path)
    assert answer.status == 404
    assert answer.is_problem


@pytest.mark.parametrize(
    "path",
    [
        "/messages?state=lost",
        "/calls?state=lost",
        "/orders?priority=highest",
        "/orders?limit=0",
        "/orders?limit=201",
        "/orders?limit=x",
        f"/orders?limit={'9' * 5000}",
        "/orders?cursor=x",
        "/orders?cursor=-1:a",
        f"/orders?cursor={'9' * 5000}:a",
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(api: ApiUser, path: str) -> None:
    answer = await api.get(path)
    assert answer.status == 422
    assert answer.is_problem


@pytest.mark.parametrize("path", LISTS)
async def test_empty_lists(api: ApiUser, path: str) -> None:
    assert (await api.get(path)).body == {"items": [], "next_cursor": None}


@BOTH
async def test_an_order_with_its_story(shop: StandardShop, api: ApiUser) -> None:
    told = (await shop.post(standard_fixture(PAID), event_id="msg_1")).body
    shown = (await api.get("/orders/10025")).body
    assert (shown["id"], shown["source"], shown["stage"], shown["prepaid"]) == ("10025", "shop", "paid", True)
    assert shown["delivery_priority"] == "high"
    assert shown["customer"]["phone"] == "09121234567"
    assert shown["payment"]["amount"] == 185_000_000
    assert [line["what"] for line in shown["timeline"]] == [
        "payment.succeeded",
        "payment_succeeded_tehran",
        "reassurance",
    ]
    assert [line.get("ref") for line in shown["timeline"]] == [
        "msg_1",
        told["messages"][0]["id"],
        told["calls"][0]["id"],
    ]
    (message,) = shown["messages"]
    (call,) = shown["calls"]
    assert (message["id"], message["state"]) == (told["messages"][0]["id"], "queued")
    assert "۱۰۰۲۵" in message["text"]
    assert (call["id"], call["state"], call["purpose"]) == (told["calls"][0]["id"], "scheduled", "reassurance")
    assert (await api.get(f"/messages/{message['id']}")).body["text"] == message["text"]
    assert (await api.get(f"/calls/{call['id']}")).body["purpose"] == "reassurance"
    by_order = (await api.get("/messages?order_id=10025&state=queued")).body["items"]
    assert [found["id"] for found in by_order] == [message["id"]]
    assert (await api.get("/messages?order_id=10025&state=failed")).body["items"] == []


async def test_two_shops_with_one_number(shop: StandardShop, woo: WooShop, api: ApiUser) -> None:
    await shop.post(standard_fixture(PAID))
    await woo.post(woo_fixture("order.updated__processing_online")["body"])
    answer = await api.get("/orders/10025")
    assert answer.status == 422
    assert "source" in answer.body["detail"]
    assert (await api.get("/orders/10025?source=woo")).body["source"] == "woo"


@pytest.mark.slow
@BOTH
async def test_pages_hold_everything_once(shop: StandardShop, api: ApiUser) -> None:
    """The clock stands: all have one time, and the cursor must tell them apart by more."""
    names = [PAID, "order.registered__tehran_cash"]
    await shop.post([order(n, names[n % 2]) for n in range(430)], path="/batch")
    for path in LISTS:
        found, cursor = [], ""
        while True:
            page = (await api.get(f"{path}{'&' if '?' in path else '?'}limit=37{cursor}")).body
            found += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == 37
            cursor = f"&cursor={page['next_cursor']}"
        assert len(found) == len(set(found)) == (215 if "priority" in path else 430), path


async def test_lists_are_newest_first(shop: StandardShop, api: ApiUser, clock: StillClock) -> None:
    for number in range(5):
        await shop.post(order(number))
        clock.turn(timedelta(seconds=1))
    for path in ("/orders", "/orders?priority=high"):
        assert [found["id"] for found in await api.items(path)] == [f"A{n}" for n in reversed(range(5))]
    assert [found["order_id"] for found in await api.items("/messages")] == [f"A{n}" for n in reversed(range(5))]


async def test_states_are_filtered(
    shop: StandardShop, service: Service, api: ApiUser, clock: StillClock, simulator: Simulator
) -> None:
    await shop.post(order(1))
    await service.sender.send_ready()
    assert await api.items("/messages?state=queued") == []
    (sent,) = await api.items("/messages?state=accepted")
    assert sent["id"] == str(simulator.messages[0].localid)
    assert sent["provider_id"] == str(simulator.messages[0].messageid)


@BOTH
async def test_calls_fall_due_once_whoever_keeps_time(
    service: Service, shop: StandardShop, api: ApiUser, clock: StillClock, simulator: Simulator
) -> None:
    await service.staff.put(Staff(id="zahra", name="زهرا", phone="09350000001"))
    await shop.post([order(n) for n in range(30)], path="/batch")
    await send_all(service, clock)
    before = len(simulator.messages)
    assert await api.items("/calls?state=due") == []
    clock.turn(timedelta(minutes=30))
    async with (
        Service(service.config, clock=clock, roles=[WEB]) as second,
        Service(service.config, clock=clock, roles=[WEB]) as third,
    ):
        await asyncio.gather(*(one.reminders.tick() for one in (service, second, third, second, third)))
    assert len(await api.items("/calls?state=due")) == 30
    assert await api.items("/calls?state=scheduled") == []
    for _ in range(5):
        clock.turn(timedelta(minutes=5))
        await send_all(service, clock)
    reminders = simulator.messages[before:]
    assert reminders
    assert {message.receptor for message in reminders} == {"09350000001"}
    assert len({message.localid for message in reminders}) == len(reminders) <= 30


async def test_a_time_in_the_past_is_now(
    service: Service, shop: StandardShop, api: ApiUser, clock: StillClock, simulator: Simulator
) -> None:
    """News of two hours ago: the call after 15 minutes is due at once, and the text that waits is sent at once."""
    late = {"timestamp": (clock.now() - timedelta(minutes=45)).isoformat()}
    paid = (await shop.post(order(1) | late)).body
    assert paid["calls"][0]["due_at"] == clock.now().isoformat()
    opened = (await shop.post(order(2, "order.registered__tehran_online") | late)).body
    assert [message["not_before"] for message in opened["messages"]] == [None]
    await service.reminders.tick()
    assert [call["order_id"] for call in await api.items("/calls?state=due")] == ["A1"]
    await send_all(service, clock)
    assert {"09120000001", "09120000002"} <= {message.receptor for message in simulator.messages}


async def test_a_queued_text_keeps_the_version_it_was_written_with(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    simulator: Simulator,
    tmp_path: Path,
    aiohttp_client: Callable[..., Awaitable[Client]],
) -> None:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    config = make_config(templates__folder=tmp_path / "templates")
    async with Service(config, clock=clock, roles=[WEB]) as before:
        client = await aiohttp_client(before.app)
        answer = await StandardShop(client, clock).post(standard_fixture(PAID))
        (message,) = answer.body["messages"]
        queued = (await ApiUser(client).get(f"/messages/{message['id']}")).body
    file = tmp_path / "templates" / "payment_succeeded_tehran.txt"
    file.write_text(file.read_text() + "\nمتن تازه")
    async with Service(config, clock=clock, roles=[WEB]) as after:
        assert after.rulebook.templates["payment_succeeded_tehran"].version != queued["version"]
        await send_all(after, clock)
    assert [sent.text for sent in simulator.messages] == [queued["text"]]
    assert "متن تازه" not in queued["text"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=12,
)
odd_values = st.one_of(
    json_values,
    st.sampled_from([2**63, -(2**64), 10**400, 1e308, "\x00", "\ud800", "۰۹۱۲", "9" * 200, "{", "a" * 300, [[]] * 9]),
)


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """A valid document with some values replaced, dropped or added, anywhere in it."""
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 4))):
        place = document
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], dict | list) or draw(st.booleans()):
                match draw(st.sampled_from(["replace", "drop", "add"])):
                    case "replace":
                        place[key] = deepcopy(draw(odd_values))
                    case "drop":
                        del place[key]
                    case "add" if isinstance(place, dict):
                        place[draw(st.text(max_size=5))] = deepcopy(draw(odd_values))
                break
            place = place[key]
    return document


def as_bytes(document: Any) -> bytes:
    """As a careless shop writes it: NaN, lone surrogates and all."""
    return json.dumps(document).encode()


standard_bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(as_bytes),
    st.sampled_from([PAID, "payment.succeeded__unknown_fields", "order.preparing__order_id_alone"])
    .flatmap(lambda name: mutated(standard_fixture(name)))
    .map(as_bytes),
)
woo_bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(as_bytes),
    st.sampled_from(["order.updated__processing_online", "order.created__odd_everything", "order.updated__refunded"])
    .flatmap(lambda name: mutated(woo_fixture(name)["body"]))
    .map(woo_bytes),
)
many = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def run_on_the_loop(awaitable: Awaitable[Any], loop: asyncio.AbstractEventLoop) -> Any:
    return asyncio.run_coroutine_threadsafe(_wait(awaitable), loop).result(20)


async def _wait(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["standard", "batch", "woocommerce"])
async def test_no_body_is_answered_with_a_failure_of_ours(
    shop: StandardShop, woo: WooShop, api: ApiUser, kind: str
) -> None:
    loop = asyncio.get_running_loop()

    @many
    @given(woo_bodies if kind == "woocommerce" else standard_bodies)
    def post(body: bytes) -> None:
        match kind:
            case "standard":
                posted = shop.post_raw(body)
            case "batch":
                posted = shop.post_raw(b"[" + body + b"]", path="/batch")
            case _:
                posted = woo.post_raw(body)
        answer = run_on_the_loop(posted, loop)
        assert answer.status in (200, 202, 400, 401, 409, 422), answer
        assert answer.status < 300 or answer.is_problem
        if answer.status < 300 and kind != "batch" and "order_id" in answer.body:
            seen.add(answer.body["order_id"])

    seen: set[str] = set()
    await asyncio.to_thread(post)
    # Everything that was let in can be read back.
    assert kind == "batch" or seen
    for path in LISTS:
        await api.items(path)
    for found in await api.items("/orders"):
        shown = await api.get(f"/orders/{quote(found['id'], safe='')}?source={found['source']}")
        assert (shown.status, shown.body.get("id")) == (200, found["id"]), found
