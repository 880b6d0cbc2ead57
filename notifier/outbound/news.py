"""From a fact to what a shop is told of it: the payload, and the id that it has however often it is found out."""

from collections.abc import Collection, Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from notifier.clock import TEHRAN
from notifier.domain.calls import Call, CallState
from notifier.domain.decide import derived_id
from notifier.domain.domain_events import (
    AlertCleared,
    AlertRaised,
    CallOver,
    CustomerReplied,
    DeliverySettled,
    DepositSettled,
    DomainEvent,
    MessageEnded,
    OrderPrioritized,
    OrderRated,
    StaffReminded,
)
from notifier.domain.events import EventType
from notifier.domain.messages import Audience, MessageState
from notifier.domain.orders import Order
from notifier.outbound import events
from notifier.outbound.events import Topic

_NOTE, _TEXT, _REASON = 1000, 2000, 300  # characters: a payload stays below 20 kB whatever it holds
_MANY = 20  # calls in one piece of news, and orders of a call


_DELIVERIES = {
    EventType.DELIVERY_AGREED: (Topic.SLOT_AGREED, events.DeliveryAgreed),
    EventType.DELIVERY_CHANGED: (Topic.SLOT_CHANGED, events.DeliveryChanged),
    EventType.DELIVERY_RELEASED: (Topic.SLOT_RELEASED, events.DeliveryReleased),
}


class OutboundNews(Struct, frozen=True):
    """A payload, and what its id is derived from: the same news has the same id, whoever finds it out and when."""

    topic: Topic
    key: tuple[str, ...]
    payload: events.Envelope

    def id(self, namespace: str) -> str:
        """``namespace`` tells this installation's ids from another's."""
        return f"msg_{derived_id(namespace, self.topic, *self.key)}"


def of(fact: DomainEvent) -> Iterator[OutboundNews]:
    """What a shop may be told of a fact."""
    at = fact.at
    match fact:
        case MessageEnded(message=message, state=state):
            if message.audience is not Audience.CUSTOMER:
                return
            arrived = state is MessageState.DELIVERED
            topic = Topic.MESSAGE_DELIVERED if arrived else Topic.MESSAGE_UNDELIVERED
            model = events.MessageDelivered if arrived else events.MessageUndelivered
            yield OutboundNews(topic, (message.id, state), model(timestamp=at, data=_message(fact)))
        case OrderPrioritized(order=order):
            payload = events.OrderPriority(timestamp=at, data=_order(order))
            yield OutboundNews(Topic.ORDER_PRIORITY, (order.source, order.id, str(order.v)), payload)
        case DepositSettled(order=order, event=event):
            verified = event.type is EventType.DEPOSIT_CONFIRMED
            topic = Topic.DEPOSIT_VERIFIED if verified else Topic.DEPOSIT_REJECTED
            settled = events.DepositVerified if verified else events.DepositRejected
            yield OutboundNews(topic, (order.source, order.id, event.id), settled(timestamp=at, data=_deposit(fact)))
        case DeliverySettled(order=order, event=event):
            topic, delivered = _DELIVERIES[event.type]
            yield OutboundNews(topic, (order.source, order.id, event.id), delivered(timestamp=at, data=_delivery(fact)))
        case OrderRated(order=order, event=event):
            if event.details.mark is not None:
                rated = events.OrderRating(timestamp=at, data=_rating(order, event.details.mark))
                yield OutboundNews(Topic.CUSTOMER_RATED, (order.source, order.id, event.id), rated)
        case CallOver(call=call):
            data = _call(fact)
            key = (call.id, str(call.v))
            yield OutboundNews(Topic.CALL_COMPLETED, key, events.CallCompleted(timestamp=at, data=data))
            if call.state is CallState.EXHAUSTED:
                yield OutboundNews(Topic.CUSTOMER_UNREACHABLE, key, events.CustomerUnreachable(timestamp=at, data=data))
        case StaffReminded(id=text_id):
            for first in range(0, len(fact.calls), _MANY):
                part = events.CallReminder(timestamp=at, data=_reminder(fact, first))
                yield OutboundNews(Topic.CALL_REMINDER, (text_id, str(first)), part)
        case AlertRaised():
            raised = events.AlertIsRaised(timestamp=at, data=_alert(fact, at))
            yield OutboundNews(Topic.ALERT_RAISED, (fact.id,), raised)
        case AlertCleared():
            cleared = events.AlertIsCleared(timestamp=at, data=_alert(fact, fact.raised_at))
            yield OutboundNews(Topic.ALERT_CLEARED, (fact.id,), cleared)
        case CustomerReplied(id=text_id, phone=phone):
            yield OutboundNews(
                Topic.CUSTOMER_REPLIED, (phone, text_id), events.CustomerHasReplied(timestamp=at, data=_reply(fact))
            )


