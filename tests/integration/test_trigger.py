"""``notifier trigger`` against a service that runs, and against everything that is none."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from click.testing import Result
from mapping_shop import SOURCE, order
from serve_process import serve
from shops import SHOP_SECRET
from typer.testing import CliRunner

from notifier.cli import app
from notifier.domain.events import EventType
from notifier.errors import ConfigError

ROOT = Path(__file__).parents[2]
STATES = ("new", "paid", "packed", "sent", "failed", "dropped")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the service and whoever practises with it share."""
    for state in STATES:
        (tmp_path / f"{state}.json").write_text(json.dumps(order(state)))
    files = [str(tmp_path / f"{state}.json") for state in STATES]
    settings = {
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": "woo",
        "NOTIFIER__SOURCES__MINE": json.dumps(SOURCE | {"samples": files}),
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": "http://127.0.0.1:9/v1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


async def trigger(*arguments: str, config: Path = ROOT / "config.toml") -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["trigger", *arguments, "--config", str(config)])


@pytest.fixture
async def url(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[str]:
    arguments = ("--port", "0", "--data-dir", str(tmp_path / "data"), "--role", "web")
    async with serve(environment, "--config", str(ROOT / "config.toml"), *arguments) as served:
        await served.read_until("ready")
        yield served.url


async def test_everything_it_can_post_is_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in EventType:
        done = await trigger(kind, "--url", url, "--set", f"order_id={kind}")
        assert (done.exit_code, done.output.splitlines()[0]) == (0, "HTTP 202"), done.output
        assert json.loads(done.output.split("\n", 1)[1])["order_id"] == f"practice-{kind}"

    mapped = {
        "order.registered": "new",
        "payment.succeeded": "paid",
        "order.packed": "packed",
        "order.shipped": "sent",
        "payment.failed": "failed",
        "order.cancelled": "dropped",
    }
    for kind, state in mapped.items():
        done = await trigger(kind, "--source", "mine", "--url", f"{url}/", "--set", f"id={state}-1")
        assert (done.exit_code, done.output.splitlines()[0]) == (0, "HTTP 202"), done.output
        assert f'"order_id": "{state}-1"' in done.output
    again = await trigger("order.cancelled", "--source", "mine", "--url", url, "--set", "id=dropped-1")
    assert again.exit_code == 0
    assert "has had this very delivery before" in again.output

    refused = await trigger("order.registered", "--url", url, "--set", "customer.phone=12")
    assert refused.exit_code == 1
    assert "HTTP 422" in refused.output
    assert "customer" in refused.output
    assert "--set" in refused.output
    monkeypatch.setenv("NOTIFIER__SOURCES__SHOP__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    unsigned = await trigger("order.registered", "--url", url)
    assert unsigned.exit_code == 1
    assert "another secret for [sources.shop]" in unsigned.output
    monkeypatch.setenv("NOTIFIER__SOURCES__OTHER", json.dumps({"kind": "standard", "secret": SHOP_SECRET}))
    unknown = await trigger("order.registered", "--source", "other", "--url", url)
    assert "has no [sources.other]" in unknown.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["order.registered", "--url", "http://127.0.0.1:1"], "nothing listens at http://127.0.0.1:1"),
        (["order.registered", "--url", "127.0.0.1"], "no address"),
        (["order.registered", "--url", "http://a shop"], "no address"),
        (["order.registered", "--url", "http://..:80"], "no address"),
        (["order.registered", "--url", "http://127.0.0.1:99999"], "no address"),
        (["order.delivered", "--source", "mine"], "none of its 6 files becomes order.delivered"),
    ],
)
async def test_what_cannot_be_posted(environment: dict[str, str], arguments: list[str], words: str) -> None:
    done = await trigger(*arguments)
    assert isinstance(done.exception, ConfigError)
    assert words in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["order.registered", "--source", "nobody"], "shop, woo, mine"),
        (["order.registered", "--set", "city"], "key=value"),
        (["order.registered", "--set", "order_id.x=1"], "is no table"),
        (["order.lost"], "order.registered"),
    ],
)
async def test_what_is_not_understood(environment: dict[str, str], arguments: list[str], words: str) -> None:
    done = await trigger(*arguments)
    assert done.exit_code == 2
    assert words in done.output


async def test_a_secret_that_is_not_set(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFIER__SOURCES__SHOP__SECRET")
    monkeypatch.delenv("SHOP_WEBHOOK_SECRET", raising=False)
    done = await trigger("order.registered")
    assert isinstance(done.exception, ConfigError)
    assert "SHOP_WEBHOOK_SECRET" in str(done.exception)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, '{"title": "x"}', "sent again"),
        (409, '{"title": "x"}', "id of its own"),
        (200, "<html>", "something else running"),
        (502, "bad gateway", "something else running"),
    ],
)
async def test_answers_that_are_not_the_usual(
    environment: dict[str, str],
    aiohttp_server: Callable[..., Awaitable[TestServer]],
    status: int,
    body: str,
    words: str,
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    other = web.Application()
    other.router.add_post("/webhooks/shop", answer)
    server = await aiohttp_server(other)
    done = await trigger("order.registered", "--url", str(server.make_url("")))
    assert done.exit_code == (0 if status < 300 else 1)
    assert words in done.output


async def test_what_reaches_a_service_behind_a_password(
    environment: dict[str, str],
    aiohttp_server: Callable[..., Awaitable[TestServer]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    seen: list[tuple[str, str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        said = request.headers.get("x-city")
        seen.append((request.raw_path, request.headers["authorization"], said))
        return web.Response(status=202, text="{}")

    sample = {"file": str(tmp_path / "new.json"), "headers": {"X-City": "تهران"}}
    monkeypatch.setenv("NOTIFIER__SOURCES__MINE", json.dumps(SOURCE | {"samples": [sample]}))
    behind = web.Application()
    behind.router.add_post("/{folder}/webhooks/mine", answer)
    server = await aiohttp_server(behind)
    address = f"http://sara:p%40ss@127.0.0.1:{server.port}/فروشگاه"
    done = await trigger("order.registered", "--source", "mine", "--url", address)
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "HTTP 202"), done.output
    folder = quote("فروشگاه")
    assert seen == [(f"/{folder}/webhooks/mine", f"Basic {base64.b64encode(b'sara:p@ss').decode()}", "تهران")]


async def test_what_is_no_web_server(environment: dict[str, str]) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 smtp.example ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        done = await trigger("order.registered", "--url", f"http://127.0.0.1:{port}")
        tls = await trigger("order.registered", "--url", f"https://127.0.0.1:{port}")
    assert "does not talk like our service (" in str(done.exception)
    assert "does not talk like our service (SSLError)" in str(tls.exception)
