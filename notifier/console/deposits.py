"""Deposits that customers reported: what was to come, what they say, what was seen at the bank, and by whom."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import web

from notifier.console import bank_lines, csv_export, labels, rows
from notifier.console import scope as scopes
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import AlreadyTaken, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.scope import ShopScope
from notifier.console.security import FILES, FORM, SESSION, STAFF, takes_files
from notifier.domain import money, persian
from notifier.domain.events import EventType
from notifier.domain.orders import Order
from notifier.domain.policy import Shop
from notifier.domain.timeline import CUSTOMER, LineKind, TimelineEntry
from notifier.errors import StoreError
from notifier.store import receipts
from notifier.store.audit import Act
from notifier.store.keys import Keys
from notifier.store.receipts import NotAPicture, ReceiptPictures
from notifier.store.records import decode
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork
from scheduler import settling
from scheduler.settling import (
    DepositFinding,
    DepositVerdict,
    FindingChanged,
    SamePerson,
    SettledBefore,
    Settling,
    UnknownOrder,
)

_SHOWN = 50  # of each partition
_NOTE, _ACCOUNT = 500, 80  # characters
_FORM = receipts.LARGEST + 64 * 1024  # bytes: a picture and what stands beside it
_BANKS, _CARDS = ("bank", "bank_name"), ("card", "source_card", "card_number", "from_card")
_TRIES = frozenset({EventType.DEPOSIT_REPORTED, EventType.DEPOSIT_REJECTED, EventType.DEPOSIT_CONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTry:
    """What happened earlier about money of the same reference, or of the same order."""

    what: str
    at: int  # unix ms
    by: str = ""
    order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositView:
    """One deposit that waits. Sums are rial; what nobody knows is None."""

    order: Order
    since: int
    expected: int | None
    received: int
    reported: int | None
    reference: str | None
    bank: str
    card: str
    tries: Sequence[DepositTry]
    finding: DepositFinding | None = None
    note: str = ""
    picture: str = ""

    @property
    def difference(self) -> int | None:
        """What was reported, less what was to come."""
        return None if self.expected is None or self.reported is None else self.reported - self.expected

    @property
    def suggested(self) -> str:
        """The sum in toman that is in the field already: none where what is said differs, so that it is looked up."""
        known = self.expected if self.expected is not None else self.reported
        if self.difference or known is None or known % 10:
            return ""
        return persian.number(known // 10)

    @property
    def seen_difference(self) -> int | None:
        seen = self.finding.seen if self.finding else None
        return None if self.expected is None or seen is None else seen - self.expected


_Also = Callable[[UnitOfWork, Keys, DepositFinding], None]

COLUMNS: Columns[DepositView] = (
    *rows.of(rows.ORDER, lambda view: view.order),
    Column("مبلغ اعلام‌شده (تومان)", lambda view: money.in_toman(view.reported)),
    Column("مانده تا مبلغ سفارش (تومان)", lambda view: money.in_toman(view.expected)),
    Column("تفاوت (تومان)", lambda view: money.in_toman(view.difference)),
    Column("خبر واریز", lambda view: rows.written(view.since)),
    Column("بانک", lambda view: view.bank),
    Column("کارت مبدأ", lambda view: view.card),
)


class DepositPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render
        self._bank = bank_lines.ShownLines(deps)
        self._receipts = ReceiptPictures(deps.config.redis.data_dir)

    def routes(self) -> list[web.RouteDef]:
        place = "/deposits/{source}/{id}"
        return [
            web.get("/deposits", self.deposits),
            web.get(place, self.one),
            web.post(place, self.settle),
            web.get(f"{place}/receipt/{{name}}", self.receipt),
        ]

    async def deposits(self, request: web.Request) -> web.StreamResponse:
        """Deposits that customers reported and nobody looked up, the oldest first."""
        scope = scopes.asked(request, self._deps)
        if csv_export.wanted(request):
            return await csv_export.sheet(request, self._deps, "deposits", COLUMNS, self._all(scope))
        members: list[tuple[Keys, str]] = []
        total = 0
        pipeline, most = self._deps.redis.pipeline(transaction=False), _SHOWN if scope.is_all else scopes.READ
        for keys in self._deps.reader.everywhere:
            pipeline.zrange(keys.deposits, 0, most - 1)
            pipeline.zcard(keys.deposits)
        found = await pipeline.execute()
        for place, keys in enumerate(self._deps.reader.everywhere):
            theirs = [one.decode() for one in found[2 * place] if scope.shows(one.decode().partition(":")[0])]
            members += [(keys, member) for member in theirs[:_SHOWN]]
            total += int(found[2 * place + 1]) if scope.is_all else len(theirs)
        views = await self._views(members)
        views.sort(key=lambda view: (not (view.finding and view.finding.waits), view.since))
        return await self._page(request, views, total - (len(members) - len(views)), scope, alone=False)

    async def one(self, request: web.Request) -> web.Response:
        """One deposit with all that is known of it."""
        source, order_id = request.match_info["source"], request.match_info["id"]
        order = await self._deps.reader.order(source, order_id)
        if order is None:
            raise Missing("این سفارش پیدا نشد.")
        views = await self._views([(await self._deps.reader.keys_of(source, order_id), f"{source}:{order_id}")])
        if not views:
            return web.Response(status=303, headers={"Location": _order_address(order)})
        return await self._page(request, views, 1, scopes.of(request[STAFF]), alone=True)

    async def _page(
        self, request: web.Request, views: Sequence[DepositView], total: int, scope: ShopScope, *, alone: bool
    ) -> web.Response:
        me = request[STAFF]
        lines, matched = ([], []) if alone else await self._bank.shown(scope)
        return await self._render.page(
            request,
            "deposits.html",
            lines=lines,
            matched=matched,
            doubts=bank_lines.DOUBTS,
            bank_shown=bank_lines.SHOWN,
            deposits=views,
            total=total,
            alone=alone,
            scope=scope,
            may_confirm={
                view.finding.stamp: settling.may_confirm(me, view.finding.by, self._shop(view.order.source))
                for view in views
                if view.finding
            },
        )

    async def _all(self, scope: ShopScope) -> AsyncIterator[DepositView]:
        sets = [(keys, keys.deposits) for keys in self._deps.reader.everywhere]
        async for members in csv_export.oldest(self._deps, sets):
            theirs = [(keys, member) for _, keys, member in members if scope.shows(member.partition(":")[0])]
            for view in await self._views(theirs):
                yield view

    @takes_files(_FORM)
    async def settle(self, request: web.Request) -> web.Response:
        """Confirm with the sum that was seen, or reject; the order's own rules send what follows."""
        source, order_id, form = request.match_info["source"], request.match_info["id"], request[FORM]
        me, shop, do = request[STAFF], self._shop(source), form.get("deposit", "")
        parts = Settling(self._deps.calling.book, self._deps.calling.reporting, self._written_down(me, order_id))
        picture = ""
        try:
            if do in frozenset(DepositVerdict):
                seen = typed_sum(form.get("seen", "")) if do == DepositVerdict.CONFIRMED else None
                picture = await self._picture(request)
                finding = DepositFinding(
                    report=0,
                    verdict=DepositVerdict(do),
                    by=me.id,
                    by_name=me.name,
                    at=self._deps.now(),
                    seen=seen,
                    account=form.get("account", "").strip()[:_ACCOUNT],
                    note=form.get("note", "").strip()[:_NOTE],
                    picture=picture,
                )
                after = await parts.enter(source, order_id, finding, me, shop)
            elif do == "second":
                after = await parts.confirm(source, order_id, form.get("stamp", ""), me, shop)
            elif do == "back":
                await parts.give_back(source, order_id, form.get("stamp", ""), me)
                return await self._back(request, "برای بررسی دوباره برگشت؛ هنوز چیزی به مشتری گفته نشده است.")
            else:
                raise PageRefusal("واریز دیده شد یا نه؟ یکی را انتخاب کنید.")
        except Exception as error:
            if picture:
                await asyncio.to_thread(self._receipts.drop, source, order_id, picture)
            if refused := _refusal(error, self._render):
                raise refused from None
            raise
        self._deps.wake()
        return await self._back(request, self._told(order_id, after, shop))

    async def _picture(self, request: web.Request) -> str:
        """The picture that came with the form, kept; what it is called, or nothing."""
        picture = request[FILES].get("picture")
        if picture is None or not picture.content:  # browsers send a field that was left empty as an empty file
            return ""
        source, order_id = request.match_info["source"], request.match_info["id"]
        if await self._deps.reader.order(source, order_id) is None:
            raise Missing("این سفارش پیدا نشد.")
        return await asyncio.to_thread(self._receipts.keep, source, order_id, picture.content)

    def _told(self, order_id: str, after: DepositFinding, shop: Shop) -> str:
        number = persian.order_number(order_id)
        if after.verdict is DepositVerdict.REJECTED:
            return f"برای سفارش {number} نوشته شد که واریز دیده نشده؛ به مشتری خبر می‌دهیم."
        seen = money.toman(after.seen or 0)
        if after.waits:
            return f"{seen} با مبلغ سفارش {number} فرق دارد؛ نوشته شد و منتظر تأیید سرپرست دیگری است."
        return f"واریز سفارش {number} تأیید شد: {seen}. پیامک‌هایش می‌رود."

    async def receipt(self, request: web.Request) -> web.StreamResponse:
        """A picture, to who is signed in."""
        source, order_id, name = (request.match_info[part] for part in ("source", "id", "name"))
        path = await asyncio.to_thread(self._receipts.find, source, order_id, name)
        if path is None:
            raise Missing("این تصویر پیدا نشد؛ شاید با سفارش پاک شده یا روی سرور دیگری است.")
        kind = receipts.KINDS[path.suffix[1:]]
        return web.FileResponse(path, headers={"Content-Type": kind, "Content-Disposition": "inline"})

    def _written_down(self, me: Staff, order_id: str) -> _Also:
        def also(unit: UnitOfWork, keys: Keys, finding: DepositFinding) -> None:
            if finding.waits:
                act = Act.DEPOSIT_ENTERED
            elif not finding.report:
                act = Act.DEPOSIT_GIVEN_BACK
            else:
                act = Act.DEPOSIT_CONFIRMED if finding.verdict is DepositVerdict.CONFIRMED else Act.DEPOSIT_REJECTED
            more = money.toman(finding.seen) if finding.seen is not None else ""
            self._deps.entry(act, me.id, about=order_id, more=more).keep(unit, keys.audit)

        return also

    async def _views(self, members: Sequence[tuple[Keys, str]]) -> list[DepositView]:
        """Deposits that wait, in two round trips more than the orders take; what was just settled is left out."""
        orders = {f"{one.source}:{one.id}": one for one in await self._deps.reader.orders(members)}
        shown = [(keys, member, orders[member]) for keys, member in members if member in orders]
        references = [settling.reference_of(order) for _, _, order in shown]
        everywhere = self._deps.reader.everywhere
        pipeline = self._deps.redis.pipeline(transaction=False)
        for (keys, member, order), reference in zip(shown, references, strict=True):
            pipeline.hget(keys.findings, member)
            pipeline.lrange(keys.timeline(order.source, order.id), 0, -1)
            for other in everywhere:
                pipeline.smembers(other.reported(reference or ""))
        rows_of, width = await pipeline.execute(), 2 + len(everywhere)
        others = {
            (other, found.decode())
            for place, (_, member, _) in enumerate(shown)
            for other, same in zip(everywhere, rows_of[place * width + 2 : (place + 1) * width], strict=True)
            for found in list(same)[:_SHOWN]
            if references[place] and found.decode() != member
        }
        named = {f"{one.source}:{one.id}": one for one in await self._deps.reader.orders(sorted(others))}
        views = []
        for place, (_, member, order) in enumerate(shown):
            row = rows_of[place * width : (place + 1) * width]
            finding = settling.read(row[0])
            if order.deposit_waiting is None or (finding and finding.is_about(order) and not finding.waits):
                continue
            lines, reference = _lines(row[1]), references[place]
            same = {found.decode() for part in row[2:] for found in part} if reference else set()
            views.append(
                _view(order, finding, lines, reference, [named[one] for one in sorted(same - {member}) if one in named])
            )
        return views

    async def _back(self, request: web.Request, told: str) -> web.Response:
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/deposits"})

    def _shop(self, source: str) -> Shop:
        return self._deps.rulebook().shops.of(source)


