"""``notifier doctor``: a healthy set-up, and broken ones, each told with what to do."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis
from redis_servers import alone
from serve_process import serve
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET, StandardShop, standard_fixture
from typer.testing import CliRunner, Result

from notifier.cli import app
from notifier.clock import TEHRAN, StillClock, SystemClock
from notifier.config import Config
from notifier.config.loading import load
from notifier.diagnostics import people, store
from notifier.diagnostics.verdicts import Verdict, VerdictLevel, in_time, ok
from notifier.simulator import Fault, Simulator, create_app
from notifier.store import keys as names
from notifier.store.records import ms
from notifier.store.staff import Role, Staff, StaffBook

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
KEY = "a-key-that-nobody-may-see"
TOKEN = "a-callback-token-of-these-tests"
PEOPLE = [
    Staff(id="sara", name="سارا", phone="09121110000", role=Role.AGENT),
    Staff(id="boss", name="مینا", phone="09129990000", role=Role.SUPERVISOR),
]

MakeServer = Callable[..., Awaitable[TestServer]]


@pytest.fixture
def account() -> Simulator:
    return Simulator(clock=SystemClock(), api_key=KEY, credit=500_000_000)


@pytest.fixture
async def settings(account: Simulator, aiohttp_server: MakeServer, tmp_path: Path) -> dict[str, str]:
    server = await aiohttp_server(create_app(account, callbacks_every=None))
    return {
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": str(server.make_url("/v1")),
        "NOTIFIER__PROVIDERS__SIMULATOR__API_KEY": KEY,
        "NOTIFIER__REDIS__DATA_DIR": str(tmp_path / "data"),
        "NOTIFIER__CALLBACKS__TOKEN": TOKEN,
        "NOTIFIER__API__TOKENS": json.dumps([API_TOKEN]),
    }


async def doctor(settings: dict[str, str], *arguments: str) -> tuple[int, str]:
    """The command, as an operator gives it: its exit code and all it wrote."""
    ended = await notifier(settings, "doctor", *arguments)
    return ended.exit_code, ended.output


async def notifier(settings: dict[str, str], *command: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, command, env=settings)


def found(text: str) -> dict[str, list[dict[str, str]]]:
    """What ``--json`` says, by what it is about."""
    by: dict[str, list[dict[str, str]]] = {}
    for one in json.loads(text)["checks"]:
        by.setdefault(one["about"], []).append(one)
    return by


def says(found: dict[str, list[dict[str, str]]], about: str, level: str, *words: str) -> bool:
    return any(
        one["level"] == level and all(word in f"{one['what']} {one['todo']}" for word in words) for one in found[about]
    )


async def test_a_healthy_set_up(settings: dict[str, str], tmp_path: Path) -> None:
    async with serve(settings, "--port", "0") as served:
        await served.read_until("ready")
        for one in PEOPLE:
            command = ("staff", "add", one.id, "--name", one.name, "--phone", one.phone, "--role", one.role)
            ended = await notifier(settings | {"NOTIFIER_STAFF_PASSWORD": "a long password"}, *command)
            assert ended.exit_code == 0
        async with aiohttp.ClientSession(served.url) as session:
            payload = standard_fixture("payment.succeeded__tehran_online")
            shop = StandardShop(session, SystemClock())  # type: ignore[arg-type]
            assert (await shop.post(payload | {"timestamp": SystemClock().now().isoformat()})).status == 202
        await served.read_until("message_settled")
        settings |= {"NOTIFIER__SERVER__PUBLIC_URL": served.url}
        _, before = await doctor(settings, "--json")
        assert says(found(before), "backup", "warning", "none was ever made", "notifier backup FILE")
        made = await notifier(settings, "backup", str(tmp_path / "backup.tar"))
        assert made.exit_code == 0
        code, text = await doctor(settings)
        as_json, document = await doctor(settings, "--json")
    assert (code, as_json) == (0, 0), text
    assert text.splitlines()[-1].startswith("0 errors, ")
    lines = found(document)
    assert json.loads(document)["ok"] is True
    assert says(lines, "redis", "ok", "embedded", "fsync")
    assert says(lines, "processes", "ok", "1 process of the service")
    assert says(lines, "staff", "ok", "1 active agent, 1 supervisor")
    assert says(lines, "providers.simulator", "ok", "takes our key; credit 499,")
    assert says(lines, "providers.simulator", "ok", "resendfailed is off")
    assert says(lines, "clock", "ok", "Redis")
    assert says(lines, "clock", "ok", "simulator")
    assert says(lines, "callbacks", "ok", served.url)
    for about in ("data", "backup", "outbox", "disk", "patterns", "memory"):
        assert {one["level"] for one in lines[about]} == {"ok"}
    for secret in (KEY, TOKEN, SHOP_SECRET, API_TOKEN):
        assert secret not in text + document


async def test_a_thoroughly_broken_one(
    settings: dict[str, str], account: Simulator, tmp_path: Path, aiohttp_server: MakeServer
) -> None:
    account.credit = 0
    account.config |= {"resendfailed": "enabled", "debugmode": "enabled"}
    async with alone(tmp_path / "redis", "--appendonly", "no", "--maxmemory-policy", "allkeys-lru") as redis:
        other = {"api_key": "a-wrong-key-of-somebody", "base_url": settings["NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL"]}
        code, text = await doctor(
            settings
            | {
                "NOTIFIER__REDIS__URL": redis.url,
                "NOTIFIER__SMS__FALLBACK": '["other"]',
                "NOTIFIER__PROVIDERS__OTHER": json.dumps(other),
                "NOTIFIER__SERVER__PUBLIC_URL": "http://127.0.0.1:9",
            },
            "--json",
        )
    lines = found(text)
    assert (code, json.loads(text)["ok"]) == (1, False)
    assert says(lines, "redis", "error", "append-only", "appendonly")
    assert says(lines, "redis", "error", "allkeys-lru", "noeviction")
    assert says(lines, "processes", "warning", "notifier serve")
    assert says(lines, "staff", "error", "no active agent", "notifier staff add")
    assert says(lines, "staff", "warning", "no supervisor")
    assert says(lines, "providers.simulator", "error", "credit 0 rial", "fill up")
    assert says(lines, "providers.simulator", "error", "debugmode")
    assert says(lines, "providers.simulator", "warning", "resendfailed")
    assert says(lines, "providers.other", "error", "403")
    assert says(lines, "sources.shop", "warning", "said nothing", "notifier trigger")
    assert says(lines, "callbacks", "error", "http://127.0.0.1:9 does not answer")
    assert all(
        one["todo"] or len(one["what"]) > 30 for part in lines.values() for one in part if one["level"] == "error"
    )
    for secret in (KEY, TOKEN, "a-wrong-key-of-somebody"):
        assert secret not in text


async def test_a_store_that_is_not_there(settings: dict[str, str]) -> None:
    code, text = await doctor(settings | {"NOTIFIER__REDIS__URL": "redis://127.0.0.1:9"})
    assert code == 1
    assert "127.0.0.1:9 does not take our connection" in text
    assert "resendfailed is off" in text, "the rest is examined all the same"


async def test_a_provider_that_hangs_holds_nothing_up(settings: dict[str, str], account: Simulator) -> None:
    account.faults.add(Fault(kind="hang", method="account/info"))
    account.faults.add(Fault(kind="hang", method="account/config"))
    code, text = await doctor(settings | {"NOTIFIER__PROVIDERS__SIMULATOR__TIMEOUT": "1s"}, "--json")
    assert code == 1
    assert says(found(text), "providers.simulator", "error", "No answer from Kavenegar")


async def looked_at(make_config: Any, redis: Any, now: datetime, staff: list[Staff]) -> dict[str, list[Verdict]]:
    book = StaffBook(redis)
    for one in staff:
        await book.put(one)
    by: dict[str, list[Verdict]] = {}
    async for verdict in people.staff(make_config(), redis, StillClock(now)):
        by.setdefault(verdict.about, []).append(verdict)
    return by


FRIDAYS = {"friday": ["09:00-17:00"]}
MORNING, NIGHT = datetime(2026, 11, 23, 10, tzinfo=TEHRAN), datetime(2026, 11, 23, 23, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    ("shifts", "now", "levels", "words"),
    [
        ({}, MORNING, [VerdictLevel.OK, VerdictLevel.OK], "1 on shift now"),
        ({}, NIGHT, [VerdictLevel.OK, VerdictLevel.OK], "calls go on at"),
        (FRIDAYS, MORNING, [VerdictLevel.ERROR, VerdictLevel.WARNING], "no agent works on any working day"),
        ({"monday": ["09:00-17:00"]}, MORNING, [VerdictLevel.WARNING, VerdictLevel.OK], "no agent works on Tuesday"),
        ({"monday": ["15:00-17:00"]}, MORNING, [VerdictLevel.WARNING, VerdictLevel.WARNING], "no agent is on shift"),
    ],
)
async def test_who_works(
    make_config: Any, redis: Any, shifts: dict[str, list[str]], now: datetime, levels: list[VerdictLevel], words: str
) -> None:
    agent = Staff(id="sara", name="سارا", phone="09121110000", shifts=shifts)
    verdicts = (await looked_at(make_config, redis, now, [agent, PEOPLE[1]]))["shifts"]
    assert [verdict.level for verdict in verdicts] == levels
    assert any(words in verdict.what for verdict in verdicts)


@pytest.mark.parametrize(
    ("today", "level"),
    [
        (date(2026, 1, 1), VerdictLevel.OK),
        (date(2026, 11, 23), VerdictLevel.WARNING),
        (date(2999, 1, 1), VerdictLevel.ERROR),
    ],
)
async def test_how_far_holidays_are_known(today: date, level: VerdictLevel) -> None:
    clock = StillClock(datetime(today.year, today.month, today.day, 10, tzinfo=TEHRAN))
    shipped: Config = load(ROOT / "config.toml", environment={})
    (verdict,) = [one async for one in people.known_holidays(shipped, clock)]
    assert verdict.level is level


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0.5, VerdictLevel.OK), (-0.0, VerdictLevel.OK), (10, VerdictLevel.WARNING), (90, VerdictLevel.ERROR)],
)
def test_clocks_that_differ(seconds: float, level: VerdictLevel) -> None:
    assert store.judged("Redis", timedelta(seconds=seconds)).level is level


@pytest.mark.parametrize(("days", "level"), [(1, VerdictLevel.OK), (2, VerdictLevel.OK), (3, VerdictLevel.WARNING)])
async def test_an_old_backup(redis: Redis, clock: StillClock, days: int, level: VerdictLevel) -> None:
    shipped: Config = load(ROOT / "config.toml", environment={})
    await redis.set(names.BACKED_UP, ms(clock.now()))
    clock.turn(timedelta(days=days))
    (verdict,) = [one async for one in store.backups(shipped, redis, clock)]
    assert verdict.level is level


@pytest.mark.process
async def test_a_redis_of_ones_own_is_backed_up_when_somebody_says_so(settings: dict[str, str], tmp_path: Path) -> None:
    async with alone(tmp_path / "redis") as redis:
        own = settings | {"NOTIFIER__REDIS__URL": redis.url}
        _, before = await doctor(own, "--json")
        assert says(found(before), "backup", "warning", "none was ever made", "notifier backup --record")
        ended = await notifier(own, "backup", "--record")
        assert ended.exit_code == 0, ended.exception
        _, after = await doctor(own, "--json")
    assert says(found(after), "backup", "ok", "the last one was made")


@pytest.mark.parametrize("words", [(), ("file.tar", "--record"), ("--record",)])
async def test_a_backup_is_a_file_or_a_note(settings: dict[str, str], words: tuple[str, ...]) -> None:
    ended = await notifier(settings, "backup", *words)
    assert ended.exit_code != 0
    assert "notifier backup FILE" in str(ended.exception) or "Name the file" in str(ended.exception)


async def test_a_check_that_fails_says_nothing_that_it_should_not() -> None:
    async def broken() -> Any:
        yield ok("thing", "so far")
        raise RuntimeError(KEY)

    async def endless() -> Any:
        yield ok("thing", "so far")
        await asyncio.Event().wait()

    first = await in_time("thing", broken, limit=5)
    second = await in_time("thing", endless, limit=0.01)
    assert [one.level for one in first] == [one.level for one in second] == [VerdictLevel.OK, VerdictLevel.ERROR]
    assert KEY not in str(first)
    assert "no answer within 0.01 s" in second[1].what
