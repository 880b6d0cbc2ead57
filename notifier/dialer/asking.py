"""Asking an exchange over HTTP to dial; whatever happens is an answer."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from notifier.dialer.adapter import HttpDialer
from notifier.domain.dialing import DialOrder, Placed, Placing

_LONGEST = 64 * 1024  # bytes of an answer
_NEVER_SENT = (aiohttp.ClientConnectorError, ValueError)  # the latter for a head or address that cannot be sent


@dataclass(slots=True)
class HttpExchange:
    """Carries orders. Connections are made in the running loop at the first order and kept until ``close``."""

    dialer: HttpDialer
    timeout: timedelta
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)

    async def place(self, order: DialOrder) -> Placed:
        """Have it dial. It is asked once: what may have been carried out is not asked again."""
        request = self.dialer.request(order)
        host = urlsplit(request.url).hostname or ""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            # No redirect is followed: it would take the key elsewhere.
            async with self._session.request(
                request.method,
                request.url,
                headers={"Accept": "application/json", "User-Agent": "notifier", **request.headers},
                json=request.json,
                data=dict(request.form) if request.form is not None else None,
                timeout=aiohttp.ClientTimeout(total=self.timeout.total_seconds()),
                allow_redirects=False,
            ) as response:
                body = await _start(response)
                return self.dialer.placed(response.status, _document(body))
        except _NEVER_SENT as error:
            return Placed(Placing.REFUSED, why=f"{host}: {type(error).__name__}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Placed(Placing.UNKNOWN, why=f"{host}: {type(error).__name__}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _start(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LONGEST:
            return b""
    return bytes(body)


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
