"""The way of an order's parcels, as its page shows it: what the carrier said, when and where, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notifier.clock import TEHRAN
from notifier.domain.orders import Order
from notifier.domain.parcels import WRONG_WAY, Movement, Trail, codes_of

MOVEMENTS: Mapping[Movement, str] = {
    Movement.REGISTERED: "برچسب ساخته شده است",
    Movement.ACCEPTED: "تحویل شرکت حمل",
    Movement.IN_TRANSIT: "در راه",
    Movement.OUT_FOR_DELIVERY: "در دست پیک",
    Movement.DELIVERED: "تحویل‌شده",
    Movement.ATTEMPT_FAILED: "تحویل انجام نشد",
    Movement.RETURNING: "در راه برگشت",
    Movement.RETURNED: "برگشت‌خورده",
    Movement.LOST: "گم‌شده یا آسیب‌دیده",
    Movement.CANCELLED: "لغوشده",
    Movement.UNKNOWN: "نامعلوم",
}


@dataclass(frozen=True, slots=True)
class ShownStep:
    at: datetime
    title: str
    words: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParcel:
    """A parcel on the page of its order; ``tone`` is a class of it."""

    code: str
    carrier: str
    stands: str
    tone: str
    stalled: datetime | None
    steps: tuple[ShownStep, ...]


def parcel_ways(order: Order, trails: Mapping[str, Trail]) -> list[ShownParcel]:
    """The parcels of which a carrier is asked."""
    return [_shown(spelt, order, trails[code]) for code, spelt in codes_of(order).items() if code in trails]


def _shown(spelt: str, order: Order, trail: Trail) -> ShownParcel:
    parcel, stands = order.parcels.get(spelt), trail.movement
    return ShownParcel(
        code=spelt,
        carrier=(parcel.carrier if parcel else None) or order.details.carrier or trail.carrier,
        stands=MOVEMENTS[stands],
        tone="bad" if stands in WRONG_WAY else "warn" if stands is Movement.ATTEMPT_FAILED else "",
        stalled=_moment(trail.stalled) if trail.stalled and stands not in WRONG_WAY else None,
        steps=tuple(
            ShownStep(_moment(step.at), MOVEMENTS[step.movement], step.words, step.place)
            for step in reversed(trail.steps)
        ),
    )


def _moment(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1000, TEHRAN)
