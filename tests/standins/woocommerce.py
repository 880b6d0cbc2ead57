"""A WooCommerce shop to ask: the list of orders of its REST API v3 over real HTTP, and what goes wrong with it.

Fields, filters and headers as class-wc-rest-crud-controller.php and class-wc-rest-authentication.php have them.
"""

import asyncio
import base64
import hmac
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Literal

from aiohttp import web

KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request. ``after`` lets so many requests through before."""

    kind: Literal["drop", "endless", "half", "hang", "html", "object", "status", "unfiltered"]
    after: int = 0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class WooCommerce:
    """A shop's orders by id. ``hidden`` cannot be read by the keys and are left out of their page."""

    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[dict[str, str]] = field(default_factory=list)
    asked_bin: list[dict[str, str]] = field(default_factory=list)
    on_request: Callable[[int], None] = lambda number: None
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/wp-json/wc/v3/orders", self._list)])
        return app

    def put(self, body: dict[str, Any], *, at: datetime, order_id: int | None = None, **changes: Any) -> None:
        """Save an order, changed at ``at``."""
        order = deepcopy(body) | changes
        if order_id is not None:
            order |= {"id": order_id, "number": str(order_id)}
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        local = (at.astimezone(UTC) + timedelta(hours=3, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S")
        self.orders[order["id"]] = order | {"date_modified_gmt": stamp, "date_modified": local}

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("status") == "trash":
            return self._bin(request)
        self.asked.append(dict(request.query))
        self.on_request(len(self.asked))
        fault = self._fault()
        if fault is not None and fault.kind != "unfiltered":
            return await self._spoil(request, fault)
        if not _is_ours(request.headers.get("Authorization", "")):
            return _error(401, "woocommerce_rest_cannot_view", "متاسفانه شما نمی‌توانید منابع را فهرست کنید.")
        query = request.query
        if query.get("orderby") != "modified" or not 1 <= int(query.get("per_page", "10")) <= 100:
            return _error(400, "rest_invalid_param", "پارامتر نامعتبر")
        if query.get("dates_are_gmt") != "true":
            return _error(400, "test_wants_gmt", "dates_are_gmt=true")
        after, before = query["modified_after"], query.get("modified_before", "9999")
        found = [
            order
            for order in self.orders.values()
            if order["status"] != "trash"
            and (fault is not None or after < order["date_modified_gmt"] < before)  # strictly, as WP_Date_Query has it
        ]
        found.sort(key=lambda order: (order["date_modified_gmt"], order["id"]), reverse=query.get("order") != "asc")
        size, page = int(query["per_page"]), int(query["page"])
        shown = [order for order in found[(page - 1) * size : page * size] if order["id"] not in self.hidden]
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(ceil(len(found) / size))}
        return web.json_response(shown, headers=headers)

    def _bin(self, request: web.Request) -> web.Response:
        """What is asked for by itself; nothing goes wrong with it that does not go wrong with the rest."""
        self.asked_bin.append(dict(request.query))
        after, before = request.query["modified_after"], request.query["modified_before"]
        found = [
            order
            for order in self.orders.values()
            if order["status"] == "trash" and after < order["date_modified_gmt"] < before
        ]
        return web.json_response(found, headers={"X-WP-Total": str(len(found)), "X-WP-TotalPages": "1"})

    def _fault(self) -> Fault | None:
        if not self.faults:
            return None
        fault = self.faults.popleft()
        if fault.after:
            waiting = Fault(fault.kind, fault.after - 1, fault.status, fault.headers)
            self.faults.appendleft(waiting)
            return None
        return fault

    async def _spoil(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault.kind:
            case "drop":
                assert request.transport is not None
                request.transport.abort()
            case "hang":
                await self.release.wait()
            case "html":
                shown = f"<html>{dict(request.headers)} خطای مهمی رخ داده است.</html>"
                return web.Response(status=fault.status, text=shown, content_type="text/html", headers=fault.headers)
            case "endless":
                return web.Response(body=b"[" + b" " * (33 << 20), content_type="application/json")
            case "half":
                return web.Response(text='[{"id": 1, "stat', content_type="application/json")
            case "object":
                return web.json_response({"message": "not a list"})
            case _:
                return web.json_response({"code": "test_fault"}, status=fault.status, headers=fault.headers)
        return web.Response()


def _is_ours(authorization: str) -> bool:
    given = authorization.removeprefix("Basic ").encode()
    return hmac.compare_digest(given, base64.b64encode(f"{KEY}:{SECRET}".encode()))


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"code": code, "message": message, "data": {"status": status}}, status=status)
