"""The webhooks over HTTP: what a shop posts, and what it is answered."""

from collections.abc import Mapping
from typing import Protocol

from aiohttp import web

from notifier.errors import (
    NotFound,
)
from notifier.intake.dead_letters import DeadLetter


class Source(Protocol):
    """One shop that posts webhooks, with its own way to sign and to say things."""

    async def receive(self, request: web.Request) -> web.Response:
        """Take one delivery."""

    async def receive_batch(self, request: web.Request) -> web.Response:
        """Take many events with one signature."""

    async def replay(self, kept: DeadLetter) -> bool:
        """Take a kept delivery once more, whatever its signature and age; False when all in it is known.

        Raises Problem when it is refused still.
        """


def routes(sources: Mapping[str, Source]) -> list[web.RouteDef]:
    """The webhook routes for these sources."""

    def source(request: web.Request) -> Source:
        name = request.match_info["source"]
        if name not in sources:
            raise NotFound(f"There is no source {name!r}; sources are named in the configuration.")
        return sources[name]

    async def one(request: web.Request) -> web.Response:
        return await source(request).receive(request)

    async def batch(request: web.Request) -> web.Response:
        return await source(request).receive_batch(request)

    return [web.post("/webhooks/{source}", one), web.post("/webhooks/{source}/batch", batch)]
