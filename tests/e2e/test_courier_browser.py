"""The courier's list in a real browser: on a phone, without a connection, on paper."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import PASSWORD, Desk, hashed
from msgspec.structs import replace
from shops import Client, StandardShop
from test_console_browser import PHONE, serious
from test_every_page import SMALL

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.domain.orders import Stage
from notifier.service.process import Service
from notifier.store.staff import Role, Staff

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
PICTURES = os.environ.get("NOTIFIER_TEST_PICTURES")
PEYK = Staff(id="peyk", name="حسن پیکی", phone="09301110077", role=Role.COURIER)
AGAIN: dict[str, Any] = {"customer": {}, "payment": {}, "items": None}
KEPT = "caches.open('courier').then(async store => Boolean(await store.match('/console/courier')))"
WAITING = "JSON.parse(localStorage.getItem('ticks:peyk') ?? '[]').length"


@pytest.fixture
async def desk(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    """Three deliveries of today, one of them paid, and one that left without an agreed time."""
    await service.staff.put(replace(PEYK, password=hashed()))
    desk = Desk(client, shop, service, clock)
    omid = {
        "name": "امید کریمی", "phone": "09123334455", "city": "تهران",
        "address": "ونک، خیابان ملاصدرا، کوچهٔ دوازدهم شرقی، پلاک ۱۲، طبقهٔ سوم، واحد ۶", "note": "زنگ خراب است",
    }  # fmt: skip
    cash = {"method": "cash", "amount": 12_500_000, "currency": "IRR"}
    for order, start, end in (("20001", "16:00", "19:00"), ("20002", "10:30", "12:30")):
        await desk.event(EventType.REGISTERED, order, customer=omid, payment=cash)
        slot = {"date": "2026-11-23", "from": start, "to": end}
        await desk.event(EventType.DELIVERY_AGREED, order, delivery=slot, **AGAIN)
    await desk.event(EventType.PAID, "20003")
    slot = {"date": "2026-11-23", "from": "16:00", "to": "19:00"}
    await desk.event(EventType.DELIVERY_AGREED, "20003", delivery=slot, **AGAIN)
    await desk.event(EventType.REGISTERED, "20004", customer=omid | {"phone": "09123334466"}, payment=cash)
    await desk.event(EventType.OUT_FOR_DELIVERY, "20004", **AGAIN)
    return desk


async def enter(window: OpenWindow, **more: Any) -> Any:
    """The courier's phone."""
    phone = await window(viewport=PHONE, is_mobile=True, has_touch=True, **more)
    await phone.page.clock.install()
    await phone.page.goto(f"{phone.base}/console/login")
    await phone.page.fill("#username", "peyk")
    await phone.page.fill("#password", PASSWORD)
    await phone.page.press("#password", "Enter")
    await phone.page.wait_for_selector("#door")
    await phone.page.clock.run_for(1000)  # what has only just come takes no presses
    return phone


def stop(phone: Any, order: str) -> Any:
    return phone.page.locator(f"[data-stop='shop:{order}']")


async def stage(desk: Desk, order: str) -> Stage:
    found = await desk.service.reader.order("shop", order)
    assert found
    return found.stage


async def test_a_tick_can_be_taken_back_for_ten_seconds(window: OpenWindow, desk: Desk) -> None:
    phone = await enter(window)
    one = stop(phone, "20001")
    await one.get_by_role("button", name="تحویل", exact=True).click()
    await playwright.expect(one).to_contain_text("«تحویل» ثبت می‌شود")
    await phone.page.clock.run_for(8000)
    await one.get_by_role("button", name="بازگردانی").click()
    await phone.page.clock.run_for(20000)
    assert await stage(desk, "20001") is Stage.REGISTERED
    await one.get_by_role("button", name="تحویل", exact=True).click()
    async with phone.page.expect_response("**/courier/ticks") as answered:
        await phone.page.clock.run_for(11000)
    assert (await answered.value).status == 200
    await playwright.expect(one.locator("[data-state-words]")).to_have_text("تحویل‌شده")
    assert await stage(desk, "20001") is Stage.DELIVERED
    assert phone.complaints == []


