"""Accounts of the support desk (ASVS V2, V3, V7): changes, sessions, second factors, passwords, and who did what."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from call_fixtures import BOSS
from click.testing import Result
from console_browser import ISFAHAN, PASSWORD, Browser, Desk, hashed, hire
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import Client, StandardShop
from typer.testing import CliRunner

from notifier.cli import app
from notifier.clock import StillClock
from notifier.config import Config
from notifier.console import common_passwords, passwords, second_factor
from notifier.console.attempts import BY_NAME
from notifier.console.sessions import LONGEST, Sessions
from notifier.domain.events import EventType
from notifier.domain.timeline import LineKind
from notifier.service.process import WEB, Service
from notifier.store import audit
from notifier.store import keys as names
from notifier.store.audit import Act, AuditEntry, Wanted
from notifier.store.staff import Role, SecondFactor

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NEW = "kolah-e-ghermez 8 moosh"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

Run = Callable[..., Awaitable[Result]]


class Gate:
    """Holds the slow work of a password open: whoever is at it waits until it is let through."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self._work, self._reached, self._open = work, threading.Event(), threading.Event()

    def __call__(self, *args: Any, **more: Any) -> Any:
        done = self._work(*args, **more)
        self._reached.set()
        assert self._open.wait(20)
        return done

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, 20)

    def let_through(self) -> None:
        self._open.set()


@pytest.fixture
async def boss(client: Client, service: Service) -> Browser:
    """A supervisor, beside another one, Sara and Reza."""
    await hire(service)
    await service.staff.put(replace(BOSS, id="second", password=hashed()))
    browser = Browser(client)
    await browser.enter(service, "boss")
    return browser


@pytest.fixture
def run(config: Config) -> Run:
    """A command on the store of the test."""
    ours = {"NOTIFIER__REDIS__URL": config.redis.url, "COLUMNS": "250"}

    async def run(*arguments: str, **environment: str) -> Result:
        line = [*arguments, "--config", str(ROOT / "config.toml")]
        return await asyncio.to_thread(CliRunner().invoke, app, line, env=ours | environment)

    return run


async def entered(client: Client, service: Service, staff_id: str) -> Browser:
    browser = Browser(client)
    await browser.enter(service, staff_id)
    return browser


async def trail(service: Service, **wanted: Any) -> list[AuditEntry]:
    """The audit trail, newest first."""
    return [one async for _, one in audit.read(service.reader, Wanted(**wanted))]


async def acts(service: Service, **wanted: Any) -> list[tuple[str, str, str]]:
    return [(one.by, one.act, one.about) for one in await trail(service, **wanted)]


# Changes of accounts


@pytest.mark.parametrize("change", [{"do": "role", "role": "agent"}, {"do": "off"}, {"do": "second_factor"}])
async def test_a_change_meanwhile_is_not_undone_by_ones_own_password(
    boss: Browser, client: Client, service: Service, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    second = await entered(client, service, "second")
    gate = Gate(passwords.hashed)
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "hashed", gate)
        changing = asyncio.create_task(second.post_bare("/me/password", csrf=second.csrf, old=PASSWORD, new=NEW))
        await gate.reached()
        await boss.post_bare("/staff/second", csrf=boss.csrf, **change)
        gate.let_through()
        await changing
    staff = await service.staff.get("second")
    assert staff
    if change["do"] == "role":
        assert (staff.role, passwords.matches(NEW, staff.password)) == (Role.AGENT, True)
    else:  # an account that is another one now: what was proved on the old one changes nothing
        assert (staff.active, passwords.matches(PASSWORD, staff.password)) == (change["do"] != "off", True)


async def test_a_demotion_meanwhile_is_not_undone_by_another_supervisor(
    boss: Browser, client: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(passwords.hashed)
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "hashed", gate)
        setting = asyncio.create_task(boss.post_bare("/staff/second", csrf=boss.csrf, do="password", password=NEW))
        await gate.reached()
        await service.staff.change("second", lambda one, unit: replace(one, role=Role.AGENT, active=False))
        gate.let_through()
        await setting
    staff = await service.staff.get("second")
    assert staff
    assert (staff.role, staff.active, passwords.matches(NEW, staff.password)) == (Role.AGENT, False, True)


