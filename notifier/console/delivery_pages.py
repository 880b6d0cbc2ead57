"""The time of delivery on the page of an order: agreed upon, changed, given up."""

from aiohttp import web

from notifier.console import labels
from notifier.console.delivery_time import OWN, chosen, in_words
from notifier.console.dependencies import Dependencies
from notifier.console.flashes import UndoForm
from notifier.console.orders import address_of, found_order
from notifier.console.refusals import AlreadyTaken, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF
from notifier.domain.events import AgreedTime
from notifier.domain.orders import Order
from notifier.domain.slots import SlotRefusal
from notifier.intake.agreeing import SlotRefused
from notifier.store import work
from notifier.store.audit import Act
from notifier.store.work import UnitOfWork


class DeliveryTimes:
    """What is done with the time of an order on its page."""

    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/orders/{source}/{id}/delivery", self.agree)]

    async def agree(self, request: web.Request) -> web.Response:
        """Agree upon a time, change it, or give it up."""
        order, keys = await found_order(self._deps, request)
        form, me, agreeing = request[FORM], request[STAFF], self._deps.agreeing
        seen, before = form.get("delivery_seen"), order.delivery
        undo = None
        try:
            if form.get("do") == "release":
                await agreeing.release(order, by=me.id, seen=seen)
                act, more, told = Act.TIME_RELEASED, str(before or ""), "زمان تحویل لغو شد."
            else:
                agreed, freely = chosen(form)
                if agreed is None:
                    raise PageRefusal("یکی از زمان‌های تحویل را انتخاب کنید.")
                await agreeing.agree(order, agreed, by=me.id, seen=seen, freely=freely)
                act, more, told = Act.TIME_AGREED, str(agreed), f"زمان تحویل: {in_words(agreed)}."
                undo = _undo(order, before, agreed)
        except SlotRefused as refused:
            kind = AlreadyTaken if refused.why in (SlotRefusal.FULL, SlotRefusal.CHANGED) else PageRefusal
            raise kind(labels.SLOT_REFUSALS[refused.why]) from None
        unit = UnitOfWork()
        self._deps.entry(act, me.id, about=order.number, more=more).keep(unit, keys.audit)
        await work.commit(self._deps.redis, [unit])
        self._deps.wake()
        await self._deps.sessions.tell(request[SESSION], told, undo=undo)
        return web.Response(status=303, headers={"Location": address_of(order)})


def _undo(order: Order, before: AgreedTime | None, agreed: AgreedTime) -> UndoForm:
    address = f"{address_of(order)}/delivery"
    if before is None:
        return UndoForm(address, {"do": "release", "delivery_seen": str(agreed)})
    hours = {"delivery_from": f"{before.start:%H:%M}", "delivery_to": f"{before.end:%H:%M}"}
    day = before.date.isoformat()
    return UndoForm(address, {"delivery": OWN, "delivery_day": day, **hours, "delivery_seen": str(agreed)})
