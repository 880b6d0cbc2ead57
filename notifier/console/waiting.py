"""What waits for a person: deposits, deliveries with priority, events without an order, texts that are stuck."""

from typing import Any

from aiohttp import web

from notifier.console import paging, words
from notifier.console.calls import deposit_report
from notifier.console.orders import again
from notifier.console.parts import Parts
from notifier.console.refusals import Missing, Refused
from notifier.console.render import Renderer, moment
from notifier.console.security import FORM, SESSION, STAFF
from notifier.console.story import message_reason
from notifier.domain import jalali, persian
from notifier.domain.calls import BookedCall, Purpose, customer_of
from notifier.domain.decide import derived_id
from notifier.domain.events import Event, EventType
from notifier.domain.messages import MessageState
from notifier.domain.orders import Order, Stage
from notifier.errors import NotifierError, StoreError
from notifier.sms.parts import parts as parts_of
from notifier.sms.retry import RETRYABLE
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage
from notifier.store.records import decode
from scheduler.book import Held, Unknown, free_for
from scheduler.outcomes import Unclear

NEEDING = (
    MessageState.HELD,
    MessageState.FAILED,
    MessageState.UNKNOWN,
    MessageState.UNDELIVERED,
    MessageState.BLOCKED,
)
"""States in which a text got stuck or did not arrive."""

_ROUNDS = 10
"""Pages of priority orders that are looked through for some that are on their way still."""

_WHAT_TO_DO = {
    MessageState.HELD: "شاید رسیده باشد و سامانهٔ پیامک نمی‌داند. اگر مشتری نگرفته است دوباره بفرستید.",
    MessageState.FAILED: "سامانهٔ پیامک نپذیرفت. شماره و متن را ببینید و دوباره بفرستید، یا تماس بگیرید.",
    MessageState.UNKNOWN: "کاری لازم نیست؛ پیگیری می‌شود و تا روشن شدن دوباره فرستاده نمی‌شود.",
    MessageState.UNDELIVERED: "گوشی در دسترس نبوده است. اگر خبر مهم است تماس بگیرید.",
    MessageState.BLOCKED: "مشتری پیامک‌های تبلیغاتی را بسته است. تماس بگیرید.",
}


