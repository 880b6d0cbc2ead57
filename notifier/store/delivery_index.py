"""The indexes from which the courier's list is made: written and removed with the order itself."""

from datetime import UTC, date, datetime, time, timedelta

from notifier.domain.door import left_with_courier
from notifier.domain.events import EventType
from notifier.domain.orders import Order
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

KEPT = timedelta(days=100)
"""For how long after a day its list can be looked at; orders that are archived later leave it earlier."""


def put(unit: UnitOfWork, keys: Keys, order: Order, *, before: Order | None) -> None:
    """Have an order stand on the list of the day that is agreed upon, and no more on that of another."""
    member = f"{order.source}:{order.id}"
    former, agreed = before.delivery if before else None, order.delivery
    if former is not None and (agreed is None or agreed.date != former.date):
        unit.do("ZREM", keys.deliveries(former.date.isoformat()), member)
    if agreed is not None and agreed != former:
        key = keys.deliveries(agreed.date.isoformat())
        unit.do("ZADD", key, agreed.start.hour * 60 + agreed.start.minute, member)
        unit.do("PEXPIREAT", key, _ends(agreed.date))
    if (left := left_at(order)) is not None:
        unit.do("ZADD", keys.on_the_way, left, member)
    elif before is not None and left_at(before) is not None:
        unit.do("ZREM", keys.on_the_way, member)


def drop(unit: UnitOfWork, keys: Keys, order: Order) -> None:
    """Have an order stand on no list any more."""
    member = f"{order.source}:{order.id}"
    if (agreed := order.details.delivery) is not None:
        unit.do("ZREM", keys.deliveries(agreed.date.isoformat()), member)
    unit.do("ZREM", keys.on_the_way, member)


def left_at(order: Order) -> int | None:
    """When (unix ms) an order left that a courier may have with them; None where none has."""
    left = order.happened(EventType.OUT_FOR_DELIVERY) or order.happened(EventType.SHIPPED)
    return left if left is not None and left_with_courier(order) else None


def _ends(day: date) -> int:
    return ms(datetime.combine(day, time(), UTC) + KEPT)
