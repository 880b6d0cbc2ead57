"""The secret address of one's own calls or deliveries, for the calendar of a phone: made and ended by oneself."""

import secrets

from aiohttp import web
from msgspec.structs import replace

from notifier.console.dependencies import Dependencies
from notifier.console.render import Renderer
from notifier.console.security import SESSION, STAFF
from notifier.store.audit import Act
from notifier.store.staff import Role, Staff
from notifier.store.work import UnitOfWork

_SECRET_BYTES = 24


def address(deps: Dependencies, request: web.Request, staff: Staff) -> str:
    """The whole address; empty where there is none."""
    if not staff.feed:
        return ""
    base = deps.config.server.public_url.rstrip("/") or f"{request.scheme}://{request.host}"
    what = "/deliveries" if staff.role is Role.COURIER else ""
    return f"{base}/calendar/{staff.id}/{staff.feed}{what}.ics"


class CalendarFeedPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps = deps

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/me/calendar", self.make), web.post("/me/calendar/end", self.end)]

    async def make(self, request: web.Request) -> web.Response:
        """A new address; the one before it opens nothing any more."""
        me, fresh = request[STAFF], secrets.token_urlsafe(_SECRET_BYTES)

        def made(one: Staff, unit: UnitOfWork) -> Staff:
            self._deps.entry(Act.FEED_RENEWED, me.id, about=me.id).keep(unit)
            return replace(one, feed=fresh)

        await self._deps.calling.staff.change(me.id, made)
        await self._deps.sessions.tell(request[SESSION], "نشانی تازهٔ تقویم ساخته شد.")
        return _back()

    async def end(self, request: web.Request) -> web.Response:
        """No address."""
        me, ended = request[STAFF], list[str]()

        def without(one: Staff, unit: UnitOfWork) -> Staff:
            ended[:] = [one.feed] if one.feed else []
            if not one.feed:
                return one
            self._deps.entry(Act.FEED_ENDED, me.id, about=me.id).keep(unit)
            return replace(one, feed="")

        await self._deps.calling.staff.change(me.id, without)
        if ended:
            await self._deps.sessions.tell(request[SESSION], "نشانی تقویم دیگر کار نمی‌کند.")
        return _back()


def _back() -> web.Response:
    return web.Response(status=303, headers={"Location": "/console/me#calendar"})
