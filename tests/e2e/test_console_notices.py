"""A due call is noticed: a notification of the browser and a sound, once, however many tabs are open; and Web Push."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from console_browser import Desk, hire
from shops import Client, StandardShop
from standins.push_service import PushServer, push_server

from notifier.channels.web_push.subscriptions import PushSubscriptions
from notifier.channels.web_push.vapid import VapidKeys
from notifier.clock import StillClock
from notifier.config import Config
from notifier.service.process import Service

pytestmark = pytest.mark.browser

playwright = pytest.importorskip("playwright.async_api", reason="pip install playwright to run the browser tests")

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
PICTURES = os.environ.get("NOTIFIER_TEST_PICTURES")
KEYS = VapidKeys.new()
OpenWindow = Callable[..., Awaitable[Any]]

COUNTING = """
  window.rung = 0;
  const Real = window.AudioContext;
  window.AudioContext = class extends Real {
    createOscillator() { window.rung += 1; return super.createOscillator(); }
  };
"""
HIDDEN = "Object.defineProperty(document, 'hidden', { get: () => true });"
SHOWN = """
async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((one) => [one.title, one.body])
"""


@pytest.fixture
async def push() -> AsyncIterator[PushServer]:
    async with push_server() as found:
        found.public_key = KEYS.public_text
        yield found


@pytest.fixture
def config(make_config: Callable[..., Config], push: PushServer) -> Config:
    settings = {"private_key": KEYS.private_text, "subject": "mailto:tech@shop.example", "services": [push.url]}
    return make_config(console__push=settings)


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    return Desk(client, shop, service, clock)


async def staffed(window: OpenWindow, desk: Desk, *, script: str) -> Any:
    """Sara, the only one there is, at a browser that may notify."""
    for name in ("reza", "boss"):
        await desk.service.redis.hdel("n:staff", name)
    agent = await window(permissions=["notifications"])
    await agent.page.context.add_init_script(script)
    await agent.sign_in("sara")
    await agent.page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
    await agent.steady()
    return agent


async def test_a_due_call_notifies_once_across_two_tabs(window: OpenWindow, desk: Desk) -> None:
    agent = await staffed(window, desk, script=COUNTING + HIDDEN)
    assert await agent.page.get_attribute("#notify", "aria-pressed") == "false"
    await agent.page.click("#notify")
    await playwright.expect(agent.page.locator("#notify")).to_have_attribute("aria-pressed", "true")
    second = await agent.page.context.new_page()
    await second.goto(f"{agent.base}/console/")
    for page in (agent.page, second):
        await page.evaluate(
            "navigator.serviceWorker.ready.then((worker) => { window.told = 0; const show = worker.showNotification"
            ".bind(worker); worker.showNotification = (...all) => { window.told += 1; return show(...all); }; })"
        )
    await desk.due_call()
    for page in (agent.page, second):
        await playwright.expect(page.locator('.side nav a[href="/console/"] .badge')).to_have_text("۱")
    await agent.page.wait_for_function(f"({SHOWN})().then((found) => found.length)")
    assert await agent.page.evaluate(SHOWN) == [["میز پشتیبانی", "۱ تماس منتظر شماست."]]
    told = [await page.evaluate("window.told") for page in (agent.page, second)]
    assert sorted(told) == [0, 1]


async def test_nobody_is_asked_before_they_press(window: OpenWindow, desk: Desk) -> None:
    agent = await staffed(
        window, desk, script="Notification.requestPermission = () => { window.asked = 1; return Promise.resolve(''); };"
    )
    await desk.due_call()
    await playwright.expect(agent.page.locator('.side nav a[href="/console/"] .badge')).to_have_text("۱")
    assert await agent.page.evaluate("window.asked") is None
    assert await agent.page.evaluate(SHOWN) == []


@pytest.mark.parametrize("way", ["key", "finger"])
async def test_a_due_call_rings_once_for_who_wants_the_sound(window: OpenWindow, desk: Desk, way: str) -> None:
    agent = await staffed(window, desk, script=COUNTING)
    await agent.page.focus("#sound")
    await (agent.page.keyboard.press("Enter") if way == "key" else agent.page.click("#sound"))
    await playwright.expect(agent.page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    second = await agent.page.context.new_page()
    await second.goto(f"{agent.base}/console/")
    await agent.page.reload()
    await agent.page.bring_to_front()
    await (agent.page.keyboard.press("Shift") if way == "key" else agent.page.click("h1"))
    await second.keyboard.press("Shift")
    before = [await page.evaluate("window.rung") for page in (agent.page, second)]
    await desk.due_call()
    for page in (agent.page, second):
        await playwright.expect(page.locator('.side nav a[href="/console/"] .badge')).to_have_text("۱")
    rung = [await page.evaluate("window.rung") for page in (agent.page, second)]
    assert sum(rung) - sum(before) == 2, "two tones, in one of the tabs"


SUBSCRIBING = """
  const form = FORM, told = { endpoint: form.endpoint, keys: { p256dh: form.p256dh, auth: form.auth } };
  let there = null;
  PushManager.prototype.getSubscription = async () => there;
  PushManager.prototype.subscribe = async (options) => {
    window.given = btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey)));
    there = { endpoint: form.endpoint, options, toJSON: () => told, unsubscribe: async () => (there = null, true) };
    return there;
  };
