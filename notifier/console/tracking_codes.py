"""Tracking codes: a file or pasted lines, looked at before they are taken, and one code on its order's page."""

import asyncio
import io
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from notifier.console import csv_export
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing, PageRefusal, Unavailable
from notifier.console.render import Renderer
from notifier.console.security import FILES, FORM, SESSION, STAFF, takes_files
from notifier.domain import canonical, persian
from notifier.domain.calls import CallRequest
from notifier.domain.events import Event
from notifier.domain.messages import Message
from notifier.domain.orders import Order
from notifier.errors import StoreAway
from notifier.importing import codes, tracking, uploads
from notifier.importing.codes import CodeStanding, JudgedCode
from notifier.importing.entries import ImportRow, RowFault
from notifier.importing.preview import Preview
from notifier.importing.running import Import, Totals
from notifier.importing.sheets import MOST_ROWS
from notifier.importing.source import FileReading
from notifier.importing.tracking import NotTracking
from notifier.importing.uploads import UnreadUpload, UploadFault
from notifier.store import audit
from notifier.store import keys as names
from notifier.store.audit import Act
from notifier.store.records import decode, encode
from notifier.store.staff import Role

log = structlog.get_logger()

_KEPT = timedelta(hours=2)
_SHOWN = 100  # rows on the page; the file has all that were refused
_TEXTS_SHOWN = 5
_ATTEMPTS = 2
_MEGABYTES = uploads.LARGEST_FILE // 1024 // 1024
_FORM = uploads.LARGEST_FILE + 1024 * 1024

_UNREAD: Mapping[UploadFault, str] = {
    UploadFault.EMPTY: "در آنچه دادید ردیفی نیست.",
    UploadFault.LARGE: f"فایل از {persian.digits(_MEGABYTES)} مگابایت بزرگ‌تر است؛ آن را چند تکه کنید.",
    UploadFault.ROWS: f"بیش از {persian.number(MOST_ROWS)} ردیف دارد؛ آن را چند تکه کنید.",
    UploadFault.OLD_EXCEL: "فایل قدیمی اکسل (xls) یا رمزدار است؛ آن را با «Save As» به شکل xlsx و بی‌رمز ذخیره کنید.",
    UploadFault.BROKEN: "این فایل اکسل خوانده نمی‌شود؛ آن را باز کنید، دوباره به شکل xlsx ذخیره کنید و بفرستید.",
    UploadFault.BOMB: "این فایل پس از باز شدن بیش از اندازه بزرگ است و باز نشد.",
    UploadFault.NO_TEXT: "این فایل جدول نیست؛ فایل xlsx یا csv بفرستید.",
}
_COLUMNS_NAMED = {
    "order": "شماره سفارش",
    "code": "کد رهگیری",
    "carrier": "شرکت حمل",
    "shipped_at": "تاریخ ارسال",
    "url": "نشانی رهگیری",
}
_REFUSED: Mapping[RowFault, str] = {
    RowFault.MISSING_ORDER: "شمارهٔ سفارش ندارد",
    RowFault.MISSING_CODE: "کد رهگیری ندارد",
    RowFault.SHORTENED: "اکسل رقم‌ها را کوتاه کرده است؛ ستون را متنی کنید و دوباره وارد کنید",
    RowFault.ROUNDED: "اکسل رقم‌های آخر را صفر کرده است؛ ستون را متنی کنید و دوباره وارد کنید",
    RowFault.LETTERS: "حروف به‌هم ریخته است؛ فایل را «CSV UTF-8» ذخیره کنید",
    RowFault.LINES: "یک خانه چند سطر دارد؛ شاید گیومه‌ای بسته نشده است",
    RowFault.LONG: "یک خانه بیش از اندازه بلند است",
    RowFault.DATE: "تاریخ خوانده نشد؛ مانند ۱۴۰۵/۰۹/۰۲ بنویسید",
    RowFault.FORMULA: "فرمولی است که حاصل آن در فایل نیست؛ در اکسل باز و ذخیره‌اش کنید یا مقدارها را جای‌گذاری کنید",
    RowFault.SHEET_ERROR: "خانه‌ای خطای اکسل دارد (مانند #N/A)",
    RowFault.UNKNOWN_ORDER: "سفارشی با این شماره نداریم",
    RowFault.TWO_ORDERS: "این شماره از آنِ دو سفارش است؛ کد را در صفحهٔ خود سفارش ثبت کنید",
    RowFault.ODD_CODE: "این کد رهگیری نیست؛ کد از حرف لاتین و رقم است",
    RowFault.LINK: "نشانی رهگیری دارد؛ فقط سرپرست می‌تواند ردیفی با نشانی ثبت کند",
    RowFault.CANCELLED: "سفارش لغو شده است",
    RowFault.DELIVERED: "سفارش پیش‌تر تحویل شده است",
    RowFault.OTHERS_CODE: "این کد از آنِ سفارش مشتری دیگری است",
    RowFault.OTHER: "این ردیف خوانده نشد",
}


