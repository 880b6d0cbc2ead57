"""The customer's page in a real browser: on the smallest phone, with and without scripts, in the dark and on paper."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import ISFAHAN
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
SMALL, PHONE = {"width": 320, "height": 640}, {"width": 390, "height": 844}
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
TRANSFER = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR"}
TEHRAN = {"name": "سیده فاطمه‌زهرا حسینی‌نژاد طباطبایی", "phone": "09121234568", "city": "تهران"}
PARCEL = {"carrier": "پست پیشتاز", "tracking_code": "123456789012345678901234", "url": "https://tracking.post.ir/"}
EVERY_DAY = ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"]
SLOTS = [{"region": "tehran", "weekday": EVERY_DAY, "from": "16:00", "to": "19:00", "places": 2}]


@pytest.fixture
def config(make_config: Any, tmp_path: Path) -> Config:
    return in_data_dir(make_config(customer_page__enabled=True, delivery__slots=SLOTS), tmp_path / "data")


class Orders:
    """Orders in the states that a page may show."""

    def __init__(self, shop: StandardShop, service: Service, clock: StillClock) -> None:
        self.shop, self.service, self.clock = shop, service, clock

    async def tell(self, kind: EventType, order: str, **data: Any) -> None:
        self.clock.turn(timedelta(seconds=1))
        payload = standard.event(kind, at=self.clock.now(), order_id=order)
        payload["data"] |= data
        assert (await self.shop.post(payload)).status == 202

    async def page(self, order: str) -> str:
        found = await self.service.reader.order("shop", order)
        assert found
        return f"/o/{found.page_token}"

    async def transfer(self) -> str:
        await self.tell(EventType.REGISTERED, "10025", customer=ISFAHAN, payment=TRANSFER)
        return await self.page("10025")

    async def cash(self) -> str:
        await self.tell(
            EventType.REGISTERED, "10026", customer=TEHRAN, payment={"method": "cash", "amount": 90_000_000}
        )
        return await self.page("10026")

    async def delivered(self) -> str:
        about = {
            "customer": ISFAHAN,
            "payment": {"method": "online", "amount": 185_000_000, "reference": "140509041234567890123456"},
        }
        for kind in (EventType.REGISTERED, EventType.PAID, EventType.SHIPPED, EventType.DELIVERED):
            await self.tell(kind, "10027", **about, **({"shipment": PARCEL} if kind is EventType.SHIPPED else {}))
        return await self.page("10027")


@pytest.fixture
def orders(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Orders:
    return Orders(shop, service, clock)


async def picture(window: Any, name: str) -> None:
    """For whoever wants to see the pages: a picture of each into the folder that NOTIFIER_TEST_PICTURES names."""
    if folder := os.environ.get("NOTIFIER_TEST_PICTURES"):
        await window.page.screenshot(path=Path(folder) / f"customer-{name}.png", full_page=True)


async def unfold(window: Any) -> None:
    await window.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


async def weight(window: Any, path: str) -> int:
    answer = await window.page.goto(f"{window.base}{path}")
    return len(await answer.body())


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_state_fits_the_smallest_phone_and_is_accessible(
    window: OpenWindow, orders: Orders, scheme: str
) -> None:
    pages = {"transfer": await orders.transfer(), "cash": await orders.cash(), "delivered": await orders.delivered()}
    pages["gone"] = "/o/nowhere"
    for viewport, size in ((SMALL, "320"), (PHONE, "phone"), (None, "desktop")):
        one = await window(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        for name, path in pages.items():
            assert await weight(one, path) < 30_000
            await picture(one, f"{name}-{size}-{scheme}-closed")
            await unfold(one)
            assert await one.overflow() <= 0, (name, size)
            await picture(one, f"{name}-{size}-{scheme}")
            await one.page.add_script_tag(path=AXE)
            found = await one.page.evaluate("axe.run()")
            assert [(bad["id"], [node["html"] for node in bad["nodes"]]) for bad in found["violations"]] == []


async def test_it_asks_for_nothing_else_and_complains_of_nothing(window: OpenWindow, orders: Orders) -> None:
    one = await window(viewport=SMALL)
    await one.page.goto(f"{one.base}{await orders.transfer()}")
    await one.page.wait_for_load_state("networkidle")
    assert one.complaints == []
    assert [address for address in one.requests if not address.startswith("data:")] == [one.page.url]


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_deposit_is_told_with_and_without_scripts(
    window: OpenWindow, orders: Orders, scripts: bool, tmp_path: Path
) -> None:
    one = await window(viewport=SMALL, java_script_enabled=scripts)
    await one.page.goto(f"{one.base}{await orders.transfer()}")
    await one.page.locator("summary >> text=خبر واریز").click()
    await one.page.fill("#reference", "ندارم")
    (tmp_path / "slip.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    await one.page.set_input_files("#picture", tmp_path / "slip.png")
    await one.page.locator("button >> text=ثبت خبر واریز").click()
    await one.page.wait_for_selector(".mistake[role=alert]")
    await picture(one, f"mistake-{scripts}")
    assert await one.page.locator("#reference").input_value() == "ندارم"
    assert await one.page.locator("#reference").is_visible()
    await one.page.fill("#reference", "۷۷۸۸۹۹")
    await one.page.locator("button >> text=ثبت خبر واریز").click()
    await one.page.wait_for_selector(".told")
    await one.says("خبر واریز شما ثبت شد")
    found = await orders.service.reader.order("shop", "10025")
    assert found
    assert found.details.reference == "778899"
    assert one.complaints == []


async def test_a_time_is_chosen_and_a_code_copied(window: OpenWindow, orders: Orders) -> None:
    one = await window(viewport=PHONE, permissions=["clipboard-read", "clipboard-write"])
    await one.page.goto(f"{one.base}{await orders.cash()}")
    await one.page.locator("summary >> text=انتخاب زمان تحویل").click()
    await one.page.select_option("#slot", index=2)
    await one.page.locator("button >> text=ثبت زمان تحویل").click()
    await one.says("زمان تحویل ثبت شد.")
    await picture(one, "agreed")
    await one.page.goto(f"{one.base}{await orders.delivered()}")
    await one.page.locator(".copy").first.click()
    await one.says("رونوشت شد")
    assert await one.page.evaluate("navigator.clipboard.readText()") == PARCEL["tracking_code"]
    assert await one.page.locator("a >> text=رهگیری مرسوله").get_attribute("href") == PARCEL["url"]


async def test_without_scripts_nothing_is_shown_that_needs_them(window: OpenWindow, orders: Orders) -> None:
    one = await window(viewport=SMALL, java_script_enabled=False)
    await one.page.goto(f"{one.base}{await orders.delivered()}")
    assert await one.page.locator(".copy:visible").count() == 0
    await one.page.locator("summary >> text=نمره به این خرید").click()
    await one.page.locator("label >> text=خیلی خوب").click()
    await one.page.locator("button >> text=ثبت نمره").click()
    await one.says("نمرهٔ شما ثبت شد")


async def test_on_paper_it_is_the_order_alone(window: OpenWindow, orders: Orders) -> None:
    one = await window()
    await one.page.goto(f"{one.base}{await orders.delivered()}")
    await one.page.emulate_media(media="print", color_scheme="dark")
    assert await one.page.locator(".answers").is_hidden()
    assert await one.page.locator(".copy:visible").count() == 0
    assert await one.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    await picture(one, "print")
