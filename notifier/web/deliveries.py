"""Refused deliveries over the API: what a shop's developer has to mend."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from notifier.errors import Unprocessable
from notifier.intake.dead_letters import DeadLetters
from notifier.web import answers, queries
from notifier.web.described import DocumentedAnswer, Parameter, describe


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
        answers={200: DocumentedAnswer(text="A page", models=(answers.DeliveryList,))},
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
        items = [answers.delivery(one) for one in kept]
        return answers.json(answers.DeliveryList(items=items, next_cursor=queries.next_cursor(end)))
