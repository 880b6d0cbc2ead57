"""A customer's conversation in one column, what is written to them by hand, and the inbox of texts that wait."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from notifier.console import labels, replies
from notifier.console import scope as scopes
from notifier.console.customer import orders_of, phone_keys, spoken_with
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import AlreadyTaken, Forbidden, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.scope import ShopScope
from notifier.console.security import FORM, NOT_YOURS, SESSION, STAFF
from notifier.domain import canonical, lookup, phones
from notifier.domain.calls import Call, CallState
from notifier.domain.decide import derived_id
from notifier.domain.fitting import fitting
from notifier.domain.messages import Audience, Message
from notifier.domain.orders import Order
from notifier.errors import Conflict, NotifierError, StoreError
from notifier.sms import by_hand, inbox
from notifier.sms.by_hand import TextRefused, WhyNot, Written
from notifier.sms.inbound import Inbound
from notifier.sms.inbox import WaitingReplies
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage
from notifier.store.records import decode, ms
from notifier.store.staff import Role
from notifier.store.work import UnitOfWork
from notifier.texts import free_text
from notifier.texts.free_text import FreeText
from scheduler import planning

TEMPLATE = "free_text"
"""In the place of a template's name: what a person wrote."""

_SHOWN, _ROWS, _TEXTS, _ORDERS = 80, 100, 3, 6
_REF = 20  # digits of an int64

