"""A delivery of a shop, and what can become of it."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from notifier.domain.decide import Decision
from notifier.domain.events import Event, EventType
from notifier.domain.orders import Order
from notifier.store.keys import Keys


class Delivery(Struct, frozen=True, kw_only=True):
    """One verified delivery about one order.

    ``events`` gives the news in it, knowing the order as stored. ``digest`` tells its body from another body under the
    same id. ``replayed`` says that the delivery was answered before: its event was parked, or not understood.
    ``part_of`` is the order that speaks for this one: where it has been heard of, this is kept and told to nobody.
    """

    source: str
    event_id: str
    digest: str
    order_id: str
    phone: str | None
    events: Callable[[Order | None], Sequence[Event]]
    replayed: bool = False
    part_of: str | None = None


class Recorded(Struct, frozen=True):
    """The delivery is on disk; ``answer`` tells the shop. ``parked`` are events that waited beside this order, and
    ``is_first`` says that the order was not known before."""

    answer: bytes
    decision: Decision | None
    keys: Keys
    parked: tuple[bytes, ...] = ()
    is_first: bool = False


class Repeated(Struct, frozen=True):
    """Taken before; ``answer`` is what was told then."""

    answer: bytes


class Clashing(Struct, frozen=True):
    """A delivery whose id came before with another body."""


class Unchanged(Struct, frozen=True):
    """A delivery that holds nothing new; ``order`` is as it stands, where there is one."""

    order: Order | None = None


class TakenEvent(Struct, frozen=True):
    """A delivery that is on disk, with what was decided of it: nothing where it waits for its order.

    ``since`` is when it was handed in, by ``time.monotonic()``; ``first``: nobody knew its order.
    """

    delivery: Delivery
    decision: Decision | None
    since: float
    first: bool = False


Outcome = Recorded | Repeated | Clashing | Unchanged


def waits_for_order(phone: str | None, events: Sequence[Event]) -> bool:
    """Whether news of an order that nobody has heard of waits until it is."""
    return phone is None and not any(event.type is EventType.REGISTERED for event in events)
