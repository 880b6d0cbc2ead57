"""An order: what is known about it, and what has happened to it, whatever order the news came in.

Both parts only ever grow towards the same end: of two values of one field the later one stands, and of one piece of
news the latest time. So any order of arrival, and any repetition, ends in the same facts.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple, replace

from notifier.domain.events import UNNUMBERED, AgreedTime, Details, Event, EventType, PaymentMethod


class Stage(IntEnum):
    """How far an order has come. Stages only move forward."""

    NONE = 0
    REGISTERED = 1
    PAID = 2
    PREPARING = 3
    PACKED = 4
    SHIPPED = 5
    OUT_FOR_DELIVERY = 6
    DELIVERED = 7
    RETURN_REQUESTED = 8
    RETURNED = 9


STAGES: dict[EventType, Stage] = {
    EventType.REGISTERED: Stage.REGISTERED,
    EventType.PAID: Stage.PAID,
    EventType.DEPOSIT_CONFIRMED: Stage.PAID,
    EventType.PREPARING: Stage.PREPARING,
    EventType.PACKED: Stage.PACKED,
    EventType.SHIPPED: Stage.SHIPPED,
    EventType.OUT_FOR_DELIVERY: Stage.OUT_FOR_DELIVERY,
    EventType.DELIVERED: Stage.DELIVERED,
    EventType.RETURN_REQUESTED: Stage.RETURN_REQUESTED,
    EventType.RETURNED: Stage.RETURNED,
}

REVIVING = frozenset({EventType.REGISTERED, EventType.PAID, EventType.DEPOSIT_CONFIRMED})
"""Events that bring a cancelled order back when they happened after the cancellation: shops cancel unpaid orders by
themselves, and the customer then pays after all."""

JUDGED = frozenset({EventType.RETURN_ACCEPTED, EventType.RETURN_REFUSED})
"""What may become of a return that was asked for."""

AGREEING = (EventType.DELIVERY_AGREED, EventType.DELIVERY_CHANGED)
"""News of the time at which the customer will be at home."""

_DEPOSIT_EVENTS = (EventType.DEPOSIT_REPORTED, EventType.DEPOSIT_REJECTED, EventType.DEPOSIT_CONFIRMED)

_NOT_TAKEN: dict[EventType, frozenset[str]] = {
    # The reference of an attempt that came to nothing is no receipt to keep.
    EventType.PAYMENT_FAILED: frozenset({"reference"}),
    EventType.DEPOSIT_REJECTED: frozenset({"reference", "deposit_amount"}),
    EventType.DEPOSIT_UNMATCHED: frozenset({"reference", "deposit_amount"}),
}


class Priority(StrEnum):
    NORMAL = "normal"
    HIGH = "high"


class News(Struct, frozen=True, array_like=True):
    """The part of an event that rules run on, kept with what still waits because of it."""

    kind: EventType
    distinction: str
    at: int  # unix ms


class Parcel(Struct, frozen=True, array_like=True):
    """One of the parcels of an order, as last said."""

    at: int  # unix ms
    carrier: str | None = None
    url: str | None = None


class Order(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order of one shop, as stored. ``v`` counts its versions and comes first, where the store looks for it."""

    v: int = 0
    id: str
    source: str
    details: Details = Details()
    stamps: dict[str, int] = {}  # field of details → unix ms of the event that set it
    news: dict[EventType, dict[str, int]] = {}  # event type → Event.distinction → unix ms it last happened at
    prepaid: bool = False  # settled before delivery by a method on offer
    priority: Priority = Priority.NORMAL
    violation: bool = False  # paid by a method that is not on offer in its region
    withheld: News | None = None  # the newest stage, whose text waits until the order is prepaid
    aside: dict[EventType, News] = {}  # other news whose text waits: for the money, or for what it is an answer to
    open_texts: dict[str, dict[str, News]] = {}  # template → message queued for later, which news may still cancel
    withdrawn: dict[str, dict[str, News]] = {}  # template → message taken back before it left, which may hold once more
    open_calls: dict[str, dict[str, News]] = {}  # purpose → call planned, which news may still cancel
    withdrawn_calls: dict[str, dict[str, News]] = {}  # purpose → call dropped unmade, which may be owed again
    made_calls: dict[str, dict[str, News]] = {}  # purpose → call made before its reason went: that is not made twice
    refunds: dict[str, tuple[int, int]] = {}  # distinction of a refund → unix ms and rial, as last said
    deposits: dict[str, tuple[int, int]] = {}  # distinction of a deposit that came → unix ms and rial, as last said
    parcels: dict[str, Parcel] = {}  # tracking code → the parcel that left with it
    pay_exactly: int = 0  # rial: the sum that no other open order has, where the shop wants such sums
    page_token: str | None = None  # in the address of the customer's page: who knows it may see the order
    registered_at: int = 0  # unix ms, the earliest that the shop said
    created_at: int = 0  # unix ms, when first heard of
    updated_at: int = 0  # unix ms

    def happened(self, kind: EventType) -> int | None:
        """When something of this kind last happened (unix ms), or None."""
        times = self.news.get(kind)
        return max(times.values()) if times else None

    def newest(self, kind: EventType) -> str | None:
        """The distinction of the newest news of this kind, or None; news with a distinction outdoes news without."""
        times = self.news.get(kind)
        if not times:
            return None
        if len(times) == 1:
            return next(iter(times))
        return max(times, key=lambda known: (known != "", times[known], known))

    def knows(self, event: Event) -> bool:
        """Whether this is no news. That a parcel left, without its code, is none once it has been said with it; that
        the order was cancelled is news again once it came back to life, that it is on its way once a delivery
        failed, and a time of delivery or a mark once another one stood. Of a deposit that is there as a whole only
        what is too much is news."""
        known = self.news.get(event.type)
        if known is None:
            return False
        if self.cancelled_anew(event) or self.out_again(event) or self.agreed_anew(event) or self.rated_anew(event):
            return False
        if event.type is EventType.DEPOSIT_UNMATCHED:
            return known.get(event.distinction, -1) >= event.at_ms
        if event.type is EventType.DEPOSIT_CONFIRMED:
            if event.distinction in self.came or self.deposit_rest or not self.deposit_confirmed:
                return event.distinction in self.came
            return apply_events(self, [event]).deposit_surplus <= self.deposit_surplus
        return event.distinction in known or not event.distinction

    def cancelled_anew(self, event: Event) -> bool:
        """Whether this cancels an order that was cancelled and revived before."""
        if event.type is not EventType.CANCELLED or EventType.CANCELLED not in self.news or self.cancelled:
            return False
        return event.at_ms > max(self.happened(kind) or 0 for kind in REVIVING)

    def out_again(self, event: Event) -> bool:
        """Whether the courier sets out once more, after a delivery failed."""
        if event.type is not EventType.OUT_FOR_DELIVERY:
            return False
        known, failed = self.happened(event.type), self.happened(EventType.DELIVERY_FAILED)
        return known is not None and failed is not None and known < failed < event.at_ms

    def agreed_anew(self, event: Event) -> bool:
        """Whether this agrees upon a time that was agreed upon before, and does not stand any more."""
        known = self.news.get(event.type)
        if event.type not in AGREEING or known is None or event.distinction not in known:
            return False
        return event.at_ms > max(known[event.distinction], self.delivery_said or 0) and str(self.delivery or "") != str(
            event.details.delivery or ""
        )

    def rated_anew(self, event: Event) -> bool:
        """Whether this is a mark that the customer gave before, and changed since."""
        known = self.news.get(event.type)
        if event.type is not EventType.RATED or known is None or event.distinction not in known:
            return False
        return event.at_ms > max(known.values()) and event.details.mark != self.details.mark

    def telling_of(self, kind: EventType, distinction: str) -> "Order":
        """The order as a text about one piece of news shows it: of several parcels, deposits or refunds, the one it is
        about."""
        if kind is EventType.DEPOSIT_CONFIRMED and distinction in self.deposits:
            came = replace(self.details, deposit_amount=self.deposits[distinction][1])
            numbered = not distinction.startswith(UNNUMBERED)
            return replace(self, details=replace(came, reference=distinction) if numbered else came)
        if kind is EventType.REFUNDED and len(self.refunds) > 1 and distinction in self.refunds:
            back = self.refunds[distinction][1]
            return replace(
                self, details=replace(self.details, refund_amount=back, refund_reference=distinction or None)
            )
        parcel = self.parcels.get(distinction) if kind is EventType.SHIPPED and len(self.parcels) > 1 else None
        if parcel is None:
            return self
        return replace(
            self,
            details=replace(self.details, tracking_code=distinction, carrier=parcel.carrier, tracking_url=parcel.url),
        )

    @property
    def number(self) -> str:
        """What the customer knows the order by."""
        return self.details.number or self.id

    @property
    def placed_at(self) -> int | None:
        """When the order was placed (unix ms), or after a cancellation placed again; corrections do not move it."""
        newest, cancelled = self.happened(EventType.REGISTERED), self.happened(EventType.CANCELLED)
        if not self.registered_at or (cancelled is not None and self.registered_at <= cancelled):
            return newest
        return self.registered_at

    @property
    def method(self) -> PaymentMethod | None:
        """The method of payment; where the shop did not say, the one that its payment events imply."""
        if self.details.method is not None:
            return self.details.method
        if EventType.PAID in self.news:
            return PaymentMethod.ONLINE
        return None if self.news.keys().isdisjoint(_DEPOSIT_EVENTS) else PaymentMethod.BANK_TRANSFER

    @property
    def free(self) -> bool:
        """Whether there is nothing to pay. An amount that is not known is none."""
        return self.details.amount == 0

    @property
    def cancelled(self) -> bool:
        at = self.happened(EventType.CANCELLED)
        return at is not None and not any((self.happened(kind) or 0) > at for kind in REVIVING)

    @property
    def refunded(self) -> bool:
        """Whether all of the money went back after the last payment, in one refund or in several."""
        back_since = self.news.get(EventType.REFUNDED)
        if not back_since:
            return False
        paid = max(self.happened(EventType.PAID) or 0, self.happened(EventType.DEPOSIT_CONFIRMED) or 0)
        since = [refund for refund, at in back_since.items() if at >= paid]
        if not since:
            return False
        if not self.refunds:  # an amount that came with other news is the sum of all
            back = self.details.refund_amount
        elif all(refund in self.refunds for refund in since):
            back = sum(self.refunds[refund][1] for refund in since)
        else:
            back = None
        amount = self.details.amount
        return back is None or amount is None or back >= amount

    @property
    def deposit_confirmed(self) -> bool:
        """Whether the last word about the deposit is that it arrived."""
        came = self.came
        if not came:
            return False
        rejected = self.happened(EventType.DEPOSIT_REJECTED)
        return rejected is None or max(came.values()) >= rejected

    @property
    def came(self) -> dict[str, int]:
        """The deposits that were confirmed and not taken back since: distinction → unix ms."""
        confirmed = self.news.get(EventType.DEPOSIT_CONFIRMED, {})
        if EventType.DEPOSIT_UNMATCHED not in self.news:
            return confirmed
        return {name: at for name, at in confirmed.items() if self._taken_back_at(name) < at}

    def _taken_back_at(self, deposit: str) -> int:
        """When a deposit was last taken back (unix ms), or -1. Of a shop that never names its deposits' numbers, or
        does not say which of them it takes back, none is left: better unpaid than paid on a guess."""
        undone = self.news.get(EventType.DEPOSIT_UNMATCHED, {})
        nameless = -1 if "" in self.news.get(EventType.DEPOSIT_CONFIRMED, {}) else undone.get("", -1)
        return max(undone.get(deposit, -1), nameless)

    @property
    def newest_deposit(self) -> str | None:
        """The distinction of the newest deposit that stands, or None."""
        came = self.came
        return max(came, key=lambda name: (name != "", came[name], name)) if came else None

    @property
    def transfer_due(self) -> int:
        """The sum (rial) that a transfer for this order is awaited of; 0 where none is."""
        amount = self.details.amount
        if not amount or self.method is not PaymentMethod.BANK_TRANSFER or self.cancelled or self.paid or self.refunded:
            return 0
        return self.deposit_rest or self.pay_exactly or amount

    @property
    def deposit_received(self) -> int | None:
        """How much of a deposit has come (rial), of the parts whose sums were said; None where nobody said one."""
        if not self.deposits:
            return None
        stand = [rial for name, (at, rial) in self.deposits.items() if self._taken_back_at(name) < at]
        return sum(stand) if stand else None

    @property
    def deposit_rest(self) -> int:
        """What is still to come (rial) of a deposit that came in part; 0 where it came as a whole, or not at all."""
        received = self.deposit_received
        if received is None or self.details.amount is None:
            return 0
        confirmed, rejected = self.came, self.happened(EventType.DEPOSIT_REJECTED)
        if "" in confirmed and (rejected is None or confirmed[""] >= rejected):
            return 0
        return max(self.details.amount - received, 0)

    @property
    def deposit_surplus(self) -> int:
        """By how much (rial) the deposits that came are more than the order costs."""
        if self.details.amount is None:
            return 0
        return max((self.deposit_received or 0) - max(self.details.amount, self.pay_exactly), 0)

    @property
    def delivery_said(self) -> int | None:
        """When (unix ms) the last word about the time of delivery was said, or None."""
        said = [self.happened(kind) for kind in (*AGREEING, EventType.DELIVERY_RELEASED)]
        return max((at for at in said if at is not None), default=None)

    @property
    def delivery(self) -> AgreedTime | None:
        """The time that was agreed upon with the customer, while it stands; of two words at one time it is given up."""
        if self.details.delivery is None:
            return None
        agreed = max((at for kind in AGREEING if (at := self.happened(kind)) is not None), default=None)
        if agreed is None or self.cancelled or agreed <= (self.happened(EventType.DELIVERY_RELEASED) or -1):
            return None
        return self.details.delivery

    @property
    def return_judged(self) -> EventType | None:
        """The last word about a return, or None."""
        words = [(at, kind) for kind in JUDGED if (at := self.happened(kind)) is not None]
        return max(words)[1] if words else None

    @property
    def deposit_waiting(self) -> int | None:
        """Since when (unix ms) a reported deposit waits for somebody to look it up; None where none does."""
        reported = self.happened(EventType.DEPOSIT_REPORTED)
        if reported is None:
            return None
        settled = max(self.happened(EventType.DEPOSIT_CONFIRMED) or 0, self.happened(EventType.DEPOSIT_REJECTED) or 0)
        if reported <= settled or self.cancelled:
            return None
        return reported

    @property
    def paid(self) -> bool:
        """Paid in advance by a method that counts: the gateway, or a transfer that support has seen arrive whole."""
        if self.refunded:
            return False
        if self.method is PaymentMethod.ONLINE:
            return EventType.PAID in self.news
        return self.method is PaymentMethod.BANK_TRANSFER and self.deposit_confirmed and not self.deposit_rest

    @property
    def stage(self) -> Stage:
        """The furthest stage in the news. A part of a deposit pays for nothing yet."""
        reached = Stage.NONE
        for kind in self.news:
            stage = STAGES.get(kind, Stage.NONE)
            if stage > reached and (kind is not EventType.DEPOSIT_CONFIRMED or self._came_whole):
                reached = stage
        return reached

    @property
    def _came_whole(self) -> bool:
        """Whether no part is left of a deposit that was confirmed, and stands."""
        came, amount = self.came, self.details.amount
        return "" in came or (bool(came) and amount is not None and (self.deposit_received or 0) >= amount)


