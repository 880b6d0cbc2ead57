"""``kind = "mapping"``: from a delivery in a shop's own words to the events that are news. Pure, no I/O.

What was found is checked by the model of our own events, so both kinds of shop are refused for the same things; here
every mistake is told with the expression that its value came from.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jmespath.exceptions import JMESPathError
from msgspec.structs import replace

from notifier.domain.events import Event, EventType, PaymentMethod
from notifier.domain.orders import Order
from notifier.errors import Unprocessable
from notifier.intake.mapping import body as documents
from notifier.intake.mapping import values
from notifier.intake.mapping.rules import PAID, Lookup, MappingRules
from notifier.intake.standard import payload as standard

_PAYMENTS: dict[PaymentMethod | None, EventType] = {
    PaymentMethod.ONLINE: EventType.PAID,
    PaymentMethod.BANK_TRANSFER: EventType.DEPOSIT_CONFIRMED,
}
_OVER = frozenset({EventType.CANCELLED, EventType.REFUNDED, EventType.PAYMENT_FAILED, EventType.RETURNED})
"""Kinds after which an order is not on its way any more: with these, nothing brings a cancelled one back."""

_BY_TIME = frozenset(
    {
        EventType.PAYMENT_FAILED,
        EventType.DEPOSIT_REPORTED,
        EventType.DEPOSIT_REJECTED,
        EventType.DELIVERY_FAILED,
        EventType.DELIVERY_RELEASED,
        EventType.CALLBACK_REQUESTED,
    }
)
"""Kinds that may happen several times, and are told apart by the time where they have no reference."""

_WORDS = frozenset(
    {
        *("customer.name", "customer.city", "customer.province", "customer.address", "customer.note"),
        *("shipment.carrier", "shipment.url", "reason"),
    }
)
"""Fields that people read: a shop's page holds them as HTML."""

_LONGEST_ID, _LONGEST_STATUS = 256, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedDelivery:
    """What one delivery says: its status, and one event that holds all details, of which the others are copies.

    ``meanings`` is None for a status that is not known. ``odd`` are words that are not known, fit to be shown.
    """

    event_id: str
    digest: str
    status: str
    meanings: Sequence[str] | None
    event: Event
    payload: standard.Payload
    snapshots: bool
    odd: tuple[str, ...] = ()

    def events(self, order: Order | None) -> list[Event]:
        """What is news about ``order``, the newest last; what is known already is left out, but for the newest."""
        kinds = self._kinds(order)
        if self.meanings is None or not kinds:
            return self._details_alone(order) if self.meanings is None else []
        told = [self._told(kind, single=len(kinds) == 1) for kind in kinds]
        if order is None:
            return told
        *earlier, newest = told
        if self._same_again(order, newest):
            return self._details_alone(order)
        revives = order.cancelled and newest.type not in _OVER
        return [*(event for event in earlier if revives or not order.knows(event)), newest]

    def _kinds(self, order: Order | None) -> list[EventType]:
        method = self.event.details.method or (order.method if order else None)
        kinds = [_PAYMENTS.get(method) if kind == PAID else EventType(kind) for kind in self.meanings or ()]
        named = [kind for kind in dict.fromkeys(kinds) if kind is not None]
        nobody = self.event.details.phone is None and len(named) > 1  # a status that only implies the registration
        return [kind for kind in named if not (nobody and kind is EventType.REGISTERED)]

    def _told(self, kind: EventType, *, single: bool = False, name: str | None = None) -> Event:
        event = self.payload.model_copy(update={"type": kind}).event(source=self.event.source, event_id=self.event.id)
        event_id = self.event_id if single else f"{self.event_id}.{name or kind}"
        if kind is EventType.DEPOSIT_CONFIRMED and (self.snapshots or not single):
            # What a whole order shows is its total, each time anew, and no part of it that came now.
            details = replace(event.details, deposit_amount=None, amount=event.details.deposit_amount)
            event = replace(event, details=details)
        return replace(event, id=event_id, extra=self.event.extra)

    def _same_again(self, order: Order, event: Event) -> bool:
        """Whether a snapshot only shows the failure that is known: nothing else has been heard of since."""
        last = order.happened(event.type)
        if not self.snapshots or event.type not in _BY_TIME or event.details.reference or last is None:
            return False
        others = (times for kind, times in order.news.items() if kind != event.type)
        return not any(at > last for times in others for at in times.values())

    def _details_alone(self, order: Order | None) -> list[Event]:
        """An event that is no news and brings what is known of the order up to date."""
        kind = EventType.CANCELLED if order and order.cancelled else EventType.REGISTERED
        return [self._told(kind, name="details")] if order is not None and kind in order.news else []


