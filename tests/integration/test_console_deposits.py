"""Deposits are money: the sum that was seen, by whom, with what proof, and a second pair of eyes where it differs."""

import asyncio
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from call_fixtures import BOSS
from console_browser import ISFAHAN, Browser, Desk, Page, hashed, hire
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.console.figures import figures
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.domain.orders import Stage
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.store import audit
from notifier.store.audit import Act, Wanted
from notifier.store.keys import Keys
from notifier.store.receipts import LARGEST, ReceiptPictures
from scheduler.settling import DepositFinding, DepositVerdict, Settling

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
PAYMENT = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR", "reference": "778899"}


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def config(make_config: Any, tmp_path: Path, settings: dict[str, Any]) -> Config:
    return in_data_dir(make_config(**settings), tmp_path / "data")


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    await service.staff.put(replace(BOSS, id="chief", name="مدیر", password=hashed()))
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


@pytest.fixture
async def chief(desk: Desk, client: Client) -> Browser:
    """A second supervisor."""
    found = Browser(client)
    await found.enter(desk.service, "chief")
    return found


async def deposit(desk: Desk, order: str = "10025", *, said: int = 185_000_000, **payment: Any) -> Any:
    await desk.event(EventType.REGISTERED, order, customer=ISFAHAN, payment=PAYMENT)
    return await desk.event(
        EventType.DEPOSIT_REPORTED, order, customer=ISFAHAN, payment=PAYMENT | {"amount": said} | payment
    )


async def news(desk: Desk, kind: EventType, order: str = "10025") -> list[Any]:
    """The lines of an order's story about one kind of news."""
    found = await desk.service.reader.order("shop", order)
    assert found
    return [line for line in (await desk.service.reader.story(found)).timeline if line.what == kind]


async def acts(desk: Desk) -> list[Act]:
    return [entry.act async for _, entry in audit.read(desk.service.reader, Wanted()) if "deposit" in entry.act]


async def send_picture(browser: Browser, content: bytes, path: str = "/deposits/shop/10025", **fields: str) -> Page:
    form = aiohttp.FormData()
    for name, value in ({"csrf": browser.csrf} | fields).items():
        form.add_field(name, value)
    form.add_field("picture", io.BytesIO(content), filename="../../رسید.exe", content_type="text/html")
    return await browser._ask("POST", path, data=form)


@pytest.mark.parametrize("partitions", [1, 5])
async def test_the_desk_shows_what_a_deposit_is_compared_with(desk: Desk) -> None:
    await deposit(desk, said=184_000_000, bank="ملی", card="6037-9911-2233-4455")
    await deposit(desk, "10026")
    page = await desk.sara.get("/deposits")
    for said in ("۱۸٬۵۰۰٬۰۰۰ تومان", "۱۸٬۴۰۰٬۰۰۰ تومان", "۱۰۰٬۰۰۰ تومان کمتر", "778899", "ملی", "امروز ۱۰:۰۰"):
        assert said in page.words
    assert "۶۰۳۷۹۹…۴۴۵۵" in page.words
    assert "6037991122334455" not in page.text
    assert "همین شماره برای سفارش دیگری هم گفته شده است سفارش ۱۰۰۲۶" in page.words  # one receipt, two orders
    sheet = await desk.sara.get("/deposits?as=csv")
    assert "-100000" in sheet.text  # toman, as on the page
    assert "-1000000" not in sheet.text
    await desk.sara.post("/deposits/shop/10026", deposit="confirmed", seen="18500000")
    page = await desk.sara.get("/deposits/shop/10025")
    assert "پیش‌تر برای سفارش دیگری تأیید شده است سفارش ۱۰۰۲۶" in page.words
    await desk.sara.post("/deposits/shop/10025", deposit="rejected")
    desk.clock.turn(timedelta(hours=1))
    await desk.event(EventType.DEPOSIT_REPORTED, customer=ISFAHAN, payment=PAYMENT | {"reference": "990011"})
    page = await desk.sara.get("/deposits/shop/10025")
    assert "واریز دیده نشد سارا" in page.words


