"""Whether a customer is phoned: what they said, taken down and taken back by hand."""

from typing import Any

from aiohttp import web

from notifier.console.customer import whose
from notifier.console.dependencies import Dependencies
from notifier.console.flashes import UndoForm
from notifier.console.orders import address_of, by, found_order
from notifier.console.refusals import AlreadyTaken, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.store import work, writes
from notifier.store.audit import Act
from notifier.store.work import UnitOfWork

STOP, START = "stop", "start"


class Consent:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps = deps

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/orders/{source}/{id}/calls", self.calls_on_off)]

    async def calls_on_off(self, request: web.Request) -> web.Response:
        """``calls``: ``stop`` them for this customer, or ``start`` them again."""
        order, home = await found_order(self._deps, request)
        asked, me = request[FORM].get("calls"), request[STAFF]
        if asked not in (STOP, START):
            raise PageRefusal("با این مشتری تماس گرفته شود یا نه؟ یکی را انتخاب کنید.")
        stop, (keys, name) = asked == STOP, whose(self._deps, order, home)
        since: Any = await self._deps.redis.hget(keys.do_not_call, name)
        if stop == bool(since):
            raise AlreadyTaken(
                "تماس با این مشتری پیش‌تر بسته شده است." if stop else "تماس با این مشتری پیش‌تر باز شده است."
            )
        act, unit = Act.CALLS_STOPPED if stop else Act.CALLS_RESUMED, UnitOfWork()
        unit.require_field(keys.do_not_call, name, since or "")
        if stop:
            unit.do("HSET", keys.do_not_call, name, self._deps.now())
        else:
            unit.do("HDEL", keys.do_not_call, name)
        self._deps.entry(act, me.id, about=order.number).keep(unit, keys.audit)
        if keys == home:
            line = TimelineEntry(at=self._deps.clock.now(), kind=LineKind.BY_HAND, what=act, extra=by(me))
            writes.add_lines(unit, home, order, [line])
        if (await work.commit(self._deps.redis, [unit]))[0][0] != "done":
            raise AlreadyTaken("همین حالا همکار دیگری آن را تغییر داد؛ صفحه را دوباره ببینید.")
        told = (
            "از این پس با این مشتری تماس گرفته نمی‌شود. تماسی که باز است می‌ماند تا نتیجه‌اش نوشته شود."
            if stop
            else "از این پس با این مشتری تماس گرفته می‌شود."
        )
        undo = UndoForm(f"{address_of(order)}/calls", {"calls": START if stop else STOP})
        await self._deps.sessions.tell(request[SESSION], told, undo=undo)
        return web.Response(status=303, headers={"Location": address_of(order)})
