"""Who may enter the console, and what its pages may load."""

import re
from pathlib import Path

import pytest
from call_fixtures import SARA
from console_browser import PASSWORD, Browser, hire
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import Client

from notifier.console.attempts import BY_NAME
from notifier.console.render import STATIC
from notifier.service.process import Service

pytestmark = pytest.mark.slow


@pytest.fixture
async def browser(client: Client, service: Service) -> Browser:
    await hire(service)
    return Browser(client)


async def test_without_a_session_everything_leads_to_the_sign_in(browser: Browser) -> None:
    for path in ("/", "/orders", "/deposits", "/figures", "/live", "/calls"):
        page = await browser.get(path)
        assert (page.status, page.headers["Location"]) == (303, "/console/login")
    assert (await browser.post_bare("/calls/1/claim")).status == 403
    assert (await browser.client.get("/console", allow_redirects=False)).headers["Location"] == "/console/"


async def test_signing_in_and_out(browser: Browser, redis: Redis) -> None:
    page = await browser.sign_in("sara")
    assert page.status == 200
    assert "تماس‌های من" in page.words
    token = browser.cookies["console"]
    assert not [key async for key in redis.scan_iter() if token.encode() in key]
    assert not [key async for key in redis.scan_iter("n:session*") if token.encode() in str(key).encode()]
    await browser.sign_in("sara")
    assert browser.cookies["console"] != token  # and the old one is over
    assert (await browser.client.get("/console/me", cookies={"console": token}, allow_redirects=False)).status == 303
    assert (await browser.post("/logout")).status == 200
    assert (await browser.get("/")).status == 303


async def test_the_cookie_is_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    page = await browser.post_bare("/login", username="sara", password=PASSWORD)
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/console" in cookie
    assert "Secure" not in cookie  # over loopback; anywhere else it is
    form = {"username": "sara", "password": PASSWORD}
    elsewhere = await browser.post_bare("/login", headers={"Host": "shop.example"}, **form)
    assert "Secure" in elsewhere.headers["Set-Cookie"]


async def test_wrong_and_unknown_are_told_apart_by_nobody(browser: Browser) -> None:
    wrong = await browser.sign_in("sara", "not the password")
    unknown = await browser.sign_in("nobody", "not the password")
    assert (wrong.status, unknown.status) == (401, 401)
    assert wrong.words == unknown.words
    assert "console" not in browser.cookies


async def test_who_left_is_out_at_once(browser: Browser, service: Service) -> None:
    await browser.sign_in("sara")
    staff = await service.staff.get("sara")
    assert staff
    await service.staff.put(replace(staff, active=False))
    assert (await browser.get("/")).status == 303
    assert (await Browser(browser.client).sign_in("sara")).status == 401


async def test_attempts_are_limited(browser: Browser) -> None:
    statuses = [(await browser.sign_in("sara", f"guess {number}")).status for number in range(BY_NAME + 1)]
    assert statuses == [401] * BY_NAME + [429]
    refused = await browser.sign_in("sara")  # the right password does not help either
    assert refused.status == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert (await Browser(browser.client).sign_in("reza")).status == 200


async def test_signed_out_everywhere(browser: Browser) -> None:
    other = Browser(browser.client)
    await browser.sign_in("sara")
    await other.sign_in("sara")
    await browser.post("/logout/everywhere")
    assert [(await one.get("/")).status for one in (browser, other)] == [303, 303]


@pytest.mark.parametrize("form", [{}, {"csrf": "made-up"}, {"csrf": ""}])
async def test_a_change_needs_the_token_of_its_session(browser: Browser, form: dict[str, str]) -> None:
    await browser.sign_in("sara")
    page = await browser.post_bare("/logout", **form)
    assert page.status == 403
    assert (await browser.get("/")).status == 200


async def test_another_persons_token_does_not_do(browser: Browser) -> None:
    other = Browser(browser.client)
    await browser.sign_in("sara")
    await other.sign_in("reza")
    assert (await browser.post_bare("/logout", csrf=other.csrf)).status == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_other_sites_cannot_send_our_forms(browser: Browser, headers: dict[str, str]) -> None:
    await browser.sign_in("sara")
    assert (await browser.post_bare("/logout", headers=headers, csrf=browser.csrf)).status == 403
    form = {"username": "sara", "password": PASSWORD}
    assert (await browser.post_bare("/login", headers=headers, **form)).status == 403


async def test_an_agent_is_no_supervisor(browser: Browser) -> None:
    await browser.sign_in("sara")
    for path in ("/desk", "/staff", "/figures"):
        page = await browser.get(path)
        assert page.status == 403
        assert "سرپرست" in page.words
    assert (await browser.post("/staff", id="new", name="x", phone="09120000000", role="supervisor")).status == 403
    assert (await browser.post("/desk/move", call="1", to="sara")).status == 403


async def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(browser: Browser) -> None:
    await browser.sign_in("boss")
    for path in (
        "/",
        "/orders",
        "/deposits",
        "/priority",
        "/messages",
        "/parked",
        "/texts",
        "/desk",
        "/figures",
        "/me",
    ):
        page = await browser.get(path)
        assert page.status == 200
        policy = dict(part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'",) * 3
        assert (policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'")
        assert page.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page.text)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text)


async def test_files_are_served_and_nothing_beside_them(browser: Browser) -> None:
    page = await browser.get("/login")
    for address in set(re.findall(r'(?:src|href)="/console(/static/[^"]+)"', page.text)):
        assert (await browser.get(address)).status == 200
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/none.js"):
        assert (await browser.get(path)).status in (303, 404)  # nothing there, or to the sign-in


def test_what_is_vendored_has_its_licence() -> None:
    folders = [path for path in (STATIC / "vendor").iterdir() if path.is_dir()]
    assert {path.name for path in folders} >= {"htmx", "vazirmatn"}
    for folder in [*folders, Path(__file__).parents[1] / "e2e" / "vendor" / "axe-core"]:
        assert any(file.name.startswith(("LICENSE", "OFL")) for file in folder.iterdir())


async def test_accounts(browser: Browser, service: Service) -> None:
    await browser.sign_in("boss")
    await browser.get("/staff")
    fresh = {"id": "lale", "name": "لاله", "phone": "۰۹۱۲۱۱۱۲۲۳۳", "role": "agent", "password": "a good password"}
    assert (await browser.post("/staff", **(fresh | {"phone": "12"}))).status == 422
    assert (await browser.post("/staff", **(fresh | {"password": "short"}))).status == 422
    await browser.get("/staff")
    assert "لاله اکنون می‌تواند وارد شود" in (await browser.post("/staff", **fresh)).words
    added = await service.staff.get("lale")
    assert added
    assert added.phone == "09121112233"
    lale = Browser(browser.client)
    assert (await lale.sign_in("lale", "a good password")).status == 200
    await browser.get("/staff")
    await browser.post("/staff/lale", do="off")
    assert (await lale.get("/")).status == 303
    await browser.get("/staff")
    assert (await browser.post("/staff/boss", do="off")).status == 422  # nobody locks themselves out
    assert SARA.id in {one.id for one in await service.staff.active()}
