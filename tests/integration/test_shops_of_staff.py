"""Who sees to one shop is shown that one alone, wherever they look; who sees to all is shown all."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from console_browser import Browser, Desk, hire
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import API_TOKEN, Answer, Client, StandardShop, request
from two_shops import MI, TEHRAN_CUSTOMER, posted

from notifier.clock import StillClock
from notifier.domain import persian
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.service.process import Service

OTHER = {"name": "مینا کریمی", "phone": "09127654321", "city": "اصفهان"}
SOLD = {"customer": OTHER, "payment": {"method": "bank_transfer", "amount": 50_000_000, "currency": "IRR"}}


@pytest.fixture(params=[1, 3])
async def desk(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    aiohttp_client: Callable[..., Awaitable[Client]],
    request: pytest.FixtureRequest,
) -> AsyncIterator[Desk]:
    """Sara sees to «mi», Reza and the supervisor to all; each shop has an order with a deposit that waits."""
    config = make_config(sources__mi=MI, redis__partitions=request.param)
    async with Service(config, clock=clock, roles=["web"]) as service:
        await hire(service)
        client = await aiohttp_client(service.app)
        found = Desk(client, StandardShop(client, clock), service, clock)
        await found.open()
        await belong(found, "sara", "mi")
        for source, order, customer in (("shop", "7001", TEHRAN_CUSTOMER), ("mi", "8001", OTHER)):
            sale = SOLD | {"customer": customer | {"city": "اصفهان"}}
            await posted(found, source, order, **sale)
            await posted(found, source, order, EventType.DEPOSIT_REPORTED, **sale)
        yield found


async def belong(desk: Desk, staff: str, *sources: str) -> None:
    one = await desk.service.staff.get(staff)
    assert one is not None
    await desk.service.staff.put(replace(one, sources=sources))


async def shown(browser: Browser, path: str) -> set[str]:
    """Which of the two orders a page names."""
    page = await browser.get(path)
    assert page.status == 200, page.words
    return {
        order for order, digits in (("7001", "۷۰۰۱"), ("8001", "۸۰۰۱")) if order in page.text or digits in page.text
    }


PAGES = ["/orders", "/orders?as=csv", "/deposits", "/deposits?as=csv", "/orders?q=9001&as=csv"]


@pytest.mark.parametrize("path", PAGES[:4])
async def test_lists_show_the_shops_of_whoever_looks(desk: Desk, path: str) -> None:
    assert await shown(desk.sara, path) == {"8001"}
    assert await shown(desk.reza, path) == {"7001", "8001"}
    assert await shown(desk.boss, path) == {"7001", "8001"}


@pytest.mark.parametrize("path", ["/orders", "/deposits"])
async def test_who_sees_to_all_may_ask_for_one(desk: Desk, path: str) -> None:
    assert await shown(desk.reza, f"{path}?shop=mi") == {"8001"}
    assert await shown(desk.reza, f"{path}?shop=shop") == {"7001"}
    assert (await desk.reza.get(f"{path}?shop=nobody")).status == 422
    assert await shown(desk.sara, f"{path}?shop=mi") == {"8001"}
    assert (await desk.sara.get(f"{path}?shop=shop")).status == 403
    assert 'name="shop"' in (await desk.reza.get(path)).text
    assert 'name="shop"' not in (await desk.sara.get(path)).text


@pytest.mark.parametrize("words", ["7001", "سارا محمدی", "09121234567", "4567"])
async def test_a_search_finds_nothing_of_other_shops(desk: Desk, words: str) -> None:
    assert "7001" not in (await desk.sara.get(f"/orders?q={words}")).text
    found = await desk.reza.get(f"/orders?q={words}")
    assert found.status == 303
    assert found.headers["Location"] == "/console/orders/shop/7001"


@pytest.mark.parametrize(
    "path", ["/orders/shop/7001", "/orders/shop/7001?as=csv", "/orders/shop/7001/conversation", "/deposits/shop/7001"]
)
async def test_an_order_of_another_shop_is_refused(desk: Desk, path: str) -> None:
    assert (await desk.sara.get(path)).status == 403
    assert (await desk.reza.get(path)).status == 200
    assert (await desk.sara.get(path.replace("shop/7001", "mi/8001"))).status == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/orders/shop/7001/call", {"purpose": "callback", "when": "now"}),
        ("/orders/shop/7001/texts", {"texts": "stop"}),
        ("/orders/shop/7001/conversation", {"do": "send", "text": "سلام"}),
        ("/deposits/shop/7001", {"deposit": "confirmed", "seen": "5000000"}),
    ],
)
async def test_nothing_is_done_about_an_order_of_another_shop(desk: Desk, path: str, form: dict[str, str]) -> None:
    before = await desk.service.reader.order("shop", "7001")
    assert (await desk.sara.post(path, **form)).status == 403
    assert await desk.service.reader.order("shop", "7001") == before


async def test_a_customer_of_two_shops_is_seen_as_far_as_one_sees_to_them(desk: Desk) -> None:
    await posted(desk, "mi", "8002")  # of the customer of 7001
    for path in ("/orders/mi/8002", "/orders/mi/8002/conversation"):
        assert "7001" not in (await desk.sara.get(path)).text
        assert "۷۰۰۱" not in (await desk.sara.get(path)).text
    assert "7001" in (await desk.reza.get("/orders/mi/8002")).text


async def test_the_inbox_has_the_customers_of_their_shops_and_those_of_none(desk: Desk) -> None:
    for number, phone in enumerate((TEHRAN_CUSTOMER["phone"], OTHER["phone"], "09350001122")):
        await desk.service.sending.inbox.receive(f"in-{number}", phone, f"پیام {number}")
    sara, reza = await desk.sara.get("/inbox"), await desk.reza.get("/inbox")
    assert [f"پیام {number}" in sara.words for number in range(3)] == [False, True, True]
    assert [f"پیام {number}" in reza.words for number in range(3)] == [True, True, True]
    assert [f"پیام {number}" in (await desk.reza.get("/inbox?shop=mi")).words for number in range(3)] == [
        False,
        True,
        False,
    ]
    (ref,) = {one.split('"')[0] for one in reza.text.split("/console/inbox/")[1:] if one.split('"')[0] not in sara.text}
    assert (await desk.sara.get(f"/inbox/{ref}")).status == 403
    assert (await desk.sara.post(f"/inbox/{ref}", do="done", read="1")).status == 403
    assert (await desk.sara.post(f"/inbox/{ref}/write", do="send", text="سلام")).status == 403
    assert (await desk.reza.get(f"/inbox/{ref}")).status == 200


async def test_the_menu_counts_what_is_theirs(desk: Desk) -> None:
    for number, phone in enumerate((TEHRAN_CUSTOMER["phone"], OTHER["phone"])):
        await desk.service.sending.inbox.receive(f"in-{number}", phone, "سلام")
    for source in ("shop", "mi"):
        await posted(desk, source, "unheard-of", EventType.PACKED, customer={}, payment={})
    sara, reza = [json.loads((await one.get("/counts")).text) for one in (desk.sara, desk.reza)]
    pages = ("/console/inbox", "/console/deposits", "/console/parked")
    assert [sara[page] for page in pages] == [1, 1, 1]
    assert [reza[page] for page in pages] == [2, 2, 2]
    assert "unheard" in (await desk.sara.get("/parked")).text


async def test_texts_that_are_stuck_are_those_of_their_shops(desk: Desk, redis: Redis) -> None:
    for keys in desk.service.reader.everywhere:
        for one in await redis.zrange(keys.messages(MessageState.QUEUED), 0, -1):
            await redis.zrem(keys.messages(MessageState.QUEUED), one)
            await redis.zadd(keys.messages(MessageState.FAILED), {one: 1})
            await redis.hset(keys.message(one.decode()), "state", "failed")
    assert await shown(desk.sara, "/messages?as=csv") == {"8001"}
    assert await shown(desk.reza, "/messages?as=csv") == {"7001", "8001"}
    assert "۰۹۱۲ ۱۲۳ ۴۵۶۷" not in (await desk.sara.get("/messages")).words
    sara, reza = [json.loads((await one.get("/counts")).text) for one in (desk.sara, desk.reza)]
    assert 0 < sara["/console/messages"] < reza["/console/messages"]


async def test_figures_are_those_of_their_shops(desk: Desk) -> None:
    await belong(desk, "boss", "mi")
    boss = await desk.boss.get("/owner")
    await belong(desk, "boss")
    every, mi = await desk.boss.get("/owner"), await desk.boss.get("/owner?shop=mi")
    placed = "سفارش ثبت‌شده"
    assert f"{placed} ۱ " in boss.words
    assert f"{placed} ۲ " in every.words
    assert f"{placed} ۱ " in mi.words
    await desk.service.sender.send_ready()
    sent = {shop: (await desk.boss.get(f"/figures?as=csv&of=texts{shop}")).text for shop in ("", "&shop=mi")}
    lines = {shop: sum(int(row.split(",")[2]) for row in text.splitlines()[1:]) for shop, text in sent.items()}
    assert lines["&shop=mi"] * 2 == lines[""] > 0
    await desk.service.delivery_counters.write()
    webhooks = (await desk.boss.get("/figures?as=csv&of=webhooks&shop=mi")).text
    assert "mi" in webhooks
    assert "shop" not in webhooks


async def test_calls_over_the_api_are_refused_as_in_the_console(desk: Desk) -> None:
    await belong(desk, "reza", "shop")
    await desk.tick()
    await desk.tick(minutes=30)
    calls = {call.source: call for call in [one.call for one in await desk.service.reader.calls(await due(desk))]}
    shop, mi = calls["shop"], calls["mi"]
    for act, body in (
        ("claim", {}),
        ("outcome", {"outcome": "no_answer"}),
        ("snooze", {"at": desk.clock.now().replace(hour=16).isoformat()}),
    ):
        refused = await asked(desk, f"/calls/{shop.id}/{act}", {"by": "sara"} | body)
        assert (refused.status, refused.body["title"]) == (409, "Conflict")
        assert "'sara' calls the customers of mi alone, and this call is of shop" in refused.body["detail"]
    assert await desk.call(shop.id) == shop
    assert (await asked(desk, f"/calls/{mi.id}/claim", {"by": "sara"})).status == 200
    assert (await asked(desk, f"/calls/{shop.id}/claim", {"by": "reza"})).status == 200


async def test_the_next_call_over_the_api_is_one_of_their_shops(desk: Desk) -> None:
    await desk.tick()
    await desk.tick(minutes=30)
    places = await due(desk)
    await desk.service.calling.handing.hand(places, [None] * len(places), "boss")
    calls = {call.source: call for call in [one.call for one in await desk.service.reader.calls(places)]}
    await asked(desk, f"/calls/{calls['mi'].id}/claim", {"by": "sara"})
    answer = await asked(desk, f"/calls/{calls['mi'].id}/outcome", {"by": "sara", "outcome": "no_answer"})
    assert answer.status == 200
    assert answer.body["next"] is None


async def test_a_call_that_a_supervisor_hands_over_may_be_made(desk: Desk) -> None:
    await desk.tick()
    await desk.tick(minutes=30)
    (shop,) = [one.call for one in await desk.service.reader.calls(await due(desk)) if one.call.source == "shop"]
    handing = desk.service.calling.handing
    await handing.hand(await handing.where([shop.id]), ["sara"], "boss")
    assert (await desk.sara.get(f"/calls/{shop.id}")).status == 200
    assert (await asked(desk, f"/calls/{shop.id}/claim", {"by": "sara"})).status == 200


async def due(desk: Desk) -> list[Any]:
    reader = desk.service.reader
    sets = [(keys, keys.calls(state)) for keys in reader.everywhere for state in ("scheduled", "due")]
    return list((await reader.page(sets, after=None, size=100)).members)


async def asked(desk: Desk, path: str, body: dict[str, Any]) -> Answer:
    headers = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
    return await request(desk.sara.client, "POST", f"/api{path}", json.dumps(body).encode(), headers)


async def test_the_couriers_list_has_the_deliveries_of_their_shops(desk: Desk) -> None:
    staff = await desk.service.staff.get("sara")
    assert staff is not None
    await desk.service.staff.put(replace(staff, feed="hers"))
    day = desk.clock.now().date().isoformat()
    for source, order, customer in (("shop", "7009", TEHRAN_CUSTOMER), ("mi", "8009", OTHER)):
        when = {"delivery": {"date": day, "from": "16:00", "to": "19:00"}}
        await posted(desk, source, order, customer=customer, payment={"method": "cash"})
        await posted(desk, source, order, EventType.DELIVERY_AGREED, **when)
    path = f"/courier/{day}"
    for at in ("/courier", "/courier?as=csv", path, f"{path}/print", f"{path}/calendar.ics"):
        hers, every = (await desk.sara.get(at)).text, (await desk.boss.get(at)).text
        assert [order in persian.ascii_digits(hers) for order in ("7009", "8009")] == [False, True], at
        assert [order in persian.ascii_digits(every) for order in ("7009", "8009")] == [True, True], at
    feed = await (await desk.sara.client.get("/calendar/sara/hers/deliveries.ics")).text()
    assert [order in feed for order in ("7009", "8009")] == [False, True]
    for order, source, status in (("7009", "shop", 404), ("8009", "mi", 303)):
        tick = {"tick": f"tick-{order}", "source": source, "order": order, "what": "out"}
        assert (await desk.sara.post_bare("/courier/ticks", csrf=desk.sara.csrf, **tick)).status == status
