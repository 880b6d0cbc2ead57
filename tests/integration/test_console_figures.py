"""What days came to, and the console's lists as CSV."""

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientPayloadError, web
from call_fixtures import BOSS
from console_browser import Desk, hire
from redis.asyncio import Redis
from redis.exceptions import RedisError
from shops import Client, StandardShop, send_all

from notifier.clock import StillClock
from notifier.console import csv_export, figures
from notifier.console.security import STAFF
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.sms.providers.base import DeliveryStatus
from notifier.store import keys as names

LISTS = (
    *("/", "/orders", "/orders?q=09121234567", "/orders/shop/10025", "/deposits", "/priority", "/parked", "/messages"),
    *("/texts", "/desk", "/staff", "/figures"),
)


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def sheet(browser: Any, path: str) -> list[dict[str, str]]:
    """The rows of a list, by the names of its columns."""
    page = await browser.get(f"{path}{'&' if '?' in path else '?'}as=csv")
    assert page.status == 200, page.words
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.text.startswith("\ufeff")  # by which Excel knows Persian
    return list(csv.DictReader(io.StringIO(page.text[1:])))


async def delivered(desk: Desk, message_id: str, status: DeliveryStatus = DeliveryStatus.DELIVERED) -> None:
    """The provider reports what became of a text."""
    (stored,) = await desk.service.reader.messages([(names.Keys(0), message_id)])
    await desk.service.sending.receipts.report(stored.provider or "", {stored.provider_id or "": status})


async def test_figures_are_counted_as_things_happen(desk: Desk, clock: StillClock, redis: Redis) -> None:
    call_id = await desk.due_call()
    await (await desk.whose(call_id)).post(f"/calls/{call_id}/outcome", outcome="reached")
    await send_all(desk.service, clock)
    message = (await desk.service.reader.page([(names.Keys(0), names.Keys(0).messages(MessageState.ACCEPTED))],
                                              after=None, size=50)).members  # fmt: skip
    texts = [one.message for one in await desk.service.reader.messages(message)]
    paid = next(one for one in texts if one.template == "payment_succeeded_tehran")
    clock.turn(timedelta(minutes=5))  # after the ten that sending took
    for _ in range(2):  # a provider may say it twice
        await delivered(desk, paid.id)
    await redis.delete(*[key async for key in redis.scan_iter("n:{0}:order*")])  # figures outlive orders
    page = await desk.boss.get("/figures")
    for said in ("۱ پیامک به مشتری", "۱ رسیده به گوشی", "۱ تماس برنامه‌ریزی‌شده", "۱ تماس گرفته‌شده، ۱ صحبت"):
        assert said in page.words
    assert "تا ارسال به مخابرات ۱۵ دقیقه ۱۵ دقیقه" in page.words
    assert "تا رسیدن به گوشی ۳۰ دقیقه ۳۰ دقیقه" in page.words
    (day,) = await sheet(desk.boss, "/figures?of=days")
    assert (day["ارسال‌شده"], day["رسیده"], day["تماس برنامه‌ریزی‌شده"], day["صحبت شد"]) == ("1", "1", "1", "1")
    (text,) = await sheet(desk.boss, "/figures?of=texts")
    assert (text["متن"], text["رسیده"]) == ("پرداخت موفق (تهران)", "1")
    assert [row["ساعت"] for row in await sheet(desk.boss, "/figures?of=hours")] == ["10"]
    (person,) = await sheet(desk.boss, "/figures?of=people")
    assert person["صحبت شد"] == "1"
    assert (await desk.boss.get("/figures?as=csv&of=nothing")).status == 422


async def test_webhooks_by_source_and_answer(desk: Desk, redis: Redis) -> None:
    await redis.hset(names.webhooks("2026-11-23"), mapping={"shop 202": 7, "woo 401": 2})
    page = await desk.boss.get("/figures")
    assert "shop: پذیرفته: ۷، woo: امضا درست نبود: ۲" in page.text
    rows = await sheet(desk.boss, "/figures?of=webhooks")
    assert [row["رویداد"] for row in rows] == ["7", "2"]


async def test_a_text_that_arrives_the_next_day_counts_for_the_day_it_left(desk: Desk, clock: StillClock) -> None:
    answer = await desk.event(EventType.PAID)
    await send_all(desk.service, clock)
    clock.turn(timedelta(days=1))
    await delivered(desk, answer["messages"][0]["id"])
    yesterday, today = await sheet(desk.boss, "/figures?of=days&from=2026-11-23&to=2026-11-24")
    assert (yesterday["ارسال‌شده"], yesterday["رسیده"], today["رسیده"]) == ("1", "1", "0")


