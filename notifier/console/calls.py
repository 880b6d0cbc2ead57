"""«تماس‌های من»: the list, the card of a call, and what came of it."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import UTC
from typing import TypeVar

from aiohttp import web

from notifier.console import csv_export, rows, time_slots
from notifier.console import worklist as boards
from notifier.console.customer import customer
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import AlreadyTaken, Missing, PageRefusal
from notifier.console.render import Renderer, moment
from notifier.console.security import FORM, SESSION, STAFF
from notifier.domain import jalali, persian
from notifier.domain.calls import Call, CallState
from notifier.domain.orders import Order
from notifier.store.reading import StoredCall
from notifier.store.records import ms
from scheduler.book import CallHeld, UnknownCall
from scheduler.outcomes import Deposit, Report, Satisfaction, UnclearReport
from scheduler.rules import Outcome

T = TypeVar("T")

_NOTE = 2000  # characters
_PRINTED = 50  # calls: more than anybody makes in a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One call with what its caller should know."""

    call: Call
    orders: list[Order]
    says: list[list[str]]
    holder: str
    held_by_other: bool
    late: bool


class Calls:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.mine),
            web.get("/calls", self.list_fragment),
            web.get("/calls/print", self.printed),
            web.get("/calls/{id}", self.one),
            web.post("/calls/{id}/claim", self.claim),
            web.post("/calls/{id}/outcome", self.outcome),
        ]

    async def mine(self, request: web.Request) -> web.StreamResponse:
        """The list, with the card of the call to make now beside it."""
        if csv_export.wanted(request):
            columns = rows.call(await self._names())
            return await csv_export.sheet(request, self._deps, "calls", columns, self._all(request[STAFF].id))
        board = await boards.board(self._deps, request[STAFF].id)
        stored = await self._deps.reader.call(board.first.id) if board.first else None
        return await self._shown(request, board, stored, chosen=False)

    async def _all(self, me: str) -> AsyncIterator[Call]:
        """One's own calls, then those that nobody has."""
        everywhere = self._deps.reader.everywhere
        own = [(at, at.assigned(me)) for at in everywhere]
        async for call in rows.calls(self._deps, csv_export.oldest(self._deps, own)):
            yield call
        due = [(at, at.calls(CallState.DUE)) for at in everywhere]
        async for call in rows.calls(self._deps, csv_export.oldest(self._deps, due)):
            if call.assignee is None:
                yield call

    async def list_fragment(self, request: web.Request) -> web.Response:
        """The list alone, for a page that is open already."""
        board = await boards.board(self._deps, request[STAFF].id)
        text = self._render.fragment(
            "calls_list.html", board=board, chosen_id=request.query.get("chosen", ""), me=request[STAFF],
            pool_shown=boards.POOL_SHOWN, now_ms=self._deps.now(),
            csrf=request[SESSION].csrf,
        )  # fmt: skip
        return web.Response(text=text, content_type="text/html")

    async def printed(self, request: web.Request) -> web.Response:
        """A day's list on paper."""
        board = await boards.board(self._deps, request[STAFF].id)
        calls = [*board.late, *board.now, *board.following]
        cards = [await self._card(call, request[STAFF].id) for call in calls[:_PRINTED]]
        return await self._render.page(request, "calls_print.html", cards=cards)

    async def one(self, request: web.Request) -> web.Response:
        """One call, beside the list."""
        stored = await self._found(request.match_info["id"])
        board = await boards.board(self._deps, request[STAFF].id)
        return await self._shown(request, board, stored, chosen=True)

    async def claim(self, request: web.Request) -> web.Response:
        """Take a call; the second who tries is told who has it."""
        call_id = request.match_info["id"]
        await self._followed(self._deps.calling.book.claim(call_id, request[STAFF].id), call_id)
        return _to(f"/console/calls/{call_id}")

    async def outcome(self, request: web.Request) -> web.Response:
        """What came of a call; then on to the next."""
        call_id, form, me = request.match_info["id"], request[FORM], request[STAFF]
        note, now = form.get("note", "").strip()[:_NOTE], self._deps.clock.now()
        if form.get("kind") == "snooze" and ("quick" in form or form.get("outcome") == Outcome.CALLBACK):
            at = time_slots.chosen(form, now)
            await self._followed(self._deps.calling.book.snooze(call_id, me.id, at.astimezone(UTC), note), call_id)
            return await self._on(request, f"به {self._render.when(at)} رفت.")
        report = self._report(form, me.id, note)
        stored = await self._followed(self._deps.calling.reporting.report(call_id, report), call_id)
        self._deps.wake()
        return await self._on(request, self._what_follows(report, stored.call))

    def _report(self, form: dict[str, str], by: str, note: str) -> Report:
        given = Outcome.CALLBACK if "quick" in form else form.get("outcome", "")
        if given not in frozenset(Outcome):
            raise PageRefusal("یکی از نتیجه‌های تماس را انتخاب کنید.")
        outcome = Outcome(given)
        at = ms(time_slots.chosen(form, self._deps.clock.now())) if outcome is Outcome.CALLBACK else None
        said = form.get("satisfaction", "") if outcome is Outcome.REACHED else ""
        satisfaction = Satisfaction(said) if said in frozenset(Satisfaction) else None
        return Report(by=by, outcome=outcome, note=note, at=at, satisfaction=satisfaction)

    def _what_follows(self, report: Report, call: Call) -> str:
        said = f"ثبت شد: {_OUTCOME[report.outcome]}."
        if call.state is CallState.SCHEDULED:
            return f"{said} تماس بعدی {self._render.when(call.due)}."
        if call.state is CallState.EXHAUSTED and report.outcome is not Outcome.WRONG_NUMBER:
            return f"{said} دیگر تلاش نمی‌شود و به مشتری پیامک می‌رود که تماس گرفته‌ایم."
        if report.outcome is Outcome.WRONG_NUMBER:
            return f"{said} به سرپرست خبر داده می‌شود."
        return said

    async def _on(self, request: web.Request, told: str) -> web.Response:
        await self._deps.sessions.tell(request[SESSION], told)
        return _to("/console/")

    async def _shown(
        self, request: web.Request, board: boards.Board, stored: StoredCall | None, *, chosen: bool
    ) -> web.Response:
        me = request[STAFF]
        card = await self._card(stored.call, me.id) if stored else None
        known = await customer(self._deps, card.call.phone, card.orders, but_call=card.call.id) if card else None
        return await self._render.page(
            request,
            "calls.html",
            board=board,
            card=card,
            known=known,
            chosen=chosen,
            chosen_id=stored.call.id if stored else "",
            picker=time_slots.time_slots(self._deps.clock.now(), self._deps.calling.book.calendar),
            pool_shown=boards.POOL_SHOWN,
            now_ms=self._deps.now(),
            names=await self._names(),
        )

    async def _card(self, call: Call, me: str) -> Card:
        places = list(dict.fromkeys((one.source, one.order_id) for one in call.reasons if one.order_id))
        found = {place: await self._deps.reader.order(*place) for place in places}
        orders = {place: order for place, order in found.items() if order is not None}
        now = self._deps.clock.now()
        _, *says = self._deps.calling.texts.brief(call, orders, now).split("\n\n") if orders else ("",)
        held = call.state is CallState.CLAIMED and call.assignee != me and call.claimed_until > ms(now)
        holder = await self._name(call.assignee) if call.assignee else ""
        return Card(
            call=call,
            orders=list(orders.values()),
            says=[part.splitlines() for part in says],
            holder=holder,
            held_by_other=held,
            late=call.is_open and call.late <= ms(now),
        )

    async def _found(self, call_id: str) -> StoredCall:
        stored = await self._deps.reader.call(call_id)
        if stored is None:
            raise Missing("این تماس پیدا نشد؛ شاید پاک شده باشد.")
        return stored

    async def _names(self) -> dict[str, str]:
        return {one.id: one.name for one in await self._deps.calling.staff.all()}

    async def _name(self, staff_id: str) -> str:
        staff = await self._deps.calling.staff.get(staff_id)
        return staff.name if staff else staff_id

    async def _followed(self, change: Awaitable[T], call_id: str) -> T:
        try:
            return await change
        except UnknownCall:
            raise Missing("این تماس پیدا نشد؛ شاید پاک شده باشد.") from None
        except UnclearReport:
            raise PageRefusal("زمان تماس بعدی را انتخاب کنید.") from None
        except CallHeld:
            call = (await self._found(call_id)).call
            if not call.is_open:
                raise AlreadyTaken("این تماس پیش از شما به پایان رسیده است؛ سراغ تماس بعدی بروید.") from None
            name, until = await self._name(call.assignee or ""), jalali.time_of(moment(call.claimed_until))
            raise AlreadyTaken(f"{persian.tidy(name)} این تماس را برداشته و تا {until} در دست دارد.") from None


_OUTCOME = {
    Outcome.REACHED: "صحبت شد",
    Outcome.NO_ANSWER: "پاسخ نداد",
    Outcome.BUSY: "مشغول بود",
    Outcome.CALLBACK: "مشتری وقت دیگری خواست",
    Outcome.WRONG_NUMBER: "شماره اشتباه است",
    Outcome.REFUSED: "مشتری تماس نمی‌خواهد",
}


def deposit_report(by: str, *, confirmed: bool, note: str, order_id: str) -> Report:
    """The report of a call that was only about one deposit."""
    deposit = Deposit.CONFIRMED if confirmed else Deposit.REJECTED
    return Report(by=by, outcome=Outcome.REACHED, note=note, deposit=deposit, order_id=order_id)


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
