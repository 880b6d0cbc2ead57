"""The texts: what each says, in how many parts it leaves, what it costs, and its versions."""

from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from notifier.console import csv_export, labels
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing
from notifier.console.render import Renderer
from notifier.console.security import STAFF
from notifier.console.text_editing import READ_ONLY, pattern_texts, shop_of
from notifier.domain import money
from notifier.domain.messages import Audience
from notifier.errors import TemplateError
from notifier.sms.templates import Template
from notifier.store.records import ms
from notifier.store.staff import Role
from notifier.texts import editing, samples, versions
from notifier.texts.sizes import Size, measured, sizes
from notifier.texts.versions import TextVersion
from notifier.texts.wording import WordingPart, compared


class Listed(NamedTuple):
    """A text in the list, with the size of a typical one."""

    name: str
    template: Template
    size: Size


_COLUMNS: Columns[Listed] = (
    Column("متن", lambda one: labels.template(one.name)),
    Column("نام", lambda one: one.name),
    Column("به", lambda one: "مشتری" if one.template.audience is Audience.CUSTOMER else "همکار"),
    Column("نمونه", lambda one: one.size.text),
    Column("نویسه", lambda one: one.size.units),
    Column("صفحه", lambda one: one.size.parts),
    Column("هزینه (تومان)", lambda one: money.in_toman(one.size.price)),
    Column("نسخه", lambda one: one.template.version),
)


class TextChange(NamedTuple):
    """One change of a text: when, by whom (empty: in the file), what it says since, and what is new in that."""

    at: int  # unix ms
    by: str
    version: str
    words: str
    parts: list[WordingPart]
    head_changed: bool


class TextPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/texts", self.all), web.get("/texts/{name:.+}", self.one)]

    async def all(self, request: web.Request) -> web.StreamResponse:
        """All of them with the size of a typical one."""
        prices = self._deps.config.sms.price
        rows = [
            Listed(name, template, measured(template, samples.values(template, shop_of(template, self._deps)), prices))
            for name, template in sorted(self._deps.templates.items())
        ]
        if csv_export.wanted(request):
            return await csv_export.sheet(request, self._deps, "texts", _COLUMNS, rows)
        groups = [
            (title, [row for row in rows if row.template.audience is audience])
            for title, audience in (("به مشتری", Audience.CUSTOMER), ("به همکاران", Audience.STAFF))
        ]
        return await self._render.page(request, "texts.html", groups=groups, priced=any(row.size.price for row in rows))

    async def one(self, request: web.Request) -> web.Response:
        """One as phones show it, shortest to longest, and what it said before."""
        name = request.match_info["name"]
        template = self._deps.templates.get(name)
        if template is None:
            raise Missing("چنین متنی نیست.")
        prices = self._deps.config.sms.price
        supervises = request[STAFF].role is Role.SUPERVISOR
        reason = self._deps.editor.read_only(name) if supervises else None
        return await self._render.page(
            request,
            "text.html",
            template_name=name,
            template=template,
            sizes=sizes(template, shop_of(template, self._deps), prices),
            history=await self._history(name, editing.words_of if supervises else self._sample(template)),
            read_only=READ_ONLY[reason] if reason else "",
            pattern_texts=pattern_texts(template, self._deps) if supervises else {},
        )

    def _sample(self, template: Template) -> Callable[[str], str]:
        """What a version said of a usual order, for those who need not know how a text is written."""
        shop = shop_of(template, self._deps)

        def said(source: str) -> str:
            try:
                version = Template(template.path, source, shop=template.shop)
                return version.fill(samples.values(version, shop))
            except TemplateError:  # of an older release, with variables that are no more
                return "(این نسخه دیگر خوانده نمی‌شود)"

        return said

    async def _history(self, name: str, words: Callable[[str], str]) -> list[TextChange]:
        """Every change that is known, the newest first: those made here, and those of the file."""
        kept = await versions.of_text(self._deps.redis, name)
        made = await versions.edits(self._deps.redis, name)
        names = {one.id: one.name for one in await self._deps.calling.staff.all()} if made else {}
        here = {edit.after for edit in made}
        changes = [(edit.at, edit.after, edit.before, labels.doer(edit.by, names)) for edit in made]
        changes += [(ms(one.since), one.version, "", "") for one in kept.values() if one.version not in here]
        changes.sort(key=lambda change: change[0], reverse=True)
        found = []
        for place, (at, after, before, by) in enumerate(changes):
            earlier = changes[place + 1][1] if place + 1 < len(changes) else ""
            now, then = kept.get(after), kept.get(before or earlier)
            if now is not None:
                found.append(_change(at, by, now, then, words))
        return found


def _change(at: int, by: str, now: TextVersion, then: TextVersion | None, words: Callable[[str], str]) -> TextChange:
    text = words(now.source)
    if then is None:
        return TextChange(at, by, now.version, text, [], False)
    before = words(then.source)
    parts = compared(before, text) if before != text else []
    return TextChange(at, by, now.version, text, parts, editing.head_of(now.source) != editing.head_of(then.source))
