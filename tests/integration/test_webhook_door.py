"""The door by which nearly every webhook comes in, held against the ordinary way: the same posts over both."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from redis.asyncio import Redis
from shops import SHOP_SECRET, standard_fixture

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.outbound import signing
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.store import keys as names
from notifier.web import listening
from notifier.web.door import DOOR, AnswerInOneWrite, Door
from notifier.web.hardening import harden
from notifier.web.webhooks import Webhooks

PAID = "payment.succeeded__tehran_online"
NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
DATE = re.compile(rb"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n")

MakeConfig = Callable[..., Config]


def post(
    event_id: str,
    payload: Any = None,
    *,
    line: str = "POST /webhooks/shop HTTP/1.1",
    body: bytes | None = None,
    **headers: str,
) -> tuple[bytes, bytes]:
    """Head and body of a signed delivery; an empty header is left out."""
    text, signed = standard.signed(SHOP_SECRET, payload or standard_fixture(PAID), at=NOW, event_id=event_id)
    body = text if body is None else body
    given = {"host": "shop", "content-length": str(len(body))} | signed
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [line, *(f"{name}: {value}" for name, value in given.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode(), body


@dataclass(slots=True)
class Way:
    """The service by one of both ways: what it answered, and how many requests were routed."""

    webhooks: Webhooks
    port: int = 0
    routed: int = 0
    answers: list[bytes] = field(default_factory=list)

    async def say(self, *parts: bytes, answers: int = 1, closes: bool = False) -> None:
        """Say this on one connection and hear so many answers, and where it ``closes`` no more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
            for _ in range(answers):
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                self.answers.append(head + await reader.readexactly(int(length[1]) if length else 0))
            if closes:
                assert await reader.read() == b""
        finally:
            writer.close()

    @property
    def statuses(self) -> list[int]:
        return [int(answer.split()[1]) for answer in self.answers]


@asynccontextmanager
async def served(
    config: Config, monkeypatch: pytest.MonkeyPatch, *, opened: bool
) -> AsyncIterator[tuple[Way, Service]]:
    """The service, with its door or without."""
    async with Service(config, clock=StillClock(NOW), roles=[WEB]) as service:
        handler: Any = service.app[DOOR].handlers["/webhooks/shop"]
        way, before = Way(handler.func.__self__), Door.before

        def counted(self: Door, ordinary: Handler) -> Handler:
            async def handle(request: web.Request) -> web.StreamResponse:
                way.routed += 1
                return await ordinary(request)

            return before(self, handle) if opened else handle

        with monkeypatch.context() as patched:
            patched.setattr(Door, "before", counted)
            runner = listening.runner(service.app, config.server, shutdown_timeout=1)
            await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        way.port = runner.addresses[0][1]
        try:
            yield way, service
        finally:
            await runner.cleanup()


Talk = Callable[[Way], Awaitable[None]]


async def told(
    talk: Talk, config: Config, redis: Redis, monkeypatch: pytest.MonkeyPatch, *, opened: bool
) -> tuple[Way, dict[Any, Any], list[Any]]:
    """What a talk comes to over one of the ways: also what is counted, and what is kept of what was refused."""
    await redis.flushall()
    async with served(config, monkeypatch, opened=opened) as (way, service):
        await talk(way)
        await service.delivery_counters.write()
        await service.rejections.write()
        counted = await redis.hgetall(names.webhooks(NOW.date().isoformat()))
        kept = service.rejections.book
        refused = [await kept.get(one) for one in await kept.every()]
    return way, counted, refused


async def good(way: Way) -> None:
    await way.say(*post("e1"), *post("e1"), *post("e2"), answers=3)


async def pipelined(way: Way) -> None:
    await way.say(b"".join(part for number in range(40) for part in post(f"e{number}")), answers=40)


async def bad_signature(way: Way) -> None:
    await way.say(*post("e1", webhook_signature="v1,AAAA"), *post("e1", webhook_signature=""), answers=2)


async def no_event(way: Way) -> None:
    broken = b'{"type": '
    signed = {
        name.replace("-", "_"): value for name, value in signing.headers([SHOP_SECRET], "e1", broken, at=NOW).items()
    }
    await way.say(*post("e1", body=broken, **signed), *post("e2", "text"), answers=2)


