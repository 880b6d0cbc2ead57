"""Every page of the menu as one meets it: on a phone and on a laptop, light and dark, by axe and by the finger."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import ISFAHAN, Desk
from shops import Client, StandardShop, send_all
from test_console_browser import PHONE, serious

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

GLUED = """() => [...document.querySelectorAll('body *')].filter(one => {
  const style = getComputedStyle(one);
  if (!style.display.endsWith('flex') || parseFloat(style.columnGap) > 0 || !one.checkVisibility()) return false;
  return [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim() && (
    (/\\s$/.test(node.data) && node.nextElementSibling?.matches(':not(.unseen)') && node.nextSibling?.nodeType === 1) ||
    (/^\\s/.test(node.data) && node.previousSibling?.nodeType === 1 && !node.previousSibling.matches('.unseen'))));
}).map(one => one.outerHTML.slice(0, 160))"""
"""Words whose space before a number the layout swallows."""

OpenWindow = Callable[..., Awaitable[Any]]
PICTURES = os.environ.get("NOTIFIER_TEST_PICTURES")
PAGES = (
    ("/", "/orders", "/deposits", "/inbox"),
    ("/priority", "/messages", "/parked", "/tracking"),
    ("/texts", "/promises", "/absence", "/desk", "/figures", "/owner", "/tour"),
    ("/deliveries", "/staff", "/audit", "/me", "/calls/print", "/callbacks"),
    ("CALL", "/orders/shop/10025", "/orders/shop/10025/conversation", "/orders?q=محمد", "/deposits/shop/20001"),
    ("/texts/order_packed", "/texts/order_packed/edit", "/absence/reza", "/desk?who=sara"),
    ("/promises/tehran.online/order.packed", "/promises/tehran.online/settings", "/courier"),
)  # in parts, each of which is done with in time
NAMED = "axe.run({runOnly: {type: 'rule', values: ['label-content-name-mismatch']}})"
SMALL = """() => [...document.querySelectorAll(
    'main button, main .button, main summary, main input, main select, .tabs a, .tabs summary')]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && !['hidden', 'radio', 'checkbox'].includes(one.type))
  .filter(one => one.getBoundingClientRect().height > 1 && one.getBoundingClientRect().height < 43.5)
  .map(one => `${one.getBoundingClientRect().height} ${one.outerHTML.slice(0, 120)}`)"""


@pytest.fixture
async def boss(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Any:
    """A supervisor of a desk with something on every page."""
    desk = Desk(client, shop, service, clock)
    await desk.event(EventType.PAID)
    await desk.event(EventType.SHIPPED)
    await desk.event(EventType.PAID, "10445", customer=ISFAHAN | {"name": "محمد‌علی کاظمی", "phone": "09351112233"})
    await desk.deposit("20001")
    await desk.tick()
    await desk.tick(hours=3)
    await send_all(service, clock)
    await service.sending.inbox.receive("1", "09121234567", "سلام، سفارش من کی می‌رسد؟ فردا خانه نیستم.")
    clock.turn(timedelta(minutes=20))
    found = await window(viewport=PHONE, bypass_csp=True)
    await found.sign_in("boss")
    return found


async def picture(agent: Any, path: str, kind: str) -> None:
    if PICTURES:
        name = path.strip("/").replace("/", "-").replace("?", "-") or "home"
        await agent.page.screenshot(path=Path(PICTURES) / f"{name}-{kind}.png", full_page=True)


@pytest.mark.parametrize("pages", PAGES, ids=lambda pages: pages[0])
async def test_every_page_of_the_menu(boss: Any, pages: tuple[str, ...]) -> None:
    menu = await boss.page.eval_on_selector_all(".side nav a", "all => all.map(one => one.pathname)")
    call = await boss.page.get_attribute("[data-call]", "href")
    assert {one.removeprefix("/console") for one in menu} <= {path for part in PAGES for path in part}
    found: list[str] = []
    for path in (call.removeprefix("/console") if one == "CALL" else one for one in pages):
        await boss.page.set_viewport_size(PHONE)
        await boss.go(path)
        assert await boss.page.locator("main h1, main .card").count(), path
        await picture(boss, path, "phone")
        await boss.page.evaluate("document.querySelectorAll('details:not(.rest)').forEach(one => one.open = true)")
        if (wide := await boss.overflow()) > 0:
            found.append(f"{path} is {wide} px too wide")
        found += [f"{path} small: {one}" for one in await boss.page.evaluate(SMALL)]
        found += [f"{path} glued: {one}" for one in await boss.page.evaluate(GLUED)]
        await boss.page.set_viewport_size({"width": 1280, "height": 860})
        found += [f"{path} glued on a desk: {one}" for one in await boss.page.evaluate(GLUED)]
        found += await serious(boss, path)
        results = await boss.page.evaluate(NAMED)
        found += [f"{path} named: {node['html'][:200]}" for one in results["violations"] for node in one["nodes"]]
        if PICTURES:
            await boss.go(path)
            await picture(boss, path, "desktop")
            await boss.page.emulate_media(color_scheme="dark")
            await picture(boss, path, "dark")
            await boss.page.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)


async def test_the_sheet_of_the_menu_fits(boss: Any) -> None:
    await boss.go("/orders")
    await boss.page.click(".tabs summary")
    await picture(boss, "sheet", "phone")
    box = await boss.page.locator(".sheet").bounding_box()
    assert box["y"] >= 0
    heights = await boss.page.eval_on_selector_all(".sheet a", "all => all.map(a => a.getBoundingClientRect().height)")
    assert min(heights) >= 44
