"""The console in a real browser: an agent's day, two agents and one call, a phone, and axe."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shops import StandardShop, send_all

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
PHONE = {"width": 360, "height": 740}
ISFAHAN = {"name": "مهسا کریمی", "phone": "09131112233", "city": "اصفهان"}
TRANSFER = {"method": "bank_transfer", "amount": 98_000_000, "currency": "IRR", "reference": "778899"}
PAGES = (
    *("/", "/orders", "/orders/shop/10025", "/deposits", "/priority", "/parked", "/messages", "/texts"),
    *("/texts/order_packed", "/desk", "/owner", "/figures", "/tour", "/staff", "/audit", "/me", "/calls/print"),
)

OpenWindow = Callable[..., Awaitable[Any]]


@pytest.fixture
async def post(shop: StandardShop, clock: StillClock) -> Callable[..., Awaitable[Any]]:
    """Post an event of a kind."""

    async def post(kind: EventType, order: str = "10025", **data: Any) -> Any:
        payload = standard.event(kind, at=clock.now(), order_id=order)
        payload["data"] |= data
        answer = await shop.post(payload)
        assert answer.status == 202
        return answer.body

    return post


async def passes(service: Service, clock: StillClock, **time: float) -> None:
    clock.turn(timedelta(**time))
    await service.reminders.tick()


async def assigned(service: Service, call_id: str) -> str:
    stored = await service.reader.call(call_id)
    assert stored
    return str(stored.call.assignee)


async def test_a_day_of_an_agent(
    window: OpenWindow, post: Callable[..., Awaitable[Any]], service: Service, clock: StillClock
) -> None:
    planned = (await post(EventType.PAID))["calls"][0]["id"]
    await passes(service, clock)
    agent = await window()
    await agent.sign_in(await assigned(service, planned))
    page = agent.page
    assert await page.title() == "تماس‌های من · شیائومی سیتی"

    await passes(service, clock, minutes=15)  # falls due: the open page hears of it
    await playwright.expect(page).to_have_title(re.compile(r"^\(۱\)"))
    await agent.says("هم‌اکنون")

    await page.click("[data-call]")
    await page.wait_for_url("**/calls/*")
    await agent.steady()
    assert await page.get_attribute("a.dial", "href") == "tel:09121234567"
    await page.keyboard.press("c")  # by the keyboard, as all of it
    await page.wait_for_selector("text=در دست شما تا")
    await page.keyboard.press("n")
    await page.keyboard.type("عصر خانه است")
    await page.keyboard.press("Escape")
    await page.keyboard.press("2")
    await page.wait_for_selector(".flash")
    await agent.says("تماس بعدی امروز ۱۲:۱۵")

    await passes(service, clock, hours=2)
    await playwright.expect(page).to_have_title(re.compile(r"^\(۱\)"))
    await agent.go(f"/calls/{planned}")
    await agent.says("عصر خانه است")
    await page.click("#picker > summary")  # two taps: when, and which
    await page.click("button[name=quick] >> text=فردا ۱۰:۰۰")
    await page.wait_for_selector(".flash")
    await agent.says("تماس بعدی فردا ۱۰:۰۰")

    await post(EventType.REGISTERED, "20001", customer=ISFAHAN, payment=TRANSFER)
    await post(EventType.DEPOSIT_REPORTED, "20001", customer=ISFAHAN, payment=TRANSFER)
    await post(EventType.PREPARING, "20001", customer=ISFAHAN)
    await send_all(service, clock)
    await page.fill("#find", "۲۰۰۰۱")
    await page.press("#find", "Enter")
    await page.wait_for_selector(".story")
    await agent.says("هنوز پرداختی تأیید نشده است")
    await page.click("main a >> text=بررسی واریز")
    assert await page.input_value("input[name=seen]") == "۹٬۸۰۰٬۰۰۰"  # both say the same, so it is there already
    await page.click("button >> text=واریز دیده شد")
    await page.wait_for_selector(".flash")
    await send_all(service, clock)
    await agent.go("/orders/shop/20001")
    await agent.says("پیامک: تأیید واریز ارسال‌شده به مخابرات")
    await agent.says("پیامک: آماده‌سازی")

    await page.click("header.side button[title=خروج]")
    await page.wait_for_selector("#username")
    assert agent.strayed == []
    assert agent.complaints == []


async def test_two_browsers_and_one_call(
    window: OpenWindow, post: Callable[..., Awaitable[Any]], service: Service, clock: StillClock
) -> None:
    await post(EventType.PAID)
    await passes(service, clock)
    await passes(service, clock, minutes=15)
    await passes(service, clock, hours=1)  # untouched: anyone's
    sara, reza = [await window(java_script_enabled=False) for _ in range(2)]  # neither hears of the other
    for one, name in ((sara, "sara"), (reza, "reza")):
        await one.sign_in(name)
        await one.says("بدون مسئول")
    button = "#list button"
    await sara.page.click(button)
    await sara.page.wait_for_selector("text=در دست شما تا")
    await reza.page.click(button)
    await reza.page.wait_for_selector("text=دیگری پیش‌دستی کرد")
    await reza.says("سارا این تماس را برداشته")


async def test_without_scripts(
    window: OpenWindow, post: Callable[..., Awaitable[Any]], service: Service, clock: StillClock
) -> None:
    planned = (await post(EventType.PAID))["calls"][0]["id"]
    await passes(service, clock)
    await passes(service, clock, minutes=15)
    agent = await window(java_script_enabled=False)
    await agent.sign_in(await assigned(service, planned))
    await agent.page.click("#picker > summary")
    await agent.page.click(".calendar > summary")
    await agent.page.check("input[value='2026-11-28']", force=True)
    await agent.page.check("input[name=hour][value='16']", force=True)
    await agent.page.click("button >> text=همین زمان")
    await agent.says("شنبه ۷ آذر، ۱۶:۰۰")


async def fill(post: Callable[..., Awaitable[Any]], service: Service, clock: StillClock) -> None:
    """Something on every page."""
    await post(EventType.PAID)
    await post(EventType.SHIPPED)
    await post(EventType.REGISTERED, "20001", customer=ISFAHAN, payment=TRANSFER)
    await post(EventType.DEPOSIT_REPORTED, "20001", customer=ISFAHAN, payment=TRANSFER)
    await post(EventType.PREPARING, "20001", customer=ISFAHAN)
    await passes(service, clock)
    await passes(service, clock, hours=3)
    await send_all(service, clock)


async def test_on_a_phone(
    window: OpenWindow, post: Callable[..., Awaitable[Any]], service: Service, clock: StillClock
) -> None:
    await fill(post, service, clock)
    phone = await window(viewport=PHONE, is_mobile=True, has_touch=True)
    await phone.sign_in("boss")
    for path in PAGES:
        await phone.go(path)
        assert await phone.overflow() <= 0, path
    assert phone.complaints == []  # nothing inline, nothing from elsewhere, on any page
    assert phone.strayed == []
    await phone.go("/")
    await phone.page.tap("[data-call]")
    await phone.page.wait_for_selector(".card h1")
    tall = await phone.page.eval_on_selector_all(
        ".results button, a.dial, .picker > summary", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert tall
    assert min(tall) >= 44  # a finger's width
    await phone.page.tap(".tabs summary")
    await phone.page.tap(".sheet a >> text=آمار")
    await phone.page.wait_for_selector(".chart")


async def test_axe_finds_nothing_serious(
    window: OpenWindow, post: Callable[..., Awaitable[Any]], service: Service, clock: StillClock
) -> None:
    await fill(post, service, clock)
    found: list[str] = []
    agent = await window(color_scheme="light", bypass_csp=True)
    await agent.page.goto(f"{agent.base}/console/login")
    found += await serious(agent, "/login")
    await agent.sign_in("boss")
    for path in PAGES:
        await agent.go(path)
        await agent.page.evaluate("document.querySelectorAll('details:not(.rest)').forEach(one => one.open = true)")
        found += await serious(agent, path)
    assert not found


async def serious(agent: Any, path: str) -> list[str]:
    """What axe holds against a page, as far as it keeps somebody from using it; the dark one has other colours only."""
    await agent.page.add_script_tag(path=str(AXE))
    results = await agent.page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    assert len(results["passes"]) > 5  # it did look
    found = _of_axe(results, path)
    await agent.page.emulate_media(color_scheme="dark")
    assert await agent.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    results = await agent.page.evaluate("axe.run({runOnly: {type: 'rule', values: ['color-contrast']}})")
    assert results["passes"]
    await agent.page.emulate_media(color_scheme="light")
    return found + _of_axe(results, f"{path}, dark")


def _of_axe(results: Any, path: str) -> list[str]:
    return [
        f"{path}: {violation['id']} {node['html'][:160]} {node['failureSummary'][:200]}"
        for violation in results["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"][:3]
    ]
