"""Asking a carrier over HTTP; every trouble is one sentence without a key and without a customer."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from notifier.errors import NotifierError
from notifier.intake.carriers.adapter import CarrierOdd, Question

_LONGEST = 4 << 20  # bytes of an answer


class CarrierAway(NotifierError):
    """A carrier did not answer. ``lasting``: somebody has to change something; ``wait`` is what it asked for."""

    def __init__(self, text: str, *, lasting: bool = False, wait: timedelta = timedelta()) -> None:
        super().__init__(text)
        self.lasting, self.wait = lasting, wait


@dataclass(slots=True)
class CarrierClient:
    """Carries questions. Connections are made in the running loop at the first call and kept until ``close``."""

    timeout: timedelta
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)

    async def ask(self, question: Question) -> Any:
        """The document in the answer; None where the parcel is not known. Raises CarrierAway, CarrierOdd."""
        status, kind, body, retry = await self._fetch(question)
        host = urlsplit(question.url).hostname or ""
        if status == 404:
            return None
        if status in (401, 403):
            raise CarrierAway(
                f"{host} answered HTTP {status}: it does not take the key; look at api_key.", lasting=True
            )
        if status == 429 or status >= 500:
            raise CarrierAway(f"{host} answered HTTP {status}.", wait=retry)
        if status != 200:
            raise CarrierOdd(f"{host} answered HTTP {status}", kept={"status": status, "bytes": len(body)})
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise CarrierOdd(
                f"{host} answered with {kind or 'something'} that is no JSON", kept={"type": kind, "bytes": len(body)}
            ) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _fetch(self, question: Question) -> tuple[int, str, bytes, timedelta]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            # No redirect is followed: it would take the key elsewhere.
            async with self._session.request(
                question.method,
                question.url,
                params=dict(question.query) or None,
                headers={"Accept": "application/json", "User-Agent": "notifier", **question.headers},
                json=question.json,
                data=dict(question.form) if question.form is not None else None,
                timeout=aiohttp.ClientTimeout(total=self.timeout.total_seconds(), connect=10),
                allow_redirects=False,
            ) as response:
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > _LONGEST:
                        break
                else:
                    return response.status, response.content_type[:60], bytes(body), _retry_after(response)
            kind = f"more than {_LONGEST >> 20} MiB"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            kind = type(error).__name__
        # Raised out here: an aiohttp exception holds the request with its headers.
        raise CarrierAway(f"{urlsplit(question.url).hostname} did not answer as it should ({kind}).")


def _retry_after(response: aiohttp.ClientResponse) -> timedelta:
    given = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(given)) if given.isdecimal() and len(given) < 6 else timedelta()