async def another_body(way: Way) -> None:
    await way.say(*post("e1"), *post("e1", standard_fixture(PAID) | {"more": 1}), answers=2)


async def bad_heads(way: Way) -> None:
    await way.say(*post("e1", host="a b"))
    await way.say(*post("e1", origin="nonsense"))
    await way.say(*post("e1", content_encoding="gzip"))
    await way.say(*post("e1", content_type="text/plain"))
    await way.say(*post("e1", content_type="application/json; charset=utf-7"))


async def ping(way: Way) -> None:
    kind = "application/x-www-form-urlencoded"
    await way.say(*post("", line="POST /webhooks/woo HTTP/1.1", body=b"webhook_id=7", content_type=kind))


async def too_large(way: Way) -> None:
    await way.say(*post("e1", body=b" " * (2**20 + 1)))


async def empty(way: Way) -> None:
    await way.say(*post("e1", body=b""))


async def overloaded(way: Way) -> None:
    gate = way.webhooks.shedding.gate
    gate._free = gate._queue = 0
    await way.say(*post("e1"))


async def too_fast(way: Way) -> None:
    bucket = way.webhooks.shedding.gate._lanes["shop"].bucket
    assert bucket is not None
    bucket._tokens, bucket._now = 2, lambda: bucket._at  # no time goes by
    await way.say(*(part for number in range(3) for part in post(f"e{number}")), answers=3)


async def unknown_source(way: Way) -> None:
    await way.say(*post("e1", line="POST /webhooks/nobody HTTP/1.1"))


async def other_addresses(way: Way) -> None:
    for number, path in enumerate(("?a=1", "/", "%20", "#x")):
        await way.say(*post(f"e{number}", line=f"POST /webhooks/shop{path} HTTP/1.1"))
    await way.say(*post("e8", line="POST //webhooks//shop HTTP/1.1"))
    await way.say(*post("e9", line="POST http://shop/webhooks/shop HTTP/1.1"))


async def batch(way: Way) -> None:
    events = [standard_fixture(PAID), {"type": "nonsense"}]
    await way.say(*post("e1", events, line="POST /webhooks/shop/batch HTTP/1.1"))


async def other_methods(way: Way) -> None:
    await way.say(*post("e1", line="PUT /webhooks/shop HTTP/1.1"))
    await way.say(*post("e1", line="GET /webhooks/shop HTTP/1.1"))


async def old_http(way: Way) -> None:
    await way.say(*post("e1", line="POST /webhooks/shop HTTP/1.0"), closes=True)
    await way.say(*post("e2", line="POST /webhooks/shop HTTP/1.0", connection="keep-alive"), *post("e3"), answers=2)
    await way.say(*post("e4", line="POST /webhooks/shop HTTP/1.0", webhook_id=""), closes=True)


async def closing(way: Way) -> None:
    await way.say(*post("e1", connection="close"), closes=True)
    await way.say(*post("e2", connection="close", webhook_id=""), closes=True)


