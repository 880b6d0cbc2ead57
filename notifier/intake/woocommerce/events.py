"""WooCommerce: from a snapshot of an order and what we know of it to the events that are news. Pure, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order, Stage, apply_events
from notifier.intake.woocommerce.rules import BIN, DEFAULT, UNSETTLED, WooRules, Word, status_name
from notifier.intake.woocommerce.signature import is_ping, verify
from notifier.intake.woocommerce.snapshot import PROVINCES, Snapshot, identifier, parse, said

__all__ = ["DEFAULT", "PROVINCES", "Snapshot", "WooRules", "Word", "events", "is_ping", "parse", "verify"]

DELETED, RESTORED = "order.deleted", "order.restored"

_EPOCH = datetime.fromtimestamp(0, UTC)
_INSTANT = timedelta(milliseconds=1)

# The order in which things happen to an order; of several at one time, the later here is the later.
_TURN: dict[EventType, int] = {
    kind: turn
    for turn, kind in enumerate(
        (
            EventType.REGISTERED,
            EventType.PAYMENT_FAILED,
            EventType.DEPOSIT_REPORTED,
            EventType.DEPOSIT_REJECTED,
            EventType.PAID,
            EventType.DEPOSIT_CONFIRMED,
            EventType.DEPOSIT_UNMATCHED,
            EventType.CONFIRMED,
            EventType.PREPARING,
            EventType.PACKED,
            EventType.DELIVERY_RELEASED,
            EventType.DELIVERY_AGREED,
            EventType.DELIVERY_CHANGED,
            EventType.CALLBACK_REQUESTED,
            EventType.DELAYED,
            EventType.SHIPPED,
            EventType.STALLED,
            EventType.OUT_FOR_DELIVERY,
            EventType.DELIVERY_FAILED,
            EventType.DELIVERED,
            EventType.RATED,
            EventType.RETURN_REQUESTED,
            EventType.RETURNED,
            EventType.RETURN_ACCEPTED,
            EventType.RETURN_REFUSED,
            EventType.CANCELLED,
            EventType.REFUNDED,
        )
    )
}

_PAYMENTS: dict[PaymentMethod | None, EventType] = {
    PaymentMethod.ONLINE: EventType.PAID,
    PaymentMethod.BANK_TRANSFER: EventType.DEPOSIT_CONFIRMED,
}
_OVER = frozenset({EventType.CANCELLED, EventType.REFUNDED, EventType.PAYMENT_FAILED})
_SHOP_SAYS = ("amount", "items", "method")
"""Details that only the shop tells: their stamps show how new the newest snapshot was that we took in."""

_Parcel = tuple[str, str | None, str | None]
"""Tracking code, carrier and address to follow it."""

_MOST_ENTRIES, _MOST_PARCELS = 200, 20
_CODE_FIELDS = ("tracking_number", "tracking_code")
_CARRIER_FIELDS = ("custom_tracking_provider", "formatted_tracking_provider", "tracking_provider", "carrier_name")
_URL_FIELDS = ("custom_tracking_link", "formatted_tracking_link", "tracking_link", "tracking_url")


def events(
    snapshot: Snapshot,
    order: Order | None,
    rules: WooRules,
    *,
    source: str,
    delivery: str,
    topic: str,
    received_at: datetime | None = None,
) -> list[Event]:
    """What in ``snapshot`` is news about ``order``, in the order it happened; empty when nothing is.

    ``delivery`` is a digest of the body. ``received_at`` dates what the shop did not, above all a deletion, and no
    event is later than it; without it such an event is dated just after the newest thing known.
    """
    if topic and not topic.startswith("order."):
        return []
    return _Telling(snapshot, order, rules, source, delivery, topic, received_at).events()


@dataclass(frozen=True, slots=True)
class _Telling:
    """One snapshot, read with one shop's rules against what is known."""

    snapshot: Snapshot
    order: Order | None
    rules: WooRules
    source: str
    delivery: str
    topic: str
    received_at: datetime | None

    def events(self) -> list[Event]:
        if self.snapshot.is_bare:
            # Nothing but the topic, which is not signed, tells this from the deletion of a product of that number.
            return self._deleted(self.received_at) if self.topic == DELETED else []
        if self.snapshot.status == BIN:
            return [] if self._stale() else self._deleted(self._modified())
        snapshot, meanings = self.snapshot, self.rules.meanings(self.snapshot.status)
        if not meanings or (snapshot.status is None and snapshot.details == Details()) or self._stale():
            return []
        details = self._details()
        kinds = self._kinds(meanings, details)
        told = [event for event in self._claims(kinds, details) if self._is_news(event)]
        if self.order is not None:
            told += self._carrier(apply_events(self.order, told), kinds, details)
        return told

    def _deleted(self, at: datetime | None) -> list[Event]:
        """A deleted order is cancelled, unless its parcel has left: then somebody only tidied up."""
        order = self.order
        if order is None or order.cancelled or order.refunded or order.stage >= Stage.SHIPPED:
            return []
        event = self._event(EventType.CANCELLED, max(at or _EPOCH, _newest(order) + _INSTANT), Details())
        return [replace(event, past=True)] if self._was_cleared_away(order) else [event]

    def _was_cleared_away(self, order: Order) -> bool:
        """Whether WooCommerce has cleared away an order that nobody paid: its customer is told nothing of it."""
        before = self.snapshot.meta.get("_wp_trash_meta_status")
        if isinstance(before, str):
            return status_name(before) in UNSETTLED
        return order.method in (PaymentMethod.ONLINE, None) and not order.paid and order.stage <= Stage.REGISTERED

    def _stale(self) -> bool:
        """Whether a newer state than this one has been taken in already."""
        if self.order is None or self.snapshot.modified is None:
            return False
        known = max(self.order.stamps.get(name, 0) for name in _SHOP_SAYS)
        return int(self._saved().timestamp() * 1000) < known

    def _saved(self) -> datetime:
        """When the shop saved what it shows."""
        snapshot, order = self.snapshot, self.order
        at = snapshot.modified or snapshot.completed or snapshot.paid or snapshot.created or self.received_at
        if at is None:
            return _newest(order) + _INSTANT if order else _EPOCH
        return min(at, self.received_at or at)

    def _modified(self) -> datetime:
        """When it became so."""
        at, order = self._saved(), self.order
        if self.topic == RESTORED and order is not None and order.cancelled:
            # Taking an order out of the bin need not touch its date, and undoes a deletion that we dated ourselves.
            return max(at, _moment(order.happened(EventType.CANCELLED) or 0) + _INSTANT)
        return at

    def _began(self) -> datetime:
        """When the present status began, as far as WooCommerce tells."""
        completed = self.snapshot.completed if self.snapshot.status == "completed" else None
        return min(completed or self._modified(), self._modified())

    def _details(self) -> Details:
        parcels = self._parcels()
        code, carrier, url = (
            parcels[-1] if parcels else (None, _first(self.snapshot.meta, self.rules.carrier_keys), None)
        )
        return replace(
            self.snapshot.details,
            number=self.snapshot.number if self.snapshot.number != self.snapshot.order_id else None,
            method=self.rules.method(self.snapshot.payment_method),
            tracking_code=code,
            carrier=carrier,
            tracking_url=url,
            codes=tuple(dict.fromkeys(code for code, _, _ in parcels)) or None,
        )

    def _parcels(self) -> "list[_Parcel]":
        return _shipment(self.snapshot.meta, self.rules)

    def _kinds(self, meanings: Sequence[str], details: Details) -> list[EventType]:
        """Everything that must have happened for the order to be as it is."""
        method = details.method or (self.order.details.method if self.order else None)
        kinds: set[EventType | None] = set()
        for meaning in meanings:
            match meaning:
                case Word.PAID:
                    kinds.add(_PAYMENTS.get(method))
                case Word.PREPARING:
                    kinds.add(EventType.PREPARING if method in _PAYMENTS else None)
                case Word.FULFILLED:
                    kinds.add(EventType.DELIVERED if self._arrived(details) else EventType.SHIPPED)
                case _:
                    kinds.add(EventType(meaning))
        if self.snapshot.paid and self.snapshot.status not in self.rules.unpaid:
            kinds.add(_PAYMENTS.get(method))
        arrived = self.order is not None and self.order.stage >= Stage.DELIVERED
        if details.tracking_code and self.rules.under_way(self.snapshot.status) and not arrived:
            kinds.add(EventType.SHIPPED)
        if details.amount and (details.refund_amount or 0) >= details.amount:  # in one refund or in several
            kinds.add(EventType.REFUNDED)
        return sorted((kind for kind in kinds if kind), key=_TURN.__getitem__)

    def _arrived(self, details: Details) -> bool:
        """Whether a fulfilled order has reached its customer, and not just its carrier."""
        order, began = self.order, int(self._began().timestamp() * 1000)
        if details.tracking_code is None or self.snapshot.completed is None:
            return True
        if order is None:
            return False
        left = (order.news.get(kind, {}) for kind in (EventType.SHIPPED, EventType.OUT_FOR_DELIVERY))
        return EventType.DELIVERED in order.news or any(at < began for times in left for at in times.values())

    def _claims(self, kinds: Sequence[EventType], details: Details) -> list[Event]:
        """An event for each kind, none dated after one that it comes before."""
        claims: list[Event] = []
        latest = self._modified()
        for kind in reversed(kinds):
            latest = min(self._date(kind), latest)
            told = self._with_reference(details, kind, kinds)
            claims.append(self._event(kind, latest, told))
            if kind is EventType.SHIPPED:
                claims += self._further_parcels(latest, told)
        return claims[::-1]

    def _further_parcels(self, latest: datetime, details: Details) -> list[Event]:
        """The parcels beside the newest, each an instant before the next."""
        told = []
        for back, (code, carrier, url) in enumerate(reversed(self._parcels()[:-1]), start=1):
            about = replace(details, tracking_code=code, carrier=carrier, tracking_url=url)
            name = f"{EventType.SHIPPED}.{back}"
            told.append(self._event(EventType.SHIPPED, latest - back * _INSTANT, about, name=name))
        return told

    def _date(self, kind: EventType) -> datetime:
        snapshot = self.snapshot
        match kind:
            case EventType.REGISTERED:
                return snapshot.created or self._modified()
            case EventType.PAID | EventType.DEPOSIT_CONFIRMED:
                return snapshot.paid or self._began()
            case _:
                return self._began()

    def _with_reference(self, details: Details, kind: EventType, kinds: Sequence[EventType]) -> Details:
        """Gateways note a number when a payment starts; it is a receipt only once the payment has succeeded."""
        online = details.method is PaymentMethod.ONLINE and (
            EventType.PAID in kinds or kind is EventType.PAYMENT_FAILED
        )
        return replace(details, reference=self.snapshot.transaction_id) if online else details

    def _is_news(self, event: Event) -> bool:
        order = self.order
        if order is None:
            return True
        if event.type is EventType.PAYMENT_FAILED:
            return _fails_anew(order, event)
        if event.type is EventType.DELIVERY_FAILED:  # its date moves with every change of the order
            return EventType.DELIVERY_FAILED not in order.news
        if not order.knows(event):
            return True
        # Known, but undone since: cancelled again, paid again. Only a date of its own can tell that it happened again.
        dated = self.snapshot.paid is not None or event.type in _OVER
        repeatable = event.type in _OVER or event.type in _PAYMENTS.values()
        return dated and repeatable and _standing(apply_events(order, [event])) != _standing(order)

    def _carrier(self, order: Order, kinds: Sequence[EventType], details: Details) -> list[Event]:
        """An event that is no news and brings new details, or an order back to life; none when there is neither."""
        at, live = self._modified(), _OVER.isdisjoint(kinds) and self.snapshot.status in self.rules.statuses
        revived = order.cancelled and live and at > _moment(order.happened(EventType.CANCELLED) or 0)
        # Registering revives a cancelled order, so that details of one that stays cancelled come with its cancellation.
        kind = EventType.CANCELLED if order.cancelled and not revived else EventType.REGISTERED
        saved = self._saved()
        event = self._event(kind, saved, self._with_reference(details, kind, kinds), name="details")
        told = [event] if (revived and at == saved) or apply_events(order, [event]).details != order.details else []
        if revived and at > saved:  # a date of ours: what the shop says keeps its own, so that later words stand
            told.append(self._event(kind, at, Details(), name="revived"))
        return told

    def _event(self, kind: EventType, at: datetime, details: Details, *, name: str | None = None) -> Event:
        return Event(
            id=f"{self.delivery}.{name or kind}",
            source=self.source,
            type=kind,
            order_id=self.snapshot.order_id,
            at=at,
            dated=self._dated(at),
            details=details,
            extra=self._extra(),
        )

    def _dated(self, at: datetime) -> datetime | None:
        """Of an order that nobody knew: the newest time it has of its own. A status has none, and `date_modified` moves
        with every bulk edit and every plugin that touches the order."""
        own = [one for one in (self.snapshot.created, self.snapshot.paid, self.snapshot.completed) if one]
        return min(max(own), at) if self.order is None and own else None

    def _extra(self) -> dict[str, Any]:
        snapshot = self.snapshot
        extra = {
            "topic": self.topic,
            "status": snapshot.status,
            "payment_method": snapshot.payment_method,
            "payment_method_title": snapshot.payment_method_title,
            "phone": snapshot.raw_phone,
            "oddities": list(snapshot.oddities),
        }
        return {name: value for name, value in extra.items() if value}


