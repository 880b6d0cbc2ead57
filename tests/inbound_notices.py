"""What open pages of the console are told of somebody who calls the shop."""

import asyncio
import json

from console_browser import Browser
from shops import Client


async def first_inbound(client: Client, browser: Browser) -> dict[str, str]:
    """What an open page is told of somebody who calls."""
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with asyncio.timeout(60), client.get("/console/live", headers={"Cookie": cookie}) as stream:
        async for line in stream.content:
            if line == b"event: inbound\n":
                told: dict[str, str] = json.loads((await stream.content.readline()).removeprefix(b"data: "))
                return told
    raise AssertionError("the stream ended")
