"""Texts, promises and tracking codes as people work with them: in a real browser, on a desk and on a phone."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import Desk
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

ROOT = Path(__file__).parents[2]
AXE = Path(__file__).parent / "vendor"
CODE = "123456789012345678901234"
PHONE = {"width": 360, "height": 740}
PAGES = (
    *("/texts/order_packed", "/texts/order_packed/edit", "/promises", "/promises/tehran.online/order.packed"),
    *("/promises/tehran.online/settings", "/tracking", "/orders/shop/10025"),
)

OpenWindow = Callable[..., Awaitable[Any]]


@pytest.fixture
def config(make_config: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in ("SHOP_WEBHOOK_SECRET", "WOO_WEBHOOK_SECRET", "KAVENEGAR_API_KEY"):  # as where a service runs
        monkeypatch.setenv(name, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    """Files of the test's own, which it may write."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return make_config(Path(shutil.copy(ROOT / "config.toml", tmp_path)))


@pytest.fixture
async def desk(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    found = Desk(client, shop, service, clock)
    await found.event(EventType.PAID)
    return found


async def test_a_text_is_seen_as_it_is_typed_and_saved(window: OpenWindow, desk: Desk, tmp_path: Path) -> None:
    boss = await window()
    await boss.sign_in("boss")
    await boss.go("/texts/order_packed")
    await boss.page.click("main >> text=ویرایش")
    await boss.page.fill("#words", "سفارش {{ order }} بسته‌بندی شد؛ فردا می‌رسد.")
    await boss.page.wait_for_selector(".phone >> text=فردا می‌رسد")
    await boss.page.wait_for_selector("ins >> text=فردا")
    await boss.page.select_option("#sample", "lettered")
    await boss.page.wait_for_selector(".phone >> text=DKP-1405")
    await boss.page.fill("#words", "سفارش {{ ordre }}")
    await boss.page.wait_for_selector("#preview .notice.bad >> text=order")
    await boss.page.fill("#words", "سفارش {{ order }} بسته‌بندی شد؛ فردا می‌رسد.")
    await boss.page.wait_for_selector("ins >> text=فردا")
    await boss.page.click("button[value=save]")
    await boss.says("متن تازه ذخیره شد")
    assert "فردا می‌رسد" in desk.service._templates["order_packed"].body
    assert boss.complaints == []
    assert boss.strayed == []


async def test_a_scanner_types_a_code_and_enter(window: OpenWindow, desk: Desk) -> None:
    sara = await window()
    await sara.sign_in("sara")
    await sara.go("/orders/shop/10025")
    await sara.steady()
    await sara.page.keyboard.press("b")
    await sara.page.keyboard.type(CODE)
    await sara.page.keyboard.press("Enter")
    await sara.says("کد رهگیری ثبت شد")
    order = await desk.service.reader.order("shop", "10025")
    assert order is not None
    assert list(order.parcels) == [CODE]


async def test_a_file_of_codes(window: OpenWindow, desk: Desk, tmp_path: Path) -> None:
    boss = await window()
    await boss.sign_in("boss")
    await boss.go("/tracking")
    content = f"شماره سفارش,کد رهگیری\n10025,{CODE}\n99,{CODE[::-1]}\n".encode("utf-8-sig")
    await boss.page.set_input_files("#file", {"name": "codes.csv", "mimeType": "text/csv", "buffer": content})
    await boss.page.click("text=بررسی فایل")
    await boss.says("پیش از ثبت ببینید")
    async with boss.page.expect_download() as waiting:
        await boss.page.click("text=دریافت فهرست")
    await (await waiting.value).save_as(tmp_path / "refused.csv")
    await boss.page.click("button >> text=خبر به مشتری‌ها")
    await boss.says("۱ کد ثبت شد")
    assert boss.complaints == []


async def test_a_promise_is_changed(window: OpenWindow, desk: Desk, config: Config) -> None:
    boss = await window()
    await boss.sign_in("boss")
    await boss.go("/promises/tehran.online/order.packed")
    await boss.page.select_option("select[name=call] >> nth=0", "reassurance")
    await boss.page.fill("input[name=call_after] >> nth=0", "۴۵")
    await boss.page.click("button >> text=ذخیره")
    await boss.says("قول تازه ذخیره شد")
    await boss.says("۴۵ دقیقه بعد")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_is_too_wide_or_against_the_rules_of_axe(window: OpenWindow, desk: Desk, scheme: str) -> None:
    boss = await window(viewport=PHONE, color_scheme=scheme)
    await boss.sign_in("boss")
    script = next(AXE.rglob("axe*.js")).read_text(encoding="utf-8")
    for path in PAGES:
        await boss.go(path)
        assert await boss.overflow() <= 0, path
        await boss.page.evaluate(script)
        found = await boss.page.evaluate(
            "axe.run().then(({violations}) => violations.map(one => [one.id, one.nodes[0].html]))"
        )
        assert found == [], path
    assert boss.complaints == []