def read(
    body: bytes,
    content_type: str,
    headers: Mapping[str, str],
    rules: MappingRules,
    *,
    source: str,
    received_at: datetime,
    event_id: str | None = None,
) -> MappedDelivery:
    """``event_id`` is the one that the delivery is signed with, if any. Raises WrongContentType, NotJson, or
    Unprocessable with every mistake, each with its field and expression."""
    finding = _Finding(documents.document(body, content_type), headers, rules)
    status = finding.text("status", rules.status)
    meanings = rules.meanings(status) if status is not None else ()
    if status is None and not finding.mistakes:
        finding.wrong("status", "is missing: without it nobody can tell what happened")
    given = finding.text("id", rules.event_id) if rules.event_id else None
    at = finding.time() if rules.time else received_at
    data = finding.data()
    newest = next((EventType(kind) for kind in reversed(meanings or ()) if kind != PAID), None)
    document = {"type": newest or EventType.PREPARING, "timestamp": at or received_at, "data": data}
    try:
        payload = standard.validate(document)
    except Unprocessable as error:
        finding.refused(error)
        raise Unprocessable(_REFUSAL, errors=finding.mistakes) from None
    if finding.mistakes:
        raise Unprocessable(_REFUSAL, errors=finding.mistakes)
    status = (status or "")[:_LONGEST_STATUS]
    digest = hashlib.blake2b(status.encode(errors="replace") + b"\n" + body, digest_size=16).hexdigest()
    name = given or event_id or digest
    if len(name) > _LONGEST_ID or not name.isprintable():
        raise Unprocessable(_REFUSAL, errors=[finding.explained(["id"], "must be at most 256 printable characters")])
    extra = {"status": status} | ({"oddities": list(finding.odd)} if finding.odd else {})
    event = payload.event(source=source, event_id=name)
    return MappedDelivery(
        event_id=name,
        digest=digest,
        status=status,
        meanings=meanings,
        event=replace(event, extra=extra),
        payload=payload,
        snapshots=rules.snapshots,
        odd=tuple(finding.odd),
    )


_REFUSAL = "The delivery does not hold what the mapping of this source looks for; see errors."


