"""Addresses as people paste them: with a slash at the end, or two where one belongs."""

import re
from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

AGAIN = "is_another_address"
"""The mark of a handler that the API's document has under its own address."""

_VARIABLE = re.compile(r"\{(\w+)\}")


def forgiving(routes: Sequence[web.RouteDef]) -> list[web.RouteDef]:
    """Routes under every address that differs by slashes alone; to be added after the routes themselves.

    A redirect would not do: whoever posts a webhook follows none, or follows it without the body.
    """
    return [web.RouteDef(one.method, _loose(one.path), _undescribed(one.handler), one.kwargs) for one in routes]


def _loose(path: str) -> str:
    parts = (_VARIABLE.sub(r"{\1:[^/]+}", part) for part in path.strip("/").split("/"))
    return "".join(f"/{{slashes{place}:/*}}{part}" for place, part in enumerate(parts)) + "{end:/*}"


def _undescribed(handler: Handler) -> Handler:
    """The handler without what the API's document would say of it a second time, and with a mark that it is one."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    setattr(handle, AGAIN, True)
    return handle
