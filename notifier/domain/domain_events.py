"""What came true and others may want to know: each becomes known in the unit of work that makes it true."""

from datetime import datetime

from msgspec import Struct

from notifier.domain.calls import Call
from notifier.domain.events import Event
from notifier.domain.messages import Message, MessageState
from notifier.domain.orders import Order


class MessageEnded(Struct, frozen=True, kw_only=True):
    """A message reached its customer, or will not."""

    message: Message
    state: MessageState
    at: datetime
    reason: str | None = None


class OrderPrioritized(Struct, frozen=True, kw_only=True):
    """An order is to be delivered before others from now on."""

    order: Order
    at: datetime


class DepositSettled(Struct, frozen=True, kw_only=True):
    """Somebody of the staff looked a deposit up; ``event`` says who and what they found."""

    order: Order
    event: Event
    at: datetime


class DeliverySettled(Struct, frozen=True, kw_only=True):
    """A time of delivery was agreed upon, changed or given up by the staff or on the customer's page."""

    order: Order
    event: Event
    at: datetime


class OrderRated(Struct, frozen=True, kw_only=True):
    """A customer said to us what they think of an order, with a mark of 1 to 5."""

    order: Order
    event: Event
    at: datetime


class CallOver(Struct, frozen=True, kw_only=True):
    """Somebody reported of a call, and there will be no further try; ``call`` is as it is after that."""

    call: Call
    outcome: str
    by: str
    note: str
    at: datetime


class StaffReminded(Struct, frozen=True, kw_only=True):
    """One of the staff is reminded of calls, each with the reason; ``id`` is that of the text they get."""

    id: str
    staff_id: str
    calls: tuple[tuple[Call, str], ...]
    at: datetime


class CustomerReplied(Struct, frozen=True, kw_only=True):
    """A customer texted to us; ``id`` is the provider's, ``order`` the one that is meant, else their latest."""

    id: str
    phone: str
    text: str
    at: datetime
    order: Order | None


class AlertRaised(Struct, frozen=True, kw_only=True):
    """Supervisors are told of a trouble; ``kind`` is its name, and behind a colon what it is with."""

    id: str
    kind: str
    text: str
    at: datetime


class AlertCleared(Struct, frozen=True, kw_only=True):
    """A trouble is over; ``id`` is that of the trouble."""

    id: str
    kind: str
    text: str
    raised_at: datetime
    at: datetime


DomainEvent = (
    MessageEnded
    | OrderPrioritized
    | DepositSettled
    | DeliverySettled
    | OrderRated
    | CallOver
    | StaffReminded
    | CustomerReplied
    | AlertRaised
    | AlertCleared
)
