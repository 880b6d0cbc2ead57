"""A provider that config.toml describes, in use by the service."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from outbox_driver import Desk
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.diagnostics import offline
from notifier.domain.messages import MessageState
from notifier.errors import ConfigError
from notifier.service.process import Service
from notifier.texts import loading

S = MessageState
DESCRIBED: dict[str, Any] = {
    "kind": "http",
    "headers": {"Authorization": "env:OTHER_API_KEY"},
    "body": {"to": "{to}", "text": "{text}"},
    "provider_id": "id",
    "code": "error",
    "refused": {"codes": ["bad_number"]},
}


async def test_it_sends_and_refuses_as_described(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    aiohttp_server: Callable[..., Awaitable[TestServer]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    got: list[tuple[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        body = await request.json()
        got.append((request.headers["Authorization"], body))
        if body["to"].endswith("0000"):
            return web.json_response({"error": "bad_number"}, status=422)
        return web.json_response({"id": f"m{len(got)}"})

    app = web.Application()
    app.router.add_post("/send", take)
    server = await aiohttp_server(app)
    monkeypatch.setenv("OTHER_API_KEY", "described-key")
    described = DESCRIBED | {"url": str(server.make_url("/send"))}
    config = make_config(sms__provider="described", providers__described=described)
    async with Service(config, clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        good, bad = await desk.queue(to="09121112233"), await desk.queue(to="09121110000")
        await desk.send()
        assert [await desk.state(good), await desk.state(bad)] == [S.ACCEPTED, S.FAILED]
        assert ("described-key", {"to": good.to, "text": good.text}) in got


@pytest.mark.parametrize(("by", "end"), [("provider", ""), ("nobody", ""), ("notifier", "\nلغو۱۱")])
async def test_the_line_says_who_adds_the_words_that_stop_it(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    aiohttp_server: Callable[..., Awaitable[TestServer]],
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    end: str,
) -> None:
    got: list[str] = []

    async def take(request: web.Request) -> web.Response:
        got.append((await request.json())["text"])
        return web.json_response({"id": "m1"})

    app = web.Application()
    app.router.add_post("/send", take)
    server = await aiohttp_server(app)
    monkeypatch.setenv("OTHER_API_KEY", "described-key")
    described = DESCRIBED | {"url": str(server.make_url("/send")), "opt_out_by": by}
    config = make_config(sms__provider="described", providers__described=described)
    async with Service(config, clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        message = await desk.queue(to="09121112233")
        await desk.send()
        assert got == [message.text + end]


def test_a_description_that_makes_no_sense_is_refused_with_its_key(make_config: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match=r"providers\.described.*\{recipient\} is no placeholder"):
        make_config(
            sms__provider="described",
            providers__described=DESCRIBED | {"url": "https://sms.example/", "body": {"to": "{recipient}"}},
        )


def test_an_unset_secret_of_it_is_named(make_config: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.delenv("OTHER_API_KEY", raising=False)
    config = make_config(sms__provider="described", providers__described=DESCRIBED | {"url": "https://sms.example/"})
    with pytest.raises(ConfigError, match=r"providers\.described\.headers\.Authorization"):
        offline.require(config, loading.load(config))
