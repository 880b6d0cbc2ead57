"""aiohttp and arq: a webhook is verified by the library and put into the queue."""

import asyncio
import os
import sys

import uvloop
from aiohttp import web
from arq import create_pool
from arq.connections import RedisSettings
from standardwebhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["SECRET"])


async def main() -> None:
    pool = await create_pool(RedisSettings(unix_socket_path=os.environ["REDIS_SOCKET"]))

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            event = WEBHOOK.verify(body, dict(request.headers))
        except WebhookVerificationError:
            return web.json_response({}, status=401)
        await pool.enqueue_job("handle", event, _job_id=request.headers["webhook-id"])
        return web.json_response({}, status=202)

    app = web.Application()
    app.router.add_post("/webhooks/shop", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()


uvloop.run(main())
