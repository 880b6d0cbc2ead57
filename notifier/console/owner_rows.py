"""The owner's figures as tables for a spreadsheet."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from notifier.console import labels, owner_figures
from notifier.console.csv_export import Column, Columns
from notifier.console.owner_figures import FIGURES, OwnerDay, OwnerFigure, OwnerShare, Weeks, percent
from notifier.console.refusals import PageRefusal
from notifier.domain import jalali


@dataclass(frozen=True, slots=True)
class OwnerTable:
    name: str
    columns: Columns[Any]
    rows: Iterable[Any]


def table(of: str, weeks: Weeks, person: Callable[[str], str]) -> OwnerTable:
    """A table by its name. Raises PageRefusal for one that there is not."""
    match of:
        case "" | "weeks":
            return OwnerTable("owner-weeks", _compared(weeks), FIGURES)
        case "days":
            return OwnerTable("owner-days", (_DAY, *map(_daily, FIGURES)), weeks.days)
        case "people":
            shares = owner_figures.on_time(weeks, by=owner_figures.person_of, names=person)
            return OwnerTable("owner-people", _on_time("همکار"), shares)
        case "purposes":
            shares = owner_figures.on_time(weeks, by=owner_figures.purpose_of, names=purpose)
            return OwnerTable("owner-purposes", _on_time("موضوع تماس"), shares)
        case "unreachable":
            return OwnerTable("owner-unreachable", _parts("دلیل", "همهٔ تماس‌ها"), owner_figures.unreachable(weeks))
        case "satisfaction":
            return OwnerTable("owner-satisfaction", _parts("پاسخ", "همهٔ پاسخ‌ها"), owner_figures.satisfaction(weeks))
        case "marks":
            return OwnerTable("owner-marks", _parts("نمره", "همهٔ نمره‌ها"), owner_figures.marks(weeks))
    raise PageRefusal("چنین جدولی نیست؛ از پیوندهای همین صفحه بگیرید.")


def purpose(name: str) -> str:
    return labels.purpose(name)


_DAY: Column[OwnerDay] = Column("روز", lambda one: jalali.date(one.day))


def _daily(figure: OwnerFigure) -> Column[OwnerDay]:
    return Column(figure.head, lambda one: figure.cell([one]))


def _compared(weeks: Weeks) -> Columns[OwnerFigure]:
    def period(name: str, days: tuple[OwnerDay, ...]) -> Column[OwnerFigure]:
        return Column(name, lambda figure: figure.cell(days))

    return (
        Column("گروه", lambda figure: figure.group),
        Column("شاخص", lambda figure: figure.head),
        *(period(name, days) for name, days in weeks.periods()),
        Column("این هفته در برابر هفتهٔ پیش", lambda figure: figure.change(weeks)),
    )


def _on_time(head: str) -> Columns[OwnerShare]:
    return (
        Column(head, lambda one: one.name),
        Column("تماس این هفته", lambda one: one.all),
        Column("به‌موقع", lambda one: one.part),
        Column("سهم به‌موقع", lambda one: percent(one.part, one.all)),
        Column("تماس هفتهٔ پیش تا همین روز", lambda one: one.last_all),
        Column("به‌موقع در هفتهٔ پیش", lambda one: one.last_part),
        Column("سهم به‌موقع در هفتهٔ پیش", lambda one: percent(one.last_part, one.last_all)),
    )


def _parts(head: str, whole: str) -> Columns[OwnerShare]:
    return (
        Column(head, lambda one: one.name),
        Column("این هفته", lambda one: one.part),
        Column(whole, lambda one: one.all),
        Column("هفتهٔ پیش تا همین روز", lambda one: one.last_part),
        Column(f"{whole} در هفتهٔ پیش", lambda one: one.last_all),
    )
