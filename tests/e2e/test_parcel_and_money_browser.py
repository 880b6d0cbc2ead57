"""The parcel's way and what the bank tells, in a real browser: on a laptop and a phone, in both colour schemes."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import ISFAHAN, Desk
from shops import SHOP_SECRET, Client, StandardShop
from standins.carriers import KEY, Carriers

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]
PHONE = {"width": 360, "height": 740}
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
CODE = "123456789012345678901234"

STEPS = (
    ("on the way", "مرکز تجزیه و مبادلهٔ تهران"),
    ("scan 77-B", "اصفهان"),
    ("with courier", "اصفهان، خیابان چهارباغ عباسی"),
)
STATEMENT = (
    "بانک نمونه;;;\n"
    "الف;ب;پ;ت\n"
    "1405/09/02 08:52;کارت به کارت;700,000;18,850,000\n"
    "1405/09/02 08:58;واریز نقدی;900,000;19,750,000\n"
)


@pytest.fixture
def carriers() -> Carriers:
    return Carriers()


@pytest.fixture
async def carriers_url(carriers: Carriers, aiohttp_server: Any) -> str:
    server = await aiohttp_server(carriers.app())
    return str(server.make_url("")).rstrip("/")


@pytest.fixture
def config(make_config: Any, tmp_path: Path, carriers_url: str) -> Config:
    mahex = {
        "kind": "http",
        "names": ["ماهکس"],
        "url": f"{carriers_url}/other/{{code}}",
        "headers": {"X-Key": KEY},
        "fields": {"steps": "way", "code": "parcel", "word": "state", "time": "when", "place": "where"},
        "words": {"on the way": "in_transit", "with courier": "out_for_delivery"},
    }
    made = make_config(
        carriers={"mahex": mahex}, sources__bank={"kind": "bank", "secret": SHOP_SECRET}, customer_page__enabled=True
    )
    return in_data_dir(made, tmp_path / "data")


@pytest.fixture
def desk(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    return Desk(client, shop, service, clock)


async def picture(window: Any, name: str) -> None:
    """For whoever wants to see the pages: a picture of each into the folder that NOTIFIER_TEST_PICTURES names."""
    if folder := os.environ.get("NOTIFIER_TEST_PICTURES"):
        await window.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def is_fine(window: Any, name: str) -> None:
    """It fits, and axe finds nothing."""
    await window.page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    await picture(window, name)
    assert await window.overflow() <= 0, name
    await window.page.add_script_tag(path=AXE)
    found = await window.page.evaluate("axe.run()")
    assert [(bad["id"], [node["html"] for node in bad["nodes"]]) for bad in found["violations"]] == [], name


async def under_way(desk: Desk, carriers: Carriers) -> str:
    """A parcel with its carrier; returns the address of its customer's page."""
    payment = {"method": "online", "amount": 185_000_000, "currency": "IRR", "reference": "5551"}
    shipment = {"carrier": "ماهکس", "tracking_code": CODE}
    await desk.event(EventType.REGISTERED, customer=ISFAHAN, payment=payment)
    await desk.event(EventType.PAID, customer=ISFAHAN, payment=payment)
    await desk.event(EventType.SHIPPED, customer=ISFAHAN, payment=payment, shipment=shipment)
    for number, (word, place) in enumerate(STEPS):
        carriers.put(CODE, word, desk.clock.now() + timedelta(hours=2 * number + 1), place)
    for _ in range(20):
        await desk.service.carrying.rounds.tick()
        desk.clock.turn(timedelta(minutes=30))
    order = await desk.service.reader.order("shop", "10025")
    assert order
    return f"/o/{order.page_token}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_way_of_a_parcel(window: OpenWindow, desk: Desk, carriers: Carriers, scheme: str) -> None:
    address = await under_way(desk, carriers)
    for size, viewport in (("phone", PHONE), ("desktop", None)):
        agent = await window(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        await agent.sign_in("sara")
        await agent.go("/orders/shop/10025")
        panel = agent.page.locator("section[aria-label='مسیر مرسوله']")
        said = await panel.inner_text()
        assert said.index("در دست پیک") < said.index("scan 77-B") < said.index("در راه")
        assert CODE in said
        await is_fine(agent, f"way-order-{size}-{scheme}")
        customer = await window(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        await customer.page.goto(f"{customer.base}{address}")
        steps = await customer.page.locator(".way li").all_inner_texts()
        assert "در دست پیک است" in steps[0]
        assert "«scan 77-B»" in steps[1]
        assert "مرکز تجزیه و مبادلهٔ تهران" in steps[2]
        await is_fine(customer, f"way-customer-{size}-{scheme}")
        assert customer.complaints == []


def mellat(amount: int, balance: int, at: str) -> str:
    return f"حساب1234567890\nواریز{amount:,}\nمانده{balance:,}\n05/09/02-{at}"


async def texts_of_the_bank(desk: Desk, client: Client) -> None:
    """One that is an order's, one that is of two, and one that is nobody's."""
    phone = StandardShop(client, desk.clock, name="bank")
    for order, amount in (("10025", 2_400_000), ("10026", 900_000), ("10027", 900_000)):
        payment = {"method": "bank_transfer", "amount": amount, "currency": "IRR"}
        await desk.event(EventType.REGISTERED, order, customer=ISFAHAN, payment=payment)
    for number, (amount, balance) in enumerate(((2_400_000, 18_150_000), (900_000, 19_050_000), (70_000, 19_120_000))):
        desk.clock.turn(timedelta(minutes=3))
        text = mellat(amount, balance, f"10:{10 + number}")
        at = desk.clock.now().isoformat()
        answer = await phone.post({"sender": "Bank Mellat", "text": text, "received_at": at})
        assert answer.status == 202


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_deposits_are_proposed_confirmed_and_taken_back(
    window: OpenWindow, desk: Desk, client: Client, scheme: str
) -> None:
    await texts_of_the_bank(desk, client)
    for size, viewport in (("phone", PHONE), ("desktop", None)):
        boss = await window(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        await boss.sign_in("boss")
        await boss.go("/deposits")
        for words in ("سفارشش پیدا شد", "ببینید", "سفارشی پیدا نشد"):
            await boss.says(words)
        await is_fine(boss, f"bank-proposed-{size}-{scheme}")
        line = boss.page.locator("article.item", has_text="سفارشش پیدا شد")
        await line.locator("button >> text=تأیید برای این سفارش").click()
        await boss.says("واریز سفارش ۱۰۰۲۵ تأیید شد: ۲۴۰٬۰۰۰ تومان")
        await is_fine(boss, f"bank-confirmed-{size}-{scheme}")
        assert (await desk.service.reader.order("shop", "10025")).prepaid  # type: ignore[union-attr]
        await boss.go("/deposits")
        await boss.page.locator("button >> text=جدا کردن از سفارش").first.click()
        await boss.says("از سفارش ۱۰۰۲۵ جدا شد")
        await is_fine(boss, f"bank-undone-{size}-{scheme}")
        assert not (await desk.service.reader.order("shop", "10025")).prepaid  # type: ignore[union-attr]
    await boss.go("/deposits")
    line = boss.page.locator("article.item", has_text="سفارشی پیدا نشد")
    await line.locator("summary >> text=سفارشی دیگر").click()
    await line.locator("button >> text=کنار گذاشتن").click()
    await boss.says("از سفارش‌ها نیست")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_statement_whose_columns_are_said_by_hand(
    window: OpenWindow, desk: Desk, tmp_path: Path, scheme: str
) -> None:
    payment = {"method": "bank_transfer", "amount": 700_000, "currency": "IRR"}
    await desk.event(EventType.REGISTERED, "10025", customer=ISFAHAN, payment=payment)
    (tmp_path / "statement.csv").write_text(STATEMENT, encoding="utf-8")
    for size, viewport in (("phone", PHONE), ("desktop", None)):
        agent = await window(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        await agent.sign_in("sara")
        await agent.go("/deposits")
        await agent.page.locator("a >> text=صورت‌حساب بانک").click()
        await agent.page.wait_for_selector("#file")
        await is_fine(agent, f"statement-begin-{size}-{scheme}")
        await agent.page.locator("#file").set_input_files(tmp_path / "statement.csv")
        await agent.page.locator("button >> text=بررسی فایل").click()
        await agent.says("خودتان بگویید هر ستون چیست")
        await is_fine(agent, f"statement-unknown-{size}-{scheme}")
        for column, place in (("date", "0"), ("text", "1"), ("in", "2"), ("balance", "3")):
            await agent.page.locator(f"select[name={column}]").first.select_option(place)
        await agent.page.locator("button >> text=بررسی دوباره").first.click()
        await agent.says("۷۰٬۰۰۰ تومان")
        await is_fine(agent, f"statement-shown-{size}-{scheme}")
    await agent.page.locator("button >> text=ثبت ردیف‌ها").click()
    await agent.says("۲ ردیف تازه ثبت شد")
    await is_fine(agent, f"statement-taken-{scheme}")
    lines = await desk.service.bank.book.open_lines(10)
    assert sorted(line.said.amount for line in lines) == [700_000, 900_000]
