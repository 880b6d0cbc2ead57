"""A changed configuration, taken up by a service that runs."""

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from serve_process import Served, serve
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET, StandardShop, standard_fixture

from notifier.clock import SystemClock
from notifier.config.loading import load
from notifier.console.labels import ACTS
from notifier.service import reload
from notifier.store.audit import Act

pytestmark = pytest.mark.process

PASSWORD = "seven green lanterns"
ROOT = Path(__file__).parents[2]
SECRETS = {
    "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
    "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
    "NOTIFIER__CALLBACKS__TOKEN": "token",
    "NOTIFIER__API__TOKENS": json.dumps([API_TOKEN]),
    "NOTIFIER__SMS__PROVIDER": "simulator",
    "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": "http://127.0.0.1:9/v1",  # nobody is there
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration of the test's own."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return Path(shutil.copy(ROOT / "config.toml", tmp_path / "config.toml"))


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))


async def paid(served: Served, number: int) -> tuple[Any, ...]:
    """What an order that is paid now gets."""
    payload = standard_fixture("payment.succeeded__tehran_online")
    payload |= {"timestamp": SystemClock().now().isoformat()}
    payload["data"] |= {"order_id": f"C{number}"}
    async with aiohttp.ClientSession(served.url) as session:
        answer = await StandardShop(session, SystemClock()).post(payload)  # type: ignore[arg-type]
    return tuple(answer.body[name] for name in ("messages", "calls", "delivery_priority"))


def last(served: Served, action: str) -> dict[str, Any]:
    return [line for line in served.log if line.get("action") == action][-1]


async def test_what_can_be_is_taken_up_and_the_rest_is_named(file: Path, tmp_path: Path) -> None:
    arguments = ("--config", str(file), "--port", "0", "--data-dir", str(tmp_path / "data"), "--role", "web")
    async with serve(SECRETS, *arguments) as served:
        await served.read_until("ready")
        messages, calls, priority = await paid(served, 1)
        assert (len(messages), len(calls), priority) == (1, 1, "high")
        edit(file, '[policy.tehran.online]\npriority = "high"', '[policy.tehran.online]\npriority = "normal"')
        edit(file, 'timeout = "5s"                  # longest', 'timeout = "6s"                  # longest')
        served.process.send_signal(signal.SIGHUP)
        await served.read_until("restart_needed")
        assert last(served, "config_read")["taken_up"] == ["policy.tehran.online.priority"]
        assert last(served, "restart_needed")["keys"] == ["redis.timeout"]
        assert (await paid(served, 2))[2] == "normal"
        edit(file, '[policy.tehran.online]\npriority = "normal"', '[policy.tehran.online]\npriority = "nothing"')
        served.process.send_signal(signal.SIGHUP)
        await served.read_until("config_refused")
        assert str(file) in last(served, "config_refused")["errors"][0]
        assert (await paid(served, 3))[2] == "normal"
        served.process.terminate()
        assert await served.process.wait() == 0


async def test_who_looks_at_the_trail_finds_it(file: Path, tmp_path: Path) -> None:
    arguments = ("--config", str(file), "--port", "0", "--data-dir", str(tmp_path / "data"), "--role", "web")
    async with serve(SECRETS, *arguments) as served:
        await served.read_until("ready")
        edit(file, '[policy.tehran.online]\npriority = "high"', '[policy.tehran.online]\npriority = "normal"')
        served.process.send_signal(signal.SIGHUP)
        await served.read_until("config_read")
        edit(file, 'priority = "normal"\nrevived', 'priority = "odd"\nrevived')
        served.process.send_signal(signal.SIGHUP)
        await served.read_until("config_refused")
        edit(file, 'priority = "odd"\nrevived', 'priority = "normal"\nrevived')
        edit(file, 'timeout = "5s"                  # longest', 'timeout = "6s"                  # longest')
        served.process.send_signal(signal.SIGHUP)
        await served.read_until("restart_needed")
        found = await trail(tmp_path / "data")
        lines = [(one["act"], one["by"], one.get("more", "")) for one in found]
        assert lines == [
            ("settings_reloaded", ":service", "redis.timeout (restart)"),
            ("settings_refused", ":service", ""),
            ("settings_reloaded", ":service", "policy.tehran.online.priority"),
        ]
        assert {one["about"] for one in found} == {f"pid {served.process.pid}"}
        environment = {"NOTIFIER_STAFF_PASSWORD": PASSWORD, "NOTIFIER__REDIS__DATA_DIR": str(tmp_path / "data")}
        lead = ("lead", "--name", "سرپرست", "--phone", "09120000001", "--role", "supervisor")
        await command("staff", "add", *lead, **environment)
        async with aiohttp.ClientSession(served.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            await session.post("/console/login", data={"username": "lead", "password": PASSWORD})
            page = await (await session.get("/console/audit")).text()
        assert page.count(ACTS[Act.SETTINGS_RELOADED]) == 2
        assert page.count(ACTS[Act.SETTINGS_REFUSED]) == 1
        assert "policy.tehran.online.priority" in page


async def trail(data_dir: Path) -> list[dict[str, Any]]:
    """What ``notifier audit list`` tells, the newest first."""
    told = await command("audit", "list", "--json", NOTIFIER__REDIS__DATA_DIR=str(data_dir))
    return [json.loads(line) for line in told.splitlines()]


async def command(*words: str, **environment: str) -> str:
    """What a command prints, given in a terminal beside the service."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notifier", *words),
        env=dict(os.environ) | SECRETS | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    out, problem = await process.communicate()
    assert process.returncode == 0, problem.decode()
    return out.decode()


async def test_every_worker_is_told(file: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    arguments = ("--config", str(file), "--port", str(unused_tcp_port), "--data-dir", str(tmp_path / "data"))
    async with serve(SECRETS, *arguments, "--workers", "2") as served:
        await served.read_until("ready", times=2)
        edit(file, "return_days = 7", "return_days = 10")
        served.process.send_signal(signal.SIGHUP)
        await served.read_until("config_read", times=2)
        assert last(served, "config_read")["taken_up"] == ["shop.return_days"]
        served.process.terminate()
        assert await served.process.wait() == 0


def test_secrets_are_named_and_not_shown() -> None:
    before = load(ROOT / "config.toml", environment=SECRETS)
    after = load(ROOT / "config.toml", environment=SECRETS | {"NOTIFIER__SOURCES__WOO__SECRET": "quite another"})
    changes = reload.changes(before, after)
    assert changes.restart == ["sources.woo.secret"]
    assert "another" not in repr(changes)
    assert reload.changes(before, before).restart == []