@pytest.mark.parametrize("partitions", [1, 5])
async def test_the_sum_the_account_and_who_stand_in_the_story(desk: Desk, redis: Redis) -> None:
    planned = await deposit(desk)
    form = {"deposit": "confirmed", "seen": "۱۸/۵۰۰/۰۰۰ تومان", "account": "حساب ملت", "note": "ساعت ۹:۴۰"}
    page = await desk.sara.post("/deposits/shop/10025", **form)
    assert "واریز سفارش ۱۰۰۲۵ تأیید شد: ۱۸٬۵۰۰٬۰۰۰ تومان" in page.words
    page = await desk.sara.get("/orders/shop/10025")
    assert "به گزارش سارا" in page.words
    assert "در حساب دیده شد: ۱۸٬۵۰۰٬۰۰۰ تومان؛ حساب: حساب ملت؛ یادداشت: ساعت ۹:۴۰" in page.words
    order = await desk.service.reader.order("shop", "10025")
    assert order
    assert (order.prepaid, order.details.deposit_amount) == (True, 185_000_000)
    call = await desk.call(planned["calls"][0]["id"])
    assert (call.state, call.history[-1].by) == (CallState.DONE, "sara")
    today = desk.clock.now().date()
    console = await figures(_Deps(desk), today, today)  # type: ignore[arg-type]
    assert (console[0].counted.made.total(), console[0].counted.reached.total()) == (0, 0)  # nobody was phoned
    assert await acts(desk) == [Act.DEPOSIT_CONFIRMED]


class _Deps:
    """As much of what the console works with as the figures ask for."""

    def __init__(self, desk: Desk) -> None:
        self.reader, self.redis = desk.service.reader, desk.service.redis


@pytest.mark.parametrize("seen", ["", "  ", "صد", "-5", "0", "1.5e9", "9" * 39, "۱۸٬۵۰", "NaN"])
async def test_no_sum_no_confirmation(desk: Desk, seen: str) -> None:
    await deposit(desk)
    assert (await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen=seen)).status == 422
    assert (await desk.sara.post("/deposits/shop/10025", deposit="perhaps")).status == 422
    assert await news(desk, EventType.DEPOSIT_CONFIRMED) == []


@pytest.mark.parametrize("seen", ["17,000,000", "20,000,000"])
async def test_a_difference_needs_another_pair_of_eyes(desk: Desk, chief: Browser, seen: str) -> None:
    await deposit(desk)
    page = await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen=seen, note="کارمزد؟")
    assert "منتظر تأیید سرپرست" in page.words
    assert "تأیید همین مبلغ" not in page.words
    assert await news(desk, EventType.DEPOSIT_CONFIRMED) == []
    assert "منتظر تأیید سرپرست" in (await desk.sara.get("/orders/shop/10025")).words
    for browser in (desk.reza, desk.sara):  # an agent's word is not enough, nor is that of two
        refused = await browser.post("/deposits/shop/10025", deposit="confirmed", seen=seen)
        assert "منتظر تأیید سرپرست" in refused.words
    page = await desk.boss.get("/deposits")
    stamp = page.text.partition('name="stamp" value="')[2].partition('"')[0]
    assert (await desk.sara.post("/deposits/shop/10025", deposit="second", stamp=stamp)).status == 422
    assert (await desk.boss.post("/deposits/shop/10025", deposit="second", stamp="sara-1")).status == 409
    page = await desk.boss.post("/deposits/shop/10025", deposit="second", stamp=stamp)
    assert "واریز سفارش ۱۰۰۲۵ تأیید شد" in page.words
    (line,) = await news(desk, EventType.DEPOSIT_CONFIRMED)
    assert (line.extra["by"], line.extra["second"]) == ("sara", "boss")
    assert "تأیید دوم: سرپرست" in (await desk.sara.get("/orders/shop/10025")).words


async def test_a_supervisor_does_not_confirm_what_they_entered(desk: Desk, chief: Browser) -> None:
    await deposit(desk)
    page = await desk.boss.post("/deposits/shop/10025", deposit="confirmed", seen="17000000")
    assert "منتظر تأیید سرپرست" in page.words
    stamp = page.text.partition('name="stamp" value="')[2].partition('"')[0]
    assert (await desk.boss.post("/deposits/shop/10025", deposit="second", stamp=stamp)).status == 422
    again = await desk.boss.post("/deposits/shop/10025", deposit="confirmed", seen="17000000")
    assert "منتظر تأیید سرپرست" in again.words
    await chief.get("/deposits")
    page = await chief.post("/deposits/shop/10025", deposit="confirmed", seen="17000000")  # saw the same
    assert "واریز سفارش ۱۰۰۲۵ تأیید شد" in page.words


