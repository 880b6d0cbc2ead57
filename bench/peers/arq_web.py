"""aiohttp and arq, the door: a webhook is verified, validated and put into the queue."""

import asyncio
import os
import sys

import job
import uvloop
from aiohttp import web
from arq import create_pool
from arq.connections import RedisSettings
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["SECRET"])


async def main() -> None:
    pool = await create_pool(RedisSettings(unix_socket_path=os.environ["REDIS_SOCKET"]))

    async def receive(request: web.Request) -> web.Response:
        body, event_id = await request.read(), request.headers["webhook-id"]
        try:
            WEBHOOK.verify(body, dict(request.headers))
            event = job.Payload.model_validate_json(body)
        except WebhookVerificationError:
            return web.json_response({}, status=401)
        except ValidationError as error:
            return web.json_response(error.errors(), status=422)
        await pool.enqueue_job("handle", event_id, event.model_dump(mode="json"), _job_id=event_id)
        return web.json_response({}, status=202)

    app = web.Application()
    app.router.add_post("/webhooks/shop", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()


uvloop.run(main())
