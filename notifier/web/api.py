"""The API for a shop's own tools: orders, messages and calls, for who holds a token."""

from collections.abc import Collection
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec.structs import replace

from notifier.domain.messages import MessageState
from notifier.domain.orders import Order, Priority
from notifier.errors import NotFound, Unprocessable
from notifier.store.reading import Page, Reader
from notifier.web import answers, bearer, queries
from notifier.web.described import DocumentedAnswer, Parameter, describe

_SOURCE = Parameter(name="source", text="The shop, where several use one number")


class Api:
    """Read access; ``sources`` are the names of the configured shops, ``pages`` whether customers have theirs."""

    def __init__(
        self,
        reader: Reader,
        sources: Collection[str],
        tokens: Collection[str],
        further: Collection[web.RouteDef] = (),
        *,
        pages: bool = False,
    ) -> None:
        self._reader, self._sources, self._further, self._pages = reader, sources, further, pages
        self._tokens = list(tokens)

    def app(self) -> web.Application:
        """To be mounted at /api."""
        app = web.Application(middlewares=[self._authorized])
        app.add_routes(
            [
                web.get("/orders", self.orders),
                web.get("/orders/{id}", self.order),
                web.get("/messages", self.messages),
                web.get("/messages/{id}", self.message),
                *self._further,
            ]
        )
        return app

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        bearer.require(request, self._tokens, "one of the tokens of [api]")
        return await handler(request)

    @describe(
        "Orders, newest first",
        tag="orders",
        text="With `priority=high` those to be delivered first.",
        parameters=(Parameter(name="priority", text="Only these", type=Priority), *queries.PAGING),
        answers={200: DocumentedAnswer(text="A page", models=(answers.OrderList,))},
        problems=(401, 422, 503),
        security=("token",),
    )
    async def orders(self, request: web.Request) -> web.Response:
        """``?priority=high`` for the orders to be delivered first."""
        priority = queries.choice(request, "priority", Priority)
        everywhere = self._reader.everywhere
        if priority is Priority.HIGH:
            sets = [(keys, keys.priority_orders) for keys in everywhere]
        else:
            sets = [(keys, keys.orders) for keys in everywhere]
        page = await self._page(request, sets)
        found = [await self._reader.order(*member.split(":", 1)) for _, member in page.members]
        shown = [order for order in found if order is not None and priority in (None, order.priority)]
        items = [answers.order(self._with_page(order)) for order in shown]
        return answers.json(answers.OrderList(items=items, next_cursor=queries.next_cursor(page.end)))

    @describe(
        "One order with its story",
        tag="orders",
        parameters=(_SOURCE,),
        answers={
            200: DocumentedAnswer(text="The order, its timeline, messages and calls", models=(answers.OrderStory,))
        },
        problems=(401, 404, 422, 503),
        security=("token",),
    )
    async def order(self, request: web.Request) -> web.Response:
        """One order with its timeline, messages and calls; ``?source=`` where several shops use one number."""
        order = await self._find(request.match_info["id"], request.query.get("source"))
        return answers.json(answers.story(order, await self._reader.story(order)))

    @describe(
        "Messages, newest first",
        tag="messages",
        parameters=(
            Parameter(name="order_id", text="Only those of this order; all of them on one page"),
            Parameter(name="state", text="Only those in this state", type=MessageState),
            _SOURCE,
            *queries.PAGING,
        ),
        answers={200: DocumentedAnswer(text="A page", models=(answers.MessageList,))},
        problems=(401, 404, 422, 503),
        security=("token",),
    )
    async def messages(self, request: web.Request) -> web.Response:
        """``?order_id=`` and ``?state=`` narrow the list."""
        state = queries.choice(request, "state", MessageState)
        if order_id := request.query.get("order_id"):
            order = await self._find(order_id, request.query.get("source"))
            found = (await self._reader.story(order)).messages[::-1]
            items = [answers.message(stored) for stored in found if state in (None, stored.state)]
            return answers.json(answers.MessageList(items=items, next_cursor=None))
        states = [state] if state else list(MessageState)
        page = await self._page(
            request, [(keys, keys.messages(one)) for keys in self._reader.everywhere for one in states]
        )
        items = [answers.message(stored) for stored in await self._reader.messages(page.members)]
        return answers.json(answers.MessageList(items=items, next_cursor=queries.next_cursor(page.end)))

    @describe(
        "One message with its attempts",
        tag="messages",
        answers={200: DocumentedAnswer(text="The message", models=(answers.MessageFacts,))},
        problems=(401, 404, 503),
        security=("token",),
    )
    async def message(self, request: web.Request) -> web.Response:
        """One message with its attempts."""
        message_id = request.match_info["id"]
        found = await self._reader.messages([(keys, message_id) for keys in self._reader.everywhere])
        if not found:
            raise NotFound(f"There is no message {message_id!r}.")
        return answers.json(answers.message(found[0]))

    async def _find(self, order_id: str, source: str | None) -> Order:
        found = await self._reader.orders_numbered(order_id, self._sources if source is None else [source])
        if not found:
            raise NotFound(f"There is no order {order_id!r}.")
        if len(found) > 1:
            names = ", ".join(order.source for order in found)
            raise Unprocessable(f"Several shops have an order {order_id!r}: add ?source= with one of {names}.")
        return self._with_page(found[0])

    def _with_page(self, order: Order) -> Order:
        """The order, with no page that nobody could open."""
        return order if self._pages else replace(order, page_token=None)

    async def _page(self, request: web.Request, sets: list[Any]) -> Page:
        return await self._reader.page(sets, after=queries.cursor(request), size=queries.size(request))