async def test_what_was_entered_can_be_given_back(desk: Desk) -> None:
    await deposit(desk)
    page = await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="1700000")  # a nought too few
    stamp = page.text.partition('name="stamp" value="')[2].partition('"')[0]
    assert (await desk.reza.post("/deposits/shop/10025", deposit="back", stamp=stamp)).status == 422
    page = await desk.sara.post("/deposits/shop/10025", deposit="back", stamp=stamp)
    assert "برای بررسی دوباره برگشت" in page.words
    await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="18500000")
    assert len(await news(desk, EventType.DEPOSIT_CONFIRMED)) == 1
    assert await acts(desk) == [Act.DEPOSIT_CONFIRMED, Act.DEPOSIT_GIVEN_BACK, Act.DEPOSIT_ENTERED]


async def test_what_is_within_the_tolerance_needs_nobody_else(desk: Desk) -> None:
    await deposit(desk)
    page = await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="18,499,000")  # 10,000 rial less
    assert "تأیید شد" in page.words
    order = await desk.service.reader.order("shop", "10025")
    assert order is not None
    assert (order.prepaid, order.deposit_rest, order.stage) == (True, 0, Stage.PAID)  # nobody is asked for the rest


async def test_a_part_that_was_seen_leaves_the_rest_to_come(desk: Desk) -> None:
    await deposit(desk)
    await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="10000000")
    stamp = (await desk.boss.get("/deposits")).text.partition('name="stamp" value="')[2].partition('"')[0]
    await desk.boss.post("/deposits/shop/10025", deposit="second", stamp=stamp)
    order = await desk.service.reader.order("shop", "10025")
    assert order is not None
    assert (order.prepaid, order.deposit_rest) == (False, 85_000_000)


@pytest.mark.parametrize("settings", [{"shop__deposit_four_eyes": False, "shop__deposit_tolerance": 0}])
async def test_where_two_need_not_look_a_supervisor_is_enough(desk: Desk) -> None:
    await deposit(desk)
    page = await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="18499999")
    assert "منتظر تأیید سرپرست" in page.words
    await desk.boss.get("/deposits")
    page = await desk.boss.post("/deposits/shop/10025", deposit="confirmed", seen="18499998")
    assert "تأیید شد" in page.words


@pytest.mark.parametrize("partitions", [1, 5])
async def test_two_press_at_once(desk: Desk, chief: Browser) -> None:
    await deposit(desk)
    for browser in (desk.boss, chief, desk.sara, desk.reza):
        await browser.get("/deposits")
    answers = await asyncio.gather(
        desk.boss.post("/deposits/shop/10025", deposit="confirmed", seen="18500000"),
        chief.post("/deposits/shop/10025", deposit="rejected"),
        desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="18500000"),
        desk.reza.post("/deposits/shop/10025", deposit="confirmed", seen="18500000"),
    )
    assert sorted(page.status for page in answers) == [200, 409, 409, 409]
    assert all("پیش‌تر بررسی شده است" in page.words for page in answers if page.status == 409)
    told = [*await news(desk, EventType.DEPOSIT_CONFIRMED), *await news(desk, EventType.DEPOSIT_REJECTED)]
    assert len(told) == 1


async def test_two_supervisors_confirm_one_difference_at_once(desk: Desk, chief: Browser) -> None:
    await deposit(desk)
    await desk.sara.post("/deposits/shop/10025", deposit="confirmed", seen="17000000")
    stamp = (await desk.boss.get("/deposits")).text.partition('name="stamp" value="')[2].partition('"')[0]
    await chief.get("/deposits")
    answers = await asyncio.gather(
        *(browser.post("/deposits/shop/10025", deposit="second", stamp=stamp) for browser in (desk.boss, chief))
    )
    assert sorted(page.status for page in answers) == [200, 409]
    assert len(await news(desk, EventType.DEPOSIT_CONFIRMED)) == 1


async def test_a_process_that_dies_before_the_order_is_told_leaves_it_to_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deposit(desk)

    async def dies(*_: Any) -> int:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(type(desk.service.calling.reporting), "tell_orders", dies)
        parts = Settling(desk.service.calling.book, desk.service.calling.reporting)
        finding = DepositFinding(
            report=0, verdict=DepositVerdict.CONFIRMED, by="sara", by_name="سارا", at=1, seen=185_000_000
        )
        sara = await desk.service.staff.get("sara")
        assert sara
        with pytest.raises(SystemExit):
            await parts.enter("shop", "10025", finding, sara, desk.service.rulebook.shops.main)
    assert await news(desk, EventType.DEPOSIT_CONFIRMED) == []
    assert "واریزی منتظر نیست" in (await desk.reza.get("/deposits")).words  # nobody is to settle it again
    assert (await desk.reza.post("/deposits/shop/10025", deposit="rejected")).status == 409
    await desk.service.calling.reporting.tick()
    await desk.service.calling.reporting.tick()
    assert len(await news(desk, EventType.DEPOSIT_CONFIRMED)) == 1


