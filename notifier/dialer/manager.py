"""The connection to Asterisk's manager interface: one short one for each order, a lasting one for what happens."""

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from notifier import tasks
from notifier.dialer import ami
from notifier.dialer.ami import AmiDialer, AmiMessages
from notifier.domain.dialing import DialOrder, Placed, Placing
from notifier.errors import NotifierError

log = structlog.get_logger()

_PING, _DEAD = 20.0, 60.0  # seconds between pings; of silence after which a connection is given up
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # seconds before connecting anew


class AmiAway(NotifierError):
    """The manager interface is not to be reached, or does not take our name and secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiAddress:
    """Where the manager interface is, and who we are there."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    tls: bool = False
    timeout: timedelta = timedelta(seconds=10)


@dataclass(slots=True)
class AmiConnection:
    """A connection that is signed in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    messages: AmiMessages
    waiting: list[Mapping[str, str]]

    async def next(self) -> Mapping[str, str]:
        """The next message. Raises AmiAway at the end, DialerOdd."""
        while not self.waiting:
            chunk = await self.reader.read(16 * 1024)
            if not chunk:
                raise AmiAway("the exchange closed the connection")
            self.waiting += self.messages.feed(chunk)
        return self.waiting.pop(0)

    async def send(self, action: bytes) -> None:
        self.writer.write(action)
        await self.writer.drain()

    async def answer(self, action_id: str) -> Mapping[str, str]:
        """The answer to an action of ours; events that come before it are left."""
        while True:
            message = await self.next()
            if "response" in message and "event" not in message and message.get("actionid") == action_id:
                return message


@contextlib.asynccontextmanager
async def connected(address: AmiAddress, *, events: bool) -> AsyncIterator[AmiConnection]:
    """A connection, signed in without sending the secret itself. Raises AmiAway, DialerOdd."""
    try:
        async with asyncio.timeout(address.timeout.total_seconds()):
            tls = ssl.create_default_context() if address.tls else None
            reader, writer = await asyncio.open_connection(address.host, address.port, ssl=tls)
    except (OSError, TimeoutError) as error:
        raise AmiAway(f"{address.host}:{address.port} does not answer ({type(error).__name__})") from None
    connection = AmiConnection(reader, writer, AmiMessages(), [])
    try:
        try:
            async with asyncio.timeout(address.timeout.total_seconds()):
                greeting = await reader.readline()
                if not greeting.startswith(b"Asterisk Call Manager"):
                    raise AmiAway(f"{address.host}:{address.port} is no manager interface of Asterisk")
                await _sign_in(connection, address, events=events)
        except (OSError, TimeoutError, ValueError) as error:
            raise AmiAway(f"{address.host}:{address.port} went away ({type(error).__name__})") from None
        yield connection
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1)


async def _sign_in(connection: AmiConnection, address: AmiAddress, *, events: bool) -> None:
    await connection.send(ami.action("Challenge", [("ActionID", "challenge"), ("AuthType", "MD5")]))
    challenge = (await connection.answer("challenge")).get("challenge", "")
    key = hashlib.md5((challenge + address.secret).encode(), usedforsecurity=False).hexdigest()  # what AMI knows
    login = [("ActionID", "login"), ("AuthType", "MD5"), ("Username", address.user), ("Key", key)]
    await connection.send(ami.action("Login", [*login, ("Events", "call" if events else "off")]))
    if (await connection.answer("login")).get("response") != "Success":
        raise AmiAway("it does not take our name and secret; look at user and secret, and at permit in manager.conf")


@dataclass(frozen=True, slots=True)
class AmiExchange:
    """Places orders."""

    dialer: AmiDialer
    address: AmiAddress

    async def place(self, order: DialOrder) -> Placed:
        """Have it dial. It is asked once: what may have been carried out is not asked again."""
        sent = False
        try:
            action = self.dialer.originate(order)
            async with connected(self.address, events=False) as connection:
                async with asyncio.timeout(self.address.timeout.total_seconds()):
                    sent = True
                    await connection.send(action)
                    return ami.placed(await connection.answer(order.attempt))
        except (NotifierError, OSError, TimeoutError) as error:
            why = str(error) if isinstance(error, NotifierError) else type(error).__name__
            return Placed(Placing.UNKNOWN if sent else Placing.REFUSED, why=why)

    async def close(self) -> None:
        """No connection is kept."""


@dataclass(slots=True)
class AmiListener:
    """Hands on what happens, for as long as it runs; connects anew whenever the connection is lost."""

    address: AmiAddress
    take: Callable[[Mapping[str, str]], Awaitable[None]]
    _wait: float = field(default=_FIRST_WAIT, init=False)

    async def run(self) -> None:
        while True:
            try:
                async with connected(self.address, events=True) as connection:
                    log.info("listening to the exchange", action="dialer_listening")
                    self._wait = _FIRST_WAIT
                    await self._listen(connection)
            except (NotifierError, OSError) as trouble:
                log.warning("the exchange is away", action="dialer_away", error=str(trouble), again_in=self._wait)
            await asyncio.sleep(self._wait)
            self._wait = min(self._wait * 2, _LONGEST_WAIT)

    async def _listen(self, connection: AmiConnection) -> None:
        pings = asyncio.create_task(self._ping(connection), name="ami-pings")
        try:
            while True:
                async with asyncio.timeout(_DEAD):
                    message = await connection.next()
                if message.get("event", "").lower() in ami.OF_INTEREST:
                    await self.take(message)
        except TimeoutError:
            raise AmiAway("it says nothing any more") from None
        finally:
            await tasks.end(pings)

    async def _ping(self, connection: AmiConnection) -> None:
        with contextlib.suppress(OSError):  # whoever reads finds out
            while True:
                await asyncio.sleep(_PING)
                await connection.send(ami.action("Ping"))
