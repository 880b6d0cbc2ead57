"""The manager interface of an Asterisk that is none: signs in, takes Originate, tells what happens."""

import asyncio
import contextlib
import hashlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from notifier import tasks
from notifier.simulator.exchange import AMI, SimulatedExchange
from notifier.simulator.faults import Faults

_EVERY = 0.05  # seconds between looks at what is to be told


@dataclass
class ManagerInterface:
    """Serves one exchange on a port of this machine."""

    exchange: SimulatedExchange
    secret: str
    faults: Faults
    port: int = 0
    listeners: set[asyncio.StreamWriter] = field(default_factory=set)
    actions: list[Mapping[str, str]] = field(default_factory=list)
    heard_by_somebody: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self.listeners):
                writer.close()
            await self._server.wait_closed()

    async def serving(self, _: web.Application) -> AsyncIterator[None]:
        """Serve, and tell by itself, for as long as an application runs."""
        await self.start()
        task = asyncio.create_task(self.run(), name="manager-interface")
        yield
        await tasks.end(task)
        await self.close()

    async def tell(self) -> int:
        """Tell whoever listens what is to be told; how much that was."""
        waiting = [event for kind, event in self.exchange.told if kind == "ami"]
        self.exchange.told = deque((kind, event) for kind, event in self.exchange.told if kind != "ami")
        for event in waiting:
            for writer in list(self.listeners):
                await _write(writer, event)
        return len(waiting)

    async def run(self) -> None:
        """Tell by itself."""
        while True:
            if self.listeners:
                await self.tell()
            await asyncio.sleep(_EVERY)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/5.0.2\r\n")
        challenge, signed_in = secrets.token_hex(5), False
        try:
            while raw := await reader.readuntil(b"\r\n\r\n"):
                action = _action(raw)
                self.actions.append(action)
                about = {"ActionID": action.get("actionid", "")}
                match action.get("action", "").lower():
                    case "challenge":
                        await _write(writer, {"Response": "Success", "Challenge": challenge, **about})
                    case "login":
                        key = hashlib.md5((challenge + self.secret).encode(), usedforsecurity=False).hexdigest()
                        signed_in = (action.get("username"), action.get("key")) == (self.exchange.user, key)
                        said = "Success" if signed_in else "Error"
                        await _write(writer, {"Response": said, "Message": "Authentication", **about})
                        if signed_in and action.get("events", "on") != "off":
                            self.listeners.add(writer)
                            self.heard_by_somebody.set()
                    case "ping" if signed_in:
                        await _write(writer, {"Response": "Success", "Ping": "Pong", **about})
                    case "originate" if signed_in:
                        if not await self._originate(writer, action, about):
                            return
                    case _:
                        await _write(writer, {"Response": "Error", "Message": "Permission denied", **about})
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.listeners.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _originate(
        self, writer: asyncio.StreamWriter, action: Mapping[str, str], about: Mapping[str, str]
    ) -> bool:
        """Whether the connection goes on."""
        struck = next((fault for fault in self.faults.strike(AMI) if fault.kind != "latency"), None)
        if struck is not None and not struck.accepted:
            if struck.kind == "drop":
                return False
            await _write(writer, {"Response": "Error", "Message": "Originate failed", **about})
            return True
        extension = action.get("channel", "").partition("/")[2].partition("@")[0]
        self.exchange.dial("ami", extension, action.get("exten", ""), attempt=action.get("channelid", ""))
        if struck is not None:
            return False
        await _write(writer, {"Response": "Success", "Message": "Originate successfully queued", **about})
        return True


def _action(raw: bytes) -> Mapping[str, str]:
    lines = (line.partition(":") for line in raw.decode(errors="replace").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


async def _write(writer: asyncio.StreamWriter, message: Mapping[str, Any]) -> None:
    writer.write("".join([*(f"{name}: {value}\r\n" for name, value in message.items()), "\r\n"]).encode())
    await writer.drain()
