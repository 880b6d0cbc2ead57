"""Every page of the console for fingers and for those who speak to their browser: size of targets, visible names."""

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

pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
PHONE = {"width": 360, "height": 740}
TRANSFER = {"method": "bank_transfer", "amount": 98_000_000, "currency": "IRR", "reference": "778899"}
ISFAHAN = {"name": "مهسا کریمی", "phone": "09131112233", "city": "اصفهان"}
PAGES = (
    *("/orders", "/orders?q=مهسا", "/orders/shop/10025", "/orders/shop/20001", "/deposits", "/priority", "/parked"),
    *("/messages", "/deliveries", "/texts", "/texts/order_packed", "/desk", "/figures", "/owner", "/staff", "/audit"),
    *("/inbox", "/tracking", "/promises", "/absence", "/absence/sara", "/callbacks", "/conversation?phone=09351112233"),
    *("/orders?q=09351112233", "/orders/shop/10025/conversation", "/texts/order_packed/edit"),
    *("/me", "/tour", "/calls/print", "/"),
)

FINGER = 44  # CSS pixels, WCAG 2.5.5

SMALL = """
() => {
  const found = [];
  const wanted = 'button, a[href], summary, select, textarea, input:not([type=hidden])';
  for (const one of document.querySelectorAll(wanted)) {
    if (!one.checkVisibility({visibilityProperty: true}) || one.closest('.unseen, .skip, .card')) continue;
    // a link within a sentence is as high as its line (2.5.5, "inline")
    const parent = one.parentElement;
    const words = node => node !== one && node.nodeType === 3 && node.data.trim();
    const alone = !parent || ![...parent.childNodes].some(words);
    if (one.tagName === 'A' && getComputedStyle(one).display === 'inline' && !alone) continue;
    let box = one.getBoundingClientRect();
    if (one.tagName === 'INPUT' && ['radio', 'checkbox'].includes(one.type)) {
      const label = one.closest('label') || document.querySelector(`label[for="${one.id}"]`);
      if (label) box = label.getBoundingClientRect();
    }
    if (!box.width || !box.height) continue;
    const size = `${Math.round(box.width)}x${Math.round(box.height)}`;
    if (box.height < LEAST - .5 || box.width < 24) found.push(`${size} ${one.outerHTML.slice(0, 140)}`);
  }
  return found;
}
""".replace("LEAST", str(FINGER))

OpenWindow = Callable[..., Awaitable[Any]]


@pytest.fixture
async def filled(shop: StandardShop, service: Service, clock: StillClock) -> None:
    """Something on every page."""

    async def post(kind: EventType, order: str = "10025", **data: Any) -> None:
        payload = standard.event(kind, at=clock.now(), order_id=order)
        payload["data"] |= data
        assert (await shop.post(payload)).status == 202

    async def passes(**time: float) -> None:
        clock.turn(timedelta(**time))
        await service.reminders.tick()

    await post(EventType.PAID)
    await post(EventType.SHIPPED)
    await post(EventType.REGISTERED, "20001", customer=ISFAHAN, payment=TRANSFER)
    await post(EventType.DEPOSIT_REPORTED, "20001", customer=ISFAHAN, payment=TRANSFER)
    later = standard.event(EventType.DELIVERED, at=clock.now(), order_id="77777")
    del later["data"]["customer"]
    assert (await shop.post(later)).status == 202
    await passes()
    await passes(hours=3)
    await send_all(service, clock)
    await service.sending.inbox.receive("in-1", "09351112233", "سلام، ساعت کاری شما چیست؟")


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 860}, PHONE], ids=["desk", "phone"])
async def test_what_is_seen_is_what_is_said(
    window: OpenWindow, filled: None, viewport: dict[str, int], half: int
) -> None:
    """Who says «کلیک تماس‌های من» must hit what is written so, on a desk and on a phone."""
    browser = await window(viewport=viewport, bypass_csp=True)
    await browser.page.goto(f"{browser.base}/console/login")
    found = await mismatched(browser, "/login")
    await browser.sign_in("boss")
    for path in PAGES[half::2]:
        await browser.go(path)
        await browser.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found += await mismatched(browser, path)
    assert not found, "\n".join(found)


async def mismatched(browser: Any, path: str) -> list[str]:
    await browser.page.add_script_tag(path=str(AXE))
    names = ["label-content-name-mismatch", "link-name", "button-name", "label", "select-name", "summary-name"]
    results = await browser.page.evaluate(f"axe.run({{runOnly: {{type: 'rule', values: {names}}}}})")
    assert results["passes"] or path == "/login"
    width = browser.page.viewport_size["width"]
    return [
        f"{path} at {width}: {violation['id']} {node['html'][:200]} {node['failureSummary'][:160]}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]


async def test_targets_are_as_large_as_a_finger(window: OpenWindow, filled: None) -> None:
    """The card of a call has a test of its own."""
    phone = await window(viewport=PHONE, is_mobile=True, has_touch=True)
    await phone.page.goto(f"{phone.base}/console/login")
    found = [f"/login: {one}" for one in await phone.page.evaluate(SMALL)]
    await phone.sign_in("boss")
    for path in PAGES:
        await phone.go(path)
        await phone.page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        found += [f"{path}: {one}" for one in await phone.page.evaluate(SMALL)]
        assert await phone.overflow() <= 0, path
    assert not found, "\n".join(found)
