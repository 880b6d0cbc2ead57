"""The times of delivery that may be agreed upon, as a form shows them and as it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby

from notifier.console import labels, time_slots
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import PageRefusal
from notifier.domain import jalali, persian
from notifier.domain.calls import Call, Purpose
from notifier.domain.events import AgreedTime
from notifier.domain.orders import Order, Stage

ASKING = frozenset({Purpose.COORDINATION, Purpose.ARRANGE_PAYMENT, Purpose.CALLBACK})
"""What calls speak of a time of delivery for."""

OWN = "own"
_WEEKS = 5
_CLOCKS = [time(hour, minute) for hour in range(6, 24) for minute in (0, 30)]


@dataclass(frozen=True, slots=True)
class SlotOption:
    """A slot as it is shown: its value in the form, its hours, and the places it has left."""

    value: str
    hours: str
    free: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOffer:
    """What may be agreed upon for an order: the days with their slots, and the calendar for any other time.

    ``stands`` is the time that stands, in words, and ``seen`` the same as forms carry it.
    """

    order: Order
    days: Sequence[tuple[str, Sequence[SlotOption]]]
    weeks: Sequence[Sequence[time_slots.SlotDay]]
    clocks: Sequence[tuple[str, str]]
    stands: str
    seen: str
    mark: str

    @property
    def member(self) -> str:
        return f"{self.order.source}:{self.order.id}"


async def offer(deps: Dependencies, order: Order) -> DeliveryOffer | None:
    """What may be agreed upon for an order; None where it is over, or where there are no slots and no time stands."""
    agreed, timetable = order.delivery, deps.agreeing.timetable
    if order.cancelled or order.stage >= Stage.DELIVERED or not (agreed or deps.agreeing.serves(order)):
        return None
    free = await deps.agreeing.offered_for(order)
    mark = timetable.mark(deps.rulebook().region(order), agreed) if agreed else None
    return DeliveryOffer(
        order=order,
        days=[
            (
                jalali.weekday_date(day),
                [
                    SlotOption(
                        str(one.slot.time),
                        jalali.hours(one.slot.start, one.slot.end),
                        f"{persian.digits(one.free)} جای خالی",
                    )
                    for one in slots
                ],
            )
            for day, slots in groupby(free, key=lambda one: one.slot.date)
        ],
        weeks=time_slots.weeks(deps.clock.now(), deps.calling.book.calendar, _WEEKS),
        clocks=[(f"{at:%H:%M}", persian.digits(f"{at:%H:%M}")) for at in _CLOCKS],
        stands=in_words(agreed),
        seen=str(agreed or ""),
        mark=labels.SLOT_MARKS[mark] if mark else "",
    )


async def offer_of_call(deps: Dependencies, call: Call, orders: Sequence[Order]) -> DeliveryOffer | None:
    """What may be agreed upon on a call: for the first of its orders that is to be spoken of with its customer."""
    if not call.is_open:
        return None
    asked = {(one.source, one.order_id) for one in call.reasons if one.purpose in ASKING}
    for order in orders:
        if (order.source, order.id) in asked and (found := await offer(deps, order)) is not None:
            return found
    return None


def in_words(agreed: AgreedTime | None) -> str:
    return jalali.time_span(agreed.date, agreed.start, agreed.end) if agreed else ""


def chosen(form: Mapping[str, str]) -> tuple[AgreedTime | None, bool]:
    """The time that a form names, and whether somebody wrote it themselves. Raises PageRefusal."""
    given = form.get("delivery", "")
    if not given:
        return None, False
    try:
        if given != OWN:
            return AgreedTime.parse(given), False
        day, start, end = (form.get(f"delivery_{name}", "") for name in ("day", "from", "to"))
        if not day:
            raise PageRefusal("روز تحویل را انتخاب کنید.")
        begins, ends = time.fromisoformat(start), time.fromisoformat(end)
        if begins >= ends:
            raise PageRefusal("پایان زمان تحویل باید پس از آغاز آن باشد.")
        return AgreedTime(date.fromisoformat(day), begins.replace(tzinfo=None), ends.replace(tzinfo=None)), True
    except ValueError:
        raise PageRefusal("این زمان تحویل خوانده نشد؛ یکی از بازه‌های فهرست را انتخاب کنید.") from None
