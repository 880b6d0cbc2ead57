"""The answers as models, for the API's document alone: records are written by msgspec (see views.py and answers.py)."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from notifier.domain.calls import CallState, Purpose
from notifier.domain.events import Method
from notifier.domain.messages import Audience, MessageState
from notifier.domain.orders import Priority
from notifier.domain.timeline import Kind, Reason


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FieldError(Shape):
    """One mistake: where it stands, and what is wrong."""

    loc: list[str | int]
    msg: str


class Problem(Shape):
    """RFC 9457 problem details."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class PlannedMessage(Shape):
    id: str
    template: str
    to: str
    not_before: datetime | None


class PlannedCall(Shape):
    id: str
    purpose: Purpose
    due_at: datetime


class Suppressed(Shape):
    """A text (``template``) or a call (``purpose``) that did not come to be."""

    template: str | None = None
    purpose: Purpose | None = None
    reason: Reason


class Decided(Shape):
    """The whole decision. It is on disk before it is answered."""

    event_id: str
    order_id: str
    duplicate: bool
    prepaid: bool
    delivery_priority: Priority
    parked: bool
    messages: list[PlannedMessage]
    calls: list[PlannedCall]
    suppressed: list[Suppressed]


class BatchPart(BaseModel):
    """One event of a batch: a decision with its ``status``, or a problem."""

    status: int


class Ping(Shape):
    ping: Literal[True]


class NotUnderstood(Shape):
    """A signed WooCommerce delivery that is no order: kept, to be looked at. Refused, it would count as a failure."""

    understood: Literal[False]
    detail: str


class Customer(Shape):
    name: str | None
    phone: str | None
    city: str | None
    province: str | None


class PaymentFacts(Shape):
    """``amount`` in rial."""

    method: Method | None
    amount: int | None
    currency: Literal["IRR"]
    reference: str | None


class ItemFacts(Shape):
    name: str
    quantity: int


class ShipmentFacts(Shape):
    carrier: str | None
    tracking_code: str | None
    url: str | None


class OrderFacts(Shape):
    """``number`` is what the customer knows the order by; mostly the ``id``."""

    id: str
    number: str
    source: str
    stage: str
    prepaid: bool
    delivery_priority: Priority
    violation: bool
    cancelled: bool
    customer: Customer
    payment: PaymentFacts
    items: list[ItemFacts]
    shipment: ShipmentFacts
    created_at: datetime
    updated_at: datetime


class TimelineLine(Shape):
    """``at`` is when it was noted, ``happened_at`` when the shop says it happened."""

    at: datetime
    kind: Kind
    what: str
    ref: str | None = None
    reason: Reason | None = None
    happened_at: datetime | None = None
    extra: dict[str, Any] = {}


class PatternUse(Shape):
    name: str
    tokens: dict[str, str]


class MessageFacts(Shape):
    id: str
    template: str
    version: str
    to: str
    text: str
    created_at: datetime
    audience: Audience
    order_id: str | None
    source: str | None
    essential: bool
    keeps_quiet_hours: bool
    patterns: dict[str, PatternUse]
    not_before: datetime | None
    expires_at: datetime | None
    overtakes: bool
    overtakable: bool
    state: MessageState
    provider: str | None
    provider_id: str | None
    cost: int | None
    reason: str | None
    unconfirmed: bool
    accepted_at: datetime | None
    delivered_at: datetime | None
    attempts: list[dict[str, Any]]


class CallReason(Shape):
    id: str
    purpose: Purpose
    order_id: str
    source: str
    due_at: datetime


class CallEntry(Shape):
    at: datetime
    what: str
    by: str | None
    to: str | None
    note: str


class CallFacts(Shape):
    id: str
    state: CallState
    purpose: Purpose
    order_id: str
    source: str
    phone: str | None
    name: str | None
    due_at: datetime
    latest_at: datetime
    created_at: datetime
    fixed: bool
    priority: int
    assignee: str | None
    claimed_until: datetime | None
    ended_at: datetime | None
    attempts: int
    outcomes: dict[str, int]
    reasons: list[CallReason]
    history: list[CallEntry]


class CallWithBrief(CallFacts):
    """With what the caller should know and say, in Persian."""

    brief: str


class CallReported(CallWithBrief):
    """``next`` is the call to make now."""

    next: CallWithBrief | None


class OrderStory(OrderFacts):
    timeline: list[TimelineLine]
    messages: list[MessageFacts]
    calls: list[CallFacts]


class OrderList(Shape):
    items: list[OrderFacts]
    next_cursor: str | None


class MessageList(Shape):
    items: list[MessageFacts]
    next_cursor: str | None


class CallList(Shape):
    items: list[CallFacts]
    next_cursor: str | None


class DeliveryFacts(Shape):
    """One delivery as it came, without its secrets, and why it was not taken; 200 for what was taken and is odd."""

    id: str
    at: datetime
    source: str
    status: int
    reason: str
    errors: list[dict[str, Any]]
    signed: bool
    event_id: str
    headers: dict[str, str]
    body: str
    whole: bool
    size: int | None
    batch: bool
    remote: str | None
    event_type: str | None
    order_id: str | None


class DeliveryList(Shape):
    items: list[DeliveryFacts]
    next_cursor: str | None


class Health(Shape):
    status: Literal["ok"]


class Line(Shape):
    """One account at a provider: whether it is used, or why it is not."""

    open: bool
    reason: str | None
    credit: int | None


class Ready(Shape):
    status: Literal["ready"]
    reasons: list[str]
    providers: dict[str, Line]


class NotReady(Shape):
    status: Literal["not ready"]
    reasons: list[str]


class Taken(Shape):
    ok: Literal[True]
