"""What a shop is told about an event: the whole decision, so that its developer sees what the event will do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from notifier.clock import TEHRAN
from notifier.domain import phones
from notifier.domain.bank import BankLine, BankMovement, LineStanding
from notifier.domain.calls import Purpose
from notifier.domain.decide import Decision
from notifier.domain.orders import Order, Priority, deliver_at
from notifier.domain.slots import SlotMark
from notifier.domain.timeline import SuppressionReason
from notifier.store.bank import TakenLine
from notifier.store.bookings import Booked
from notifier.store.records import Moment, encode


class AnswerPart(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Part of an answer; what may be left out has a default."""


class PlannedMessage(AnswerPart, frozen=True):
    id: str
    template: str
    to: str
    not_before: Moment | None


class PlannedCall(AnswerPart, frozen=True):
    id: str
    purpose: Purpose
    due_at: Moment


class Suppressed(AnswerPart, frozen=True, kw_only=True):
    """A text (``template``) or a call (``purpose``) that did not come to be."""

    template: str | None = None
    purpose: Purpose | None = None
    reason: SuppressionReason


class Decided(AnswerPart, frozen=True):
    """The whole decision. It is on disk before it is answered. ``pay_exactly`` (rial) is the sum of its own that the
    order is to be paid by, where the shop wants such sums. ``deliver_at`` is when the time begins that was agreed
    upon for the delivery; ``delivery_mark`` says what is odd about it, such as that it lies outside the slots."""

    event_id: str
    order_id: str
    duplicate: bool
    prepaid: bool
    delivery_priority: Priority
    deliver_at: Moment | None
    parked: bool
    messages: Sequence[PlannedMessage]
    calls: Sequence[PlannedCall]
    suppressed: Sequence[Suppressed]
    pay_exactly: int | None = None
    delivery_mark: SlotMark | None = None


class KeptLine(AnswerPart, frozen=True):
    """A line of a bank account, of ``amount`` rial; ``order_id`` is the order that it belongs to. ``duplicate``: it was
    kept before, whatever way it came. ``standing``: `open` waits for its order, `waits` for a second person, `matched`
    has its order, `left` belongs to none."""

    line: str
    duplicate: bool
    understood: Literal[True]
    movement: BankMovement
    amount: int
    standing: LineStanding
    order_id: str | None = None


class BatchPart(Struct, frozen=True):
    """One event of a batch: a decision with its ``status``, or a problem."""

    status: int


class Ping(AnswerPart, frozen=True):
    ping: Literal[True]


class NotUnderstood(AnswerPart, frozen=True):
    """A signed WooCommerce delivery that is no order, or a text of a bank that is not read: kept. Refused,
    it would count as a failure. What is ``ignored`` is kept nowhere: a text with a code, or of nobody who is a bank."""

    understood: Literal[False]
    detail: str
    ignored: Literal["code", "sender"] | None = None


def decided(event_id: str, decision: Decision, booked: Booked) -> bytes:
    """The answer to an event that was decided upon. A call is the one that the reason joined, with its time."""
    order = decision.order
    return encode(
        Decided(
            event_id=event_id,
            order_id=order.id,
            duplicate=False,
            prepaid=order.prepaid,
            delivery_priority=order.priority,
            deliver_at=deliver_at(order, TEHRAN),
            delivery_mark=decision.slot_mark,
            parked=False,
            messages=[
                PlannedMessage(id=one.id, template=one.template, to=phones.mask(one.to), not_before=one.not_before)
                for one in decision.messages
            ],
            calls=[
                PlannedCall(id=call.id, purpose=reason.purpose, due_at=call.due_at) for reason, call in booked.calls
            ],
            suppressed=[
                Suppressed(template=one.what, reason=one.reason)
                if one.kind == "template"
                else Suppressed(purpose=Purpose(one.what), reason=one.reason)
                for one in (*decision.suppressed, *booked.suppressed)
            ],
            pay_exactly=to_pay(order),
        )
    )


def to_pay(order: Order) -> int | None:
    """The sum (rial) of its own that an order is to be paid by; None where it has none, or is paid."""
    return order.pay_exactly if order.pay_exactly and order.transfer_due == order.pay_exactly else None


def line(taken: TakenLine, now: BankLine) -> bytes:
    """The answer to a line of an account: it is on disk. ``now`` is how it stands."""
    return encode(
        KeptLine(
            line=now.id,
            duplicate=not taken.is_new,
            understood=True,
            movement=now.said.movement,
            amount=now.said.amount,
            standing=now.standing,
            order_id=now.order.partition(":")[2] or None if now.standing is LineStanding.MATCHED else None,
        )
    )


def parked(event_id: str, order_id: str) -> bytes:
    """The answer to an event whose order is not known yet: it is kept, and followed when the order appears."""
    return _answer(event_id, order_id, parked=True)


def unchanged(event_id: str, order_id: str, order: Order | None) -> bytes:
    """The answer to a delivery without news: how the order stands, and that nothing follows."""
    if order is None:
        return _answer(event_id, order_id)
    return _answer(
        event_id,
        order_id,
        prepaid=order.prepaid,
        delivery_priority=order.priority,
        deliver_at=deliver_at(order, TEHRAN),
        pay_exactly=to_pay(order),
    )


def repeated(answer: bytes) -> bytes:
    """The answer given before, marked as a repetition."""
    return answer.replace(b'"duplicate":false', b'"duplicate":true', 1)


def _answer(
    event_id: str,
    order_id: str,
    *,
    prepaid: bool = False,
    delivery_priority: Priority = Priority.NORMAL,
    deliver_at: datetime | None = None,
    parked: bool = False,
    pay_exactly: int | None = None,
) -> bytes:
    """The answer to an event that nothing follows from."""
    return encode(
        Decided(
            event_id=event_id,
            order_id=order_id,
            duplicate=False,
            prepaid=prepaid,
            delivery_priority=delivery_priority,
            deliver_at=deliver_at,
            parked=parked,
            messages=(),
            calls=(),
            suppressed=(),
            pay_exactly=pay_exactly,
        )
    )