WHY_NOT = {
    WhyNot.STOPPED: "این مشتری نخواسته است پیامک بگیرد. تماس بگیرید.",
    WhyNot.CUSTOMER_FULL: "امروز به این مشتری به اندازهٔ سقف پیامک دستی نوشته شده است. تماس بگیرید یا فردا بنویسید.",
    WhyNot.PERSON_FULL: "در این یک ساعت به اندازهٔ سقف پیامک دستی نوشته‌اید. کمی دیگر بنویسید یا تماس بگیرید.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One thing that was said: by the customer, by us, or on the phone."""

    at: datetime
    kind: str  # "in", "out" or "phoned": a class of the page
    text: str = ""
    message: StoredMessage | None = None
    call: Call | None = None
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerThread:
    """Whose conversation it is. ``order`` is the one that is spoken of; ``home`` is where their texts lie."""

    phone: str
    order: Order | None
    home: Keys
    at: str  # the address of the page


class Conversations:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        order = "/orders/{source}/{id}/conversation"
        return [
            web.get(order, self.of_order),
            web.post(order, self.write_about_order),
            web.get("/conversation", self.of_phone),
            web.post("/conversation", self.write_to_phone),
            web.get("/inbox", self.inbox),
            web.get("/inbox/{ref}", self.of_waiting),
            web.post("/inbox/{ref}", self.see_to),
            web.post("/inbox/{ref}/write", self.write_to_waiting),
        ]

    async def of_order(self, request: web.Request) -> web.Response:
        return await self._page(request, await self._thread_of_order(request))

    async def of_waiting(self, request: web.Request) -> web.Response:
        return await self._page(
            request, await self._thread_of_waiting(await self._waiting(request), scopes.of(request[STAFF]))
        )

    async def of_phone(self, request: web.Request) -> web.Response:
        """Of somebody who texted and has no order, also when nobody has to see to it any more."""
        return await self._page(request, await self._thread_of_phone(request))

    async def write_to_phone(self, request: web.Request) -> web.Response:
        return await self._write(request, await self._thread_of_phone(request))

    async def write_about_order(self, request: web.Request) -> web.Response:
        return await self._write(request, await self._thread_of_order(request))

    async def write_to_waiting(self, request: web.Request) -> web.Response:
        """To somebody without an order; who waits no more was answered already."""
        try:
            one = await self._waiting(request)
        except Missing as gone:
            return await self._back(request, gone.text, "/console/inbox")
        return await self._write(request, await self._thread_of_waiting(one, scopes.of(request[STAFF])))

    async def inbox(self, request: web.Request) -> web.Response:
        """Customers whose texts wait for a person, the longest first."""
        scope = scopes.asked(request, self._deps)
        found = await inbox.waiting(self._deps.reader, most=_ROWS if scope.is_all else scopes.READ)
        total = await inbox.count(self._deps.reader)
        if not scope.is_all:
            found = await replies.of_shops(self._deps, found, scope)
            found, total = found[:_ROWS], len(found)
        pipeline = self._deps.redis.pipeline(transaction=False)
        for one in found:
            pipeline.lrange(one.keys.inbound(one.phone), -_TEXTS, -1)
            pipeline.llen(one.keys.inbound(one.phone))
            pipeline.zrevrange(one.keys.customer_orders(one.phone), 0, 0 if scope.is_all else replies.LATEST - 1)
            pipeline.hget(one.keys.open_calls, one.phone)
        answers = await pipeline.execute() if found else []
        rows = [
            (one, raws, read, [member for member in latest if scope.shows(replies.source_of(member))], call)
            for one, raws, read, latest, call in ((one, *answers[4 * at : 4 * at + 4]) for at, one in enumerate(found))
        ]
        orders = {
            f"{order.source}:{order.id}": order
            for order in await self._deps.reader.orders(
                [(one.keys, latest[0].decode()) for one, _, _, latest, _ in rows if latest]
            )
        }
        staff = await self._deps.calling.staff.all()
        return await self._render.page(
            request,
            "inbox.html",
            rows=[
                (
                    one,
                    [text for text in _inbound(raws) if ms(text.at) >= one.since] or _inbound(raws)[-1:],
                    read,
                    orders.get(latest[0].decode()) if latest else None,
                    call.decode() if call else None,
                )
                for one, raws, read, latest, call in rows
            ],
            total=total,
            scope=scope,
            names={one.id: one.name for one in staff},
            staff=[one for one in staff if one.makes_calls],
        )

    async def see_to(self, request: web.Request) -> web.Response:
        """Take it, hand it to somebody, or have it done with."""
        one, form, me = await self._waiting(request), request[FORM], request[STAFF]
        thread, now = await self._thread_of_waiting(one, scopes.of(me)), self._deps.now()
        about = thread.order.number if thread.order else phones.mask(one.phone)
        match form.get("do"):
            case "done":
                read = form.get("read", "")
                if not (read.isascii() and read.isdigit() and len(read) < 6):
                    raise PageRefusal("صفحه را تازه کنید و دوباره بزنید.")
                try:
                    await inbox.end(self._deps.redis, one, read=int(read), by=me.id, now=now, about=about)
                except Conflict:
                    raise AlreadyTaken("مشتری پیام تازه‌ای فرستاده است؛ آن را ببینید.") from None
                await self._withdraw(one, me.id)
                told = "پایان یافت و از صندوق رفت."
            case "assign":
                target = form.get("to", "")
                mine = target == me.id or (target == "" and one.holder in (None, me.id))
                if me.role is not Role.SUPERVISOR and not (mine and one.holder in (None, me.id)):
                    raise Forbidden("سپردن به همکار دیگر با سرپرست است؛ خودتان می‌توانید بردارید.")
                known = {each.id: each.name for each in await self._deps.calling.staff.callers()}
                if target and target not in known:
                    raise PageRefusal("چنین همکار فعالی نیست.")
                await inbox.assign(self._deps.redis, one, target, by=me.id, now=now, about=about)
                told = f"به {known[target]} سپرده شد." if target else "آزاد شد و با هر کسی است که زودتر برسد."
            case _:
                raise PageRefusal("این کار را نمی‌شناسیم؛ صفحه را تازه کنید.")
        return await self._back(request, told, "/console/inbox")

    async def _write(self, request: web.Request, thread: CustomerThread) -> web.Response:
        """Look at a text before it leaves, or send it, once."""
        form, me, now = request[FORM], request[STAFF], self._deps.clock.now()
        draft = self._reviewed(form.get("text", ""), thread)
        if request.headers.get("HX-Request") == "true":
            return web.Response(text=self._render.fragment("measure.html", draft=draft), content_type="text/html")
        if form.get("do") != "send" or draft.objections:
            status = 422 if draft.objections and form.get("do") == "send" else 200
            return await self._page(request, thread, draft=draft, typed=form.get("text", ""), status=status)
        if not phones.is_mobile(thread.phone):
            raise PageRefusal("این شماره همراه نیست؛ با مشتری تماس بگیرید.")
        rulebook, order = self._deps.rulebook(), thread.order
        ready = rulebook.texting_time(now)
        once = (form.get("once", "") or secrets.token_hex(8))[:64]
        message = Message(
            id=derived_id(rulebook.namespace, "by hand", thread.phone, once, draft.text),
            template=TEMPLATE,
            version="",
            to=thread.phone,
            text=draft.text,
            created_at=now,
            audience=Audience.CUSTOMER,
            order_id=order.id if order else None,
            source=order.source if order else None,
            route=rulebook.route(order.source) if order else "",
            keeps_quiet_hours=True,
            not_before=ready if ready > now else None,
        )
        home, phone = thread.home, thread.phone
        inbox_keys = phone_keys(self._deps, phone)

        def answered(unit: UnitOfWork) -> None:
            if home == inbox_keys:
                inbox.seen_to(unit, home, phone)

        try:
            fresh = await by_hand.write(
                self._deps.redis,
                Written(keys=home, message=message, order=order, by=me),
                self._deps.config.sms.limits,
                beside=answered,
            )
        except TextRefused as refused:
            raise PageRefusal(WHY_NOT[refused.why]) from None
        if fresh:
            await self._withdraw(WaitingReplies(keys=inbox_keys, phone=phone, since=0, holder=None), me.id)
            self._deps.wake()
        when = f"{self._render.when(ready)} ارسال می‌شود" if ready > now else "در صف ارسال است"
        to = thread.at if order or not thread.at.startswith("/console/inbox") else "/console/inbox"
        return await self._back(request, f"پیامک {when}.", to, about=f"talk:{inbox.ref(phone)}")

    async def _page(
        self,
        request: web.Request,
        thread: CustomerThread,
        *,
        draft: FreeText | None = None,
        typed: str = "",
        status: int = 200,
    ) -> web.Response:
        keys, deps = phone_keys(self._deps, thread.phone), self._deps
        scope = scopes.of(request[STAFF])
        orders = [one for one in await orders_of(deps, thread.phone, limit=_ORDERS) if scope.shows(one.source)]
        if thread.order and all((one.source, one.id) != (thread.order.source, thread.order.id) for one in orders):
            orders = [thread.order, *orders]
        pipeline = deps.redis.pipeline(transaction=False)
        pipeline.lrange(keys.inbound(thread.phone), 0, -1)
        pipeline.sismember(keys.opted_out, thread.phone)
        pipeline.hexists(keys.do_not_call, thread.phone)
        pipeline.zscore(keys.inbox, thread.phone)
        raws, opted_out, do_not_call, since = await pipeline.execute()
        left = await by_hand.left(deps.redis, thread.home, thread.phone, deps.config.sms.limits, now=deps.now())
        order = thread.order
        return await self._render.page(
            request,
            "conversation.html",
            status=status,
            thread=thread,
            order=order,
            orders=orders,
            turns=await self._turns(thread, orders, _inbound(raws), scope),
            opted_out=bool(opted_out),
            do_not_call=bool(do_not_call),
            waits=since is not None,
            ref=inbox.ref(thread.phone),
            read=len(raws),
            left=left,
            mobile=phones.is_mobile(thread.phone),
            draft=draft,
            typed=typed,
            once=request[FORM].get("once", "") if draft else secrets.token_hex(8),
            fitting=fitting(order, deps.rulebook(), deps.now()) if order else [],
            names={one.id: one.name for one in await deps.calling.staff.all()},
        )

    async def _turns(
        self, thread: CustomerThread, orders: Sequence[Order], inbound: Sequence[Inbound], scope: ShopScope
    ) -> list[Turn]:
        """The newest first."""
        reader = self._deps.reader
        messages: dict[str, StoredMessage] = {}
        calls: dict[str, Call] = {}
        for order in orders:
            told = await reader.story(order)
            messages |= {one.message.id: one for one in told.messages if one.message.to == thread.phone}
            calls |= {one.call.id: one.call for one in told.calls if scope.shows_call(one.call)}
        for keys in {thread.home, phone_keys(self._deps, thread.phone)}:
            ids = await by_hand.written_to(self._deps.redis, keys, thread.phone)
            found = await reader.messages([(keys, one) for one in ids if one not in messages])
            messages |= {one.message.id: one for one in found if scope.shows(one.message.source)}
        turns = [Turn(at=one.at, kind="in", text=one.text) for one in inbound]
        turns += [
            Turn(at=one.message.created_at, kind="out", text=one.message.text, message=one)
            for one in messages.values()
            if one.message.audience is Audience.CUSTOMER
        ]
        zone = self._deps.clock.now().tzinfo
        for call in calls.values():
            turns += [
                Turn(
                    at=datetime.fromtimestamp(line.at / 1000, zone),
                    kind="phoned",
                    text=line.note,
                    call=call,
                    said=labels.entry(line.what),
                )
                for line in call.history
                if line.note or line.what.partition(",")[0] in labels.OUTCOMES
            ]
            if call.is_open:
                state = labels.CALL_STATES[CallState(call.state)]
                turns.append(Turn(at=call.created_at.astimezone(zone), kind="phoned", call=call, said=state))
        return sorted(turns, key=lambda one: one.at, reverse=True)[:_SHOWN]

    def _reviewed(self, typed: str, thread: CustomerThread) -> FreeText:
        config, source = self._deps.config, thread.order.source if thread.order else ""
        shop = self._deps.rulebook().shops.of(source)
        url = thread.order.details.tracking_url if thread.order else None
        hosts = [url] if url else []
        return free_text.review(typed, shop, config.sms.price, parts=config.sms.limits.by_hand_parts, hosts=hosts)

    async def _thread_of_order(self, request: web.Request) -> CustomerThread:
        source, order_id = request.match_info["source"], request.match_info["id"]
        reader = self._deps.reader
        order = await reader.order(source, order_id) or await reader.order(source, canonical.asked_for(order_id))
        if order is None:
            raise Missing("این سفارش پیدا نشد. شماره را دوباره ببینید یا با تلفن مشتری جستجو کنید.")
        if not order.details.phone:
            raise PageRefusal("این سفارش شماره‌ای ندارد که با آن گفتگو شود.")
        home = await reader.keys_of(order.source, order.id)
        return CustomerThread(phone=order.details.phone, order=order, home=home, at=request.path)

    async def _thread_of_waiting(self, one: WaitingReplies, scope: ShopScope) -> CustomerThread:
        """About their newest order at a shop that is shown. Raises Forbidden for a customer of other shops alone."""
        every = await orders_of(self._deps, one.phone, limit=1 if scope.is_all else _ORDERS)
        if not scope.shows_any(every):
            raise Forbidden(NOT_YOURS)
        found = [order for order in every if scope.shows(order.source)]
        if not found:
            at = f"/console/inbox/{one.ref}/write"
            return CustomerThread(phone=one.phone, order=None, home=one.keys, at=at)
        order = found[0]
        home = await self._deps.reader.keys_of(order.source, order.id)
        # Written about their order, so that a second tap finds its place though they wait no more.
        at = f"/console/orders/{quote(order.source, safe='')}/{quote(order.id, safe='')}/conversation"
        return CustomerThread(phone=one.phone, order=order, home=home, at=at)

    async def _thread_of_phone(self, request: web.Request) -> CustomerThread:
        phone = lookup.query(request.query.get("phone", "")).phone
        if not phone or not await spoken_with(self._deps, phone):
            raise Missing("با این شماره گفتگویی نبوده است. شماره را دوباره ببینید.")
        thread = await self._thread_of_waiting(
            WaitingReplies(keys=phone_keys(self._deps, phone), phone=phone, since=0, holder=None),
            scopes.of(request[STAFF]),
        )
        return thread if thread.order else replace(thread, at=f"/console/conversation?phone={phone}")

    async def _waiting(self, request: web.Request) -> WaitingReplies:
        asked = request.match_info["ref"]
        if len(asked) <= _REF:
            for one in await inbox.waiting(self._deps.reader, most=1_000_000):
                if one.ref == asked:
                    return one
        raise Missing("این گفتگو دیگر در صندوق نیست؛ شاید همکاری به آن رسیدگی کرده است. از سفارش مشتری هم دیده می‌شود.")

    async def _withdraw(self, one: WaitingReplies, me: str) -> None:
        """Nobody need call any more only because of these texts; whoever has the call in hand keeps it."""
        deps, book = self._deps, self._deps.calling.book
        raws: Any = await deps.redis.lrange(one.keys.inbound(one.phone), 0, -1)
        reasons = {inbox.callback_id(one.phone, text.id) for text in _inbound(raws)}
        call_id: Any = await deps.redis.hget(one.keys.open_calls, one.phone)
        if not call_id or not reasons:
            return

        def without(stored: Any, unit: UnitOfWork) -> Call:
            call: Call = stored.call
            held = call.state is CallState.CLAIMED and call.assignee != me and call.claimed_until > deps.now()
            if held or not call.is_open or not reasons & {reason.id for reason in call.reasons}:
                raise Conflict("nothing is to be taken back")
            after = planning.revised(
                call, leaving=reasons, joining=[], phone=None, name=None, now=deps.now(), rules=book.rules,
                calendar=book.calendar,
            )  # fmt: skip
            return after or call

        try:
            await book.change(call_id.decode(), without)
        except NotifierError:
            return

    async def _back(self, request: web.Request, told: str, to: str, *, about: str = "") -> web.Response:
        await self._deps.sessions.tell(request[SESSION], told, about=about)
        return web.Response(status=303, headers={"Location": to})


def _inbound(raws: Sequence[bytes]) -> list[Inbound]:
    found = []
    for raw in raws:
        try:
            found.append(decode(raw, Inbound))
        except StoreError:
            continue
    return found