async def test_a_text_that_came_late_after_all(desk: Desk, clock: StillClock) -> None:
    """Undelivered first, delivered later: it left once and arrived once."""
    answer = await desk.event(EventType.PAID)
    await send_all(desk.service, clock)
    for status in (DeliveryStatus.UNDELIVERED, DeliveryStatus.DELIVERED):
        await delivered(desk, answer["messages"][0]["id"], status)
    (day,) = await sheet(desk.boss, "/figures?of=days")
    assert (day["ارسال‌شده"], day["رسیده"]) == ("1", "1")


async def test_the_story_says_when_a_text_arrived(desk: Desk, clock: StillClock) -> None:
    answer = await desk.event(EventType.PAID)
    await send_all(desk.service, clock)
    assert "ارسال‌شده به مخابرات ۱۰:۰۰" in (await desk.sara.get("/orders/shop/10025")).words
    clock.turn(timedelta(minutes=3))
    await delivered(desk, answer["messages"][0]["id"])
    assert "خبر رسیدن به گوشی ۱۰:۱۳ (پس از ۱۳ دقیقه)" in (await desk.sara.get("/orders/shop/10025")).words
    story = await sheet(desk.sara, "/orders/shop/10025")
    assert any(row["خبر رسیدن به گوشی"].endswith("۱۰:۱۳") for row in story)


async def test_a_range_of_days_is_checked(desk: Desk) -> None:
    assert (await desk.boss.get("/figures?from=x")).status == 422
    assert (await desk.boss.get("/figures?from=2020-01-01&to=2026-11-23")).status == 422


@pytest.mark.parametrize(
    ("waits", "median", "most"),
    [({}, None, None), ({1000: 1}, 1, 1), ({1000: 9, 60_000: 1}, 1, 1), ({1000: 4, 60_000: 6}, 60, 60)],
)
def test_percentiles(waits: dict[int, int], median: float | None, most: float | None) -> None:
    counted = Counter(waits)
    assert (figures.percentile(counted, 0.5), figures.percentile(counted, 0.9)) == (median, most)


@pytest.mark.parametrize("partitions", [1, 3])
async def test_every_list_as_csv(desk: Desk, clock: StillClock) -> None:
    customer = {"name": '=HYPERLINK("x")', "phone": "09121234567", "city": "تهران"}
    await desk.event(EventType.PAID, customer=customer)
    await desk.event(EventType.PAID, "10026", customer=customer)
    await desk.deposit("10027")
    await desk.event(EventType.PACKED, "777", customer={})
    await send_all(desk.service, clock)
    for path in LISTS:
        page = await desk.boss.get(path)
        assert "as=csv" in page.text or path in ("/parked", "/messages", "/deposits"), path
        rows = await sheet(desk.boss, path)
        assert not [cell for row in rows for cell in row.values() if (cell or "").startswith("=")], path
    assert {row["سفارش"] for row in await sheet(desk.sara, "/orders")} >= {"10025", "10026", "10027"}
    assert (await sheet(desk.sara, "/orders?q=10025"))[0][
        "تلفن"
    ] == "'09121234567"  # one result is a list too, with its phone as a text
    assert [row["سفارش"] for row in await sheet(desk.sara, "/priority")] == ["10026", "10025"]
    assert [row["سفارش"] for row in await sheet(desk.sara, "/deposits")] == ["10027"]
    assert {row["نام کاربری"] for row in await sheet(desk.boss, "/staff")} == {"sara", "reza", "boss"}
    page = await desk.boss.get("/orders?as=csv")
    assert page.headers["Content-Disposition"] == 'attachment; filename="orders-1405-09-02.csv"'


async def test_agents_get_no_sheet_of_a_page_they_may_not_see(desk: Desk) -> None:
    for path in ("/staff", "/desk", "/figures"):
        assert (await desk.sara.get(f"{path}?as=csv")).status == 403


async def test_a_sheet_holds_more_than_a_page_and_says_where_it_was_cut(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(35):
        await desk.event(EventType.PAID, str(20_000 + number))
    assert len(await sheet(desk.boss, "/orders")) == 35
    monkeypatch.setattr(csv_export, "LIMIT", 31)
    rows = await sheet(desk.boss, "/orders")
    assert len(rows) == 32
    assert rows[-1]["سفارش"].startswith("فقط")


async def test_a_sheet_that_breaks_off_does_not_look_whole(aiohttp_client: Any, desk: Desk) -> None:
    async def rows() -> AsyncIterator[int]:
        for number in range(1200):
            yield number
        raise RedisError("the store went away")

    async def broken(request: web.Request) -> web.StreamResponse:
        request[STAFF] = BOSS
        columns: csv_export.Columns[int] = (csv_export.Column("شماره", lambda number: number),)
        return await csv_export.sheet(request, desk.service._console_parts({}), "numbers", columns, rows())

    app = web.Application()
    app.router.add_get("/", broken)
    client = await aiohttp_client(app)
    answer = await client.get("/")
    with pytest.raises(ClientPayloadError):
        await answer.read()
