"""Behind a reverse proxy: who really asks, and whether they came over TLS. Believed of named proxies only."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

Network = IPv4Network | IPv6Network


Original = Callable[[web.Request], web.Request]


def forwarded(original: Original) -> Middleware:
    """Give ``request.remote`` and ``request.scheme`` the meaning they have in front of the proxies."""

    @web.middleware
    async def relay(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(original(request))

    return relay


def original(trusted: Sequence[Network]) -> Original:
    """A request as it came to the proxies.

    The client's address is the rightmost of X-Forwarded-For that is no proxy of ours: what stands left of it the client
    may have written itself.
    """

    @lru_cache(maxsize=4096)
    def ours(address: str) -> bool:
        return within(address, trusted)

    def before(request: web.Request) -> web.Request:
        if not trusted or request.remote is None or not ours(request.remote):
            return request
        hops = [hop.strip() for line in request.headers.getall(hdrs.X_FORWARDED_FOR, ()) for hop in line.split(",")]
        remote = request.remote
        for hop in reversed(hops):
            address = _address(hop)
            if address is None:
                break
            remote = address
            if not ours(address):
                break
        protocols = request.headers.getall(hdrs.X_FORWARDED_PROTO, ())
        scheme = protocols[-1].rpartition(",")[2].strip().lower() if protocols else ""
        return request.clone(remote=remote, scheme=scheme if scheme in ("http", "https") else "http")

    return before


def within(text: str, networks: Iterable[Network]) -> bool:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _address(hop: str) -> str | None:
    """``203.0.113.7``, ``203.0.113.7:1234``, ``2001:db8::1`` or ``[2001:db8::1]:1234`` without its port."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return None
