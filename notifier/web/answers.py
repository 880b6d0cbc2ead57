"""What the API answers: each struct is the answer and, in the API's document, its schema; a function fills it from a
record. Names are those of the contract, times and money as they are."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, Self

from aiohttp import web
from msgspec import Struct

from notifier.clock import TEHRAN
from notifier.domain import orders, page_links, timeline
from notifier.domain import parcels as ways
from notifier.domain.calls import CallState, Purpose
from notifier.domain.channels import Channel
from notifier.domain.dialing import DialAttempt, DialFinding
from notifier.domain.events import PaymentMethod
from notifier.domain.messages import Audience, MessageState
from notifier.domain.orders import Priority
from notifier.domain.parcels import Movement, Trail
from notifier.intake.answers import to_pay
from notifier.intake.dead_letters import DeadLetter
from notifier.sms import rungs
from notifier.store.reading import StoredCall, StoredMessage, Told
from notifier.store.records import Moment, encode


class Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """Part of an answer."""

    @classmethod
    def of(cls, record: object, **more: Any) -> Self:
        """From the fields of a record that have the same names, and those given."""
        same = {name: getattr(record, name) for name in cls.__struct_fields__ if name not in more}
        return cls(**same, **more)


def json(answer: Struct, *, status: int = 200) -> web.Response:
    return web.Response(body=encode(answer), status=status, content_type="application/json")


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, TEHRAN)


class FieldError(Facts, frozen=True):
    """One mistake: where it stands, and what is wrong."""

    loc: list[str | int]
    msg: str


class ProblemDetails(Facts, frozen=True, omit_defaults=True):
    """RFC 9457 problem details."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str
    errors: tuple[FieldError, ...] = ()


class CustomerFacts(Facts, frozen=True):
    name: str | None
    phone: str | None
    city: str | None
    province: str | None
    address: str | None
    note: str | None


class PaymentFacts(Facts, frozen=True):
    """``amount`` in rial."""

    method: PaymentMethod | None
    amount: int | None
    currency: Literal["IRR"]
    reference: str | None


class ItemFacts(Facts, frozen=True):
    name: str
    quantity: int


class ShipmentFacts(Facts, frozen=True):
    carrier: str | None
    tracking_code: str | None
    url: str | None


class DeliveryTime(Facts, frozen=True, rename={"from_": "from"}):
    """By the shop's clock."""

    date: date
    from_: str
    to: str


class SlotFacts(Facts, frozen=True, rename={"from_": "from"}):
    """A slot of one day; ``offered`` is whether it may be chosen now."""

    date: date
    from_: str
    to: str
    region: str
    places: int
    free: int
    offered: bool


class SlotList(Facts, frozen=True):
    items: list[SlotFacts]


class OrderFacts(Facts, frozen=True):
    """``number`` is what the customer knows the order by; mostly the ``id``. ``delivery`` is the time that was agreed
    upon, while it stands, and ``deliver_at`` the moment at which that begins. ``mark`` is the customer's, of 1 to 5.
    ``pay_exactly`` (rial) is the sum of its own that it is to be paid by, while a transfer of it is awaited."""

    id: str
    number: str
    source: str
    stage: str
    prepaid: bool
    delivery_priority: Priority
    violation: bool
    cancelled: bool
    customer: CustomerFacts
    payment: PaymentFacts
    pay_exactly: int | None
    items: list[ItemFacts]
    shipment: ShipmentFacts
    customer_page: str | None
    delivery: DeliveryTime | None
    deliver_at: Moment | None
    mark: int | None
    created_at: Moment
    updated_at: Moment


def order(order: orders.Order) -> OrderFacts:
    """An order without its story."""
    details = order.details
    return OrderFacts.of(
        order,
        stage=order.stage.name.lower(),
        delivery_priority=order.priority,
        customer=CustomerFacts.of(details),
        payment=PaymentFacts.of(details, method=order.method, currency="IRR"),
        pay_exactly=to_pay(order),
        items=[ItemFacts.of(item) for item in details.items or ()],
        shipment=ShipmentFacts.of(details, url=details.tracking_url),
        customer_page=page_links.path(order.page_token),
        delivery=_delivery(order),
        deliver_at=orders.deliver_at(order, TEHRAN),
        mark=details.mark,
        created_at=_moment(order.created_at),
        updated_at=_moment(order.updated_at),
    )


