"""The supervisor's figures: a range of days by the Jalali calendar, as charts and as CSV."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

import jdatetime
from aiohttp import web

from notifier.clock import TEHRAN
from notifier.console import charts, paging, words
from notifier.console.charts import Bar
from notifier.console.figures import Figures, figures
from notifier.console.parts import Parts
from notifier.console.refusals import Refused
from notifier.console.render import Renderer
from notifier.console.security import require_supervisor
from notifier.domain import jalali, money, persian
from notifier.domain.messages import MessageState

_SPANS = {"1": "امروز", "7": "۷ روز", "14": "۱۴ روز", "31": "۳۱ روز"}
_CHOICES = 62
_LONGEST = 62


class Dashboard:
    def __init__(self, parts: Parts, render: Renderer) -> None:
        self._parts, self._render = parts, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/figures", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """``from`` and ``to`` are days; without them today."""
        require_supervisor(request)
        today = self._parts.clock.now().astimezone(TEHRAN).date()
        first, last = _range(request, today)
        days = [await figures(self._parts, first + timedelta(days=number)) for number in range((last - first).days + 1)]
        if request.query.get("as") == "csv":
            return _csv(days)
        deposits = 0
        for keys in self._parts.reader.everywhere:
            deposits += int(await self._parts.redis.zcard(keys.deposits))
        names = {one.id: one.name for one in await self._parts.calling.staff.all()}
        lines = zip(self._parts.lines.lines, await self._parts.lines.standings(), strict=True)
        states: Counter[str] = Counter()
        for day in days:
            states.update(day.states)
        seconds = [day.seconds for day in days if day.seconds is not None]
        return await self._render.page(
            request,
            "figures.html",
            first=first.isoformat(),
            last=last.isoformat(),
            title=jalali.date(first) if first == last else f"{jalali.date(first)} تا {jalali.date(last)}",
            choices=[
                ((today - timedelta(days=back)).isoformat(), jalali.weekday_date(today - timedelta(days=back)))
                for back in range(_CHOICES)
            ],
            spans=[(label, (today - timedelta(days=int(span) - 1)).isoformat()) for span, label in _SPANS.items()],
            today=today.isoformat(),
            sent=sum(sent for day in days for sent, _ in day.stages.values()),
            arrived=sum(arrived for day in days for _, arrived in day.stages.values()),
            cost=sum(day.cost for day in days),
            sms_parts=sum(day.parts for day in days),
            seconds=sum(seconds) / len(seconds) if seconds else None,
            deposits=deposits,
            stuck=sum(states[state] for state in (MessageState.HELD, MessageState.FAILED, MessageState.UNKNOWN)),
            lines=list(lines),
            by_hour=_by_hour(days),
            by_stage=_by_stage(days),
            by_day=_by_day(days),
            by_person=_by_person(days, names),
            by_source=_by_source(days),
        )


def _range(request: web.Request, today: date) -> tuple[date, date]:
    try:
        first = date.fromisoformat(request.query.get("from", today.isoformat()))
        last = date.fromisoformat(request.query.get("to", today.isoformat()))
    except ValueError:
        raise Refused("این روزها خوانده نشد؛ از فهرست انتخاب کنید.") from None
    first, last = min(first, last), min(max(first, last), today)
    if (last - first).days >= _LONGEST or first > last:
        raise Refused(f"بازه‌ای از گذشته تا امروز و حداکثر {persian.digits(_LONGEST)} روزه انتخاب کنید.")
    return first, last


def _by_hour(days: Sequence[Figures]) -> object:
    totals = [(sum(day.hours[hour][0] for day in days), sum(day.hours[hour][1] for day in days)) for hour in range(24)]
    bars = [Bar(label=persian.digits(hour), value=sent, inner=arrived) for hour, (sent, arrived) in enumerate(totals)]
    return charts.columns("پیامک‌ها در هر ساعت", bars, every=3)


def _by_stage(days: Sequence[Figures]) -> object:
    sent: Counter[str] = Counter()
    arrived: Counter[str] = Counter()
    for day in days:
        for name, (one, other) in day.stages.items():
            sent[name] += one
            arrived[name] += other
    bars = [Bar(label=words.template(name), value=count, inner=arrived[name]) for name, count in sent.most_common(10)]
    return charts.rows("پیامک‌ها به تفکیک متن", bars)


def _by_day(days: Sequence[Figures]) -> object:
    bars = [
        Bar(
            label=persian.digits(jdatetime.date.fromgregorian(date=day.day).day),
            value=day.cost,
            inner=day.cost,
            shown=money.toman(day.cost),
        )
        for day in days
    ]
    return charts.columns("هزینهٔ پیامک در هر روز", bars, every=max(1, len(bars) // 10))


def _by_person(days: Sequence[Figures], names: dict[str, str]) -> object:
    made: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    for day in days:
        for staff, (one, other) in day.people.items():
            made[staff] += one
            reached[staff] += other
    bars = [
        Bar(label=persian.tidy(names.get(staff, staff)), value=count, inner=reached[staff])
        for staff, count in made.most_common(12)
    ]
    return charts.rows("تماس‌های هر همکار", bars)


def _by_source(days: Sequence[Figures]) -> object:
    counts: Counter[str] = Counter()
    for day in days:
        counts.update(day.webhooks)
    bars = [Bar(label=persian.digits(name), value=count, inner=count) for name, count in counts.most_common(10)]
    return charts.rows("رویدادهای فروشگاه", bars)


def _csv(days: Sequence[Figures]) -> web.Response:
    head = ("روز", "متن", "فرستاده", "رسیده", "هزینهٔ روز (ریال)")
    rows = [
        (jalali.date(day.day), words.template(name), sent, arrived, day.cost)
        for day in days
        for name, (sent, arrived) in sorted(day.stages.items())
    ]
    return paging.as_csv("figures", head, rows)
