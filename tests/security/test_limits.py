"""What one client may hold on to, over real sockets: size, time, number, and what it says it is."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from shops import Client, StandardShop, WooShop, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.web import listening

PAID = "payment.succeeded__tehran_online"
MakeConfig = Callable[..., Config]


@asynccontextmanager
async def served(config: Config, clock: StillClock) -> AsyncIterator[int]:
    """The service as ``notifier serve`` runs it; gives its port."""
    async with Service(config, clock=clock, roles=[WEB]) as service:
        runner = listening.runner(service.app, config.server, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


async def spoken(port: int, *parts: bytes, source: str = "127.0.0.1") -> tuple[int, dict[str, str], Any]:
    """Say this, and read the answer to the end of the connection or of its body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        for part in parts:
            writer.write(part)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, json.loads(body)
    finally:
        writer.close()


def chunked(path: str, headers: dict[str, str], *chunks: bytes) -> list[bytes]:
    lines = [f"POST {path} HTTP/1.1", "host: shop", "transfer-encoding: chunked"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return [head, *(f"{len(one):x}\r\n".encode() + one + b"\r\n" for one in chunks), b"0\r\n\r\n"]


async def test_a_body_in_chunks_is_bounded_as_well(shop: StandardShop, service: Service, clock: StillClock) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=clock.now())
    async with served(service.config, clock) as port:
        status, _, _ = await spoken(port, *chunked("/webhooks/shop", headers, body[:100], body[100:]))
        assert status == 202
        large = [b" " * 100_000] * 11
        status, answer_headers, answer = await spoken(port, *chunked("/webhooks/shop", headers, *large))
    assert (status, answer["status"]) == (413, 413)
    assert answer_headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-unheard-of"])
async def test_a_packed_body_is_refused_unread(shop: StandardShop, coding: str) -> None:
    body, headers = standard.signed(shop.secret, standard_fixture(PAID), at=shop.clock.now())
    answer = await shop.send(gzip.compress(bytes(10_000_000)), headers | {"content-encoding": coding})
    assert answer.status == 415
    assert answer.is_problem
    assert answer.headers["Accept-Encoding"] == "identity"
    assert (await shop.send(body, headers | {"content-encoding": "identity"})).status == 202


@pytest.mark.parametrize("depth", [150, 201, 5_000, 300_000])
@pytest.mark.parametrize("path", ["", "/batch"])
async def test_json_of_any_depth_is_no_trouble(shop: StandardShop, depth: int, path: str) -> None:
    event = json.dumps(standard_fixture(PAID))
    deep = event[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
    answer = await shop.post_raw((f"[{deep}]" if path else deep).encode(), path=path)
    assert answer.status == (202 if depth == 150 else 400)


async def test_a_shop_that_goes_too_fast(make_config: MakeConfig, clock: StillClock, aiohttp_client: Any) -> None:
    config = make_config(sources__shop__rate=1, sources__shop__burst=2)
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)
        shop, woo = StandardShop(client, clock), WooShop(client)
        answers = [await shop.post(standard_fixture(PAID)) for _ in range(4)]
        assert [answer.status for answer in answers[:2]] == [202, 202]
        assert 429 in {answer.status for answer in answers[2:]}
        refused = next(answer for answer in answers if answer.status == 429)
        assert refused.is_problem
        assert int(refused.headers["Retry-After"]) == 2
        assert (await woo.post({"id": 5, "status": "processing"})).status == 200
        whole = await shop.post([standard_fixture(PAID)] * 5, path="/batch")
        assert whole.status == 429, "a batch is answered as a whole, so that it comes again as a whole"


async def test_a_body_that_never_ends_is_given_up(make_config: MakeConfig, clock: StillClock) -> None:
    config = make_config(server__body_timeout="1s")
    head = b"POST /webhooks/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    async with served(config, clock) as port:
        async with asyncio.timeout(20):
            status, headers, answer = await spoken(port, head)
    assert (status, answer["status"]) == (408, 408)
    assert headers["content-type"].startswith("application/problem+json")


async def test_a_head_that_never_ends_is_cut_off(make_config: MakeConfig, clock: StillClock) -> None:
    async with served(make_config(server__idle_timeout="1s"), clock) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: ")
        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 500 + b"\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"POST /webhooks/shop HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST /webhooks/shop HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
)
async def test_what_is_no_http_is_refused_like_everything_else(
    service: Service, clock: StillClock, said: bytes, status: int
) -> None:
    async with served(service.config, clock) as port:
        got, headers, answer = await spoken(port, said)
    assert (got, answer["status"]) == (status, status)
    assert headers["content-type"].startswith("application/problem+json")
    assert "aiohttp" not in str(headers)


async def test_connections_of_one_address_are_bounded(make_config: MakeConfig, clock: StillClock) -> None:
    ask = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    async with served(make_config(server__max_connections=2), clock) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in held:
            writer.write(ask)
            await reader.readuntil(b"\r\n\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await spoken(port, ask)
        assert (await spoken(port, ask, source="127.0.0.2"))[0] == 200
        for _, writer in held:
            writer.close()
        async with asyncio.timeout(20):
            while True:  # until the server has noticed
                try:
                    assert (await spoken(port, ask))[0] == 200
                    break
                except (ConnectionError, asyncio.IncompleteReadError):
                    await asyncio.sleep(0)


async def test_sign_ins_are_counted_by_who_stands_before_the_proxy(
    make_config: MakeConfig, clock: StillClock, aiohttp_client: Any, redis: Any
) -> None:
    async with Service(make_config(server__trusted_proxies=["127.0.0.1/32"]), clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)

        async def tried(number: int, forwarded: str) -> int:
            form = {"username": f"nobody{number}", "password": "x" * 2000}
            answer = await client.post("/console/login", data=form, headers={"X-Forwarded-For": forwarded})
            return answer.status

        # One who makes up addresses to the left of their own is still one.
        statuses = [await tried(number, f"198.51.100.{number}, 203.0.113.7") for number in range(41)]
        assert statuses == [401] * 40 + [429]
        assert await tried(99, "203.0.113.8") == 401


async def test_headers_of_every_answer(client: Client) -> None:
    for path in ("/healthz", "/api/orders", "/webhooks/shop", "/nothing", "/metrics", "/docs", "/console/login"):
        answer = await client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "Server" not in answer.headers, path
        assert ("no-store" in answer.headers["Cache-Control"]) == (path != "/docs"), path
        assert answer.headers["Content-Type"], path
        assert "Access-Control-Allow-Origin" not in answer.headers, path
        as_file = answer.headers.get("Content-Disposition") == 'attachment; filename="api.json"'
        assert as_file == path.startswith("/api/"), path