async def test_two_changes_at_once_both_count(service: Service) -> None:
    """Who saw an older record is asked again, as the command line's changes are."""
    await hire(service)

    async def shift(day: str) -> None:
        await service.staff.change("sara", lambda one, unit: replace(one, shifts=one.shifts | {day: ["09:00-13:00"]}))

    await asyncio.gather(*map(shift, ("saturday", "sunday", "monday", "tuesday")))
    staff = await service.staff.get("sara")
    assert staff
    assert len(staff.shifts) == 4


async def test_an_id_is_given_once(boss: Browser, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    form = {"id": "lale", "name": "لاله", "phone": "09121112233", "role": "agent", "password": NEW}
    gate = Gate(passwords.hashed)
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "hashed", gate)
        first = asyncio.create_task(boss.post_bare("/staff", csrf=boss.csrf, **form))
        await gate.reached()
        gate.let_through()
        await service.staff.put(replace(BOSS, id="lale"))
        assert (await first).status == 422
    staff = await service.staff.get("lale")
    assert staff
    assert staff.role is Role.SUPERVISOR


# Sessions


@pytest.mark.parametrize("change", [{"do": "password", "password": NEW}, {"do": "off"}, {"do": "sign_out"}])
async def test_a_sign_in_under_way_opens_nothing_after_the_end(
    boss: Browser, client: Client, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    thief, gate = Browser(client), Gate(passwords.matches)
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "matches", gate)
        signing = asyncio.create_task(thief.post_bare("/login", username="second", password=PASSWORD))
        await gate.reached()
        await boss.post_bare("/staff/second", csrf=boss.csrf, **change)
        gate.let_through()
        assert (await signing).status == 401
    assert "console" not in thief.cookies
    assert (await thief.get("/")).status == 303


@pytest.mark.parametrize("command", ["passwd", "off", "reset-second-factor"])
async def test_the_command_line_ends_sessions_however_they_came_to_be(
    boss: Browser, client: Client, service: Service, run: Run, command: str
) -> None:
    token = await Sessions(service.redis).open("second")  # and not used yet
    done = await run("staff", command, "second", NOTIFIER_STAFF_PASSWORD=NEW)
    assert done.exit_code == 0
    late = Browser(client, {"console": token})
    assert (await late.get("/")).status == 303


async def test_an_open_page_hears_that_it_is_over(boss: Browser, service: Service) -> None:
    sessions = Sessions(service.redis)
    session = await sessions.find(await sessions.open("second"))
    assert session
    assert await sessions.alive(session)
    await boss.post_bare("/staff/second", csrf=boss.csrf, do="sign_out")
    assert not await sessions.alive(session)


async def test_a_session_lasts_from_when_it_was_opened(boss: Browser, service: Service, redis: Redis) -> None:
    """However late it is used first."""
    before = [key async for key in redis.scan_iter(names.session("*"))]
    await Sessions(service.redis).open("second")
    [key] = [key async for key in redis.scan_iter(names.session("*")) if key not in before]
    assert LONGEST - 60 < int(await redis.hget(key, "until")) - (await redis.time())[0] <= LONGEST


async def test_a_stolen_session_does_not_guess_for_ever(boss: Browser, client: Client, service: Service) -> None:
    thief = await entered(client, service, "second")
    tried = [
        (await thief.post_bare("/me/password", csrf=thief.csrf, old=f"guess {n}", new=NEW)).status
        for n in range(BY_NAME + 2)
    ]
    assert tried == [422] * BY_NAME + [429, 429]
    refused = await thief.post_bare("/me/password", csrf=thief.csrf, old=PASSWORD, new=NEW)
    assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (429, True)
    for path in ("/me/second-factor", "/me/second-factor/off", "/me/second-factor/recovery"):  # the same door
        assert (await thief.post_bare(path, csrf=thief.csrf, old=PASSWORD)).status == 429
    assert ("second", Act.PASSWORD_GUESSED, "") in await acts(service)
    assert (await Browser(client).sign_in("second")).status == 200  # the owner is not locked out


# The second factor


class App:
    """An app on somebody's phone."""

    def __init__(self, secret: str, clock: StillClock) -> None:
        self._totp, self._clock = pyotp.TOTP(secret), clock

    def code(self, *, ago: int = 0) -> str:
        return self._totp.at(self._clock.now() - timedelta(seconds=ago))


