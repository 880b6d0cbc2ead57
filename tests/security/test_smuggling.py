"""V13 and V14 of ASVS, HTTP as the world speaks it: where one request ends, proxy and service must not disagree."""

import asyncio
from typing import Any

import pytest
from test_limits import served

from notifier.clock import StillClock
from notifier.service.process import Service

HIDDEN = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
LAST = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
POST = b"POST /webhooks/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
ODD = {
    "both lengths": POST + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked twice": POST + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + b"content-length: 0\r\ncontent-length: 53\r\n\r\n" + HIDDEN,
    "a list of lengths": POST + b"content-length: 0, 53\r\n\r\n" + HIDDEN,
    "a signed length": POST + b"content-length: +0\r\n\r\n" + HIDDEN,
    "a length below nought": POST + b"content-length: -1\r\n\r\n" + HIDDEN,
    "a length in hexadecimal": POST + b"content-length: 0x0\r\n\r\n" + HIDDEN,
    "a length in other digits": POST + "content-length: ٠\r\n\r\n".encode() + HIDDEN,
    "a length with an underscore": POST + b"content-length: 3_6\r\n\r\n" + HIDDEN,
    "a blank before the colon": POST + b"content-length : 53\r\n\r\n" + HIDDEN,
    "a name with a tab": POST + b"transfer-encoding\t: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "xchunked": POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked and more": POST + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + HIDDEN,
    "an odd size of a chunk": POST + b"transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "a size below nought": POST + b"transfer-encoding: chunked\r\n\r\n-1\r\n\r\n" + HIDDEN,
    "a size with an underscore": POST + b"transfer-encoding: chunked\r\n\r\n1_0\r\n\r\n" + HIDDEN,
    "no end of a chunk": POST + b"transfer-encoding: chunked\r\n\r\n1\r\nAA0\r\n\r\n" + HIDDEN,
    "a folded header": POST + b"x: y\r\n content-length: 53\r\n\r\n" + HIDDEN,
    "a bare carriage return": POST + b"x: y\rcontent-length: 53\r\n\r\n" + HIDDEN,
    "a nought in a header": POST + b"x: \x00y\r\n\r\n" + HIDDEN,
    "a name that is none": POST + b"content length: 53\r\n\r\n" + HIDDEN,
    "no name": POST + b": 53\r\n\r\n" + HIDDEN,
    "version 1.1 of something": b"POST /webhooks/shop HTTQ/1.1\r\nhost: x\r\n\r\n" + HIDDEN,
    "no version": b"GET /healthz\r\n\r\n" + HIDDEN,
    "a line in the address": b"GET /healthz\x0b HTTP/1.1\r\nhost: x\r\n\r\n" + HIDDEN,
    "two hosts": b"GET /healthz HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n" + HIDDEN,
}


async def said(port: int, words: bytes) -> bytes:
    """Everything that comes back until the other side hangs up, or has nothing more to say."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(words)
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("words", ODD.values(), ids=ODD.keys())
async def test_what_may_be_read_in_two_ways_is_refused(
    make_config: Any, redis: Any, clock: StillClock, words: bytes
) -> None:
    """The hidden request is either no request at all, or not answered: its answer would be somebody else's."""
    async with served(make_config(server__body_timeout="1s"), clock) as port:
        answered = await said(port, words + LAST)
    assert b"notifier_store_up" not in answered
    assert answered.split()[1] in (b"400", b"401", b"408", b"415"), answered[:300]


async def test_two_honest_requests_are_two(service: Service, clock: StillClock) -> None:
    async with served(service.config, clock) as port:
        answered = await said(port, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" + HIDDEN)
    assert answered.count(b"HTTP/1.1 200") == 2
    assert b"notifier_store_up" in answered


@pytest.mark.parametrize(
    "target", [b"http://evil.example:99999999/healthz", b"http://[/healthz", b"//evil.example/healthz", b"*", b"a:b"]
)
async def test_a_whole_address_as_a_target(service: Service, clock: StillClock, target: bytes) -> None:
    async with served(service.config, clock) as port:
        answered = await said(port, b"GET " + target + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answered.split()[1] in (b"200", b"400", b"404"), answered[:200]