async def test_ticks_wait_for_a_connection_and_are_sent_once(window: OpenWindow, desk: Desk) -> None:
    phone = await enter(window)
    await phone.works_offline()
    await phone.page.wait_for_function(KEPT)
    await phone.page.context.set_offline(True)
    await stop(phone, "20001").get_by_role("button", name="در راه").click()
    await phone.page.clock.run_for(12000)
    await stop(phone, "20001").get_by_role("button", name="تحویل", exact=True).click()
    two = stop(phone, "20002")
    await two.locator("summary").click()
    await two.get_by_role("button", name="تلفن پاسخ نداد").click()
    await phone.page.clock.run_for(20 * 60 * 1000)
    await phone.says("منتظر ارسال است")
    await phone.page.reload()  # the phone was in a pocket
    await phone.says("امید کریمی")
    await phone.says("ارتباط قطع است")
    await playwright.expect(stop(phone, "20001")).to_contain_text("«در راه»، ساعت")
    assert await phone.page.evaluate(WAITING) == 3
    if PICTURES:
        await phone.page.screenshot(path=Path(PICTURES) / "courier-offline.png", full_page=True)
    assert await stage(desk, "20001") is Stage.REGISTERED
    await desk.event(EventType.CANCELLED, "20002", **AGAIN)
    await phone.page.context.set_offline(False)
    await phone.page.clock.run_for(3000)
    await phone.says("«تحویل‌نشدن» برای امید کریمی ثبت نشد: سفارش در این میان لغو شد")
    await playwright.expect(stop(phone, "20001").locator("[data-state-words]")).to_have_text("تحویل‌شده")
    assert await stage(desk, "20001") is Stage.DELIVERED
    assert await phone.page.evaluate(WAITING) == 1  # what was refused stays until it was seen
    await phone.page.get_by_role("button", name="دیدم").click()
    assert await phone.page.evaluate(WAITING) == 0
    order = await desk.service.reader.order("shop", "20001")
    assert order
    lines = [line.what for line in (await desk.service.reader.story(order)).timeline]
    assert (lines.count("order.out_for_delivery"), lines.count("order.delivered")) == (1, 1)


async def test_who_leaves_takes_the_list_along(window: OpenWindow, desk: Desk) -> None:
    phone = await enter(window)
    await phone.works_offline()
    await phone.page.wait_for_function(KEPT)
    await phone.page.goto(f"{phone.base}/console/me")
    await phone.page.get_by_role("button", name="خروج از این دستگاه").click()
    await phone.page.wait_for_selector("#username")
    assert not await phone.page.evaluate(KEPT)
    await phone.page.context.set_offline(True)
    await phone.page.goto(f"{phone.base}/console/courier")
    await phone.says("ارتباط قطع است")
    assert "امید" not in await phone.page.content()


async def test_the_list_on_a_phone_and_on_paper(window: OpenWindow, desk: Desk) -> None:
    phone = await enter(window, bypass_csp=True)
    assert await phone.overflow() <= 0
    if PICTURES:
        await phone.page.screenshot(path=Path(PICTURES) / "courier-phone.png", full_page=True)
        await phone.page.emulate_media(color_scheme="dark")
        await phone.page.screenshot(path=Path(PICTURES) / "courier-dark.png", full_page=True)
        await phone.page.emulate_media(color_scheme="light")
    await phone.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert await phone.overflow() <= 0
    assert await phone.page.evaluate(SMALL) == []
    await stop(phone, "20001").get_by_role("button", name="تحویل", exact=True).click()
    found = await serious(phone, "/courier")
    await phone.page.emulate_media(color_scheme="dark")
    found += await serious(phone, "/courier, dark")
    await phone.page.emulate_media(color_scheme="light")
    await phone.go("/courier/print")
    found += await serious(phone, "/courier/print")
    assert not found, "\n".join(found)
    assert await phone.overflow() <= 0
    await phone.page.emulate_media(media="print")
    assert await phone.page.is_hidden(".tabs")
    assert await phone.page.locator("tbody tr").count() == 5
    if PICTURES:
        await phone.page.set_viewport_size({"width": 794, "height": 1123})
        await phone.page.screenshot(path=Path(PICTURES) / "courier-print.png", full_page=True)


async def test_a_supervisor_looks_at_other_days(window: OpenWindow, desk: Desk) -> None:
    agent = await window()
    await agent.sign_in("boss")
    await agent.page.click(".side nav >> text=فهرست پیک")
    await agent.says("۴ تحویل مانده")
    if PICTURES:
        await agent.page.screenshot(path=Path(PICTURES) / "courier-desktop.png", full_page=True)
    await agent.page.click("text=سه‌شنبه ۳ آذر")
    await agent.says("تحویلی نیست")
