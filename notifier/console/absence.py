"""«شیفت و مرخصی»: who works when, who is away, and their calls going to others at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from msgspec.structs import replace

from notifier.console import spans, time_slots
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import FORM, SESSION, STAFF, require_supervisor
from notifier.domain import jalali, persian
from notifier.store.audit import Act
from notifier.store.records import ms
from notifier.store.staff import Absence, Staff
from notifier.store.work import UnitOfWork
from scheduler.calendar import WEEKDAYS

_WEEK = ("saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday")
_MOST = 50  # absences, and special days, of one person
_FARTHEST = timedelta(days=730)
_NOTE = 200  # characters
_PICKED = 9  # weeks of the calendar
_PLACES = tuple(enumerate(WEEKDAYS))

_How = Callable[[Staff], tuple[Staff, str]]
"""Somebody as they are from now on, and what of it is written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """One of the staff as the page shows them at this moment. ``load`` are their open calls."""

    staff: Staff
    here: bool
    absence: Absence | None
    coming: list[Absence]
    today: str
    load: int


class AbsencePages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render, self._staff = deps, render, deps.calling.staff

    def routes(self) -> list[web.RouteDef]:
        place = "/absence/{id}"
        return [
            web.get("/absence", self.everybody),
            web.post("/absence/away", self.own),
            web.get(place, self.one),
            web.post(f"{place}/away", self.away),
            web.post(f"{place}/week", self.week),
            web.post(f"{place}/special", self.special),
            web.post(f"{place}/vacation", self.vacation),
            web.post(f"{place}/remove", self.remove),
        ]

    async def everybody(self, request: web.Request) -> web.Response:
        """Who is there, and who is not until when."""
        staff, now = await self._staff.callers(), self._deps.now()
        pipeline = self._deps.redis.pipeline(transaction=False)
        for one in staff:
            for keys in self._deps.reader.everywhere:
                pipeline.zcard(keys.assigned(one.id))
        counts, width = await pipeline.execute(), len(self._deps.reader.everywhere)
        rows = [
            self._attendance(one, now, sum(counts[place * width : (place + 1) * width]))
            for place, one in enumerate(staff)
        ]
        rows.sort(key=lambda row: (row.staff.id != request[STAFF].id, row.absence is None, row.staff.id))
        return await self._render.page(request, "absence.html", rows=rows)

    async def one(self, request: web.Request) -> web.Response:
        """Somebody's week, special days and vacations, to be changed."""
        require_supervisor(request)
        one, now = await self._found(request), self._deps.clock.now()
        calendar = self._deps.calling.book.calendar
        usual = {name: [_text(shift.start, shift.end) for shift in calendar.week[place]] for place, name in _PLACES}
        shifts = one.shifts or usual
        today = now.astimezone(calendar.zone).date()
        return await self._render.page(
            request,
            "absence_one.html",
            one=one,
            row=self._attendance(one, self._deps.now(), len(await self._deps.calling.handing.all_of(one.id))),
            week=[(name, WEEKDAYS[name], spans.written(shifts.get(name, []))) for name in _WEEK],
            own_week=bool(one.shifts),
            special=[
                (day, jalali.weekday_date(date.fromisoformat(day)), spans.written(hours))
                for day, hours in sorted(one.special.items())
                if day >= today.isoformat()
            ],
            weeks=time_slots.weeks(now, calendar, _PICKED),
            hours=[(f"{hour:02}:00", persian.digits(f"{hour:02}:00")) for hour in range(25)],
        )

    async def own(self, request: web.Request) -> web.Response:
        """Be away now, or back."""
        return await self._gone_or_back(request, request[STAFF], "/console/absence")

    async def away(self, request: web.Request) -> web.Response:
        """Have somebody be away now, or back."""
        require_supervisor(request)
        one = await self._found(request)
        return await self._gone_or_back(request, one, _address(one))

    async def _gone_or_back(self, request: web.Request, one: Staff, address: str) -> web.Response:
        form, now = request[FORM], self._deps.now()
        note = form.get("note", "").strip()[:_NOTE]
        if form.get("do") not in ("away", "back"):
            raise PageRefusal("نیستید یا برگشته‌اید؟ یکی را انتخاب کنید.")
        back = form["do"] == "back"

        def how(before: Staff) -> tuple[Staff, str]:
            if back:
                left = [replace(at, end=now) if at.covers(now) else at for at in before.absences]
                return replace(before, absences=_kept(left, now)), "برگشت"
            if before.absence(now):
                return before, ""
            return replace(before, absences=_kept([*before.absences, Absence(start=now, note=note)], now)), "نیست"

        return await self._changed(request, one, how, Act.ABSENCE_CHANGED, address)

    async def week(self, request: web.Request) -> web.Response:
        """Somebody's own week, or the shop's hours again."""
        require_supervisor(request)
        one, form = await self._found(request), request[FORM]
        found = {name: hours for name in _WEEK if (hours := spans.read(form.get(name, "")))}
        if form.get("do") == "usual":
            found = {}
        elif not found:
            raise PageRefusal("هفتهٔ بی‌ساعت نمی‌شود؛ دست‌کم یک روز ساعت بدهید، یا برای نبودنش مرخصی بنویسید.")

        def how(before: Staff) -> tuple[Staff, str]:
            said = "؛ ".join(f"{WEEKDAYS[day]} {spans.written(hours)}" for day, hours in found.items())
            return replace(before, shifts=found), said or "ساعت فروشگاه"

        return await self._changed(request, one, how, Act.SHIFTS_CHANGED, _address(one))

    async def special(self, request: web.Request) -> web.Response:
        """Other hours on one day; none: a day off."""
        require_supervisor(request)
        one, form = await self._found(request), request[FORM]
        day, hours = self._day(form, "day"), spans.read(form.get("hours", ""))
        if form.get("kind") == "hours" and not hours:
            raise PageRefusal("ساعت‌های آن روز را بنویسید، یا «تعطیل» را انتخاب کنید.")
        if form.get("kind") == "off":
            hours = []

        def how(before: Staff) -> tuple[Staff, str]:
            today = self._today().isoformat()
            special = {at: then for at, then in before.special.items() if at >= today} | {day.isoformat(): hours}
            if len(special) > _MOST:
                raise PageRefusal(f"بیش از {persian.digits(_MOST)} روز ویژه نوشته شده است؛ نخست یکی را بردارید.")
            said = f"{jalali.date(day)}: {spans.written(hours) or 'تعطیل'}"
            return replace(before, special=special), said

        return await self._changed(request, one, how, Act.SHIFTS_CHANGED, _address(one))

    async def vacation(self, request: web.Request) -> web.Response:
        """From the beginning of one day to the end of another, or between two hours."""
        require_supervisor(request)
        one, form, zone = await self._found(request), request[FORM], self._deps.calling.book.calendar.zone
        first = self._day(form, "from")
        last = self._day(form, "to") if form.get("to") or form.get("to_text") else first
        start = _moment(first, form.get("from_hour") or "00:00", zone)
        end = _moment(last, form.get("to_hour") or "24:00", zone)
        if end <= start:
            raise PageRefusal("پایان مرخصی پیش از آغاز آن است؛ روز و ساعت‌ها را دوباره ببینید.")
        if ms(end) <= self._deps.now():
            raise PageRefusal("این مرخصی گذشته است؛ روزی در آینده انتخاب کنید.")
        fresh = Absence(start=ms(start), end=ms(end), note=form.get("note", "").strip()[:_NOTE])

        def how(before: Staff) -> tuple[Staff, str]:
            now = self._deps.now()
            said = f"مرخصی {self._render.when(fresh.start)} تا {self._render.when(fresh.end)}"
            known = [at for at in before.absences if (at.start, at.end) != (fresh.start, fresh.end)]
            return replace(before, absences=_kept([*known, fresh], now)), said

        return await self._changed(request, one, how, Act.ABSENCE_CHANGED, _address(one))

    async def remove(self, request: web.Request) -> web.Response:
        """Take a vacation or a special day back."""
        require_supervisor(request)
        one, form = await self._found(request), request[FORM]
        what, day = form.get("absence", ""), form.get("special", "")

        def how(before: Staff) -> tuple[Staff, str]:
            left = tuple(at for at in before.absences if f"{at.start}-{at.end}" != what)
            special = {at: hours for at, hours in before.special.items() if at != day}
            return replace(before, absences=left, special=special), "برداشته شد"

        act = Act.SHIFTS_CHANGED if day else Act.ABSENCE_CHANGED
        return await self._changed(request, one, how, act, _address(one))

    async def _changed(self, request: web.Request, one: Staff, how: _How, act: Act, address: str) -> web.Response:
        """Write it down; what then falls into an absence goes to others at once."""
        me, calling, said = request[STAFF], self._deps.calling, ""

        def changed(before: Staff, unit: UnitOfWork) -> Staff:
            nonlocal said
            after, said = how(before)
            self._check(after)
            if after != before:
                self._deps.entry(act, me.id, about=one.id, more=said[:300]).keep(unit)
            return after

        after = await self._staff.change(one.id, changed)
        if after is None:
            raise Missing("چنین همکاری نیست.")
        count = await calling.handing.make_way(after, me.id)
        told = f"نوشته شد: {persian.tidy(one.name)}، {said}." if said else "از پیش همین بود."
        if count:
            told += f" {persian.digits(count)} تماس او به دیگران رفت."
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": address})

    def _check(self, one: Staff) -> None:
        try:
            self._deps.calling.shifts.of(one)
        except ValueError:
            raise PageRefusal("دو بازه روی هم می‌افتند؛ یکی را درست کنید یا هر دو را یک بازه بنویسید.") from None

    def _attendance(self, one: Staff, now: int, load: int) -> Attendance:
        shifts, today = self._deps.calling.shifts, self._today()
        calendar = shifts.of(one)
        hours = [_text(shift.start, shift.end) for shift in calendar.shifts_on(today)]
        return Attendance(
            staff=one,
            here=shifts.on(one, now),
            absence=one.absence(now),
            coming=sorted((at for at in one.absences if at.start > now), key=lambda at: at.start),
            today=spans.written(hours),
            load=load,
        )

    def _today(self) -> date:
        return self._deps.clock.now().astimezone(self._deps.calling.book.calendar.zone).date()

    def _day(self, form: dict[str, str], name: str) -> date:
        """The day that a field of the picker names, or what was written beside it."""
        text = form.get(f"{name}_text", "").strip() or form.get(name, "")
        if not text:
            raise PageRefusal("روز را از تقویم انتخاب کنید.")
        found = spans.day(text)
        if not self._today() <= found <= self._today() + _FARTHEST:
            raise PageRefusal("روزی از امروز تا دو سال دیگر انتخاب کنید.")
        return found

    async def _found(self, request: web.Request) -> Staff:
        one = await self._staff.get(request.match_info["id"])
        if one is None or not one.makes_calls:
            raise Missing("چنین همکاری نیست.")
        return one


