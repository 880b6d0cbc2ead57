"""Which browsers of whom are pushed to. What a browser says of itself is looked at before anything is done with it."""

from base64 import urlsafe_b64decode
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from redis.asyncio import Redis

from notifier.errors import NotifierError
from notifier.store import keys as names
from notifier.store import work
from notifier.store.records import as_text, decode
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork

MOST = 5
"""Browsers of one person; one more takes the place of the one that was added first."""

_LONGEST = 1000  # characters of an endpoint: those in use have up to 400
_POINT, _SECRET = 65, 16  # bytes of a browser's public key and secret, RFC 8291
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


class UnusableSubscription(NotifierError):
    """This is no subscription that a browser of ours would make."""


class PushSubscription(Struct, frozen=True, kw_only=True):
    """A browser that is pushed to. ``epoch`` is the account's: who signs out everywhere is pushed to nowhere."""

    staff: str
    epoch: int
    endpoint: str  # whoever knows it may push there, if they have our key as well
    public: bytes
    auth: bytes
    at: int  # unix ms

    @property
    def digest(self) -> str:
        return digest_of(self.endpoint)

    def __repr__(self) -> str:
        return f"<PushSubscription {self.staff} {self.digest}>"


def digest_of(endpoint: str) -> str:
    """What an endpoint is known by here."""
    return sha256(endpoint.encode(errors="replace")).hexdigest()[:20]


def read(fields: Any, *, staff: Staff, at: int, own: Collection[str] = ()) -> PushSubscription:
    """What a browser handed in as ``endpoint``, ``p256dh`` and ``auth``. Raises UnusableSubscription."""
    endpoint = str(fields.get("endpoint", ""))
    if not _is_allowed(endpoint, own):
        raise UnusableSubscription("endpoint must be an https address of a public push service")
    public, auth = _bytes(fields.get("p256dh", "")), _bytes(fields.get("auth", ""))
    if len(public) != _POINT or public[0] != 4 or len(auth) != _SECRET:
        raise UnusableSubscription("p256dh must be a point of P-256 and auth 16 bytes, both in base64url")
    return PushSubscription(staff=staff.id, epoch=staff.epoch, endpoint=endpoint, public=public, auth=auth, at=at)


def origin_of(endpoint: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open network: not ours, not a neighbour's, not the machine's own."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and found in _NAT64:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast and not found.is_reserved


def _is_allowed(endpoint: str, own: Collection[str]) -> bool:
    if not 0 < len(endpoint) <= _LONGEST or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if origin_of(endpoint) in own:
        return True
    if parts.scheme != "https" or parts.username is not None or parts.password is not None or port not in (None, 443):
        return False
    if not host or "\\" in endpoint or parts.fragment:
        return False
    return is_public(host) if _is_address(host) else "." in host.strip(".") and not host.endswith(_LOCAL)


def _is_address(host: str) -> bool:
    """Whether a host is a number rather than a name, in any spelling that a resolver would take for one."""
    last = host.rstrip(".").rpartition(".")[2]
    return ":" in host or last.isdigit() or last.startswith(("0x", "0X"))


def _bytes(text: Any) -> bytes:
    text = str(text).rstrip("=")
    if len(text) > 200 or not text.isascii():
        return b""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


@dataclass(frozen=True, slots=True)
class PushSubscriptions:
    """All of them, in one small hash."""

    redis: Redis

    async def all(self) -> list[PushSubscription]:
        """The ones that were added first, first."""
        found: Any = await self.redis.hgetall(names.PUSH)
        return sorted((decode(raw, PushSubscription) for raw in found.values()), key=lambda one: one.at)

    async def of(self, staff: Staff) -> list[PushSubscription]:
        """The browsers that somebody is pushed to at present."""
        return [one for one in await self.all() if one.staff == staff.id and one.epoch == staff.epoch]

    async def add(self, new: PushSubscription, also: UnitOfWork) -> None:
        """Push to a browser from now on, whoever had it before; ``also`` is done with it."""
        others = [one for one in await self.all() if one.staff == new.staff and one.digest != new.digest]
        unit = UnitOfWork()
        unit.then(also)
        unit.do("HSET", names.PUSH, new.digest, as_text(new))
        past = [one for one in others if one.epoch != new.epoch]
        surplus = [one for one in others if one.epoch == new.epoch]
        gone = [*past, *surplus[: max(0, len(surplus) + 1 - MOST)]]
        if gone:
            unit.do("HDEL", names.PUSH, *(one.digest for one in gone))
        await work.commit(self.redis, [unit])

    async def remove(self, digest: str, also: UnitOfWork | None = None) -> None:
        """Push there no more."""
        unit = UnitOfWork()
        if also is not None:
            unit.then(also)
        unit.do("HDEL", names.PUSH, digest)
        await work.commit(self.redis, [unit])
