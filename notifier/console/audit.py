"""Who did what, for supervisors: of one person or all, of one day or since it is kept."""

from collections.abc import Mapping
from datetime import timedelta

from aiohttp import web

from notifier.clock import TEHRAN
from notifier.console import audit_words, csv_export, labels, paging, rows
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import PageRefusal
from notifier.console.render import Renderer
from notifier.console.security import require_supervisor
from notifier.domain import jalali, persian
from notifier.retention import exporting
from notifier.store import audit
from notifier.store.audit import AuditEntry, Wanted
from notifier.store.reading import Place

_SIZE = 50
_DAYS = 60  # that can be chosen from a list


class Audit:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/audit", self.show)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """``?by=`` an id of staff and ``?day=`` (2026-11-23 or 1405-09-02) narrow the list."""
        require_supervisor(request)
        by, day = request.query.get("by", "")[:200], request.query.get("day", "")[:20]
        wanted = _wanted(by, day)
        names = {one.id: one.name for one in await self._deps.calling.staff.all()}
        if csv_export.wanted(request):
            entries = (entry async for _, entry in audit.read(self._deps.reader, wanted))
            return await csv_export.sheet(request, self._deps, "audit", _columns(names), entries)
        lines: list[tuple[AuditEntry, str]] = []
        end: Place | None = None
        last: Place | None = None
        async for place, entry in audit.read(self._deps.reader, wanted, after=paging.after(request)):
            if len(lines) == _SIZE:
                end = last
                break
            lines.append((entry, labels.doer(entry.by, names)))
            last = place
        today = self._deps.clock.now().astimezone(TEHRAN).date()
        days = [today - timedelta(days=back) for back in range(_DAYS)]
        return await self._render.page(
            request,
            "audit.html",
            lines=lines,
            names=names,
            said=audit_words,
            by=by,
            day=day,
            end=end,
            days=[(one.isoformat(), jalali.weekday_date(one)) for one in days],
            kept=self._deps.config.retention.audit.days,
        )


def _columns(names: Mapping[str, str]) -> Columns[AuditEntry]:
    return (
        Column("زمان", lambda one: rows.written(one.at)),
        Column("چه کسی", lambda one: persian.tidy(labels.doer(one.by, names))),
        Column("نام کاربری", lambda one: one.by),
        Column("چه کرد", lambda one: labels.ACTS.get(one.act, one.act)),
        Column("با", lambda one: one.about),
        Column("شرح", lambda one: audit_words.more(one, names) or one.more),
    )


def _wanted(by: str, day: str) -> Wanted:
    try:
        since, until = exporting.span(day, day) if day else (None, None)
    except (exporting.NotADay, OverflowError, ValueError):
        raise PageRefusal("این روز خوانده نشد؛ نمونه: 1405-09-02.") from None
    return Wanted(by=by or None, since=since or 0, until=until)
