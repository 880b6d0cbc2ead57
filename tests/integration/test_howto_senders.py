"""The senders on the page for shops' developers: cut out of it, and run against a real service."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from doc_blocks import block, blocks
from redis.asyncio import Redis
from shops import API_TOKEN, SHOP_SECRET

from notifier.clock import SystemClock
from notifier.config import Config
from notifier.service.process import WEB, Service

pytestmark = pytest.mark.process

PAGE = "how-to/send-events.md"
FIXTURES = Path(__file__).parents[1] / "fixtures"

# The library itself is not at hand without a network: a class of its name that signs with PHP's own hash_hmac.
PHP_LIBRARY = r"""<?php
namespace StandardWebhooks;
class Webhook {
    private string $key;
    public function __construct(string $secret) { $this->key = base64_decode(substr($secret, 6)); }
    public function sign(string $id, int $at, string $body): string {
        return 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $this->key, true));
    }
}
"""


def bash(folder: Path) -> list[str]:
    for tool in ("bash", "curl", "openssl", "od"):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} on this machine")
    (folder / "send.sh").write_text(block(PAGE, "bash"))
    return ["bash", str(folder / "send.sh")]


def python(folder: Path) -> list[str]:
    (folder / "send.py").write_text(block(PAGE, "python"))
    return [sys.executable, str(folder / "send.py")]


def javascript(folder: Path) -> list[str]:
    if shutil.which("node") is None:
        pytest.skip("there is no node on this machine")
    shutil.copytree(FIXTURES / "npm", folder / "node_modules")
    (folder / "send.mjs").write_text(block(PAGE, "javascript"))
    return ["node", str(folder / "send.mjs")]


def php(folder: Path) -> list[str]:
    if shutil.which("php") is None:
        pytest.skip("there is no php on this machine")
    (folder / "vendor").mkdir()
    (folder / "vendor" / "autoload.php").write_text(PHP_LIBRARY)
    (folder / "send.php").write_text(block(PAGE, "php"))
    return ["php", str(folder / "send.php")]


LANGUAGES = [bash, python, javascript, php]


@dataclass
class Front:
    """What stands between the shop and the service, and is away for the first request."""

    target: str
    away: int = 1
    seen: list[tuple[str, bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.seen.append((request.headers["webhook-id"], body))
        if len(self.seen) <= self.away:
            return web.Response(status=503, headers={"Retry-After": "0"})
        headers = {name: value for name, value in request.headers.items() if name.startswith(("webhook", "Content-Ty"))}
        headers |= {"content-type": request.content_type}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.target + request.path, data=body, headers=headers) as answer,
        ):
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)


@pytest.fixture
async def service(config: Config, redis: Redis) -> AsyncIterator[Service]:
    """With the machine's own time, which the senders sign with."""
    async with Service(config, clock=SystemClock(), roles=[WEB]) as running:
        yield running


@pytest.fixture
async def served(service: Service, aiohttp_server: Callable[..., Awaitable[TestServer]]) -> str:
    return str((await aiohttp_server(service.app)).make_url("")).rstrip("/")


@pytest.fixture
async def front(served: str, aiohttp_server: Callable[..., Awaitable[TestServer]]) -> tuple[Front, str]:
    front, app = Front(served), web.Application()
    app.router.add_post("/webhooks/shop", front.handle)
    return front, str((await aiohttp_server(app)).make_url("/webhooks/shop"))


async def run(command: list[str], url: str, *, secret: str = SHOP_SECRET) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | {"NOTIFIER_URL": url, "SHOP_WEBHOOK_SECRET": secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode().strip(), errors.decode()


@pytest.mark.parametrize("prepare", LANGUAGES, ids=lambda one: one.__name__)
async def test_a_sender_of_the_page(
    prepare: Callable[[Path], list[str]], front: tuple[Front, str], served: str, tmp_path: Path
) -> None:
    """It comes again when it is told to, with the same id; a repetition is known; a refusal ends it."""
    command = prepare(tmp_path)
    between, url = front
    assert (await run(command, url))[:2] == (0, "202")
    assert len(between.seen) == 2
    assert between.seen[0] == between.seen[1]
    assert (await run(command, url))[:2] == (0, "200")
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {API_TOKEN}"}) as session,
        session.get(f"{served}/api/orders/10025") as answer,
    ):
        order = await answer.json()
    assert (order["prepaid"], order["customer"]["name"]) == (True, "سارا محمدی")
    before = len(between.seen)
    code, out, errors = await run(command, url, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert (code, out, len(between.seen)) == (1, "", before + 1)
    assert "refused: 401" in errors


def test_both_pages_show_the_same_senders() -> None:
    assert {language for language, _ in blocks(PAGE)} == {one.__name__ for one in LANGUAGES}
    assert blocks(PAGE) == blocks("how-to/send-events.fa.md")
