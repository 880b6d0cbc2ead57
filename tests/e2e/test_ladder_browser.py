"""The story of an essential text over four rungs, and the card of the call at its end, in a real browser."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ladder_lines import ladder
from shops import Client, StandardShop
from test_console_browser import PHONE as SMALL
from test_console_browser import serious

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service
from notifier.simulator import Simulator

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
PICTURES = os.environ.get("NOTIFIER_TEST_PICTURES")
CUSTOMER = "09121234567"


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str) -> Config:
    return make_config(**ladder(simulator_url))


async def go_down(service: Service, simulator: Simulator, shop: StandardShop, clock: StillClock) -> None:
    """Nobody at Bale, a phone that takes no texts, and nobody who picks up."""
    simulator.bale.absent, simulator.undeliverable = {CUSTOMER}, {CUSTOMER}
    simulator.call_outcomes = {CUSTOMER: "no_answer"}
    answer = await shop.post(standard.event(EventType.PAID, at=clock.now(), order_id="10025"))
    assert answer.status == 202
    for _ in range(40):
        await service.sender.send_ready()
        await service.sending.receipts.poll()
        clock.turn(timedelta(minutes=1))


async def test_the_story_of_four_rungs(
    window: OpenWindow,
    client: Client,
    shop: StandardShop,
    service: Service,
    simulator: Simulator,
    clock: StillClock,
) -> None:
    await go_down(service, simulator, shop, clock)
    call = await a_call(service)
    for size, name in ((None, "wide"), (SMALL, "small")):
        boss = await window(viewport=size, bypass_csp=True)
        await boss.sign_in("boss")
        for path, picture in (("/orders/shop/10025", "story"), ("/figures", "figures"), (f"/calls/{call}", "card")):
            await boss.go(path)
            assert await boss.overflow() <= 0
            assert await serious(boss, path) == []
            if picture == "story":
                named = await boss.page.locator(".rungs li b").all_inner_texts()
                assert named == ["بله", "پیامک", "تماس گویا", "تماس گویا", "تماس همکار"]
            if PICTURES:
                await boss.page.screenshot(path=Path(PICTURES) / f"{picture}-{name}.png", full_page=True)
        assert boss.complaints == []


async def a_call(service: Service) -> str:
    """The call of which the ladder's last rung is a reason."""
    reader = service.reader
    sets = [(keys, keys.calls(state)) for keys in reader.everywhere for state in ("scheduled", "due", "claimed")]
    found = await reader.calls((await reader.page(sets, after=None, size=10)).members)
    (call,) = [one.call for one in found if any(reason.tried for reason in one.call.reasons)]
    return call.id