def _fails_anew(order: Order, event: Event) -> bool:
    """Whether a payment failed again: by its number, or because one had succeeded in between. The date alone moves with
    every change of the order."""
    last = order.happened(EventType.PAYMENT_FAILED)
    if last is None:
        return True
    if event.details.reference:
        return not order.knows(event)
    return (order.happened(EventType.PAID) or 0) > last


def _standing(order: Order) -> tuple[bool, bool, bool]:
    return order.cancelled, order.refunded, order.paid


def _newest(order: Order) -> datetime:
    times = [at for known in order.news.values() for at in known.values()]
    return _moment(max([*times, *order.stamps.values()], default=0))


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _shipment(meta: Mapping[str, Any], rules: WooRules) -> list[_Parcel]:
    """The parcels that the meta data tell of, the newest last, each code once."""
    described = next((found for key in rules.tracking_code_keys if (found := _described(meta.get(key)))), [])
    parcels: dict[str, _Parcel] = {}
    for parcel in described[-_MOST_PARCELS:]:
        code, url = _code(parcel) or "", _first(parcel, _URL_FIELDS)
        carrier = _first(parcel, _CARRIER_FIELDS) or _first(meta, rules.carrier_keys)
        parcels.pop(code, None)
        parcels[code] = code, carrier, url if url and url.startswith(("https://", "http://")) else None
    return list(parcels.values())


def _described(value: Any) -> list[Mapping[str, Any]]:
    """What a meta value describes: a bare code, a parcel, or a list of either."""
    found: list[Mapping[str, Any]] = []
    for entry in value[-_MOST_ENTRIES:] if isinstance(value, list) else (value,):
        if isinstance(entry, dict):
            found += [entry] if _code(entry) else []
        elif code := identifier(entry):
            found.append({_CODE_FIELDS[0]: code})
    return found


def _code(parcel: Mapping[str, Any]) -> str | None:
    return next((code for name in _CODE_FIELDS if (code := identifier(parcel.get(name)))), None)


def _first(values: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((found for name in names if (found := said(values.get(name)))), None)
