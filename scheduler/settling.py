"""Deposits are money: what somebody saw at the bank is written down once, by one person or by two."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace

from notifier.domain.calls import Call, CallState, Purpose, customer_of, moved
from notifier.domain.decide import derived_id
from notifier.domain.events import Details, Event, EventType
from notifier.domain.orders import Order
from notifier.domain.policy import Shop
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import NotifierError, StoreAway, StoreError
from notifier.store import work, writes
from notifier.store.keys import Keys
from notifier.store.records import as_text, decode
from notifier.store.staff import Role, Staff
from notifier.store.work import UnitOfWork
from scheduler import entries, planning, times
from scheduler.book import CallBook
from scheduler.reporting import Reporting
from scheduler.steps import noted

log = structlog.get_logger()

_ATTEMPTS = 20


class DepositVerdict(StrEnum):
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class DepositFinding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody saw of a deposit that was reported at ``report`` (unix ms). While it ``waits`` nobody was told:
    a second person is to look. ``received`` is what came of earlier deposits of the order, in rial; with a ``whole``
    one nothing is left to come, for what it lacks is within what a shop lets pass, or nobody knows the sum."""

    report: int
    verdict: DepositVerdict
    by: str
    by_name: str
    at: int  # unix ms
    seen: int | None = None  # rial
    account: str = ""
    note: str = ""
    picture: str = ""
    waits: bool = False
    second: str = ""  # who confirmed what ``by`` saw
    second_name: str = ""
    received: int = 0
    whole: bool = False

    def is_about(self, order: Order) -> bool:
        return self.report == order.deposit_waiting

    @property
    def stamp(self) -> str:
        """Tells this finding from a later one of the same deposit."""
        return f"{self.by}-{self.at}"

    @property
    def came(self) -> int:
        """What came of all deposits of the order, as far as it was seen here (rial)."""
        return self.received + ((self.seen or 0) if self.verdict is DepositVerdict.CONFIRMED and not self.waits else 0)


class SettledBefore(NotifierError):
    """Somebody settled this deposit already; ``finding`` says who, where it was done here."""

    def __init__(self, finding: DepositFinding | None) -> None:
        super().__init__("This deposit has been settled already.")
        self.finding = finding


class FindingChanged(NotifierError):
    """What was to be confirmed is not what is written down any more."""


class SamePerson(NotifierError):
    """Who saw the sum cannot be who confirms it."""


class UnknownOrder(NotifierError):
    """There is no such order."""


def came_before(order: Order, finding: DepositFinding | None) -> int:
    """What came before the deposit that waits (rial), as the shop tells it or as it was seen here, whichever is more:
    what was seen reaches the order a moment later."""
    seen = finding.came if finding and not finding.is_about(order) else finding.received if finding else 0
    return max(seen, order.deposit_received or 0)


def due(order: Order, received: int) -> int | None:
    """How much is still to come (rial), as far as it is known."""
    if order.details.amount is None:
        return None
    whole = order.details.amount if received else max(order.details.amount, order.pay_exactly)
    return max(whole - received, 0)


def differs(order: Order, received: int, seen: int | None, shop: Shop) -> bool:
    """Whether a sum is further from what is to come than one person may let pass."""
    expected = due(order, received)
    return seen is not None and expected is not None and abs(seen - expected) > shop.deposit_tolerance


def may_confirm(by: Staff, entered_by: str | None, shop: Shop) -> bool:
    """Whether somebody may let a sum pass that differs: a supervisor, and where two must look, not who entered it."""
    if by.role is not Role.SUPERVISOR:
        return False
    return not shop.deposit_four_eyes or entered_by not in (None, by.id)


def _nothing_left(expected: int | None, seen: int | None, shop: Shop) -> bool:
    """Whether a sum that is less than what was to come counts as all of it."""
    return expected is None or (seen is not None and 0 < expected - seen <= shop.deposit_tolerance)


_How = Callable[[Order, DepositFinding | None, int], DepositFinding]
"""What is to be written, of the order, of what is written about this deposit, and of what came before (rial)."""


