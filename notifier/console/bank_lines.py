"""Money that came into the account and belongs to no order yet: proposed, or to be looked at; and what was matched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from notifier.console.dependencies import Dependencies
from notifier.console.refusals import AlreadyTaken, Missing, PageRefusal
from notifier.console.render import Renderer
from notifier.console.scope import ShopScope
from notifier.console.security import FORM, SESSION, STAFF
from notifier.domain import canonical, money, persian
from notifier.domain.bank import BankLine, BankMatch, LineStanding, MatchDoubt, MatchVerdict
from notifier.domain.orders import Order
from notifier.intake.bank import matching
from notifier.intake.bank.matching import LineChanged, MatchedBy, OrderNotDue
from notifier.store.staff import Role, Staff
from scheduler import settling

SHOWN, _MATCHED = 60, 20
DOUBTS: Mapping[MatchDoubt, str] = {
    MatchDoubt.BROKEN: "ماندهٔ حساب با ماندهٔ پیشین جور نیست؛ شاید تراکنشی دیده نشده باشد.",
    MatchDoubt.UNCHECKED: "ماندهٔ حساب با ماندهٔ پیشین سنجیده نشد.",
    MatchDoubt.SLOW: "با پایا یا ساتنا آمده است.",
    MatchDoubt.TWIN: "واریز دیگری به همین مبلغ هست؛ شاید همین باشد که دو بار آمده.",
    MatchDoubt.LATE: "پس از مهلت واریز سفارش آمده است.",
    MatchDoubt.EARLY: "پیش از ثبت سفارش آمده است.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line, what is proposed for it, and whether one press is enough. ``given`` is the order it waits with."""

    line: BankLine
    match: BankMatch
    is_proposed: bool
    given: Order | None = None
    may_confirm: bool = False

    @property
    def account(self) -> str:
        return matching.shown(self.line.said.account)

    @property
    def differences(self) -> Sequence[tuple[Order, int]]:
        """The orders that it may belong to, each with how much more came than is awaited (rial)."""
        return [(order, self.line.said.amount - order.transfer_due) for order in self.match.orders[:10]]


@dataclass(frozen=True, slots=True)
class ShownLines:
    """What of the account is on the page of deposits."""

    deps: Dependencies

    async def shown(self, scope: ShopScope) -> tuple[list[LineView], list[BankLine]]:
        """What belongs to no order yet, what is proposed first; and what was matched lately."""
        bank = self.deps.bank
        found = await bank.book.open_lines(500)
        if not found and not await self._any_matched():
            return [], []
        lines = [line for line in found if self._sees(scope, line)]
        given = {line.order for line in lines if line.standing is LineStanding.WAITS}
        orders = {order: await self._order(order) for order in given}
        views = []
        for line, match in zip(lines, await bank.matches(lines), strict=True):
            shops = self.deps.rulebook().shops
            if not scope.is_all:
                seen = [order for order in match.orders if scope.shows(order.source)]
                match = match if len(seen) == len(match.orders) else BankMatch(verdict=MatchVerdict.NONE, orders=seen)
            order = orders.get(line.order)
            views.append(
                LineView(
                    line=line,
                    match=match,
                    is_proposed=line.standing is LineStanding.OPEN and matching.is_proposed(match),
                    given=order,
                    may_confirm=order is not None
                    and settling.may_confirm(scope.staff, line.by, shops.of(order.source)),
                )
            )
        views.sort(key=lambda one: (one.given is None, not one.is_proposed, not one.match.orders, -one.line.at))
        matched = [
            line for line in await bank.book.matched_lines(_MATCHED) if scope.shows(line.order.partition(":")[0])
        ]
        return views, matched

    async def _any_matched(self) -> int:
        return len(await self.deps.bank.book.matched_lines(1))

    async def _order(self, member: str) -> Order | None:
        source, _, order_id = member.partition(":")
        return await self.deps.reader.order(source, order_id)

    def _sees(self, scope: ShopScope, line: BankLine) -> bool:
        shops = self.deps.config.paid_into(line.source)
        return scope.is_all or any(scope.shows(shop) for shop in shops)


