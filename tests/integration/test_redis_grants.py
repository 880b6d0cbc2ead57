"""The grants that the guide gives the service's user at a Redis of one's own: enough for all it does, and no more."""

import asyncio
import contextlib
import re
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError
from redis_servers import alone
from serve_process import serve
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET, StandardShop, standard_fixture
from typer.testing import CliRunner

from notifier.cli import app
from notifier.clock import SystemClock

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PASSWORD = "a-password-of-the-store"


def grants(guide: str) -> list[str]:
    """The words of `ACL SETUSER notifier on >… …` behind the password."""
    text = (ROOT / "docs" / "how-to" / guide).read_text()
    [line] = re.findall(r"ACL SETUSER notifier on '>\S+' (.+)$", text, re.MULTILINE)
    return [word.strip("'") for word in line.split()]


def test_both_languages_grant_the_same() -> None:
    assert grants("deploy.md") == grants("deploy.fa.md")


async def test_a_user_with_these_grants_does_all_that_the_service_does(simulator_url: str, tmp_path: Path) -> None:
    async with alone(tmp_path / "redis", "--maxmemory-policy", "noeviction") as redis:
        await redis.ask("ACL", "SETUSER", "notifier", "on", f">{PASSWORD}", *grants("deploy.md"))
        settings = {
            "NOTIFIER__REDIS__URL": f"redis://notifier:{PASSWORD}@{redis.address}/0",
            "NOTIFIER__REDIS__DATA_DIR": str(tmp_path / "data"),
            "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
            "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
            "NOTIFIER__API__TOKENS": f'["{API_TOKEN}"]',
            "NOTIFIER__SMS__PROVIDER": "simulator",
            "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": simulator_url,
            "NOTIFIER__CALLBACKS__TOKEN": "test-callback-token",
        }
        async with serve(settings, "--port", "0") as served:
            await served.read_until("ready")
            async with aiohttp.ClientSession(served.url) as session:
                shop = StandardShop(session, SystemClock())  # type: ignore[arg-type]
                now = SystemClock().now().isoformat()
                paid = standard_fixture("payment.succeeded__tehran_online") | {"timestamp": now}
                assert (await shop.post(paid)).status == 202
                await served.read_until("message_settled")
                async with session.get("/metrics") as answer:
                    assert "notifier_store_up 1.0" in await answer.text()
                async with session.get("/readyz") as answer:
                    assert answer.status == 200
        refused = [*served.plain, *(str(line) for line in served.log)]
        for words in (["backup", "--record"], ["staff", "list"], ["messages", "list"], ["partitions"], ["doctor"]):
            ended = await asyncio.to_thread(CliRunner().invoke, app, words, env=settings)
            refused += [ended.output, str(ended.exception or "")]
        assert [text for text in refused if "NOPERM" in text or "permission" in text.lower()] == []
        assert await denials(redis.ask) == []
        async with contextlib.aclosing(Redis.from_url(settings["NOTIFIER__REDIS__URL"])) as client:
            with pytest.raises(NoPermissionError):
                await client.flushall()


async def denials(ask: object) -> list[object]:
    """What the server refused this user."""
    return [entry for entry in await ask("ACL", "LOG") if b"notifier" in entry]  # type: ignore[operator]
