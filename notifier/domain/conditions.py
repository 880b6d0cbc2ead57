"""Whether the condition of a promise holds for an order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.orders import Order
from notifier.domain.policy import CallRule, Rulebook, TextRule, When

_Rule = TypeVar("_Rule", TextRule, CallRule)

LOW = 2
"""A mark up to which somebody asks the customer what went wrong."""

_UNPAID_IN_A_WAY = frozenset({When.PART, When.NO_DEPOSIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Of an order at a moment (unix ms). ``settled`` is whether its money is there in the way that its shop offers."""

    order: Order
    settled: bool
    deposit_deadline: timedelta
    now: int
    timed_until: int | None = None  # unix ms at which the agreed time of delivery ends
    has_slots: bool = False  # whether there are any where the order goes

    @classmethod
    def of(cls, order: Order, rulebook: Rulebook, *, settled: bool, now: int) -> "Conditions":
        """By the promises and the slots of a shop."""
        agreed, timetable = order.delivery, rulebook.timetable
        return cls(
            order=order,
            settled=settled,
            deposit_deadline=rulebook.shops.of(order.source).deposit_deadline,
            now=now,
            timed_until=int(timetable.ends(agreed).timestamp() * 1000) if agreed else None,
            has_slots=timetable.serves(rulebook.region(order)),
        )

    def chosen(self, rules: Iterable[_Rule]) -> list[_Rule]:
        """The rules whose condition holds: `part` and `no_deposit` take the place of `unpaid`."""
        fitting = [rule for rule in rules if self.hold(rule.when)]
        if _UNPAID_IN_A_WAY.isdisjoint(rule.when for rule in fitting):
            return fitting
        return [rule for rule in fitting if rule.when is not When.UNPAID]

    def hold(self, when: When) -> bool:
        order = self.order
        match when:
            case When.ALWAYS:
                return True
            case When.PREPAID:
                return self.settled
            case When.UNPAID:
                return not self.settled
            case When.PART:
                back = sum(rial for _, rial in order.refunds.values())
                return not self.settled and order.deposit_rest > 0 and (order.deposit_received or 0) > back
            case When.NO_DEPOSIT:
                return not self.settled and self._deposit_never_came()
            case When.SURPLUS:
                return order.deposit_surplus > 0
            case When.NO_TIME:
                return self.has_slots and (self.timed_until is None or self.timed_until <= self.now)
            case When.DELIVERY_DAY:
                return self.timed_until is not None
            case When.LOW_MARK:
                return order.details.mark is not None and order.details.mark <= LOW

    def _deposit_never_came(self) -> bool:
        order, placed = self.order, self.order.placed_at
        if order.method is not PaymentMethod.BANK_TRANSFER or order.happened(EventType.DEPOSIT_CONFIRMED) is not None:
            return False
        reported, rejected = order.happened(EventType.DEPOSIT_REPORTED), order.happened(EventType.DEPOSIT_REJECTED)
        if placed is None or (reported is not None and (rejected or 0) < reported):
            return False
        until = placed + self.deposit_deadline // timedelta(milliseconds=1)
        return (order.happened(EventType.CANCELLED) or self.now) >= until
