"""The owner's page: today and this week against last, on one page, as CSV and on paper."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

import jdatetime
from aiohttp import web
from markupsafe import Markup

from notifier.clock import TEHRAN
from notifier.console import charts, csv_export, owner_figures, owner_rows
from notifier.console import scope as scopes
from notifier.console.charts import Bar
from notifier.console.dependencies import Dependencies
from notifier.console.figures import figures_since
from notifier.console.owner_figures import FIGURES, OwnerDay, OwnerShare, Weeks
from notifier.console.refusals import PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import require_supervisor
from notifier.domain import jalali, persian
from notifier.store.daily import DayCounts

_OLDEST = timedelta(days=730)


class OwnerPage:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/owner", self.show)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """``day`` is the day to look at, today without it. As CSV, ``of`` names the table."""
        require_supervisor(request)
        today = self._deps.clock.now().astimezone(TEHRAN).date()
        day = _day(request, today)
        scope = scopes.asked(request, self._deps)
        days, since = await figures_since(self._deps, owner_figures.first_day(day), day, scope.sources)
        weeks = owner_figures.weeks(days, since, day)
        name = owner_figures.person({one.id: one.name for one in await self._deps.calling.staff.all()})
        if csv_export.wanted(request):
            table = owner_rows.table(request.query.get("of", ""), weeks, name)
            return await csv_export.sheet(request, self._deps, table.name, table.columns, table.rows)
        people = owner_figures.on_time(weeks, by=owner_figures.person_of, names=name)
        purposes = owner_figures.on_time(weeks, by=owner_figures.purpose_of, names=owner_rows.purpose)
        unreachable, satisfaction = owner_figures.unreachable(weeks), owner_figures.satisfaction(weeks)
        marks = owner_figures.marks(weeks)
        return await self._render.page(
            request,
            "owner.html",
            day=day.isoformat(),
            title=jalali.weekday_date(day),
            is_today=day == today,
            earlier=(day - timedelta(days=7)).isoformat(),
            later=min(day + timedelta(days=7), today).isoformat() if day < today else "",
            since=since,
            partly=since is not None and since.date() >= weeks.days[0].day,
            periods=[period for period, _ in weeks.periods()],
            groups=_groups(weeks),
            orders_by_day=_by_day("سفارش‌ها در هر روز", weeks.days, lambda day: (day.orders, min(day.paid, day.orders))),
            revenue_by_day=_by_day(
                "مبلغ پرداخت‌شده در هر روز، به میلیون تومان",
                weeks.days,
                lambda day: (round(max(day.revenue, 0) / 10_000_000),) * 2,
            ),
            texts_by_day=_by_day(
                "پیامک‌ها در هر روز",
                weeks.days,
                lambda day: (day.sent.total(), day.arrived.total()),
                of_texts=True,
            ),
            people=people,
            people_chart=_shares("تماس‌های به‌موقع هر همکار", people),
            purposes=purposes,
            purposes_chart=_shares("تماس‌های به‌موقع به تفکیک موضوع", purposes),
            unreachable=unreachable,
            unreachable_chart=_parts("چرا به مشتری نرسیدیم", unreachable),
            satisfaction=satisfaction,
            satisfaction_chart=_parts("رضایت از سفارش رسیده", satisfaction),
            marks=marks,
            marks_chart=_parts("نمره‌های مشتریان", marks),
            percent=owner_figures.percent,
            scope=scope,
        )


def _day(request: web.Request, today: date) -> date:
    given = request.query.get("day")
    if given is None:
        return today
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise PageRefusal("این روز خوانده نشد؛ از دکمه‌های همین صفحه انتخاب کنید.") from None
    if not today - _OLDEST <= day <= today:
        raise PageRefusal("روزی از دو سال گذشته تا امروز را انتخاب کنید.")
    return day


def _groups(weeks: Weeks) -> list[tuple[str, list[tuple[str, list[str], str]]]]:
    """The figures under their headings: name, what each period says, and how the weeks compare."""
    groups: dict[str, list[tuple[str, list[str], str]]] = {}
    for figure in FIGURES:
        said = [figure.said(days) for _, days in weeks.periods()]
        groups.setdefault(figure.group, []).append((figure.name, said, figure.change(weeks)))
    return list(groups.items())


def _by_day(
    title: str, days: Sequence[OwnerDay], value: Callable[[DayCounts], tuple[int, int]], *, of_texts: bool = False
) -> Markup:
    bars = [
        Bar(
            label=persian.digits(jdatetime.date.fromgregorian(date=one.day).day),
            value=value(one.counted)[0] if known else 0,
            inner=value(one.counted)[1] if known else 0,
            unknown=not known,
        )
        for one in days
        for known in [one.texts_known if of_texts else one.known]
    ]
    return charts.columns(title, bars)


def _shares(title: str, shares: Sequence[OwnerShare]) -> Markup:
    return charts.rows(title, [Bar(label=one.name, value=one.all, inner=one.part) for one in shares[:12] if one.all])


def _parts(title: str, shares: Sequence[OwnerShare]) -> Markup:
    return charts.rows(title, [Bar(label=one.name, value=one.part, inner=one.part) for one in shares])
