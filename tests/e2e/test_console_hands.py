"""The console by keyboard alone, on paper, as a file, and with a sound: in a real browser."""

import csv
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import PASSWORD, Desk
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.domain.calls import CallState
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

OpenWindow = Callable[..., Awaitable[Any]]


@pytest.fixture
def desk(window: OpenWindow, client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    return Desk(client, shop, service, clock)


async def focused(page: Any) -> str:
    """What the keyboard is at: its id, its address or its words."""
    return str(
        await page.evaluate("(at => at.id || at.getAttribute('href') || at.textContent.trim())(document.activeElement)")
    )


async def test_by_keyboard_alone(window: OpenWindow, desk: Desk) -> None:
    call_id = await desk.due_call()
    agent = await window()
    keys = agent.page.keyboard
    await agent.page.goto(f"{agent.base}/console/login")
    await agent.page.wait_for_selector("#username:focus")  # the first field is at hand
    await keys.type((await desk.call(call_id)).assignee)
    await keys.press("Tab")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await agent.page.wait_for_selector(".board")

    await keys.press("Tab")
    assert await focused(agent.page) == "#main"  # past the menu
    await keys.press("Enter")
    assert await focused(agent.page) == "main"
    await keys.press("/")
    assert await focused(agent.page) == "find"
    await keys.press("Escape")
    await keys.press("j")
    assert await focused(agent.page) == f"/console/calls/{call_id}"
    outline = await agent.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # and it is seen where one is
    await agent.page.wait_for_url("**/calls/*")  # and its card is there
    await agent.page.wait_for_selector("#claim")
    await agent.steady()
    await keys.press("c")
    await agent.page.wait_for_selector("text=در دست شما تا")
    await keys.press("n")
    await keys.type("رضایت داشت")
    await keys.press("Escape")
    await keys.press("1")
    await agent.page.wait_for_selector(".flash")
    call = await desk.call(call_id)
    assert (call.state, call.history[-1].note) == (CallState.DONE, "رضایت داشت")


async def test_a_days_calls_on_paper(window: OpenWindow, desk: Desk, tmp_path: Path) -> None:
    call_id = await desk.due_call()
    agent = await window(color_scheme="dark")
    await agent.sign_in((await desk.call(call_id)).assignee)
    await agent.page.click("a[title='چاپ فهرست امروز']")
    await agent.page.wait_for_selector(".paper")
    await agent.page.evaluate("window.print = () => { window.printed = true }")
    await agent.page.click("[data-print]")
    assert await agent.page.evaluate("window.printed")

    await agent.page.emulate_media(media="print")
    for gone in (".side", ".tabs", "[data-print]"):
        assert not await agent.page.is_visible(gone), gone
    for said in ("سارا محمدی", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "اطمینان‌بخشی پس از پرداخت", "بگویید"):
        await agent.says(said)
    ink = await agent.page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert ink == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]  # also for who works in the dark
    sheet = await agent.page.pdf(path=tmp_path / "calls.pdf", format="A4")
    assert sheet.startswith(b"%PDF")


async def test_a_list_as_a_file(window: OpenWindow, desk: Desk, tmp_path: Path) -> None:
    await desk.due_call()
    agent = await window()
    await agent.sign_in("sara")
    await agent.go("/orders")
    async with agent.page.expect_download() as waiting:
        await agent.page.click("text=فایل CSV")
    download = await waiting.value
    assert download.suggested_filename == "orders-1405-09-02.csv"
    await download.save_as(tmp_path / "orders.csv")
    with (tmp_path / "orders.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["سفارش"] for row in csv.DictReader(file)] == ["10025"]


async def test_who_hears_of_nothing_is_told(window: OpenWindow, desk: Desk) -> None:
    agent = await window()
    await agent.sign_in("sara")
    assert not await agent.page.is_visible("#offline")
    await agent.page.route("**/console/live", lambda route: route.abort())
    await agent.go("/")
    await agent.page.wait_for_selector("#offline", state="visible")
    await agent.page.unroute("**/console/live")
    await agent.page.wait_for_selector("#offline", state="hidden")  # it comes back by itself


async def test_the_sound_stays_as_it_was_chosen(window: OpenWindow, desk: Desk) -> None:
    agent = await window()
    await agent.sign_in("sara")
    assert await agent.page.get_attribute("#sound", "aria-pressed") == "false"  # nobody is startled
    await agent.page.click("#sound")
    assert await agent.page.get_attribute("#sound", "aria-pressed") == "true"
    await agent.page.reload()
    assert await agent.page.get_attribute("#sound", "aria-pressed") == "true"
    assert agent.complaints == []


async def test_the_figures_of_a_week(window: OpenWindow, desk: Desk) -> None:
    call_id = await desk.due_call()
    boss = await window()
    await boss.sign_in("boss")
    await boss.go("/figures")
    await boss.page.select_option("select[name=from]", "2026-11-17")
    await boss.page.click("button >> text=نمایش")
    await boss.page.wait_for_url("**from=2026-11-17**")
    await boss.says("۲۶ آبان ۱۴۰۵ تا ۲ آذر ۱۴۰۵")
    planned = boss.page.get_by_role("img", name="تماس‌های برنامه‌ریزی‌شده در هر روز؛ ۲: ۱")
    assert await planned.is_visible(), call_id
    assert boss.complaints == []
