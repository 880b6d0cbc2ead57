"""What is answered while the service waits for its store: it is alive, not ready, and events are to come again."""

import contextlib
import socket
from collections.abc import Sequence

from aiohttp import web

from notifier.config.server import ServerConfig
from notifier.errors import StoreAway
from notifier.web import answers, listening
from notifier.web.hardening import harden
from notifier.web.health import Alive, NotReady
from notifier.web.problems import BODY_TIMEOUT, problems

_OPENING = "the store is being opened; a large one takes its time to load"
_ENDS = 1.0  # seconds that a request may hold up what takes its place


class HoldingDoor:
    """Answers at the service's own sockets, which stay open when it makes room for the service itself."""

    def __init__(self, sockets: Sequence[socket.socket], config: ServerConfig) -> None:
        self._sockets, self._config = sockets, config
        self._runner: web.AppRunner | None = None
        self.reason = _OPENING

    async def open(self) -> None:
        """Begin to answer, unless it does already."""
        if self._runner is not None:
            return
        app = web.Application(middlewares=[problems], handler_args={"auto_decompress": False})
        app[BODY_TIMEOUT] = self._config.body_timeout.total_seconds()
        app.on_response_prepare.append(harden)
        app.add_routes([web.get("/healthz", self.healthz), web.get("/readyz", self.readyz)])
        app.add_routes([web.route("*", "/{path:.*}", self.later)])
        self._runner = listening.runner(app, self._config, shutdown_timeout=_ENDS)
        await self._runner.setup()
        await serve(self._runner, self._sockets)

    async def close(self) -> None:
        """Answer no more; who connects from now on waits for the service."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def healthz(self, request: web.Request) -> web.Response:
        return answers.json(Alive(status="ok"))

    async def readyz(self, request: web.Request) -> web.Response:
        return answers.json(NotReady(status="not ready", reasons=[self.reason]), status=503)

    async def later(self, request: web.Request) -> web.Response:
        raise StoreAway("The service waits for its store, and nothing was stored. Send the same again later.")


async def serve(runner: web.AppRunner, sockets: Sequence[socket.socket]) -> None:
    """Have a runner answer at copies of the sockets: its end closes the copies alone."""
    with contextlib.ExitStack() as stack:
        for one in sockets:
            copy = one.dup()
            stack.callback(copy.close)
            await web.SockSite(runner, copy).start()
        stack.pop_all()
