"""aiohttp and arq, the worker: an event is written down, its text posted to the provider, and the answer recorded."""

import os

import aiohttp
import job
from arq.connections import RedisSettings


async def startup(ctx):
    ctx["http"] = aiohttp.ClientSession()


async def handle(ctx, event_id, event):
    redis, key = ctx["redis"], f"order:{event['data']['order_id']}"
    if not await redis.set(f"seen:{event_id}", 1, nx=True, ex=job.SEEN_FOR) and ctx["job_try"] == 1:
        return
    words = job.text(event["data"])
    async with redis.pipeline(transaction=True) as pipe:
        await pipe.watch(key)
        stored = await pipe.get(key)
        pipe.multi()
        for command in job.commands(event_id, event, stored, words):
            pipe.execute_command(*command)
        await pipe.execute()
    async with ctx["http"].post(os.environ["PROVIDER"], data=job.form(event, words)) as answer:
        said = await answer.json()
    async with redis.pipeline(transaction=True) as pipe:
        for command in job.settled(event_id, said["entries"][0]):
            pipe.execute_command(*command)
        await pipe.execute()


class WorkerSettings:
    functions = (handle,)
    on_startup = startup
    redis_settings = RedisSettings(unix_socket_path=os.environ["REDIS_SOCKET"])
    max_jobs = 64
    poll_delay = 0.02  # seconds
    keep_result = 0
