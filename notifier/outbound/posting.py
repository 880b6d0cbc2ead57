"""How an endpoint of the shop's is told: over HTTP, once."""

import asyncio
from datetime import datetime

import aiohttp

from notifier.outbound import signing
from notifier.outbound.endpoint import Endpoint, EndpointAnswer, retry_after


def session() -> aiohttp.ClientSession:
    """Connections to endpoints: no cookies kept, no proxy or password taken from the environment."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": "order-notifier"}, trust_env=False
    )


async def post(
    connections: aiohttp.ClientSession, endpoint: Endpoint, event_id: str, body: bytes, *, now: datetime
) -> EndpointAnswer:
    """Post news once. Redirects are not followed: nobody but the configuration says where news goes."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with connections.post(
            endpoint.url,
            data=body,
            headers=signing.headers(endpoint.secrets, event_id, body, at=now),
            timeout=aiohttp.ClientTimeout(total=endpoint.terms.timeout.total_seconds()),
            allow_redirects=False,
        ) as response:
            wait = retry_after(response.headers.get("Retry-After"), now)
            return EndpointAnswer(loop.time() - begun, status=response.status, retry_after=wait)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return EndpointAnswer(loop.time() - begun, error=type(error).__name__)  # its text may hold the address