async def test_a_picture_of_the_receipt_is_kept_shown_and_erased_with_the_customer(desk: Desk, tmp_path: Path) -> None:
    await deposit(desk)
    await desk.sara.get("/deposits")
    answer = await send_picture(desk.sara, PNG, deposit="confirmed", seen="18500000")
    assert answer.status == 303
    (line,) = await news(desk, EventType.DEPOSIT_CONFIRMED)
    at = f"/deposits/shop/10025/receipt/{line.extra['picture']}"
    page = await desk.reza.get("/orders/shop/10025")
    assert f'href="/console{at}"' in page.text
    shown = await desk.reza.get(at)
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/png")
    assert (shown.headers["X-Content-Type-Options"], shown.headers["Cache-Control"]) == ("nosniff", "no-store")
    assert "script-src 'self'" in shown.headers["Content-Security-Policy"]
    stranger = Browser(desk.sara.client)
    assert (await stranger.get(at)).status == 303
    assert (await desk.reza.get(at.replace("10025", "10026"))).status == 404
    for bad in ("../../../config.toml", "%2e%2e%2fserver.lock", "x.png", line.extra["picture"].replace("png", "exe")):
        assert (await desk.reza.get(f"/deposits/shop/10025/receipt/{bad}")).status == 404
    receipts = ReceiptPictures(desk.service.config.redis.data_dir)
    path = receipts.find("shop", "10025", line.extra["picture"])
    assert path
    assert path.read_bytes() == PNG
    assert path.stat().st_mode & 0o077 == 0
    customers = Customers(
        desk.service.redis, desk.service.reader, desk.clock, Archive(tmp_path / "archive"), timedelta(days=1), receipts
    )
    erased = await customers.erase("09121234567")
    assert erased.counts["pictures of receipts"] == 1
    assert not path.exists()
    assert (await desk.reza.get(at)).status == 404
    findings = [await desk.service.redis.exists(keys.findings) for keys in desk.service.reader.everywhere]
    assert findings == [0] * len(findings)
    assert await desk.service.redis.exists(Keys(0).reported("778899")) == 0


@pytest.mark.parametrize(
    "content", [b"<svg onload=alert(1)>", b"GIF89a....", b"MZ\x90", b"\xff\xd8", b"RIFF0000WAVE", b"%PDF-1.7"]
)
async def test_only_pictures_are_kept(desk: Desk, content: bytes) -> None:
    await deposit(desk)
    await desk.sara.get("/deposits")
    answer = await send_picture(desk.sara, content, deposit="confirmed", seen="18500000")
    assert (answer.status, "تصویر رسید پذیرفته نشد" in answer.words) == (422, True)
    assert await news(desk, EventType.DEPOSIT_CONFIRMED) == []
    folder = desk.service.config.redis.data_dir / "receipts"
    assert [path for path in folder.rglob("*") if path.is_file()] == []


async def test_a_picture_has_its_bound_and_other_forms_theirs(desk: Desk) -> None:
    await deposit(desk)
    await desk.sara.get("/deposits")
    large = await send_picture(desk.sara, PNG + bytes(LARGEST + 70_000), deposit="confirmed", seen="18500000")
    assert large.status == 413
    elsewhere = await send_picture(desk.sara, PNG + bytes(70_000), "/orders/shop/10025/call", purpose="callback")
    assert elsewhere.status == 413
    assert await news(desk, EventType.DEPOSIT_CONFIRMED) == []


async def test_a_picture_of_what_was_settled_before_is_not_left_lying(desk: Desk) -> None:
    await deposit(desk)
    await desk.sara.post("/deposits/shop/10025", deposit="rejected")
    answer = await send_picture(desk.sara, PNG, deposit="confirmed", seen="18500000")
    assert answer.status == 409
    folder = desk.service.config.redis.data_dir / "receipts"
    assert [path for path in folder.rglob("*") if path.is_file()] == []
