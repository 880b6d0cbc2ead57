"""The customer's page: who has its address sees the order and answers about it, and nobody else does either."""

import asyncio
import io
import re
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from console_browser import Browser, Page, hire
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.domain.events import EventType
from notifier.domain.orders import Order, Stage
from notifier.practice import standard
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.store import audit
from notifier.store.audit import Act, Wanted
from notifier.store.page_tokens import digest, new_token
from notifier.store.receipts import ReceiptPictures

BASE = "https://order.shop.example"
ISFAHAN = {"name": "سیده سارا محمدی", "phone": "09121234567", "city": "اصفهان"}
TRANSFER = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
_INPUT = re.compile(r'name="(once|key)" value="([^"]+)"')


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def config(make_config: Any, tmp_path: Path, settings: dict[str, Any]) -> Config:
    ours = {"customer_page__enabled": True, "customer_page__base": BASE}
    return in_data_dir(make_config(**ours | settings), tmp_path / "data")


@dataclass(slots=True)
class Customer:
    """A customer with the address of a page: no cookies, no scripts."""

    client: Client
    shop: StandardShop
    service: Service
    clock: StillClock
    token: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    async def event(self, kind: EventType, order: str = "10025", **data: Any) -> None:
        self.clock.turn(timedelta(seconds=1))
        payload = standard.event(kind, at=self.clock.now(), order_id=order)
        payload["data"] |= data
        answer = await self.shop.post(payload)
        assert answer.status == 202

    async def order(self, number: str = "10025") -> Order:
        found = await self.service.reader.order("shop", number)
        assert found
        return found

    async def orders(self, number: str = "10025", **about: Any) -> None:
        """Place an order, and have the address of its page."""
        await self.event(EventType.REGISTERED, number, **about)
        self.token = (await self.order(number)).page_token or ""

    async def look(self, token: str | None = None, query: str = "", **more: Any) -> Page:
        async with self.client.get(f"/o/{token or self.token}{query}", allow_redirects=False, **more) as answer:
            page = Page(answer.status, await answer.text(), dict(answer.headers))
        self.keys |= dict(_INPUT.findall(page.text))
        return page

    async def send(
        self, answer: str, *, picture: bytes | None = None, token: str = "", headers: Any = None, **typed: str
    ) -> Page:
        form = aiohttp.FormData()
        for name, value in (self.keys | typed).items():
            form.add_field(name, value)
        if picture is not None:
            form.add_field("picture", io.BytesIO(picture), filename="../رسید.exe", content_type="text/html")
        path = f"/o/{token or self.token}/{answer}"
        async with self.client.post(path, data=form, headers=headers, allow_redirects=False) as found:
            page = Page(found.status, await found.text(), dict(found.headers))
        self.keys |= dict(_INPUT.findall(page.text))
        return page

    async def follow(self, page: Page) -> Page:
        assert page.status == 303
        async with self.client.get(page.headers["Location"]) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    async def story(self, kind: EventType, number: str = "10025") -> list[Any]:
        told = await self.service.reader.story(await self.order(number))
        return [line for line in told.timeline if line.what == kind]


