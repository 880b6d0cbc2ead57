"""«تماس‌های من»: the list, the card of a call, what came of it, and taking that back."""

from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from aiohttp import web

from notifier.console import call_cards, csv_export, delivery_time, labels, rows, time_slots
from notifier.console import scope as scopes
from notifier.console import worklist as boards
from notifier.console.customer import customer
from notifier.console.dependencies import Dependencies
from notifier.console.dialler import extension_of
from notifier.console.flashes import UndoForm
from notifier.console.refusals import AlreadyTaken, Forbidden, Missing, PageRefusal
from notifier.console.render import Renderer, moment
from notifier.console.security import FORM, NOT_YOURS, SESSION, STAFF
from notifier.domain import jalali
from notifier.domain.calls import Call, CallState, HistoryEntry
from notifier.domain.orders import Order
from notifier.intake.agreeing import SlotRefused
from notifier.store.reading import StoredCall
from notifier.store.records import ms
from notifier.store.staff import Role, Staff
from scheduler import undoable
from scheduler.book import CallHeld, StaleCall, UnknownCall
from scheduler.outcomes import Report, Satisfaction, UnclearReport
from scheduler.rules import Consequence, Outcome
from scheduler.undoing import NothingToUndo, Undone

T = TypeVar("T")

_NOTE = 2000  # characters
_PRINTED = 50  # calls: more than anybody makes in a day


class _Unfit(Exception):
    """A form that cannot be followed as it is; the card is shown again, with the sentence and what was typed."""

    def __init__(self, said: str, *, status: int = 422, meanwhile: bool = False) -> None:
        super().__init__(said)
        self.said, self.status, self.meanwhile = said, status, meanwhile


