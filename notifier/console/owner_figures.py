"""What the owner reads of two weeks: each figure of today and of this week, beside the same days of last week."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from notifier.console import labels
from notifier.console.figures import Figures, percentile
from notifier.console.render import span
from notifier.domain import money, persian
from notifier.store.daily import DayCounts
from scheduler.outcomes import Satisfaction
from scheduler.rules import Outcome

WEEK = 7
UNKNOWN = "نامعلوم"
UNREACHABLE = (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.WRONG_NUMBER, Outcome.REFUSED)

Value = int | float | None


class OwnerDay(NamedTuple):
    """One day; ``known`` is false before counting began, ``texts_known`` where besides nothing at all is written."""

    figures: Figures
    known: bool
    texts_known: bool

    @property
    def day(self) -> date:
        return self.figures.day

    @property
    def counted(self) -> DayCounts:
        return self.figures.counted


@dataclass(frozen=True, slots=True)
class Weeks:
    """The days from Saturday of last week to ``today``, in which this week ends for now."""

    days: tuple[OwnerDay, ...]
    today: date

    @property
    def this(self) -> tuple[OwnerDay, ...]:
        return self.days[WEEK:]

    @property
    def last(self) -> tuple[OwnerDay, ...]:
        """Last week, as far as this one has come."""
        return self.days[: len(self.this)]

    @property
    def whole_last(self) -> tuple[OwnerDay, ...]:
        return self.days[:WEEK]

    def periods(self) -> Sequence[tuple[str, tuple[OwnerDay, ...]]]:
        return (
            ("امروز", self.this[-1:]),
            ("همین روز هفتهٔ پیش", self.last[-1:]),
            ("این هفته", self.this),
            ("هفتهٔ پیش تا همین روز", self.last),
            ("همهٔ هفتهٔ پیش", self.whole_last),
        )


@dataclass(frozen=True, slots=True)
class OwnerFigure:
    """One line of the page: what it is called, how it is counted over days, how it is said. ``of_texts`` has been
    counted for longer than the others."""

    group: str
    name: str
    value: Callable[[Sequence[DayCounts]], Value]
    say: Callable[[int | float], str]
    of_texts: bool = False
    compared: bool = True

    def over(self, days: Sequence[OwnerDay]) -> Value:
        """The value of some days; None where one is unknown or there is nothing to tell."""
        if not days or not all(day.texts_known if self.of_texts else day.known for day in days):
            return None
        return self.value([day.counted for day in days])

    def said(self, days: Sequence[OwnerDay]) -> str:
        if not days or not all(day.texts_known if self.of_texts else day.known for day in days):
            return UNKNOWN
        found = self.over(days)
        return "–" if found is None else self.say(found)

    def cell(self, days: Sequence[OwnerDay]) -> int | str:
        """What a spreadsheet is given: numbers that it can add up, sums in toman."""
        found = self.over(days)
        if found is not None and self.say is _said_toman:
            return round(found / 10)
        if found is not None and self.say is _said_number:
            return round(found)
        return self.said(days)

    @property
    def head(self) -> str:
        """The name, with the unit of its numbers."""
        return f"{self.name} (تومان)" if self.say is _said_toman else self.name

    def change(self, weeks: Weeks) -> str:
        """«۱۲٪ بیشتر», this week against the same days of last week; "" where they cannot be compared."""
        now, before = self.over(weeks.this), self.over(weeks.last)
        if not self.compared or now is None or not before:
            return ""
        part = round(100 * (now - before) / before)
        if part == 0:
            return "برابر"
        return f"{persian.number(abs(part))}٪ {'بیشتر' if part > 0 else 'کمتر'}"


class OwnerShare(NamedTuple):
    """Of how many, how many: of somebody or something, this week and in the same days of last week."""

    name: str
    all: int
    part: int
    last_all: int
    last_part: int


def first_day(today: date) -> date:
    """Saturday of last week."""
    return today - timedelta(days=(today.weekday() + 2) % WEEK + WEEK)


def weeks(days: Iterable[Figures], since: datetime | None, today: date) -> Weeks:
    """``days`` begin with ``first_day`` and end with ``today``."""
    found = []
    for one in days:
        known = since is not None and one.day >= since.date()
        counted = one.counted
        written = counted.sent or counted.made or counted.cost or counted.planned or one.webhooks
        found.append(OwnerDay(one, known, known or bool(written)))
    return Weeks(tuple(found), today)


def total(counters: Iterable[Counter[str]]) -> Counter[str]:
    added: Counter[str] = Counter()
    for one in counters:
        added.update(one)
    return added


def on_time(weeks: Weeks, *, by: Callable[[str], str], names: Callable[[str], str]) -> list[OwnerShare]:
    """Calls that were tried before they were late, of all that should have been, by what ``by`` makes of the name."""
    this, timely = _grouped(weeks.this, by)
    last, last_timely = _grouped(weeks.last, by)
    everything = sorted({*+this, *+last}, key=lambda key: (-this[key], key))
    return [OwnerShare(names(key), this[key], timely[key], last[key], last_timely[key]) for key in everything]


def purpose_of(name: str) -> str:
    return name.partition(" ")[0]


def person_of(name: str) -> str:
    return name.partition(" ")[2]


def unreachable(weeks: Weeks) -> list[OwnerShare]:
    """Why customers were not reached, of all tries."""
    this, last = (total(day.counted.outcomes for day in days) for days in (weeks.this, weeks.last))
    return [OwnerShare(labels.OUTCOMES[why], this.total(), this[why], last.total(), last[why]) for why in UNREACHABLE]


def satisfaction(weeks: Weeks) -> list[OwnerShare]:
    """What customers said of what was delivered, of all who were asked."""
    this, last = (total(day.counted.satisfaction for day in days) for days in (weeks.this, weeks.last))
    return [
        OwnerShare(labels.SATISFACTION[said], this.total(), this[said], last.total(), last[said])
        for said in Satisfaction
    ]


def marks(weeks: Weeks) -> list[OwnerShare]:
    """How customers marked their orders, the best first, of all marks."""
    this, last = Counter[int](), Counter[int]()
    for week, days in ((this, weeks.this), (last, weeks.last)):
        for day in days:
            week.update(day.counted.marks)
    return [
        OwnerShare(f"نمرهٔ {persian.digits(mark)}", this.total(), this[mark], last.total(), last[mark])
        for mark in range(5, 0, -1)
    ]


def person(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda staff: persian.tidy(names.get(staff, staff)) if staff else "بدون مسئول"


def percent(part: int, of: int) -> str:
    """«۸۵٪», or «–» of nothing."""
    return f"{persian.number(round(100 * part / of))}٪" if of else "–"


def _grouped(days: Sequence[OwnerDay], by: Callable[[str], str]) -> tuple[Counter[str], Counter[str]]:
    every: Counter[str] = Counter()
    timely: Counter[str] = Counter()
    for day in days:
        for counter in (day.counted.first, day.counted.missed):
            for name, count in counter.items():
                every[by(name)] += count
        for name, count in day.counted.timely.items():
            timely[by(name)] += count
    return every, timely


def _added(read: Callable[[DayCounts], int]) -> Callable[[Sequence[DayCounts]], Value]:
    return lambda days: sum(read(day) for day in days)


def _share(part: Callable[[DayCounts], int], of: Callable[[DayCounts], int]) -> Callable[[Sequence[DayCounts]], Value]:
    def share(days: Sequence[DayCounts]) -> Value:
        whole = sum(of(day) for day in days)
        return sum(part(day) for day in days) / whole if whole else None

    return share


def _waited(share: float) -> Callable[[Sequence[DayCounts]], Value]:
    def waited(days: Sequence[DayCounts]) -> Value:
        waits: Counter[int] = Counter()
        for day in days:
            waits.update(day.deposit_waits)
        return percentile(waits, share)

    return waited


def _average_mark(days: Sequence[DayCounts]) -> Value:
    """The average of the customers' last marks, of 1 to 5."""
    marks: Counter[int] = Counter()
    for day in days:
        marks.update(day.marks)
    count = sum(marks.values())
    return sum(mark * given for mark, given in marks.items()) / count if count > 0 else None


