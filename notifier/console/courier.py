"""The courier's list: what is to be delivered on a day, on a phone, on paper, as CSV and for a calendar."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from notifier.console import csv_export, door_ticks, labels, spans
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.door_ticks import REASONS, TickKind
from notifier.console.refusals import Forbidden, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SCRIPT, SESSION, STAFF
from notifier.domain import jalali, money, persian
from notifier.domain.door import (
    DoorState,
    by_courier,
    door_state,
    money_words,
    place_of,
    slot_words,
    to_collect,
)
from notifier.domain.orders import Order, Priority
from notifier.store import audit, door_list
from notifier.store.audit import Act
from notifier.store.records import ms
from notifier.store.staff import Role, Staff
from scheduler.delivery_feed import delivery_feed

_ON_THE_WAY = timedelta(days=7)
"""For how long something that left is looked for by the courier when nobody says what became of it."""

_FARTHEST = timedelta(days=400)
_NOTES = 3  # of calls, beside what the customer wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One order of the list, as whoever brings it needs it."""

    order: Order
    tick: str  # the id of a tick that is sent without a script
    state: DoorState
    slot: str
    place: str
    goods: Sequence[str]
    pay: str
    rial: int | None
    notes: Sequence[str]

    @property
    def is_first(self) -> bool:
        return self.order.priority is Priority.HIGH

    @property
    def is_open(self) -> bool:
        return self.state not in (DoorState.DELIVERED, DoorState.STOPPED)


_COLUMNS: Columns[Stop] = (
    Column("زمان تحویل", lambda one: one.slot or "بدون زمان تحویل"),
    Column("اولویت", lambda one: "اولویت" if one.is_first else ""),
    Column("سفارش", lambda one: one.order.number),
    Column("مشتری", lambda one: persian.tidy(one.order.details.name or "")),
    Column("تلفن", lambda one: one.order.details.phone),
    Column("نشانی", lambda one: one.place),
    Column("کالا", lambda one: "، ".join(one.goods)),
    Column("دریافت (تومان)", lambda one: money.in_toman(one.rial)),
    Column("پرداخت", lambda one: one.pay),
    Column("یادداشت", lambda one: " / ".join(one.notes)),
    Column("وضعیت", lambda one: labels.DOOR_STATES[one.state]),
)


class CourierPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/courier", self.show),
            web.post("/courier/ticks", self.tick),
            web.get("/courier/print", self.printed),
            web.get("/courier/{date}", self.show),
            web.get("/courier/{date}/print", self.printed),
            web.get("/courier/{date}/calendar.ics", self.calendar),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The list of a day, today's where none is named."""
        day = self._day(request)
        agreed, others, more = await self._stops(day, request[STAFF])
        if csv_export.wanted(request):
            if request[STAFF].role is Role.COURIER:
                raise Forbidden("پیک فهرست امروز را روی همین صفحه دارد؛ فایل آن را سرپرست می‌گیرد.")
            return await csv_export.sheet(request, self._deps, "courier", _COLUMNS, [*agreed, *others])
        return await self._page(request, "courier.html", day, agreed, others, more)

    async def printed(self, request: web.Request) -> web.Response:
        """The list on paper."""
        day = self._day(request)
        return await self._page(request, "courier_print.html", day, *await self._stops(day, request[STAFF]))

    async def calendar(self, request: web.Request) -> web.Response:
        """The agreed times of a day for a calendar."""
        day, me = self._day(request), request[STAFF]
        orders = [one for one in (await door_list.read(self._deps.reader, day)).agreed if me.serves((one.source,))]
        await audit.write(self._deps.redis, self._deps.entry(Act.EXPORTED, me.id, about=f"/courier/{day}/calendar.ics"))
        config, now = self._deps.config.shop, self._deps.clock.now()
        body = delivery_feed(orders, day, now=now, zone=config.zone, shop=self._deps.shop_name)
        headers = {"Content-Disposition": f'attachment; filename="deliveries-{day}.ics"'}
        return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)

    async def tick(self, request: web.Request) -> web.Response:
        """What happened at a door. A script is answered in JSON, a form with the list."""
        form, by_script = request[FORM], SCRIPT in request.headers
        try:
            tick = door_ticks.read_tick(form, self._deps.clock.now())
            answer = await door_ticks.take(self._deps, tick, request[STAFF])
        except PageRefusal as refused:
            if not by_script:
                raise
            return web.json_response({"taken": False, "says": refused.text}, status=refused.status)
        if by_script:
            words = labels.DOOR_STATES[answer.state]
            said = {"taken": True, "new": answer.is_new, "says": answer.says, "state": answer.state, "words": words}
            return web.json_response(said)
        told = f"سفارش {persian.order_number(tick.order_id)}: {labels.TICKS[tick.kind]}. {answer.says}"
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/courier"})

    async def _page(
        self, request: web.Request, name: str, day: date, agreed: Sequence[Stop], others: Sequence[Stop], more: int
    ) -> web.Response:
        today = self._today()
        every = [*agreed, *others]
        return await self._render.page(
            request,
            name,
            day=day,
            today=today,
            title="امروز" if day == today else "فردا" if day == today + timedelta(days=1) else jalali.weekday_date(day),
            day_words=jalali.weekday_date(day),
            days=[(one, jalali.weekday_date(one)) for one in (day - timedelta(days=1), day + timedelta(days=1))],
            agreed=agreed,
            others=others,
            more=more,
            left=sum(stop.is_open for stop in every),
            cash=sum(stop.rial or 0 for stop in every if stop.is_open),
            reasons=REASONS,
            kinds=TickKind,
            ticking=day == today,
        )

    async def _stops(self, day: date, staff: Staff) -> tuple[list[Stop], list[Stop], int]:
        """Both sections, of the shops of one of the staff. What left without an agreed time stands on today's alone."""
        since = ms(self._deps.clock.now() - _ON_THE_WAY) if day == self._today() else None
        found = await door_list.read(self._deps.reader, day, since=since)
        mine = [order for order in found.agreed if staff.serves((order.source,))]
        others = [order for order in found.others if staff.serves((order.source,)) and self._is_ours(order)]
        notes = await door_list.notes(self._deps.reader, [*mine, *others])
        agreed = [_stop(one, notes.get((one.source, one.id), ())) for one in mine]
        return agreed, [_stop(one, notes.get((one.source, one.id), ())) for one in others], found.more

    def _is_ours(self, order: Order) -> bool:
        """Whether a courier of the shop has it: what has a carrier's code is theirs in the shop's own cities only."""
        regions = self._deps.rulebook().policy.regions
        return by_courier(order) or regions.region(order.details.city) != regions.default

    def _day(self, request: web.Request) -> date:
        """The day that an address names. Raises Missing, and Forbidden for a courier where it is not today."""
        today, given = self._today(), request.match_info.get("date")
        if given is None:
            return today
        try:
            day = spans.day(given)
        except PageRefusal:
            raise Missing("چنین روزی نیست؛ نشانی را مانند 2026-12-01 بنویسید.") from None
        if abs(day - today) > _FARTHEST:
            raise Missing("این روز دورتر از آن است که فهرستی داشته باشد.")
        if request[STAFF].role is Role.COURIER and day != today:
            raise Forbidden("حساب پیک فقط فهرست تحویل امروز را می‌بیند.")
        return day

    def _today(self) -> date:
        return self._deps.clock.now().astimezone(self._deps.config.shop.zone).date()


def _stop(order: Order, noted: Iterable[str]) -> Stop:
    details = order.details
    written = [details.note] if details.note else []
    goods = [
        f"{persian.tidy(item.name)} × {persian.digits(item.quantity)}" if item.quantity > 1 else persian.tidy(item.name)
        for item in details.items or ()
    ]
    if (unnamed := details.count - len(goods)) > 0:
        goods.append(f"و {persian.digits(unnamed)} قلم دیگر")
    return Stop(
        order=order,
        tick=secrets.token_hex(16),
        state=door_state(order),
        slot=slot_words(order.delivery) if order.delivery else "",
        place=place_of(order),
        goods=goods,
        pay=money_words(order),
        rial=to_collect(order),
        notes=[persian.tidy(note) for note in [*written, *list(noted)[:_NOTES]]],
    )
