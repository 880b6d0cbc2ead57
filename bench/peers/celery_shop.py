"""FastAPI and Celery. The door verifies, validates and puts an event into the queue; the worker writes it down, posts
its text to the provider and records the answer."""

import os

import job
import redis
import requests
from celery import Celery
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["SECRET"])
queue = Celery("shop", broker=f"redis+socket://{os.environ['REDIS_SOCKET']}")
queue.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64, task_acks_late=True)
app = FastAPI()
http, store = requests.Session(), redis.Redis(unix_socket_path=os.environ["REDIS_SOCKET"])


@queue.task(name="handle")
def handle(event_id, event):
    key = f"order:{event['data']['order_id']}"
    if not store.set(f"seen:{event_id}", 1, nx=True, ex=job.SEEN_FOR):
        return
    words = job.text(event["data"])
    with store.pipeline(transaction=True) as pipe:
        pipe.watch(key)
        stored = pipe.get(key)
        pipe.multi()
        for command in job.commands(event_id, event, stored, words):
            pipe.execute_command(*command)
        pipe.execute()
    said = http.post(os.environ["PROVIDER"], data=job.form(event, words)).json()
    with store.pipeline(transaction=True) as pipe:
        for command in job.settled(event_id, said["entries"][0]):
            pipe.execute_command(*command)
        pipe.execute()


@app.post("/webhooks/shop")
async def receive(request: Request) -> Response:
    body, event_id = await request.body(), request.headers["webhook-id"]
    try:
        WEBHOOK.verify(body, dict(request.headers))
        event = job.Payload.model_validate_json(body)
    except WebhookVerificationError:
        return Response(status_code=401)
    except ValidationError as error:
        return Response(error.json(), status_code=422)
    handle.apply_async((event_id, event.model_dump(mode="json")), task_id=event_id)
    return Response(b"{}", status_code=202, media_type="application/json")
