"""The supervisor's desk: who is there, what they have to do, and moving calls to somebody else or another time."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from aiohttp import web
from msgspec.json import decode as decode_json

from notifier.console import csv_export, rows, time_slots
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, posted, require_supervisor
from notifier.domain import persian
from notifier.domain.calls import Call, CallState
from notifier.store import audit
from notifier.store import keys as names
from notifier.store.audit import Act
from notifier.store.keys import Keys
from notifier.store.staff import Absence, Staff
from scheduler.planning import by_urgency

_ALERTS = 8
_POOL = ""
_EVENLY = "="
_LOOKED_AT, _LEAST = 1000, 20  # due calls, of all of the staff together; of one of them in one partition
_SHOWN = 100  # calls that can be chosen one by one
_LONGEST_ID = 200  # characters of a call's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One of the staff at this moment. ``load`` are all open calls, ``due`` those to be made now; ``late_at_least``
    says that more of them may be late."""

    staff: Staff
    here: bool
    absence: Absence | None
    load: int
    due: int
    late: int
    late_at_least: bool


class SupervisorDesk:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk", self.show), web.post("/desk/move", self.move), web.post("/desk/snooze", self.put_off)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Everybody's load, the calls that nobody has, and what supervisors were alerted of."""
        require_supervisor(request)
        if csv_export.wanted(request):
            columns = rows.call({one.id: one.name for one in await self._deps.calling.staff.all()})
            return await csv_export.sheet(request, self._deps, "calls", columns, self._open_calls(request[STAFF]))
        seats, pool = await self._seats(await self._deps.calling.staff.callers())
        if request[STAFF].sources:
            pool = await self._in_pool(request[STAFF])
        asked = request.query.get("who", "")[:64]
        raw: Any = await self._deps.redis.lrange(names.ALERTS, 0, _ALERTS - 1)
        shown = await self._shown(asked, request[STAFF])
        total = next((seat.load for seat in seats if seat.staff.id == asked), 0) if asked else pool
        return await self._render.page(
            request,
            "desk.html",
            seats=sorted(seats, key=lambda seat: (not seat.here, -seat.late, seat.staff.id)),
            pool=pool,
            asked=asked,
            calls=shown,
            total=max(total, len(shown)),
            picker=time_slots.time_slots(self._deps.clock.now(), self._deps.calling.book.calendar),
            alerts=[decode_json(alert) for alert in raw],
            now_ms=self._deps.now(),
        )

    async def move(self, request: web.Request) -> web.Response:
        """Hand calls to somebody else, to all, or evenly to those who are there."""
        require_supervisor(request)
        form, me, handing = request[FORM], request[STAFF], self._deps.calling.handing
        target, asked = form.get("to", "-"), form.get("who", "")
        receiver = await self._deps.calling.staff.get(target) if target not in (_POOL, _EVENLY) else None
        if target not in (_POOL, _EVENLY) and not (receiver and receiver.makes_calls):
            raise PageRefusal("به چه کسی سپرده شود؟ یکی از همکاران را انتخاب کنید.")
        if receiver and receiver.absence(self._deps.now()):
            raise PageRefusal(f"{persian.tidy(receiver.name)} اکنون نیست؛ همکار دیگری را انتخاب کنید.")
        places = await self._chosen(request)
        if target == _EVENLY:
            count = await handing.divided(places, me.id, but=asked or None)
            if count is None:
                raise PageRefusal("همکار دیگری نیست که تماس‌ها میانشان تقسیم شود؛ به یک نفر بسپارید.")
            told = f"{persian.number(count)} تماس به‌طور مساوی میان همکاران تقسیم شد."
        else:
            count = await handing.hand(places, [receiver.id if receiver else None], me.id)
            name = persian.tidy(receiver.name) if receiver else "تماس‌های بدون مسئول"
            told = f"{persian.number(count)} تماس به {name} رفت."
        return await self._back(request, Act.CALLS_HANDED, told, len(places) - count)

    async def put_off(self, request: web.Request) -> web.Response:
        """Put calls off to a time, whoever has them."""
        require_supervisor(request)
        at = time_slots.chosen(request[FORM], self._deps.clock.now())
        places = await self._chosen(request)
        count = await self._deps.calling.handing.snooze(places, at.astimezone(UTC), request[STAFF].id)
        told = f"{persian.number(count)} تماس به {self._render.when(at)} رفت."
        return await self._back(request, Act.CALLS_PUT_OFF, told, len(places) - count)

    async def _chosen(self, request: web.Request) -> list[tuple[Keys, str]]:
        """The calls that a form names one by one, or all of somebody's. Raises PageRefusal."""
        form, handing = request[FORM], self._deps.calling.handing
        if form.get("all") and form.get("who"):
            return await handing.all_of(form["who"])
        if form.get("all"):
            return await handing.in_the_pool()
        chosen = [str(value)[:_LONGEST_ID] for value in (await posted(request)).getall("call", [])]
        if not chosen:
            raise PageRefusal("هیچ تماسی انتخاب نشده است؛ کنار هر تماس را علامت بزنید.")
        found = await handing.where(chosen)
        if len(found) < len(set(chosen)):
            raise Missing("یکی از تماس‌ها پیدا نشد؛ صفحه را تازه کنید.")
        return found

    async def _back(self, request: web.Request, act: Act, told: str, left: int) -> web.Response:
        if left:
            told += f" {persian.number(left)} تماس همان‌طور ماند: به پایان رسیده یا از پیش همان‌جا بود."
        who = request[FORM].get("who", "")[:64]
        await audit.write(self._deps.redis, self._deps.entry(act, request[STAFF].id, about=who, more=told))
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/desk"})

    async def _seats(self, staff: Sequence[Staff]) -> tuple[list[Seat], int]:
        """Everybody's, and how many due calls nobody has. Counted in one round trip; read are the most urgent, by which
        it is known how many are late at least."""
        now, everywhere = self._deps.now(), self._deps.reader.everywhere
        looked_at = max(_LEAST, _LOOKED_AT // max(1, len(staff) * len(everywhere)))
        pipeline = self._deps.redis.pipeline(transaction=False)
        for keys in everywhere:
            pipeline.zcard(keys.pool)
            for one in staff:
                pipeline.zcard(keys.assigned(one.id))
                pipeline.zcard(keys.ready(one.id))
                pipeline.zrange(keys.ready(one.id), 0, looked_at - 1)
        found = await pipeline.execute()
        width = 1 + 3 * len(staff)
        parts = [found[place * width : (place + 1) * width] for place in range(len(everywhere))]
        members = [
            (keys, member.decode())
            for keys, part in zip(everywhere, parts, strict=True)
            for place in range(len(staff))
            for member in part[3 + 3 * place]
        ]
        calls = await self._deps.reader.deadlines(members)
        late = Counter(call.assignee for call in calls if call.late <= now)
        read = Counter(call.assignee for call in calls)
        seats = []
        for place, one in enumerate(staff):
            load, due = (sum(part[1 + 3 * place + which] for part in parts) for which in (0, 1))
            seats.append(
                Seat(
                    staff=one,
                    here=self._deps.calling.shifts.on(one, now),
                    absence=one.absence(now),
                    load=load,
                    due=due,
                    late=late[one.id],
                    late_at_least=due > read[one.id],
                )
            )
        return seats, sum(part[0] for part in parts)

    async def _shown(self, asked: str, me: Staff) -> list[Call]:
        """The calls of somebody, or of nobody: what is to be made now by urgency, then what comes up."""
        now, everywhere = self._deps.now(), self._deps.reader.everywhere
        pipeline = self._deps.redis.pipeline(transaction=False)
        for keys in everywhere:
            pipeline.zrange(keys.ready(asked) if asked else keys.pool, 0, _SHOWN - 1)
            if asked:
                pipeline.zrange(keys.assigned(asked), 0, 2 * _SHOWN - 1)
        found = await pipeline.execute()
        width = len(found) // len(everywhere)
        members = {
            member.decode(): keys
            for place, keys in enumerate(everywhere)
            for part in found[place * width : (place + 1) * width]
            for member in part
        }
        read = [stored.call for stored in await self._deps.reader.calls([(at, one) for one, at in members.items()])]
        calls = [call for call in read if call.is_open and call.assignee == (asked or None) and me.may_make(call)]
        ready = by_urgency(
            (call for call in calls if call.state is not CallState.SCHEDULED), now, self._deps.calling.book.rules
        )
        coming = sorted((call for call in calls if call.state is CallState.SCHEDULED), key=lambda call: call.due)
        return [*ready, *coming][:_SHOWN]

    async def _in_pool(self, me: Staff) -> int:
        """How many due calls of their shops nobody has."""
        return sum(me.may_make(call) for call in await self._deps.calling.book.pool())

    async def _open_calls(self, me: Staff) -> AsyncIterator[Call]:
        """Every call of their shops that is open, whoever has it."""
        for state in (CallState.CLAIMED, CallState.DUE, CallState.SCHEDULED):
            sets = [(keys, keys.calls(state)) for keys in self._deps.reader.everywhere]
            async for call in rows.calls(self._deps, csv_export.oldest(self._deps, sets)):
                if me.may_make(call):
                    yield call
