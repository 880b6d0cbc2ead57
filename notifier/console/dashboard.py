"""The supervisor's figures: a range of days by the Jalali calendar, as charts and as CSV."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import TypeVar

import jdatetime
from aiohttp import web
from markupsafe import Markup

from notifier.clock import TEHRAN
from notifier.console import charts, csv_export, figure_rows, labels, stuck
from notifier.console import scope as scopes
from notifier.console.charts import Bar
from notifier.console.dependencies import Dependencies
from notifier.console.figures import Figures, figures, percentile
from notifier.console.refusals import PageRefusal
from notifier.console.render import Renderer
from notifier.console.scope import ShopScope
from notifier.console.security import require_supervisor
from notifier.domain import jalali, persian
from notifier.domain.channels import Channel
from notifier.domain.messages import MessageState
from notifier.sms import ladder_told
from notifier.store.line_counts import LineCounts, by_line

T = TypeVar("T")

_SPANS = {"1": "امروز", "7": "۷ روز", "14": "۱۴ روز", "31": "۳۱ روز"}
_LONGEST = 62  # days
_STUCK = (MessageState.HELD, MessageState.FAILED, MessageState.UNKNOWN)


class Dashboard:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/figures", self.show)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """``from`` and ``to`` are days; without them today. As CSV, ``of`` names the table."""
        require_supervisor(request)
        today = self._deps.clock.now().astimezone(TEHRAN).date()
        first, last = _range(request, today)
        scope = scopes.asked(request, self._deps)
        days = await figures(self._deps, first, last, scope.sources)
        names = {one.id: one.name for one in await self._deps.calling.staff.all()}
        if csv_export.wanted(request):
            table = figure_rows.table(request.query.get("of", ""), names)
            return await csv_export.sheet(request, self._deps, table.name, table.columns, table.rows(days))
        lines = zip(self._deps.accounts, await self._deps.accounts.standings(), strict=True)
        deposits, stuck = await self._waiting(scope)
        made, reached = _total(day.counted.made for day in days), _total(day.counted.reached for day in days)
        taken, arrived = (
            _total(day.counted.until_taken for day in days),
            _total(day.counted.until_arrived for day in days),
        )
        return await self._render.page(
            request,
            "figures.html",
            first=first.isoformat(),
            last=last.isoformat(),
            title=jalali.date(first) if first == last else f"{jalali.date(first)} تا {jalali.date(last)}",
            choices=[
                ((today - timedelta(days=back)).isoformat(), jalali.weekday_date(today - timedelta(days=back)))
                for back in range(_LONGEST)
            ],
            spans=[(label, (today - timedelta(days=int(span) - 1)).isoformat()) for span, label in _SPANS.items()],
            today=today.isoformat(),
            sent=sum(day.counted.sent.total() for day in days),
            arrived=sum(day.counted.arrived.total() for day in days),
            cost=sum(day.counted.cost for day in days),
            sms_parts=sum(day.counted.parts for day in days),
            until_taken=(percentile(taken, 0.5), percentile(taken, 0.9)),
            until_arrived=(percentile(arrived, 0.5), percentile(arrived, 0.9)),
            planned=sum(day.counted.planned for day in days),
            made=made.total(),
            reached=reached.total(),
            deposits=deposits,
            stuck=stuck,
            lines=[one for one in lines if one[0].name in self._deps.accounts.of(scope.sources)],
            by_line=self._by_line(days, self._deps.accounts.of(scope.sources)),
            scope=scope,
            by_hour=_by_hour(days),
            by_stage=_by_stage(days),
            cost_by_day=_by_day("هزینهٔ پیامک در هر روز، به تومان", days, lambda day: (day.counted.cost // 10,) * 2),
            planned_by_day=_by_day("تماس‌های برنامه‌ریزی‌شده در هر روز", days, lambda day: (day.counted.planned,) * 2),
            made_by_day=_by_day(
                "تماس‌های گرفته‌شده در هر روز",
                days,
                lambda day: (day.counted.made.total(), day.counted.reached.total()),
            ),
            by_person=_by_person(made, reached, names),
            by_source=_by_source(days),
        )

    def _by_line(self, days: Sequence[Figures], lines: Collection[str]) -> list[tuple[LineCounts, str, bool]]:
        """What each line came to, by which channel, and whether it says what arrived."""
        known = {one.name: one.provider for one in self._deps.accounts}
        counted = by_line([day.counted for day in days], [name for name in known if name in lines])
        return [
            (
                one,
                ladder_told.CHANNELS[known[one.line].channel if one.line in known else Channel.SMS],
                one.line not in known or known[one.line].kind != "bale",
            )
            for one in counted
        ]

    async def _waiting(self, scope: ShopScope) -> tuple[int, int]:
        """Deposits that nobody looked up and texts that are stuck, at this moment."""
        everywhere = self._deps.reader.everywhere
        if not scope.is_all:
            pipeline = self._deps.redis.pipeline(transaction=False)
            for keys in everywhere:
                pipeline.zrange(keys.deposits, 0, scopes.READ - 1)
            waiting = [member.decode() for row in await pipeline.execute() for member in row]
            theirs = sum(scope.shows(member.partition(":")[0]) for member in waiting)
            return theirs, len(await stuck.of_shops(self._deps, _STUCK, scope))
        pipeline = self._deps.redis.pipeline(transaction=False)
        for keys in everywhere:
            pipeline.zcard(keys.deposits)
            for state in _STUCK:
                pipeline.zcard(keys.messages(state))
        counts = await pipeline.execute()
        deposits = sum(counts[:: 1 + len(_STUCK)])
        return deposits, sum(counts) - deposits


def _range(request: web.Request, today: date) -> tuple[date, date]:
    try:
        first = date.fromisoformat(request.query.get("from", today.isoformat()))
        last = date.fromisoformat(request.query.get("to", today.isoformat()))
    except ValueError:
        raise PageRefusal("این روزها خوانده نشد؛ از فهرست انتخاب کنید.") from None
    first, last = min(first, last), min(max(first, last), today)
    if (last - first).days >= _LONGEST or first > last:
        raise PageRefusal(f"بازه‌ای از گذشته تا امروز و حداکثر {persian.digits(_LONGEST)} روزه انتخاب کنید.")
    return first, last


def _by_hour(days: Sequence[Figures]) -> Markup:
    sent, arrived = _total(day.counted.sent_at for day in days), _total(day.counted.arrived_at for day in days)
    bars = [Bar(label=persian.digits(hour), value=sent[hour], inner=arrived[hour]) for hour in range(24)]
    return charts.columns("پیامک‌ها در هر ساعت", bars, every=3)


def _by_stage(days: Sequence[Figures]) -> Markup:
    sent, arrived = _total(day.counted.sent for day in days), _total(day.counted.arrived for day in days)
    bars = [Bar(label=labels.template(name), value=count, inner=arrived[name]) for name, count in sent.most_common(10)]
    return charts.rows("پیامک‌ها به تفکیک متن", bars)


def _by_day(
    title: str,
    days: Sequence[Figures],
    value: Callable[[Figures], tuple[int, int]],
) -> Markup:
    bars = [
        Bar(
            label=persian.digits(jdatetime.date.fromgregorian(date=day.day).day),
            value=value(day)[0],
            inner=value(day)[1],
        )
        for day in days
    ]
    return charts.columns(title, bars, every=max(1, len(bars) // 10))


def _by_person(made: Counter[str], reached: Counter[str], names: dict[str, str]) -> Markup:
    bars = [
        Bar(label=persian.tidy(names.get(staff, staff)), value=count, inner=reached[staff])
        for staff, count in made.most_common(12)
    ]
    return charts.rows("تماس‌های هر همکار", bars)


def _by_source(days: Sequence[Figures]) -> Markup:
    counts = _total(day.webhooks for day in days)
    bars = [Bar(label=labels.webhook(name), value=count, inner=count) for name, count in counts.most_common(10)]
    return charts.rows("رویدادهای فروشگاه", bars)


def _total(counters: Iterable[Counter[T]]) -> Counter[T]:
    total: Counter[T] = Counter()
    for one in counters:
        total.update(one)
    return total
