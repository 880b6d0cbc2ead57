"""A sample of each payload: for trying an endpoint out, and for the documentation."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from notifier.clock import TEHRAN
from notifier.domain.calls import CallState, Purpose
from notifier.domain.messages import MessageState
from notifier.outbound import events
from notifier.outbound.events import Envelope, NotifiedCustomer, Topic

AT = datetime(2026, 11, 23, 10, 15, tzinfo=TEHRAN)

_CUSTOMER = NotifiedCustomer(name="سارا محمدی", phone="09121234567")


def samples(at: datetime = AT) -> Mapping[Topic, Envelope]:
    """One of each topic, as if it happened at this time."""
    return {
        Topic.MESSAGE_DELIVERED: events.MessageDelivered(
            timestamp=at, data=_message("payment_succeeded_tehran", MessageState.DELIVERED, at)
        ),
        Topic.MESSAGE_UNDELIVERED: events.MessageUndelivered(
            timestamp=at, data=_message("order_shipped_tehran", MessageState.BLOCKED, at)
        ),
        Topic.CUSTOMER_UNREACHABLE: events.CustomerUnreachable(
            timestamp=at, data=_call(CallState.EXHAUSTED, "no_answer", 3, "")
        ),
        Topic.CUSTOMER_REPLIED: events.CustomerHasReplied(
            timestamp=at,
            data=events.ReplyData(phone="09121234567", text="کی می‌رسد؟", source="shop", order_id="10025"),
        ),
        Topic.DEPOSIT_VERIFIED: events.DepositVerified(timestamp=at, data=_deposit("987654")),
        Topic.DEPOSIT_REJECTED: events.DepositRejected(timestamp=at, data=_deposit("111111")),
        Topic.SLOT_AGREED: events.DeliveryAgreed(timestamp=at, data=_delivery(at, 16)),
        Topic.SLOT_CHANGED: events.DeliveryChanged(timestamp=at, data=_delivery(at, 10)),
        Topic.SLOT_RELEASED: events.DeliveryReleased(timestamp=at, data=_delivery(at, None)),
        Topic.CUSTOMER_RATED: events.OrderRating(
            timestamp=at, data=events.RatingData(source="shop", order_id="10025", customer=_CUSTOMER, mark=5)
        ),
        Topic.CALL_COMPLETED: events.CallCompleted(
            timestamp=at, data=_call(CallState.DONE, "reached", 1, "عصر خانه است")
        ),
        Topic.CALL_REMINDER: events.CallReminder(
            timestamp=at,
            data=events.ReminderData(
                staff="sara",
                calls=(
                    events.DueCall(
                        id="5561077563478903513",
                        why="due",
                        state=CallState.DUE,
                        purpose=Purpose.REASSURANCE,
                        source="shop",
                        order_id="10025",
                        customer=_CUSTOMER,
                        due_at=at,
                    ),
                ),
            ),
        ),
        Topic.ALERT_RAISED: events.AlertIsRaised(
            timestamp=at, data=_alert("اعتبار سامانهٔ پیامک kavenegar رو به پایان است: ۵۰۰٬۰۰۰ تومان", at)
        ),
        Topic.ALERT_CLEARED: events.AlertIsCleared(
            timestamp=at, data=_alert("اعتبار سامانهٔ پیامک kavenegar به اندازه برگشت.", at - timedelta(hours=1))
        ),
        Topic.ORDER_PRIORITY: events.OrderPriority(
            timestamp=at,
            data=events.OrderData(
                source="shop", order_id="10025", customer=_CUSTOMER, city="تهران", amount=185_000_000
            ),
        ),
    }


def _alert(text: str, raised_at: datetime) -> events.AlertData:
    return events.AlertData(
        alert_id="6131077563478903119", kind="credit_low", about="kavenegar", text=text, raised_at=raised_at
    )


def _message(template: str, state: MessageState, at: datetime) -> events.MessageData:
    return events.MessageData(
        message_id="2913470127366173342",
        template=template,
        source="shop",
        order_id="10025",
        phone="09121234567",
        state=state,
        reason=None,
        created_at=at - timedelta(minutes=1),
    )


def _deposit(reference: str) -> events.DepositData:
    return events.DepositData(
        source="shop", order_id="10031", customer=_CUSTOMER, amount=42_000_000, reference=reference, by="sara"
    )


def _delivery(at: datetime, hour: int | None) -> events.DeliveryData:
    begins = None if hour is None else (at + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)
    window = None
    if begins is not None:
        ends = begins + timedelta(hours=3)
        window = events.DeliveryWindow(date=begins.date(), from_=f"{begins:%H:%M}", to=f"{ends:%H:%M}")
    return events.DeliveryData(
        source="shop", order_id="10025", customer=_CUSTOMER, delivery=window, deliver_at=begins, by="sara"
    )


def _call(state: CallState, outcome: str, attempts: int, note: str) -> events.CallData:
    return events.CallData(
        call_id="5561077563478903513",
        state=state,
        purpose=Purpose.REASSURANCE,
        outcome=outcome,
        attempts=attempts,
        by="sara",
        note=note,
        customer=_CUSTOMER,
        orders=(events.CallOrder(source="shop", order_id="10025", purpose=Purpose.REASSURANCE),),
    )
