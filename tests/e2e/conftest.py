"""The system's Chromium over the service on loopback; where there is none, these tests say so and are left out."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from console_browser import PASSWORD, hire
from shops import Client

from notifier.service.process import Service

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HERE = Path(__file__).parent
PATIENCE = 30  # seconds that a step may take on a machine that is busy with something else
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 360, "height": 740}


@dataclass(slots=True)
class Window:
    """Somebody's browser window at the console, with every address it asked for and everything it complained of."""

    page: Any
    base: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, username: str) -> None:
        await self.page.goto(f"{self.base}/console/login")
        await self.page.fill("#username", username)
        await self.page.fill("#password", PASSWORD)
        await self.page.press("#password", "Enter")
        await self.page.wait_for_selector(".board")

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.base}/console{path}")

    async def says(self, words: str) -> None:
        """Wait until the page says something: what it hears of may just be coming in."""
        from playwright.async_api import expect  # whoever asks for this has it

        await expect(self.page.locator("main")).to_contain_text(words, use_inner_text=True)

    async def steady(self) -> None:
        """Wait until what has just changed under the hand takes presses."""
        await self.page.wait_for_selector("html:not(.settling):not(.loading):not(:has(.settling))", state="attached")

    async def works_offline(self) -> None:
        """Wait for the worker that answers without a connection: a page whose browser did not get it asks anew."""
        from playwright.async_api import TimeoutError as TooLate

        controlled = "navigator.serviceWorker.controller !== null"
        while not await self.page.evaluate(controlled):
            with contextlib.suppress(TooLate):
                await self.page.wait_for_function(controlled, timeout=10_000)
                return
            await self.page.reload()

    @property
    def strayed(self) -> list[str]:
        """The addresses it asked for that are not the console's."""
        return [address for address in self.requests if not address.startswith((self.base, "data:"))]

    async def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(
            await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )


OpenWindow = Callable[..., Awaitable[Window]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser takes most of the time of a small machine: it is given more of it than other tests."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.timeout(10 * PATIENCE))


@pytest.fixture
async def window(client: Client, service: Service) -> AsyncIterator[OpenWindow]:
    """Opens windows, each with cookies of its own; keyword arguments are those of a browser context."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt install chromium to run the browser tests")
    await hire(service)
    base = str(client.make_url("")).rstrip("/")
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=PATIENCE * 1000)
    tools = await async_playwright().start()
    browser = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

    async def open_window(*, viewport: dict[str, int] | None = None, **more: Any) -> Window:
        context = await browser.new_context(viewport=viewport or DESKTOP, locale="fa-IR", **more)
        context.set_default_timeout(PATIENCE * 1000)
        found = Window(await context.new_page(), base)
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on(
            "console",
            lambda said: found.complaints.append(said.text) if "Content Security Policy" in said.text else None,
        )
        return found

    yield open_window
    for close in (browser.close, tools.stop):  # after a test that ran out of time neither may answer
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(close(), PATIENCE)
