"""Deposits, and somebody ill, in a real browser: on a laptop and on a phone, with and without scripts."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import ISFAHAN, Desk
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
PHONE = {"width": 360, "height": 740}
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
PAGES = ("/deposits", "/absence", "/absence/reza", "/desk?who=sara", "/orders/shop/10025", "/deposits/shop/10025")


@pytest.fixture
def config(make_config: Any, tmp_path: Path) -> Config:
    return in_data_dir(make_config(), tmp_path / "data")


@pytest.fixture
def desk(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    return Desk(client, shop, service, clock)


async def picture(window: Any, name: str) -> None:
    """For whoever wants to see the pages: a picture of each into the folder that NOTIFIER_TEST_PICTURES names."""
    if folder := os.environ.get("NOTIFIER_TEST_PICTURES"):
        await window.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def two_deposits(desk: Desk) -> None:
    payment = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR", "reference": "778899"}
    for order, said in (("10025", 185_000_000), ("10026", 170_000_000)):
        await desk.event(EventType.REGISTERED, order, customer=ISFAHAN, payment=payment)
        about = payment | {"amount": said, "bank": "ملی", "card": "6037991122334455"}
        await desk.event(EventType.DEPOSIT_REPORTED, order, customer=ISFAHAN, payment=about)
    await desk.tick()


async def test_two_deposits(window: OpenWindow, desk: Desk, tmp_path: Path) -> None:
    await two_deposits(desk)
    agent = await window()
    await agent.sign_in("sara")
    await agent.go("/deposits")
    await picture(agent, "deposits")
    first, second = agent.page.locator("article.item").nth(0), agent.page.locator("article.item").nth(1)
    assert await first.locator("input[name=seen]").input_value() == "۱۸٬۵۰۰٬۰۰۰"
    assert await second.locator("input[name=seen]").input_value() == ""  # what differs is to be looked up
    (tmp_path / "receipt.png").write_bytes(PNG)
    await second.locator("input[name=seen]").fill("17000000")
    await second.locator("input[type=file]").set_input_files(tmp_path / "receipt.png")
    await second.locator("button >> text=واریز دیده شد").click()
    await agent.page.wait_for_selector(".flash")
    await agent.says("منتظر تأیید سرپرست")
    boss = await window(viewport=PHONE, is_mobile=True, has_touch=True)
    await boss.sign_in("boss")
    await boss.go("/deposits")
    assert await boss.overflow() <= 0
    await picture(boss, "deposits-second-phone")
    shown = await boss.page.eval_on_selector(
        ".receipt img", "async (one) => { await one.decode(); return one.naturalWidth; }"
    )
    assert shown == 1
    await boss.page.tap("button >> text=تأیید همین مبلغ")
    await boss.page.wait_for_selector(".flash")
    await boss.go("/orders/shop/10026")
    await boss.says("تأیید دوم: سرپرست")
    await picture(boss, "order-story-phone")
    assert agent.complaints == boss.complaints == []


async def test_somebody_ill(window: OpenWindow, desk: Desk) -> None:
    for number in range(6):
        customer = {"name": f"مشتری {number}", "phone": f"0912000000{number}", "city": "تهران"}
        await desk.event(EventType.PAID, f"2000{number}", customer=customer)
    await desk.tick()
    await desk.tick(minutes=15)
    boss = await window()
    await boss.sign_in("boss")
    await boss.go("/absence")
    await picture(boss, "absence")
    await boss.page.click("form[action$='/absence/reza/away'] button")
    await boss.page.wait_for_selector(".flash")
    await boss.says("تماس او به دیگران رفت")
    await picture(boss, "absence-ill")
    await boss.go("/absence/reza")
    await boss.page.click("summary >> text=مرخصی تازه")
    await boss.page.check("input[name=from][value='2026-11-28']", force=True)
    await boss.page.check("input[name=to][value='2026-11-30']", force=True)
    await picture(boss, "absence-vacation")
    await boss.page.click("button >> text=ثبت مرخصی")
    await boss.says("مرخصی شنبه ۷ آذر، ۰۰:۰۰ تا سه‌شنبه ۱۰ آذر، ۰۰:۰۰")
    await boss.go("/desk?who=sara")
    await boss.page.check("[data-all]")
    checked = await boss.page.eval_on_selector_all("input[name=call]", "all => all.every(one => one.checked)")
    assert checked
    await picture(boss, "desk-hand-over")
    await boss.page.select_option("select[name=to]", "")
    await boss.page.click("button >> text=واگذاری")
    await boss.says("تماس به تماس‌های بدون مسئول رفت")
    plain = await window(java_script_enabled=False)
    await plain.sign_in("boss")
    await plain.go("/desk")
    await plain.page.check("[data-every]")
    await plain.page.click("button >> text=واگذاری")
    await plain.says("به‌طور مساوی میان همکاران تقسیم شد")
    assert boss.complaints == []


async def test_the_new_pages_fit_a_phone_and_axe_finds_nothing(window: OpenWindow, desk: Desk) -> None:
    await two_deposits(desk)
    await desk.due_call()
    phone = await window(bypass_csp=True)
    await phone.sign_in("boss")
    found: list[str] = []
    for path in PAGES:
        await phone.go(path)
        await phone.page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        await phone.page.set_viewport_size(PHONE)
        assert await phone.overflow() <= 0, path
        await picture(phone, path.strip("/").replace("/", "-").replace("?", "-") + "-phone")
        await phone.page.set_viewport_size({"width": 1280, "height": 860})
        await phone.page.add_script_tag(path=str(AXE))
        for scheme in ("light", "dark"):
            await phone.page.emulate_media(color_scheme=scheme)
            results = await phone.page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
            found += [f"{path} {scheme}: {one['id']} {one['nodes'][0]['html'][:160]}" for one in results["violations"]]
        await phone.page.emulate_media(color_scheme="light")
    assert not found
