"""Orders: the search, and one order with its story and what can be done about it."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import web

from notifier.console import csv_export, delivery_time, labels, paging, rows, time_slots
from notifier.console import scope as scopes
from notifier.console.conversation import WHY_NOT
from notifier.console.customer import customer, opted_out, phone_keys, refuses_calls, spoken_with, whose
from notifier.console.dependencies import Dependencies
from notifier.console.flashes import UndoForm
from notifier.console.parcels import parcel_ways
from notifier.console.refusals import AlreadyTaken, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.scope import ShopScope
from notifier.console.search import FoundOrders, search
from notifier.console.security import FORM, SESSION, STAFF
from notifier.console.timeline import timeline
from notifier.domain import canonical, lookup, page_links, phones
from notifier.domain.calls import Call, CallRequest, Purpose
from notifier.domain.decide import derived_id
from notifier.domain.fitting import fitting
from notifier.domain.messages import Audience, Message
from notifier.domain.orders import Order, Stage
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.domain.variables import Context
from notifier.errors import Conflict
from notifier.sms import by_hand
from notifier.sms.by_hand import TextRefused, Written
from notifier.sms.resend import resend
from notifier.store import page_tokens, work, writes
from notifier.store.audit import Act
from notifier.store.keys import Keys
from notifier.store.reading import Page, Place, StoredMessage
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork

_WANTS_NO_CALLS = (
    "این مشتری خواسته است با او تماس نگیریم، پس تماسی برنامه‌ریزی نشد. اگر نظرش برگشته است، نخست در همین صفحه "
    "«ازسرگیری تماس با این مشتری» را بزنید."
)
WANTS_NO_TEXTS = (
    "این مشتری پیامک‌های غیرضروری را بسته است و این متن به او نمی‌رسد، پس ارسال نشد. تماس بگیرید، یا اگر نظرش "
    "برگشته است نخست پیامک‌هایش را در صفحهٔ سفارش باز کنید."
)

_STEPS = (Stage.REGISTERED, Stage.PAID, Stage.PREPARING, Stage.PACKED, Stage.SHIPPED, Stage.DELIVERED)
_WHENS = {"now": timedelta(), "hour": timedelta(hours=1), "tomorrow": timedelta(days=1)}

_OWN = "own"
_LOOKS = 40  # pages of all orders that are looked through for those of some shops


class Orders:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        place = "/orders/{source}/{id}"
        return [
            web.get("/orders", self.many),
            web.get(place, self.one),
            web.post(f"{place}/call", self.add_call),
            web.post(f"{place}/texts", self.texts_on_off),
            web.get(f"{place}/write", self.draft),
            web.post(f"{place}/write", self.write),
            web.post(f"{place}/messages/{{message}}/again", self.send_again),
        ]

    async def many(self, request: web.Request) -> web.StreamResponse:
        """What was searched for, else the orders that changed last. One result is shown at once."""
        query = request.query.get("q", "").strip()
        sets = [(keys, keys.orders) for keys in self._deps.reader.everywhere]
        scope = scopes.asked(request, self._deps)
        if query:
            found = await search(self._deps, query, scope)
            if csv_export.wanted(request):
                return await csv_export.sheet(request, self._deps, "orders", rows.ORDER, found.orders)
            if len(found.orders) == 1:
                return _to(address_of(found.orders[0]))
            return await self._render.page(
                request, "search.html", found=found, query=query, talk=await self._talk(query, found)
            )
        if csv_export.wanted(request):
            every = rows.orders(self._deps, csv_export.newest(self._deps, sets))
            theirs = (order async for order in every if scope.shows(order.source))
            return await csv_export.sheet(request, self._deps, "orders", rows.ORDER, theirs)
        page = await self._page(sets, paging.after(request), scope)
        orders = await self._deps.reader.orders(page.members)
        return await self._render.page(request, "orders.html", orders=orders, end=page.end, scope=scope)

    async def _page(self, sets: list[tuple[Keys, str]], after: Place | None, scope: ShopScope) -> Page:
        """A page of the orders of some shops, as far as a bounded look finds them; the next goes on where it ended."""
        if scope.is_all:
            return await self._deps.reader.page(sets, after=after, size=paging.SIZE)
        found: list[tuple[Keys, str]] = []
        for _ in range(_LOOKS):
            page = await self._deps.reader.page(sets, after=after, size=paging.SIZE)
            found += [(keys, member) for keys, member in page.members if scope.shows(member.partition(":")[0])]
            after = page.end
            if after is None or len(found) >= paging.SIZE:
                break
        return Page(members=found, end=after)

    async def _talk(self, query: str, found: FoundOrders) -> str:
        """The phone of a customer who texted and has no order to be found by; "" where it is none of those."""
        phone = lookup.query(query).phone
        return phone if phone and not found.orders and await spoken_with(self._deps, phone) else ""

    async def one(self, request: web.Request) -> web.StreamResponse:
        """An order and its timeline."""
        order, _ = await self._found(request)
        told = await self._deps.reader.story(order)
        messages = {one.message.id: one for one in told.messages}
        calls = {one.call.id: one.call for one in told.calls}
        names = {one.id: one.name for one in await self._deps.calling.staff.all()}
        chapters = timeline(told.timeline, messages, calls, names)
        if csv_export.wanted(request):
            return await csv_export.sheet(request, self._deps, "order", rows.STORY, chapters)
        known = await customer(self._deps, order.details.phone, [order], scopes.of(request[STAFF]))
        stage = order.stage
        return await self._render.page(
            request,
            "order.html",
            order=order,
            story=chapters,
            known=known,
            cost=sum(one.total_cost or 0 for one in messages.values()),
            steps=[(step, stage >= step) for step in _STEPS],
            templates=fitting(order, self._deps.rulebook(), self._deps.now()),
            parcels=parcel_ways(order, told.trails),
            purposes=list(Purpose),
            whens=[(name, self._due(name)) for name in _WHENS],
            picker=time_slots.time_slots(self._deps.clock.now(), self._deps.calling.book.calendar),
            names=names,
            open_call=next((call for call in calls.values() if call.is_open), None),
            offer=await delivery_time.offer(self._deps, order),
            several_sources=len(self._deps.sources) > 1,
            shop=self._deps.shops.get(order.source, order.source),
            page=_page(self._deps, order),
        )

    async def add_call(self, request: web.Request) -> web.Response:
        """Have the customer called; it joins their open call where there is one."""
        (order, keys), form = await self._found(request), request[FORM]
        if form.get("purpose") not in frozenset(Purpose) or form.get("when") not in (*_WHENS, _OWN):
            raise PageRefusal("برای چه و چه وقت؟ هر دو را انتخاب کنید.")
        now, purpose = self._deps.clock.now(), Purpose(form["purpose"])
        if await refuses_calls(self._deps, order, keys, purpose):
            raise PageRefusal(_WANTS_NO_CALLS)
        # A time that somebody names stands as it is named.
        due = time_slots.chosen(form, now) if form["when"] == _OWN else self._due(form["when"])
        call = CallRequest(
            id=derived_id("console", order.source, order.id, purpose, form.get("once", "") or secrets.token_hex(8)),
            purpose=purpose,
            order_id=order.id,
            source=order.source,
            phone=order.details.phone,
            name=order.details.name,
            due_at=due,
            created_at=now,
        )
        await self._deps.calling.book.plan(keys, call, by=request[STAFF])
        told = f"تماس برای {self._render.when(due)} برنامه‌ریزی شد"
        planned = await self._joined(keys, order)
        if planned is not None and planned.id != call.id:
            told += f" و با تماس بازی که مشتری دارد ({self._render.when(planned.due)}) یکی شد"
        return await self._back(request, order, f"{told}.")

    async def _joined(self, keys: Keys, order: Order) -> Call | None:
        """The customer's open call."""
        at, name = whose(self._deps, order, keys)
        found: Any = await self._deps.redis.hget(at.open_calls, name)
        calls = await self._deps.reader.calls([(at, found.decode())]) if found else []
        return calls[0].call if calls else None

    def _due(self, when: str) -> datetime:
        """The time of one of the choices, put off until somebody works."""
        return self._deps.rulebook().working_time(self._deps.clock.now() + _WHENS[when])

    async def texts_on_off(self, request: web.Request) -> web.Response:
        """Stop texts for this customer but the essential ones, or have them again."""
        order, home = await self._found(request)
        phone, me = order.details.phone, request[STAFF]
        if not phone:
            raise PageRefusal("این سفارش شماره‌ای ندارد که پیامک آن بسته شود.")
        keys, stop = phone_keys(self._deps, phone), request[FORM].get("texts") == "stop"
        if stop == await opted_out(self._deps, phone):
            raise AlreadyTaken(
                "پیامک‌های این مشتری پیش‌تر بسته شده است." if stop else "پیامک‌های این مشتری پیش‌تر باز شده است."
            )
        act, unit = Act.TEXTS_STOPPED if stop else Act.TEXTS_RESUMED, UnitOfWork()
        unit.do("SADD" if stop else "SREM", keys.opted_out, phone)
        self._deps.entry(act, me.id, about=order.number).keep(unit, keys.audit)
        line = TimelineEntry(at=self._deps.clock.now(), kind=LineKind.BY_HAND, what=act, extra=by(me))
        if keys == home:
            writes.add_lines(unit, home, order, [line])
        await work.commit(self._deps.redis, [unit])
        told = "از این پس فقط پیامک‌های ضروری می‌رود." if stop else "پیامک‌ها دوباره ارسال می‌شود."
        undo = UndoForm(f"{address_of(order)}/texts", {"texts": "start" if stop else "stop"})
        return await self._back(request, order, told, undo=undo)

    async def draft(self, request: web.Request) -> web.Response:
        """A text for this customer, as it would be sent."""
        order, _ = await self._found(request)
        name = request.query.get("template", "")
        text = self._text(order, name)
        return await self._render.page(
            request, "write.html", order=order, template=name, text=text, once=secrets.token_hex(8),
            fits=bool(order.details.phone and phones.is_mobile(order.details.phone)),
            stopped=await self._would_be_dropped(order, name),
        )  # fmt: skip

    async def write(self, request: web.Request) -> web.Response:
        """Send it, once."""
        (order, keys), form = await self._found(request), request[FORM]
        name, now = form.get("template", ""), self._deps.clock.now()
        text, phone = self._text(order, name), order.details.phone
        if not (phone and phones.is_mobile(phone)):
            raise PageRefusal("این سفارش شمارهٔ همراهی ندارد؛ با مشتری تماس بگیرید.")
        if await self._would_be_dropped(order, name):
            raise PageRefusal(WANTS_NO_TEXTS)
        rulebook = self._deps.rulebook()
        template = rulebook.template(name, order.source)
        ready = rulebook.texting_time(now)
        message = Message(
            id=derived_id(rulebook.namespace, "console", order.source, order.id, name, form.get("once", "")),
            template=name,
            version=template.version,
            to=phone,
            text=text,
            created_at=now,
            audience=Audience.CUSTOMER,
            order_id=order.id,
            source=order.source,
            route=rulebook.route(order.source),
            essential=template.essential,
            keeps_quiet_hours=True,
            not_before=ready if ready > now else None,
        )
        written = Written(keys=keys, message=message, order=order, by=request[STAFF])
        try:
            if await by_hand.write(self._deps.redis, written, self._deps.config.sms.limits):
                self._deps.wake()
        except TextRefused as refused:
            raise PageRefusal(WHY_NOT[refused.why]) from None
        when = f"{self._render.when(ready)} ارسال می‌شود" if ready > now else "در صف ارسال است"
        return await self._back(request, order, f"پیامک {when}.")

    async def send_again(self, request: web.Request) -> web.Response:
        """Only where it is safe."""
        order, keys = await self._found(request)
        found = await self._deps.reader.messages([(keys, request.match_info["message"])])
        if not found:
            raise Missing("این پیامک پیدا نشد.")
        await again(self._deps, keys, found[0], request[STAFF])
        return await self._back(request, order, "پیامک دوباره در صف ارسال است.")

    async def _would_be_dropped(self, order: Order, name: str) -> bool:
        """Whether the customer wants no such texts, so that it would never leave."""
        phone, template = order.details.phone, self._deps.templates[name]
        return bool(phone) and not template.essential and await opted_out(self._deps, phone or "")

    def _text(self, order: Order, name: str) -> str:
        if name not in fitting(order, self._deps.rulebook(), self._deps.now()):
            raise PageRefusal("این متن با حال اکنون سفارش نمی‌خواند؛ یکی از متن‌های فهرست را انتخاب کنید.")
        rulebook = self._deps.rulebook()
        context = Context(order=order, shops=rulebook.shops, now=self._deps.clock.now(), pages=rulebook.pages)
        return rulebook.template(name, order.source).render(context)

    async def _found(self, request: web.Request) -> tuple[Order, Keys]:
        return await found_order(self._deps, request)

    async def _back(
        self, request: web.Request, order: Order, told: str, *, undo: UndoForm | None = None
    ) -> web.Response:
        await self._deps.sessions.tell(request[SESSION], told, undo=undo)
        return _to(address_of(order))