def _view(
    order: Order,
    finding: DepositFinding | None,
    lines: Sequence[TimelineEntry],
    reference: str | None,
    others: Sequence[Order],
) -> DepositView:
    received = settling.came_before(order, finding)
    events = [line for line in lines if line.what in _TRIES and line.kind in (LineKind.EVENT, LineKind.REPEATED)]
    reports = [line for line in events if line.what == EventType.DEPOSIT_REPORTED]
    said = reports[-1].extra.get("payment") if reports else None
    said = said if isinstance(said, dict) else {}
    by_customer = reports[-1].extra if reports and reports[-1].extra.get("by") == CUSTOMER else {}
    tries = [
        DepositTry(what=labels.EVENTS.get(line.what, line.what), at=_ms(line), by=str(line.extra.get("by_name", "")))
        for line in events
        if not reports or line is not reports[-1]
    ]
    tries += [
        DepositTry(
            what=_standing(other), at=other.news[EventType.DEPOSIT_REPORTED].get(reference or "", 0), order=other
        )
        for other in others
        if EventType.DEPOSIT_REPORTED in other.news
    ]
    return DepositView(
        order=order,
        since=order.deposit_waiting or order.updated_at,
        expected=settling.due(order, received),
        received=received,
        reported=order.details.deposit_amount,
        reference=reference,
        bank=_named(said, _BANKS),
        card=_card(_named(said, _CARDS)),
        tries=sorted(tries, key=lambda one: one.at),
        finding=finding if finding and finding.is_about(order) and finding.waits else None,
        note=str(by_customer.get("note", "")),
        picture=str(by_customer.get("picture", "")),
    )


