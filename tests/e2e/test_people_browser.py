"""Search, conversation and inbox in a real browser: by hand, on a phone, with axe."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shops import StandardShop, send_all
from test_console_browser import PHONE, serious

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service
from notifier.simulator import Simulator

pytestmark = pytest.mark.browser

OpenWindow = Callable[..., Awaitable[Any]]
TALK, SEARCH = "/orders/shop/10025/conversation", "/orders?q=محمد"
PICTURES = os.environ.get("NOTIFIER_TEST_PICTURES")


@pytest.fixture
async def filled(shop: StandardShop, service: Service, clock: StillClock) -> None:
    """Orders of people with like names, and a question."""
    people = (("10025", "سارا محمدی", "09121234567"), ("10445", "محمد‌علی کاظمی", "09351112233"))
    for order, name, phone in (*people, ("RX-77", "رضا محمدی", "09191114567")):
        payload = standard.event(EventType.PAID, at=clock.now(), order_id=order)
        payload["data"]["customer"] = {"name": name, "phone": phone, "city": "تهران"}
        assert (await shop.post(payload)).status == 202
    await send_all(service, clock)
    clock.turn(timedelta(minutes=20))
    await service.sending.inbox.receive("1", "09121234567", "سلام، سفارش من کی می‌رسد؟ فردا خانه نیستم.")
    clock.turn(timedelta(minutes=20))


async def picture(agent: Any, name: str) -> None:
    if PICTURES:
        await agent.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.mark.usefixtures("filled")
async def test_a_question_from_the_inbox_to_its_answer(
    window: OpenWindow, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    agent = await window()
    await agent.sign_in("sara")
    page = agent.page
    await page.click("header.side nav a >> text=صندوق پیام‌ها")
    await agent.says("کی می‌رسد؟")
    await picture(agent, "inbox")
    await page.click("main a >> text=گفتگو و پاسخ")
    await agent.says("پیامک دستی")
    await page.fill("#text", "")
    await page.type("#text", "سلام .فردا نمي آييم ,شنبه ساعت 10 ميرسد")
    await page.wait_for_selector("#measure .bubble >> text=شنبه ساعت ۱۰")  # it is measured as it is typed
    await picture(agent, "conversation")
    await page.click("button[value=send]")
    await page.wait_for_selector(".flash")
    await agent.says("در صف ارسال")
    await send_all(service, clock)
    assert any("شنبه ساعت ۱۰" in one.text for one in simulator.messages)
    await agent.go("/inbox")
    await agent.says("صندوق خالی است")
    await page.fill("#find", "محمد")
    await page.press("#find", "Enter")
    await agent.says("۳ سفارش پیدا شد")
    await picture(agent, "search")
    await page.fill("#find", "سفارش rx77")
    await page.press("#find", "Enter")
    await page.wait_for_selector(".story")
    assert agent.complaints == []
    assert agent.strayed == []


@pytest.mark.usefixtures("filled")
async def test_on_a_phone_and_with_axe(window: OpenWindow) -> None:
    phone = await window(viewport=PHONE, is_mobile=True, has_touch=True)
    await phone.sign_in("boss")
    for path in (SEARCH, TALK, "/inbox", "/deliveries", "/messages"):
        await phone.go(path)
        assert await phone.overflow() <= 0, path
    await phone.go(TALK)
    await picture(phone, "conversation-phone")
    await phone.go("/inbox")
    await picture(phone, "inbox-phone")
    agent = await window(color_scheme="light", bypass_csp=True)
    await agent.sign_in("boss")
    found: list[str] = []
    for path in (SEARCH, TALK, "/inbox", "/deliveries", "/orders/shop/10025"):
        await agent.go(path)
        await agent.page.evaluate("document.querySelectorAll('details:not(.rest)').forEach(one => one.open = true)")
        found += await serious(agent, path)
    assert not found
