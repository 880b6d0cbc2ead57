"""The way of a parcel as its carrier tells it: one scale, where the parcel stands, and what is due. Pure.

Stages of an order belong to ``orders``; this is the carrier's story alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from notifier.domain import persian
from notifier.domain.orders import Order


class Movement(StrEnum):
    """What a carrier's word means. ``UNKNOWN`` is shown as it was said and told to nobody."""

    REGISTERED = "registered"  # a label exists; the carrier has nothing yet
    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    ATTEMPT_FAILED = "attempt_failed"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


FINAL = frozenset({Movement.DELIVERED, Movement.RETURNED})
"""After this nothing more is asked."""

WRONG_WAY = frozenset({Movement.RETURNING, Movement.RETURNED, Movement.LOST})
"""What a customer is called about at once."""

_SILENT = frozenset({Movement.UNKNOWN, Movement.REGISTERED})
_ON_THE_WAY = frozenset({Movement.ACCEPTED, Movement.IN_TRANSIT})

FOLLOWED = timedelta(days=30)
"""For so long a parcel is followed after it left."""

_MOST_STEPS = 60
_LONGEST = 160
_CODE = re.compile(r"[A-Za-z0-9-]{3,60}")
_LONG_NUMBER = re.compile(r"[+0۰٠]?[0-9۰-۹٠-٩](?:[ \-]?[0-9۰-۹٠-٩]){6,}")
_PERSON = re.compile(
    r"(?:آقای|خانم|جناب|سرکار|به نام|توسط|گیرنده\s*[:：]|فرستنده\s*[:：]|تلفن\s*[:：]|نشانی\s*[:：]|آدرس\s*[:：])\s*"
    r"(?:[^\s،,.؛()«»]+\s*){1,4}"
)


class CarrierReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing a carrier says of one parcel, without persons. ``word`` is a number or code of its own, if any."""

    code: str
    words: str = ""
    word: str = ""
    at: datetime | None = None
    place: str = ""


class Step(Struct, frozen=True, array_like=True):
    """One line of a parcel's way."""

    at: int  # unix ms
    movement: Movement
    words: str = ""
    place: str = ""
    heard: int = 0  # unix ms at which we heard of it


class Trail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a parcel from its carrier, as stored. Times are unix ms."""

    carrier: str
    steps: tuple[Step, ...] = ()
    asked: int = 0  # when the carrier last answered a question about it
    due: int = 0  # when it is asked next
    stalled: int = 0  # since when it is known to stand still, or to go the wrong way

    @property
    def movement(self) -> Movement:
        """Where it stands."""
        return standing(self.steps)

    @property
    def moved(self) -> int:
        """When it last moved, as the carrier says."""
        return max((step.at for step in self.steps if step.movement is not Movement.UNKNOWN), default=0)


def standing(steps: Sequence[Step]) -> Movement:
    """Where a parcel stands: what was delivered stays so, and what turned back is not on its way by the next hub."""
    now = Movement.UNKNOWN
    for step in steps:
        said = step.movement
        if said is Movement.UNKNOWN or now is Movement.DELIVERED:
            continue
        if now in WRONG_WAY and said in _ON_THE_WAY | _SILENT:
            continue
        if now in (Movement.OUT_FOR_DELIVERY, Movement.ATTEMPT_FAILED) and said in _SILENT:
            continue
        if said is Movement.REGISTERED and now is not Movement.UNKNOWN:
            continue
        now = said
    return now


def code_of(given: object) -> str | None:
    """A tracking code as it is compared: its digits and letters, whatever digits and spaces it was written with."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        return None
    if isinstance(given, int) and not 0 <= given < 10**60:
        return None
    text = re.sub(r"\s", "", persian.ascii_digits(str(given)[:200]))
    return text.upper() if _CODE.fullmatch(text) else None


def impersonal(text: str) -> str:
    """What a carrier wrote, on one line and without names, phones and numbers that could be somebody's."""
    said = persian.tidy(persian.one_line(text[: 4 * _LONGEST]))
    said = _LONG_NUMBER.sub("…", said)
    said = _PERSON.sub("… ", said)
    return " ".join(said.split())[:_LONGEST]


def _alike(movement: Movement, words: str, place: str) -> tuple[Movement, str, str]:
    """What tells two steps apart beside their time: carriers write one word now in capitals, now with other letters."""
    return movement, persian.fold(words), persian.fold(place)


def heard(
    trail: Trail, said: Iterable[tuple[CarrierReport, Movement]], now: datetime
) -> tuple[Trail, tuple[Step, ...]]:
    """The trail with what a carrier says taken in, and which steps are new. A time to come is taken as now."""
    heard_at = _ms(now)
    known = {_alike(step.movement, step.words, step.place): step for step in trail.steps}
    fresh: list[Step] = []
    for report, movement in said:
        at = _ms(report.at) if report.at is not None else 0
        words, place = impersonal(report.words or report.word), impersonal(report.place)
        like = known.get(alike := _alike(movement, words, place))
        if like is not None and (not at or at == like.at):
            continue  # said again; without a time of its own nothing tells it from what is known
        if any(step.at == at and _alike(step.movement, step.words, step.place) == alike for step in trail.steps):
            continue
        if not at or at > heard_at:
            if like is not None:
                continue
            at = heard_at
        step = Step(at, movement, words, place, heard_at)
        known[alike] = step
        fresh.append(step)
    if not fresh:
        return trail, ()
    steps = sorted((*trail.steps, *fresh), key=lambda step: step.at)[-_MOST_STEPS:]
    return replace(trail, steps=tuple(steps)), tuple(sorted(fresh, key=lambda step: step.at))


def codes_of(order: Order) -> dict[str, str]:
    """The codes of an order's parcels as they are compared → as the shop wrote them."""
    details = order.details
    if not (order.parcels or details.codes or details.tracking_code):
        return {}
    given = [*order.parcels, *(details.codes or ()), *([details.tracking_code or ""])]
    return {code: one for one in given if one and (code := code_of(one)) is not None}


def after_working_days(moment: datetime, span: timedelta, is_day_off: Callable[[date], bool]) -> datetime:
    """When ``span`` has passed since ``moment``, counting only days that are worked, each from midnight to midnight."""
    left, at = span, moment
    for _ in range(400):
        midnight = datetime.combine(at.date() + timedelta(days=1), time(), tzinfo=at.tzinfo)
        if not is_day_off(at.date()):
            if left <= midnight - at:
                return at + left
            left -= midnight - at
        at = midnight
    return at


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