def _standing(order: Order) -> str:
    """What became of another order whose deposit was reported with the same reference."""
    if order.deposit_waiting is not None:
        return "همین شماره برای سفارش دیگری هم گفته شده است"
    return (
        "همین شماره پیش‌تر برای سفارش دیگری تأیید شده است"
        if order.deposit_confirmed
        else "برای سفارش دیگری هم گفته شده بود"
    )


def _lines(raws: Sequence[bytes]) -> list[TimelineEntry]:
    found = []
    for raw in raws:
        try:
            found.append(decode(raw, TimelineEntry))
        except StoreError:
            continue
    return found


def _ms(line: TimelineEntry) -> int:
    return int((line.happened_at or line.at).timestamp() * 1000)


def _named(said: Mapping[str, Any], names: Sequence[str]) -> str:
    found = next((said[name] for name in names if isinstance(said.get(name), str | int)), "")
    return persian.tidy(str(found))[:60]


def _card(text: str) -> str:
    """A card as far as a statement of account shows it: its bank and its last four digits."""
    digits = re.sub(r"\D", "", persian.ascii_digits(text))
    if len(digits) <= 4:
        return f"…{digits}" if digits else ""
    return f"{digits[:6]}…{digits[-4:]}" if len(digits) >= 12 else f"…{digits[-4:]}"


