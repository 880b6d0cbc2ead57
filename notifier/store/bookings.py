"""What the intake asks of the call book: to make a decision's calls true in the same unit of work."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from notifier.domain.calls import Call, CallRequest
from notifier.domain.decide import Decision, Suppression
from notifier.domain.orders import Order
from notifier.store.cluster import Command
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork


class Booking(Struct, frozen=True):
    """A decision about to be committed. ``unit`` holds checks and no writes yet."""

    unit: UnitOfWork
    keys: Keys
    before: Order | None
    decision: Decision
    again: bool = False  # it was made before and came to nothing, for something of it had changed

    @property
    def needed(self) -> bool:
        """Whether any call is touched: one is planned or dropped, or the customer turns out to be another."""
        decision, before = self.decision, self.before
        if decision.calls or decision.cancelled_calls:
            return True
        return bool(before and before.open_calls and before.details.phone != decision.order.details.phone)


class Booked(Struct, frozen=True):
    """What became of a decision's calls: the call each reason is now part of, and those that came to nothing."""

    calls: Sequence[tuple[CallRequest, Call]] = ()
    refs: dict[str, str] = {}  # id of a reason → id of its call
    dropped: frozenset[str] = frozenset()  # reasons that left a call which was still to be made
    suppressed: Sequence[Suppression] = ()


NOTHING = Booked()


class Book(Protocol):
    def questions(self, customers: Iterable[tuple[Keys, str]]) -> list[Command]:
        """What to ask the store about customers before their calls are booked; the questions go along with others."""

    async def book(
        self, bookings: Sequence[Booking], customers: Iterable[tuple[Keys, str]], answers: Sequence[Any]
    ) -> list[Booked]:
        """Add to each unit what its decision changes about calls; units are committed in this order.

        ``answers`` are those to ``questions`` about ``customers``.
        """
