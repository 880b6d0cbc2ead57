"""Small things that one sees at once: Latin words among Persian ones, buttons that touch."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from console_browser import Desk
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
QUESTION = "Salam, kojast?"
LAST_SIGN = """one => {
  const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), range = document.createRange();
  let node = null;
  while ((node = walker.nextNode())) if (node.data.includes('kojast?')) break;
  const box = at => {
    range.setStart(node, at); range.setEnd(node, at + 1);
    return range.getBoundingClientRect().left;
  };
  return box(node.data.indexOf('?')) - box(node.data.indexOf('S'));
}"""


async def test_what_a_customer_wrote_in_latin_letters_reads_from_the_left(
    window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock
) -> None:
    desk = Desk(client, shop, service, clock)
    await desk.event(EventType.PAID)
    await service.sending.inbox.receive("1", "09121234567", QUESTION)
    boss = await window()
    await boss.sign_in("boss")
    for path, where in (
        ("/inbox", ".bubble"),
        ("/orders/shop/10025/conversation", ".thread .in .bubble"),
        ("/orders/shop/10025", ".story li p:has-text('kojast')"),
    ):
        await boss.go(path)
        assert await boss.page.locator(where).first.evaluate(LAST_SIGN) > 0, path


async def test_the_buttons_of_a_delivery_time_do_not_touch(
    window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock
) -> None:
    desk = Desk(client, shop, service, clock)
    await desk.event(EventType.PAID)
    slot = {"date": "2026-11-24", "from": "16:00", "to": "19:00"}
    await desk.event(EventType.DELIVERY_AGREED, customer={}, payment={}, items=None, delivery=slot)
    boss = await window()
    await boss.sign_in("boss")
    await boss.go("/orders/shop/10025")
    change = await boss.page.get_by_role("button", name="تغییر زمان تحویل").bounding_box()
    release = await boss.page.get_by_role("button", name="لغو زمان تحویل").bounding_box()
    assert release["y"] - (change["y"] + change["height"]) >= 8
