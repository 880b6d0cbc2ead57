"""The owner's page: counted as things happen, compared week by week, unknown before counting began."""

import csv
import io
import re
from datetime import datetime, timedelta

import pytest
from console_browser import ISFAHAN, Browser, Desk, hire
from redis.asyncio import Redis
from shops import Client, StandardShop, send_all

from notifier.clock import TEHRAN, StillClock
from notifier.domain.events import EventType
from notifier.service.process import Service
from notifier.store import keys as names
from notifier.store.records import ms

ONLINE = {"method": "online", "amount": 185_000_000, "currency": "IRR", "reference": "123456789"}
TRANSFER = {"method": "bank_transfer", "amount": 98_000_000, "currency": "IRR", "reference": "778899"}


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


@pytest.fixture
async def counted(desk: Desk, redis: Redis) -> Desk:
    """Counting began long ago."""
    await redis.set(names.COUNTED_SINCE, ms(datetime(2026, 1, 1, tzinfo=TEHRAN)))
    return desk


async def table(browser: Browser, of: str, *, day: str = "") -> list[dict[str, str]]:
    page = await browser.get(f"/owner?as=csv&of={of}{'&day=' + day if day else ''}")
    assert page.status == 200, page.words
    return list(csv.DictReader(io.StringIO(page.text.removeprefix("\ufeff"))))


async def lines(browser: Browser, *, day: str = "") -> dict[str, dict[str, str]]:
    return {row["شاخص"]: row for row in await table(browser, "weeks", day=day)}


async def satisfied(desk: Desk, order: str, said: str, *, phone: str) -> str:
    """Deliver an order, and ask about it; returns the call."""
    customer = {"name": "سارا محمدی", "phone": phone, "city": "تهران"}
    await desk.event(EventType.PAID, order, customer=customer, payment=ONLINE)
    done = await desk.event(EventType.DELIVERED, order)
    call_id = str(next(call["id"] for call in done["calls"] if call["purpose"] == "satisfaction"))
    await desk.boss.post(f"/calls/{call_id}/outcome", outcome="reached", satisfaction=said)
    return call_id


@pytest.mark.parametrize("partitions", [1, 3])
async def test_orders_payments_and_deposits_of_today(counted: Desk, clock: StillClock) -> None:
    desk = counted
    await desk.event(EventType.REGISTERED, "1", payment=ONLINE)
    await desk.event(EventType.PAID, "1", payment=ONLINE)
    await desk.event(EventType.REGISTERED, "2", customer=ISFAHAN, payment=TRANSFER)
    await desk.event(EventType.DEPOSIT_REPORTED, "2", customer=ISFAHAN, payment=TRANSFER)
    clock.turn(timedelta(minutes=40))
    await desk.event(EventType.DEPOSIT_CONFIRMED, "2", customer=ISFAHAN)
    await desk.event(EventType.REGISTERED, "3", payment=ONLINE)
    await desk.event(EventType.CANCELLED, "3")
    await desk.event(EventType.REFUNDED, "1", payment=ONLINE | {"refund_amount": 5_000_000})
    await send_all(desk.service, clock)
    found = await lines(desk.boss)
    said = {name: row["امروز"] for name, row in found.items()}
    assert said["سفارش ثبت‌شده"] == "3"
    assert said["سفارش لغوشده"] == "1"
    assert said["سفارش پرداخت‌شده"] == "2"
    assert said["مبلغ پرداخت‌شده (تومان)"] == "28300000"
    assert (said["واریز بررسی‌شده"], said["میانهٔ زمان بررسی"]) == ("1", "۴۰ دقیقه")
    page = await desk.boss.get("/owner")
    assert page.status == 200
    assert "مبلغ پرداخت‌شده ۲۸٬۳۰۰٬۰۰۰ تومان ۰ تومان ۲۸٬۳۰۰٬۰۰۰ تومان ۰ تومان" in page.words


