"""Pages: jinja with autoescape, and the few filters that make numbers and times Persian."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from types import CodeType
from typing import Any

from aiohttp import web
from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket

from notifier.clock import TEHRAN
from notifier.console import delivery_time, labels, menu, passwords
from notifier.console.csv_export import LIMIT
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import PageRefusal
from notifier.console.security import SESSION, STAFF
from notifier.console.tour_pages import anchor_of
from notifier.domain import jalali, money, persian
from notifier.domain.policy import Shop
from notifier.sms import reasons
from notifier.store.staff import Role

_RESTS = 4  # times as long as the work before it

STATIC = Path(str(files("notifier.web").joinpath("static")))


class _Compiled(BytecodeCache):
    """Pages compiled once in a process, however many consoles it starts."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


class Renderer:
    """Renders pages of one console."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._jinja = Environment(
            loader=PackageLoader("notifier.console", "pages"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,  # an upgrade under a running service must not mix its pages with those of the next
            bytecode_cache=_COMPILED,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(
            shop_name=deps.shop_name,
            push_key=deps.push_key,
            dials=deps.dialling is not None,
            accounts=lambda source: _accounts(deps.rulebook().shops.of(source)),
            static=_addresses(),
            words=labels,
            tour_anchor=anchor_of,
            supervisor_role=Role.SUPERVISOR,
            shortest=passwords.SHORTEST,
            sheet_limit=LIMIT,
        )
        self._jinja.filters.update(
            digits=persian.digits,
            number=persian.number,
            toman=money.toman,
            tidy=lambda text: persian.tidy(text or ""),
            phone=spaced_phone,
            clock=lambda at: jalali.time_of(moment(at)),
            date=lambda at: jalali.date(moment(at)),
            weekday=lambda at: jalali.weekday_date(moment(at)),
            when=self.when,
            iso=lambda at: moment(at).isoformat(timespec="seconds"),
            ago=self.ago,
            span=span,
            told=reasons.told,
            delivery_time=delivery_time.in_words,
            order_no=lambda text: persian.digits(text) if text.isdecimal() else text,
        )

    def when(self, at: int | datetime, beside: int | datetime | None = None) -> str:
        """«امروز ۱۰:۱۵», «فردا ۹:۰۰», «دوشنبه ۲ آذر، ۹:۰۰»; «۱۰:۱۵» beside another time of the same day."""
        then, today = moment(at), self._deps.clock.now().astimezone(TEHRAN).date()
        if beside is not None and moment(beside).date() == then.date():
            return jalali.time_of(then)
        day = jalali.day_beside(then, today)
        return f"{day}{'،' if day == jalali.weekday_date(then) else ''} {jalali.time_of(then)}"

    def ago(self, at: int | datetime) -> str:
        """«۱۲ دقیقه», «۲ روز و ۵ ساعت», how long between then and now."""
        minutes = abs(int((self._deps.clock.now() - moment(at)).total_seconds())) // 60
        if minutes < 1:
            return "کمتر از یک دقیقه"
        if minutes < 60:
            return f"{persian.digits(minutes)} دقیقه"
        if minutes < 48 * 60:
            hours, rest = divmod(minutes, 60)
            half = " و نیم" if rest >= 30 and hours < 10 else ""
            return f"{persian.digits(hours)}{half} ساعت" if not half else f"{persian.digits(hours)} ساعت و نیم"
        days, rest = divmod(minutes, 24 * 60)
        more = f" و {persian.digits(rest // 60)} ساعت" if rest >= 60 else ""
        return f"{persian.digits(days)} روز{more}"

    async def compile_all(self) -> None:
        """Make every page ready: compiling one takes as long as many visits. With rests, in which all else is done."""
        for name in self._jinja.list_templates():
            begun = time.perf_counter()
            await asyncio.to_thread(self._jinja.get_template, name)
            await asyncio.sleep(_RESTS * (time.perf_counter() - begun))

    def fragment(self, name: str, **values: Any) -> str:
        return self._jinja.get_template(name).render(**values)

    async def page(
        self,
        request: web.Request,
        name: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> web.Response:
        """A page for whoever is signed in; what was kept to be told is told on it."""
        session, flash = request.get(SESSION), None
        if session and session.flash:
            flash = session.flash
            await self._deps.sessions.told(session)
        waiting: Mapping[str, int] = {}
        if (staff := request.get(STAFF)) is not None:
            waiting = await menu.counts(self._deps, staff) if staff.role is not Role.COURIER else {}
        return self._response(request, name, status, headers, flash=flash, waiting=waiting, **values)

    def refusal(self, request: web.Request, refused: PageRefusal) -> web.Response:
        """A page that says why not."""
        headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else None
        return self._response(request, "refused.html", refused.status, headers, flash=None, waiting={}, refused=refused)

    def _response(
        self, request: web.Request, name: str, status: int, headers: Mapping[str, str] | None, **values: Any
    ) -> web.Response:
        staff, session = request.get(STAFF), request.get(SESSION)
        text = self._jinja.get_template(name).render(
            me=staff,
            csrf=session.csrf if session else "",
            path=request.path,
            now=self._deps.clock.now(),
            is_supervisor=staff is not None and staff.role is Role.SUPERVISOR,
            is_courier=staff is not None and staff.role is Role.COURIER,
            **values,
        )
        return web.Response(text=text, status=status, headers=headers, content_type="text/html")


def moment(at: int | datetime) -> datetime:
    return at.astimezone(TEHRAN) if isinstance(at, datetime) else datetime.fromtimestamp(at / 1000, TEHRAN)


def span(seconds: float | None) -> str:
    """«۳ ثانیه», «۵ دقیقه», «۲ ساعت»."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return "زیر ۱ ثانیه"
    sizes = ((1, "ثانیه"), (60, "دقیقه"), (3600, "ساعت"))
    size, name = next((one for one in sizes if seconds < 100 * one[0]), sizes[-1])
    return f"{persian.number(round(seconds / size))} {name}"


def spaced_phone(phone: str | None) -> str:
    """«۰۹۱۲ ۱۲۳ ۴۵۶۷», to be shown left to right."""
    if phone and len(phone) == 11:
        phone = f"{phone[:4]} {phone[4:7]} {phone[7:]}"
    return persian.digits(phone or "")


def _accounts(shop: Shop) -> list[str]:
    """Where transfers to the shop may have come in."""
    named = (("حساب", shop.account), ("کارت", shop.card))
    return [
        f"{label} {persian.digits(number)}{f'، {shop.bank}' if shop.bank else ''}" for label, number in named if number
    ]


def _addresses() -> dict[str, str]:
    """Each file's address, which changes with its content."""
    found = {}
    for path in STATIC.rglob("*"):
        if path.is_file():
            name = path.relative_to(STATIC).as_posix()
            found[name] = f"/console/static/{name}?v={sha256(path.read_bytes()).hexdigest()[:10]}"
    return found
