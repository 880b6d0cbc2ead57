"""What waits for a person: deliveries with priority, events without an order, texts that are stuck."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from notifier.console import csv_export, labels, paging, rows, stuck
from notifier.console import scope as scopes
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.orders import again
from notifier.console.refusals import AlreadyTaken, Forbidden, Malformed, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.scope import ShopScope
from notifier.console.security import FORM, NOT_YOURS, SESSION, STAFF
from notifier.console.timeline import message_reason
from notifier.domain import persian
from notifier.domain.calls import CallRequest, Purpose
from notifier.domain.decide import derived_id
from notifier.domain.events import Event
from notifier.domain.messages import MAYBE_SENT, Audience, Message, MessageState
from notifier.domain.orders import Order, Stage
from notifier.errors import Conflict, NotifierError, StoreError
from notifier.sms import by_hand_end
from notifier.sms.by_hand_end import Ending, endings
from notifier.sms.resend import RETRYABLE
from notifier.sms.segments import segments as parts_of
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage
from notifier.store.records import decode, ms
from notifier.store.staff import Staff

NEEDING = (
    MessageState.HELD,
    MessageState.FAILED,
    MessageState.UNKNOWN,
    MessageState.UNDELIVERED,
    MessageState.BLOCKED,
)
"""States in which a text got stuck or did not arrive."""

_ROUNDS, _LOOKED_AT = 20, 200
"""How often, and how many priority orders at once are looked through for some that are on their way still."""

_ENDED = {
    Ending.ARRIVED: "نوشته شد که رسیده است.",
    Ending.GIVEN_UP: "از آن گذشتید؛ دیگر در این فهرست نیست.",
    Ending.BY_PHONE: "تماس به جای پیامک برنامه‌ریزی شد.",
}

_PARKED = 100  # orders without news of their own that are shown

_WHAT_TO_DO = {
    MessageState.HELD: "ارسال نشده است، چون از اندازه‌ای گذشته بود. اگر درست است بفرستید.",
    MessageState.FAILED: "سامانهٔ پیامک نپذیرفت. شماره و متن را ببینید و دوباره بفرستید، یا تماس بگیرید.",
    MessageState.UNKNOWN: "کاری لازم نیست؛ پیگیری می‌شود و تا روشن شدن دوباره ارسال نمی‌شود.",
    MessageState.UNDELIVERED: "گوشی در دسترس نبوده است. اگر خبر مهم است تماس بگیرید.",
    MessageState.BLOCKED: "مشتری پیامک‌های تبلیغاتی را بسته است. تماس بگیرید.",
}


class _ParkedEvent(NamedTuple):
    """An event that waits for its order, since when (unix ms)."""

    since: int
    source: str
    order_id: str
    event: Event


_PARKED_COLUMNS: Columns[_ParkedEvent] = (
    Column("سفارش", lambda one: one.order_id),
    Column("فروشگاه", lambda one: one.source),
    Column("خبر", lambda one: labels.EVENTS[one.event.type]),
    Column("زمان خبر", lambda one: rows.written(ms(one.event.at))),
    Column("منتظر از", lambda one: rows.written(one.since)),
)

_MAYBE_SENT = "شاید رسیده باشد و سامانهٔ پیامک نمی‌داند. اگر مشتری نگرفته است دوباره بفرستید."


def _what_to_do(stored: StoredMessage) -> str:
    return _MAYBE_SENT if stored.reason == MAYBE_SENT else _WHAT_TO_DO[stored.state]


class WaitingPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/priority", self.priority),
            web.get("/parked", self.parked),
            web.post("/parked/replay", self.replay),
            web.get("/messages", self.messages),
            web.post("/messages/{partition}/{id}/again", self.send_again),
            web.post("/messages/{partition}/{id}/end", self.end),
        ]

    async def priority(self, request: web.Request) -> web.StreamResponse:
        """Prepaid orders of Tehran that are to be delivered first, until they are delivered."""
        sets, scope = [(keys, keys.priority_orders) for keys in self._deps.reader.everywhere], scopes.of(request[STAFF])
        if csv_export.wanted(request):
            on_their_way = (one async for one in self._orders(sets) if _on_its_way(one) and scope.shows(one.source))
            return await csv_export.sheet(request, self._deps, "priority", rows.ORDER, on_their_way)
        end, orders = paging.after(request), list[Order]()
        for _ in range(_ROUNDS):  # those that were delivered stand among them
            page = await self._deps.reader.page(sets, after=end, size=_LOOKED_AT)
            found = await self._deps.reader.orders(page.members)
            orders += [one for one in found if _on_its_way(one) and scope.shows(one.source)]
            end = page.end
            if end is None or len(orders) > paging.SIZE:
                break
        if len(orders) > paging.SIZE:
            orders = orders[: paging.SIZE]
            end = (orders[-1].updated_at, f"{orders[-1].source}:{orders[-1].id}")
        return await self._render.page(request, "priority.html", orders=orders, end=end)

    def _orders(self, sets: Sequence[tuple[Keys, str]]) -> AsyncIterator[Order]:
        return rows.orders(self._deps, csv_export.newest(self._deps, sets))

    async def parked(self, request: web.Request) -> web.StreamResponse:
        """Events that came before their order, the oldest first."""
        sets, scope = [(keys, keys.parked_orders) for keys in self._deps.reader.everywhere], scopes.of(request[STAFF])
        if csv_export.wanted(request):
            every = (one async for one in self._parked(sets) if scope.shows(one.source))
            return await csv_export.sheet(request, self._deps, "parked", _PARKED_COLUMNS, every)
        shown: list[_Parked] = []
        total = 0
        for keys, name in sets:
            most = _PARKED if scope.is_all else scopes.READ
            found: Any = await self._deps.redis.zrange(name, 0, most - 1, withscores=True)
            members = [(int(since), keys, member.decode()) for member, since in found]
            theirs = [one for one in members if scope.shows(one[2].partition(":")[0])]
            total += int(await self._deps.redis.zcard(name)) if scope.is_all else len(theirs)
            shown += await self._waiting(theirs[:_PARKED])
        shown.sort(key=lambda row: row[0])
        return await self._render.page(request, "parked.html", rows=shown, total=total)

    async def _parked(self, sets: Sequence[tuple[Keys, str]]) -> AsyncIterator[_ParkedEvent]:
        async for members in csv_export.oldest(self._deps, sets):
            for since, source, order_id, events in await self._waiting(members):
                for event in events:
                    yield _ParkedEvent(since, source, order_id, event)

    async def _waiting(self, members: Sequence[tuple[int, Keys, str]]) -> list["_Parked"]:
        """What waits for each order."""
        pipeline = self._deps.redis.pipeline(transaction=False)
        for _, keys, member in members:
            pipeline.lrange(keys.parked(*member.split(":", 1)), 0, 19)
        found = await pipeline.execute()
        rows = []
        for (since, _, member), raws in zip(members, found, strict=True):
            source, order_id = member.split(":", 1)
            rows.append((since, source, order_id, _readable(raws)))
        return rows

    async def replay(self, request: web.Request) -> web.Response:
        """Look once more whether the orders came."""
        try:
            count = await self._deps.replay_parked()
        except NotifierError:
            raise PageRefusal("این بار نشد؛ چند لحظه دیگر دوباره امتحان کنید.") from None
        told = f"رویدادهای {persian.digits(count)} سفارش سر جایشان رفت." if count else "هنوز سفارشی برایشان نیامده است."
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/parked"})

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """Texts that are stuck or did not arrive, state by state."""
        asked = request.query.get("state", "")
        states = [MessageState(asked)] if asked in NEEDING else list(NEEDING)
        everywhere = self._deps.reader.everywhere
        sets, scope = (
            [(keys, keys.messages(state)) for keys in everywhere for state in states],
            scopes.of(request[STAFF]),
        )
        if csv_export.wanted(request):
            needing = self._all_needing(sets, states)
            found = rows.messages(self._deps, needing)
            every = (one async for one in found if scope.shows(one.message.source))
            return await csv_export.sheet(request, self._deps, "messages", rows.MESSAGE, every)
        end, members = paging.after(request), list[tuple[Keys, str]]()
        for _ in range(_ROUNDS):  # those that a person has seen to stand among them
            page = await self._deps.reader.page(sets, after=end, size=paging.SIZE)
            members += await self._shown(page.members, states, scope)
            end = page.end
            if end is None or len(members) >= paging.SIZE:
                break
        places = {member: keys.partition for keys, member in members}
        shown = await self._deps.reader.messages(members)
        return await self._render.page(
            request,
            "messages.html",
            rows=[(one, places[one.message.id], message_reason(one), parts_of(one.message.text)) for one in shown],
            counts=await self._counts(scope),
            asked=asked,
            what_to_do=_what_to_do,
            retryable=RETRYABLE,
            endings=endings,
            end=end,
        )

    async def _all_needing(
        self, sets: Sequence[tuple[Keys, str]], states: Sequence[MessageState]
    ) -> AsyncIterator[list[tuple[Keys, str]]]:
        async for members in csv_export.newest(self._deps, sets):
            yield await stuck.needing(self._deps, members, states)

    async def _shown(
        self, members: Sequence[tuple[Keys, str]], states: Sequence[MessageState], scope: ShopScope
    ) -> list[tuple[Keys, str]]:
        """The members that nobody has seen to, of shops that are shown."""
        found = await stuck.needing(self._deps, members, states)
        if scope.is_all:
            return found
        theirs = {one.message.id for one in await self._deps.reader.messages(found) if scope.shows(one.message.source)}
        return [one for one in found if one[1] in theirs]

    async def _counts(self, scope: ShopScope) -> list[tuple[MessageState, int]]:
        if not scope.is_all:
            counted = Counter(await stuck.of_shops(self._deps, NEEDING, scope))
            return [(state, counted[state]) for state in NEEDING]
        pipeline, everywhere = self._deps.redis.pipeline(transaction=False), self._deps.reader.everywhere
        for state in NEEDING:
            for keys in everywhere:
                pipeline.zcard(keys.messages(state))
                pipeline.zcard(keys.seen_to(state))
        sizes = await pipeline.execute()
        counts = [there - over for there, over in zip(sizes[::2], sizes[1::2], strict=True)]
        width = len(everywhere)
        return [(state, sum(counts[at * width : (at + 1) * width])) for at, state in enumerate(NEEDING)]

    async def end(self, request: web.Request) -> web.Response:
        """Say what became of a text that is stuck, so that it needs nobody any more."""
        keys, stored = await self._stuck(request)
        asked, me, now = request[FORM].get("end", ""), request[STAFF], self._deps.clock.now()
        if asked not in frozenset(Ending):
            raise PageRefusal("چه شد؟ یکی از دکمه‌ها را بزنید.")
        ending, message = Ending(asked), stored.message
        if ending not in endings(stored):
            raise PageRefusal("وضعیت این پیامک عوض شده است؛ صفحه را تازه کنید.")
        if ending is Ending.BY_PHONE:
            await self._call_instead(keys, message, me)
        try:
            await by_hand_end.end(
                self._deps.redis, keys, stored, ending, now=now, by=me, publish=self._deps.calling.reporting.publish
            )
        except Conflict:
            raise AlreadyTaken("همکاری همین حالا به آن رسیدگی کرد؛ صفحه را تازه کنید.") from None
        await self._deps.sessions.tell(request[SESSION], _ENDED[ending])
        return self._to_messages(request)

    async def _call_instead(self, keys: Keys, message: Message, me: Staff) -> None:
        """Have its words said on the phone; the call that there is already for it stays the one."""
        if message.audience is not Audience.CUSTOMER:
            raise PageRefusal("این پیامک به همکار است؛ خودتان خبرش کنید.")
        if await self._deps.redis.hexists(keys.do_not_call, message.to):
            raise PageRefusal("این مشتری خواسته است با او تماس نگیریم؛ تماس برنامه‌ریزی نشد.")
        order = await self._deps.reader.order(message.source, message.order_id or "") if message.source else None
        now = self._deps.clock.now()
        call = CallRequest(
            id=derived_id("undelivered", message.id),
            purpose=Purpose.UNDELIVERED_SMS,
            order_id=message.order_id or "",
            source=message.source or "",
            phone=message.to,
            name=order.details.name if order else None,
            due_at=self._deps.rulebook().working_time(now),
            created_at=now,
            brief=message.text,
        )
        await self._deps.calling.book.plan(keys, call, by=me)

    async def send_again(self, request: web.Request) -> web.Response:
        """Put one text into the outbox once more."""
        keys, stored = await self._stuck(request)
        await again(self._deps, keys, stored, request[STAFF])
        await self._deps.sessions.tell(request[SESSION], "پیامک دوباره در صف ارسال است.")
        return self._to_messages(request)

    async def _stuck(self, request: web.Request) -> tuple[Keys, StoredMessage]:
        partition = request.match_info["partition"]
        if not (partition.isascii() and partition.isdigit() and len(partition) < 9):
            raise Malformed("نشانی این پیامک درست نیست؛ از فهرست پیامک‌ها بیایید.")
        if int(partition) >= self._deps.reader.partitions:
            raise Missing("این پیامک پیدا نشد.")
        keys = Keys(int(partition))
        found = await self._deps.reader.messages([(keys, request.match_info["id"])])
        if not found:
            raise Missing("این پیامک پیدا نشد.")
        if not scopes.of(request[STAFF]).shows(found[0].message.source):
            raise Forbidden(NOT_YOURS)
        return keys, found[0]

    def _to_messages(self, request: web.Request) -> web.Response:
        """Back to the list it was pressed in."""
        asked = request[FORM].get("state", "")
        query = f"?state={asked}" if asked in NEEDING else ""
        return web.Response(status=303, headers={"Location": f"/console/messages{query}"})


_Parked = tuple[int, str, str, list[Event]]
"""Since when (unix ms), which shop's, which order, and its events."""


def _on_its_way(order: Order) -> bool:
    return order.stage < Stage.DELIVERED and not order.cancelled


def _readable(raws: list[bytes]) -> list[Event]:
    events = []
    for raw in raws:
        try:
            events.append(decode(raw, Event))
        except StoreError:
            continue
    return events
