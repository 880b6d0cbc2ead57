"""What the decisions of a group write: of each what it would write by itself."""

from collections.abc import Sequence

from notifier.domain.decide import Decision, decide
from notifier.domain.events import EventType
from notifier.domain.orders import Order
from notifier.intake import committer
from notifier.store.bookings import NOTHING, Booking
from notifier.store.keys import Keys
from notifier.store.publishing import no_op
from notifier.store.work import UnitOfWork
from tests.rulebook import NOON, RULEBOOK, details, event


def written(decided: Sequence[tuple[Order | None, Decision]]) -> list[UnitOfWork]:
    bookings = [Booking(UnitOfWork(), Keys(0), before, decision) for before, decision in decided]
    committer.write(bookings, [NOTHING] * len(bookings), publish=no_op)
    return [one.unit for one in bookings]


def test_a_group_writes_for_each_what_it_writes_alone() -> None:
    online, transfer = details("tehran.online"), details("elsewhere.bank_transfer", phone="09351234567")
    placed = decide(None, [event(EventType.REGISTERED, 0, online)], RULEBOOK, NOON)
    decided = [
        (None, placed),
        (None, decide(None, [event(EventType.DEPOSIT_REPORTED, 1, transfer)], RULEBOOK, NOON)),
        (placed.order, decide(placed.order, [event(EventType.PAID, 2, online)], RULEBOOK, NOON)),
        (placed.order, decide(placed.order, [event(EventType.CANCELLED, 3, online)], RULEBOOK, NOON)),
    ]
    alone = [written([one])[0] for one in decided]
    assert [one.operations for one in written(decided)] == [one.operations for one in alone]
    assert all(one.operations for one in alone)
