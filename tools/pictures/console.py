"""The pictures of the console in docs/pictures, taken anew: ``python -m tools.pictures.console``, or ``make pictures``.

Runs the demo's service on loopback, plays a week of a shop, and takes every page in the system's Chromium: wide and on
a phone, light and dark. Where pngquant is there, the files are made smaller with it.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from notifier.clock import StillClock
from notifier.console.sessions import Sessions
from notifier.demo.stage import STAFF, DemoStage, listen, opened
from notifier.domain.calls import CallState
from notifier.observability import logs
from tools.pictures.shots import CHROMIUM, FOLDER, make_smaller
from tools.pictures.week import END, KEYS, Week, opening

SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 860}},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
}
AGENT, SUPERVISOR = STAFF[0].id, STAFF[1].id


async def pages(stage: DemoStage) -> dict[str, tuple[str, str, str]]:
    """Name → who looks, at what, and what is pressed before the picture is taken."""
    due: Any = await stage.service.redis.zrange(KEYS.assigned(AGENT), 0, 0)
    call = f"/calls/{due[0].decode()}" if due else "/"
    paid: Any = await stage.service.redis.zrevrange(KEYS.priority_orders, 5, 5)
    order = paid[0].decode().replace(":", "/") if paid else ""
    return {
        "login": ("", "/login", ""),
        "calls": (AGENT, "/", ""),
        "call": (AGENT, call, ""),
        "picker": (AGENT, call, "#picker > summary, .calendar > summary"),
        "print": (AGENT, "/calls/print", ""),
        "orders": (AGENT, "/orders", ""),
        "order": (AGENT, f"/orders/{order}", ""),
        "nothing": (AGENT, "/orders?q=55555", ""),
        "deposits": (AGENT, "/deposits", ""),
        "priority": (AGENT, "/priority", ""),
        "messages": (AGENT, "/messages", ""),
        "parked": (AGENT, "/parked", ""),
        "deliveries": (SUPERVISOR, "/deliveries", ""),
        "texts": (AGENT, "/texts", ""),
        "text": (AGENT, "/texts/payment_succeeded_tehran", ""),
        "me": (AGENT, "/me", ""),
        "desk": (SUPERVISOR, "/desk", ""),
        "figures": (SUPERVISOR, f"/figures?from={opening().date()}&to={END.date()}", ""),
        "staff": (SUPERVISOR, "/staff", ""),
        "audit": (SUPERVISOR, "/audit", ""),
    }


async def run(folder: Path, only: str) -> None:
    logs.configure(level="ERROR")
    with listen("127.0.0.1", 0) as listening:
        async with opened(None, StillClock(opening()), listening) as stage:
            await Week(stage).play()
            left = await stage.service.redis.zcard(KEYS.calls(CallState.DUE))
            print(f"a week has been played; {left} calls are due")
            await _take(stage, folder, only)


async def _take(stage: DemoStage, folder: Path, only: str) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for size, options in SIZES.items():
            for scheme in ("light", "dark"):
                for name, (who, path, press) in (await pages(stage)).items():
                    if only not in f"{name}-{size}-{scheme}":
                        continue
                    context = await browser.new_context(color_scheme=scheme, locale="fa-IR", **options)
                    if who:
                        token = await Sessions(stage.service.redis).open(who)
                        await context.add_cookies([{"name": "console", "value": token, "url": stage.url}])
                    page = await context.new_page()
                    await page.goto(f"{stage.url}/console{path}")
                    for selector in filter(None, press.split(", ")):
                        await page.click(selector)
                        await page.locator(selector).scroll_into_view_if_needed()
                    await page.evaluate("document.fonts.ready")
                    target = folder / f"console-{name}-{size}-{scheme}.png"
                    await page.screenshot(path=target, animations="disabled")
                    make_smaller(target)
                    await context.close()
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go")
    parser.add_argument("--only", default="", help="only pictures whose name holds this, such as calls-phone")
    given = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine: apt install chromium to take pictures with.")
    given.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(run(given.folder, given.only))