def _said_mark(mark: float) -> str:
    return f"{persian.digits(f'{mark:.1f}').replace('.', '٫')} از ۵"


def _said_share(share: float) -> str:
    return f"{persian.number(round(100 * share))}٪"


def _said_toman(rial: float) -> str:
    return money.toman(round(rial))


def _said_number(count: float) -> str:
    return persian.number(round(count))


FIGURES: tuple[OwnerFigure, ...] = (
    OwnerFigure("فروش", "سفارش ثبت‌شده", _added(lambda day: day.orders), _said_number),
    OwnerFigure("فروش", "سفارش لغوشده", _added(lambda day: day.cancelled), _said_number),
    OwnerFigure("فروش", "سفارش پرداخت‌شده", _added(lambda day: day.paid), _said_number),
    OwnerFigure("فروش", "مبلغ پرداخت‌شده", _added(lambda day: day.revenue), _said_toman),
    OwnerFigure("فروش", "پرداخت‌شدهٔ بدون مبلغ", _added(lambda day: day.unpriced), _said_number),
    OwnerFigure("فروش", "تحویل‌شده با پرداخت هنگام تحویل", _added(lambda day: day.cash), _said_number),
    OwnerFigure("فروش", "مبلغ پرداخت هنگام تحویل", _added(lambda day: day.cash_rial), _said_toman),
    OwnerFigure("فروش", "وجه برگشته به مشتری", _added(lambda day: day.refunded), _said_toman),
    OwnerFigure("واریزها", "واریز بررسی‌شده", _added(lambda day: day.deposits.total()), _said_number),
    OwnerFigure("واریزها", "از آن‌ها تأییدشده", _added(lambda day: day.deposits["confirmed"]), _said_number),
    OwnerFigure("واریزها", "میانهٔ زمان بررسی", _waited(0.5), span, compared=False),
    OwnerFigure("واریزها", "۹۰٪ زودتر از", _waited(0.9), span, compared=False),
    OwnerFigure("پیامک‌ها", "پیامک به مشتری", _added(lambda day: day.sent.total()), _said_number, of_texts=True),
    OwnerFigure(
        "پیامک‌ها",
        "رسیده به گوشی",
        _share(lambda day: day.arrived.total(), lambda day: day.sent.total()),
        _said_share,
        of_texts=True,
        compared=False,
    ),
    OwnerFigure("پیامک‌ها", "هزینهٔ پیامک", _added(lambda day: day.cost), _said_toman, of_texts=True),
    OwnerFigure(
        "تماس‌ها",
        "به‌موقع (نخستین تماس پیش از مهلت)",
        _share(lambda day: day.timely.total(), lambda day: day.first.total() + day.missed.total()),
        _said_share,
        compared=False,
    ),
    OwnerFigure("تماس‌ها", "تماس گرفته‌شده", _added(lambda day: day.made.total()), _said_number, of_texts=True),
    OwnerFigure(
        "تماس‌ها",
        "با مشتری صحبت شد",
        _share(lambda day: day.reached.total(), lambda day: day.made.total()),
        _said_share,
        of_texts=True,
        compared=False,
    ),
    OwnerFigure("تماس‌ها", "مهلت گذشت و تماسی گرفته نشد", _added(lambda day: day.missed.total()), _said_number),
    OwnerFigure("رضایت‌سنجی", "پاسخ به رضایت‌سنجی", _added(lambda day: day.satisfaction.total()), _said_number),
    OwnerFigure(
        "رضایت‌سنجی",
        "راضی از سفارش رسیده",
        _share(lambda day: day.satisfaction[Satisfaction.SATISFIED], lambda day: day.satisfaction.total()),
        _said_share,
        compared=False,
    ),
    OwnerFigure("نمره‌ها", "نمرهٔ مشتری", _added(lambda day: day.marks.total()), _said_number),
    OwnerFigure("نمره‌ها", "میانگین نمره‌ها", _average_mark, _said_mark, compared=False),
    OwnerFigure("نمره‌ها", "نمرهٔ ۱ یا ۲", _added(lambda day: day.marks[1] + day.marks[2]), _said_number),
)
