"""Film strips of the console in docs/pictures, taken anew: ``python -m tools.pictures.film``, or ``make pictures``.

Each strip is one slip or one task from its first press to its end, wide and on a phone. The demo's service runs on
loopback with a copy of the texts, so that what is edited here is nobody's.
"""

import argparse
import asyncio
import base64
import re
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notifier.clock import StillClock
from notifier.config import shipped
from notifier.console.sessions import Sessions
from notifier.demo.stage import STAFF, DemoStage, listen, opened
from notifier.domain import persian
from notifier.domain.calls import CallState
from notifier.observability import logs
from tools.pictures.console import SIZES
from tools.pictures.shots import CHROMIUM, FOLDER
from tools.pictures.week import END, KEYS, Week, opening

AGENT, SUPERVISOR, COLLEAGUE = STAFF[0].id, STAFF[1].id, "reza"
WIDTH = {"desktop": 640, "phone": 300}
"""Of one picture in a strip, in pixels."""
IN_A_ROW = 3

_STRIP = """<!doctype html><html dir="rtl"><style>
body { margin: 0; padding: 14px; display: grid; grid: auto-flow / repeat(COLUMNS, max-content); gap: 14px;
  background: #d9d6cf; width: max-content; }
figure { margin: 0; }
img { display: block; width: WIDTHpx; border-radius: 10px; }
figcaption { background: #0b6b63; color: #fff; font: 700 16px sans-serif; width: 28px; height: 28px;
  border-radius: 14px; display: grid; place-items: center; margin-block-end: 8px; }
</style><body>FRAMES</body></html>"""


@dataclass(slots=True)
class Reel:
    """One strip while it is taken."""

    stage: DemoStage
    browser: Any
    size: str
    frames: list[bytes] = field(default_factory=list)

    async def window(self, who: str) -> Any:
        """A page of somebody's own browser."""
        context = await self.browser.new_context(locale="fa-IR", **SIZES[self.size])
        context.set_default_timeout(60_000)
        token = await Sessions(self.stage.service.redis).open(who)
        await context.add_cookies([{"name": "console", "value": token, "url": self.stage.url}])
        return await context.new_page()

    async def go(self, page: Any, path: str) -> None:
        await page.goto(f"{self.stage.url}/console{path}")
        await page.wait_for_selector("html:not(.settling):not(.loading):not(:has(.settling))", state="attached")

    async def shot(self, page: Any, *, at: str = "") -> None:
        """Take the page as it is, with a place of it in sight."""
        if at:
            await page.locator(at).first.scroll_into_view_if_needed()
        await page.evaluate("document.fonts.ready")
        self.frames.append(await page.screenshot(animations="disabled"))

    async def call(self) -> str:
        """A due call of the agent's."""
        due: Any = await self.stage.service.redis.zrange(KEYS.ready(AGENT), 0, 0)
        return f"/calls/{due[0].decode()}"

    async def save(self, target: Path) -> None:
        pictures = "".join(
            f"<figure><figcaption>{persian.digits(str(number))}</figcaption>"
            f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}"></figure>'
            for number, one in enumerate(self.frames, 1)
        )
        context = await self.browser.new_context()
        page = await context.new_page()
        shape = {"WIDTH": str(WIDTH[self.size]), "COLUMNS": str(min(len(self.frames), IN_A_ROW)), "FRAMES": pictures}
        strip = _STRIP
        for name, value in shape.items():
            strip = strip.replace(name, value)
        await page.set_content(strip)
        await write_webp(page, target)
        await context.close()


async def write_webp(page: Any, target: Path, *, width: int = 100, quality: int = 62) -> None:
    """The whole page as it is laid out, in the form that is smallest."""
    await page.set_viewport_size({"width": width, "height": 100})
    box = await page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    await page.set_viewport_size({"width": box[0], "height": box[1]})
    await page.evaluate("Promise.all([...document.images].map((one) => one.decode()))")
    session = await page.context.new_cdp_session(page)
    taken = await session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
    await asyncio.to_thread(target.write_bytes, base64.b64decode(taken["data"]))


async def undo(reel: Reel) -> None:
    page = await reel.window(AGENT)
    await reel.go(page, await reel.call())
    await page.fill("#note", "عصر خانه است")
    await reel.shot(page, at=".results")
    await page.click("button >> text=پاسخ نداد")
    await page.wait_for_selector(".flash .undo")
    await reel.shot(page)
    await page.click(".flash button >> text=بازگردانی")
    await page.wait_for_selector(".flash:not(:has(.undo))")
    await reel.shot(page)


async def conflict(reel: Reel) -> None:
    due: Any = await reel.stage.service.redis.zrange(KEYS.pool, 0, 0)
    call = f"/calls/{due[0].decode()}"
    mine, theirs = await reel.window(AGENT), await reel.window(COLLEAGUE)
    for page in (mine, theirs):
        await reel.go(page, call)
    await mine.fill("#note", "پیش از تحویل زنگ بزنید")
    await reel.shot(mine, at="#note")
    await theirs.click("a.dial")
    await mine.wait_for_selector("#kept")
    await reel.shot(mine, at=".meanwhile")


async def expiry(reel: Reel) -> None:
    page = await reel.window(AGENT)
    await reel.go(page, await reel.call())
    await page.fill("#note", "فردا زنگ بزنید")
    await reel.shot(page, at="#note")
    await page.context.clear_cookies()
    await page.click("button >> text=صحبت شد")
    await page.wait_for_selector("#expired a")
    await reel.shot(page)
    await page.click("#expired a")
    await page.fill("#username", AGENT)
    await page.fill("#password", reel.stage.keys.password)
    await page.press("#password", "Enter")
    await page.wait_for_selector("#note")
    await reel.shot(page, at="#note")


