"""The supervisor's desk: who is there, what they have to do, and moving calls from one to another."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from msgspec.json import decode as decode_json

from notifier.console import csv_export, rows
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, posted, require_supervisor
from notifier.domain import persian
from notifier.domain.calls import Call, CallState, moved
from notifier.store import keys as names
from notifier.store.keys import Keys
from notifier.store.reading import StoredCall
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork
from scheduler.assignment import Shifts
from scheduler.book import UnknownCall
from scheduler.steps import noted

_ALERTS = 8
_POOL = ""
_LOOKED_AT = 300  # due calls of one of the staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One of the staff at this moment. ``load`` are all open calls, ``due`` those to be made now."""

    staff: Staff
    here: bool
    load: int
    due: int
    late: int


class SupervisorDesk:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render
        self._shifts = Shifts(deps.calling.book.calendar)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk", self.show), web.post("/desk/move", self.move)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Everybody's load, the calls that nobody has, and what supervisors were alerted of."""
        require_supervisor(request)
        if csv_export.wanted(request):
            columns = rows.call({one.id: one.name for one in await self._deps.calling.staff.all()})
            return await csv_export.sheet(request, self._deps, "calls", columns, self._open_calls())
        seats = [await self._seat(one) for one in await self._deps.calling.staff.active()]
        pool = await self._deps.calling.book.pool()
        asked = request.query.get("who", "")
        shown = await self._deps.calling.book.assigned_to(asked) if asked else pool
        raw: Any = await self._deps.redis.lrange(names.ALERTS, 0, _ALERTS - 1)
        return await self._render.page(
            request,
            "desk.html",
            seats=sorted(seats, key=lambda seat: (not seat.here, -seat.late, seat.staff.id)),
            pool=pool,
            asked=asked,
            calls=shown[:100],
            more=max(0, len(shown) - 100),
            alerts=[decode_json(alert) for alert in raw],
            now_ms=self._deps.now(),
        )

    async def move(self, request: web.Request) -> web.Response:
        """Hand calls to somebody else, or to all."""
        require_supervisor(request)
        form, me = request[FORM], request[STAFF]
        chosen = [str(value) for value in (await posted(request)).getall("call", [])]
        target = form.get("to", "-")
        receiver = await self._deps.calling.staff.get(target) if target != _POOL else None
        if target != _POOL and not (receiver and receiver.active):
            raise PageRefusal("به چه کسی سپرده شود؟ یکی از همکاران را انتخاب کنید.")
        if not chosen:
            raise PageRefusal("هیچ تماسی انتخاب نشده است؛ کنار هر تماس را علامت بزنید.")
        count = 0
        for call_id in chosen[:100]:
            try:
                await self._deps.calling.book.change(call_id, self._handed(receiver, me.id))
                count += 1
            except UnknownCall:
                raise Missing("یکی از تماس‌ها پیدا نشد.") from None
            except _Over:
                continue
        name = persian.tidy(receiver.name) if receiver else "تماس‌های بدون مسئول"
        await self._deps.sessions.tell(request[SESSION], f"{persian.digits(count)} تماس به {name} رفت.")
        return web.Response(status=303, headers={"Location": "/console/desk"})

    def _handed(self, receiver: Staff | None, by: str) -> Any:
        now, to = self._deps.now(), receiver.id if receiver else None

        def handed(stored: StoredCall, unit: UnitOfWork) -> Call:
            call = stored.call
            if not call.is_open:
                raise _Over
            state = CallState.DUE if call.state is CallState.CLAIMED else call.state
            return moved(
                call,
                state,
                assignee=to,
                claimed_until=0,
                step=max(call.step, 1),
                history=noted(call, now, "moved" if to else "to the pool", by, to=to or ""),
            )

        return handed

    async def _seat(self, staff: Staff) -> Seat:
        """Counted; read are only the calls that are due."""
        now, load = self._deps.now(), 0
        members: list[tuple[Keys, str]] = []
        for keys in self._deps.reader.everywhere:
            own = keys.assigned(staff.id)
            load += int(await self._deps.redis.zcard(own))
            due: Any = await self._deps.redis.zrangebyscore(own, "-inf", now, start=0, num=_LOOKED_AT)
            members += [(keys, member.decode()) for member in due]
        calls = [one.call for one in await self._deps.reader.calls(members)]
        return Seat(
            staff=staff,
            here=self._shifts.on(staff, now),
            load=load,
            due=len(calls),
            late=sum(call.late <= now for call in calls),
        )

    async def _open_calls(self) -> AsyncIterator[Call]:
        """Every call that is open, whoever has it."""
        for state in (CallState.CLAIMED, CallState.DUE, CallState.SCHEDULED):
            sets = [(keys, keys.calls(state)) for keys in self._deps.reader.everywhere]
            async for call in rows.calls(self._deps, csv_export.oldest(self._deps, sets)):
                yield call


class _Over(Exception):
    """The call is over: there is nothing to hand on."""