def _delivery(order: orders.Order) -> DeliveryTime | None:
    agreed = order.delivery
    if agreed is None:
        return None
    return DeliveryTime(date=agreed.date, from_=f"{agreed.start:%H:%M}", to=f"{agreed.end:%H:%M}")


class PatternUse(Facts, frozen=True):
    name: str
    tokens: dict[str, str]


class RungFacts(Facts, frozen=True):
    """A rung of the ladder that a message was on, or is. ``outcome`` is why it did not reach, or the message's state; a
    line that is not ``reported`` tells no more than that it took it."""

    provider: str
    channel: Channel
    at: Moment
    outcome: str
    taken_at: Moment | None
    ended_at: Moment | None
    arrived_at: Moment | None
    code: int | None
    reason: str
    cost: int | None
    reported: bool


class MessageFacts(Facts, frozen=True):
    id: str
    template: str
    version: str
    to: str
    text: str
    created_at: Moment
    audience: Audience
    order_id: str | None
    source: str | None
    essential: bool
    keeps_quiet_hours: bool
    patterns: dict[str, PatternUse]
    not_before: Moment | None
    expires_at: Moment | None
    overtakes: bool
    overtakable: bool
    state: MessageState
    provider: str | None
    provider_id: str | None
    cost: int | None
    unknown_costs: int
    reason: str | None
    unconfirmed: bool
    accepted_at: Moment | None
    delivered_at: Moment | None
    attempts: list[dict[str, Any]]
    rungs: list[RungFacts]


def message(stored: StoredMessage) -> MessageFacts:
    """A message with its ledger."""
    return MessageFacts.of(
        stored.message,
        patterns={kind: PatternUse.of(pattern) for kind, pattern in stored.message.patterns.items()},
        state=stored.state,
        provider=stored.provider,
        provider_id=stored.provider_id,
        cost=stored.total_cost,
        unknown_costs=stored.unknown_costs,
        reason=stored.reason,
        unconfirmed=stored.unconfirmed,
        accepted_at=_moment(stored.accepted) if stored.accepted else None,
        delivered_at=_moment(stored.delivered) if stored.delivered else None,
        attempts=stored.attempts,
        rungs=[RungFacts.of(one) for one in rungs.rungs(stored)],
    )


class CallReason(Facts, frozen=True):
    id: str
    purpose: Purpose
    order_id: str
    source: str
    due_at: Moment


class CallEntry(Facts, frozen=True):
    at: Moment
    what: str
    by: str | None
    to: str | None
    note: str


class DialFacts(Facts, frozen=True):
    """One attempt through the shop's exchange. ``found`` is what became of it, null while that is still to come, and
    ``unknown`` where nobody said; no outcome is reported by it. ``talked`` is in seconds."""

    id: str
    by: str
    extension: str
    started_at: Moment
    agent_answered_at: Moment | None
    rang_at: Moment | None
    answered_at: Moment | None
    ended_at: Moment | None
    talked: int | None
    found: DialFinding | None
    fault: str
    recorded: bool


def _dial(attempt: DialAttempt) -> DialFacts:
    def at(ms: int) -> datetime | None:
        return _moment(ms) if ms else None

    return DialFacts.of(
        attempt,
        started_at=_moment(attempt.started),
        agent_answered_at=at(attempt.agent_answered),
        rang_at=at(attempt.rang),
        answered_at=at(attempt.answered),
        ended_at=at(attempt.ended),
        talked=attempt.seconds,
        recorded=bool(attempt.recording),
    )


class CallFacts(Facts, frozen=True):
    id: str
    state: CallState
    purpose: Purpose
    order_id: str
    source: str
    phone: str | None
    name: str | None
    due_at: Moment
    latest_at: Moment
    created_at: Moment
    fixed: bool
    priority: int
    assignee: str | None
    claimed_until: Moment | None
    ended_at: Moment | None
    attempts: int
    outcomes: dict[str, int]
    reasons: list[CallReason]
    history: list[CallEntry]
    dials: list[DialFacts]


class CallWithBrief(CallFacts, frozen=True):
    """With what the caller should know and say, in Persian."""

    brief: str


