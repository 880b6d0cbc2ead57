"""A line of a bank account, and which open order's transfer it is: exactly one, or a person looks. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from notifier.domain.decide import derived_id
from notifier.domain.orders import Order
from notifier.domain.policy import Shop


class BankMovement(StrEnum):
    """What a line says of the account. Only what came ``IN`` may be a customer's deposit."""

    IN = "in"
    OUT = "out"
    INTEREST = "interest"
    LOAN = "loan"
    BALANCE = "balance"
    CORRECTION = "correction"  # money that goes back where it came from, either way


CORRECTS = re.compile(
    r"برگشت|بازگشت|برگردان|اصلاح|ابطال|باطل|عودت|استرداد|مسترد|مرجوع|معکوس|revers|refund|chargeback|correction",
    re.IGNORECASE,
)
"""Words for money that goes back where it came from: no customer's deposit, whichever way it went."""


class BankRail(StrEnum):
    """The way money took, as far as the bank names it."""

    UNKNOWN = ""
    PAYA = "paya"
    SATNA = "satna"
    POL = "pol"


SLOW = frozenset({BankRail.PAYA, BankRail.SATNA})
"""Ways on which money comes hours later and in bulk: a person always looks."""


class BalanceChain(StrEnum):
    """Whether the balance known before and this amount make the balance that the line says."""

    FIRST = "first"  # nothing was known of the account
    KEPT = "kept"
    BROKEN = "broken"
    UNCHECKED = "unchecked"  # it says no balance, or is older than what is known


class LineStanding(StrEnum):
    """What became of a line."""

    OPEN = "open"  # money that came and belongs to no order yet
    WAITS = "waits"  # somebody gave it to an order, and a second person is to look
    MATCHED = "matched"
    LEFT = "left"  # somebody said that it belongs to no order
    NOTED = "noted"  # no deposit: known for the balance alone


class ReadLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one text or row of a statement says. Sums are rial; an empty text says nothing.

    ``minute`` is the time of day that it gives itself (minutes since midnight), -1 for none.
    """

    movement: BankMovement
    amount: int = 0
    balance: int | None = None
    account: str = ""
    reference: str = ""
    payment_id: str = ""
    rail: BankRail = BankRail.UNKNOWN
    minute: int = -1
    bank: str = ""


class BankLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line as it is kept. ``v`` counts its versions and comes first, where the store looks for it.

    ``twin`` is another line that may be the same money. ``round`` counts how often it was given to an order.
    """

    v: int = 0
    id: str
    source: str
    at: int  # unix ms
    said: ReadLine
    text: str = ""
    by_statement: bool = False
    chain: BalanceChain = BalanceChain.UNCHECKED
    twin: str = ""
    standing: LineStanding = LineStanding.OPEN
    order: str = ""  # source:id
    by: str = ""  # id of staff; empty: by itself
    by_name: str = ""
    matched_at: int = 0
    second: str = ""
    second_name: str = ""
    round: int = 0
    exactly: bool = False  # it was given only while the order awaits this very sum
    told: bool = False  # the order has it

    @property
    def name(self) -> str:
        """What tells its deposit from others of the order."""
        return self.said.reference or f"bank-{self.id}"

    @property
    def event_id(self) -> str:
        return f"bank-{derived_id(self.id, self.order, str(self.round))}"


class MatchVerdict(StrEnum):
    """What is to become of a line."""

    EXACT = "exact"  # one order, beyond doubt
    PROPOSED = "proposed"  # one order, which a person confirms
    SEVERAL = "several"
    DIFFERENT = "different"  # it names an order, and the sum is another
    NONE = "none"


class MatchDoubt(StrEnum):
    """Why a line is not matched by itself."""

    BROKEN = "broken"
    UNCHECKED = "unchecked"
    SLOW = "slow"
    TWIN = "twin"
    LATE = "late"
    EARLY = "early"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMatch:
    """What is proposed for a line: ``orders`` are those that it may belong to, best known first."""

    verdict: MatchVerdict
    orders: Sequence[Order] = ()
    doubts: Sequence[MatchDoubt] = ()


class ShopsByName(Protocol):
    """The shop of a source."""

    def of(self, source: str) -> Shop: ...


_SKEW = timedelta(minutes=15)
_SLACK = timedelta(hours=48)


def matched(line: BankLine, orders: Sequence[Order], shops: ShopsByName, *, rivals: int = 0) -> BankMatch:
    """Which order a line belongs to. ``orders`` may be of any sum; ``rivals`` are other open lines of this sum."""
    if line.said.movement is not BankMovement.IN:
        return BankMatch(verdict=MatchVerdict.NONE)
    open_ones = {f"{one.source}:{one.id}": one for one in orders if one.transfer_due}
    same = [one for one in open_ones.values() if one.transfer_due == line.said.amount]
    named = [one for one in open_ones.values() if _names(line, one)]
    if named:
        exact = [one for one in named if one.transfer_due == line.said.amount]
        if len(named) > 1 and len(exact) != 1:
            return BankMatch(verdict=MatchVerdict.SEVERAL, orders=_sorted(named))
        if not exact:
            return BankMatch(verdict=MatchVerdict.DIFFERENT, orders=named)
        if len(named) > 1:
            return BankMatch(verdict=MatchVerdict.SEVERAL, orders=_sorted(named))
        same = exact
    if not same:
        return BankMatch(verdict=MatchVerdict.NONE)
    if len(same) > 1:
        return BankMatch(verdict=MatchVerdict.SEVERAL, orders=_sorted(same))
    order = same[0]
    doubts = list(_doubts(line, order, shops.of(order.source), rivals=rivals))
    return BankMatch(verdict=MatchVerdict.PROPOSED if doubts else MatchVerdict.EXACT, orders=same, doubts=doubts)