async def test_a_week_is_held_against_the_same_days_of_the_last(counted: Desk, clock: StillClock) -> None:
    for order in ("1", "2"):
        await counted.event(EventType.REGISTERED, order, payment=ONLINE)
    clock.turn(timedelta(days=4))  # from Monday to Friday: last week, but after the day to be compared with
    await counted.event(EventType.REGISTERED, "3", payment=ONLINE)
    clock.turn(timedelta(days=3))  # Monday
    for order in ("4", "5", "6"):
        await counted.event(EventType.REGISTERED, order, payment=ONLINE)
    row = (await lines(counted.boss))["سفارش ثبت‌شده"]
    assert list(row.values())[2:] == ["3", "2", "3", "2", "3", "۵۰٪ بیشتر"]
    before = (await lines(counted.boss, day="2026-11-23"))["سفارش ثبت‌شده"]
    assert (before["امروز"], before["این هفته"], before["هفتهٔ پیش تا همین روز"]) == ("2", "2", "0")


async def test_days_before_counting_began_are_unknown(desk: Desk, redis: Redis) -> None:
    await desk.event(EventType.REGISTERED, "1", payment=ONLINE)
    row = (await lines(desk.boss))["سفارش ثبت‌شده"]
    assert (row["امروز"], row["همین روز هفتهٔ پیش"], row["این هفته"]) == ("1", "نامعلوم", "نامعلوم")
    page = await desk.boss.get("/owner")
    assert "۱: نامعلوم، ۲: ۱" in page.text.partition("سفارش‌ها در هر روز؛")[2]
    assert "از امروز ۱۰:۰۰ شمرده می‌شود" in page.words
    await redis.delete(names.COUNTED_SINCE)
    assert (await lines(desk.boss))["سفارش ثبت‌شده"]["امروز"] == "نامعلوم"


async def test_counting_begins_once(service: Service, redis: Redis, clock: StillClock) -> None:
    begun = await redis.get(names.COUNTED_SINCE)
    assert int(begun or 0) == ms(clock.now())
    clock.turn(timedelta(days=3))
    async with Service(service.config, clock=clock, roles=[]):
        assert await redis.get(names.COUNTED_SINCE) == begun


async def test_a_first_try_is_on_time_or_not_and_later_ones_are_no_first(counted: Desk, clock: StillClock) -> None:
    call_id = await counted.due_call()
    who = (await counted.call(call_id)).assignee
    await (await counted.whose(call_id)).post(f"/calls/{call_id}/outcome", outcome="no_answer")
    await counted.tick(hours=5)
    await counted.boss.post(f"/calls/{call_id}/outcome", outcome="busy")
    (person,) = await table(counted.boss, "people")
    assert person["همکار"] == {"sara": "سارا", "reza": "رضا"}[who]
    assert (person["تماس این هفته"], person["به‌موقع"], person["سهم به‌موقع"]) == ("1", "1", "۱۰۰٪")
    (purpose,) = await table(counted.boss, "purposes")
    assert purpose["سهم به‌موقع"] == "۱۰۰٪"
    why = {row["دلیل"]: row["این هفته"] for row in await table(counted.boss, "unreachable")}
    assert why == {"پاسخ نداد": "1", "مشغول بود": "1", "شمارهٔ اشتباه": "0", "تماس نمی‌خواهد": "0"}


async def test_a_first_try_after_its_time_is_late(counted: Desk) -> None:
    call_id = await counted.due_call()
    await counted.tick(hours=5)
    await counted.boss.post(f"/calls/{call_id}/outcome", outcome="no_answer")
    (person,) = await table(counted.boss, "people")
    assert (person["تماس این هفته"], person["به‌موقع"]) == ("1", "0")


async def test_a_call_that_nobody_tried_in_time_and_that_fell_away_was_missed(counted: Desk) -> None:
    await counted.event(EventType.PAYMENT_FAILED, payment=ONLINE)
    await counted.tick()
    await counted.tick(days=1)
    await counted.event(EventType.CANCELLED)
    said = await lines(counted.boss)
    assert said["مهلت گذشت و تماسی گرفته نشد"]["امروز"] == "1"


async def test_customers_say_how_content_they_are(counted: Desk) -> None:
    await satisfied(counted, "1", "satisfied", phone="09121110001")
    await satisfied(counted, "2", "satisfied", phone="09121110002")
    call_id = await satisfied(counted, "3", "dissatisfied", phone="09121110003")
    await satisfied(counted, "4", "", phone="09121110004")  # was not asked
    said = await lines(counted.boss)
    assert said["پاسخ به رضایت‌سنجی"]["امروز"] == "3"
    assert said["راضی از سفارش رسیده"]["امروز"] == "۶۷٪"
    rows = {row["پاسخ"]: row["این هفته"] for row in await table(counted.boss, "satisfaction")}
    assert rows == {"راضی": "2", "تا حدی راضی": "0", "ناراضی": "1"}
    assert "صحبت شد؛ ناراضی" in (await counted.boss.get(f"/calls/{call_id}")).words


