"""From a line of the account to the order it pays: proposed to a person, or by itself where that is wanted.

A line is given to an order in three steps, each of which may be the last of a process: it is written down whose it is,
the order is told as of any event, and that is written down too. Whoever finds a line whose order was not told begins
there again; an order takes an event once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from msgspec.structs import replace

from notifier.clock import Clock
from notifier.domain import money, persian
from notifier.domain.bank import (
    NEVER_PROPOSED,
    BankLine,
    BankMatch,
    BankMovement,
    LineStanding,
    MatchVerdict,
    matched,
    may_take_back,
)
from notifier.domain.events import Details, Event, EventType
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.errors import NotifierError
from notifier.intake.delivery import Clashing, Delivery, Unchanged
from notifier.intake.fair_queue import Submits
from notifier.store import keys as names
from notifier.store.audit import SERVICE, Act, AuditEntry
from notifier.store.bank import BankBook, GivenLine, TakenLine
from notifier.store.keys import Keys
from notifier.store.publishing import Alert
from notifier.store.reading import Reader
from notifier.store.records import ms

log = structlog.get_logger()

BY_ITSELF = "تطبیق خودکار"
LOOKED_AT = 500  # open lines at a time
_CANDIDATES = 200  # orders of one sum


class LineChanged(NotifierError):
    """The line is not what it was when the page was shown."""


class OrderNotDue(NotifierError):
    """No transfer is awaited for this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedBy:
    """Who gave a line to an order: an id of staff and a name, or nobody."""

    id: str = SERVICE
    name: str = BY_ITSELF


