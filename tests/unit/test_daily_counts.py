"""How what news adds to the figures of days is counted."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from notifier.clock import TEHRAN
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order, apply_events
from notifier.store import daily
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

NOON, KEYS = datetime(2026, 11, 23, 12, tzinfo=TEHRAN), Keys(0)
TRANSFER = {"method": PaymentMethod.BANK_TRANSFER, "amount": 98_000_000}


def event(kind: EventType, hours: float, **details: object) -> Event:
    at = NOON + timedelta(hours=hours)
    known = Details(**(TRANSFER | details))  # type: ignore[arg-type]
    return Event(id=f"{kind}{hours}", source="shop", type=kind, order_id="1", at=at, details=known)


def counted(before: Order | None, *events: Event) -> dict[str, dict[str, int]]:
    """What one delivery of news adds, by the key of the day. Each day is one operation."""
    after = apply_events(before or Order(id="1", source="shop"), events)
    at = int((NOON + timedelta(days=2)).timestamp() * 1000)
    unit = UnitOfWork()
    daily.ordered(unit, KEYS, before, replace(after, updated_at=at))
    found = {operation[1]: dict(zip(operation[3::2], operation[4::2], strict=True)) for operation in unit.operations}
    assert len(found) == len(unit.operations)
    return found  # type: ignore[return-value]


def test_what_counts_for_one_day_is_one_operation() -> None:
    placed = event(EventType.REGISTERED, 0, method=PaymentMethod.ONLINE)
    assert counted(None, placed, event(EventType.PAID, 1, method=PaymentMethod.ONLINE)) == {
        KEYS.day("2026-11-23"): {"@shop orders": 1, "@shop paid": 1, "@shop revenue": 98_000_000}
    }


def test_each_day_has_its_own() -> None:
    placed = event(EventType.REGISTERED, 0, method=PaymentMethod.ONLINE)
    assert counted(None, placed, event(EventType.PAID, 13, method=PaymentMethod.ONLINE)) == {
        KEYS.day("2026-11-23"): {"@shop orders": 1},
        KEYS.day("2026-11-24"): {"@shop paid": 1, "@shop revenue": 98_000_000},
    }


def test_two_words_about_a_deposit_that_took_as_long_are_both_counted() -> None:
    before = apply_events(Order(id="1", source="shop"), [event(EventType.DEPOSIT_REPORTED, 0, reference="77")])
    words = (event(kind, 2, reference="77") for kind in (EventType.DEPOSIT_CONFIRMED, EventType.DEPOSIT_REJECTED))
    (day,) = counted(before, *words).values()
    assert (day["@shop deposits confirmed"], day["@shop deposits rejected"]) == (1, 1)
    assert day["@shop deposit-took 7200000"] == 2
