"""Addresses with a secret in them are not written to the log."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from redis.exceptions import ConnectionError as RedisAway
from shops import Client
from structlog.testing import capture_logs

from notifier.errors import StoreAway
from notifier.web.problems import problems

TOKEN = "only-the-two-of-us-know"


@pytest.mark.parametrize("trouble", [RedisAway(), StoreAway("away"), RuntimeError("ours")])
async def test_a_secret_address_in_trouble(
    aiohttp_client: Callable[..., Awaitable[Client]], trouble: Exception
) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise trouble

    app = web.Application(middlewares=[problems])
    app.router.add_get("/calendar/{staff}/{token}.ics", handler)
    client = await aiohttp_client(app)
    with capture_logs() as lines:
        assert (await client.get(f"/calendar/sara/{TOKEN}.ics")).status in (500, 503)
    assert [line["path"] for line in lines] == ["/calendar/sara/***.ics"]