async def enrolled(browser: Browser, clock: StillClock) -> tuple[App, list[str]]:
    """Set up a second factor as a person does; the app and the recovery codes."""
    await browser.get("/me")
    page = await browser.post("/me/second-factor", old=PASSWORD)
    secret = re.search(r'class="key" dir="ltr">([A-Z2-7 ]+)<', page.text)
    assert secret, page.words
    phone = App(secret[1].replace(" ", ""), clock)
    page = await browser.post("/me/second-factor/confirm", code=phone.code())
    assert page.status == 200
    return phone, re.findall(r"<code>([a-z0-9-]{29})</code>", page.text)


async def first_step(client: Client, staff_id: str) -> Browser:
    browser = Browser(client)
    page = await browser.post_bare("/login", username=staff_id, password=PASSWORD)
    assert (page.status, page.headers["Location"]) == (303, "/console/login/code")
    assert "console" not in browser.cookies
    return browser


async def test_a_second_factor_from_its_picture_to_the_sign_in(
    boss: Browser, client: Client, service: Service, clock: StillClock
) -> None:
    sara, elsewhere = await entered(client, service, "sara"), await entered(client, service, "sara")
    page = await sara.post("/me/second-factor", old="not the password")
    assert page.status == 422
    page = await sara.post("/me/second-factor", old=PASSWORD)
    assert "<svg" in page.text
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\bsrc=)", page.text)
    assert (await sara.post("/me/second-factor/confirm", code="000000")).status == 422
    assert (await Browser(client).sign_in("sara")).status == 200  # nothing counts until a code came back
    phone, codes = await enrolled(sara, clock)
    assert (await sara.get("/")).status == 200
    assert (await elsewhere.get("/")).status == 303
    assert len(set(codes)) == 10
    clock.turn(timedelta(seconds=30))
    browser = await first_step(client, "sara")
    assert (await browser.get("/")).status == 303
    assert (await browser.post_bare("/login/code", code="123456")).status == 401
    page = await browser.post_bare(
        "/login/code", code=phone.code().translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    )
    assert (page.status, page.headers["Location"]) == (303, "/console/")
    assert (await browser.get("/")).status == 200
    assert (await browser.get("/login/code")).headers["Location"] == "/console/login"


async def test_a_code_is_accepted_once(boss: Browser, client: Client, service: Service, clock: StillClock) -> None:
    phone, _ = await enrolled(await entered(client, service, "sara"), clock)
    again = await first_step(client, "sara")
    assert (await again.post_bare("/login/code", code=phone.code())).status == 401  # it proved the enrolment
    clock.turn(timedelta(seconds=60))
    browsers = [await first_step(client, "sara") for _ in range(4)]
    statuses = [
        page.status
        for page in await asyncio.gather(*(one.post_bare("/login/code", code=phone.code()) for one in browsers))
    ]
    assert sorted(statuses) == [303, 401, 401, 401]
    assert (await browsers[0].post_bare("/login/code", code=phone.code(ago=30))).status in (401, 303)
    older = await first_step(client, "sara")
    assert (await older.post_bare("/login/code", code=phone.code(ago=30))).status == 401  # older than the last


async def test_codes_are_not_guessed(boss: Browser, client: Client, service: Service, clock: StillClock) -> None:
    phone, _ = await enrolled(await entered(client, service, "sara"), clock)
    clock.turn(timedelta(seconds=30))
    thief = await first_step(client, "sara")
    tried = [(await thief.post_bare("/login/code", code=f"{n:06}")).status for n in range(BY_NAME + 1)]
    assert tried == [401] * BY_NAME + [429]
    fresh = await first_step(client, "sara")  # the first step again gives no more tries
    assert (await fresh.post_bare("/login/code", code=phone.code())).status == 429