class _Finding:
    """Looks for values in one delivery, and collects what is wrong and what is odd."""

    def __init__(self, document: Any, headers: Mapping[str, str], rules: MappingRules) -> None:
        self._document, self._headers, self._rules = document, headers, rules
        self.mistakes: list[dict[str, Any]] = []
        self.odd: list[str] = []

    @property
    def _conversions(self) -> Mapping[str, Callable[[Any], Any]]:
        """How values are read that are neither text nor numbers."""
        return {
            "new_date": self._day,
            "delivery.date": self._day,
            "delivery.from": self._clock,
            "delivery.to": self._clock,
            "callback_at": self._moment,
            "mark": values.number,
        }

    def data(self) -> dict[str, Any]:
        """``data`` of an event of our own."""
        found: dict[str, Any] = {}
        for name in self._rules.fields:
            if name not in ("items", "payment.method", "payment.amount", "payment.currency"):
                convert = values.words if name in _WORDS else self._conversions.get(name, values.text)
                _put(found, name, self._read(name, self._rules.fields[name], convert))
        _put(found, "payment.method", self._method())
        _put(found, "payment.amount", self._amount())
        _put(found, "items", self._items())
        return found

    def text(self, name: str, lookup: Lookup | None) -> str | None:
        """A value as text; None where there is none."""
        return self._read(name, lookup, values.text) if lookup else None

    def time(self) -> datetime | None:
        at: datetime | None = self._read("time", self._rules.time, lambda it: values.time(it, self._rules.zone))
        if at is None and not self._wrong_already("time"):
            self.wrong("time", "is missing")
        return at

    def _day(self, value: Any) -> str | None:
        at = values.time(value, self._rules.zone)
        return at.astimezone(self._rules.zone).date().isoformat() if at else None

    def _clock(self, value: Any) -> str | None:
        """A time of the day, or the time of a moment."""
        written = values.clock(value)
        if written is not None or values.text(value) is None:
            return written
        at = values.time(value, self._rules.zone)
        return at.astimezone(self._rules.zone).strftime("%H:%M") if at else None

    def _moment(self, value: Any) -> str | None:
        at = values.time(value, self._rules.zone)
        return at.isoformat() if at else None

    def _amount(self) -> int | None:
        lookup = self._rules.fields.get("payment.amount")
        unit = self.text("payment.currency", self._rules.fields.get("payment.currency"))
        unit = unit.upper() if unit else "IRR"
        rial: int | None = self._read("payment.amount", lookup, lambda value: values.rial(value, unit))
        return rial

    def _items(self) -> list[dict[str, Any]] | None:
        lookup = self._rules.fields.get("items")
        items: list[dict[str, Any]] | None = self._read("items", lookup, values.items)
        return items

    def _method(self) -> PaymentMethod | None:
        word = self.text("payment.method", self._rules.fields.get("payment.method"))
        method = self._rules.method(word) if word else None
        if word and method is None:
            self.odd.append(f"The payment method {word[:60]!r} is not known; name it in methods.")
        return method

    def _read(self, name: str, lookup: Lookup | None, convert: Any) -> Any:
        if lookup is None:
            return None
        try:
            value = lookup.find(self._document, self._headers)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            # The library's own text may quote the customer's data at any length.
            self.wrong(name, f"the expression does not suit this delivery ({type(error).__name__})")
            return None
        try:
            return convert(value)
        except ValueError as error:
            self.wrong(name, str(error))
            return None

    def wrong(self, name: str, words: str) -> None:
        self.mistakes.append(self.explained(_loc(name), words))

    def refused(self, error: Unprocessable) -> None:
        """Take in what the model says; of a value that could not be read it can only say that it is missing."""
        known = [mistake["loc"] for mistake in self.mistakes]
        told = [self.explained(mistake["loc"], mistake["msg"]) for mistake in error.errors]
        self.mistakes += [mistake for mistake in told if mistake["loc"] not in known]

    def _wrong_already(self, name: str) -> bool:
        return any(mistake["loc"] == _loc(name) for mistake in self.mistakes)

    def explained(self, loc: Sequence[str | int], words: str) -> dict[str, Any]:
        """A mistake with the key of the mapping and its expression."""
        name = _name(loc)
        own = {"status": self._rules.status, "id": self._rules.event_id, "time": self._rules.time}
        lookup = own[name] if name in own else self._rules.fields.get(name)
        key = name if name in own else f"fields.{name}"
        words = words.removesuffix(".")
        parts = any(one.startswith(f"{name}.") for one in self._rules.fields)
        origin = f"{key} = {lookup.text!r}" if lookup else f"see {key}" if parts else f"{key} is not mapped"
        mistake = {"loc": list(loc) or _loc(name), "msg": f"{words} ({origin})", "key": key}
        return mistake | ({"expression": lookup.text} if lookup else {})


def _loc(name: str) -> list[str | int]:
    return [name] if name in ("status", "id", "time") else ["data", *name.split(".")]


def _name(loc: Sequence[str | int]) -> str:
    """The key of the mapping that a place in an event of our own comes from."""
    if not loc:
        return "customer.phone"  # the one thing that an event as a whole is refused for
    if loc[0] != "data":
        return "time" if loc[0] == "timestamp" else str(loc[0])
    return "items" if loc[1] == "items" else ".".join(str(part) for part in loc[1:])


def _put(data: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        return
    *parents, last = name.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    data[last] = value