def typed_sum(text: str) -> int:
    """What a field says in toman, or in rial where it says so, as rial. Raises PageRefusal."""
    bare = persian.tidy(text[:60]).replace("تومان", "").strip()
    currency = "IRT"
    if "ریال" in bare:
        bare, currency = bare.replace("ریال", "").strip(), "IRR"
    if not bare:
        raise PageRefusal("مبلغی را که در حساب دیدید بنویسید؛ به تومان، مثلاً ۱۸٬۵۰۰٬۰۰۰.")
    try:
        rial = money.to_rial(
            bare.replace("/", ",") if re.fullmatch(r"\d{1,3}(/\d{3})+", persian.ascii_digits(bare)) else bare, currency
        )
    except money.MoneyError:
        raise PageRefusal("این مبلغ خوانده نشد؛ به تومان و با رقم بنویسید، مثلاً ۱۸٬۵۰۰٬۰۰۰.") from None
    if not rial:
        raise PageRefusal("مبلغ صفر یعنی واریزی دیده نشده است؛ «دیده نشد» را بزنید.")
    return rial


def _refusal(error: Exception, render: Renderer) -> PageRefusal | None:
    """What an error means for whoever pressed the button."""
    match error:
        case SettledBefore(finding=found):
            if found is None or not found.report:
                return AlreadyTaken("این واریز پیش‌تر بررسی شده است؛ تاریخچهٔ سفارش را ببینید.")
            what = "تأیید کرده است" if found.verdict is DepositVerdict.CONFIRMED else "نوشته است که دیده نشده"
            name = persian.tidy(found.second_name or found.by_name)
            return AlreadyTaken(f"این واریز پیش‌تر بررسی شده است: {name}، {render.when(found.at)}، {what}.")
        case FindingChanged():
            return AlreadyTaken("آنچه منتظر تأیید بود همین حالا عوض شد؛ صفحه را تازه کنید و دوباره ببینید.")
        case SamePerson():
            return PageRefusal("این تفاوت را باید سرپرستی تأیید کند که خودش آن را ننوشته است.")
        case UnknownOrder():
            return Missing("این سفارش پیدا نشد.")
        case NotAPicture():
            return PageRefusal(
                "تصویر رسید پذیرفته نشد: JPEG، PNG یا WebP و حداکثر ۴ مگابایت؛ برای هر سفارش حداکثر ۲۰ تصویر."
            )
    return None


def _order_address(order: Order) -> str:
    return f"/console/orders/{quote(order.source, safe='')}/{quote(order.id, safe='')}"