async def test_a_recovery_code_is_good_once_and_kept_as_a_hash(
    boss: Browser, client: Client, service: Service, redis: Redis, clock: StillClock
) -> None:
    _, codes = await enrolled(await entered(client, service, "sara"), clock)
    raw = await redis.hget(names.STAFF, "sara")
    assert not any(code.encode() in raw or code.replace("-", "").encode() in raw for code in codes)
    browser = await first_step(client, "sara")
    assert (await browser.post_bare("/login/code", code=codes[3].upper().replace("-", " "))).status == 303
    assert "۹ کد بازیابی" in (await browser.get("/me")).words
    again = await first_step(client, "sara")
    assert (await again.post_bare("/login/code", code=codes[3])).status == 401
    assert ("sara", Act.RECOVERY_USED, "sara") in await acts(service)
    page = await browser.post("/me/second-factor/recovery", old=PASSWORD)
    fresh = re.findall(r"<code>([a-z0-9-]{29})</code>", page.text)
    assert not set(fresh) & set(codes)
    assert (await again.post_bare("/login/code", code=codes[4])).status == 401
    assert (await again.post_bare("/login/code", code=fresh[4])).status == 303


async def test_the_first_step_ends_with_the_account(
    boss: Browser, client: Client, service: Service, clock: StillClock
) -> None:
    phone, _ = await enrolled(await entered(client, service, "sara"), clock)
    clock.turn(timedelta(seconds=30))
    half = await first_step(client, "sara")
    await boss.post_bare("/staff/sara", csrf=boss.csrf, do="password", password=NEW)
    page = await half.post_bare("/login/code", code=phone.code())
    assert (page.status, page.headers["Location"]) == (303, "/console/login")
    assert (await half.get("/")).status == 303
    for token in ("", "made-up"):
        stranger = Browser(client, {"console_step": token})
        assert (await stranger.post_bare("/login/code", code=phone.code())).headers["Location"] == "/console/login"


async def test_a_supervisor_resets_it_and_an_agent_does_not(
    boss: Browser, client: Client, service: Service, clock: StillClock
) -> None:
    sara, reza = await entered(client, service, "sara"), await entered(client, service, "reza")
    await enrolled(sara, clock)
    assert (await reza.post_bare("/staff/sara", csrf=reza.csrf, do="second_factor")).status == 403
    assert (await boss.post_bare("/staff/boss", csrf=boss.csrf, do="second_factor")).status == 422
    await boss.post_bare("/staff/sara", csrf=boss.csrf, do="second_factor")
    assert (await sara.get("/")).status == 303
    assert (await Browser(client).sign_in("sara")).status == 200
    assert ("boss", Act.SECOND_FACTOR_RESET, "sara") in await acts(service)


@pytest.fixture
async def strict(
    make_config: Callable[..., Config],
    clock: StillClock,
    redis: Redis,
    aiohttp_client: Callable[..., Awaitable[Client]],
    wanted: str,
) -> AsyncIterator[tuple[Client, Service]]:
    async with Service(make_config(console__second_factor=wanted), clock=clock, roles=[WEB]) as running:
        await hire(running)
        yield await aiohttp_client(running.app), running


@pytest.mark.parametrize(("wanted", "owing"), [("off", set()), ("supervisors", {"boss"}), ("all", {"boss", "sara"})])
async def test_who_must_have_one(strict: tuple[Client, Service], owing: set[str], clock: StillClock) -> None:
    client, service = strict
    for name in ("sara", "boss"):
        browser = await entered(client, service, name)
        page = await browser.get("/orders")
        if name not in owing:
            assert page.status == 200
            continue
        assert (page.status, page.headers["Location"]) == (303, "/console/me")
        assert (await browser.post_bare("/parked/replay", csrf=browser.csrf)).status == 403
        assert (await browser.get("/live")).status == 303
        await enrolled(browser, clock)
        assert (await browser.get("/orders")).status == 200
        assert (await browser.post("/me/second-factor/off", old=PASSWORD)).status == 422


async def test_it_is_switched_off_with_the_password(
    boss: Browser, client: Client, service: Service, clock: StillClock
) -> None:
    sara = await entered(client, service, "sara")
    await enrolled(sara, clock)
    assert (await sara.post("/me/second-factor/off", old="guess")).status == 422
    await sara.get("/me")
    assert "غیرفعال شد" in (await sara.post("/me/second-factor/off", old=PASSWORD)).words
    assert (await Browser(client).sign_in("sara")).status == 200


