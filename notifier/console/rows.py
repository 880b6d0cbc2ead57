"""Records as rows of a sheet: what a page shows of them, in columns."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence

from notifier.console import labels
from notifier.console.csv_export import Row
from notifier.console.dependencies import Dependencies
from notifier.console.render import moment
from notifier.console.timeline import Chapter, message_reason
from notifier.domain import jalali, persian
from notifier.domain.calls import Call
from notifier.domain.orders import Order
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage

ORDER = ("سفارش", "مشتری", "تلفن", "شهر", "مرحله", "پرداخت", "مبلغ (ریال)", "شمارهٔ پیگیری", "کد رهگیری", "آخرین خبر")
MESSAGE = ("زمان", "وضعیت", "متن", "به", "سفارش", "دلیل", "هزینه (ریال)", "تحویل به مخابرات", "خبر رسیدن به گوشی")
CALL = ("وقت", "مشتری", "تلفن", "برای چه", "سفارش", "وضعیت", "مسئول", "تلاش", "یادداشت")
STORY = ("زمان", "چه شد", "به دست", "شرح", "دلیل", "وضعیت", "تحویل به مخابرات", "خبر رسیدن به گوشی", "هزینه (ریال)")


def written(at: int | None) -> str:
    """Unix ms as day and time."""
    return f"{jalali.date(moment(at))} {jalali.time_of(moment(at))}" if at else ""


def order(one: Order) -> Row:
    details = one.details
    stage = "لغوشده" if one.cancelled else labels.STAGES[one.stage]
    return (
        one.id,
        persian.tidy(details.name or ""),
        details.phone,
        persian.tidy(details.city or ""),
        stage,
        "پیش‌پرداخت‌شده" if one.prepaid else "پرداخت‌نشده",
        details.amount,
        details.reference,
        details.tracking_code,
        written(one.updated_at),
    )


def message(stored: StoredMessage) -> Row:
    one = stored.message
    return (
        written(int(one.created_at.timestamp() * 1000)),
        labels.MESSAGE_STATES[stored.state],
        labels.template(one.template),
        one.to,
        one.order_id,
        message_reason(stored),
        stored.cost,
        written(stored.accepted),
        written(stored.delivered),
    )


def call(one: Call, names: Mapping[str, str]) -> Row:
    notes = [entry.note for entry in one.history if entry.note]
    return (
        written(one.due),
        persian.tidy(one.name or ""),
        one.phone,
        "، ".join(labels.purpose(name) for name in dict.fromkeys(reason.purpose for reason in one.reasons)),
        "، ".join(dict.fromkeys(reason.order_id for reason in one.reasons)),
        labels.CALL_STATES[one.state],
        persian.tidy(names.get(one.assignee, one.assignee)) if one.assignee else "بی‌مسئول",
        sum(one.tried.values()),
        notes[-1] if notes else "",
    )


def chapter(one: Chapter) -> Row:
    stored, booked = one.message, one.call
    state = labels.MESSAGE_STATES[stored.state] if stored else labels.CALL_STATES[booked.state] if booked else ""
    return (
        written(int(one.at.timestamp() * 1000)),
        one.title,
        persian.tidy(one.by),
        stored.message.text if stored else one.text,
        one.reason,
        state,
        written(stored.accepted) if stored else "",
        written(stored.delivered) if stored else "",
        stored.cost if stored else "",
    )


async def orders(deps: Dependencies, pages: AsyncIterable[Sequence[tuple[Keys, str]]]) -> AsyncIterator[Order]:
    """The orders of members, some at a time."""
    async for members in pages:
        for one in await deps.reader.orders(members):
            yield one


async def calls(deps: Dependencies, pages: AsyncIterable[Sequence[tuple[int, Keys, str]]]) -> AsyncIterator[Call]:
    """The calls of members, some at a time."""
    async for members in pages:
        for stored in await deps.reader.calls([(keys, member) for _, keys, member in members]):
            yield stored.call