class BankLinePages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/bank-lines/{line}", self.act)]

    async def act(self, request: web.Request) -> web.Response:
        """Say whose money it is, that it is nobody's, or that it was somebody else's after all."""
        me, form = request[STAFF], request[FORM]
        line = await self._line(me, request.match_info["line"][:40])
        if form.get("v", "") != str(line.v):
            raise AlreadyTaken("این واریز همین حالا عوض شد؛ صفحه را تازه کنید و دوباره ببینید.")
        try:
            told = await self._done(me, line, form)
        except OrderNotDue:
            raise PageRefusal(
                "این سفارش دیگر منتظر واریز نیست: پرداخت یا لغو شده است، یا روش پرداختش واریز نیست."
            ) from None
        except LineChanged:
            raise AlreadyTaken("این واریز همین حالا عوض شد؛ صفحه را تازه کنید و دوباره ببینید.") from None
        self._deps.wake()
        await self._deps.sessions.tell(request[SESSION], told)
        return web.Response(status=303, headers={"Location": "/console/deposits"})

    async def _done(self, me: Staff, line: BankLine, form: Mapping[str, str]) -> str:
        bank, by, amount = self._deps.bank, MatchedBy(id=me.id, name=me.name), money.toman(line.said.amount)
        match form.get("do", ""), line.standing:
            case "match", LineStanding.OPEN:
                return await self._match(me, line, await self._wanted(me, line, form))
            case "second", LineStanding.WAITS:
                source, _, order_id = line.order.partition(":")
                order = await self._deps.reader.order(source, order_id)
                if order is None:
                    raise Missing("این سفارش پیدا نشد.")
                if not settling.may_confirm(me, line.by, self._deps.rulebook().shops.of(source)):
                    raise PageRefusal("این تفاوت را باید سرپرستی تأیید کند که خودش آن را ننوشته است.")
                first = MatchedBy(id=line.by, name=line.by_name)
                if await bank.give(line, order, first, second=by) is None:
                    raise LineChanged("It changed.")
                return f"واریز سفارش {persian.order_number(order.number)} تأیید شد: {amount}."
            case "back", LineStanding.WAITS:
                if me.role is not Role.SUPERVISOR and me.id != line.by:
                    raise PageRefusal("این را سرپرست برمی‌گرداند، یا کسی که نوشته است.")
                told = "به فهرست برگشت؛ به مشتری چیزی گفته نشده است."
                kept = await bank.leave(line, by, again=True)
            case "leave", LineStanding.OPEN:
                told, kept = f"نوشته شد که {amount} از سفارش‌ها نیست.", await bank.leave(line, by)
            case "undo", LineStanding.MATCHED:
                if me.role is not Role.SUPERVISOR:
                    raise PageRefusal("واریز تأییدشده را فقط سرپرست از سفارش جدا می‌کند.")
                number = persian.digits(line.order.partition(":")[2])
                told = f"واریز {amount} از سفارش {number} جدا شد؛ پیامک مرحله‌هایش تا پرداخت نمی‌رود."
                kept = await bank.take_back(line, by)
            case _:
                raise LineChanged("It is not what it was.")
        if kept is None:
            raise LineChanged("It changed.")
        return told

    async def _match(self, me: Staff, line: BankLine, order: Order) -> str:
        bank, by = self._deps.bank, MatchedBy(id=me.id, name=me.name)
        shop, amount = self._deps.rulebook().shops.of(order.source), line.said.amount
        differs = settling.differs(order, order.deposit_received or 0, amount, shop)
        waits = differs and not settling.may_confirm(me, None, shop)
        if await bank.give(line, order, by, waits=waits) is None:
            raise LineChanged("It changed.")
        number, said = persian.order_number(order.number), money.toman(amount)
        if waits:
            return f"{said} با مبلغ سفارش {number} فرق دارد؛ نوشته شد و منتظر تأیید سرپرست دیگری است."
        return f"واریز سفارش {number} تأیید شد: {said}. پیامک‌هایش می‌رود."

    async def _wanted(self, me: Staff, line: BankLine, form: Mapping[str, str]) -> Order:
        """The order that was pressed, or the one whose number was typed."""
        may = [shop for shop in self._deps.config.paid_into(line.source) if me.serves({shop})]
        source, _, order_id = form.get("order", "")[:200].partition(":")
        if order_id:
            order = await self._deps.reader.order(source, order_id) if source in may else None
            if order is None:
                raise Missing("این سفارش پیدا نشد.")
            return order
        number = canonical.asked_for(form.get("number", "")[:100])
        found = await self._deps.reader.orders_numbered(number, may) if number else []
        if len(found) != 1:
            raise PageRefusal(
                "چند سفارش با این شماره هست؛ از صفحهٔ سفارش ببینید کدام است."
                if found
                else "سفارشی با این شماره نیست؛ شماره را دوباره ببینید."
            )
        return found[0]

    async def _line(self, me: Staff, line_id: str) -> BankLine:
        line = await self._deps.bank.book.line(line_id)
        shops = self._deps.config.paid_into(line.source) if line else []
        if line is None or not any(me.serves({shop}) for shop in shops):
            raise Missing("این واریز پیدا نشد.")
        return line
