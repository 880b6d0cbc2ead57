"""Commands about people and what they wrote: nothing of it is obeyed, nothing lies open, and who is out is out."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import Result
from console_browser import Browser, hire
from redis.asyncio import Redis
from shops import Client, StandardShop, standard_fixture
from structlog.testing import capture_logs
from typer.testing import CliRunner

from notifier.cli import app
from notifier.config import Config
from notifier.console import passwords
from notifier.console.sessions import LIFETIME, LONGEST
from notifier.service.process import Service
from notifier.store import keys as names

ROOT = Path(__file__).parents[2]
SPITEFUL = "[/b] [red]سارا"
"""A name that a customer may give: brackets that a terminal's markup would stumble over."""

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(config: Config) -> Run:
    """A command on the store of the test."""
    ours = {"NOTIFIER__REDIS__URL": config.redis.url, "COLUMNS": "250"}

    async def run(*arguments: str, **environment: str) -> Result:
        line = [*arguments, "--config", str(ROOT / "config.toml")]
        return await asyncio.to_thread(CliRunner().invoke, app, line, env=ours | environment)

    return run


async def test_words_of_customers_are_shown_and_not_obeyed(run: Run, shop: StandardShop) -> None:
    payload = standard_fixture("payment.succeeded__tehran_online")
    payload["data"]["customer"]["name"] = SPITEFUL
    assert (await shop.post(payload | {"data": payload["data"] | {"order_id": "[/10]"}})).status == 202
    calls, messages = await run("calls", "list"), await run("messages", "list")
    assert (calls.exit_code, messages.exit_code) == (0, 0)
    assert SPITEFUL in calls.output
    assert "[/10]" in messages.output


async def test_words_of_strangers_are_shown_and_not_obeyed(run: Run, client: Client, service: Service) -> None:
    body = json.dumps({"type": "\x1b]0;mine\x07", "data": {"order_id": "[/x] \x1b[2J"}})
    assert (await client.post("/webhooks/shop", data=body, headers={"Content-Type": "application/json"})).status == 401
    await service.rejections.write()
    listed = await run("events", "list")
    assert listed.exit_code == 0
    assert "\x1b" not in listed.output
    assert r"[/x] \x1b[2J" in listed.output


@pytest.mark.parametrize("command", [("export",), ("customer", "export", "09121234567")])
async def test_what_is_exported_is_for_nobody_else(
    run: Run, shop: StandardShop, tmp_path: Path, command: tuple[str, ...]
) -> None:
    await shop.post(standard_fixture("payment.succeeded__tehran_online"))
    fresh, old = tmp_path / "fresh.jsonl", tmp_path / "old.jsonl"
    old.write_text("what stood here before, and was longer than anything that comes\n" * 1000)
    old.chmod(0o644)
    for out in (fresh, old):
        assert (await run(*command, "--out", str(out))).exit_code == 0
        assert out.stat().st_mode & 0o777 == 0o600
        assert all(json.loads(line) for line in out.read_text().splitlines())


@pytest.mark.parametrize("command", ["passwd", "off"])
async def test_who_is_out_is_out_everywhere(run: Run, client: Client, service: Service, command: str) -> None:
    await hire(service)
    browser = Browser(client)
    await browser.enter(service, "sara")
    assert (await browser.get("/")).status == 200
    assert (await run("staff", command, "sara", NOTIFIER_STAFF_PASSWORD="another password")).exit_code == 0
    assert (await browser.get("/")).headers["Location"] == "/console/login"


async def test_who_takes_a_list_away_is_on_record(client: Client, service: Service) -> None:
    await hire(service)
    browser = Browser(client)
    await browser.enter(service, "sara")
    with capture_logs() as lines:
        assert (await browser.get("/orders?as=csv")).status == 200
    assert [line["staff"] for line in lines if line["action"] == "csv_exported"] == ["sara"]


async def test_nobody_stays_signed_in_for_ever(client: Client, service: Service, redis: Redis) -> None:
    """A page that is left open looks again and again, and so uses its session."""
    await hire(service)
    browser = Browser(client)
    await browser.enter(service, "sara")
    [key] = [key.decode() async for key in redis.scan_iter(names.session("*"))]
    assert LIFETIME - 60 < await redis.ttl(key) <= LIFETIME
    assert LONGEST - 60 < int(await redis.hget(key, "until")) - (await redis.time())[0] <= LONGEST
    await redis.hset(key, "until", (await redis.time())[0] + 100)
    assert (await browser.get("/")).status == 200
    assert await redis.ttl(key) <= 100
    await redis.hset(key, "until", (await redis.time())[0])
    assert (await browser.get("/")).headers["Location"] == "/console/login"
    assert not await redis.exists(key)


@pytest.mark.parametrize("password", ["short", "12345678", "PassWord", "aaaaaaaaaaaa", "1212121212"])
def test_passwords_that_are_guessed_first(password: str) -> None:
    with pytest.raises(ValueError, match=r"at least 10|first to be tried"):
        passwords.hashed(password)