@pytest.fixture
def customer(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Customer:
    return Customer(client, shop, service, clock)


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_token_is_made_with_the_order_and_stays(customer: Customer, api: ApiUser, redis: Redis) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    assert re.fullmatch("[0-9A-Za-z]{22}", customer.token)
    await customer.event(EventType.DEPOSIT_REPORTED, customer=ISFAHAN, payment=TRANSFER | {"reference": "1"})
    assert (await customer.order()).page_token == customer.token
    assert (await api.get("/orders/10025")).body["customer_page"] == f"/o/{customer.token}"
    assert (await customer.look()).status == 200
    async for key in redis.scan_iter("*"):
        assert customer.token.encode() not in key
    first = customer.token
    await customer.orders("10026", customer=ISFAHAN, payment=TRANSFER)
    assert customer.token != first


@pytest.mark.parametrize("settings", [{"customer_page__enabled": False}])
async def test_without_the_section_there_is_no_page_and_no_token(customer: Customer, api: ApiUser) -> None:
    await customer.orders(customer=ISFAHAN)
    assert customer.token == ""
    assert (await api.get("/orders/10025")).body["customer_page"] is None
    assert (await customer.look(new_token())).status == 404


async def test_the_page_tells_where_the_order_is_and_no_more_of_its_customer(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    page = await customer.look()
    for said in (
        "سفارش ۱۰۰۲۵",
        "سیده سارا",
        "۰۹۱۲***۴۵۶۷",
        "منتظر واریز شما هستیم.",
        "تا سه‌شنبه ۳ آذر ساعت ۱۰:۰۰",
        "شیائومی سیتی",
        "۰۲۱۹۱۰۰۱۲۳۴",
        "۷ روز پس از تحویل",
        "خبر واریز",
    ):
        assert said in page.words
    for hidden in ("محمدی", "09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "اصفهان"):
        assert hidden not in page.text
    assert len(page.text.encode()) < 30_000


async def test_the_page_is_kept_from_caches_searches_and_frames(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN)
    for page in (await customer.look(), await customer.look(new_token())):
        headers = page.headers
        assert headers["Cache-Control"] == "no-store"
        assert "noindex" in headers["X-Robots-Tag"]
        assert '<meta name="robots" content="noindex' in page.text
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in headers
    async with customer.client.head(f"/o/{customer.token}") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        assert answer.headers["Cache-Control"] == "no-store"


async def test_looking_changes_nothing(customer: Customer, redis: Redis) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    before = {key: await redis.dump(key) async for key in redis.scan_iter("n:{*")}
    for query in ("", "?said=paid", "?said=call", "?said=nonsense"):
        page = await customer.look(query=query)
        assert 'role="status"' not in page.text  # what was not said is not confirmed
    assert {key: await redis.dump(key) async for key in redis.scan_iter("n:{*")} == before


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_deposit_is_told_as_the_customer_tells_it(customer: Customer, redis: Redis) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    await customer.look()
    page = await customer.send("paid", picture=PNG, reference=" ۷۷۸۸۹۹ ", paid_on="2026-11-22")
    page = await customer.follow(page)
    assert "خبر واریز شما ثبت شد" in page.words
    assert "خبر واریز شما به ما رسید." in page.words
    assert "778899" in page.text
    order = await customer.order()
    assert order.deposit_waiting
    assert order.details.reference == "778899"
    (line,) = await customer.story(EventType.DEPOSIT_REPORTED)
    assert line.extra["by"] == ":customer"
    pictures = ReceiptPictures(customer.service.config.redis.data_dir)
    assert pictures.find("shop", "10025", line.extra["picture"])
    await hire(customer.service)
    staff = Browser(customer.client)
    await staff.enter(customer.service, "sara")
    story = await staff.get("/orders/shop/10025")
    assert "به گزارش مشتری" in story.words
    assert "واریز در یک‌شنبه ۱ آذر" in story.words
    desk = await staff.get("/deposits")
    assert "واریز در یک‌شنبه ۱ آذر" in desk.words
    assert line.extra["picture"] in desk.text


async def test_the_same_form_twice_is_one_piece_of_news(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    await customer.look()
    keys = dict(customer.keys)
    for _ in range(2):
        customer.keys = dict(keys)
        page = await customer.send("call", when="soon")
        assert page.status == 303
    assert len(await customer.story(EventType.CALLBACK_REQUESTED)) == 1
    assert (await customer.order()).happened(EventType.CALLBACK_REQUESTED)


async def test_two_tabs_tell_of_one_deposit(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    await customer.look()
    first = dict(customer.keys)
    await customer.look()
    assert (await customer.send("paid", reference="1", paid_on="2026-11-23")).status == 303
    customer.keys = first
    page = await customer.send("paid", reference="2", paid_on="2026-11-23", picture=PNG)
    assert page.status == 409
    assert "شاید پیش‌تر خبر داده‌اید" in page.words
    assert (await customer.order()).details.reference == "1"
    assert not list((customer.service.config.redis.data_dir / "receipts").glob("*/*"))


async def test_a_call_can_be_asked_for_at_a_time(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    page = await customer.look()
    value = re.findall(r'<option value="(\d+)">([^<]+)', page.text)
    assert value[0][1] == "امروز ساعت ۱۲:۰۰"
    page = await customer.follow(await customer.send("call", when=value[0][0]))
    assert "با شما تماس می‌گیریم امروز ساعت ۱۲:۰۰" in page.words
    assert (await customer.order()).details.callback_at


async def test_a_return_and_a_mark_once_it_is_delivered(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN)
    assert "نمره به این خرید" not in (await customer.look()).words
    assert (await customer.send("mark", mark="5")).status == 409
    assert (await customer.send("return", reason="خراب است")).status == 409
    await customer.event(EventType.PAID, customer=ISFAHAN)
    await customer.event(EventType.DELIVERED)
    page = await customer.look()
    assert "تا دوشنبه" not in page.words
    assert "تا ۹ آذر ۱۴۰۵" in page.words
    page = await customer.follow(await customer.send("mark", mark="4"))
    assert "نمرهٔ شما ثبت شد" in page.words
    assert "نمرهٔ شما: ۴" in page.words
    assert (await customer.order()).details.mark == 4
    page = await customer.follow(await customer.send("return", reason="صفحه‌نمایش\nخط دارد"))
    assert "درخواست برگشت کالا ثبت شد" in page.words
    assert (await customer.order()).stage is Stage.RETURN_REQUESTED
    (line,) = await customer.story(EventType.RETURN_REQUESTED)
    assert line.extra["reason"] == "صفحه‌نمایش خط دارد"


async def test_after_the_guarantee_nothing_can_be_sent_back(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN)
    await customer.event(EventType.DELIVERED)
    await customer.look()
    customer.clock.turn(timedelta(days=8))
    assert "درخواست برگشت کالا" not in (await customer.look()).words
    assert (await customer.send("return", reason="خراب است")).status == 409
    assert not await customer.story(EventType.RETURN_REQUESTED)


@pytest.mark.parametrize(
    ("answer", "typed", "said"),
    [
        ("paid", {"reference": "", "paid_on": "2026-11-23"}, "شماره پیگیری پرداخت را از رسید بانک بنویسید."),
        ("paid", {"reference": "-", "paid_on": "2026-11-23"}, "شماره پیگیری پرداخت را از رسید بانک بنویسید."),
        ("paid", {"reference": "9" * 5000, "paid_on": "2026-11-23"}, "بلندتر از آن است"),
        ("paid", {"reference": "1\x00\n2", "paid_on": "2026-11-23"}, "بلندتر از آن است"),
        ("paid", {"reference": "778899", "paid_on": "2026-11-24"}, "هنوز نیامده است"),
        ("paid", {"reference": "778899", "paid_on": "2020-01-01"}, "قدیمی است"),
        ("paid", {"reference": "778899", "paid_on": "0000-99-99"}, "روز واریز را انتخاب کنید."),
        ("paid", {"reference": "778899"}, "روز واریز را انتخاب کنید."),
        ("call", {}, "زمان تماس را انتخاب کنید."),
        ("call", {"when": "1"}, "این زمان گذشته است"),
        ("call", {"when": "9" * 11}, "خیلی دور است"),
        ("call", {"when": "9" * 400}, "زمان تماس را انتخاب کنید."),
        ("call", {"when": "²"}, "زمان تماس را انتخاب کنید."),
        ("return", {"reason": " "}, "بنویسید چرا"),
        ("return", {"reason": "خ" * 201}, "کوتاه‌تر بنویسید"),
        ("mark", {"mark": "6"}, "یکی از نمره‌های ۱ تا ۵"),
        ("mark", {"mark": "۵۵"}, "یکی از نمره‌های ۱ تا ۵"),
        ("mark", {}, "یکی از نمره‌های ۱ تا ۵"),
    ],
)
async def test_a_mistake_is_one_sentence_and_what_was_typed_stays(
    customer: Customer, answer: str, typed: dict[str, str], said: str
) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    if answer in ("return", "mark"):
        await customer.event(EventType.DELIVERED)
    await customer.look()
    before = (await customer.order()).v
    page = await customer.send(answer, **typed)
    assert page.status == 422
    assert said in page.words
    assert f'<details id="{answer}" open><summary>' in page.text
    for value in typed.values():
        if len(value) < 300 and value.strip() and answer in ("paid", "return") and value.isprintable():
            assert value in unescape(page.text) or value == typed.get("paid_on")
    assert (await customer.order()).v == before


async def test_a_wrong_picture_is_refused_and_the_form_comes_back(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    await customer.look()
    page = await customer.send("paid", picture=b"<svg onload=alert(1)>", reference="778899", paid_on="2026-11-23")
    assert page.status == 422
    assert "این فایل عکس نیست" in page.words
    assert 'value="778899"' in page.text
    page = await customer.send(
        "paid", picture=b"\x89PNG\r\n\x1a\n" + bytes(5_000_000), reference="778899", paid_on="2026-11-23"
    )
    assert page.status == 413
    assert not await customer.story(EventType.DEPOSIT_REPORTED)


async def test_a_revoked_address_leads_nowhere_and_the_new_one_is_told(customer: Customer, api: ApiUser) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    await customer.look()
    old = customer.token
    await hire(customer.service)
    staff = Browser(customer.client)
    await staff.enter(customer.service, "sara")
    assert f"{BASE}/o/{old}" in (await staff.get("/orders/shop/10025")).text
    page = await staff.post("/orders/shop/10025/page", **{"from": digest(old)})
    assert "نشانی تازه" in page.words
    customer.token = (await customer.order()).page_token or ""
    assert customer.token not in ("", old)
    assert (await customer.look(old)).status == 404
    assert (await customer.send("call", token=old, when="soon")).status == 404
    assert (await customer.look()).status == 200
    assert (await api.get("/orders/10025")).body["customer_page"] == f"/o/{customer.token}"
    entries = [entry async for _, entry in audit.read(customer.service.reader, Wanted())]
    assert [(one.by, one.about) for one in entries if one.act is Act.PAGE_RENEWED] == [("sara", "10025")]
    assert all(old not in str(one) and customer.token not in str(one) for one in entries)
    again = await staff.post("/orders/shop/10025/page", **{"from": digest(old)})  # pressed twice, or in two tabs
    assert again.status == 409
    assert (await customer.order()).page_token == customer.token


async def test_a_page_dies_with_its_order_and_its_customer(customer: Customer, redis: Redis) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    first = customer.token
    config = customer.service.config
    archive, days = Archive(config.redis.data_dir / "archive"), timedelta(days=365)
    await Customers(redis, customer.service.reader, customer.clock, archive, days).erase("09121234567")
    assert (await customer.look(first)).status == 404
    assert not [key async for key in redis.scan_iter("*:pages:*")]
    await customer.event(EventType.DELIVERED)  # news that comes too late
    assert (await customer.order()).page_token != first
    await customer.orders("10026", customer=ISFAHAN)
    await customer.event(EventType.DELIVERED, "10026")
    customer.clock.turn(timedelta(days=91))
    await customer.service.retention.tick()
    assert (await customer.look()).status == 404


@pytest.mark.parametrize("settings", [{"customer_page__in_texts": True}, {}])
async def test_a_text_has_the_address_where_the_line_may_send_it(customer: Customer, settings: dict[str, Any]) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    stored = (await customer.service.reader.story(await customer.order())).messages[0]
    told = f"{BASE}/o/{customer.token}" if settings else "شماره سفارش در xiaomicity.example"
    assert f"پیگیری: {told}" in stored.message.text


TEHRAN = {"name": "رضا کریمی", "phone": "09121234568", "city": "تهران"}
CASH = {"method": "cash", "amount": 185_000_000, "currency": "IRR"}
EVERY_DAY = ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"]
SLOTS = [
    {"region": "tehran", "weekday": EVERY_DAY, "from": "10:00", "to": "13:00", "places": 1},
    {"region": "tehran", "weekday": EVERY_DAY, "from": "16:00", "to": "19:00", "places": 1},
]


@pytest.mark.parametrize("settings", [{"delivery__slots": SLOTS}])
@pytest.mark.parametrize("partitions", [1, 5])
async def test_the_customer_chooses_and_changes_the_time(customer: Customer, api: ApiUser) -> None:
    await customer.orders(customer=TEHRAN, payment=CASH)
    page = await customer.look()
    assert "انتخاب زمان تحویل" in page.words
    assert "سه‌شنبه ۳ آذر، ساعت ۱۶ تا ۱۹" in page.words
    page = await customer.follow(await customer.send("time", slot="2026-11-24 16:00-19:00", seen=""))
    assert "زمان تحویل ثبت شد." in page.words
    assert "زمان تحویل سه‌شنبه ۳ آذر، ساعت ۱۶ تا ۱۹" in page.words
    assert "تغییر زمان تحویل" in page.words
    (line,) = await customer.story(EventType.DELIVERY_AGREED)
    assert line.extra["by"] == ":customer"
    assert (await api.get("/orders/10025")).body["delivery"] == {"date": "2026-11-24", "from": "16:00", "to": "19:00"}
    seen = "2026-11-24 16:00-19:00"
    page = await customer.send("time", slot="2026-11-25 10:00-13:00", seen=seen)
    assert page.status == 303
    again = await customer.send("time", slot="2026-11-25 10:00-13:00", seen=seen)  # pressed twice
    assert again.status == 303
    other = await customer.send("time", slot="2026-11-26 10:00-13:00", seen=seen)  # another tab, which knows less
    assert (other.status, "در این میان عوض شده است" in other.words) == (422, True)
    assert str((await customer.order()).delivery) == "2026-11-25 10:00-13:00"
    await customer.orders("10026", customer=TEHRAN | {"phone": "09121234569"}, payment=CASH)
    page = await customer.look()
    assert "چهارشنبه ۴ آذر، ساعت ۱۰ تا ۱۳" not in page.words  # its one place is taken
    page = await customer.send("time", slot="2026-11-25 10:00-13:00", seen="")
    assert (page.status, "همین حالا پر شد" in page.words) == (422, True)
    assert (await customer.order("10026")).delivery is None


@pytest.mark.parametrize("settings", [{"delivery__slots": SLOTS}])
@pytest.mark.parametrize("partitions", [1, 5])
async def test_of_a_hundred_customers_who_press_for_the_last_place_one_gets_it(
    client: Client, shop: StandardShop, service: Service, clock: StillClock
) -> None:
    customers = [Customer(client, shop, service, clock) for _ in range(100)]
    numbers = [str(20_000 + at) for at in range(100)]
    for customer, number in zip(customers, numbers, strict=True):
        await customer.orders(number, customer=TEHRAN | {"phone": f"09121{number}1"}, payment=CASH)
    looked = await asyncio.gather(*(customer.look() for customer in customers))
    assert all("سه‌شنبه ۳ آذر، ساعت ۱۶ تا ۱۹" in page.words for page in looked)
    wish = "2026-11-24 16:00-19:00"
    pressed = await asyncio.gather(*(customer.send("time", slot=wish, seen="") for customer in customers))
    assert sorted(page.status for page in pressed) == [303] + [422] * 99
    refused = [page for page in pressed if page.status == 422]
    assert all(page.words.count("این زمان همین حالا پر شد") == 1 for page in refused)
    agreed = [str((await customer.order(number)).delivery) for customer, number in zip(customers, numbers, strict=True)]
    assert agreed.count(wish) == 1
    assert agreed.count("None") == 99
    winner = [page.status for page in pressed].index(303)
    assert agreed[winner] == wish


@pytest.mark.parametrize("settings", [{"delivery__slots": SLOTS}])
@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ("2026-11-22 16:00-19:00", "گذشته است"),
        ("2026-11-24 17:30-19:30", "در فهرست نیست"),
        ("2027-11-24 16:00-19:00", "خیلی دور است"),
        ("2026-11-23 10:00-13:00", "گذشته است"),
        ("2026-11-24 19:00-16:00", "زمان تحویل را انتخاب کنید."),
        ("9999-99-99 16:00-19:00", "زمان تحویل را انتخاب کنید."),
        ("tomorrow", "زمان تحویل را انتخاب کنید."),
        ("2" * 5000, "زمان تحویل را انتخاب کنید."),
    ],
)
async def test_a_time_that_cannot_be_is_one_sentence(customer: Customer, slot: str, said: str) -> None:
    await customer.orders(customer=TEHRAN, payment=CASH)
    await customer.look()
    page = await customer.send("time", slot=slot, seen="")
    assert page.status == 422
    assert said in page.words
    assert (await customer.order()).delivery is None


@pytest.mark.parametrize("settings", [{"delivery__slots": SLOTS}])
async def test_no_time_is_chosen_where_none_is_to_be(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    assert "زمان تحویل" not in (await customer.look()).words
    page = await customer.send("time", slot="2026-11-24 16:00-19:00", seen="")
    assert (page.status, "دیگر عوض نمی‌شود" in page.words) == (422, True)
    await customer.orders("10026", customer=TEHRAN, payment=CASH)
    await customer.event(EventType.OUT_FOR_DELIVERY, "10026")
    assert "انتخاب زمان تحویل" not in (await customer.look()).words
