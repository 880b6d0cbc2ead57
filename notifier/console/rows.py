"""The columns of lists of records: of orders, texts, calls, and of the story of an order."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from notifier.console import labels
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.render import moment
from notifier.console.timeline import Chapter, message_reason
from notifier.domain import jalali, money, persian
from notifier.domain.calls import Call
from notifier.domain.orders import Order
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage
from notifier.store.records import ms

R = TypeVar("R")
S = TypeVar("S")


def written(at: int | None) -> str:
    """Unix ms as day and time."""
    return f"{jalali.date(moment(at))} {jalali.time_of(moment(at))}" if at else ""


ORDER: Columns[Order] = (
    Column("سفارش", lambda one: one.id),
    Column("مشتری", lambda one: persian.tidy(one.details.name or "")),
    Column("تلفن", lambda one: one.details.phone),
    Column("شهر", lambda one: persian.tidy(one.details.city or "")),
    Column("مرحله", lambda one: "لغوشده" if one.cancelled else labels.STAGES[one.stage]),
    Column("پرداخت", lambda one: "پرداخت‌شده" if one.prepaid else "هنوز پرداخت نشده"),
    Column("مبلغ (تومان)", lambda one: money.in_toman(one.details.amount)),
    Column("شماره قبض یا شماره پیگیری پرداخت", lambda one: one.details.reference),
    Column("کد رهگیری", lambda one: one.details.tracking_code),
    Column("آخرین خبر", lambda one: written(one.updated_at)),
)

MESSAGE: Columns[StoredMessage] = (
    Column("زمان", lambda one: written(ms(one.message.created_at))),
    Column("وضعیت", lambda one: labels.MESSAGE_STATES[one.state]),
    Column("متن", lambda one: labels.template(one.message.template)),
    Column("به", lambda one: one.message.to),
    Column("سفارش", lambda one: one.message.order_id),
    Column("دلیل", message_reason),
    Column("هزینه (تومان)", lambda one: money.in_toman(one.total_cost)),
    Column("ارسال به مخابرات", lambda one: written(one.accepted)),
    Column("خبر رسیدن به گوشی", lambda one: written(one.delivered)),
)

STORY: Columns[Chapter] = (
    Column("زمان", lambda one: written(ms(one.at))),
    Column("چه شد", lambda one: one.title),
    Column("به دست", lambda one: persian.tidy(one.by)),
    Column("شرح", lambda one: one.message.message.text if one.message else one.text),
    Column("دلیل", lambda one: one.reason),
    Column("وضعیت", lambda one: _state(one)),
    Column("ارسال به مخابرات", lambda one: written(one.message.accepted) if one.message else ""),
    Column("خبر رسیدن به گوشی", lambda one: written(one.message.delivered) if one.message else ""),
    Column("هزینه (تومان)", lambda one: money.in_toman(one.message.total_cost) if one.message else ""),
)


def _state(one: Chapter) -> str:
    if one.message:
        return labels.MESSAGE_STATES[one.message.state]
    return labels.CALL_STATES[one.call.state] if one.call else ""


def call(names: Mapping[str, str]) -> Columns[Call]:
    """The columns of calls; ``names`` are those of the staff by id."""
    return (
        Column("وقت", lambda one: written(one.due)),
        Column("مشتری", lambda one: persian.tidy(one.name or "")),
        Column("تلفن", lambda one: one.phone),
        Column("برای چه", lambda one: _listed(labels.purpose(reason.purpose) for reason in one.reasons)),
        Column("سفارش", lambda one: _listed(reason.order_id for reason in one.reasons)),
        Column("وضعیت", lambda one: labels.CALL_STATES[one.state]),
        Column(
            "مسئول",
            lambda one: persian.tidy(names.get(one.assignee, one.assignee)) if one.assignee else "بدون مسئول",
        ),
        Column("تلاش", lambda one: sum(one.tried.values())),
        Column("یادداشت", lambda one: next((entry.note for entry in reversed(one.history) if entry.note), "")),
    )


def _listed(words: Iterable[str]) -> str:
    return "، ".join(dict.fromkeys(words))


def of(columns: Columns[R], which: Callable[[S], R]) -> Columns[S]:
    """The columns of a record, for lists of what such a record is a part of."""

    def column(one: Column[R]) -> Column[S]:
        return Column(one.head, lambda row: one.cell(which(row)))

    return [column(one) for one in columns]


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


async def messages(
    deps: Dependencies, pages: AsyncIterable[Sequence[tuple[Keys, str]]]
) -> AsyncIterator[StoredMessage]:
    """The texts of members, some at a time."""
    async for members in pages:
        for stored in await deps.reader.messages(members):
            yield stored
