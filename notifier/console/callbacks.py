"""Calls that were promised for a time: one's own, and those that anybody may make."""

from typing import Any

from aiohttp import web

from notifier.console.dependencies import Dependencies
from notifier.console.render import Renderer
from notifier.console.security import STAFF

_LOOKED_AT = 500  # calls of one partition


class CallbackPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/callbacks", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """The earliest first."""
        staff, everywhere = request[STAFF], self._deps.reader.everywhere
        me, pipeline = staff.id, self._deps.redis.pipeline(transaction=False)
        for keys in everywhere:
            pipeline.zrange(keys.promised, 0, _LOOKED_AT - 1)
            pipeline.zcard(keys.promised)
        found: list[Any] = await pipeline.execute()
        members = [
            (keys, member.decode()) for keys, some in zip(everywhere, found[::2], strict=True) for member in some
        ]
        read = [one.call for one in await self._deps.reader.calls(members)]
        promised = [call for call in read if call.is_open and call.fixed and call.assignee in (me, None)]
        promised = [call for call in promised if staff.may_make(call)]
        promised.sort(key=lambda call: (call.due, call.id))
        return await self._render.page(
            request,
            "callbacks.html",
            own=[call for call in promised if call.assignee == me],
            anyones=[call for call in promised if call.assignee is None],
            more=sum(found[1::2]) > len(members),
            now_ms=self._deps.now(),
        )
