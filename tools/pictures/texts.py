"""docs/pictures/texts.webp: every text as it ships, in bubbles. ``python -m tools.pictures.texts``."""

import asyncio
import sys
from pathlib import Path

from notifier.config import shipped
from notifier.config.loading import load
from notifier.console import labels
from notifier.texts import loading, page
from tools.pictures.film import write_webp
from tools.pictures.shots import CHROMIUM, FOLDER

TARGET = FOLDER / "texts.webp"


async def take(target: Path) -> None:
    from playwright.async_api import async_playwright

    config = load(shipped.CONFIG, environment={})
    html = page.page(loading.load(config), config.shop, config.sms.price, names=labels.TEMPLATES)
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shown = await browser.new_page(viewport={"width": 1180, "height": 900}, locale="fa-IR")
        await shown.set_content(html)
        await shown.evaluate("document.fonts.ready")
        await write_webp(shown, target, quality=40)
        await browser.close()


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine: apt install chromium to take pictures with.")
    asyncio.run(take(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET))
