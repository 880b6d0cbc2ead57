"""What a courier says at the door: an event like any other, taken once however often it comes, or refused with why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from notifier.console.dependencies import Dependencies
from notifier.console.refusals import AlreadyTaken, Missing, PageRefusal
from notifier.domain import canonical, persian
from notifier.domain.door import DoorState, door_state, left_with_courier
from notifier.domain.events import Details, Event, EventType
from notifier.domain.orders import Order
from notifier.intake.delivery import Clashing, Delivery, Recorded
from notifier.store import audit
from notifier.store.audit import Act
from notifier.store.staff import Role, Staff

_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_LONGEST_REASON = 200  # characters
_OLDEST = timedelta(hours=24)
"""How late a tick may come whose phone was without a connection."""

_MS = timedelta(milliseconds=1)


class TickKind(StrEnum):
    OUT = "out"
    DELIVERED = "delivered"
    NOT_AT_HOME = "not_at_home"


EVENTS: Mapping[TickKind, EventType] = {
    TickKind.OUT: EventType.OUT_FOR_DELIVERY,
    TickKind.DELIVERED: EventType.DELIVERED,
    TickKind.NOT_AT_HOME: EventType.DELIVERY_FAILED,
}

REASONS = ("کسی در خانه نبود", "تلفن پاسخ نداد", "نشانی پیدا نشد", "مشتری تحویل نگرفت")
"""Why a delivery fails, as the customer reads it; the first where nothing is chosen."""

_GONE = "این سفارش پیدا نشد؛ شاید از فروشگاه پاک شده است."


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorTick:
    """One tick of one order. ``at`` is when it was made, by our clock."""

    id: str
    source: str
    order_id: str
    kind: TickKind
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TickAnswer:
    """What became of a tick; ``is_new`` unless it was known already."""

    says: str
    state: DoorState
    is_new: bool


def read_tick(form: Mapping[str, str], now: datetime) -> DoorTick:
    """The tick of a form. ``at`` and ``sent`` are unix ms by the phone's clock, of which only the difference counts.

    Raises PageRefusal.
    """
    tick_id, source, order_id = (form.get(name, "") for name in ("tick", "source", "order"))
    if not _ID.fullmatch(tick_id) or not source or not order_id or len(source) > 100 or len(order_id) > 100:
        raise PageRefusal("این خبر خوانده نشد؛ صفحه را تازه کنید و دوباره بزنید.")
    if form.get("what") not in frozenset(TickKind):
        raise PageRefusal("در راه، تحویل یا تحویل‌نشدن؟ یکی را انتخاب کنید.")
    kind = TickKind(form["what"])
    reason = persian.tidy(canonical.plain(form.get("reason", "")[: _LONGEST_REASON * 2]))[:_LONGEST_REASON].strip()
    age = _age(form.get("at", ""), form.get("sent", ""))
    return DoorTick(
        id=tick_id, source=source, order_id=order_id, kind=kind, at=now - age,
        reason=(reason or REASONS[0]) if kind is TickKind.NOT_AT_HOME else "",
    )  # fmt: skip


def on_list(order: Order, days: Sequence[date]) -> bool:
    """Whether an order stands on the list of one of these days."""
    if order.delivery is not None and order.delivery.date in days:
        return True
    late = order.delivery is None or order.delivery.date < max(days)
    return late and (left_with_courier(order) or door_state(order) is DoorState.DELIVERED)


async def take(deps: Dependencies, tick: DoorTick, staff: Staff) -> TickAnswer:
    """Commit a tick. Raises PageRefusal where the order does not stand so any more, and StoreAway."""
    before = await deps.reader.order(tick.source, tick.order_id)
    if before is None or not staff.serves((before.source,)):
        raise Missing(_GONE)
    zone = deps.config.shop.zone
    days = [at.astimezone(zone).date() for at in (tick.at, deps.clock.now())]
    event = Event(
        id=f"door.{tick.id}",
        source=before.source,
        type=EVENTS[tick.kind],
        order_id=before.id,
        at=tick.at,
        details=Details(failure_reason=tick.reason or None),
        by=staff.id,
        extra={"by": staff.id, "by_name": staff.name} | ({"note": tick.reason} if tick.reason else {}),
    )
    objections: list[PageRefusal] = []

    def events(order: Order | None) -> Sequence[Event]:
        """Looked at once more in the unit of work: somebody may just cancel it."""
        objections[:] = [found] if (found := _objection(order, tick, staff, days)) else []
        known = objections or order is None or _is_known(order, tick, event)
        return [] if known else [event]

    outcome = await deps.committer.submit(
        Delivery(
            source=before.source,
            event_id=event.id,
            digest=f"{tick.kind} {before.id} {tick.reason}",
            order_id=before.id,
            phone=None,
            events=events,
        )
    )
    if isinstance(outcome, Clashing):
        raise AlreadyTaken("این خبر پیش‌تر با نتیجهٔ دیگری رسیده بود؛ حال سفارش را در فهرست ببینید.")
    if objections:
        raise objections[0]
    order = await deps.reader.order(before.source, before.id) or before
    if not isinstance(outcome, Recorded):
        return TickAnswer("پیش‌تر همین ثبت شده است.", door_state(order), is_new=False)
    deps.wake()
    entry = deps.entry(Act.DELIVERY_TICKED, staff.id, about=order.number, more=tick.kind)
    await audit.write(deps.redis, entry)
    return TickAnswer("ثبت شد.", door_state(order), is_new=True)


def _objection(order: Order | None, tick: DoorTick, staff: Staff, days: Sequence[date]) -> PageRefusal | None:
    """Why a tick cannot be taken for an order as it is."""
    if order is None:
        return Missing(_GONE)
    if order.cancelled:
        return AlreadyTaken("سفارش در این میان لغو شد؛ تحویل ندهید. اگر تحویل داده‌اید، به پشتیبانی بگویید.")
    if order.refunded and tick.kind is not TickKind.NOT_AT_HOME:
        return AlreadyTaken("وجه این سفارش برگشت داده شده است؛ تحویل ندهید و از پشتیبانی بپرسید.")
    if staff.role is Role.COURIER and not on_list(order, days):
        return AlreadyTaken("این سفارش در فهرست امروز شما نیست؛ شاید زمان تحویلش عوض شده است. از پشتیبانی بپرسید.")
    if door_state(order) is DoorState.DELIVERED and tick.kind is not TickKind.DELIVERED:
        return AlreadyTaken("این سفارش پیش‌تر تحویل‌شده ثبت شده است.")
    return None


def _is_known(order: Order, tick: DoorTick, event: Event) -> bool:
    """A second failure without a new start is the first one, told by two people or twice by one."""
    failed = door_state(order) is DoorState.FAILED and tick.kind is TickKind.NOT_AT_HOME
    return failed or order.knows(event)


def _age(at: str, sent: str) -> timedelta:
    """How long ago something was, where a phone says when it was and when it is; nothing where it does not say."""
    if not all(text.isascii() and text.isdecimal() and len(text) <= 15 for text in (at, sent)):
        return timedelta()
    return min(max((int(sent) - int(at)) * _MS, timedelta()), _OLDEST)
