"""Who asks, as told by proxies: only by those that are named, and only what they saw themselves."""

from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from notifier.web.proxies import forwarded, original

OURS = [ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


class Wire:
    """A connection from somewhere."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self._peer, 5000) if name == "peername" else default

    def is_closing(self) -> bool:
        return False


async def seen(peer: str, *headers: tuple[str, str]) -> tuple[str | None, str]:
    """Address and scheme as a handler sees them."""
    request = make_mocked_request("GET", "/", headers=list(headers), transport=Wire(peer))  # type: ignore[arg-type]

    async def handler(relayed: web.Request) -> web.StreamResponse:
        return web.Response(text=f"{relayed.remote} {relayed.scheme}")

    answer = await forwarded(original(OURS))(request, handler)
    assert isinstance(answer, web.Response)
    remote, scheme = str(answer.text).split(" ")
    return remote, scheme


FOR, PROTO = "X-Forwarded-For", "X-Forwarded-Proto"


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "203.0.113.7"),  # the first was written by the client
        ("127.0.0.1, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.1.2.3", "203.0.113.7"),  # two proxies of ours
        ("203.0.113.7,10.1.2.3 , 10.9.9.9", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("10.1.2.3", "10.1.2.3"),  # somebody at our own
        ("nonsense", "127.0.0.1"),
        ("203.0.113.7, nonsense", "127.0.0.1"),
        ("203.0.113.7, unknown, 10.1.2.3", "10.1.2.3"),
        ("", "127.0.0.1"),
        (",,,", "127.0.0.1"),
    ],
)
async def test_the_rightmost_address_that_is_no_proxy(chain: str, address: str) -> None:
    assert await seen("127.0.0.1", (FOR, chain)) == (address, "http")


async def test_several_lines_are_one_chain() -> None:
    assert (await seen("127.0.0.1", (FOR, "1.1.1.1"), (FOR, "203.0.113.7")))[0] == "203.0.113.7"


@pytest.mark.parametrize("peer", ["203.0.113.9", "127.0.0.2", "2001:db8::1"])
async def test_a_stranger_is_believed_nothing(peer: str) -> None:
    assert await seen(peer, (FOR, "10.1.2.3"), (PROTO, "https")) == (peer, "http")


@pytest.mark.parametrize("peer", ["::ffff:127.0.0.1", "fd00::1", "10.255.255.255"])
async def test_a_proxy_in_any_writing(peer: str) -> None:
    assert await seen(peer, (FOR, "203.0.113.7"), (PROTO, "https")) == ("203.0.113.7", "https")


@pytest.mark.parametrize(
    ("told", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("https, http", "http"), ("x", "http")],
)
async def test_the_scheme_is_what_the_nearest_proxy_says(told: str, scheme: str) -> None:
    assert (await seen("127.0.0.1", (PROTO, told)))[1] == scheme
