"""How connections are taken: what a client may hold on to, how much, and how long."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from notifier.config.server import ServerConfig
from notifier.web.door import DOOR
from notifier.web.problems import problem
from notifier.web.proxies import within

log = structlog.get_logger()


def runner(app: web.Application, config: ServerConfig, *, shutdown_timeout: float = 60.0) -> web.AppRunner:
    """A runner for the application, with limits on what its clients may do.

    Who has not sent a whole head within ``idle_timeout`` is cut off, however slowly more of it keeps coming.
    """
    return _Runner(
        app,
        config,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=shutdown_timeout,
        keepalive_timeout=config.idle_timeout.total_seconds(),
    )


class _Connection(web.RequestHandler):
    """One connection: what is no HTTP is refused like everything else, and fills no log with stack traces."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionError):  # whoever asked is gone
            raise exc
        if status >= 500:
            return super().handle_error(request, status, exc, message)
        log.info("malformed request", action="malformed", remote=request.remote, error=type(exc).__name__)
        answer = (
            problem(431, "The request line or a header is longer than 8190 bytes; send less.")
            if isinstance(exc, LineTooLong)
            else problem(400, "This is not HTTP as we understand it; the connection is closed.")
        )
        answer.headers["Server"] = "notifier"
        answer.force_close()
        return answer


class _Server(web.Server):
    """Counts the connections of each address; proxies, which bring everybody's, are not counted."""

    def __init__(self, *arguments: Any, most: int, trusted: Sequence[IPv4Network | IPv6Network], **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._most, self._trusted = most, trusted
        self._held: Counter[str] = Counter()
        self._address: dict[web.RequestHandler, str] = {}

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        peer = transport.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) else ""
        if not address or within(address, self._trusted):
            return
        self._held[address] += 1
        self._address[handler] = address
        if self._held[address] > self._most:
            if self._held[address] == self._most + 1:
                log.warning("too many connections", action="connections_limited", remote=address)
            transport.abort()

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        address = self._address.pop(handler, "")
        if address:
            self._held[address] -= 1
            if not self._held[address]:
                del self._held[address]


class _Runner(web.AppRunner):
    """Serves an application with our server instead of aiohttp's own."""

    __slots__ = ("_limits",)

    def __init__(self, app: web.Application, limits: ServerConfig, **more: Any) -> None:
        super().__init__(app, **more)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        usual = await super()._make_server()
        handler, door = usual.request_handler, self.app.get(DOOR)
        return _Server(
            door.before(handler) if door else handler,
            request_factory=usual.request_factory,
            loop=asyncio.get_running_loop(),
            most=self._limits.max_connections,
            trusted=self._limits.trusted_proxies,
            **usual._kwargs,
        )
