"""A WooCommerce shop's orders over its REST API v3, a page at a time; every trouble is one sentence without a key."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from notifier.errors import NotifierError

_PATH = "/wp-json/wc/v3/orders"
_PER_PAGE = 100  # the most that WordPress gives
_LONGEST = 32 << 20  # bytes of a page
_HOW_TO = "docs/how-to/woocommerce.md says how"


class RestTrouble(NotifierError):
    """The shop did not tell its orders. ``lasting`` says that somebody has to change something."""

    def __init__(self, text: str, *, lasting: bool = False, wait: timedelta = timedelta()) -> None:
        super().__init__(text)
        self.lasting, self.wait = lasting, wait


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """Orders as the shop shows them, the one that changed first coming first."""

    orders: Sequence[Any]
    is_last: bool


class WooCommerceRest:
    """One shop. Connections are made in the running loop at the first call and kept until ``close``."""

    def __init__(self, url: str, key: str, secret: str, *, timeout: timedelta) -> None:
        self._url = url + _PATH
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode(),
            "Accept": "application/json",
            "User-Agent": "notifier",
        }
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds(), connect=10)
        self._session: aiohttp.ClientSession | None = None

    async def orders(self, *, after: datetime, before: datetime, page: int = 1, binned: bool = False) -> OrdersPage:
        """Orders that changed between two moments, neither included: all but those in the bin, or those alone. Raises
        RestTrouble."""
        asked = {
            "modified_after": _gmt(after),
            "modified_before": _gmt(before),
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "per_page": str(_PER_PAGE),
            "page": str(page),
        }
        if binned:
            asked["status"] = "trash"
        status, headers, body = await self._get(asked)
        if status != 200:
            raise self._trouble(status, headers, body)
        orders = _json(body)
        if not isinstance(orders, list):
            raise RestTrouble(
                f"{self._url} answered with no list of orders; look whether a plugin of the shop writes into it."
            )
        # An order that may not be read is left out of its page, so a short page need not be the last one.
        pages = headers.get("X-WP-TotalPages", "")
        return OrdersPage(orders, page >= int(pages) if pages.isdecimal() else len(orders) < _PER_PAGE)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _get(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            # No redirect is followed: it would take the keys elsewhere.
            async with self._session.get(
                self._url, params=asked, headers=self._headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                status, head, body = response.status, dict(response.headers), bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > _LONGEST:
                        break
                else:
                    return status, head, bytes(body)
            kind = f"with more than {_LONGEST >> 20} MiB"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            kind = type(error).__name__
        # Raised out here: an aiohttp exception holds the request with its headers.
        raise RestTrouble(f"{self._url} did not answer as it should ({kind}).")

    def _trouble(self, status: int, headers: dict[str, str], body: bytes) -> RestTrouble:
        answer = _json(body)
        code = answer.get("code") if isinstance(answer, dict) else None
        what = f"{self._url} answered HTTP {status}" + (f" ({code})" if isinstance(code, str) else "")
        match status:
            case 401 | 403:
                return RestTrouble(
                    f"{what}: the shop does not take the REST keys. Make keys with the permission to read under "
                    "WooCommerce, Settings, Advanced, REST API, and look whether the web server hands on the header "
                    f"Authorization; {_HOW_TO}.",
                    lasting=True,
                )
            case 404:
                return RestTrouble(
                    f"{what}: there is no REST API of WooCommerce. Look at rest.url, and set the shop's permalinks to "
                    f"anything but plain; {_HOW_TO}.",
                    lasting=True,
                )
            case 400:
                return RestTrouble(f"{what}: the shop does not understand; WooCommerce 5.8 is needed.", lasting=True)
            case 301 | 302 | 303 | 307 | 308:
                place = urlsplit(headers.get("Location", ""))
                whither = f" to {place.scheme}://{place.hostname}" if place.hostname else ""
                return RestTrouble(f"{what}: it leads on{whither}; write the shop's present address.", lasting=True)
            case _:
                return RestTrouble(f"{what}.", wait=_retry_after(headers))


def _gmt(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _retry_after(headers: dict[str, str]) -> timedelta:
    given = headers.get("Retry-After", "")
    return timedelta(seconds=int(given)) if given.isdecimal() and len(given) < 6 else timedelta()