def test_a_code_of_a_wrong_clock_and_of_no_clock(clock: StillClock) -> None:
    factor, phone = SecondFactor(secret=SECRET), App(SECRET, clock)
    for ago in (30, 0, -30):
        assert second_factor.accepted(factor, phone.code(ago=ago), clock.now())
    for wrong in (phone.code(ago=90), phone.code(ago=-90), "", "12345", "1234567", "１２３", "x" * 5000):
        assert second_factor.accepted(factor, wrong, clock.now()) is None
    assert SECRET not in repr(factor)
    assert SECRET not in repr(replace(BOSS, second=factor))


# Passwords


@pytest.mark.parametrize(
    "password",
    [
        *(
            "short",
            "nine char",
            "password1234",
            "iloveyou123",
            "1234567890",
            "qwertyuiop",
            "qwerty123456",
            "1qaz2wsx3edc",
        ),
        *("P@ssw0rd123", "welcome2024!", "letmein2023", "admin12345", "aaaaaaaaaaaa", "1212121212", "abcdabcdabcd"),
        *("mohammad1365!", "ali_reza_1370", "sarahamed1370", "fatemeh@1380", "zahra.1378", "Esteghlal1320"),
        *("علیرضا۱۳۷۰", "دوستت‌دارم۱۴۰۰", "كاظمي١٣٦٥", "sghl1370!!", "tehran1404!", "iran1404iran"),
        *("09121234567", "+989121234567", "۰۹۱۲۱۲۳۴۵۶۷", "sara09121234567", "02188776655", "0010532129"),
        *("۱۲ب۳۴۵ایران۱۱", "12b345-iran11", "ایران۱۱-۱۲ب۳۴۵", "1370/01/15", "6037-9911-1234"),
        *("maryam-1375", "xiaomicity1404", "shirinpari1370"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match=r"at least 10|first to be tried"):
        passwords.hashed(password, about=("shirinpari", "xiaomi city"))


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        NEW,
        "a good password",
        "correct horse battery staple",
        "چتر بنفش روی پشت بام",
        "jGk3_xT9qLw",
        "pA7-fenjan-ghoori",
    ],
)
def test_what_is_not_guessed_is_taken(password: str) -> None:
    assert not common_passwords.first(password, about=("sara", "سارا"))


def test_the_commonest_ten_thousand_lie_here() -> None:
    listed = (ROOT / "notifier" / "vendor" / "common-passwords" / "passwords.list").read_text().split()
    assert (len(listed), len(set(listed)), listed[:3]) == (10_000, 10_000, ["123456", "password", "12345678"])
    assert [one for one in listed if not common_passwords.first(one)] == []


def test_a_long_password_is_looked_at_as_far_as_it_matters() -> None:
    with pytest.raises(ValueError, match="at most 1024"):
        passwords.hashed("qwe" * 400)
    assert not passwords.matches("x" * 2000, hashed())


# Who did what


async def test_what_is_done_to_accounts_is_on_record(boss: Browser, client: Client, service: Service) -> None:
    fresh = {"id": "lale", "name": "لاله", "phone": "09121112233", "role": "agent", "password": NEW}
    await boss.post_bare("/staff", csrf=boss.csrf, **fresh)
    for change in ({"do": "role", "role": "supervisor"}, {"do": "password", "password": "chatr-e banafsh 77"}):
        await boss.post_bare("/staff/lale", csrf=boss.csrf, **change)
    for do in ("sign_out", "off", "on"):
        await boss.post_bare("/staff/lale", csrf=boss.csrf, do=do)
    assert await acts(service, by="boss") == [
        ("boss", act, "lale")
        for act in (
            *(Act.STAFF_ON, Act.STAFF_OFF, Act.SIGNED_OUT_EVERYWHERE, Act.PASSWORD_CHANGED),
            *(Act.ROLE_CHANGED, Act.STAFF_ADDED),
        )
    ]
    kept = b" ".join(await service.redis.zrange(names.AUDIT, 0, -1))
    assert not any(one.encode() in kept for one in ("09121112233", NEW, "chatr-e"))
    page = await boss.get("/audit")
    assert "سرپرست نقش را عوض کرد · لاله · پشتیبان ← سرپرست" in page.words


