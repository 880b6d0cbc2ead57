"""Whether the condition of a promise holds for an order. Pure."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TypeVar

from msgspec import Struct

from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.orders import Order
from notifier.domain.policy import CallRule, Rulebook, TextRule, When

_Rule = TypeVar("_Rule", TextRule, CallRule)

LOW = 2
"""A mark up to which somebody asks the customer what went wrong."""

_UNPAID_IN_A_WAY = frozenset({When.PART, When.NO_DEPOSIT})


class Conditions(Struct, frozen=True, kw_only=True):
    """Of an order at a moment (unix ms), by the promises and the slots of a shop. ``settled`` is whether its money is
    there in the way that its shop offers."""

    order: Order
    rulebook: Rulebook
    settled: bool
    now: int

    def chosen(self, rules: Iterable[_Rule]) -> list[_Rule]:
        """The rules whose condition holds: `part` and `no_deposit` take the place of `unpaid`."""
        fitting = [rule for rule in rules if rule.when is When.ALWAYS or self.hold(rule.when)]
        if len(fitting) < 2 or _UNPAID_IN_A_WAY.isdisjoint([rule.when for rule in fitting]):
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
                rulebook = self.rulebook
                return rulebook.timetable.serves(rulebook.region(order)) and not self._time_is_to_come()
            case When.DELIVERY_DAY:
                return order.delivery is not None
            case When.LOW_MARK:
                return order.details.mark is not None and order.details.mark <= LOW

    def _time_is_to_come(self) -> bool:
        agreed = self.order.delivery
        return agreed is not None and int(self.rulebook.timetable.ends(agreed).timestamp() * 1000) > self.now

    def _deposit_never_came(self) -> bool:
        order, placed = self.order, self.order.placed_at
        if order.method is not PaymentMethod.BANK_TRANSFER or order.happened(EventType.DEPOSIT_CONFIRMED) is not None:
            return False
        reported, rejected = order.happened(EventType.DEPOSIT_REPORTED), order.happened(EventType.DEPOSIT_REJECTED)
        if placed is None or (reported is not None and (rejected or 0) < reported):
            return False
        until = placed + self.rulebook.shops.of(order.source).deposit_deadline // timedelta(milliseconds=1)
        return (order.happened(EventType.CANCELLED) or self.now) >= until
