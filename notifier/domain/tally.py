"""What news of an order adds to the figures of days: orders, what was paid for them, and deposits looked up."""

from collections.abc import Iterator
from typing import NamedTuple

from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.orders import Order

_PAYING = frozenset({EventType.PAID, EventType.DEPOSIT_CONFIRMED})
_UNHEARD_OF = Order(id="", source="")
_ON_DELIVERY = (PaymentMethod.CASH, PaymentMethod.PHONE)


class Tally(NamedTuple):
    """What to add to the counters of the day of ``at`` (unix ms). Money is rial; ``wait`` is ms."""

    at: int
    counts: dict[str, int]
    wait: int | None = None  # of a deposit, from the customer's word to the desk's


def of_order(before: Order | None, after: Order, now: int) -> list[Tally]:
    """What counts now that did not before. It counts for the day in which the shop says it happened, none to come."""
    former, news = before or _UNHEARD_OF, after.news
    found: list[Tally] = []
    if before is None:
        found.append(_begun(after))
    if not _PAYING.isdisjoint(news):
        found += _paid(former, after)
    if EventType.REFUNDED in news:
        found += _given_back(former, after)
    if EventType.DELIVERED in news:
        found += _on_delivery(former, after)
    if EventType.CANCELLED in news:
        found += _cancelled(former, after)
    if EventType.DEPOSIT_REPORTED in news:
        found += _deposit(former, after)
    if former.details.mark != after.details.mark:
        found += _rated(former, after)
    return [one if one.at <= now else one._replace(at=now) for one in found]


def _begun(order: Order) -> Tally:
    heard = [at for times in order.news.values() for at in times.values()]
    return Tally(order.registered_at or min(heard, default=order.created_at), {"orders": 1})


def _paid(before: Order, after: Order) -> Iterator[Tally]:
    """The difference that the news makes: a payment, one that turns out to be none, another amount than was said."""
    was, is_now = _takings(before), _takings(after)
    if was == is_now:
        return
    counts = is_now
    if was:
        counts = {name: is_now.get(name, 0) - was.get(name, 0) for name in {**was, **is_now}}
    if counts := {name: count for name, count in counts.items() if count}:
        payer = after if is_now else before
        at = max(payer.happened(EventType.PAID) or 0, payer.happened(EventType.DEPOSIT_CONFIRMED) or 0)
        yield Tally(at, counts)


def _takings(order: Order) -> dict[str, int]:
    """What an order paid in advance comes to. What goes back later is counted as that."""
    if _PAYING.isdisjoint(order.news):
        return {}
    if not order.paid and not (order.refunded and _came_whole(order)):
        return {}
    amount = order.details.amount
    return {"paid": 1, "unpriced": 1} if amount is None else {"paid": 1, "revenue": amount}


def _came_whole(order: Order) -> bool:
    return EventType.PAID in order.news or (order.deposit_confirmed and not order.deposit_rest)


def _given_back(before: Order, after: Order) -> Iterator[Tally]:
    more = _back(after) - _back(before)
    if more and (at := after.happened(EventType.REFUNDED)) is not None:
        yield Tally(at, {"refunded": more})


def _back(order: Order) -> int:
    """How much went back to the customer, as far as the shop said."""
    if order.happened(EventType.REFUNDED) is None:
        return 0
    if order.refunds:
        return sum(amount for _, amount in order.refunds.values())
    return order.details.refund_amount or (order.details.amount or 0 if order.refunded else 0)


def _on_delivery(before: Order, after: Order) -> Iterator[Tally]:
    at = after.happened(EventType.DELIVERED)
    if at is None or before.happened(EventType.DELIVERED) is not None or after.method not in _ON_DELIVERY:
        return
    yield Tally(at, {"cash": 1, "cash-rial": after.details.amount or 0})


def _cancelled(before: Order, after: Order) -> Iterator[Tally]:
    if after.cancelled and not before.cancelled:
        yield Tally(after.happened(EventType.CANCELLED) or 0, {"cancelled": 1})


def _rated(before: Order, after: Order) -> Iterator[Tally]:
    """The customer's last mark counts, in place of any before it."""
    was, now = before.details.mark, after.details.mark
    if was is not None:
        yield Tally(before.happened(EventType.RATED) or 0, {f"mark {was}": -1})
    if now is not None:
        yield Tally(after.happened(EventType.RATED) or 0, {f"mark {now}": 1})


def _deposit(before: Order, after: Order) -> Iterator[Tally]:
    reported = after.happened(EventType.DEPOSIT_REPORTED)
    for kind, name in ((EventType.DEPOSIT_CONFIRMED, "confirmed"), (EventType.DEPOSIT_REJECTED, "rejected")):
        at = after.happened(kind)
        if reported is None or at is None or at < reported or at == before.happened(kind):
            continue
        waited_before = before.deposit_waiting is not None or before.happened(EventType.DEPOSIT_REPORTED) != reported
        if waited_before:
            yield Tally(at, {f"deposits {name}": 1}, wait=at - reported)
