"""docs/pictures/phones.png: two customers' phones with the texts as they ship. ``python -m tools.pictures.phones``.

The texts are rendered from the templates; only the orders and the hours are made up.
"""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from msgspec.structs import replace

from notifier.clock import TEHRAN
from notifier.config import shipped
from notifier.config.loading import load
from notifier.domain import jalali
from notifier.domain.events import Details, Event, EventType, Item, PaymentMethod
from notifier.domain.orders import Order, apply_events
from notifier.domain.persian import digits
from notifier.domain.policy import Shops
from notifier.domain.variables import Context
from notifier.texts import loading, page
from tools.pictures.shots import CHROMIUM, FOLDER, make_smaller

TARGET = FOLDER / "phones.png"
_OPENING = datetime(2026, 11, 23, tzinfo=TEHRAN)  # دوشنبه ۲ آذر ۱۴۰۵


@dataclass(frozen=True, slots=True)
class Thread:
    """What one customer has on the phone: when each text came, counted from the opening, and its template."""

    order_id: str
    details: Details
    texts: Sequence[tuple[timedelta, str]]


@dataclass(frozen=True, slots=True)
class Bubble:
    day: str
    time: str
    text: str


def _at(days: int, hours: int, minutes: int) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes)


_TEHRAN = Details(
    name="سارا محمدی",
    phone="09121234567",
    city="تهران",
    method=PaymentMethod.ONLINE,
    amount=185_000_000,
    reference="201785643310",
    items=(Item("Xiaomi 13T Pro"),),
    carrier="پیک شیائومی سیتی",
)
_SHIRAZ = Details(
    name="امیر کریمی",
    phone="09171234567",
    city="شیراز",
    method=PaymentMethod.BANK_TRANSFER,
    amount=24_900_000,
    reference="140509020417",
    items=(Item("Redmi Watch 5"),),
    carrier="پست پیشتاز",
    tracking_code="123456789012345678901234",
)
THREADS = (
    Thread(
        "10025",
        _TEHRAN,
        (
            (_at(0, 10, 4), "payment_succeeded_tehran"),
            (_at(0, 11, 32), "order_packed"),
            (_at(0, 14, 5), "order_shipped_tehran"),
            (_at(0, 15, 50), "order_delivered_guarantee"),
        ),
    ),
    Thread(
        "10031",
        _SHIRAZ,
        (
            (_at(0, 10, 20), "order_registered_transfer"),
            (_at(0, 12, 41), "deposit_confirmed"),
            (_at(1, 9, 15), "order_shipped_elsewhere"),
        ),
    ),
)


def html() -> str:
    """One file that needs nothing else: the font is in it."""
    config = load(shipped.CONFIG, environment={})
    here = Path(__file__).parent
    template = Environment(loader=FileSystemLoader(here), autoescape=True).get_template("phones.html")
    phones = [
        [(day, list(bubbles)) for day, bubbles in groupby(_bubbles(thread), lambda one: one.day)] for thread in THREADS
    ]
    return template.render(shop=config.shop, phones=phones, font=page.font())


def _bubbles(thread: Thread) -> Iterator[Bubble]:
    config = load(shipped.CONFIG, environment={})
    templates, shop = loading.load(config), config.shop
    for after, name in thread.texts:
        now = _OPENING + after
        happened = [
            Event(id=kind, source="shop", type=kind, order_id=thread.order_id, at=now, details=thread.details)
            for kind in (EventType.REGISTERED, EventType.DELIVERED)
        ]
        order = replace(apply_events(Order(id=thread.order_id, source="shop"), happened), prepaid=True)
        text = templates[name].render(Context(order=order, shops=Shops(main=shop), now=now))
        yield Bubble(jalali.weekday_date(now), digits(f"{now:%H:%M}"), text)


async def take(target: Path) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as tools:
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 800, "height": 820}, device_scale_factor=2, locale="fa-IR")
        await page.set_content(html())
        await page.evaluate("document.fonts.ready")
        await page.screenshot(path=target)
        await browser.close()
    make_smaller(target)


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine: apt install chromium to take pictures with.")
    asyncio.run(take(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET))