class UploadedCodes(Struct, frozen=True, kw_only=True):
    """What somebody handed in, kept until they have looked at it; ``done`` counts what was taken of it."""

    by: str
    at: int  # unix ms
    source: str
    name: str
    rows: list[ImportRow]
    done: dict[str, int] | None = None


@dataclass(slots=True)
class CodesPreview:
    """What taking rows would bring about."""

    totals: Totals = field(default_factory=Totals)
    cost: int = 0
    texts: list[tuple[Message, Order]] = field(default_factory=list)


_SHEET: Columns[JudgedCode] = (
    Column("ردیف", lambda one: one.entry.line),
    Column("دلیل", lambda one: reason(one)),
    Column("آنچه نوشته بود", lambda one: " | ".join(map(str, one.entry.given or ()))),
)


class _Refusals(list[tuple[ImportRow, str]]):
    def add(self, entry: ImportRow, why: str) -> None:
        self.append((entry, why))


class TrackingCodes:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/tracking", self.begin),
            web.post("/tracking", self.hand_in),
            web.get("/tracking/{upload}", self.look),
            web.post("/tracking/{upload}", self.take),
            web.post("/orders/{source}/{id}/tracking", self.one),
        ]

    async def begin(self, request: web.Request) -> web.Response:
        """The forms for a file and for lines."""
        return await self._begin(request)

    @takes_files(_FORM)
    async def hand_in(self, request: web.Request) -> web.Response:
        """Read a file or lines, and show what they would do; nothing is taken yet."""
        form, file = request[FORM], request[FILES].get("file")
        source, text = form.get("source", ""), form.get("lines", "")
        if source not in self._sources(request):
            return await self._begin(request, typed=text, wrong="فروشگاه را انتخاب کنید.")
        zone, now = self._deps.config.shop_of(source).zone, self._deps.clock.now()
        by_file = file is not None and bool(file.content)
        try:
            if by_file and file is not None:
                rows = await asyncio.to_thread(uploads.of_file, file.content, source=source, zone=zone, now=now)
            else:
                rows = await asyncio.to_thread(uploads.of_paste, text, source=source, zone=zone, now=now)
        except UnreadUpload as error:
            return await self._begin(request, typed=text, wrong=_UNREAD[error.fault])
        except NotTracking as error:
            return await self._begin(request, typed=text, wrong=_headings(error))
        name = canonical.plain(file.name, longest=100)[:100] if by_file and file is not None else ""
        upload = secrets.token_urlsafe(12)
        kept = UploadedCodes(by=request[STAFF].id, at=self._deps.now(), source=source, name=name, rows=rows)
        await self._keep(upload, kept)
        return _to(f"/console/tracking/{upload}")

    async def look(self, request: web.Request) -> web.StreamResponse:
        """What each row would do, by the orders as they are now."""
        upload, kept = await self._kept(request)
        every = await self._judged(request, kept.rows)
        refused = [one for one in every if one.standing is CodeStanding.REFUSED]
        if csv_export.wanted(request):
            return await csv_export.sheet(request, self._deps, "refused-codes", _SHEET, refused)
        by = {standing: [one for one in every if one.standing is standing] for standing in CodeStanding}
        preview = CodesPreview() if kept.done else await self._preview(request, by[CodeStanding.NEW])
        return await self._render.page(
            request,
            "tracking_look.html",
            upload=upload,
            kept=kept,
            new=by[CodeStanding.NEW],
            known=by[CodeStanding.KNOWN],
            another=by[CodeStanding.ANOTHER],
            refused=refused,
            shown=_SHOWN,
            reason=reason,
            preview=preview,
        )

    async def take(self, request: web.Request) -> web.Response:
        """Take the rows as if the shop had told of each parcel; a second time changes nothing."""
        upload, kept = await self._kept(request)
        also = request[FORM].get("another") == "yes"
        wanted = {CodeStanding.NEW, CodeStanding.ANOTHER} if also else {CodeStanding.NEW}
        every = await self._judged(request, kept.rows)
        rows = self._dated(request, (one.entry for one in every if one.standing in wanted))
        totals = await self._taken(rows)
        before = kept.done or {}
        done = {name: before.get(name, 0) + getattr(totals, name) for name in ("taken", "texts", "calls")}
        await self._keep(upload, replace(kept, done=done))
        if rows:
            more = f"{totals.taken}/{len(kept.rows)} {kept.name}".strip()
            await audit.write(self._deps.redis, self._deps.entry(Act.CODES_TAKEN, request[STAFF].id, more=more))
        told = f"{persian.number(totals.taken)} کد ثبت شد و {persian.number(totals.texts)} پیامک در صف ارسال است."
        await self._deps.sessions.tell(request[SESSION], told, about="codes")
        return _to(f"/console/tracking/{upload}")

    async def one(self, request: web.Request) -> web.Response:
        """One code, on its order's page: what a scanner types ends with Enter."""
        source, order_id = request.match_info["source"], request.match_info["id"]
        order = await self._deps.reader.order(source, canonical.asked_for(order_id))
        if order is None:
            raise Missing("این سفارش پیدا نشد.")
        form, now = request[FORM], self._deps.clock.now()
        typed, carrier = form.get("code", "")[:500], form.get("carrier", "")[:100]
        row = tracking.of_fields(
            1, order.number, typed, carrier, source=source, zone=self._deps.config.shop_of(source).zone, now=now
        )
        if row.event is None:
            raise PageRefusal(f"{_REFUSED[row.fault]}.")
        row = replace(row, event=replace(row.event, order_id=order.id), by_number=False)
        (found,) = await self._judged(request, [row])
        address = f"/console/orders/{quote(order.source, safe='')}/{quote(order.id, safe='')}"
        match found.standing:
            case CodeStanding.REFUSED:
                raise PageRefusal(f"{reason(found)}.")
            case CodeStanding.KNOWN:
                await self._deps.sessions.tell(request[SESSION], "این کد پیش‌تر برای همین سفارش ثبت شده است.")
                return _to(address)
            case CodeStanding.ANOTHER if form.get("another") != "yes":
                raise PageRefusal(
                    f"این سفارش با کد {found.about} ارسال شده است. اگر مرسولهٔ دیگری هم هست، در صفحهٔ سفارش "
                    "«این کد از مرسولهٔ دیگری است» را هم بزنید."
                )
        totals = await self._taken(self._dated(request, [found.entry]))
        code = found.entry.event.details.tracking_code if found.entry.event else ""
        line = self._deps.entry(Act.CODES_TAKEN, request[STAFF].id, about=order.number, more=code or "")
        await audit.write(self._deps.redis, line)
        told = "کد رهگیری ثبت شد" + (" و پیامک آن در صف ارسال است." if totals.texts else ".")
        await self._deps.sessions.tell(request[SESSION], told)
        return _to(address)

    async def _begin(self, request: web.Request, *, typed: str = "", wrong: str = "") -> web.Response:
        sources = self._sources(request)
        return await self._render.page(
            request,
            "tracking.html",
            status=422 if wrong else 200,
            shops={source: self._deps.shops.get(source, source) for source in sources},
            chosen=request.get(FORM, {}).get("source", sources[0] if sources else ""),
            typed=typed,
            wrong=wrong,
            most=MOST_ROWS,
            largest=_MEGABYTES,
        )

    def _sources(self, request: web.Request) -> list[str]:
        """The shops whose orders they see to."""
        return [source for source in self._deps.sources if request[STAFF].serves({source})]

    async def _judged(self, request: web.Request, rows: Sequence[ImportRow]) -> list[JudgedCode]:
        may_link = request[STAFF].role is Role.SUPERVISOR
        return await codes.judged(rows, self._deps.reader, may_link=may_link)

    def _dated(self, request: web.Request, rows: Iterable[ImportRow]) -> list[ImportRow]:
        """As they are to be taken: with who says so, and what is history marked."""
        now, within = self._deps.clock.now(), self._deps.rulebook().tell_within
        return [
            replace(row, event=replace(row.event, by=request[STAFF].id, past=_is_past(row.event, now, within)))
            for row in rows
            if row.event is not None
        ]

    async def _preview(self, request: web.Request, found: Sequence[JudgedCode]) -> CodesPreview:
        preview, prices = CodesPreview(), self._deps.config.sms.price

        def text(message: Message, order: Order) -> None:
            if len(preview.texts) < _TEXTS_SHOWN:
                preview.texts.append((message, order))

        def call(_: CallRequest) -> None: ...

        run = Preview(
            rulebook=self._deps.rulebook(),
            clock=self._deps.clock,
            reader=self._deps.reader,
            price=prices.of,
            on_text=text,
            on_call=call,
            on_refused=lambda line, why: None,
            on_progress=lambda totals, position: None,
        )
        preview.totals = await run.run(_reading(self._dated(request, (one.entry for one in found))))
        preview.cost = run.cost
        return preview

    async def _taken(self, rows: Sequence[ImportRow]) -> Totals:
        refusals = _Refusals()
        run = Import(
            self._deps.committer, self._deps.reader, refusals, lambda totals, position: None, attempts=_ATTEMPTS
        )
        try:
            totals = await run.run(_reading(rows))
        except StoreAway:
            raise Unavailable(
                "پایگاه داده پاسخ نمی‌دهد. آنچه ثبت شد می‌ماند؛ چند لحظه دیگر همین دکمه را دوباره بزنید "
                "تا بقیه هم ثبت شود."
            ) from None
        if refusals:
            log.warning("codes clashed", action="codes_clashed", lines=[entry.line for entry, _ in refusals][:20])
        self._deps.wake()
        return totals

    async def _keep(self, upload: str, kept: UploadedCodes) -> None:
        await self._deps.redis.set(names.uploaded_codes(upload), encode(kept), ex=_KEPT)

    async def _kept(self, request: web.Request) -> tuple[str, UploadedCodes]:
        upload = request.match_info["upload"][:40]
        raw: Any = await self._deps.redis.get(names.uploaded_codes(upload))
        kept = decode(raw, UploadedCodes) if raw is not None else None
        if kept is None or (kept.by != request[STAFF].id and request[STAFF].role is not Role.SUPERVISOR):
            raise Missing("این فهرست دیگر نگه داشته نشده است؛ فایل را دوباره بفرستید. هیچ کدی دو بار ثبت نمی‌شود.")
        return upload, kept


def reason(one: JudgedCode) -> str:
    """Why a row is not taken."""
    said = _REFUSED[one.fault or RowFault.OTHER]
    return f"{said} (سفارش {one.about})" if one.fault is RowFault.OTHERS_CODE else said


def _headings(error: NotTracking) -> str:
    shown = "، ".join(f"«{heading[:40]}»" for heading in error.headings[:12] if heading)
    wanted = _COLUMNS_NAMED.get(error.column, error.column)
    if error.is_double:
        return f"دو ستون می‌تواند «{wanted}» باشد: {shown}. نام یکی را عوض یا آن را پاک کنید."
    if any("\ufffd" in heading for heading in error.headings):
        return "حروف سرستون‌ها به‌هم ریخته است؛ فایل را «CSV UTF-8» ذخیره کنید."
    there = f" سرستون‌های فایل: {shown}." if shown else ""
    return f"ستونی با نام «{wanted}» پیدا نشد.{there} نام ستون را درست کنید و دوباره بفرستید."


def _is_past(event: Event, now: datetime, within: timedelta | None) -> bool:
    return within is not None and now - event.at > within


def _reading(rows: Sequence[ImportRow]) -> FileReading:
    return FileReading(iter(rows), io.BytesIO(), 0)


def _to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