class Waiting:
    def __init__(self, parts: Parts, render: Renderer) -> None:
        self._parts, self._render = parts, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/deposits", self.deposits),
            web.post("/deposits/{source}/{id}", self.settle),
            web.get("/priority", self.priority),
            web.get("/parked", self.parked),
            web.post("/parked/replay", self.replay),
            web.get("/messages", self.messages),
            web.post("/messages/{partition}/{id}/again", self.send_again),
        ]

    async def deposits(self, request: web.Request) -> web.Response:
        """Deposits that customers reported and nobody looked up, the oldest first."""
        pairs: list[tuple[int, Order]] = []
        total = 0
        for keys in self._parts.reader.everywhere:
            rows: Any = await self._parts.redis.zrange(keys.deposits, 0, 99, withscores=True)
            total += int(await self._parts.redis.zcard(keys.deposits))
            for member, since in rows:
                if order := await self._parts.reader.order(*member.decode().split(":", 1)):
                    pairs.append((int(since), order))
        pairs.sort(key=lambda pair: pair[0])
        if request.query.get("as") == "csv":
            head = ("سفارش", "مشتری", "تلفن", "مبلغ (ریال)", "شمارهٔ پیگیری", "از")
            return paging.as_csv("deposits", head, [(*_cells(order), self._written(at)) for at, order in pairs])
        return await self._render.page(request, "deposits.html", deposits=pairs, total=total)

    async def settle(self, request: web.Request) -> web.Response:
        """Confirm or reject; the order's own rules send what follows."""
        source, order_id, form = request.match_info["source"], request.match_info["id"], request[FORM]
        if form.get("deposit") not in ("confirmed", "rejected"):
            raise Refused("واریز دیده شد یا نه؟ یکی را انتخاب کنید.")
        order = await self._parts.reader.order(source, order_id)
        if order is None:
            raise Missing("این سفارش پیدا نشد.")
        if order.deposit_waiting is None:
            raise Refused("این واریز پیش‌تر بررسی شده است؛ داستان سفارش را ببینید.")
        confirmed, me = form["deposit"] == "confirmed", request[STAFF]
        if not await self._settled_by_call(order, me.id, confirmed):
            kind = EventType.DEPOSIT_CONFIRMED if confirmed else EventType.DEPOSIT_REJECTED
            event = Event(
                id=f"console-{derived_id(source, order_id, str(order.v), kind)}",
                source=source,
                type=kind,
                order_id=order_id,
                at=self._parts.clock.now(),
                extra={"by": me.id, "by_name": me.name},
            )
            await self._parts.take(event)
        self._parts.wake()
        number = persian.digits(order_id)
        told = (
            f"واریز سفارش {number} تأیید شد و پیامک‌های مرحله‌ها می‌رود."
            if confirmed
            else f"برای سفارش {number} نوشته شد که واریز دیده نشده؛ به مشتری خبر می‌دهیم."
        )
        await self._parts.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/deposits"})

    async def _settled_by_call(self, order: Order, me: str, confirmed: bool) -> bool:
        """Whether a call that was only about this deposit could be ended with it."""
        call = await self._open_call(order)
        if call is None or any(
            one.purpose is not Purpose.VERIFY_DEPOSIT or one.order_id != order.id for one in call.reasons
        ):
            return False
        try:
            free_for(call, me, self._parts.now())
            report = deposit_report(me, confirmed=confirmed, note="", order_id=order.id)
            await self._parts.calling.reporting.report(call.id, report)
        except (Held, Unknown, Unclear):
            return False
        return True

    async def _open_call(self, order: Order) -> BookedCall | None:
        keys = await self._parts.reader.keys_of(order.source, order.id)
        name = customer_of(order.details.phone, order.source, order.id)
        call_id: Any = await self._parts.redis.hget(keys.open_calls, name)
        found = await self._parts.reader.calls([(keys, call_id.decode())]) if call_id else []
        return found[0].call if found else None

    async def priority(self, request: web.Request) -> web.Response:
        """Prepaid orders of Tehran that are to be delivered first, until they are delivered."""
        csv = request.query.get("as") == "csv"
        sets = [(keys, keys.priority_orders) for keys in self._parts.reader.everywhere]
        wanted, end = paging.CSV_SIZE if csv else paging.SIZE, paging.after(request)
        orders: list[Order] = []
        for _ in range(_ROUNDS):  # those that were delivered stand among them
            page = await self._parts.reader.page(sets, after=end, size=wanted)
            read = [await self._parts.reader.order(*member.split(":", 1)) for _, member in page.members]
            orders += [one for one in read if one is not None and one.stage < Stage.DELIVERED and not one.cancelled]
            end = page.end
            if end is None or len(orders) >= wanted // 2:
                break
        if csv:
            head = ("سفارش", "مشتری", "تلفن", "مبلغ (ریال)", "شمارهٔ پیگیری", "شهر", "مرحله")
            rows = [(*_cells(order), order.details.city, words.STAGES[order.stage]) for order in orders]
            return paging.as_csv("priority", head, rows)
        return await self._render.page(request, "priority.html", orders=orders, end=end)

    async def parked(self, request: web.Request) -> web.Response:
        """Events that came before their order."""
        rows: list[tuple[int, str, str, list[Event]]] = []
        for keys in self._parts.reader.everywhere:
            members: Any = await self._parts.redis.zrange(keys.parked_orders, 0, 99, withscores=True)
            for member, since in members:
                source, order_id = member.decode().split(":", 1)
                raws: Any = await self._parts.redis.lrange(keys.parked(source, order_id), 0, 19)
                rows.append((int(since), source, order_id, _readable(raws)))
        rows.sort(key=lambda row: row[0])
        return await self._render.page(request, "parked.html", rows=rows)

    async def replay(self, request: web.Request) -> web.Response:
        """Look once more whether the orders came."""
        try:
            count = await self._parts.replay_parked()
        except NotifierError:
            raise Refused("این بار نشد؛ چند لحظه دیگر دوباره امتحان کنید.") from None
        told = f"رویدادهای {persian.digits(count)} سفارش سر جایشان رفت." if count else "هنوز سفارشی برایشان نیامده است."
        await self._parts.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/parked"})

    async def messages(self, request: web.Request) -> web.Response:
        """Texts that are stuck or did not arrive, state by state."""
        csv = request.query.get("as") == "csv"
        asked = request.query.get("state", "")
        states = [MessageState(asked)] if asked in NEEDING else list(NEEDING)
        everywhere = self._parts.reader.everywhere
        sets = [(keys, keys.messages(state)) for keys in everywhere for state in states]
        size = paging.CSV_SIZE if csv else paging.SIZE
        page = await self._parts.reader.page(sets, after=paging.after(request), size=size)
        places = {member: keys.partition for keys, member in page.members}
        found = await self._parts.reader.messages(page.members)
        if csv:
            head = ("زمان", "وضعیت", "متن", "به", "سفارش", "دلیل", "هزینه (ریال)")
            return paging.as_csv("messages", head, [self._row(one) for one in found])
        pipeline = self._parts.redis.pipeline(transaction=False)
        for state in NEEDING:
            for keys in everywhere:
                pipeline.zcard(keys.messages(state))
        counts = await pipeline.execute()
        width = len(everywhere)
        return await self._render.page(
            request,
            "messages.html",
            rows=[(one, places[one.message.id], message_reason(one), parts_of(one.message.text)) for one in found],
            counts=[(state, sum(counts[at * width : (at + 1) * width])) for at, state in enumerate(NEEDING)],
            asked=asked,
            what_to_do=_WHAT_TO_DO,
            retryable=RETRYABLE,
            end=page.end,
        )

    async def send_again(self, request: web.Request) -> web.Response:
        """Put one text into the outbox once more."""
        partition = request.match_info["partition"]
        if not (partition.isascii() and partition.isdigit() and int(partition) < self._parts.reader.partitions):
            raise Missing("این پیامک پیدا نشد.")
        keys = Keys(int(partition))
        found = await self._parts.reader.messages([(keys, request.match_info["id"])])
        if not found:
            raise Missing("این پیامک پیدا نشد.")
        await again(self._parts, keys, found[0])
        await self._parts.sessions.tell(request[SESSION], "پیامک دوباره در صف ارسال است.")
        return web.Response(status=303, headers={"Location": "/console/messages"})

    def _row(self, stored: StoredMessage) -> tuple[object, ...]:
        message = stored.message
        return (
            self._written(message.created_at.timestamp() * 1000),
            words.MESSAGE_STATES[stored.state],
            words.template(message.template),
            message.to,
            message.order_id,
            message_reason(stored),
            stored.cost,
        )

    def _written(self, at: float) -> str:
        return f"{jalali.date(moment(int(at)))} {jalali.time_of(moment(int(at)))}"


def _readable(raws: list[bytes]) -> list[Event]:
    events = []
    for raw in raws:
        try:
            events.append(decode(raw, Event))
        except StoreError:
            continue
    return events


def _cells(order: Order) -> tuple[object, ...]:
    details = order.details
    return order.id, persian.tidy(details.name or ""), details.phone, details.amount, details.reference
