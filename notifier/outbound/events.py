"""What a shop is told, as it is posted: one model a topic. These models are the reference of the payloads."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from notifier.domain.calls import CallState, Purpose
from notifier.domain.messages import MessageState


class Topic(StrEnum):
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_UNDELIVERED = "message.undelivered"
    CUSTOMER_UNREACHABLE = "customer.unreachable"
    CUSTOMER_REPLIED = "customer.replied"
    DEPOSIT_VERIFIED = "deposit.verified"
    DEPOSIT_REJECTED = "deposit.rejected"
    SLOT_AGREED = "slot.agreed"
    SLOT_CHANGED = "slot.changed"
    SLOT_RELEASED = "slot.released"
    CUSTOMER_RATED = "customer.rated"
    CALL_COMPLETED = "call.completed"
    CALL_REMINDER = "call.reminder"
    ORDER_PRIORITY = "order.priority"
    ALERT_RAISED = "alert.raised"
    ALERT_CLEARED = "alert.cleared"


class NotifiedCustomer(Struct, frozen=True, kw_only=True):
    """``phone`` is whole, in its national form."""

    name: str | None
    phone: str | None


class MessageData(Struct, frozen=True, kw_only=True):
    """``state`` is ``delivered``, ``undelivered``, ``blocked`` (takes no texts from us) or ``failed`` (refused)."""

    message_id: str
    template: str
    source: str | None
    order_id: str | None
    phone: str
    state: MessageState
    reason: str | None
    created_at: datetime


class OrderData(Struct, frozen=True, kw_only=True):
    """``amount`` is in rial."""

    source: str
    order_id: str
    customer: NotifiedCustomer
    city: str | None
    amount: int | None
    currency: Literal["IRR"] = "IRR"
    delivery_priority: Literal["high"] = "high"


class DepositData(Struct, frozen=True, kw_only=True):
    """``amount`` is in rial, as reported where it was, else that of the order; ``by`` is the id of one of the staff."""

    source: str
    order_id: str
    customer: NotifiedCustomer
    amount: int | None
    currency: Literal["IRR"] = "IRR"
    reference: str | None
    by: str


class DeliveryWindow(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Hours of a day in the shop's time, as ``16:00``."""

    date: date
    from_: str
    to: str


class DeliveryData(Struct, frozen=True, kw_only=True):
    """``delivery`` is the time that was agreed upon and ``deliver_at`` the moment at which it begins, both null once it
    was given up; ``by`` is the id of one of the staff, null where the customer chose it on their page."""

    source: str
    order_id: str
    customer: NotifiedCustomer
    delivery: DeliveryWindow | None
    deliver_at: datetime | None
    by: str | None


class RatingData(Struct, frozen=True, kw_only=True):
    """``mark`` is of 1 to 5."""

    source: str
    order_id: str
    customer: NotifiedCustomer
    mark: int


class CallOrder(Struct, frozen=True, kw_only=True):
    """An order that a call is about, and why."""

    source: str
    order_id: str
    purpose: Purpose


class CallData(Struct, frozen=True, kw_only=True):
    """``state`` is ``done``, or ``exhausted`` when nobody was reached and nobody will try again."""

    call_id: str
    state: CallState
    purpose: Purpose
    outcome: str
    attempts: int
    by: str
    note: str
    customer: NotifiedCustomer
    orders: tuple[CallOrder, ...]


class DueCall(Struct, frozen=True, kw_only=True):
    """A call that somebody is reminded of; ``why`` as in ``due``, ``overdue``, ``escalated``."""

    id: str
    why: str
    state: CallState
    purpose: Purpose
    source: str
    order_id: str
    customer: NotifiedCustomer
    due_at: datetime


class ReminderData(Struct, frozen=True, kw_only=True):
    """``staff`` is the id of who is reminded. Very many calls come in several pieces of news."""

    staff: str
    calls: tuple[DueCall, ...]


class ReplyData(Struct, frozen=True, kw_only=True):
    """``order_id`` is the customer's latest order, if they have one."""

    phone: str
    text: str
    source: str | None
    order_id: str | None


class AlertData(Struct, frozen=True, kw_only=True):
    """``kind`` is the name of the trouble, such as ``credit_low``, and ``about`` what it is with: a provider, a shop, a
    bot. ``text`` is what supervisors are told. ``alert_id`` is the same when the trouble is over."""

    alert_id: str
    kind: str
    about: str | None
    text: str
    raised_at: datetime


