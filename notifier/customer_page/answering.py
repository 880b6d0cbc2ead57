"""What a customer says in a form of the page, as the event it is. Pure.

Values are what a browser sends, or whatever somebody makes up: every one has a bound, and a mistake is one sentence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from notifier.clock import TEHRAN
from notifier.customer_page.standing import CustomerAnswer, span, when
from notifier.domain import canonical, jalali, persian
from notifier.domain.events import AgreedTime, Details, Event, EventType
from notifier.domain.orders import Order
from notifier.domain.slots import SlotRefusal
from notifier.domain.timeline import CUSTOMER
from notifier.errors import NotifierError
from notifier.intake.agreeing import FreeSlot

BY_CUSTOMER: Mapping[str, str] = {"by": CUSTOMER, "by_name": "مشتری"}
"""What the story says of who said it."""

SOON = "soon"
LONGEST_REASON, LONGEST_REFERENCE = 200, 60  # characters

_DAYS_BACK, _OLDEST = 10, 60  # days: those offered, and the oldest that is taken
_DAYS_AHEAD = 3
_HOURS = (10, 12, 15, 17)
_FARTHEST = timedelta(days=14)
_NOTICE = timedelta(minutes=30)
_SLOT = re.compile(r"(?P<date>\d{4}-\d\d-\d\d) (?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)", re.ASCII)
_MARKS = {"1": "بد", "2": "نه چندان خوب", "3": "متوسط", "4": "خوب", "5": "خیلی خوب"}

Choices = Sequence[tuple[str, str]]
"""Each with its value and what it is called."""


class AnswerMistake(NotifierError, ValueError):
    """Something in a form is not so; ``field`` is where."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.sentence, self.field = sentence, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PageChoices:
    """What the forms of a page offer."""

    days: Choices
    times: Choices
    marks: Choices = tuple(_MARKS.items())


def choices(now: datetime, working_time: Callable[[datetime], datetime]) -> PageChoices:
    """What can be chosen at a moment."""
    return PageChoices(days=_days(now), times=_times(now, working_time))


def event_of(answer: CustomerAnswer, form: Mapping[str, str], order: Order, now: datetime, *, once: str) -> Event:
    """The event that a form is, apart from a time of delivery. Raises AnswerMistake.

    The same form with the same words, sent twice, is one event.
    """
    kind, details, more = _READ[answer](form, now)
    said = blake2b(repr((answer, details, sorted(more.items()))).encode(errors="replace"), digest_size=8).hexdigest()
    return Event(
        id=f"page-{once}-{said}",
        source=order.source,
        type=kind,
        order_id=order.id,
        at=now,
        details=details,
        extra={**BY_CUSTOMER, **more},
    )


def said_by_customer(event: Event) -> Event:
    """The event, with who said it."""
    return replace(event, extra={**event.extra, **BY_CUSTOMER})


def slot_choices(offered: Sequence[FreeSlot]) -> Choices:
    """The slots that are free."""
    return [(str(one.slot.time), span(one.slot.time)) for one in offered]


def chosen_time(form: Mapping[str, str]) -> AgreedTime:
    """The time that a form names. Raises AnswerMistake."""
    named = form.get("slot", "")
    found = _SLOT.fullmatch(named)
    try:
        if found:
            start, end = time.fromisoformat(found["start"]), time.fromisoformat(found["end"])
            if start < end:
                return AgreedTime(date.fromisoformat(found["date"]), start, end)
    except ValueError:
        pass
    raise AnswerMistake("زمان تحویل را انتخاب کنید.", "slot")


REFUSED_TIMES: Mapping[SlotRefusal, str] = {
    SlotRefusal.PAST: "این زمان گذشته است؛ زمان دیگری انتخاب کنید.",
    SlotRefusal.SOON: "برای این زمان دیر شده است؛ زمان دیرتری انتخاب کنید.",
    SlotRefusal.FAR: "این زمان خیلی دور است؛ زمان نزدیک‌تری انتخاب کنید.",
    SlotRefusal.DAY_OFF: "این روز تحویل نداریم؛ روز دیگری انتخاب کنید.",
    SlotRefusal.OTHER_REGION: "این زمان برای شهر دیگری است؛ یکی از زمان‌های فهرست را انتخاب کنید.",
    SlotRefusal.OUTSIDE: "این زمان در فهرست نیست؛ یکی از زمان‌های فهرست را انتخاب کنید.",
    SlotRefusal.FULL: "ظرفیت این زمان همین حالا پر شد؛ زمان دیگری انتخاب کنید.",
    SlotRefusal.CHANGED: "زمان تحویل در این میان عوض شده است؛ زمان تازه را ببینید و اگر خواستید تغییرش دهید.",
    SlotRefusal.CLOSED: "زمان تحویل این سفارش دیگر عوض نمی‌شود؛ با پشتیبانی تماس بگیرید.",
}
"""What a customer is told of a time that cannot be chosen."""