def _doubts(line: BankLine, order: Order, shop: Shop, *, rivals: int) -> list[MatchDoubt]:
    found = []
    if line.chain is BalanceChain.BROKEN:
        found.append(MatchDoubt.BROKEN)
    elif line.chain is BalanceChain.UNCHECKED:
        found.append(MatchDoubt.UNCHECKED)
    if line.said.rail in SLOW:
        found.append(MatchDoubt.SLOW)
    if line.twin or rivals:
        found.append(MatchDoubt.TWIN)
    placed = order.placed_at or order.created_at
    if line.at < placed - _ms(_SKEW):
        found.append(MatchDoubt.EARLY)
    elif line.at > max(placed + _ms(shop.deposit_deadline), order.deposit_waiting or 0) + _ms(_SLACK):
        found.append(MatchDoubt.LATE)
    return found


_GOES_BACK_WITHIN = timedelta(days=7)


def may_take_back(correction: BankLine, deposit: BankLine) -> bool:
    """Whether a correction of an account may be of this deposit."""
    accounts = {correction.said.account, deposit.said.account} - {""}
    return (
        deposit.said.movement is BankMovement.IN
        and deposit.source == correction.source
        and deposit.said.amount == correction.said.amount
        and len(accounts) < 2
        and -_ms(_SKEW) <= correction.at - deposit.at <= _ms(_GOES_BACK_WITHIN)
    )


NEVER_PROPOSED = frozenset({MatchDoubt.BROKEN, MatchDoubt.TWIN, MatchDoubt.EARLY})
"""Doubts with which a line is a task: a person picks the order, and is told why."""


def _names(line: BankLine, order: Order) -> bool:
    given = {line.said.payment_id, line.said.reference} - {""}
    if line.said.payment_id and line.said.payment_id in (order.id, order.details.number):
        return True
    return order.details.reference is not None and order.details.reference in given


def _sorted(orders: Sequence[Order]) -> list[Order]:
    return sorted(orders, key=lambda one: (one.placed_at or one.created_at, one.id))


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


_SAME_REFERENCE, _SAME_BALANCE, _TOO_CLOSE = timedelta(days=7), timedelta(hours=48), timedelta(seconds=90)
_A_DAY = timedelta(days=1)  # what a statement without times can be apart
ACROSS = _ms(_A_DAY)
"""Ms within which a line that says no balance, such as an aggregator's, may be the money of one that says it."""
_CLOCKS = 15  # minutes that the times of one line may differ by


class KnownLine(Struct, frozen=True, array_like=True):
    """What is remembered of a line, to know it again."""

    id: str
    at: int
    minute: int = -1
    bare: bool = False  # it said no balance


class Fingerprint(Struct, frozen=True):
    """What a line is known by. One that is ``sure`` is the same money; else it may be."""

    name: str
    within: int  # ms
    sure: bool
    bare: bool = False  # worth something only where one of the two says no balance


def fingerprints(line: ReadLine, text: str, *, by_statement: bool = False) -> list[Fingerprint]:
    """All that a line is known by, the surest first."""
    about = f"{line.movement}|{line.amount}"
    found = []
    if line.reference:
        found.append(Fingerprint(derived_id(about, "reference", line.reference), _ms(_SAME_REFERENCE), True))
    if line.balance is not None:
        found.append(Fingerprint(derived_id(about, "balance", str(line.balance)), _ms(_SAME_BALANCE), True))
    elif text and not line.reference:
        found.append(Fingerprint(derived_id(about, "text", text), _ms(_SAME_BALANCE), False))
    close = _ms(_A_DAY if by_statement else _TOO_CLOSE)
    found.append(Fingerprint(derived_id(about, "alone"), close, False, bare=True))
    return found


def same_minute(one: int, other: int) -> bool:
    """Whether two times of day may be of one line; one that is not said may be any."""
    apart = abs(one - other)
    return one < 0 or other < 0 or min(apart, 24 * 60 - apart) <= _CLOCKS


def chained(line: ReadLine, at: int, known: tuple[int, int] | None) -> BalanceChain:
    """``known`` is the last balance of the account (rial) and when it was so (unix ms)."""
    if line.balance is None:
        return BalanceChain.UNCHECKED
    if known is None:
        return BalanceChain.FIRST
    balance, since = known
    if line.movement is BankMovement.CORRECTION and line.balance in (balance + line.amount, balance - line.amount):
        return BalanceChain.KEPT
    signed = {BankMovement.OUT: -line.amount, BankMovement.BALANCE: 0}.get(line.movement, line.amount)
    if balance + signed == line.balance:
        return BalanceChain.KEPT
    return BalanceChain.UNCHECKED if at < since else BalanceChain.BROKEN
