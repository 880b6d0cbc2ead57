"""docs/pictures/texts-N.webp: every text as it ships, in bubbles. ``python -m tools.pictures.texts``."""

import asyncio
import sys
from pathlib import Path

from notifier.config import shipped
from notifier.config.loading import load
from notifier.console import labels
from notifier.texts import loading, page
from notifier.texts.reference import PICTURES
from tools.pictures.film import write_webp
from tools.pictures.shots import CHROMIUM, FOLDER


async def take(folder: Path) -> None:
    from playwright.async_api import async_playwright

    config = load(shipped.CONFIG, environment={})
    loaded = loading.load(config)
    names = sorted(loaded, key=lambda name: (loaded[name].audience, name))
    share = -(-len(names) // PICTURES)
    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for number in range(PICTURES):
            some = {name: loaded[name] for name in names[number * share : (number + 1) * share]}
            shown = await browser.new_page(viewport={"width": 1180, "height": 900}, locale="fa-IR")
            await shown.set_content(page.page(some, config.shops, config.sms.price, names=labels.TEMPLATES))
            await shown.evaluate("document.fonts.ready")
            await write_webp(shown, folder / f"texts-{number + 1}.webp", width=1180, quality=30)
            await shown.close()
        await browser.close()


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine: apt install chromium to take pictures with.")
    asyncio.run(take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