_Read = tuple[EventType, Details, Mapping[str, Any]]


def _paid(form: Mapping[str, str], now: datetime) -> _Read:
    reference = _reference(form.get("reference", ""))
    paid_on = _paid_on(form.get("paid_on", ""), now)
    said = {"payment": {"paid_on": paid_on.isoformat()}, "note": f"واریز در {jalali.weekday_date(paid_on)}"}
    return EventType.DEPOSIT_REPORTED, Details(reference=reference), said


def _reference(text: str) -> str:
    try:
        found = canonical.something(canonical.identifier(text, longest=LONGEST_REFERENCE))
    except ValueError:
        raise AnswerMistake("شماره پیگیری پرداخت بلندتر از آن است که درست باشد.", "reference") from None
    if not found:
        raise AnswerMistake("شماره پیگیری پرداخت را از رسید بانک بنویسید.", "reference")
    return found


def _paid_on(text: str, now: datetime) -> date:
    today = now.astimezone(TEHRAN).date()
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-11-23") else None
    except ValueError:
        day = None
    if day is None:
        raise AnswerMistake("روز واریز را انتخاب کنید.", "paid_on")
    if day > today:
        raise AnswerMistake("این روز هنوز نیامده است؛ روز واریز را انتخاب کنید.", "paid_on")
    if day < today - timedelta(days=_OLDEST):
        raise AnswerMistake("این واریز قدیمی است؛ با پشتیبانی تماس بگیرید.", "paid_on")
    return day


def _call(form: Mapping[str, str], now: datetime) -> _Read:
    wanted = form.get("when", "")
    if wanted == SOON:
        return EventType.CALLBACK_REQUESTED, Details(), {}
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 12):
        raise AnswerMistake("زمان تماس را انتخاب کنید.", "when")
    at = int(wanted)
    if at <= now.timestamp():
        raise AnswerMistake("این زمان گذشته است؛ زمان دیگری انتخاب کنید.", "when")
    if at > (now + _FARTHEST).timestamp():
        raise AnswerMistake("این زمان خیلی دور است؛ زمان نزدیک‌تری انتخاب کنید.", "when")
    return EventType.CALLBACK_REQUESTED, Details(callback_at=datetime.fromtimestamp(at, TEHRAN)), {}


def _return(form: Mapping[str, str], now: datetime) -> _Read:
    text = form.get("reason", "")
    if len(text) > 4 * LONGEST_REASON or len(reason := persian.tidy(text)) > LONGEST_REASON:
        raise AnswerMistake(f"کوتاه‌تر بنویسید: حداکثر {persian.digits(LONGEST_REASON)} نویسه.", "reason")
    if not canonical.something(reason):
        raise AnswerMistake("بنویسید چرا می‌خواهید کالا را برگشت دهید.", "reason")
    return EventType.RETURN_REQUESTED, Details(), {"reason": reason}


def _mark(form: Mapping[str, str], now: datetime) -> _Read:
    given = form.get("mark", "")
    if given not in _MARKS:
        raise AnswerMistake("یکی از نمره‌های ۱ تا ۵ را انتخاب کنید.", "mark")
    return EventType.RATED, Details(mark=int(given)), {}


_READ: Mapping[CustomerAnswer, Callable[[Mapping[str, str], datetime], _Read]] = {
    CustomerAnswer.PAID: _paid,
    CustomerAnswer.CALL: _call,
    CustomerAnswer.RETURN: _return,
    CustomerAnswer.MARK: _mark,
}


def _days(now: datetime) -> Choices:
    """The last days, today first."""
    today = now.astimezone(TEHRAN).date()
    days = [today - timedelta(days=back) for back in range(_DAYS_BACK)]
    named = {0: "امروز، ", 1: "دیروز، "}
    return [(day.isoformat(), named.get(back, "") + jalali.weekday_date(day)) for back, day in enumerate(days)]


def _times(now: datetime, working_time: Callable[[datetime], datetime]) -> Choices:
    """Times at which somebody phones customers."""
    today = now.astimezone(TEHRAN).date()
    found: list[tuple[str, str]] = [(SOON, "هر چه زودتر")]
    for ahead in range(_DAYS_AHEAD + 1):
        for hour in _HOURS:
            at = datetime.combine(today + timedelta(days=ahead), time(hour), TEHRAN)
            if at > now + _NOTICE and working_time(at) == at:
                found.append((str(int(at.timestamp())), when(at, now)))
    return found