class CallReported(CallWithBrief, frozen=True):
    """``next`` is the call to make now."""

    next: CallWithBrief | None


def call(stored: StoredCall) -> CallFacts:
    """A call with its reasons and its history; the first of the reasons is shown as its own."""
    call = stored.call
    return CallFacts.of(
        call,
        latest_at=_moment(call.late),
        priority=call.first.priority,
        claimed_until=_moment(call.claimed_until) if call.claimed_until else None,
        ended_at=_moment(call.ended) if call.ended else None,
        attempts=sum(call.tried.values()),
        outcomes=call.tried,
        reasons=[CallReason.of(reason, due_at=_moment(reason.due)) for reason in call.reasons],
        history=[
            CallEntry.of(entry, at=_moment(entry.at), by=entry.by or None, to=entry.to or None)
            for entry in call.history
        ],
        dials=[_dial(attempt) for attempt in call.dials],
    )


class TimelineLine(Facts, frozen=True, omit_defaults=True):
    """``at`` is when it was noted, ``happened_at`` when the shop says it happened."""

    at: Moment
    kind: timeline.LineKind
    what: str
    ref: str | None = None
    reason: timeline.SuppressionReason | None = None
    happened_at: Moment | None = None
    extra: dict[str, Any] = {}


class ParcelStep(Facts, frozen=True):
    """One line of a parcel's way; ``words`` as the carrier said them, without persons."""

    at: Moment
    movement: Movement
    words: str
    place: str


class ParcelFacts(Facts, frozen=True):
    """A parcel of an order: where it stands as its carrier tells it, ``unknown`` where nobody was asked."""

    code: str
    carrier: str | None
    source: str | None
    movement: Movement
    moved_at: Moment | None
    asked_at: Moment | None
    stalled_at: Moment | None
    steps: list[ParcelStep]


def parcels(of: orders.Order, trails: Mapping[str, Trail]) -> list[ParcelFacts]:
    """An order's parcels with their ways, the oldest step first."""
    found = []
    for code, spelt in ways.codes_of(of).items():
        trail, parcel = trails.get(code), of.parcels.get(spelt)
        found.append(
            ParcelFacts(
                code=spelt,
                carrier=(parcel.carrier if parcel else None) or of.details.carrier,
                source=f"carrier:{trail.carrier}" if trail else None,
                movement=trail.movement if trail else Movement.UNKNOWN,
                moved_at=_at(trail.moved) if trail else None,
                asked_at=_at(trail.asked) if trail else None,
                stalled_at=_at(trail.stalled) if trail else None,
                steps=[
                    ParcelStep(at=_moment(step.at), movement=step.movement, words=step.words, place=step.place)
                    for step in (trail.steps if trail else ())
                ],
            )
        )
    return found


def _at(unix_ms: int) -> Moment | None:
    return _moment(unix_ms) if unix_ms else None


class OrderStory(OrderFacts, frozen=True):
    parcels: list[ParcelFacts]
    timeline: list[TimelineLine]
    messages: list[MessageFacts]
    calls: list[CallFacts]


def story(of: orders.Order, told: Told) -> OrderStory:
    """An order with all that happened to it."""
    return OrderStory.of(
        order(of),
        parcels=parcels(of, told.trails),
        timeline=[TimelineLine.of(line) for line in told.timeline],
        messages=[message(stored) for stored in told.messages],
        calls=[call(stored) for stored in told.calls],
    )


class DeliveryFacts(Facts, frozen=True):
    """One delivery as it came, without its secrets, and why it was not taken; 200 for what was taken and is odd."""

    id: str
    at: Moment
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


def delivery(kept: DeadLetter) -> DeliveryFacts:
    """A delivery that was refused or not understood."""
    kind, order_id = kept.about
    return DeliveryFacts.of(kept, event_type=kind or None, order_id=order_id or None)


class OrderList(Facts, frozen=True):
    items: list[OrderFacts]
    next_cursor: str | None


class MessageList(Facts, frozen=True):
    items: list[MessageFacts]
    next_cursor: str | None


class CallList(Facts, frozen=True):
    items: list[CallFacts]
    next_cursor: str | None


class DeliveryList(Facts, frozen=True):
    items: list[DeliveryFacts]
    next_cursor: str | None
