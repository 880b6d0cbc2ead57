"""One's channels, a bot bound by a code, and the page of alerts, as people meet them in a real Chromium."""

import os
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from test_console_browser import AXE, PHONE
from test_every_page import NAMED, SMALL

from notifier.channels.bots.bindings import BotBindings
from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.channels import StaffChannel
from notifier.service.process import Service
from notifier.simulator import SimulatedBot, Simulator

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
PICTURES = os.environ.get("NOTIFIER_TEST_PICTURES")
DESKTOP = {"width": 1280, "height": 860}
TOKEN, CHAT = "77001:AAsecretOfBale", 5501


@pytest.fixture
def bale(simulator: Simulator) -> SimulatedBot:
    return simulator.bots.add(TOKEN)


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str, bale: SimulatedBot) -> Config:
    bot = {"token": TOKEN, "url": f"{simulator_url.removesuffix('/v1')}/tapi", "username": "shop_bot"}
    return make_config(staff__channels={"bale": bot, "telegram": bot})


async def looked_at(agent: Any, name: str) -> list[str]:
    """What is wrong with the page as it stands: on a phone and a laptop, light and dark."""
    found = []
    await agent.page.add_script_tag(path=str(AXE))
    for size, viewport in (("phone", PHONE), ("desktop", DESKTOP)):
        await agent.page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            await agent.page.emulate_media(color_scheme=scheme)
            found += await of_axe(agent, f"{name}, {size}, {scheme}")
            if PICTURES:
                await agent.page.screenshot(path=Path(PICTURES) / f"{name}-{size}-{scheme}.png", full_page=True)
        await agent.page.emulate_media(color_scheme="light")
        if (wide := await agent.overflow()) > 0:
            found.append(f"{name} is {wide} px too wide on a {size}")
    await agent.page.set_viewport_size(PHONE)
    found += [f"{name} small: {one}" for one in await agent.page.evaluate(SMALL)]
    results = await agent.page.evaluate(NAMED)
    return found + [f"{name} named: {node['html'][:200]}" for one in results["violations"] for node in one["nodes"]]


async def of_axe(agent: Any, where: str) -> list[str]:
    """Everything that axe holds against it, in this size and scheme."""
    results = await agent.page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    assert len(results["passes"]) > 5  # it did look
    return [f"{where}: {one['id']} {node['html'][:160]}" for one in results["violations"] for node in one["nodes"][:3]]


async def test_a_bot_is_bound_with_the_code_of_the_page(
    window: OpenWindow, service: Service, clock: StillClock, bale: SimulatedBot
) -> None:
    sara = await window(viewport=PHONE, bypass_csp=True)
    await sara.sign_in("sara")
    await sara.go("/me")
    found = await looked_at(sara, "me")
    await sara.page.click("text=کد اتصال >> nth=0")
    shown = await sara.page.inner_text(".code")
    assert re.fullmatch(r"\d{8}", shown)
    assert await sara.page.get_attribute("#channels a[target]", "href") == f"https://ble.ir/shop_bot?start={shown}"
    found += await looked_at(sara, "me-code")
    bale.says(CHAT, shown)
    assert service.channels
    for poller in service.channels.pollers(service.bot_desk):
        poller.wait = 0
        await poller.tick()
    await sara.page.click("text=کد را فرستادم")
    await sara.page.wait_for_selector("#channels .tag.good")
    found += await looked_at(sara, "me-bound")
    await sara.page.click("#channels li:nth-child(3) button:has-text('بالاتر')")
    await sara.page.wait_for_selector("#channels li:nth-child(2):has-text('پیامک')")
    found += await looked_at(sara, "me-reordered")
    who = await service.staff.get("sara")
    assert who
    assert who.channels == (StaffChannel.BALE, StaffChannel.SMS, StaffChannel.TELEGRAM)
    await sara.page.click("text=قطع اتصال")
    await sara.page.wait_for_selector("text=اتصال قطع شد")
    assert await BotBindings(service.redis).of(who) == {}
    found += await looked_at(sara, "me-unbound")
    assert not found, "\n".join(found)
    assert sara.complaints == []


async def test_the_address_of_ones_calendar(window: OpenWindow, service: Service) -> None:
    sara = await window(viewport=PHONE, bypass_csp=True)
    await sara.sign_in("sara")
    await sara.go("/me")
    await sara.page.click("button:has-text('ساخت نشانی')")
    await sara.page.wait_for_selector("#feed")
    first = await sara.page.input_value("#feed")
    assert first.startswith("http://127.0.0.1:")
    found = await looked_at(sara, "me-calendar")
    opened = await sara.page.request.get(first)
    assert (opened.status, opened.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    await sara.page.click("button:has-text('نشانی تازه')")
    await sara.page.wait_for_function("before => document.querySelector('#feed').value !== before", arg=first)
    assert (await sara.page.request.get(first)).status == 404
    await sara.page.click("button:has-text('بستن نشانی')")
    await sara.page.wait_for_selector("button:has-text('ساخت نشانی')")
    found += await looked_at(sara, "me-no-calendar")
    assert not found, "\n".join(found)
    assert sara.complaints == []


async def test_no_alerts(window: OpenWindow, service: Service) -> None:
    boss = await window(viewport=PHONE, bypass_csp=True)
    await boss.sign_in("boss")
    await boss.go("/alerts")
    found = await looked_at(boss, "alerts-none")
    assert not found, "\n".join(found)


async def test_the_page_of_alerts(window: OpenWindow, service: Service, clock: StillClock) -> None:
    tell = service.sending.alerts.tell
    await tell("credit_low:simulator", "اعتبار سامانهٔ پیامک simulator رو به پایان است: ۴۹۹٬۹۹۹ تومان")
    await tell("silence:woo", "فروشگاه «woo» از ساعت ۹:۱۵ خبری نداده است؛ در این ساعت‌ها معمولاً پیوسته خبر می‌رسد.")
    await tell("held", "پیامکی هست که معلوم نیست رفته باشد؛ دربارهٔ ارسال دوباره‌اش تصمیم بگیرید.")
    clock.turn(timedelta(minutes=20))
    await service.sending.alerts.clear("silence:woo", "فروشگاه «woo» دوباره خبر می‌دهد.")
    boss = await window(viewport=PHONE, bypass_csp=True)
    await boss.sign_in("boss")
    await boss.go("/desk")
    await boss.page.click("text=همهٔ هشدارها")
    found = await looked_at(boss, "alerts")
    await boss.page.click("text=دیدم >> nth=0")
    await boss.page.wait_for_selector("text=دیده شد")
    found += await looked_at(boss, "alerts-seen")
    assert await boss.page.locator("text=برجاست").count() == 1
    assert await boss.page.locator(".tag:has-text('برگشت')").count() == 1
    await service.sending.alerts.clear("credit_low:simulator", "اعتبار سامانهٔ پیامک simulator دوباره بس است.")
    await boss.go("/alerts")
    assert await boss.page.locator("text=برجاست").count() == 0
    found += await looked_at(boss, "alerts-over")
    assert not found, "\n".join(found)
    assert boss.complaints == []
