"""HTTP as the adapters need it: an answer or the reason why there is none, and no exception that has seen a secret."""

import json as _json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from notifier.sms.providers.base import Failed, Failure, ProviderError

may_post: ContextVar[Callable[[], bool]] = ContextVar("may_post", default=lambda: True)
"""Whether what is about to be posted is ours to post; asked once a connection stands, right before the first byte."""


class _NotOursError(aiohttp.ClientError):
    """What was to be posted may be somebody else's by now."""


class _Connector(aiohttp.TCPConnector):
    """Hands out a connection only to who may still post on it: to make one may have taken long."""

    async def connect(self, *args: Any, **kwargs: Any) -> aiohttp.connector.Connection:
        connection = await super().connect(*args, **kwargs)
        if not may_post.get()():
            connection.close()
            raise _NotOursError
        return connection


NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL, _NotOursError)
"""Failures before a request: refused, unknown host, TLS, no connection in time, or no right to post any more."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. The body is not shown: some servers repeat in it what they were asked, key and all."""

    status: int
    body: bytes = field(repr=False)

    def document(self) -> Any:
        """The body as JSON; None if it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass  # it may be in another encoding, or have what only the standard library reads
        try:
            return _json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why nothing came back; ``maybe_sent`` is False if the request certainly never left."""

    kind: str
    maybe_sent: bool


class TransportError(ProviderError):
    """The provider did not answer, or not as itself; ``maybe_sent`` is False if the request certainly never left."""

    def __init__(self, text: str, *, maybe_sent: bool) -> None:
        self.maybe_sent = maybe_sent
        super().__init__(text)

    def failed(self, *, repeatable: bool = True) -> Failed:
        failure = Failure.RETRY if repeatable or not self.maybe_sent else Failure.UNKNOWN
        return Failed(failure=failure, reason=str(self), maybe_sent=self.maybe_sent)


class Transport:
    """A provider's connections, with time limits. It follows no redirect, and repeats nothing that matters.

    An aiohttp exception knows the URL and its frames know the headers, so none leaves here.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession | None = None,
        *,
        connect_timeout: float = 5,
        timeout: float = 20,
        fresh: bool = False,
    ) -> None:
        """Times are in seconds. Without a session it makes its own at the first call, inside the running loop.

        ``fresh`` gives every call of an own session a new connection: on a kept one that the server has just closed a
        request fails without a word whether it was read, and a doubt is worse than a handshake.
        """
        self._session = session
        self._own_session: aiohttp.ClientSession | None = None
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=connect_timeout)
        self._fresh = fresh

    async def ask(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> HttpAnswer | NoAnswer:
        """One call. A failure is returned: raised here, it would hold frames that know the secrets."""
        every_header = CIMultiDict({"Accept": "application/json"})
        if form is not None:
            every_header["Content-Type"] = "application/x-www-form-urlencoded"
        every_header.update(headers or {})
        try:
            async with self._connected().request(
                method,
                url,
                headers=every_header,
                json=json,
                data=form_body(form) if form is not None else None,
                timeout=self._timeout,
                allow_redirects=False,
                middlewares=(_once,),
            ) as response:
                return HttpAnswer(response.status, await response.read())
        except _LostError as error:
            return NoAnswer(error.kind, maybe_sent=True)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return NoAnswer(type(error).__name__, maybe_sent=not isinstance(error, NEVER_LEFT))

    async def close(self) -> None:
        """Close the session if it is our own; a handed-in one belongs to its giver."""
        if self._own_session is not None:
            await self._own_session.close()
            self._own_session = None

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is not None:
            return self._session
        if self._own_session is None:
            self._own_session = aiohttp.ClientSession(connector=_Connector(force_close=self._fresh))
        return self._own_session


class _LostError(aiohttp.ClientError):
    """The connection broke under a request, by an error of that ``kind``."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp repeats a GET or PUT whose connection breaks, which may send a second SMS: hide that it broke."""
    try:
        return await handler(request)
    except NEVER_LEFT:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _LostError(type(error).__name__) from None


def form_body(form: Mapping[str, str]) -> bytes:
    """A form as a body. Of what is more than ASCII's letters and digits each octet is escaped, as each may be: Persian
    would be all the same, and to look at one after the other is slow in Python."""
    return "&".join([f"{_escaped(name)}={_escaped(value)}" for name, value in form.items()]).encode()


def _escaped(text: str) -> str:
    return text if not text or (text.isascii() and text.isalnum()) else "%" + text.encode().hex("%")


def base_address(text: str, *, section: str) -> str:
    """The address that paths are put behind; raises ValueError naming ``section`` if it is none."""
    if URL(text).scheme not in {"http", "https"}:
        raise ValueError(f"{text!r} is no http(s) address: set base_url in [{section}]")
    return text.rstrip("/")


def number(value: object) -> int | None:
    """An integer that may have come as text."""
    if type(value) is int:
        return value
    try:
        return int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        return None