class Envelope(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all have in common. ``timestamp`` is when it happened; the id is in the header ``webhook-id``."""

    timestamp: datetime


class MessageDelivered(Envelope, frozen=True, kw_only=True, tag=str(Topic.MESSAGE_DELIVERED)):
    """A text arrived on the customer's phone."""

    data: MessageData


class MessageUndelivered(Envelope, frozen=True, kw_only=True, tag=str(Topic.MESSAGE_UNDELIVERED)):
    """A text will not arrive: the phone is unreachable, takes no texts from us, or the provider refused it."""

    data: MessageData


class CustomerUnreachable(Envelope, frozen=True, kw_only=True, tag=str(Topic.CUSTOMER_UNREACHABLE)):
    """All tries to phone a customer came to nothing."""

    data: CallData


class CustomerHasReplied(Envelope, frozen=True, kw_only=True, tag=str(Topic.CUSTOMER_REPLIED)):
    """A customer texted to the shop's line."""

    data: ReplyData


class DepositVerified(Envelope, frozen=True, kw_only=True, tag=str(Topic.DEPOSIT_VERIFIED)):
    """Support saw a deposit at the bank."""

    data: DepositData


class DepositRejected(Envelope, frozen=True, kw_only=True, tag=str(Topic.DEPOSIT_REJECTED)):
    """Support did not find a deposit at the bank."""

    data: DepositData


class DeliveryAgreed(Envelope, frozen=True, kw_only=True, tag=str(Topic.SLOT_AGREED)):
    """Support or the customer agreed upon a time of delivery."""

    data: DeliveryData


class DeliveryChanged(Envelope, frozen=True, kw_only=True, tag=str(Topic.SLOT_CHANGED)):
    """Support or the customer moved the agreed time of delivery."""

    data: DeliveryData


class DeliveryReleased(Envelope, frozen=True, kw_only=True, tag=str(Topic.SLOT_RELEASED)):
    """The agreed time of delivery was given up, and none stands."""

    data: DeliveryData


class OrderRating(Envelope, frozen=True, kw_only=True, tag=str(Topic.CUSTOMER_RATED)):
    """A customer gave an order a mark."""

    data: RatingData


class CallCompleted(Envelope, frozen=True, kw_only=True, tag=str(Topic.CALL_COMPLETED)):
    """A call is over."""

    data: CallData


class CallReminder(Envelope, frozen=True, kw_only=True, tag=str(Topic.CALL_REMINDER)):
    """One of the staff is reminded of calls: for tools of the shop's own."""

    data: ReminderData


class OrderPriority(Envelope, frozen=True, kw_only=True, tag=str(Topic.ORDER_PRIORITY)):
    """An order is prepaid and to be delivered before others."""

    data: OrderData


class AlertIsRaised(Envelope, frozen=True, kw_only=True, tag=str(Topic.ALERT_RAISED)):
    """Supervisors are told of a trouble. Endpoints with ``sources`` of their own hear of no alerts."""

    data: AlertData


class AlertIsCleared(Envelope, frozen=True, kw_only=True, tag=str(Topic.ALERT_CLEARED)):
    """A trouble that supervisors were told of is over. Those that have no end of their own are never cleared."""

    data: AlertData


PAYLOADS: dict[Topic, type[Envelope]] = {
    Topic.MESSAGE_DELIVERED: MessageDelivered,
    Topic.MESSAGE_UNDELIVERED: MessageUndelivered,
    Topic.CUSTOMER_UNREACHABLE: CustomerUnreachable,
    Topic.CUSTOMER_REPLIED: CustomerHasReplied,
    Topic.DEPOSIT_VERIFIED: DepositVerified,
    Topic.DEPOSIT_REJECTED: DepositRejected,
    Topic.SLOT_AGREED: DeliveryAgreed,
    Topic.SLOT_CHANGED: DeliveryChanged,
    Topic.SLOT_RELEASED: DeliveryReleased,
    Topic.CUSTOMER_RATED: OrderRating,
    Topic.CALL_COMPLETED: CallCompleted,
    Topic.CALL_REMINDER: CallReminder,
    Topic.ORDER_PRIORITY: OrderPriority,
    Topic.ALERT_RAISED: AlertIsRaised,
    Topic.ALERT_CLEARED: AlertIsCleared,
}
"""Every topic with the model of its payload."""