def _kept(absences: list[Absence], now: int) -> tuple[Absence, ...]:
    """The absences that are not over yet, in order. Raises PageRefusal where they are too many."""
    found = tuple(sorted((at for at in absences if not at.is_over(now)), key=lambda at: (at.start, at.end)))
    if len(found) > _MOST:
        raise PageRefusal(f"بیش از {persian.digits(_MOST)} مرخصی نوشته شده است؛ نخست یکی را بردارید.")
    return found


def _moment(day: date, hour: str, zone: ZoneInfo) -> datetime:
    """Hours as the page offers them; 24:00 is the next midnight. Raises PageRefusal."""
    found = persian.ascii_digits(hour)
    if len(found) != 5 or found[2] != ":" or not (found[:2] + found[3:]).isdecimal():
        raise PageRefusal("ساعت را از فهرست انتخاب کنید.")
    hours, minutes = int(found[:2]), int(found[3:])
    if hours > 24 or minutes > 59 or (hours == 24 and minutes):
        raise PageRefusal("ساعت را از فهرست انتخاب کنید.")
    return datetime.combine(day + timedelta(days=hours // 24), time(hours % 24, minutes), tzinfo=zone)


def _text(start: int, end: int) -> str:
    """A shift in minutes as the configuration writes it."""
    end = end if end <= 24 * 60 else end - 24 * 60
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


def _address(one: Staff) -> str:
    return f"/console/absence/{quote(one.id, safe='')}"