def deliver_at(order: Order, zone: tzinfo) -> datetime | None:
    """When the time that was agreed upon begins, or None."""
    agreed = order.delivery
    return datetime.combine(agreed.date, agreed.start, tzinfo=zone) if agreed else None


def apply_events(order: Order, events: Iterable[Event]) -> Order:
    """The order with the events' facts taken in: details and news, nothing decided yet."""
    details, stamps, news = order.details, dict(order.stamps), dict(order.news)
    refunds, deposits, parcels, registered_at = order.refunds, order.deposits, order.parcels, order.registered_at
    for event in events:
        at, distinction = event.at_ms, event.distinction
        skipped = _NOT_TAKEN.get(event.type, ())
        taken: dict[str, Any] = {}
        for name, value in zip(Details.__struct_fields__, astuple(event.details), strict=True):
            if value is None or name in skipped:
                continue
            stamp = stamps.get(name)
            # Of two values with the same time the greater one stands: any rule does that ignores the order of arrival.
            if stamp is None or stamp < at or (stamp == at and _compared(getattr(details, name)) < str(value)):
                taken[name], stamps[name] = None if value == "" else value, at
        details = replace(details, **taken)
        times = news.get(event.type, {})
        news[event.type] = times | {distinction: max(at, times.get(distinction, at))}
        if event.type is EventType.REGISTERED:
            registered_at = min(at, registered_at or at)
        elif event.type is EventType.SHIPPED and (code := event.details.tracking_code):
            left = Parcel(at, event.details.carrier, event.details.tracking_url)
            parcels = parcels | {code: max(left, parcels.get(code, left), key=_as_said)}
        elif event.type is EventType.REFUNDED and (back := event.details.refund_amount) is not None:
            said = (at, back)
            refunds = refunds | {distinction: max(said, refunds.get(distinction, said))}
        elif event.type is EventType.DEPOSIT_CONFIRMED and (came := event.details.deposit_amount) is not None:
            said = (at, came)
            deposits = deposits | {distinction: max(said, deposits.get(distinction, said))}
    return replace(
        order,
        details=details,
        stamps=stamps,
        news=news,
        refunds=refunds,
        deposits=deposits,
        parcels=parcels,
        registered_at=registered_at,
    )


def _as_said(parcel: Parcel) -> tuple[int, str, str]:
    return parcel.at, parcel.carrier or "", parcel.url or ""


def _compared(value: object) -> str:
    return "" if value is None else str(value)