async def test_sign_ins_failures_and_refusals_are_on_record(boss: Browser, client: Client, service: Service) -> None:
    browser = Browser(client)
    await browser.sign_in("sara", "not the password")
    await browser.sign_in("my-secret-password", "sara")  # typed into the wrong field
    await browser.sign_in("sara")
    assert (await browser.get("/desk")).status == 403
    assert (await browser.post_bare("/staff/09121234567", csrf="made-up", do="off")).status == 403
    await browser.get("/me")
    await browser.post("/logout")
    found = await trail(service)
    assert [(one.by, one.act) for one in found] == [
        ("sara", Act.SIGNED_OUT),
        ("sara", Act.REFUSED),
        ("sara", Act.REFUSED),
        ("sara", Act.SIGNED_IN),
        ("", Act.SIGN_IN_FAILED),
        ("sara", Act.SIGN_IN_FAILED),
    ]
    assert [one.about for one in found[1:3]] == ["POST /console/staff/0912***4567", "GET /console/desk"]
    assert "my-secret-password" not in repr(found)


async def test_it_does_not_grow_with_a_strangers_patience(service: Service, redis: Redis) -> None:
    for number in range(510):
        await audit.write_some(redis, AuditEntry(at=number, act=Act.SIGN_IN_FAILED, by=""))
    found = await trail(service)
    assert len(found) == 501
    assert found[0].act == Act.MORE


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    desk = Desk(client, shop, service, clock)
    await desk.open()
    return desk


async def test_texts_by_hand_and_exports_are_on_record(desk: Desk) -> None:
    sara, at = desk.sara, "/orders/shop/10025"
    await desk.event(EventType.REGISTERED, customer=ISFAHAN)
    await sara.post(f"{at}/texts", texts="stop")
    await sara.post(f"{at}/texts", texts="start")
    await sara.post(f"{at}/write", template="payment_open", once="1")
    await sara.get("/orders?as=csv&q=09121234567")
    found = await trail(desk.service, by="sara")
    assert [(one.act, one.about) for one in found] == [
        (Act.EXPORTED, "/orders"),
        (Act.TEXT_WRITTEN, "10025"),
        (Act.TEXTS_RESUMED, "10025"),
        (Act.TEXTS_STOPPED, "10025"),
    ]
    assert "09121234567" not in repr(found)


async def test_what_a_person_does_to_an_order_names_them(desk: Desk) -> None:
    sara, at = desk.sara, "/orders/shop/10025"
    await desk.deposit()
    await sara.post("/deposits/shop/10025", deposit="confirmed", seen="18500000")
    await sara.post(f"{at}/call", purpose="callback", when="now", once="1")
    await sara.post(f"{at}/write", template="deposit_confirmed", once="1")
    await sara.post(f"{at}/texts", texts="stop")
    order = await desk.service.reader.order("shop", "10025")
    assert order
    lines = [line for line in (await desk.service.reader.story(order)).timeline if line.extra.get("by")]
    assert [line.kind for line in lines] == [LineKind.EVENT, LineKind.CALL, LineKind.MESSAGE, LineKind.BY_HAND]
    assert {line.extra["by"] for line in lines} == {"sara"}
    words = (await sara.get(at)).words
    assert (words.count("به گزارش سارا"), words.count("به دست سارا")) == (1, 3)


async def test_a_text_sent_again_names_who_sent_it(desk: Desk, run: Run) -> None:
    planned = await desk.event(EventType.PAID)
    message = planned["messages"][0]["id"]
    keys = desk.service.reader.everywhere[0]
    for again in range(2):
        await desk.service.redis.hset(keys.message(message), "state", "held")
        await desk.service.redis.zrem(keys.messages("queued"), message)
        await desk.service.redis.zadd(keys.messages("held"), {message: 1})
        if again:
            assert (await run("messages", "retry", message)).exit_code == 0
        else:
            await desk.sara.post(f"/orders/shop/10025/messages/{message}/again")
    doers = [one.by for one in await trail(desk.service) if one.act == Act.TEXT_SENT_AGAIN]
    assert sorted(by.partition(":")[0] for by in doers) == ["cli", "sara"]
    assert "پیامک دوباره به صف رفت به دست سارا" in (await desk.sara.get("/orders/shop/10025")).words