class Calls:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.mine),
            web.get("/calls", self.list_fragment),
            web.get("/calls/print", self.printed),
            web.get("/calls/{id}", self.one),
            web.get("/calls/{id}/card", self.card_fragment),
            web.post("/calls/{id}/claim", self.claim),
            web.post("/calls/{id}/outcome", self.outcome),
            web.post("/calls/{id}/undo", self.undo),
        ]

    async def mine(self, request: web.Request) -> web.StreamResponse:
        """The list, with the card of the call to make now beside it."""
        if csv_export.wanted(request):
            columns = rows.call(await self._names())
            return await csv_export.sheet(request, self._deps, "calls", columns, self._all(request[STAFF]))
        board = await boards.board(self._deps, request[STAFF])
        stored = await self._deps.reader.call(board.first.id) if board.first else None
        card = await call_cards.card(self._deps, stored.call, request[STAFF].id) if stored else None
        return await self._shown(request, board, card, chosen=False)

    async def _all(self, me: Staff) -> AsyncIterator[Call]:
        """One's own calls, then those that nobody has."""
        everywhere = self._deps.reader.everywhere
        own = [(at, at.assigned(me.id)) for at in everywhere]
        async for call in rows.calls(self._deps, csv_export.oldest(self._deps, own)):
            yield call
        due = [(at, at.calls(CallState.DUE)) for at in everywhere]
        async for call in rows.calls(self._deps, csv_export.oldest(self._deps, due)):
            if call.assignee is None and me.serves(call.sources):
                yield call

    async def list_fragment(self, request: web.Request) -> web.Response:
        """The list alone, for a page that is open already."""
        board = await boards.board(self._deps, request[STAFF])
        text = self._render.fragment(
            "calls_list.html", board=board, chosen_id=request.query.get("chosen", ""), me=request[STAFF],
            pool_shown=boards.POOL_SHOWN, now_ms=self._deps.now(),
            csrf=request[SESSION].csrf,
        )  # fmt: skip
        return web.Response(text=text, content_type="text/html")

    async def card_fragment(self, request: web.Request) -> web.Response:
        """The card alone, with what others did since a page showed it at the version ``v``."""
        call, me = (await self._theirs(request)).call, request[STAFF].id
        seen, meanwhile = call_cards.lines_seen(request.query), ""
        if seen is not None and (entry := _done_by_another(call, seen, me)):
            meanwhile = await call_cards.said_of(self._deps, entry, me)
        card = await call_cards.card(self._deps, call, me, meanwhile=meanwhile)
        known = await customer(self._deps, call.phone, card.orders, scopes.of(request[STAFF]), but_call=call.id)
        text = self._render.fragment(
            "call_card.html",
            card=card,
            known=known,
            picker=self._picker(),
            names=await self._names(),
            csrf=request[SESSION].csrf,
            extension=extension_of(self._deps, request[STAFF]),
            is_supervisor=request[STAFF].role is Role.SUPERVISOR,
        )
        return web.Response(text=text, content_type="text/html")

    async def printed(self, request: web.Request) -> web.Response:
        """A day's list on paper."""
        board = await boards.board(self._deps, request[STAFF])
        calls = [*board.late, *board.now, *board.following]
        cards = await call_cards.cards(self._deps, calls[:_PRINTED], request[STAFF].id)
        return await self._render.page(request, "calls_print.html", cards=cards)

    async def one(self, request: web.Request) -> web.Response:
        """One call, beside the list."""
        stored = await self._theirs(request)
        board = await boards.board(self._deps, request[STAFF])
        card = await call_cards.card(self._deps, stored.call, request[STAFF].id)
        return await self._shown(request, board, card, chosen=True)

    async def claim(self, request: web.Request) -> web.Response:
        """Take a call; the second who tries is told who has it."""
        call_id, form, me = (await self._theirs(request)).call.id, request[FORM], request[STAFF]
        try:
            seen = call_cards.lines_seen(form)
            await self._followed(self._deps.calling.book.claim(call_id, me.id, seen=seen), call_id, me.id)
        except _Unfit as unfit:
            return await self._again(request, call_id, unfit)
        return _to(f"/console/calls/{call_id}")

    async def outcome(self, request: web.Request) -> web.Response:
        """What came of a call; then on to the next."""
        call_id, form, me = (await self._theirs(request)).call.id, request[FORM], request[STAFF]
        try:
            return await self._outcome(request, call_id)
        except StaleCall as stale:
            if stale.entry.by == me.id and _is_this(form, stale.entry.what, stale.entry.note):
                return _to("/console/")  # it was sent twice, and is recorded once
            said = await call_cards.said_of(self._deps, stale.entry, me.id)
            over = "" if (await self._found(call_id)).call.is_open else "این تماس به پایان رسیده است. "
            return await self._again(request, call_id, _Unfit(over + said, status=409, meanwhile=True))
        except _Unfit as unfit:
            return await self._again(request, call_id, unfit)

    async def _outcome(self, request: web.Request, call_id: str) -> web.Response:
        form, me, calling = request[FORM], request[STAFF], self._deps.calling
        note, now, seen = _note(form), self._deps.clock.now(), call_cards.lines_seen(form)
        anyone = form.get("whose") == "anyone"
        if form.get("kind") == "snooze" and ("quick" in form or form.get("outcome") == Outcome.CALLBACK):
            at = _time(form, now)
            snooze = calling.book.snooze(call_id, me.id, at.astimezone(UTC), note, seen=seen, anyone=anyone)
            stored = await self._followed(snooze, call_id, me.id, stale=True)
            return await self._on(request, stored.call, f"به {self._render.when(at)} رفت.")
        report = self._report(form, me.id, note)
        if self._is_to_be_asked(report, form):
            return await self._asked(request, call_id, report)
        order, report = await self._with_a_time(call_id, form, report)
        try:
            reporting = calling.reporting.report(call_id, report, seen=seen)
            stored = await self._followed(reporting, call_id, me.id, stale=True)
        except Exception:
            if order is not None and report.agreed is not None:
                await self._deps.agreeing.give_back(order)
            raise
        self._deps.wake()
        return await self._on(request, stored.call, self._what_follows(report, stored.call))

    async def _with_a_time(self, call_id: str, form: dict[str, str], report: Report) -> tuple[Order | None, Report]:
        """The report with the news of the time of delivery that was agreed upon, and its order; a place is kept."""
        if report.outcome is not Outcome.REACHED or not form.get("delivery"):
            return None, report
        try:
            agreed, freely = delivery_time.chosen(form)
        except PageRefusal as refused:
            raise _Unfit(refused.text) from None
        call, about = (await self._found(call_id)).call, form.get("delivery_order", "")
        if agreed is None or about not in {f"{one.source}:{one.order_id}" for one in call.reasons}:
            raise _Unfit("این تماس دربارهٔ آن سفارش نیست؛ زمان تحویل را در صفحهٔ سفارش ثبت کنید.")
        source, _, order_id = about.partition(":")
        if (order := await self._deps.reader.order(source, order_id)) is None:
            raise _gone()
        try:
            event = await self._deps.agreeing.prepare(
                order, agreed, by=report.by, seen=form.get("delivery_seen"), freely=freely
            )
        except SlotRefused as refusal:
            raise _Unfit(f"ثبت نشد: {labels.SLOT_REFUSALS[refusal.why]}") from None
        return order, replace(report, agreed=event, agreed_before=str(order.delivery or ""))

    def _report(self, form: dict[str, str], by: str, note: str) -> Report:
        given = Outcome.CALLBACK if "quick" in form else form.get("outcome", "")
        if given not in frozenset(Outcome):
            raise _Unfit("یکی از نتیجه‌های تماس را انتخاب کنید.")
        outcome, anyone = Outcome(given), form.get("whose") == "anyone"
        at = ms(_time(form, self._deps.clock.now())) if outcome is Outcome.CALLBACK else None
        said = form.get("satisfaction", "") if outcome is Outcome.REACHED else ""
        return Report(
            by=by,
            outcome=outcome,
            note=note,
            at=at,
            anyone=anyone and outcome is Outcome.CALLBACK,
            satisfaction=Satisfaction(said) if said in frozenset(Satisfaction) else None,
        )

    def _is_to_be_asked(self, report: Report, form: dict[str, str]) -> bool:
        """Whether it keeps the customer from being called ever again, and nobody said yet that this is meant."""
        then = self._deps.calling.book.rules.outcome(report.outcome).then
        return then is Consequence.DO_NOT_CALL and form.get("sure") != "yes"

    async def _asked(self, request: web.Request, call_id: str, report: Report) -> web.Response:
        call = (await self._found(call_id)).call
        return await self._render.page(
            request,
            "do_not_call.html",
            call=call,
            note=report.note,
            outcome=report.outcome,
            version=request[FORM].get("v", call_cards.version_of(call)),
        )

    async def undo(self, request: web.Request) -> web.Response:
        """Take back what was done to a call last; its card is next, with the note that was typed."""
        call_id, form, me = request.match_info["id"], request[FORM], request[STAFF]
        try:
            undone = await self._deps.calling.undoing.undo(call_id, me, lines=call_cards.lines_seen(form))
        except UnknownCall:
            raise _gone() from None
        except NothingToUndo:
            raise AlreadyTaken(
                "این نتیجه را دیگر نمی‌شود پس گرفت: سفارش پس از آن پیش رفته است. "
                "اگر لازم است تماس تازه‌ای برنامه‌ریزی کنید."
            ) from None
        except StaleCall as stale:
            if stale.entry.by == me.id and stale.entry.what == "undone":
                return _to(f"/console/calls/{call_id}")
            words = await call_cards.said_of(self._deps, stale.entry, me.id)
            return await self._again(request, call_id, _Unfit(words, status=409, meanwhile=True))
        await self._deps.calling.reporting.tell_orders(undone.keys)
        self._deps.wake()
        said, warns = _undone(undone)
        await self._deps.sessions.tell(request[SESSION], said, warns=warns)
        return _to(f"/console/calls/{undone.call.id}")

    def _what_follows(self, report: Report, call: Call) -> str:
        said = f"ثبت شد: {_OUTCOME[report.outcome]}."
        if report.agreed is not None:
            said += f" زمان تحویل: {delivery_time.in_words(report.agreed.details.delivery)}."
        if call.state is CallState.SCHEDULED:
            return f"{said} تماس بعدی {self._render.when(call.due)}."
        if call.state is CallState.EXHAUSTED and report.outcome is not Outcome.WRONG_NUMBER:
            return f"{said} دیگر تلاش نمی‌شود و به مشتری پیامک می‌رود که تماس گرفته‌ایم."
        if report.outcome is Outcome.WRONG_NUMBER:
            return f"{said} به سرپرست خبر داده می‌شود."
        return said

    async def _on(self, request: web.Request, call: Call, told: str) -> web.Response:
        undo = UndoForm(f"/console/calls/{call.id}/undo", {"v": call_cards.version_of(call)}) if call.undo else None
        await self._deps.sessions.tell(request[SESSION], told, undo=undo, about=call.id)
        return _to("/console/")

    async def _again(self, request: web.Request, call_id: str, unfit: _Unfit) -> web.Response:
        """The card as it is now, with what was typed and why it was not followed."""
        stored, note = await self._found(call_id), _note(request[FORM])
        words = {"meanwhile" if unfit.meanwhile else "wrong": unfit.said}
        card = await call_cards.card(self._deps, stored.call, request[STAFF].id, note=note, **words)
        board = await boards.board(self._deps, request[STAFF])
        return await self._shown(request, board, card, chosen=True, status=unfit.status)

    async def _shown(
        self,
        request: web.Request,
        board: boards.Board,
        card: call_cards.Card | None,
        *,
        chosen: bool,
        status: int = 200,
    ) -> web.Response:
        known = None
        if card:
            call, scope = card.call, scopes.of(request[STAFF])
            known = await customer(self._deps, call.phone, card.orders, scope, but_call=call.id)
        return await self._render.page(
            request,
            "calls.html",
            status=status,
            board=board,
            card=card,
            known=known,
            chosen=chosen,
            chosen_id=card.call.id if card else "",
            picker=self._picker(),
            pool_shown=boards.POOL_SHOWN,
            now_ms=self._deps.now(),
            names=await self._names(),
            extension=extension_of(self._deps, request[STAFF]),
        )

    def _picker(self) -> time_slots.TimeSlots:
        return time_slots.time_slots(self._deps.clock.now(), self._deps.calling.book.calendar)

    async def _theirs(self, request: web.Request) -> StoredCall:
        """The call that an address names. Raises Forbidden where it is of a shop whose customers others call."""
        stored, me = await self._found(request.match_info["id"]), request[STAFF]
        if not me.may_make(stored.call):
            raise Forbidden(NOT_YOURS)
        return stored

    async def _found(self, call_id: str) -> StoredCall:
        stored = await self._deps.reader.call(call_id)
        if stored is None:
            raise _gone()
        return stored

    async def _names(self) -> dict[str, str]:
        return {one.id: one.name for one in await self._deps.calling.staff.all()}

    async def _followed(self, change: Awaitable[T], call_id: str, me: str, *, stale: bool = False) -> T:
        """``stale``: whoever asks wants to look at a StaleCall themselves."""
        try:
            return await change
        except UnknownCall:
            raise _gone() from None
        except UnclearReport:
            raise _Unfit("زمان تماس بعدی را انتخاب کنید.") from None
        except StaleCall as error:
            if stale:
                raise
            raise _Unfit(await call_cards.said_of(self._deps, error.entry, me), status=409, meanwhile=True) from None
        except CallHeld:
            call = (await self._found(call_id)).call
            if call.is_open:
                name, until = await self._name(call), jalali.time_of(moment(call.claimed_until))
                said = f"{name} این تماس را برداشته و تا {until} در دست دارد."
            else:
                act = call_cards.last_act(call)
                if stale and act is not None:
                    raise StaleCall(act) from None
                said = "این تماس پیش از شما به پایان رسیده است؛ سراغ تماس بعدی بروید."
            raise _Unfit(said, status=409, meanwhile=True) from None

    async def _name(self, call: Call) -> str:
        return await call_cards.name_of(self._deps, call.assignee or "")


