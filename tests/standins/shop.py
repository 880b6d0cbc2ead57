"""The shop's own server, which takes news from us: it verifies as a shop would, and can be made to fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook, WebhookVerificationError

from notifier.clock import Clock, SystemClock

SECRET = "whsec_dGhlIHNob3AgYW5kIHdlIGtub3cgdGhpcyBhbG9uZQ=="
OLD_SECRET = "whsec_dGhlIHNlY3JldCB0aGF0IHdhcyB1c2VkIGJlZm9yZSE="


class _Timed(Webhook):
    """The library's verification, by the clock of a test: it asks the machine's own otherwise."""

    def __init__(self, secret: str, clock: Clock) -> None:
        super().__init__(secret)
        self._clock = clock

    def _Webhook__verify_timestamp(self, header: str) -> datetime:  # noqa: N802
        stamp = datetime.fromtimestamp(float(header), UTC)
        if abs((self._clock.now() - stamp).total_seconds()) > 300:
            raise WebhookVerificationError("Message timestamp too old or too new")
        return stamp


@dataclass(frozen=True, slots=True)
class Taken:
    """One post whose signature was good."""

    id: str
    document: Any
    status: int  # what it was answered with


@dataclass(slots=True)
class ShopServer:
    """Answers what ``answers`` say, one a post, and then ``status``; ``hold`` lets none be answered until it is set."""

    secret: str = SECRET
    clock: Clock = field(default_factory=SystemClock)
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    answers: list[int] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    refused: int = 0
    hold: asyncio.Event | None = None
    under_way: int = 0
    most_at_once: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            document = self.verifier().verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.refused += 1
            return web.Response(status=401)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        status = self.answers.pop(0) if self.answers else self.status
        self.taken.append(Taken(request.headers["webhook-id"], document, status))
        async with self.news:
            self.news.notify_all()
        try:
            if self.hold is not None:
                await self.hold.wait()
        finally:
            self.under_way -= 1
        return web.Response(status=status, headers=self.headers)

    def verifier(self) -> Webhook:
        return _Timed(self.secret, self.clock)

    async def until(self, count: int) -> None:
        """Wait until so many posts with a good signature came."""
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(lambda: len(self.taken) >= count)

    @property
    def documents(self) -> list[Any]:
        """What was taken, without what was answered with a failure."""
        return [one.document for one in self.taken if one.status < 300]

    @property
    def topics(self) -> list[str]:
        return [document["type"] for document in self.documents]


@contextlib.asynccontextmanager
async def shop_server(clock: Clock | None = None, **more: Any) -> AsyncIterator[ShopServer]:
    """A shop that listens on loopback."""
    shop = ShopServer(clock=clock or SystemClock(), **more)
    app = web.Application()
    app.router.add_post("/hooks", shop.take)
    async with TestServer(app) as server:
        shop.url = str(server.make_url("/hooks"))
        yield shop
