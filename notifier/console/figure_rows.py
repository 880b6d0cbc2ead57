"""The figures as tables: by text, by day, by hour, by person and by webhook."""

from collections.abc import Mapping, Sequence

from notifier.console import labels
from notifier.console.csv_export import Row
from notifier.console.figures import Figures, percentile
from notifier.console.refusals import Refused
from notifier.domain import jalali

_DAYS = (
    *("روز", "فرستاده", "رسیده", "بخش", "هزینه (ریال)", "میانه تا تحویل به مخابرات (ثانیه)", "۹۰٪ تا (ثانیه)"),
    *("میانه تا رسیدن به گوشی (ثانیه)", "۹۰٪ تا (ثانیه)", "تماس برنامه‌ریزی‌شده", "تماس گرفته‌شده", "صحبت شد"),
)


def table(of: str, days: Sequence[Figures], names: Mapping[str, str]) -> tuple[str, Row, list[Row]]:
    """A table's name, head and rows. Raises Refused for one that there is not."""
    match of:
        case "" | "texts":
            head: Row = ("روز", "متن", "فرستاده", "رسیده")
            return "figures-texts", head, _texts(days)
        case "days":
            return "figures-days", _DAYS, [_day(one) for one in days]
        case "hours":
            return "figures-hours", ("روز", "ساعت", "فرستاده", "رسیده"), _hours(days)
        case "people":
            return "figures-people", ("روز", "همکار", "تماس گرفته‌شده", "صحبت شد"), _people(days, names)
        case "webhooks":
            return "figures-webhooks", ("روز", "فروشگاه و پاسخ", "رویداد"), _webhooks(days)
    raise Refused("چنین جدولی نیست؛ از پیوندهای صفحهٔ آمار بگیرید.")


def _texts(days: Sequence[Figures]) -> list[Row]:
    rows: list[Row] = []
    for day in days:
        sent, arrived = day.counted.sent, day.counted.arrived
        rows += [(jalali.date(day.day), labels.template(name), sent[name], arrived[name]) for name in sorted(sent)]
    return rows


def _day(day: Figures) -> Row:
    counted = day.counted
    return (
        jalali.date(day.day),
        counted.sent.total(),
        counted.arrived.total(),
        counted.parts,
        counted.cost,
        *(percentile(waits, share) for waits in (counted.until_taken, counted.until_arrived) for share in (0.5, 0.9)),
        counted.planned,
        counted.made.total(),
        counted.reached.total(),
    )


def _hours(days: Sequence[Figures]) -> list[Row]:
    return [
        (jalali.date(day.day), hour, count, day.counted.arrived_at[hour])
        for day in days
        for hour, count in sorted(day.counted.sent_at.items())
    ]


def _people(days: Sequence[Figures], names: Mapping[str, str]) -> list[Row]:
    return [
        (jalali.date(day.day), names.get(staff, staff), count, day.counted.reached[staff])
        for day in days
        for staff, count in day.counted.made.most_common()
    ]


def _webhooks(days: Sequence[Figures]) -> list[Row]:
    return [
        (jalali.date(day.day), labels.webhook(name), count)
        for day in days
        for name, count in day.webhooks.most_common()
    ]
