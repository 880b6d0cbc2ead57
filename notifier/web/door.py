"""The webhook door: a post to a webhook that is known by its whole address goes there at once.

Nearly every request is such a post. To find its route among all others, to pass the middlewares that hold for all, and
to put together an answer that may be anything takes longer than to prove and read it. What is out of the ordinary goes
the ordinary way to the same handler and is answered the same: first of all a body that is still coming, which the
middlewares give a time to come in.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp import HttpVersion, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.typedefs import Handler


class AnswerInOneWrite(web.StreamResponse):
    """A JSON body of a few thousand bytes, with the headers that every answer has and few of its own."""

    def __init__(
        self, status: int, body: bytes, *, headers: Mapping[str, str] | None = None, kind: str = "application/json"
    ) -> None:
        super().__init__(status=status, headers=headers)
        self._whole, self._kind = body, kind

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        transport, alive = request.transport, request.keep_alive
        self._keep_alive = alive
        if transport is None or transport.is_closing():
            raise ConnectionResetError("whoever asked is gone")
        head = _head(self._status, self._kind, tuple(self.headers.items()), request.version, alive, int(time.time()))
        transport.write(head % len(self._whole) + self._whole)
        await request.writer.drain()  # for whoever asks and does not listen
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """All of it has been written."""


@lru_cache(maxsize=64)
def _head(
    status: int, kind: str, own: tuple[tuple[str, str], ...], version: HttpVersion, alive: bool, second: int
) -> bytes:
    """All above the body but for its length, as aiohttp and ``hardening`` would have it."""
    lines = [f"HTTP/{version.major}.{version.minor} {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}".replace("%", "%%") for name, value in own]
    lines += [f"Content-Type: {kind}", "Content-Length: %d", f"Date: {formatdate(second, usegmt=True)}"]
    if alive != (version >= (1, 1)):
        lines.append(f"Connection: {'keep-alive' if alive else 'close'}")
    lines += ["X-Content-Type-Options: nosniff", "Cache-Control: no-store"]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass(frozen=True, slots=True)
class Door:
    """``handlers`` by their whole addresses; ``original`` tells who asks, as the middleware does it."""

    handlers: Mapping[str, Handler]
    original: Callable[[web.Request], web.Request]

    def before(self, ordinary: Handler) -> Handler:
        """A handler for every request: most go through the door."""

        async def handle(request: web.Request) -> web.StreamResponse:
            handler = self.handlers.get(request.raw_path)
            if (
                handler is None
                or request.method != hdrs.METH_POST
                or hdrs.EXPECT in request.headers
                or not request.content.is_eof()
            ):
                return await ordinary(request)
            return await handler(self.original(request))

        return handle


DOOR = web.AppKey("door", Door)