def narrowed(fact: DomainEvent, sources: Collection[str]) -> DomainEvent | None:
    """The part of a fact that is about orders of some shops; None where it is about none of them."""
    match fact:
        case MessageEnded(message=message):
            return fact if message.source in sources else None
        case OrderPrioritized() | DepositSettled() | DeliverySettled() | OrderRated():
            order = fact.order
            return fact if order.source in sources else None
        case CustomerReplied(order=latest):
            return fact if latest is not None and latest.source in sources else None
        case CallOver(call=call):
            part = _part(call, sources)
            return replace(fact, call=part) if part else None
        case StaffReminded(calls=calls):
            parts = tuple((part, why) for call, why in calls if (part := _part(call, sources)))
            return replace(fact, calls=parts) if parts else None
        case AlertRaised() | AlertCleared():
            return None


def _part(call: Call, sources: Collection[str]) -> Call | None:
    reasons = tuple(reason for reason in call.reasons if reason.source in sources)
    return replace(call, reasons=reasons) if reasons else None


def _message(fact: MessageEnded) -> events.MessageData:
    message = fact.message
    return events.MessageData(
        message_id=message.id,
        template=message.template,
        source=message.source,
        order_id=message.order_id,
        phone=message.to,
        state=fact.state,
        reason=fact.reason[:_REASON] if fact.reason else None,
        created_at=message.created_at,
    )


def _customer(order: Order) -> events.NotifiedCustomer:
    return events.NotifiedCustomer(name=order.details.name, phone=order.details.phone)


def _order(order: Order) -> events.OrderData:
    details = order.details
    return events.OrderData(
        source=order.source, order_id=order.id, customer=_customer(order), city=details.city, amount=details.amount
    )


def _deposit(fact: DepositSettled) -> events.DepositData:
    order, details = fact.order, fact.order.details
    return events.DepositData(
        source=order.source,
        order_id=order.id,
        customer=_customer(order),
        amount=details.amount if details.deposit_amount is None else details.deposit_amount,
        reference=details.reference,
        by=fact.event.by or "",
    )


def _delivery(fact: DeliverySettled) -> events.DeliveryData:
    order, agreed = fact.order, fact.event.details.delivery
    return events.DeliveryData(
        source=order.source,
        order_id=order.id,
        customer=_customer(order),
        delivery=events.DeliveryWindow(date=agreed.date, from_=f"{agreed.start:%H:%M}", to=f"{agreed.end:%H:%M}")
        if agreed
        else None,
        deliver_at=datetime.combine(agreed.date, agreed.start, tzinfo=TEHRAN) if agreed else None,
        by=fact.event.by,
    )


def _rating(order: Order, mark: int) -> events.RatingData:
    return events.RatingData(source=order.source, order_id=order.id, customer=_customer(order), mark=mark)


def _call(fact: CallOver) -> events.CallData:
    call = fact.call
    orders = {(one.source, one.order_id, one.purpose): None for one in call.reasons if one.order_id}
    return events.CallData(
        call_id=call.id,
        state=call.state,
        purpose=call.purpose,
        outcome=fact.outcome,
        attempts=sum(call.tried.values()),
        by=fact.by,
        note=fact.note[:_NOTE],
        customer=events.NotifiedCustomer(name=call.name, phone=call.phone),
        orders=tuple(
            events.CallOrder(source=source, order_id=order_id, purpose=purpose)
            for source, order_id, purpose in list(orders)[:_MANY]
        ),
    )


def _reminder(fact: StaffReminded, first: int) -> events.ReminderData:
    calls = tuple(
        events.DueCall(
            id=call.id,
            why=why,
            state=call.state,
            purpose=call.purpose,
            source=call.source,
            order_id=call.order_id,
            customer=events.NotifiedCustomer(name=call.name, phone=call.phone),
            due_at=call.due_at,
        )
        for call, why in fact.calls[first : first + _MANY]
    )
    return events.ReminderData(staff=fact.staff_id, calls=calls)


def _alert(fact: AlertRaised | AlertCleared, raised_at: datetime) -> events.AlertData:
    kind, _, about = fact.kind.partition(":")
    return events.AlertData(
        alert_id=fact.id, kind=kind, about=about or None, text=fact.text[:_TEXT], raised_at=raised_at
    )


def _reply(fact: CustomerReplied) -> events.ReplyData:
    order = fact.order
    return events.ReplyData(
        phone=fact.phone,
        text=fact.text[:_TEXT],
        source=order.source if order else None,
        order_id=order.id if order else None,
    )
