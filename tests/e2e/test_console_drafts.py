"""Long texts survive what notes survive: an ended session, somebody who was quicker, a page that was left."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from call_fixtures import BOSS
from console_browser import PASSWORD, Desk, hashed
from msgspec.structs import replace
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

ROOT = Path(__file__).parents[2]
DRAFTS = "Object.keys(localStorage).filter(one => one.startsWith('draft:'))"
NEW, NEWER = "سفارش {{ order }} بسته شد؛ فردا می‌رسد.", "سفارش {{ order }} آماده است."
EDITOR = "/texts/order_packed/edit"

OpenWindow = Callable[..., Awaitable[Any]]


@pytest.fixture
def config(make_config: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Files of the test's own, which it may write."""
    for name in ("SHOP_WEBHOOK_SECRET", "WOO_WEBHOOK_SECRET", "KAVENEGAR_API_KEY"):
        monkeypatch.setenv(name, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return make_config(Path(shutil.copy(ROOT / "config.toml", tmp_path)))


@pytest.fixture
async def desk(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    found = Desk(client, shop, service, clock)
    await found.event(EventType.PAID)
    await service.staff.put(replace(BOSS, id="nahid", name="ناهید", phone="09120000077", password=hashed()))
    return found


async def end_sessions(desk: Desk) -> None:
    async for key in desk.service.redis.scan_iter("n:session*"):
        await desk.service.redis.delete(key)


async def sign_in_again(window: Any, name: str, path: str) -> None:
    await window.page.fill("#username", name)
    await window.page.fill("#password", PASSWORD)
    await window.page.press("#password", "Enter")
    await window.page.wait_for_url(f"**/console{path}")


async def test_two_supervisors_edit_one_text(window: OpenWindow, desk: Desk) -> None:
    """The second is told who was quicker, sees both, and nothing is replaced unless they say so."""
    boss, nahid = await window(), await window(viewport={"width": 360, "height": 740})
    for one, name in ((boss, "boss"), (nahid, "nahid")):
        await one.sign_in(name)
        await one.go(EDITOR)
        await one.steady()
    await boss.page.fill("#words", NEW)
    await nahid.page.fill("#words", NEWER)
    await nahid.page.click("button[value=save]")
    await nahid.says("متن تازه ذخیره شد")
    await boss.page.click("button[value=save]")
    await boss.says("ناهید متن را تغییر داده است")
    await boss.says("آماده است")
    assert await boss.page.input_value("#words") == NEW
    assert desk.service._templates["order_packed"].body.strip() == NEWER
    await boss.steady()
    await boss.page.click("button >> text=ذخیره به‌جای متن کنونی")
    await boss.says("متن تازه ذخیره شد")
    assert desk.service._templates["order_packed"].body.strip() == NEW
    assert await boss.page.evaluate(DRAFTS) == await nahid.page.evaluate(DRAFTS) == []
    assert boss.complaints == nahid.complaints == []


@pytest.mark.parametrize("way", ["typing", "saving"])
async def test_a_text_survives_the_end_of_the_session(window: OpenWindow, desk: Desk, way: str) -> None:
    """With the version it was begun from: who wrote meanwhile is not overwritten."""
    boss, nahid = await window(), await window()
    await boss.sign_in("boss")
    await boss.go(EDITOR)
    await boss.steady()
    await boss.page.fill("#words", NEW)
    await boss.page.wait_for_selector("ins >> text=فردا")
    await end_sessions(desk)
    if way == "typing":
        await boss.page.press("#words", "End")
        await boss.page.keyboard.type(" ")
        await boss.says("ورود شما منقضی شده است")
        await boss.says("آنچه نوشته‌اید روی همین دستگاه مانده است")
        assert await boss.page.input_value("#words") == f"{NEW} "
        await boss.page.click("#expired a")
    else:
        await boss.page.click("button[value=save]")
        await boss.says("متنی که نوشته‌اید روی همین دستگاه مانده است")
        await boss.page.click("main a >> text=ورود")
    await nahid.sign_in("nahid")
    await nahid.go(EDITOR)
    await nahid.steady()
    await nahid.page.fill("#words", NEWER)
    await nahid.page.click("button[value=save]")
    await nahid.says("متن تازه ذخیره شد")
    await sign_in_again(boss, "boss", EDITOR)
    await playwright.expect(boss.page.locator("#words")).to_have_value(f"{NEW} " if way == "typing" else NEW)
    await boss.says("نوشتهٔ نیمه‌کارهٔ شما مانده بود")
    await boss.page.wait_for_selector("ins >> text=فردا")
    await boss.steady()
    await boss.page.click("button[value=save]")
    await boss.says("ناهید متن را تغییر داده است")
    assert desk.service._templates["order_packed"].body.strip() == NEWER
    await boss.page.click("main a >> text=انصراف")
    await boss.page.wait_for_url("**/texts/order_packed")
    await boss.go(EDITOR)
    await playwright.expect(boss.page.locator("#words")).to_have_value(NEWER)


async def test_a_message_by_hand_survives_and_leaves_once(window: OpenWindow, desk: Desk) -> None:
    path, words = "/orders/shop/10025/conversation", "سلام، بستهٔ شما فردا صبح می‌رسد."
    sara = await window(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    await sara.sign_in("sara")
    await sara.go(path)
    await sara.steady()
    await sara.page.fill("#text", words)
    await sara.page.wait_for_selector("#measure >> text=صفحه")
    await end_sessions(desk)
    await sara.page.click("button[value=send]")
    await sara.says("متنی که نوشته‌اید روی همین دستگاه مانده است")
    await sara.page.click("main a >> text=ورود")
    await sign_in_again(sara, "sara", path)
    await playwright.expect(sara.page.locator("#text")).to_have_value(words)
    assert await sara.overflow() <= 0
    await sara.steady()
    await sara.page.click("button[value=send]")
    await sara.says("پیامک")
    await sara.page.wait_for_selector(".flash")
    assert await sara.page.evaluate(DRAFTS) == []
    assert await sara.page.input_value("#text") == ""
    order = await desk.service.reader.order("shop", "10025")
    assert order
    told = await desk.service.reader.story(order)
    assert sum(words in one.message.text for one in told.messages) == 1
    assert sara.complaints == []


async def test_pasted_codes_survive_a_page_that_was_left(window: OpenWindow, desk: Desk) -> None:
    lines = "10025, 123456789012345678901234\n"
    boss = await window()
    await boss.sign_in("boss")
    await boss.go("/tracking")
    await boss.page.fill("#lines", lines)
    await boss.go("/orders")
    await boss.go("/tracking")
    await playwright.expect(boss.page.locator("#lines")).to_have_value(lines)
    await boss.steady()
    await boss.page.click("button >> text=بررسی سطرها")
    await boss.says("پیش از ثبت ببینید")
    await boss.steady()
    await boss.page.click("button >> text=خبر به مشتری‌ها")
    await boss.says("۱ کد ثبت شد")
    await boss.go("/tracking")
    await playwright.expect(boss.page.locator("#lines")).to_have_value("")


async def test_escape_closes_the_sheet_and_gives_the_focus_back(window: OpenWindow, desk: Desk) -> None:
    """A second Escape leaves the button, as it does everywhere."""
    sara = await window(viewport={"width": 360, "height": 740})
    await sara.sign_in("sara")
    await sara.page.focus(".tabs summary")
    await sara.page.keyboard.press("Enter")
    await sara.page.keyboard.press("Tab")
    assert await sara.page.evaluate("document.activeElement.closest('.sheet') !== null")
    await sara.page.keyboard.press("Escape")
    assert not await sara.page.is_visible(".sheet")
    assert await sara.page.evaluate("document.activeElement.matches('.tabs summary')")
    await sara.page.keyboard.press("Enter")
    assert await sara.page.is_visible(".sheet")
