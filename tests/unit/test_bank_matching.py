"""Which order a line of the account is: exactly one, beyond doubt, or a person looks."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from notifier.clock import TEHRAN
from notifier.domain.bank import (
    BalanceChain,
    BankLine,
    BankMovement,
    BankRail,
    MatchDoubt,
    MatchVerdict,
    ReadLine,
    chained,
    fingerprints,
    matched,
    same_minute,
)
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order, apply_events
from notifier.domain.policy import Shop, Shops

AT = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
MS = int(AT.timestamp() * 1000)
SHOPS = Shops(main=Shop(name="فروشگاه", support_phone="02191001234"))
AMOUNT = 2_400_000


def order(name: str, amount: int = AMOUNT, **more: object) -> Order:
    details = Details(method=PaymentMethod.BANK_TRANSFER, amount=amount, **more)  # type: ignore[arg-type]
    event = Event(id="e", source="shop", type=EventType.REGISTERED, order_id=name, at=AT, details=details)
    return apply_events(Order(id=name, source="shop", created_at=MS), [event])


def line(
    amount: int = AMOUNT,
    *,
    chain: BalanceChain = BalanceChain.KEPT,
    after: timedelta = timedelta(hours=1),
    **more: object,
) -> BankLine:
    said = ReadLine(movement=BankMovement.IN, amount=amount, balance=1, **more)  # type: ignore[arg-type]
    return BankLine(id="1", source="bank", at=MS + after // timedelta(milliseconds=1), said=said, chain=chain)


def test_one_order_of_exactly_this_sum() -> None:
    found = matched(line(), [order("1"), order("2", AMOUNT + 10)], SHOPS)
    assert (found.verdict, [one.id for one in found.orders]) == (MatchVerdict.EXACT, ["1"])


def test_two_orders_are_for_a_person() -> None:
    found = matched(line(), [order("1"), order("2")], SHOPS)
    assert (found.verdict, [one.id for one in found.orders]) == (MatchVerdict.SEVERAL, ["1", "2"])


def test_a_reference_tells_one_of_two_orders() -> None:
    found = matched(line(reference="778899"), [order("1"), order("2", reference="778899")], SHOPS)
    assert (found.verdict, [one.id for one in found.orders]) == (MatchVerdict.EXACT, ["2"])


def test_a_payment_id_is_the_order() -> None:
    found = matched(line(payment_id="2"), [order("1"), order("2")], SHOPS)
    assert (found.verdict, [one.id for one in found.orders]) == (MatchVerdict.EXACT, ["2"])


def test_an_order_that_is_named_and_costs_something_else() -> None:
    found = matched(line(payment_id="2"), [order("1"), order("2", 5_000_000)], SHOPS)
    assert (found.verdict, [one.id for one in found.orders]) == (MatchVerdict.DIFFERENT, ["2"])


@pytest.mark.parametrize(
    ("given", "rivals", "doubt"),
    [
        (line(chain=BalanceChain.BROKEN), 0, MatchDoubt.BROKEN),
        (line(chain=BalanceChain.UNCHECKED), 0, MatchDoubt.UNCHECKED),
        (line(rail=BankRail.PAYA), 0, MatchDoubt.SLOW),
        (line(rail=BankRail.SATNA), 0, MatchDoubt.SLOW),
        (line(after=timedelta(hours=-1)), 0, MatchDoubt.EARLY),
        (line(after=timedelta(days=20)), 0, MatchDoubt.LATE),
        (line(), 1, MatchDoubt.TWIN),
        (replace(line(), twin="2"), 0, MatchDoubt.TWIN),
    ],
)
def test_a_doubt_is_never_automatic(given: BankLine, rivals: int, doubt: MatchDoubt) -> None:
    found = matched(given, [order("1")], SHOPS, rivals=rivals)
    assert (found.verdict, list(found.doubts)) == (MatchVerdict.PROPOSED, [doubt])


@pytest.mark.parametrize("movement", [one for one in BankMovement if one is not BankMovement.IN])
def test_only_what_came_in_is_a_deposit(movement: BankMovement) -> None:
    given = replace(line(), said=replace(line().said, movement=movement))
    assert matched(given, [order("1")], SHOPS).verdict is MatchVerdict.NONE


@pytest.mark.parametrize("kind", [EventType.CANCELLED, EventType.DEPOSIT_CONFIRMED])
def test_an_order_that_awaits_nothing_is_no_candidate(kind: EventType) -> None:
    over = apply_events(
        order("1"), [Event(id="x", source="shop", type=kind, order_id="1", at=AT + timedelta(minutes=1))]
    )
    assert over.transfer_due == 0
    assert matched(line(), [over], SHOPS).verdict is MatchVerdict.NONE


@pytest.mark.parametrize(
    ("balance", "known", "chain"),
    [
        (None, (1, 0), BalanceChain.UNCHECKED),
        (1000, None, BalanceChain.FIRST),
        (1000, (900, 0), BalanceChain.KEPT),
        (1000, (800, 0), BalanceChain.BROKEN),
        (1000, (800, 10), BalanceChain.UNCHECKED),
    ],
)
def test_the_chain_of_balances(balance: int | None, known: tuple[int, int] | None, chain: BalanceChain) -> None:
    said = ReadLine(movement=BankMovement.IN, amount=100, balance=balance)
    assert chained(said, 5, known) is chain
    assert chained(replace(said, movement=BankMovement.OUT), 5, (1100, 0)) in (
        BalanceChain.KEPT,
        BalanceChain.UNCHECKED,
    )


def test_a_line_is_known_by_its_balance_or_its_reference() -> None:
    said = ReadLine(movement=BankMovement.IN, amount=100, balance=1000, reference="7")
    names = {one.name for one in fingerprints(said, "a") if one.sure}
    assert names == {one.name for one in fingerprints(replace(said, account="12"), "b", by_statement=True) if one.sure}
    assert len(names) == 2
    assert not any(one.sure for one in fingerprints(replace(said, balance=None, reference=""), "a"))


@pytest.mark.parametrize(("one", "other", "same"), [(-1, 5, True), (10, 20, True), (10, 40, False), (5, 1439, True)])
def test_times_of_day_of_one_line(one: int, other: int, same: bool) -> None:
    assert same_minute(one, other) is same


def test_a_deposit_that_is_taken_back_counts_no_more() -> None:
    def event(kind: EventType, minute: int, **details: object) -> Event:
        said = Details(**details)  # type: ignore[arg-type]
        return Event(id="x", source="shop", type=kind, order_id="1", at=AT + timedelta(minutes=minute), details=said)

    whole = [event(EventType.DEPOSIT_CONFIRMED, 1), event(EventType.DEPOSIT_UNMATCHED, 2)]
    assert (apply_events(order("1"), whole).paid, apply_events(order("1"), whole[::-1]).paid) == (False, False)
    again = apply_events(order("1"), [*whole, event(EventType.DEPOSIT_CONFIRMED, 3)])
    assert (again.paid, again.transfer_due) == (True, 0)
    part = event(EventType.DEPOSIT_CONFIRMED, 1, deposit_amount=1_000_000, reference="a")
    rest = event(EventType.DEPOSIT_CONFIRMED, 2, deposit_amount=1_400_000, reference="b")
    both = apply_events(order("1"), [part, rest])
    assert (both.paid, both.deposit_received) == (True, AMOUNT)
    left = apply_events(both, [event(EventType.DEPOSIT_UNMATCHED, 3, reference="a")])
    assert (left.paid, left.deposit_received, left.transfer_due) == (False, 1_400_000, 1_000_000)
    assert left.details.reference == "b"
