"""The texts: what each says, in how many parts it leaves, what it costs, and its versions."""

from typing import Any, NamedTuple

from aiohttp import web

from notifier.console import csv_export, labels
from notifier.console.csv_export import Column, Columns
from notifier.console.dependencies import Dependencies
from notifier.console.refusals import Missing
from notifier.console.render import Renderer
from notifier.domain import money
from notifier.domain.messages import Audience
from notifier.sms.templates import Template
from notifier.store import keys as names
from notifier.texts import versions
from notifier.texts.sizes import Size, sizes


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


class TextPages:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._deps, self._render = deps, render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/texts", self.all), web.get("/texts/{name:.+}", self.one)]

    async def all(self, request: web.Request) -> web.StreamResponse:
        """All of them with the size of a typical one."""
        rulebook, prices = self._deps.rulebook(), self._deps.config.sms.price
        rows = [
            Listed(name, template, sizes(template, rulebook.shop, prices)[1])
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
        rulebook, prices = self._deps.rulebook(), self._deps.config.sms.price
        return await self._render.page(
            request,
            "text.html",
            template_name=name,
            template=template,
            sizes=sizes(template, rulebook.shop, prices),
            versions=await self._versions(name),
        )

    async def _versions(self, name: str) -> list[versions.TextVersion]:
        """The newest first."""
        fields: Any = await self._deps.redis.hkeys(names.TEMPLATE_VERSIONS)
        of_it = [field.decode().rsplit(" ", 1)[1] for field in fields if field.decode().rsplit(" ", 1)[0] == name]
        found = [await versions.get(self._deps.redis, name, version) for version in of_it]
        return sorted((one for one in found if one), key=lambda one: one.since, reverse=True)
