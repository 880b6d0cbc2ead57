"""The figures as tables: by text, by day, by hour, by person and by webhook."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from notifier.console import labels
from notifier.console.csv_export import Column, Columns
from notifier.console.figures import Figures, percentile
from notifier.console.refusals import PageRefusal
from notifier.domain import jalali, money


class FigureLine(NamedTuple):
    """One row: a day, and which of its texts, hours, people or webhooks."""

    day: Figures
    of: Any


@dataclass(frozen=True, slots=True)
class Table:
    """``lines`` are what a day has a row of each for."""

    name: str
    columns: Columns[FigureLine]
    lines: Callable[[Figures], Iterable[Any]]

    def rows(self, days: Iterable[Figures]) -> Iterable[FigureLine]:
        return (FigureLine(day, of) for day in days for of in self.lines(day))


def table(of: str, names: Mapping[str, str]) -> Table:
    """A table by its name; ``names`` are those of the staff by id. Raises Refused for one that there is not."""
    match of:
        case "" | "texts":
            return Table("figures-texts", _TEXTS, lambda day: sorted(day.counted.sent))
        case "days":
            return Table("figures-days", _DAYS, lambda day: [day.day])
        case "hours":
            return Table("figures-hours", _HOURS, lambda day: sorted(day.counted.sent_at))
        case "lines":
            return Table("figures-lines", _LINES, lambda day: sorted(day.counted.lines))
        case "people":
            return Table("figures-people", _people(names), lambda day: _by_count(day.counted.made))
        case "webhooks":
            return Table("figures-webhooks", _WEBHOOKS, lambda day: _by_count(day.webhooks))
    raise PageRefusal("چنین جدولی نیست؛ از پیوندهای صفحهٔ آمار بگیرید.")


def _by_count(counted: Counter[str]) -> Iterable[str]:
    return (name for name, _ in counted.most_common())


_DAY: Column[FigureLine] = Column("روز", lambda line: jalali.date(line.day.day))

_TEXTS: Columns[FigureLine] = (
    _DAY,
    Column("متن", lambda line: labels.template(line.of)),
    Column("ارسال‌شده", lambda line: line.day.counted.sent[line.of]),
    Column("رسیده", lambda line: line.day.counted.arrived[line.of]),
)

_DAYS: Columns[FigureLine] = (
    _DAY,
    Column("ارسال‌شده", lambda line: line.day.counted.sent.total()),
    Column("رسیده", lambda line: line.day.counted.arrived.total()),
    Column("صفحه", lambda line: line.day.counted.parts),
    Column("هزینه (تومان)", lambda line: money.in_toman(line.day.counted.cost)),
    Column("میانه تا ارسال به مخابرات (ثانیه)", lambda line: percentile(line.day.counted.until_taken, 0.5)),
    Column("۹۰٪ تا (ثانیه)", lambda line: percentile(line.day.counted.until_taken, 0.9)),
    Column("میانه تا رسیدن به گوشی (ثانیه)", lambda line: percentile(line.day.counted.until_arrived, 0.5)),
    Column("۹۰٪ تا (ثانیه)", lambda line: percentile(line.day.counted.until_arrived, 0.9)),
    Column("تماس برنامه‌ریزی‌شده", lambda line: line.day.counted.planned),
    Column("تماس گرفته‌شده", lambda line: line.day.counted.made.total()),
    Column("صحبت شد", lambda line: line.day.counted.reached.total()),
    Column("نمرهٔ مشتری", lambda line: line.day.counted.marks.total()),
    Column("مجموع نمره‌ها", lambda line: sum(mark * count for mark, count in line.day.counted.marks.items())),
)

_HOURS: Columns[FigureLine] = (
    _DAY,
    Column("ساعت", lambda line: line.of),
    Column("ارسال‌شده", lambda line: line.day.counted.sent_at[line.of]),
    Column("رسیده", lambda line: line.day.counted.arrived_at[line.of]),
)

_LINES: Columns[FigureLine] = (
    _DAY,
    Column("راه", lambda line: line.of),
    Column("ارسال‌شده", lambda line: line.day.counted.line_sent[line.of]),
    Column("رسیده", lambda line: line.day.counted.line_reached[line.of]),
    Column("هزینه (تومان)", lambda line: money.in_toman(line.day.counted.line_cost[line.of])),
    Column("صرفه‌جویی (تومان)", lambda line: money.in_toman(line.day.counted.line_saved[line.of])),
    Column("هزینهٔ نامعلوم (پیام)", lambda line: line.day.counted.line_unknown[line.of]),
)

_WEBHOOKS: Columns[FigureLine] = (
    _DAY,
    Column("فروشگاه و پاسخ", lambda line: labels.webhook(line.of)),
    Column("رویداد", lambda line: line.day.webhooks[line.of]),
)


def _people(names: Mapping[str, str]) -> Columns[FigureLine]:
    return (
        _DAY,
        Column("همکار", lambda line: names.get(line.of, line.of)),
        Column("تماس گرفته‌شده", lambda line: line.day.counted.made[line.of]),
        Column("صحبت شد", lambda line: line.day.counted.reached[line.of]),
    )