async def deposits(reel: Reel) -> None:
    page = await reel.window(AGENT)
    await reel.go(page, "/deposits")
    await reel.shot(page)
    second = page.locator("article.item").nth(1)
    await second.locator("input[name=seen]").fill("۱٬۰۰۰٬۰۰۰")
    await second.locator("button >> text=واریز دیده شد").scroll_into_view_if_needed()
    await reel.shot(page)
    await second.locator("button >> text=واریز دیده شد").click()
    await page.wait_for_selector(".flash")
    await reel.shot(page)


async def absence(reel: Reel) -> None:
    page = await reel.window(SUPERVISOR)
    who = {"desktop": "shirin", "phone": COLLEAGUE}[reel.size]
    away = f"form[action$='/absence/{who}/away'] button"
    await reel.go(page, "/absence")
    await reel.shot(page, at=away)
    await page.click(away)
    await page.wait_for_selector(".flash")
    await reel.shot(page)
    await reel.go(page, "/desk")
    await reel.shot(page)


async def text(reel: Reel) -> None:
    page = await reel.window(SUPERVISOR)
    await reel.go(page, "/texts/order_packed/edit")
    await reel.shot(page)
    day = {"desktop": "فردا", "phone": "امروز"}[reel.size]
    await page.fill("#words", f"سفارش {{{{ order }}}} بسته‌بندی شد؛ {day} به پیک می‌رسد.")
    await page.wait_for_selector(f"#preview >> text={day} به پیک", state="attached")
    await reel.shot(page, at="#preview")
    await page.click("button[value=save]")
    await page.wait_for_selector(".flash")
    await reel.shot(page)


async def codes(reel: Reel) -> None:
    page = await reel.window(SUPERVISOR)
    orders: Any = await reel.stage.service.redis.zrevrange(KEYS.orders, 10, 12)
    numbers = [one.decode().split(":")[1] for one in orders]
    await reel.go(page, "/tracking")
    lines = [f"{number}, {int(number) * 7919:024d}, پست پیشتاز" for number in numbers]
    await page.fill("#lines", "\n".join([*lines, "99, 123456789012345678901234"]))
    await reel.shot(page, at="#lines")
    await page.click("form:has(#lines) button")
    await page.wait_for_selector("button >> text=خبر به مشتری‌ها")
    await reel.shot(page)
    await page.click("button >> text=خبر به مشتری‌ها")
    await page.wait_for_selector(".flash, main h1")
    await reel.shot(page)


async def search(reel: Reel) -> None:
    """A name in an Arabic keyboard's letters, the end of a customer's phone, an order's number."""
    page = await reel.window(AGENT)
    newest: Any = await reel.stage.service.redis.zrevrange(KEYS.orders, 0, 40)
    orders = await reel.stage.service.reader.orders([(KEYS, one.decode()) for one in newest])
    called = next(one for one in orders[12:] if one.details.phone)
    for typed in ("كريمي", persian.digits((called.details.phone or "")[-4:]), f"سفارش {persian.digits(orders[4].id)}"):
        await reel.go(page, "/orders")
        box = page.locator("input[name=q] >> visible=true").first
        await box.fill(typed)
        await reel.shot(page)
        await box.press("Enter")
        await page.wait_for_url(re.compile(r"q=|/orders/\w+/"))
        await page.wait_for_selector("main h1")
        await reel.shot(page)


async def owner(reel: Reel) -> None:
    page = await reel.window(SUPERVISOR)
    await reel.go(page, "/owner")
    await reel.shot(page)
    for _ in range(2):
        await page.evaluate("scrollBy({ top: innerHeight - 80, behavior: 'instant' })")
        await reel.shot(page)


REELS: Sequence[tuple[str, Callable[[Reel], Awaitable[None]]]] = (
    ("undo", undo),
    ("conflict", conflict),
    ("expiry", expiry),
    ("deposits", deposits),
    ("text", text),
    ("codes", codes),
    ("search", search),
    ("owner", owner),
    ("absence", absence),
)


async def run(folder: Path, only: str) -> None:
    logs.configure(level="ERROR")
    with tempfile.TemporaryDirectory() as copies, listen("127.0.0.1", 0) as listening:
        shutil.copyfile(shipped.CONFIG, Path(copies) / "config.toml")
        shutil.copytree(shipped.TEMPLATES, Path(copies) / "templates")
        async with opened(Path(copies) / "config.toml", StillClock(opening()), listening) as stage:
            await Week(stage).play()
            left = await stage.service.redis.zcard(KEYS.calls(CallState.DUE))
            print(f"a week has been played until {END:%H:%M}; {left} calls are due")
            await _take(stage, folder, only)


async def _take(stage: DemoStage, folder: Path, only: str) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, story in REELS:
            for size in SIZES:
                target = folder / f"film-{name}-{size}.webp"
                if only not in target.name:
                    continue
                reel = Reel(stage, browser, size)
                try:
                    await story(reel)
                except Exception as error:
                    print(f"{target.name}: {str(error).splitlines()[0]}", file=sys.stderr)
                    continue
                await reel.save(target)
                print(f"{target.name}: {len(reel.frames)} pictures, {target.stat().st_size // 1000} kB")
        await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the strips go")
    parser.add_argument("--only", default="", help="only strips whose name holds this, such as undo-phone")
    given = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine: apt install chromium to take pictures with.")
    asyncio.run(run(given.folder, given.only))
