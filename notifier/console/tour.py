"""«این صفحه چه می‌گوید»: the first minute of somebody who is new, on one page."""

from aiohttp import web

from notifier.console.dependencies import Dependencies
from notifier.console.render import Renderer
from notifier.console.security import STAFF
from notifier.console.tour_pages import STOPS
from notifier.store.staff import Role


class Tour:
    def __init__(self, deps: Dependencies, render: Renderer) -> None:
        self._render = render

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/tour", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """Of the pages that there are, those that this person may see."""
        supervisor = request[STAFF].role is Role.SUPERVISOR
        there = {resource.canonical for resource in request.app.router.resources()}
        stops = [stop for stop in STOPS if stop.address in there and (supervisor or not stop.over)]
        return await self._render.page(request, "tour.html", stops=stops)
