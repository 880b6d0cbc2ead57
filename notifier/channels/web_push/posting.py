"""How a push service is posted to, once; and that nothing of our own network is, whatever a browser named."""

import socket
from collections.abc import Collection
from datetime import datetime, timedelta

import aiohttp

from notifier.channels.web_push import encryption
from notifier.channels.web_push.answer import BAD_KEY, PRIVATE, PushAnswer
from notifier.channels.web_push.notices import PushNotice
from notifier.channels.web_push.subscriptions import PushSubscription, is_public, origin_of
from notifier.channels.web_push.vapid import VapidKeys
from notifier.errors import NotifierError
from notifier.store.records import encode

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_LONGEST_WAIT = timedelta(hours=1)


class PrivateAddress(NotifierError, OSError):
    """The name of a push service led into a private network."""


class PushPoster:
    """Posts to push services. ``own`` are the origins of ones that may be anywhere."""

    def __init__(self, keys: VapidKeys, subject: str, own: Collection[str] = ()) -> None:
        self._keys, self._subject, self._own = keys, subject, frozenset(own)
        self._public = _session(aiohttp.TCPConnector(socket_factory=_public_socket, limit=20))
        self._anywhere = _session(aiohttp.TCPConnector(limit=20)) if own else self._public

    async def close(self) -> None:
        await self._public.close()
        await self._anywhere.close()

    async def post(self, to: PushSubscription, notice: PushNotice, *, now: datetime, lives: timedelta) -> PushAnswer:
        """Post once. Redirects are not followed."""
        said = encode({"title": notice.title, "body": notice.body, "path": notice.path, "tag": notice.id})
        try:
            body = encryption.encrypted(said, public=to.public, auth=to.auth)
        except ValueError:
            return PushAnswer(error=BAD_KEY)
        headers = {
            "Authorization": self._keys.authorization(to.endpoint, self._subject, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(lives.total_seconds())),
            "Urgency": "high",
        }
        session = self._anywhere if origin_of(to.endpoint) in self._own else self._public
        try:
            async with session.post(
                to.endpoint, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                return PushAnswer(status=response.status, retry_after=_wait(response.headers.get("Retry-After")))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            cause = getattr(error, "os_error", error)
            refused = isinstance(cause, PrivateAddress) or PRIVATE in str(cause)
            return PushAnswer(error=PRIVATE if refused else type(error).__name__)  # its text may hold the address


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "order-notifier"},
        trust_env=False,
    )


def _public_socket(found: aiohttp.AddrInfoType) -> socket.socket:
    """A socket towards the address that a name turned out to be, at the moment it is used."""
    family, kind, protocol, _, address = found
    if not is_public(str(address[0])):
        raise PrivateAddress(PRIVATE)
    return socket.socket(family, kind, protocol)


def _wait(text: str | None) -> timedelta | None:
    """How long a service wants to be left alone, where it says so in seconds."""
    return min(timedelta(seconds=int(text)), _LONGEST_WAIT) if text and text.isdecimal() and len(text) < 9 else None
