"""Statements of account: handed in as a file, looked at before anything is taken, each line once."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from notifier.config.bank import BankSource
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing
from notifier.console.render import Renderer
from notifier.console.security import FILES, FORM, SESSION, STAFF, takes_files
from notifier.domain import persian
from notifier.domain.bank import BankMovement, LineStanding
from notifier.importing import statements, uploads
from notifier.importing.statements import NotAStatement, StatementLayout, StatementRow, StatementTable
from notifier.importing.uploads import UnreadUpload, UploadFault
from notifier.store import audit
from notifier.store import keys as names
from notifier.store.audit import Act
from notifier.store.records import decode, encode
from notifier.store.staff import Role

_FORM = uploads.LARGEST_FILE + 64 * 1024
_KEPT = 2 * 3600  # seconds
_SHOWN = 100
COLUMN_NAMES: Mapping[str, str] = {
    "date": "تاریخ",
    "time": "ساعت",
    "amount": "مبلغ با علامت",
    "in": "واریز (بستانکار)",
    "out": "برداشت (بدهکار)",
    "balance": "مانده",
    "reference": "شماره پیگیری پرداخت یا سند",
    "payment_id": "شناسهٔ واریز",
    "text": "شرح",
    "kind": "نوع (واریز یا برداشت)",
}
_FAULTS: Mapping[UploadFault, str] = {
    UploadFault.EMPTY: "فایل خالی است.",
    UploadFault.LARGE: f"فایل از {persian.digits(uploads.LARGEST_FILE // 2**20)} مگابایت بزرگ‌تر است.",
    UploadFault.ROWS: f"حداکثر {persian.number(statements.MOST_ROWS)} ردیف پذیرفته می‌شود؛ بازهٔ کوتاه‌تری بگیرید.",
    UploadFault.OLD_EXCEL: "این فایل xls قدیمی است؛ آن را xlsx یا CSV ذخیره کنید.",
    UploadFault.BROKEN: "فایل خوانده نشد؛ آن را دوباره از بانک بگیرید یا CSV ذخیره کنید.",
    UploadFault.BOMB: "فایل پس از باز شدن بیش از اندازه بزرگ است.",
    UploadFault.NO_TEXT: "این فایل متن یا اکسل نیست.",
}
REASONS: Mapping[str, str] = {
    "total": "جمع یا سرجمع است",
    "date": "تاریخ خوانده نشد",
    "amount": "مبلغ خوانده نشد",
    "both": "هم واریز دارد و هم برداشت",
    "future": "تاریخش در آینده است",
    "formula": "فرمولی دارد که حساب نشده است؛ فایل را در اکسل باز و دوباره ذخیره کنید",
    "direction": "معلوم نیست واریز است یا برداشت",
}


class UploadedStatement(Struct, frozen=True, kw_only=True):
    """A statement that somebody looks at. ``done``: how many of its lines were taken."""

    by: str
    name: str
    source: str
    account: str
    table: StatementTable
    done: int = -1
    matched: int = 0


class StatementPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/statements", self.begin),
            web.post("/statements", self.hand_in),
            web.get("/statements/{upload}", self.look),
            web.post("/statements/{upload}", self.take),
        ]

    async def begin(self, request: web.Request) -> web.Response:
        return await self._begin(request)

    @takes_files(_FORM)
    async def hand_in(self, request: web.Request) -> web.Response:
        form, file = request[FORM], request[FILES].get("file")
        source = form.get("source", "")
        if source not in self._sources(request):
            return await self._begin(request, wrong="حساب را انتخاب کنید.")
        if file is None or not file.content:
            return await self._begin(request, wrong="فایل صورت‌حساب را انتخاب کنید.")
        try:
            table = await asyncio.to_thread(statements.table, file.content)
        except UnreadUpload as error:
            return await self._begin(request, wrong=_FAULTS[error.fault])
        upload = secrets.token_urlsafe(12)
        kept = UploadedStatement(
            by=request[STAFF].id,
            name=persian.tidy(file.name)[:80],
            source=source,
            account=form.get("account", "").strip()[:60],
            table=table,
        )
        await self._keep(upload, kept)
        return web.Response(status=303, headers={"Location": f"/console/statements/{upload}"})

    async def look(self, request: web.Request) -> web.Response:
        """What the file holds by these columns, and what would be taken of it."""
        upload, kept = await self._kept(request)
        return await self._look(request, upload, kept, request.query)

    async def _look(
        self, request: web.Request, upload: str, kept: UploadedStatement, chosen: Mapping[str, str]
    ) -> web.Response:
        how = self._layout(kept.table, chosen)
        rows = await self._rows(kept, how)
        lines = [row for row in rows if row.given is not None]
        known = await self._deps.bank.book.known_of([row.given for row in lines if row.given])
        came = [
            row
            for row, is_known in zip(lines, known, strict=True)
            if not is_known and row.given and row.given.said.movement is BankMovement.IN
        ]
        headings = statements.column_names(kept.table, how)
        return await self._render.page(
            request,
            "statement_look.html",
            upload=upload,
            kept=kept,
            how=how,
            headings=headings,
            columns=COLUMN_NAMES,
            came=came,
            others=len(lines) - len(came) - sum(known),
            known=sum(known),
            refused=[row for row in rows if row.given is None],
            reasons=REASONS,
            shown=_SHOWN,
        )

    async def take(self, request: web.Request) -> web.Response:
        """Take the lines; what is known already is not taken again."""
        form = request[FORM]
        upload, kept = await self._kept(request)
        rows = await self._rows(kept, self._layout(kept.table, form))
        given = [row.given for row in rows if row.given is not None]
        taken = await self._deps.bank.take(kept.source, given)
        fresh = [one.line.id for one in taken if one.is_new]
        now = await self._deps.bank.book.lines(fresh)
        matched = sum(line.standing is LineStanding.MATCHED for line in now)
        await self._keep(upload, replace(kept, done=max(kept.done, 0) + len(fresh), matched=kept.matched + matched))
        more = f"{len(fresh)}/{len(given)} {kept.name}".strip()
        await audit.write(self._deps.redis, self._deps.entry(Act.STATEMENT_TAKEN, request[STAFF].id, more=more))
        self._deps.wake()
        told = (
            f"{persian.number(len(fresh))} ردیف تازه ثبت شد؛ {persian.number(len(taken) - len(fresh))} ردیف از پیش بود."
        )
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/deposits"})

    async def _rows(self, kept: UploadedStatement, how: StatementLayout | None) -> Sequence[StatementRow]:
        """The rows by these columns. Reading thousands takes a while, in which others are served."""
        if how is None:
            return []
        zone, now = self._deps.config.shop.zone, self._deps.clock.now()
        return await asyncio.to_thread(statements.read, kept.table, how, zone=zone, now=now, account=kept.account)

    async def _begin(self, request: web.Request, *, wrong: str = "") -> web.Response:
        return await self._render.page(
            request,
            "statements.html",
            status=422 if wrong else 200,
            sources=self._sources(request),
            wrong=wrong,
            most=statements.MOST_ROWS,
            largest=uploads.LARGEST_FILE // 2**20,
        )

    def _sources(self, request: web.Request) -> list[str]:
        """The accounts into which orders are paid that they see to."""
        config = self._deps.config
        return [
            name
            for name, source in config.sources.items()
            if isinstance(source, BankSource) and any(request[STAFF].serves({shop}) for shop in config.paid_into(name))
        ]

    async def _keep(self, upload: str, kept: UploadedStatement) -> None:
        await self._deps.redis.set(names.uploaded_statement(upload), encode(kept), ex=_KEPT)

    async def _kept(self, request: web.Request) -> tuple[str, UploadedStatement]:
        upload = request.match_info["upload"][:40]
        raw: Any = await self._deps.redis.get(names.uploaded_statement(upload))
        kept = decode(raw, UploadedStatement) if raw is not None else None
        if kept is None or (kept.by != request[STAFF].id and request[STAFF].role is not Role.SUPERVISOR):
            raise Missing("این صورت‌حساب دیگر نگه داشته نشده است؛ فایل را دوباره بفرستید. هیچ ردیفی دو بار ثبت نمی‌شود.")
        return upload, kept

    def _layout(self, table: StatementTable, chosen: Mapping[str, str]) -> StatementLayout | None:
        """The columns as somebody chose them, or as the headings say; None where these say too little."""
        try:
            found = statements.layout(table)
        except NotAStatement:
            found = None
        picked = {
            name: int(at) for name in COLUMN_NAMES if (at := chosen.get(name, ""))[:3].isdecimal() and len(at) < 3
        }
        if not any(name in chosen for name in COLUMN_NAMES):
            return found
        if "date" not in picked or not {"amount", "in"} & picked.keys():
            return None
        zone, now = self._deps.config.shop.zone, self._deps.clock.now()
        heading = found.heading if found else statements.first_row(table, picked, zone=zone, now=now) - 1
        return StatementLayout(heading=heading, places=picked, in_toman=chosen.get("unit") == "toman")