async def test_what_is_taken_back_is_not_counted(counted: Desk) -> None:
    """All of it: the try, whether it was in time, and what the customer is said to have said."""
    call_id = await satisfied(counted, "1", "dissatisfied", phone="09121110001")
    seen = re.search(
        r'action="[^"]*/undo".*?name="v" value="([^"]+)"', (await counted.boss.get(f"/calls/{call_id}")).text
    )
    assert seen
    await counted.boss.post(f"/calls/{call_id}/undo", v=seen[1])
    said = await lines(counted.boss)
    assert said["تماس گرفته‌شده"]["امروز"] == "0"
    assert said["پاسخ به رضایت‌سنجی"]["امروز"] == "0"
    assert not await table(counted.boss, "people")
    await counted.boss.post(f"/calls/{call_id}/outcome", outcome="reached", satisfaction="satisfied")
    said = await lines(counted.boss)
    assert said["راضی از سفارش رسیده"]["امروز"] == "۱۰۰٪"
    (person,) = await table(counted.boss, "people")
    assert (person["تماس این هفته"], person["به‌موقع"]) == ("1", "1")


async def test_only_a_call_about_it_asks(counted: Desk, client: Client) -> None:
    call_id = await counted.due_call()
    assert 'name="satisfaction"' not in (await counted.boss.get(f"/calls/{call_id}")).text
    done = await counted.event(EventType.DELIVERED)
    asks = str(next(call["id"] for call in done["calls"] if call["purpose"] == "satisfaction"))
    assert 'name="satisfaction"' in (await counted.boss.get(f"/calls/{asks}")).text


async def test_the_page_is_for_supervisors_and_checks_what_it_is_asked(desk: Desk) -> None:
    assert (await desk.sara.get("/owner")).status == 403
    for query in ("day=x", "day=2030-01-01", "day=1403-01-01", "as=csv&of=nothing"):
        assert (await desk.boss.get(f"/owner?{query}")).status == 422
    for of in ("weeks", "days", "people", "purposes", "unreachable", "satisfaction"):
        await table(desk.boss, of)


async def test_the_tour_speaks_of_every_page_in_the_menu(desk: Desk) -> None:
    for browser, is_boss in ((desk.sara, False), (desk.boss, True)):
        tour = (await browser.get("/tour")).text
        menu = set(re.findall(r'<a href="(/console/[^"]*)"[^>]*>\s*<svg', tour))
        assert ("/console/desk" in menu) is is_boss
        for address in menu:
            assert re.search(rf'class="panel stop".*?<a href="{address}">', tour, re.DOTALL), address
            page = (await browser.get(address.removeprefix("/console"))).text
            anchor = re.search(r'href="/console/tour#(\w+)">این صفحه چه می‌گوید', page)
            assert anchor, address
            assert f'id="{anchor[1]}"' in tour


async def test_marks_of_this_week_with_their_average(counted: Desk) -> None:
    for order, mark in (("1", 5), ("2", 4), ("3", 1)):
        await counted.event(EventType.REGISTERED, order, payment=ONLINE)
        await counted.event(EventType.DELIVERED, order)
        await counted.event(EventType.RATED, order, mark=mark)
    found = await lines(counted.boss)
    assert [found[name]["این هفته"] for name in ("نمرهٔ مشتری", "میانگین نمره‌ها", "نمرهٔ ۱ یا ۲")] == [
        "3",
        "۳٫۳ از ۵",
        "1",
    ]
    assert {row["نمره"]: row["این هفته"] for row in await table(counted.boss, "marks")} == {
        "نمرهٔ ۵": "1",
        "نمرهٔ ۴": "1",
        "نمرهٔ ۳": "0",
        "نمرهٔ ۲": "0",
        "نمرهٔ ۱": "1",
    }
    assert "نمره‌های مشتریان" in (await counted.boss.get("/owner")).words
