"""An aiohttp handler that reads the body and answers 202."""

import asyncio
import sys

import uvloop
from aiohttp import web


async def empty(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({}, status=202)


async def main() -> None:
    app = web.Application()
    app.router.add_post("/webhooks/shop", empty)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()


uvloop.run(main())
