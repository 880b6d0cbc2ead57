"""FastAPI and Celery: a webhook is verified by the library and put into the queue."""

import os

from celery import Celery
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook, WebhookVerificationError

WEBHOOK = Webhook(os.environ["SECRET"])
queue = Celery("shop", broker=f"redis+socket://{os.environ['REDIS_SOCKET']}")
app = FastAPI()


@queue.task
def handle(event: dict[str, object]) -> None:
    """What a worker would do; none runs here."""


@app.post("/webhooks/shop")
async def receive(request: Request) -> Response:
    body = await request.body()
    try:
        event = WEBHOOK.verify(body, dict(request.headers))
    except WebhookVerificationError:
        return Response(status_code=401)
    handle.apply_async((event,), task_id=request.headers["webhook-id"])
    return Response(b"{}", status_code=202, media_type="application/json")
