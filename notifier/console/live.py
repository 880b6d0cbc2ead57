"""News for open pages, as server-sent events."""

import asyncio
from collections import Counter

from aiohttp import web
from redis.exceptions import RedisError

from notifier.console import inbound_notices, menu
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import TooMany
from notifier.console.security import SESSION, STAFF
from notifier.console.worklist import glance
from notifier.store.records import encode

MOST = 12
"""Streams of one session at once: pages that are open in one browser."""

_RANG = 20_000  # ms: a call that came in so long ago is still shown to a page that opens now
_EVERY, _ALIVE = 1.0, 15
"""Seconds between looks; looks between signs of life and checks that the session still holds."""


class Live:
    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._closing = asyncio.Event()
        self._open: Counter[str] = Counter()  # by session

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/live", self.stream), web.get("/counts", self.counts)]

    async def close(self, app: web.Application) -> None:
        """Let go of all pages, so that the service can end."""
        self._closing.set()

    async def counts(self, request: web.Request) -> web.Response:
        """How much waits, by the pages of the menu."""
        return web.json_response(await menu.counts(self._deps, request[STAFF]))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """``changed`` whenever somebody's board does, then ``counts``; ``inbound`` when a known customer calls."""
        session = request[SESSION].digest
        if self._open[session] >= MOST:
            raise TooMany("صفحه‌های زیادی باز است؛ چند تا را ببندید.", retry_after=60)
        self._open[session] += 1
        try:
            return await self._stream(request)
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        shown, looks, since = "", 0, self._deps.now() - _RANG
        try:
            while not self._closing.is_set():
                seen = await glance(self._deps, request[STAFF])
                if seen.fingerprint != shown:
                    shown = seen.fingerprint
                    counts = encode(seen.counts)
                    await response.write(b"event: changed\ndata: look\n\nevent: counts\ndata: " + counts + b"\n\n")
                ringing, since = await inbound_notices.notices(self._deps, request[STAFF], since)
                for notice in ringing:
                    await response.write(b"event: inbound\ndata: " + encode(notice) + b"\n\n")
                looks += 1
                if looks % _ALIVE == 0:
                    if not await self._deps.sessions.alive(request[SESSION]):
                        break
                    await response.write(b": alive\n\n")
                try:
                    await asyncio.wait_for(self._closing.wait(), _EVERY)
                except TimeoutError:
                    continue
        except (ConnectionError, RedisError):
            pass  # the browser comes back by itself
        return response