@dataclass(frozen=True, slots=True)
class BankMatching:
    """``sources`` gives the shops whose orders are paid into the account of a source; ``automatic`` says whether lines
    beyond doubt need no person. ``tell`` tells supervisors."""

    book: BankBook
    reader: Reader
    submits: Submits
    clock: Clock
    rulebook: Callable[[], Rulebook]
    sources: Callable[[str], Sequence[str]]
    automatic: Callable[[], bool]
    tell: Alert

    def now(self) -> int:
        return ms(self.clock.now())

    async def take(self, source: str, given: Sequence[GivenLine]) -> list[TakenLine]:
        """Keep lines and, where it is wanted, give them to their orders. Raises StoreAway before anything is lost."""
        taken = [await self.book.take(source, one) for one in given]
        await self._gone_back([one.line for one in taken if one.line.said.movement is BankMovement.CORRECTION])
        if self.automatic():
            fresh = [one.line for one in taken if one.is_new and one.line.standing is LineStanding.OPEN]
            try:
                await self.by_itself(fresh)
            except (NotifierError, OSError) as error:  # they are kept, and looked at again
                log.warning("lines are not matched yet", action="bank_match_failed", error=type(error).__name__)
        return taken

    async def _gone_back(self, corrections: Sequence[BankLine]) -> None:
        """Money of these sums goes back where it came from: deposits that may be meant are a person's task from now on.
        Safe to do again."""
        given = await self.book.matched_lines(LOOKED_AT) if corrections else []
        waiting: dict[int, dict[str, BankLine]] = {}  # by sum
        for line in corrections:
            amount = line.said.amount
            if amount not in waiting:
                waiting[amount] = {one.id: one for one in await self.book.open_lines_of(amount)}
            for one in [one for one in waiting[amount].values() if not one.twin and may_take_back(line, one)]:
                after = await self.book.change(one, replace(one, twin=line.id), now=self.now())
                waiting[amount][one.id] = after or one
            for one in [one for one in given if may_take_back(line, one)]:
                await self._tell_gone_back(line, one)
            await asyncio.sleep(0)  # a statement may be full of them, and others are to be served

    async def _tell_gone_back(self, line: BankLine, deposit: BankLine) -> None:
        order_id = deposit.order.partition(":")[2]
        text = (
            f"بانک از برگشت یا اصلاح {money.toman(line.said.amount)} خبر داده است؛ "
            f"شاید همان واریزی باشد که به سفارش {persian.order_number(order_id)} داده شده. "
            "صفحهٔ واریزها را ببینید."
        )
        await self._alert(f"deposit_gone_back:{deposit.order}:{line.id}", text)

    async def _alert(self, about: str, text: str) -> None:
        """Tell supervisors, as far as they can be told now."""
        try:
            await self.tell(about, text)
        except (OSError, NotifierError):
            log.warning("supervisors are not told", action="alert_failed")

    async def tick(self) -> int:
        """Go on with what a process that died had begun, and with lines whose order came after them."""
        begun = await self.book.telling(LOOKED_AT)
        for line in begun:
            await self.tell_order(line)
        if not self.automatic():
            return len(begun)
        return len(begun) + await self.by_itself(await self.book.open_lines(LOOKED_AT))

    async def by_itself(self, lines: Sequence[BankLine]) -> int:
        """Give the lines that are beyond doubt to their orders; returns how many."""
        count = 0
        for line, match in zip(lines, await self.matches(lines), strict=True):
            if match.verdict is MatchVerdict.EXACT and line.standing is LineStanding.OPEN and not line.round:
                count += await self.give(line, match.orders[0], MatchedBy(), exactly=True) is not None
        return count

    async def matches(self, lines: Sequence[BankLine]) -> list[BankMatch]:
        """What each line is proposed for, in two round trips for all."""
        shown = [line for line in lines if line.said.movement is BankMovement.IN]
        everywhere = self.reader.everywhere
        pipeline = self.reader.redis.pipeline(transaction=False)
        for line in shown:
            named = line.said.reference or "-"
            paid_by = line.said.payment_id or "-"
            pipeline.smembers(names.bank_open_of(str(line.said.amount)))
            for keys in everywhere:
                pipeline.smembers(keys.transfers(str(line.said.amount)))
                pipeline.smembers(keys.reported(named))
                for code in {named, paid_by}:
                    pipeline.hget(keys.codes(code), code)
                for source in self.sources(line.source):
                    pipeline.exists(keys.order(source, paid_by))
        answers = iter(await pipeline.execute() if shown else [])
        wanted: list[dict[str, Keys]] = []
        rivals: dict[str, int] = {}
        for line in shown:
            found: dict[str, Keys] = {}
            rivals[line.id] = len({one.decode() for one in next(answers)} - {line.id})
            named, paid_by = line.said.reference or "-", line.said.payment_id or "-"
            for keys in everywhere:
                members = [*next(answers), *next(answers)][:_CANDIDATES]
                members += [one for one in (next(answers) for _ in {named, paid_by}) if one]
                found |= {one.decode(): keys for one in members}
                for source in self.sources(line.source):
                    if next(answers):
                        found[f"{source}:{paid_by}"] = keys
            may = set(self.sources(line.source))
            wanted.append({one: keys for one, keys in found.items() if one.partition(":")[0] in may})
        every = {(keys, member) for one in wanted for member, keys in one.items()}
        orders = {f"{one.source}:{one.id}": one for one in await self.reader.orders(sorted(every))}
        told = {
            line.id: matched(
                line,
                [orders[member] for member in one if member in orders],
                self.rulebook().shops,
                rivals=rivals[line.id],
            )
            for line, one in zip(shown, wanted, strict=True)
        }
        return [told.get(line.id, BankMatch(verdict=MatchVerdict.NONE)) for line in lines]

    async def give(
        self,
        line: BankLine,
        order: Order,
        by: MatchedBy,
        *,
        exactly: bool = False,
        waits: bool = False,
        second: MatchedBy | None = None,
    ) -> BankLine | None:
        """Write down that a line pays an order, and tell the order; None where the line or the order changed in
        between. ``exactly``: only while this sum is awaited; ``waits``: nobody is told before a second person looked.
        Raises OrderNotDue."""
        if not order.transfer_due or (exactly and order.transfer_due != line.said.amount):
            raise OrderNotDue("No such transfer is awaited for this order.")
        now = self.now()
        after = replace(
            line,
            standing=LineStanding.WAITS if waits else LineStanding.MATCHED,
            order=f"{order.source}:{order.id}",
            by=by.id,
            by_name=by.name,
            second=second.id if second else "",
            second_name=second.name if second else "",
            matched_at=now,
            exactly=exactly,
        )
        act = Act.DEPOSIT_ENTERED if waits else Act.DEPOSIT_MATCHED
        doer = second.id if second else by.id
        entry = AuditEntry(at=now, act=act, by=doer, about=order.id, more=money.toman(line.said.amount))
        kept = await self.book.change(line, after, now=now, entry=entry, tell=not waits)
        if kept is None or waits:
            return kept
        return await self.tell_order(kept)

    async def leave(self, line: BankLine, by: MatchedBy, *, again: bool = False) -> BankLine | None:
        """Say that a line belongs to no order, or with ``again`` that it is to be looked at anew."""
        now = self.now()
        standing = LineStanding.OPEN if again else LineStanding.LEFT
        act = Act.BANK_LINE_REOPENED if again else Act.BANK_LINE_LEFT
        entry = AuditEntry(at=now, act=act, by=by.id, more=money.toman(line.said.amount))
        after = replace(line, standing=standing, order="", by=by.id, by_name=by.name, round=line.round + 1)
        return await self.book.change(line, after, now=now, entry=entry)

    async def take_back(self, line: BankLine, by: MatchedBy) -> BankLine | None:
        """Undo: the order is told that this deposit is not its own, and the line waits for its order again."""
        if line.standing is not LineStanding.MATCHED:
            raise LineChanged("This line belongs to no order.")
        now = self.now()
        after = replace(line, standing=LineStanding.OPEN, by=by.id, by_name=by.name, matched_at=now)
        entry = AuditEntry(
            at=now,
            act=Act.DEPOSIT_UNMATCHED,
            by=by.id,
            about=line.order.partition(":")[2],
            more=money.toman(line.said.amount),
        )
        kept = await self.book.change(line, after, now=now, entry=entry, tell=True)
        return await self.tell_order(kept) if kept else None

    async def tell_order(self, line: BankLine) -> BankLine | None:
        """The second step and the third; safe to do again. None where the order would not have it: then the line waits
        for another."""
        undoing = line.standing is LineStanding.OPEN
        source, _, order_id = line.order.partition(":")
        event_id = f"{line.event_id}-undone" if undoing else line.event_id
        outcome = await self.submits.submit(
            Delivery(
                source=source,
                event_id=event_id,
                digest=event_id,
                order_id=order_id,
                phone=None,
                events=lambda order: (
                    self._undone(line, order, event_id) if undoing else self._came(line, order, event_id)
                ),
            )
        )
        if undoing:
            return await self._after_undoing(line, order_id)
        if isinstance(outcome, Unchanged | Clashing):
            log.warning("an order would not have its deposit", action="bank_order_changed", order=order_id)
            left = replace(line, standing=LineStanding.OPEN, order="", round=line.round + 1)
            await self.book.change(line, left, now=self.now())
            return None
        log.info("deposit matched", action="deposit_matched", source=source, order=order_id, line=line.id)
        return await self.book.change(line, replace(line, told=True), now=line.matched_at) or line

    async def _after_undoing(self, line: BankLine, order_id: str) -> BankLine | None:
        after = replace(line, order="", told=False, round=line.round + 1)
        kept = await self.book.change(line, after, now=self.now())
        if kept is not None:
            text = (
                f"واریز سفارش {persian.order_number(order_id)} ({money.toman(line.said.amount)}) از آن جدا شد؛ "
                "پیامک مرحله‌های این سفارش دیگر نمی‌رود. صفحهٔ واریزها را ببینید."
            )
            await self._alert(f"deposit_unmatched:{line.order}:{line.round}", text)
        return kept

    def _came(self, line: BankLine, order: Order | None, event_id: str) -> Sequence[Event]:
        due = order.transfer_due if order else 0
        if order is None or not due or (line.exactly and due != line.said.amount):
            return []
        shop = self.rulebook().shops.of(order.source)
        amount = line.said.amount
        is_whole = 0 <= due - amount <= shop.deposit_tolerance or amount == order.details.amount
        details = Details(reference=line.said.reference or None)
        if not is_whole:
            details = Details(reference=line.name, deposit_amount=amount)
        undone = (order.happened(EventType.DEPOSIT_UNMATCHED) or -1) + 1
        at = max(self.now(), order.deposit_waiting or 0, order.happened(EventType.DEPOSIT_REJECTED) or 0, undone)
        return [self._event(line, order, event_id, EventType.DEPOSIT_CONFIRMED, details, at)]

    def _undone(self, line: BankLine, order: Order | None, event_id: str) -> Sequence[Event]:
        if order is None:
            return []
        details = Details(reference=line.name) if line.name in order.deposits else Details()
        at = max(self.now(), (order.happened(EventType.DEPOSIT_CONFIRMED) or 0) + 1)
        return [self._event(line, order, event_id, EventType.DEPOSIT_UNMATCHED, details, at)]

    def _event(self, line: BankLine, order: Order, event_id: str, kind: EventType, details: Details, at: int) -> Event:
        said: dict[str, Any] = {
            "by": line.by, "by_name": line.by_name, "seen": line.said.amount, "account": shown(line.said.account),
            "note": line.said.reference and f"شماره پیگیری پرداخت {line.said.reference}", "second": line.second,
            "second_name": line.second_name, "bank_line": line.id,
        }  # fmt: skip
        return Event(
            id=event_id,
            source=order.source,
            type=kind,
            order_id=order.id,
            at=datetime.fromtimestamp(at / 1000, self.clock.now().tzinfo),
            details=details,
            by=line.by,
            extra={name: value for name, value in said.items() if value},
            past=False,
        )


def shown(account: str) -> str:
    """An account as far as people need it to tell it from another."""
    return f"…{account[-4:]}" if len(account) > 4 else account


def is_proposed(match: BankMatch) -> bool:
    """Whether one press is enough."""
    return match.verdict in (MatchVerdict.EXACT, MatchVerdict.PROPOSED) and NEVER_PROPOSED.isdisjoint(match.doubts)