"""


async def test_pushes_are_switched_on_and_off_on_this_browser(window: OpenWindow, desk: Desk, push: PushServer) -> None:
    """Chromium without a screen reaches no push service: its subscription is put in, all else is real."""
    browser = push.browser("phone")
    script = SUBSCRIBING.replace("FORM", json.dumps(browser.form))
    agent = await staffed(window, desk, script=script)
    assert desk.service.pushing
    await agent.go("/me")
    await agent.page.click("#push-on")
    await agent.says("روی این دستگاه فعال است")
    (found,) = await PushSubscriptions(desk.service.redis).all()
    assert (found.staff, found.endpoint) == ("sara", browser.endpoint)
    await desk.service.pushing.sender.tick()
    await desk.due_call()
    await desk.service.pushing.sender.tick()
    assert [post.said["title"] for post in push.posts] == [
        "اعلان‌ها فعال شد",
        "تماس پیش رو",
        "وقت تماس است",
    ]
    given = await agent.page.evaluate("window.given")
    assert given.replace("+", "-").replace("/", "_").rstrip("=") == KEYS.public_text
    await agent.page.click("#push-off")
    await playwright.expect(agent.page.locator("#push-on")).to_be_visible()
    assert await PushSubscriptions(desk.service.redis).all() == []
    assert not agent.complaints
    assert not agent.strayed


async def test_who_signs_out_is_not_pushed_to_there(window: OpenWindow, desk: Desk, push: PushServer) -> None:
    agent = await staffed(window, desk, script=SUBSCRIBING.replace("FORM", json.dumps(push.browser("phone").form)))
    await agent.go("/me")
    await agent.page.click("#push-on")
    await agent.says("روی این دستگاه فعال است")
    await agent.page.click('main form[action="/console/logout"] button')
    await agent.page.wait_for_url("**/login")
    assert await PushSubscriptions(desk.service.redis).all() == []


async def test_the_worker_shows_a_push_and_leads_to_its_call(window: OpenWindow, desk: Desk) -> None:
    agent = await staffed(window, desk, script="")
    worker = agent.page.context.service_workers[0]
    await worker.evaluate(
        """() => self.dispatchEvent(new PushEvent("push", { data: JSON.stringify(
            { title: "وقت تماس است", body: "سفارش ۱۰۰۲۵", path: "/console/calls/7", tag: "9" }) }))"""
    )
    await agent.page.wait_for_function(f"({SHOWN})().then((found) => found.length)")
    assert await agent.page.evaluate(SHOWN) == [["وقت تماس است", "سفارش ۱۰۰۲۵"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_panel_of_pushes_is_for_everybody_in_every_state(window: OpenWindow, desk: Desk, scheme: str) -> None:
    found: list[Any] = []
    for viewport in ({"width": 1280, "height": 860}, {"width": 360, "height": 740}):
        agent = await window(viewport=viewport, color_scheme=scheme, bypass_csp=True)
        await agent.sign_in("sara")
        await agent.go("/me")
        await agent.page.wait_for_selector("#push [data-state]:not([hidden])")
        await agent.page.evaluate("document.querySelectorAll('#push [data-state]').forEach(one => one.hidden = false)")
        await agent.page.add_script_tag(path=str(AXE))
        results = await agent.page.evaluate("axe.run('#push')")
        assert results["passes"]
        found += [(one["id"], one["nodes"][0]["html"]) for one in results["violations"]]
        assert await agent.overflow() <= 0
        heights = "all => all.map(one => one.getBoundingClientRect().height)"
        assert min(await agent.page.eval_on_selector_all("#push button", heights)) >= 44
        if PICTURES:
            name = f"push-{scheme}-{viewport['width']}.png"
            await agent.page.locator("#push").screenshot(path=Path(PICTURES) / name)
    assert found == []