async def found_order(deps: Dependencies, request: web.Request) -> tuple[Order, Keys]:
    """The order that an address names, and where it lies. Raises Missing."""
    source, order_id, reader = request.match_info["source"], request.match_info["id"], deps.reader
    order = await reader.order(source, order_id) or await reader.order(source, canonical.asked_for(order_id))
    if order is None:
        raise Missing("این سفارش پیدا نشد. شماره را دوباره ببینید یا با تلفن مشتری جستجو کنید.")
    return order, await reader.keys_of(source, order_id)


def _page(deps: Dependencies, order: Order) -> tuple[str, str] | None:
    """The address of the customer's page, empty while it has none, and what tells it from others."""
    links = deps.rulebook().pages
    if links is None:
        return None
    path = page_links.path(order.page_token)
    return f"{links.base}{path}" if path else "", page_tokens.fingerprint(order)


def by(staff: Staff) -> dict[str, str]:
    """What a line of a timeline says of who did it."""
    return {"by": staff.id, "by_name": staff.name}


async def again(deps: Dependencies, keys: Keys, stored: StoredMessage, staff: Staff) -> None:
    """Put a held or refused text into the outbox once more. Raises Refused, saying why not, for any other."""
    message = stored.message
    if message.audience is Audience.CUSTOMER and not message.essential and await opted_out(deps, message.to):
        raise PageRefusal(WANTS_NO_TEXTS)
    try:
        await resend(deps.redis, keys, stored, now=deps.clock.now(), by=staff.id, by_name=staff.name)
    except Conflict:
        raise PageRefusal(labels.WHY_NOT_AGAIN.get(stored.state, "این پیامک را نمی‌توان دوباره فرستاد.")) from None
    deps.wake()


def address_of(order: Order) -> str:
    return f"/console/orders/{quote(order.source, safe='')}/{quote(order.id, safe='')}"


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