_OUTCOME = {
    Outcome.REACHED: "صحبت شد",
    Outcome.NO_ANSWER: "پاسخ نداد",
    Outcome.BUSY: "مشغول بود",
    Outcome.CALLBACK: "مشتری وقت دیگری خواست",
    Outcome.WRONG_NUMBER: "شماره اشتباه است",
    Outcome.REFUSED: "مشتری تماس نمی‌خواهد",
}


def _note(form: dict[str, str]) -> str:
    return form.get("note", "").strip()[:_NOTE]


def _time(form: dict[str, str], now: datetime) -> datetime:
    try:
        return time_slots.chosen(form, now)
    except PageRefusal as refused:
        raise _Unfit(refused.text) from None


def _is_this(form: dict[str, str], what: str, note: str) -> bool:
    """Whether a form reports what stands in the history already: it was sent once more, for its answer was lost."""
    wanted = (
        "snoozed"
        if form.get("kind") == "snooze" and ("quick" in form or form.get("outcome") == "callback")
        else (Outcome.CALLBACK if "quick" in form else form.get("outcome", ""))
    )
    return what == wanted and note == _note(form) and "v" in form


def _done_by_another(call: Call, seen: int, me: str) -> HistoryEntry | None:
    """The latest that somebody else did since a page was shown."""
    entry = undoable.done_since(call, seen, but_claims_of=me)
    return entry if entry and entry.by != me else None


def _undone(undone: Undone) -> tuple[str, bool]:
    """What is told of it, and whether something had gone out that nobody can take back."""
    what = labels.entry(undone.act.outcome or "snoozed")
    said = [f"«{what}» پس گرفته شد و تماس مانند پیش است."]
    gone = []
    if undone.sent:
        gone.append("پیامک «تماس گرفتیم و پاسخ ندادید» پیش از این برای مشتری رفته است.")
    if undone.told_supervisors:
        gone.append("به سرپرست پیش از این خبر داده شده است.")
    if undone.told_shop:
        gone.append("به سامانهٔ فروشگاه پیش از این خبر داده شده است.")
    return " ".join(said + gone), bool(gone)


def _gone() -> Missing:
    return Missing("این تماس پیدا نشد؛ شاید پاک شده باشد.")


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
