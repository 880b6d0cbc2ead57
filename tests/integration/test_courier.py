"""The courier's list: what stands on it, what is ticked at the door, and that a courier sees nothing else."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from call_fixtures import SARA
from console_browser import PASSWORD, Browser, Desk, Page, hashed, hire
from icalendar import Calendar
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import API_TOKEN, Client, StandardShop

from notifier.clock import StillClock
from notifier.domain.calls import CallState, Purpose
from notifier.domain.events import EventType
from notifier.domain.orders import Stage
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.store import audit, schema
from notifier.store import keys as names
from notifier.store.audit import Act, Wanted
from notifier.store.keys import Keys
from notifier.store.staff import Role, Staff

TODAY, TOMORROW = "2026-11-23", "2026-11-24"
MINA = {"name": "مینا رضایی", "phone": "09121112233", "city": "تهران", "province": "تهران"}
OMID = {"name": "امید کریمی", "phone": "09123334455", "city": "تهران", "address": "ونک، پلاک ۱۲", "note": "زنگ سوم"}
CASH = {"method": "cash", "amount": 12_500_000, "currency": "IRR"}
ITEMS = [{"name": "قاب گوشی", "quantity": 2}]
PEYK = Staff(id="peyk", name="حسن پیکی", phone="09301110077", role=Role.COURIER)


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    await service.staff.put(replace(PEYK, password=hashed()))
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


@pytest.fixture
async def courier(desk: Desk, client: Client) -> Browser:
    found = Browser(client)
    await found.enter(desk.service, "peyk")
    return found


def slot(day: str = TODAY, start: str = "16:00", end: str = "19:00") -> dict[str, str]:
    return {"date": day, "from": start, "to": end}


async def agreed(desk: Desk, order: str = "20001", customer: Mapping[str, str] = OMID, **when: str) -> None:
    """A cash order of Tehran with an agreed time."""
    await desk.event(EventType.REGISTERED, order, customer=customer, payment=CASH, items=ITEMS)
    await desk.event(EventType.DELIVERY_AGREED, order, customer={}, payment={}, items=None, delivery=slot(**when))


async def prepaid(desk: Desk, order: str = "20002", **when: str) -> None:
    """A prepaid order of Tehran, which is delivered first."""
    await desk.event(EventType.PAID, order, customer=MINA)
    await desk.event(EventType.DELIVERY_AGREED, order, customer={}, payment={}, items=None, delivery=slot(**when))


async def tick(
    browser: Browser, what: str, order: str = "20001", *, tick: str = "tick-0001", **more: str
) -> tuple[int, Any]:
    """A tick as the script of the page sends it."""
    fields = {"csrf": browser.csrf, "tick": tick, "source": "shop", "order": order, "what": what} | more
    page = await browser.post_bare("/courier/ticks", headers={"X-Console-Script": "1"}, **fields)
    is_json = page.headers["Content-Type"].startswith("application/json")
    return page.status, json.loads(page.text) if is_json else page


async def order_of(desk: Desk, order: str = "20001") -> Any:
    found = await desk.service.reader.order("shop", order)
    assert found
    return found


def in_turn(page: Page, *words: str) -> bool:
    places = [page.words.find(word) for word in words]
    return -1 not in places and places == sorted(places)


@pytest.mark.parametrize("partitions", [1, 5])
async def test_the_list_of_today(desk: Desk, courier: Browser) -> None:
    await agreed(desk, start="10:00", end="12:30")
    await prepaid(desk)
    await agreed(desk, "20003", MINA | {"name": "فردایی"}, day=TOMORROW)
    await desk.event(EventType.REGISTERED, "20004", customer=MINA | {"name": "بی‌زمان راهی"}, payment=CASH)
    await desk.event(EventType.OUT_FOR_DELIVERY, "20004", customer={}, payment={}, items=None)
    page = await courier.get("/courier")
    assert page.status == 200
    assert in_turn(page, "مینا رضایی", "امید کریمی", "در راه، بدون زمان تحویل", "بی‌زمان راهی")  # priority, then by time
    for said in ("۱۶ تا ۱۹", "۱۰:۰۰ تا ۱۲:۳۰", "دریافت ۱٬۲۵۰٬۰۰۰ تومان", "پرداخت‌شده", "قاب گوشی × ۲"):
        assert said in page.words
    for said in ("تهران، ونک، پلاک ۱۲", "زنگ سوم", "۰۹۱۲ ۳۳۳ ۴۴۵۵"):
        assert said in page.words
    assert 'href="tel:09123334455"' in page.text
    assert "فردایی" not in page.words
    tomorrow = await desk.boss.get(f"/courier/{TOMORROW}")
    assert "فردایی" in tomorrow.words
    assert "راهی" not in tomorrow.words
    assert "فردایی" in (await desk.boss.get("/courier/1405-09-03")).words
    assert (await desk.boss.get("/courier/soon")).status == 404
    assert (await desk.boss.get("/courier/2926-11-24")).status == 404


async def test_what_was_noted_in_calls_stands_there(desk: Desk, courier: Browser) -> None:
    await desk.event(EventType.REGISTERED, "20001", customer=OMID, payment=CASH, items=ITEMS)
    (planned,) = (await desk.service.reader.story(await order_of(desk))).calls
    await desk.tick(minutes=20)
    await desk.sara.post(f"/calls/{planned.call.id}/outcome", outcome="reached", note="با نگهبانی هماهنگ شود")
    await desk.event(EventType.DELIVERY_AGREED, "20001", customer={}, payment={}, items=None, delivery=slot())
    assert "با نگهبانی هماهنگ شود" in (await courier.get("/courier")).words


@pytest.mark.parametrize("partitions", [1, 5])
async def test_another_time_moves_it_and_what_is_over_leaves(desk: Desk, redis: Redis, partitions: int) -> None:
    await agreed(desk)
    again = {"customer": {}, "payment": {}, "items": None}
    desk.clock.turn(timedelta(minutes=5))
    await desk.event(EventType.DELIVERY_CHANGED, "20001", delivery=slot(TOMORROW), **again)
    assert "امید" not in (await desk.boss.get("/courier")).words
    assert "امید" in (await desk.boss.get(f"/courier/{TOMORROW}")).words
    desk.clock.turn(timedelta(minutes=5))
    await desk.event(EventType.DELIVERY_RELEASED, "20001", **again)
    assert "امید" not in (await desk.boss.get(f"/courier/{TOMORROW}")).words
    await agreed(desk, "20005")
    await desk.event(EventType.OUT_FOR_DELIVERY, "20005", **again)
    await desk.event(EventType.CANCELLED, "20005", **again)
    assert "تحویلی نیست" in (await desk.boss.get("/courier")).words
    for at in range(partitions):
        assert await redis.zcard(Keys(at).deliveries(TODAY)) == await redis.zcard(Keys(at).on_the_way) == 0


async def test_what_the_post_has_is_no_couriers(desk: Desk) -> None:
    shiraz = MINA | {"name": "شیرازی", "city": "شیراز", "province": "فارس"}
    parcel = {"carrier": "پست پیشتاز", "tracking_code": "123456789012345678901234"}
    await desk.event(EventType.PAID, "20006", customer=shiraz)
    await desk.event(EventType.SHIPPED, "20006", customer=shiraz, shipment=parcel)
    await desk.event(EventType.OUT_FOR_DELIVERY, "20006", customer=shiraz, shipment=parcel)
    await desk.event(EventType.PAID, "20007", customer=MINA)
    await desk.event(EventType.SHIPPED, "20007", customer=MINA, shipment={"carrier": "پیک فروشگاه"})
    words = (await desk.boss.get("/courier")).words
    assert "شیرازی" not in words
    assert "مینا رضایی" in words


async def test_ticks_are_events_like_any_other(desk: Desk, courier: Browser) -> None:
    await agreed(desk)
    await courier.get("/courier")
    status, said = await tick(courier, "out")
    assert (status, said["taken"], said["new"], said["state"], said["words"]) == (200, True, True, "out", "در راه")
    assert (await tick(courier, "out"))[1] == said | {"new": False, "says": "پیش‌تر همین ثبت شده است."}  # sent twice
    assert (await order_of(desk)).stage is Stage.OUT_FOR_DELIVERY
    desk.clock.turn(timedelta(minutes=30))
    assert (await tick(courier, "delivered", tick="tick-0002"))[0] == 200
    assert (await tick(courier, "delivered", tick="tick-0003"))[1]["new"] is False
    order = await order_of(desk)
    assert order.stage is Stage.DELIVERED
    page = await desk.sara.get("/orders/shop/20001")
    assert "به گزارش حسن پیکی" in page.words
    acts = [
        (one.by, one.more)
        async for _, one in audit.read(desk.service.reader, Wanted())
        if one.act is Act.DELIVERY_TICKED
    ]
    assert acts == [("peyk", "delivered"), ("peyk", "out")]
    told = (await desk.service.reader.story(order)).messages
    assert [one.message.template for one in told].count("order_delivered") == 1


@pytest.mark.parametrize("method", ["cash", "phone", "online"])
async def test_not_at_home_brings_a_text_and_a_call(desk: Desk, courier: Browser, method: str) -> None:
    kind = EventType.PAID if method == "online" else EventType.REGISTERED
    await desk.event(kind, "20001", customer=OMID, payment=CASH | {"method": method})
    await desk.event(EventType.DELIVERY_AGREED, "20001", customer={}, payment={}, items=None, delivery=slot())
    await courier.get("/courier")
    await tick(courier, "out")
    desk.clock.turn(timedelta(minutes=20))
    status, said = await tick(courier, "not_at_home", tick="tick-0002", reason="تلفن پاسخ نداد")
    assert (status, said["state"]) == (200, "failed")
    order = await order_of(desk)
    assert order.details.failure_reason == "تلفن پاسخ نداد"
    story = await desk.service.reader.story(order)
    (text,) = [one.message for one in story.messages if one.message.template == "order_delivery_failed"]
    assert "تلفن پاسخ نداد" in text.text
    wanted = Purpose.SHIPPING_UPDATE if method == "online" else Purpose.COORDINATION
    open_calls = [one.call for one in story.calls if one.call.is_open]
    assert [reason.purpose for call in open_calls for reason in call.reasons if reason.purpose is wanted] == [wanted]
    brief = (await desk.sara.get(f"/calls/{open_calls[0].id}")).words
    assert "تحویل سفارش شما انجام نشد (تلفن پاسخ نداد)" in brief
    assert (await tick(courier, "not_at_home", tick="tick-0003"))[1]["new"] is False  # no second text
    desk.clock.turn(timedelta(minutes=20))
    assert (await tick(courier, "out", tick="tick-0004"))[1]["new"] is True  # a new try
    assert (await tick(courier, "delivered", tick="tick-0005"))[1]["state"] == "delivered"


async def test_a_tick_that_waited_happened_when_it_was_made(desk: Desk, courier: Browser, clock: StillClock) -> None:
    await agreed(desk)
    await courier.get("/courier")
    made = clock.now()
    clock.turn(timedelta(hours=1))
    await tick(courier, "delivered", at="1000", sent=str(1000 + 3600_000))  # a phone whose clock is decades off
    at = (await order_of(desk)).happened(EventType.DELIVERED)
    assert at == int(made.timestamp() * 1000)
    await agreed(desk, "20009")
    for number, (then, sent) in enumerate((("5", "1"), ("-1", "x"), ("9" * 30, "1"), ("1", "9" * 15))):
        status, _ = await tick(courier, "out", "20009", tick=f"tick-100{number}", at=then, sent=sent)
        assert status == 200
    assert (await order_of(desk, "20009")).happened(EventType.OUT_FOR_DELIVERY) <= int(clock.now().timestamp() * 1000)


async def test_a_tick_that_came_too_late_says_so(desk: Desk, courier: Browser) -> None:
    again = {"customer": {}, "payment": {}, "items": None}
    for order in ("20001", "20002", "20003"):
        await agreed(desk, order)
    await courier.get("/courier")
    await desk.event(EventType.CANCELLED, "20001", **again)
    desk.clock.turn(timedelta(minutes=5))
    await desk.event(EventType.DELIVERY_CHANGED, "20002", delivery=slot(TOMORROW), **again)
    await desk.event(EventType.DELIVERED, "20003", **again)
    for order, says in (("20001", "لغو شد"), ("20002", "در فهرست امروز شما نیست"), ("20003", "پیش‌تر تحویل‌شده")):
        status, said = await tick(courier, "not_at_home", order, tick=f"tick-{order}")
        assert (status, said["taken"]) == (409, False)
        assert says in said["says"]
    assert (await order_of(desk, "20001")).happened(EventType.DELIVERY_FAILED) is None
    status, said = await tick(courier, "out", "20002", tick="tick-20003")
    assert status == 409


@pytest.mark.parametrize(
    "form",
    [
        {"what": "stolen"}, {"tick": ""}, {"tick": "x" * 65}, {"tick": "../../etc"},
        {"order": ""}, {"order": "x" * 101}, {"source": ""}, {"what": ""},
    ],
)  # fmt: skip
async def test_a_tick_that_cannot_be_read(desk: Desk, courier: Browser, form: dict[str, str]) -> None:
    await agreed(desk)
    await courier.get("/courier")
    fields = {"csrf": courier.csrf, "tick": "tick-0001", "source": "shop", "order": "20001", "what": "out"} | form
    page = await courier.post_bare("/courier/ticks", headers={"X-Console-Script": "1"}, **fields)
    assert page.status == 422
    assert "says" in page.text
    status, _ = await tick(courier, "out", "no-such")
    assert status == 404
    assert (await order_of(desk)).stage is Stage.REGISTERED


async def test_one_id_with_two_meanings_is_refused(desk: Desk, courier: Browser) -> None:
    await agreed(desk)
    await courier.get("/courier")
    await tick(courier, "out")
    status, said = await tick(courier, "delivered")
    assert (status, said["taken"]) == (409, False)
    assert (await order_of(desk)).stage is Stage.OUT_FOR_DELIVERY


async def test_without_a_script_a_form_does_it(desk: Desk, courier: Browser) -> None:
    await agreed(desk)
    await courier.get("/courier")
    page = await courier.post("/courier/ticks", tick="tick-0001", source="shop", order="20001", what="delivered")
    assert "سفارش ۲۰۰۰۱: تحویل. ثبت شد." in page.words
    bare = await courier.post_bare("/courier/ticks", tick="tick-0002", source="shop", order="20001", what="out")
    assert bare.status == 403  # no token


@pytest.mark.parametrize("partitions", [1, 5])
async def test_csv_print_and_calendar(desk: Desk) -> None:
    await agreed(desk, customer=OMID | {"name": "=امید"})
    await prepaid(desk)
    sheet = await desk.boss.get(f"/courier/{TODAY}?as=csv")
    rows = list(csv.DictReader(io.StringIO(sheet.text.lstrip("\ufeff"))))
    assert [row["تلفن"] for row in rows] == ["'09121112233", "'09123334455"]  # text, with its nought
    assert rows[1]["مشتری"] == "'=امید"
    assert (rows[1]["دریافت (تومان)"], rows[0]["پرداخت"], rows[0]["اولویت"]) == ("1250000", "پرداخت‌شده", "اولویت")
    paper = await desk.boss.get(f"/courier/{TODAY}/print")
    assert paper.status == 200
    for said in ("دریافت ۱٬۲۵۰٬۰۰۰ تومان", "۱۶ تا ۱۹", "امضا", "زنگ سوم"):
        assert said in paper.words
    calendar = Calendar.from_ical((await desk.boss.get(f"/courier/{TODAY}/calendar.ics")).text)
    events = calendar.walk("VEVENT")
    assert [str(one["location"]) for one in events] == ["تهران", "تهران، ونک، پلاک ۱۲"]
    assert {one["dtstart"].dt.isoformat() for one in events} == {"2026-11-23T12:30:00+00:00"}
    exported = [one.about async for _, one in audit.read(desk.service.reader, Wanted()) if one.act is Act.EXPORTED]
    assert len(exported) == 2


async def test_the_feed_of_deliveries_has_a_secret_address(desk: Desk, client: Client, service: Service) -> None:
    await agreed(desk)
    await service.staff.put(replace(PEYK, feed="s3cret"))
    answer = await client.get("/calendar/peyk/s3cret/deliveries.ics")
    assert answer.status == 200
    assert answer.content_type == "text/calendar"
    assert "20001" in await answer.text()
    assert (await client.get(f"/calendar/peyk/s3cret/deliveries/{TODAY}.ics")).status == 200
    for path in ("peyk/wrong/deliveries.ics", f"peyk/s3cret/deliveries/{TOMORROW}.ics", "peyk/s3cret/deliveries/x.ics"):
        assert (await client.get(f"/calendar/{path}")).status == 404
    await service.staff.put(replace(SARA, feed="hers"))
    assert (await client.get(f"/calendar/sara/hers/deliveries/{TOMORROW}.ics")).status == 200


ALLOWED = {
    ("GET", "/console/courier"), ("POST", "/console/courier/ticks"), ("GET", "/console/courier/print"),
    ("POST", "/console/logout"), ("POST", "/console/logout/everywhere"),
    ("GET", "/console/me"), ("POST", "/console/me/password"), ("POST", "/console/me/second-factor"),
    ("GET", "/console/me/second-factor"), ("POST", "/console/me/second-factor/confirm"),
    ("POST", "/console/me/calendar"), ("POST", "/console/me/calendar/end"),
    ("POST", "/console/me/second-factor/recovery"), ("POST", "/console/me/second-factor/off"),
}  # fmt: skip
PUBLIC = {"/console/login", "/console/login/code", "/console/static/{name}"}


def console_routes(client: Client) -> set[tuple[str, str]]:
    """Every method and address of the console."""
    found: set[tuple[str, str]] = set()

    def walk(app: web.Application) -> None:
        for resource in app.router.resources():
            for route in resource:
                found.add((route.method, route.resource.canonical if route.resource else ""))

    for sub in client.app._subapps:
        walk(sub)
    return {(method, path) for method, path in found if path.startswith("/console") and method in ("GET", "POST")}


async def test_a_courier_sees_nothing_else(desk: Desk, courier: Browser, client: Client) -> None:
    await agreed(desk)
    await desk.event(EventType.PAID, customer=MINA)
    routes = console_routes(client)
    assert len(routes) > 80
    open_to = set[tuple[str, str]]()
    for method, path in sorted(routes):
        if path in PUBLIC or "logout" in path or "password" in path:
            continue
        address = path.removeprefix("/console")
        for name, value in (("{source}", "shop"), ("{id}", "10025"), ("{date}", TODAY), ("{staff}", "sara")):
            address = address.replace(name, value)
        address = "/".join("x" if part.startswith("{") else part for part in address.split("/"))
        page = await (courier.get(address) if method == "GET" else courier.post_bare(address, csrf=courier.csrf))
        if (method, path) in ALLOWED:
            open_to.add((method, path))
            assert page.status in (200, 303, 422), (method, path, page.status)
        elif (method, path) == ("GET", "/console/"):
            assert (page.status, page.headers["Location"]) == (303, "/console/courier")
        else:
            assert page.status == 403, (method, path, page.status)
            assert "حساب پیک فقط فهرست تحویل امروز را می‌بیند" in page.words, path
            assert "مینا" not in page.text
    assert {one for one in ALLOWED if "logout" not in one[1] and "password" not in one[1]} == open_to
    assert (await courier.get("/courier?as=csv")).status == 403
    assert (await courier.get("/courier/")).status in (403, 404)
    assert (await courier.get("/me")).status == 200


async def test_a_couriers_menu_has_nothing_else(desk: Desk, courier: Browser) -> None:
    await agreed(desk)
    for path in ("/courier", "/me"):
        text = (await courier.get(path)).text
        for other in ('href="/console/"', "/console/orders", "/console/live", "live.js", "/console/tour", "as=csv"):
            assert other not in text, (path, other)


async def test_a_courier_changes_their_password_and_leaves(desk: Desk, courier: Browser, client: Client) -> None:
    await courier.get("/me")
    page = await courier.post("/me/password", old=PASSWORD, new="a quite different one, yes")
    assert page.status == 200  # the door
    fresh = Browser(client)
    page = await fresh.sign_in("peyk", "a quite different one, yes")
    assert "فهرست پیک" in (await fresh.get("/courier")).words
    assert (await fresh.post("/logout")).status == 200
    assert (await fresh.get("/courier")).status == 303


async def test_a_courier_begins_with_the_list(desk: Desk, client: Client) -> None:
    browser = Browser(client)
    await browser.get("/orders")  # where somebody else was going
    answer = await browser.post_bare("/login", username="peyk", password=PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (303, "/console/courier")


async def test_no_calls_are_a_couriers(desk: Desk, client: Client, service: Service) -> None:
    await service.staff.put(replace(SARA, active=False))
    await service.staff.put(replace((await service.staff.get("reza")) or SARA, active=False))
    call_id = await desk.due_call()
    assert (await desk.call(call_id)).assignee is None  # nobody is there but a courier
    move = {"call": call_id, "to": "peyk"}
    assert (await desk.boss.post("/desk/move", **move)).status == 422
    for path in ("/desk", "/absence", "/inbox"):
        assert "حسن پیکی" not in (await desk.boss.get(path)).words, path
    assert "حسن پیکی" in (await desk.boss.get("/staff")).words
    assert (await desk.boss.get("/absence/peyk")).status == 404
    for what, more in (("claim", {}), ("outcome", {"outcome": "no_answer"})):
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        answer = await client.post(f"/api/calls/{call_id}/{what}", json={"by": "peyk"} | more, headers=headers)
        assert answer.status == 422
        assert "courier" in (await answer.json())["detail"]
    assert (await desk.call(call_id)).state is CallState.DUE


async def test_who_becomes_a_courier_loses_their_calls(desk: Desk) -> None:
    call_id = await desk.due_call()
    holder = (await desk.call(call_id)).assignee
    page = await desk.boss.post(f"/staff/{holder}", do="role", role="courier")
    assert "۱ تماس باز او بدون مسئول شد" in page.words
    assert (await desk.call(call_id)).assignee is None
    browser = {"sara": desk.sara, "reza": desk.reza}[holder]
    assert (await browser.get("/")).status == 303  # signed out


async def test_with_a_customer_goes_what_a_courier_was_told(
    desk: Desk, redis: Redis, service: Service, clock: StillClock, tmp_path: Any
) -> None:
    await agreed(desk)
    await desk.event(EventType.OUT_FOR_DELIVERY, "20001", customer={}, payment={}, items=None)
    archive = Archive(tmp_path / "archive")
    customers = Customers(redis, service.reader, clock, archive, remembered=timedelta(days=365))
    await customers.erase(OMID["phone"])
    assert "تحویلی نیست" in (await desk.boss.get("/courier")).words
    assert await redis.zcard(Keys(0).deliveries(TODAY)) == await redis.zcard(Keys(0).on_the_way) == 0
    left = [raw async for key in redis.scan_iter("n:*order:shop:20001") if (raw := await redis.get(key))]
    assert all("ونک".encode() not in raw for raw in left)


@pytest.mark.parametrize("partitions", [1, 3])
async def test_orders_of_before_are_on_the_list_too(desk: Desk, redis: Redis, partitions: int) -> None:
    await desk.event(EventType.REGISTERED, "20001", customer=OMID, payment=CASH)
    await desk.event(EventType.OUT_FOR_DELIVERY, "20001", customer={}, payment={}, items=None)
    for at in range(partitions):
        await redis.delete(Keys(at).on_the_way)
    assert "امید" not in (await desk.boss.get("/courier")).words
    await redis.set(names.SCHEMA, 6)
    await schema.bring_up(redis)
    assert "امید" in (await desk.boss.get("/courier")).words