@dataclass(frozen=True, slots=True)
class Settling:
    """Each finding is one unit of work with what follows from it, which waits in Redis until the order was told;
    ``also`` adds to it."""

    book: CallBook
    reporting: Reporting
    also: Callable[[UnitOfWork, Keys, DepositFinding], None] = lambda unit, keys, finding: None

    async def enter(
        self, source: str, order_id: str, finding: DepositFinding, who: Staff, shop: Shop
    ) -> DepositFinding:
        """Write down what somebody saw. Where the sum differs it waits for another, unless that other had entered the
        same before. Raises SettledBefore, UnknownOrder."""

        def how(order: Order, before: DepositFinding | None, received: int) -> DepositFinding:
            fresh = replace(
                finding,
                report=order.deposit_waiting or 0,
                received=received,
                whole=_nothing_left(due(order, received), finding.seen, shop),
            )
            if fresh.verdict is DepositVerdict.REJECTED or not differs(order, received, fresh.seen, shop):
                return fresh
            agreed = before is not None and before.waits and before.seen == fresh.seen
            if before and agreed and may_confirm(who, before.by, shop):
                return replace(before, waits=False, second=who.id, second_name=who.name)
            return replace(fresh, waits=not may_confirm(who, None, shop))

        return await self._settle(source, order_id, how, who)

    async def confirm(self, source: str, order_id: str, stamp: str, who: Staff, shop: Shop) -> DepositFinding:
        """Let pass what another entered. Raises SettledBefore, FindingChanged, SamePerson, UnknownOrder."""

        def how(order: Order, before: DepositFinding | None, received: int) -> DepositFinding:
            if before is None or not before.waits or before.stamp != stamp:
                raise FindingChanged("This is not what waits to be confirmed any more.")
            if not may_confirm(who, before.by, shop):
                raise SamePerson("Somebody else must confirm it.")
            return replace(before, waits=False, second=who.id, second_name=who.name)

        return await self._settle(source, order_id, how, who)

    async def give_back(self, source: str, order_id: str, stamp: str, who: Staff) -> DepositFinding:
        """Cross out what waits to be confirmed. Raises SettledBefore, FindingChanged, SamePerson, UnknownOrder."""
        for _ in range(_ATTEMPTS):
            order, keys, raw, before = await self._read(source, order_id)
            if before is None or not before.waits or before.stamp != stamp:
                raise FindingChanged("This is not what waits to be confirmed any more.")
            if who.role is not Role.SUPERVISOR and who.id != before.by:
                raise SamePerson("A supervisor must do this, or who entered it.")
            unit = UnitOfWork()
            unit.require_field(keys.findings, f"{source}:{order_id}", raw)
            left = replace(
                before, waits=False, verdict=DepositVerdict.REJECTED, report=0, seen=None, received=before.received
            )
            unit.do("HSET", keys.findings, f"{source}:{order_id}", as_text(left))
            writes.add_lines(unit, keys, order, [self._line("deposit_given_back", before, who)])
            self.also(unit, keys, left)
            if await self._done(unit):
                return before
        raise StoreAway("This deposit keeps changing. Try again.")

    async def _settle(self, source: str, order_id: str, how: _How, who: Staff) -> DepositFinding:
        for _ in range(_ATTEMPTS):
            order, keys, raw, before = await self._read(source, order_id)
            current = before if before and before.is_about(order) else None
            if order.deposit_waiting is None or (current and not current.waits):
                raise SettledBefore(current or before)
            after = how(order, current, came_before(order, before))
            unit = UnitOfWork()
            unit.require_version(keys.order(source, order_id), order.v)
            unit.require_field(keys.findings, f"{source}:{order_id}", raw)
            unit.do("HSET", keys.findings, f"{source}:{order_id}", as_text(after))
            if after.waits:
                writes.add_lines(unit, keys, order, [self._line("deposit_entered", after, who)])
            else:
                await self._follow(unit, keys, order, after)
            self.also(unit, keys, after)
            if await self._done(unit):
                log.info("deposit settled", action="deposit_settled", source=source, order=order_id, staff=who.id)
                if not after.waits:
                    await self.reporting.tell_orders(keys)
                return after
        raise StoreAway("This deposit keeps changing. Try again.")

    async def _read(self, source: str, order_id: str) -> tuple[Order, Keys, bytes | str, DepositFinding | None]:
        reader = self.book.reader
        order, keys = await reader.order(source, order_id), await reader.keys_of(source, order_id)
        if order is None:
            raise UnknownOrder("There is no such order.")
        raw: Any = await self.book.redis.hget(keys.findings, f"{source}:{order_id}")
        return order, keys, raw or "", read(raw)

    async def _follow(self, unit: UnitOfWork, keys: Keys, order: Order, found: DepositFinding) -> None:
        """The news for the order, and the end of the reason to look; nobody was phoned, so it counts as no call."""
        confirmed = found.verdict is DepositVerdict.CONFIRMED
        event = Event(
            id=f"deposit-{derived_id(order.source, order.id, str(found.report), found.verdict)}",
            source=order.source,
            type=EventType.DEPOSIT_CONFIRMED if confirmed else EventType.DEPOSIT_REJECTED,
            order_id=order.id,
            at=times.moment(max(self.book.now(), found.report)),
            details=Details(deposit_amount=None if found.whole else found.seen, reference=reference_of(order))
            if confirmed
            else Details(),
            by=found.by,
            extra=_story(found),
        )
        unit.do("HSET", keys.feedback, event.id, as_text(event))
        call = await self._open_call(keys, order)
        ours = {
            one.id
            for one in (call.reasons if call else ())
            if one.purpose is Purpose.VERIFY_DEPOSIT and (one.source, one.order_id) == (order.source, order.id)
        }
        if call is None or not ours:
            return
        now, what = self.book.now(), f"settled, deposit {found.verdict}"
        if len(ours) == len(call.reasons):
            history = noted(call, now, what, found.by, found.note)
            done = moved(call, CallState.DONE, ended=now, claimed_until=0, assignee=found.by, history=history)
        else:
            left = planning.revised(
                call, leaving=ours, joining=[], phone=call.phone, name=call.name, now=now,
                rules=self.book.rules, calendar=self.book.calendar,
            )  # fmt: skip
            assert left is not None
            done = replace(left, history=noted(call, now, what, found.by, found.note))
        entries.require(unit, keys, call.customer, call)
        self.book.write(unit, keys, call, done)

    async def _open_call(self, keys: Keys, order: Order) -> Call | None:
        name = customer_of(order.details.phone, order.source, order.id)
        call_id: Any = await self.book.redis.hget(keys.open_calls, name)
        found = await self.book.reader.calls([(keys, call_id.decode())]) if call_id else []
        return found[0].call if found and found[0].call.is_open else None  # it may have ended since its name was read

    def _line(self, what: str, finding: DepositFinding, who: Staff) -> TimelineEntry:
        extra = _story(finding) | {"by": who.id, "by_name": who.name}
        return TimelineEntry(at=self._moment(), kind=LineKind.BY_HAND, what=what, extra=extra)

    def _moment(self) -> datetime:
        return times.moment(self.book.now())

    async def _done(self, unit: UnitOfWork) -> bool:
        return (await work.commit(self.book.redis, [unit]))[0][0] == "done"


def read(raw: bytes | None) -> DepositFinding | None:
    """A finding as it is kept; one that cannot be read is none."""
    try:
        return decode(raw, DepositFinding) if raw else None
    except StoreError as error:
        log.error("what was seen of a deposit is left out", action="finding_unreadable", error=str(error))
        return None


def reference_of(order: Order) -> str | None:
    """The reference that the deposit which waits was reported with: an older one belongs to other money."""
    reference = order.details.reference
    reported = order.news.get(EventType.DEPOSIT_REPORTED, {})
    return reference if reference and reported.get(reference) == order.deposit_waiting else None


def _story(found: DepositFinding) -> dict[str, Any]:
    """What the order's story says of it."""
    said = {
        "by": found.by, "by_name": found.by_name, "seen": found.seen, "account": found.account, "note": found.note,
        "picture": found.picture, "second": found.second, "second_name": found.second_name,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value not in ("", None)}
