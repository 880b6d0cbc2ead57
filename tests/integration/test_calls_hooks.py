"""Reminders posted to a shop's own tools: signed, tried again, each once in hand."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from callroom import SARA, at, planned, reason
from redis.asyncio import Redis
from standardwebhooks import Webhook

from notifier.clock import StillClock
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.work import UnitOfWork
from scheduler import hooks
from scheduler.hooks import WAITS, Hooks
from scheduler.reminding import Gathered
from scheduler.steps import Kind

SECRET = "whsec_dGVzdCBzZWNyZXQ="
KEYS = Keys(0)


class Tool:
    """A shop's tool that takes webhooks, or does not."""

    def __init__(self) -> None:
        self.status, self.taken = 204, list[tuple[dict[str, str], str]]()

    async def take(self, request: web.Request) -> web.Response:
        self.taken.append((dict(request.headers), await request.text()))
        return web.Response(status=self.status)


@pytest.fixture
def tool() -> Tool:
    return Tool()


@pytest.fixture
async def posting(
    tool: Tool, redis: Redis, clock: StillClock, aiohttp_server: Callable[..., Awaitable[TestServer]]
) -> Hooks:
    app = web.Application()
    app.router.add_post("/hook", tool.take)
    server = await aiohttp_server(app)
    return Hooks(redis, Reader(redis, 1), clock, str(server.make_url("/hook")), SECRET)


@pytest.fixture
async def hook(redis: Redis, clock: StillClock) -> str:
    unit = UnitOfWork()
    told = Gathered(SARA, [(planned(reason("7", due=at(10))), Kind.DUE)], [])
    made = hooks.reminder("55", told, clock.now())
    hooks.add(unit, KEYS, made)
    await work.commit(redis, [unit])
    return made.id


async def test_it_is_signed(posting: Hooks, tool: Tool, hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await posting.tick() == 1
    ((headers, body),) = tool.taken
    sent = {name.lower(): value for name, value in headers.items()}
    assert sent["webhook-id"] == hook
    signature = Webhook(SECRET).sign(hook, posting.clock.now(), body)
    assert sent["webhook-signature"] == signature
    document = json.loads(body)
    assert (document["type"], document["data"]["staff"]) == ("call.reminder", "sara")
    assert [(call["id"], call["why"]) for call in document["data"]["calls"]] == [("7", "due")]
    assert await posting.tick() == 0


async def test_it_is_tried_until_it_is_taken(posting: Hooks, tool: Tool, hook: str, clock: StillClock) -> None:
    tool.status = 500
    assert await posting.tick() == 0
    assert await posting.tick() == 0
    assert len(tool.taken) == 1, "not before its time"
    clock.turn(timedelta(seconds=WAITS[0]))
    tool.status = 200
    assert await posting.tick() == 1
    assert {headers["webhook-id"] for headers, _ in tool.taken} == {hook}


async def test_it_is_given_up_in_the_end(
    posting: Hooks, tool: Tool, hook: str, clock: StillClock, redis: Redis
) -> None:
    tool.status = 410
    for wait in (*WAITS, 0):
        await posting.tick()
        clock.turn(timedelta(seconds=wait))
    assert await posting.tick() == 0
    assert len(tool.taken) == len(WAITS) + 1
    assert not await redis.exists(KEYS.hooks, KEYS.hooks_due)


@pytest.mark.usefixtures("hook")
async def test_several_processes_post_it_once(posting: Hooks, tool: Tool) -> None:
    counts: list[Any] = await asyncio.gather(*(posting.tick() for _ in range(8)))
    assert (sum(counts), len(tool.taken)) == (1, 1)
