"""Agreeing upon a time of delivery in a real browser: on the card of a call, and on the page of an order."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import Desk
from shops import Client, StandardShop
from test_console_browser import PHONE, serious
from test_every_page import SMALL

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
PICTURES = os.environ.get("NOTIFIER_TEST_PICTURES")
WEEK = ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday"]
SLOTS = [
    {"region": "tehran", "weekday": WEEK, "from": "10:00", "to": "13:00", "places": 12},
    {"region": "tehran", "weekday": WEEK, "from": "16:30", "to": "19:30", "places": 1},
]
SARA = {"name": "سارا محمدی", "phone": "09121234567", "city": "تهران"}


@pytest.fixture
def config(make_config: Any) -> Config:
    config: Config = make_config(delivery__slots=SLOTS)
    return config


async def look(phone: Any, name: str) -> list[str]:
    """What is wrong with a page as it stands, all of it opened."""
    await phone.page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    if PICTURES:
        for scheme in ("light", "dark"):
            await phone.page.emulate_media(color_scheme=scheme)
            await phone.page.screenshot(path=Path(PICTURES) / f"slots-{name}-{scheme}.png", full_page=True)
        await phone.page.emulate_media(color_scheme="light")
    wide = await phone.overflow()
    found = [f"{name} is {wide} px too wide"] if wide > 0 else []
    found += [f"{name} small: {one}" for one in await phone.page.evaluate(SMALL)]
    return found + await serious(phone, name)


async def test_a_time_is_agreed_upon_on_a_phone(
    window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock
) -> None:
    desk = Desk(client, shop, service, clock)
    planned = await desk.event(EventType.REGISTERED, customer=SARA, payment={"method": "cash"})
    (call,) = planned["calls"]
    clock.turn(timedelta(minutes=20))
    phone = await window(viewport=PHONE, is_mobile=True, has_touch=True, bypass_csp=True)
    await phone.sign_in("boss")
    await phone.go(f"/calls/{call['id']}")
    found = await look(phone, "call")
    await phone.go("/orders/shop/10025")
    found += await look(phone, "order")
    assert not found, "\n".join(found)
    await phone.go("/orders/shop/10025")
    await phone.page.locator("fieldset.delivery-times label", has_text="۱۶:۳۰").first.click()
    form = phone.page.locator("form", has=phone.page.locator("fieldset.delivery-times"))
    await phone.steady()
    await form.locator("button").first.click()
    await phone.says("ساعت ۱۶:۳۰ تا ۱۹:۳۰")
    order = await service.reader.order("shop", "10025")
    assert order is not None
    assert str(order.delivery).endswith("16:30-19:30")
    assert phone.complaints == []
