"""Refused deliveries over the API: what a shop's developer has to mend."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from msgspec.structs import asdict

from notifier.errors import Unprocessable
from notifier.intake.dead_letters import DeadLetter, DeadLetters
from notifier.store.records import encode
from notifier.web import queries, shapes
from notifier.web.described import Answer, Parameter, describe


class DeliveryViews:
    """The list; ``settle`` writes what this process still holds in memory."""

    def __init__(self, book: DeadLetters, settle: Callable[[], Awaitable[None]]) -> None:
        self._book, self._settle = book, settle

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/deliveries", self.deliveries)]

    @describe(
        "Refused deliveries, newest first",
        tag="webhooks",
        parameters=(
            Parameter(name="source", text="Only those of this source"),
            Parameter(name="status", text="Only those answered so", type={"type": "string", "pattern": "^[0-9]{3}$"}),
            *queries.PAGING,
        ),
        answers={200: Answer(text="A page", models=(shapes.DeliveryList,))},
        problems=(401, 422, 503),
        security=("token",),
    )
    async def deliveries(self, request: web.Request) -> web.Response:
        """``?source=`` and ``?status=`` narrow the list."""
        source, status = request.query.get("source"), request.query.get("status")
        if source is not None and source not in self._book.sources:
            raise Unprocessable(f"source must be one of {', '.join(self._book.sources)}, not {source!r}.")
        if status is not None and not (status.isascii() and status.isdigit() and len(status) == 3):
            raise Unprocessable("status must be an HTTP status such as 422; 200 is for what was taken with a question.")
        await self._settle()
        kept, end = await self._book.page(
            source=source,
            status=int(status) if status else None,
            after=queries.cursor(request),
            size=queries.size(request),
        )
        page = {"items": [_shown(one) for one in kept], "next_cursor": f"{end[0]}:{end[1]}" if end else None}
        return web.Response(body=encode(page), content_type="application/json")


def _shown(kept: DeadLetter) -> dict[str, Any]:
    kind, order = kept.about
    return asdict(kept) | {"event_type": kind or None, "order_id": order or None}
