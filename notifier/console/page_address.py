"""The address of a customer's page: shown on the order, and made anew when it has come into the wrong hands."""

from aiohttp import web
from msgspec.structs import replace

from notifier.console.dependencies import Dependencies
from notifier.console.orders import address_of, by, found_order
from notifier.console.refusals import AlreadyTaken, Missing
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.store import page_tokens, work, writes
from notifier.store.audit import Act
from notifier.store.work import UnitOfWork


class PageAddress:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps = deps

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/orders/{source}/{id}/page", self.renew)]

    async def renew(self, request: web.Request) -> web.Response:
        """Give the page another address; whoever has the old one finds nothing there."""
        if not self._deps.config.customer_page.enabled:
            raise Missing("صفحهٔ مشتری فعال نیست.")
        (order, keys), me = await found_order(self._deps, request), request[STAFF]
        if request[FORM].get("from", "") != page_tokens.fingerprint(order):
            raise AlreadyTaken("این صفحه همین حالا نشانی تازه گرفته است.")
        renewed = replace(order, v=order.v + 1, page_token=page_tokens.new_token())
        unit = UnitOfWork()
        unit.require_version(keys.order(order.source, order.id), order.v)
        writes.put_order(unit, keys, renewed, before=order)
        line = TimelineEntry(at=self._deps.clock.now(), kind=LineKind.BY_HAND, what=Act.PAGE_RENEWED, extra=by(me))
        writes.add_lines(unit, keys, order, [line])
        self._deps.entry(Act.PAGE_RENEWED, me.id, about=order.number).keep(unit, keys.audit)
        ((done, _),) = await work.commit(self._deps.redis, [unit])
        if done != "done":
            raise AlreadyTaken("در همین لحظه خبر تازه‌ای از این سفارش رسید؛ صفحه را ببینید و دوباره بزنید.")
        told = "صفحهٔ مشتری نشانی تازه گرفت؛ نشانی پیشین دیگر باز نمی‌شود."
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": address_of(order)})