async def test_a_call_that_was_handed_on_names_who_did_it(desk: Desk) -> None:
    call = await desk.due_call()
    other = "sara" if (await desk.call(call)).assignee == "reza" else "reza"
    await desk.boss.get("/desk")
    await desk.boss.post("/desk/move", call=call, to=other)
    line = (await desk.call(call)).history[-1]
    assert (line.what, line.by, line.to) == ("moved", "boss", other)


async def test_commands_are_on_record(service: Service, run: Run, desk: Desk, tmp_path: Path) -> None:
    new = {"NOTIFIER_STAFF_PASSWORD": NEW}
    await run("staff", "add", "lale", "--name", "لاله", "--phone", "09121112233", **new)
    for command in (["passwd", "lale"], ["shift", "lale", "saturday=09:00-13:00"], ["feed", "lale"], ["off", "lale"]):
        assert (await run("staff", *command, **new)).exit_code == 0
    assert (await run("staff", "add", "lale", "--name", "لاله", "--phone", "09121112233", **new)).exit_code == 2
    assert (await run("export", "--out", str(tmp_path / "orders.jsonl"))).exit_code == 0
    assert (await run("customer", "export", "09121234567")).exit_code == 0
    assert (await run("customer", "erase", "09121234567", "--yes")).exit_code == 0
    found = await trail(service)
    assert {one.by.partition(":")[0] for one in found} == {"cli"}
    assert sorted((one.act, one.about) for one in found) == sorted(
        [
            *((act, "lale") for act in (Act.STAFF_ADDED, Act.PASSWORD_CHANGED, Act.SHIFTS_CHANGED)),
            *((act, "lale") for act in (Act.FEED_RENEWED, Act.STAFF_OFF)),
            *((Act.EXPORTED, "orders"), (Act.EXPORTED, "0912***4567"), (Act.ERASED, "0912***4567")),
        ]
    )
    listed = await run("audit", "list", "--json", "--limit", "3")
    assert [line.split('"act":"')[1].split('"')[0] for line in listed.output.splitlines()] == [
        one.act for one in found[:3]
    ]


async def test_the_page_of_one_person_and_one_day(
    boss: Browser, client: Client, service: Service, clock: StillClock
) -> None:
    for name in ("sara", "reza"):
        await Browser(client).sign_in(name)
    clock.turn(timedelta(days=1))
    await Browser(client).sign_in("sara")

    async def lines(query: str) -> int:
        page = await boss.get(f"/audit?{query}")
        assert page.status == 200
        return page.text.count("<tr><td>")

    everything = await lines("")
    assert everything == 3
    assert [await lines(one) for one in ("by=sara", "day=2026-11-24", "day=1405-09-02", "by=reza&day=2026-11-24")] == [
        *(2, 1, 2, 0)
    ]
    sheet = await boss.get("/audit?by=sara&day=2026-11-23&as=csv")
    assert sheet.text.splitlines()[1:] != []
    assert sheet.text.count("وارد شد") == 1
    for wrong in ("day=yesterday", "day=9999-12-31", "day=" + "1" * 5000, "after=x"):
        assert (await boss.get(f"/audit?{wrong}")).status == 422
    sara = await entered(client, service, "sara")
    assert (await sara.get("/audit")).status == 403


async def test_pages_of_the_trail_go_on_where_the_last_ended(boss: Browser, redis: Redis) -> None:
    for number in range(120):
        await audit.write(redis, AuditEntry(at=1_000_000 + number, act=Act.SIGNED_IN, by="sara", more=f"<{number}>"))
    seen, path = 0, "/audit?by=sara"
    while path:
        page = await boss.get(path)
        seen += page.text.count("<tr><td>")
        assert "<1" not in page.text
        following = re.search(r'class="pager"><a class="button" href="/console([^"]+)"', page.text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert seen == 120


async def test_a_line_is_kept_so_long(service: Service, redis: Redis, clock: StillClock) -> None:
    keys = service.reader.everywhere[0]
    now = int(clock.now().timestamp() * 1000)
    for key in (names.AUDIT, keys.audit):
        for days in (364, 366):
            await redis.zadd(key, {f'{{"at":{days},"act":"signed_in","by":"x{days}"}}': now - days * 86_400_000})
    await service.retention.tick()
    assert [one.by for one in await trail(service)] == ["x364", "x364"]
