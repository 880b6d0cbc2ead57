"""The card of a call where the shop has an exchange, and a customer who calls: in a real browser."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import Desk
from msgspec.structs import replace
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.dialing import DialAttempt, DialFinding
from notifier.service.process import Service
from notifier.simulator import Simulator

pytestmark = pytest.mark.browser

pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
TOKEN = "secret-part-of-the-address"
CLAIM = "Trunk no_such_trunk_has_this_long_name_of_one_word is down (E-4711)"
FAULTY = tuple(
    DialAttempt(
        id=f"7-{number}", by="sara", extension="201", started=1_788_000_000_000 + number, until=0, ended=1,
        found=found, fault=fault,
    )
    for number, found, fault in (
        (1, DialFinding.AGENT_MISSED, "dialend agent chanunavail"),
        (2, DialFinding.LINE_FAULT, CLAIM),
    )
)  # fmt: skip
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 360, "height": 740}


@pytest.fixture
def config(make_config: Callable[..., Config], simulator: Simulator, simulator_url: str) -> Config:
    key = simulator.api_key
    url = f"{simulator_url.removesuffix('/v1')}/exchange/api/v4"
    simotel = {"kind": "simotel", "url": url, "user": "notifier", "secret": key, "api_key": key}
    return make_config(dialer={**simotel, "callback_token": TOKEN})


@pytest.fixture
async def desk(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    for staff_id in ("sara", "reza"):
        await service.staff.change(staff_id, lambda one, _: replace(one, extension="201"))
    return Desk(client, shop, service, clock)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_a_call_by_its_button(
    window: OpenWindow, desk: Desk, client: Client, simulator: Simulator, viewport: dict[str, int], colours: str
) -> None:
    call_id = await desk.due_call()
    agent = await window(viewport=viewport, color_scheme=colours)
    await agent.sign_in((await desk.call(call_id)).assignee)
    await agent.go(f"/calls/{call_id}")
    await agent.steady()
    assert await agent.overflow() == 0
    await agent.page.keyboard.press("d")
    await agent.page.wait_for_selector(".dialling")
    await agent.steady()
    assert await agent.page.is_disabled("#dial")
    assert await agent.overflow() == 0
    simulator.exchange.callback_url = str(client.make_url(f"/callbacks/dialer/{TOKEN}"))
    await simulator.exchange.deliver()
    await agent.page.wait_for_selector(".proposal button")  # by itself, while the page is open
    await agent.steady()
    assert await agent.overflow() == 0
    await agent.page.evaluate(AXE.read_text(encoding="utf-8"))
    results = await agent.page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    assert [(one["id"], one["nodes"][0]["html"]) for one in results["violations"]] == []
    await agent.page.click(".proposal button")
    await agent.says("ثبت شد: صحبت شد")
    assert (await desk.call(call_id)).tried == {"reached": 1}
    assert agent.complaints == []


async def test_a_known_customer_calls(window: OpenWindow, desk: Desk, client: Client) -> None:
    call_id = await desk.due_call()
    agent = await window(viewport=PHONE)
    await agent.sign_in("sara")
    await agent.go("/orders")
    event = {"event_name": "IncomingCall", "number": "09121234567", "unique_id": "1.1"}
    assert (await client.post(f"/callbacks/dialer/{TOKEN}", json=event)).status == 200
    async with asyncio.timeout(60):
        await agent.page.wait_for_selector(".inbound a")
    assert "سارا محمدی" in await agent.page.inner_text(".inbound")
    assert await agent.overflow() == 0
    await agent.page.click(".inbound a")
    await agent.page.wait_for_url(f"**/calls/{call_id}")
    assert agent.complaints == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_why_nobody_was_reached(
    window: OpenWindow, desk: Desk, simulator: Simulator, viewport: dict[str, int], colours: str
) -> None:
    call_id = await desk.due_call()
    exchange = desk.service.exchange
    assert exchange is not None
    await exchange.dialling.book.change(call_id, lambda stored, _: replace(stored.call, dials=FAULTY))
    agent = await window(viewport=viewport, color_scheme=colours)
    await agent.sign_in((await desk.call(call_id)).assignee)
    await agent.go(f"/calls/{call_id}")
    await agent.steady()
    whys = await agent.page.locator(".rows .why").all_inner_texts()
    assert whys == [f"مرکز تلفن می‌گوید: {CLAIM}", "گوشی داخلی به مرکز تلفن وصل نیست."]
    assert CLAIM in await agent.page.inner_text(".proposal .why")
    assert await agent.overflow() == 0
    await agent.page.evaluate(AXE.read_text(encoding="utf-8"))
    results = await agent.page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    assert [(one["id"], one["nodes"][0]["html"]) for one in results["violations"]] == []
    assert agent.complaints == []