async def in_chunks(way: Way) -> None:
    head, body = post("e1", content_length="", transfer_encoding="chunked")
    await way.say(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


async def continued(way: Way) -> None:
    await way.say(b"".join(post("e1", expect="100-continue")), answers=2)
    await way.say(*post("e1", expect="nonsense"))


async def in_pieces(way: Way) -> None:
    """Each piece is with the service before the next is sent."""
    head, body = post("e1")
    reader, writer = await asyncio.open_connection("127.0.0.1", way.port)
    writer.write(head + body[:100])
    await way.say(*post("e2"))  # by then it waits for the rest
    writer.write(body[100:])
    way.answers.append(await reader.readuntil(b"}"))
    writer.close()


async def gone(way: Way) -> None:
    """Whoever asked does not wait for the answer; what they said counts."""
    _, writer = await asyncio.open_connection("127.0.0.1", way.port)
    writer.writelines(post("e1"))
    await writer.drain()
    writer.transport.abort()
    while not way.webhooks.counters._new:  # noqa: ASYNC110
        await asyncio.sleep(0)  # as the service needs turns
    await way.say(*post("e1"))


@pytest.mark.parametrize(
    ("talk", "statuses", "routed"),
    [
        (good, [202, 200, 202], 0),
        (pipelined, [202] * 40, 0),
        (bad_signature, [401, 401], 0),
        (no_event, [400, 422], 0),
        (another_body, [202, 409], 0),
        (bad_heads, [400, 400, 415, 415, 415], 0),
        (ping, [200], 0),
        (too_large, [413], 1),
        (empty, [401], 0),
        (overloaded, [503], 0),
        (too_fast, [202, 202, 429], 0),
        (unknown_source, [404], 1),
        (other_addresses, [202, 202, 404, 202, 202, 202], 6),
        (batch, [202], 1),
        (other_methods, [405, 405], 2),
        (old_http, [202, 202, 202, 401], 0),
        (closing, [202, 401], 0),
        (in_chunks, [202], 0),
        (continued, [100, 202, 417], 2),
        (in_pieces, [202, 202], 1),
        (gone, [200], 0),
    ],
)
async def test_both_ways_say_and_keep_the_same(
    talk: Talk,
    statuses: list[int],
    routed: int,
    config: Config,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_door, *kept = await told(talk, config, redis, monkeypatch, opened=True)
    assert (by_door.statuses, by_door.routed) == (statuses, routed)
    ordinarily, *kept_ordinarily = await told(talk, config, redis, monkeypatch, opened=False)
    assert [DATE.sub(b"", one) for one in by_door.answers] == [DATE.sub(b"", one) for one in ordinarily.answers]
    assert kept == kept_ordinarily


async def too_slow(way: Way) -> None:
    head, _ = post("e1")
    await way.say(head + b"{")


async def through_a_proxy(way: Way) -> None:
    await way.say(*post("e1", x_forwarded_for="203.0.113.7", webhook_signature="v1,AAAA"))


@pytest.mark.parametrize(
    ("setting", "talk", "statuses", "routed"),
    [
        ({"server__body_timeout": "1s"}, too_slow, [408], 1),
        ({"server__trusted_proxies": ["127.0.0.1"]}, through_a_proxy, [401], 0),
        ({}, through_a_proxy, [401], 0),
    ],
)
async def test_what_is_configured_holds_on_both_ways(
    setting: dict[str, Any],
    talk: Talk,
    statuses: list[int],
    routed: int,
    make_config: MakeConfig,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = make_config(**setting)
    by_door, *kept = await told(talk, config, redis, monkeypatch, opened=True)
    assert (by_door.statuses, by_door.routed) == (statuses, routed)
    ordinarily, *kept_ordinarily = await told(talk, config, redis, monkeypatch, opened=False)
    assert [DATE.sub(b"", one) for one in by_door.answers] == [DATE.sub(b"", one) for one in ordinarily.answers]
    assert kept == kept_ordinarily
    if talk is through_a_proxy:
        assert [one.remote for one in kept[1]] == ["203.0.113.7" if setting else "127.0.0.1"]


@pytest.mark.parametrize("status", [200, 202, 401, 413, 503])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "5", "X-Odd": "100 %d"}])
async def test_an_answer_in_one_write_is_what_aiohttp_would_say(
    status: int, headers: dict[str, str], aiohttp_server: Any
) -> None:
    body, kind = '{"متن": 1}'.encode() * 30, "application/problem+json"

    async def ours(request: web.Request) -> web.StreamResponse:
        return AnswerInOneWrite(status, body, headers=headers, kind=kind)

    async def theirs(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers, content_type=kind)

    app = web.Application()
    app.add_routes([web.post("/ours", ours), web.post("/theirs", theirs)])
    app.on_response_prepare.append(harden)
    server = await aiohttp_server(app)
    for version, connection in product(("1.0", "1.1"), ("", "connection: close\r\n", "connection: keep-alive\r\n")):
        said = []
        for path in ("/ours", "/theirs"):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            rest = "host: a\r\ncontent-length: 0\r\n"
            last = f"POST /none HTTP/1.1\r\n{rest}connection: close\r\n\r\n"
            writer.write(f"POST {path} HTTP/{version}\r\n{rest}{connection}\r\n{last}".encode())
            answers = await reader.read()
            assert DATE.search(answers)
            said.append(DATE.sub(b"", answers))
            writer.close()
        assert said[0] == said[1]
