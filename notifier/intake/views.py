"""The webhooks over HTTP: what a shop posts, and what it is answered."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web
from pydantic_core import from_json

from notifier.clock import Clock
from notifier.config.sections import StandardSource, WooCommerceSource
from notifier.errors import BadSignature, Conflict, NotFound, NotJson, Problem, Unprocessable, WrongContentType
from notifier.intake import answers, standard, woocommerce
from notifier.intake.committer import Clashing, Committer, Delivery, Recorded, Repeated
from notifier.intake.standard import Payload
from notifier.store.records import encode

_LARGEST_BATCH = 500


class Source(Protocol):
    """One shop that posts webhooks, with its own way to sign and to say things."""

    async def receive(self, request: web.Request) -> web.Response:
        """Take one delivery."""

    async def receive_batch(self, request: web.Request) -> web.Response:
        """Take many events with one signature."""


class StandardShop:
    """A shop that posts our own format, signed as Standard Webhooks."""

    def __init__(self, name: str, config: StandardSource, committer: Committer, clock: Clock) -> None:
        self._name, self._committer, self._clock = name, committer, clock
        self._webhook, self._tolerance = standard.webhook(config.secret.value()), config.tolerance

    async def receive(self, request: web.Request) -> web.Response:
        event_id, body = await self._verified(request)
        status, answer = await self._take(event_id, _digest(body), standard.parse(body))
        return _json(answer, status)

    async def receive_batch(self, request: web.Request) -> web.Response:
        """Each event is known by the delivery's id and its place in it, and answered as if it had come alone."""
        batch_id, body = await self._verified(request)
        documents = _array(body)
        taken = await asyncio.gather(
            *(self._take_one(f"{batch_id}/{place}", document) for place, document in enumerate(documents)),
            return_exceptions=True,
        )
        parts: list[dict[str, Any]] = []
        for outcome in taken:
            if isinstance(outcome, Problem) and outcome.status < 500:
                parts.append(outcome.document())
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                status, answer = outcome
                parts.append({"status": status} | from_json(answer))
        return web.json_response(body=encode(parts), status=202)

    async def _take_one(self, event_id: str, document: Any) -> tuple[int, bytes]:
        payload = standard.validate(document)
        return await self._take(event_id, _digest(json.dumps(document).encode()), payload)

    async def _take(self, event_id: str, digest: str, payload: Payload) -> tuple[int, bytes]:
        """Commit one event; the HTTP status and the answer."""
        event = payload.event(source=self._name, event_id=event_id)
        delivery = Delivery(
            source=self._name,
            event_id=event_id,
            digest=digest,
            order_id=event.order_id,
            phone=event.details.phone,
            events=lambda _: [event],
        )
        match await self._committer.submit(delivery):
            case Recorded(answer=answer):
                return 202, answer
            case Repeated(answer=answer):
                return 200, answer
            case Clashing():
                raise Conflict(
                    f"webhook-id {event_id} came before with another body; give each event an id of its own."
                )
            case _:
                return 202, answers.unchanged(event_id, event.order_id)

    async def _verified(self, request: web.Request) -> tuple[str, bytes]:
        if request.content_type != "application/json":
            raise WrongContentType(f"Post application/json, not {request.content_type}.")
        body = await request.read()
        return standard.verify(
            request.headers, body, self._webhook, now=self._clock.now(), tolerance=self._tolerance
        ), body


class WooCommerceShop:
    """A WooCommerce shop. It never repeats a delivery and gives up after five refusals: what it says is taken as is."""

    def __init__(self, name: str, config: WooCommerceSource, committer: Committer, clock: Clock) -> None:
        self._name, self._committer, self._clock = name, committer, clock
        self._secret = config.secret.value()
        self._rules = config.rules()

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if woocommerce.is_ping(request.headers, body):
            return web.json_response({"ping": True})
        if request.content_type != "application/json":
            raise WrongContentType(f"Post application/json, not {request.content_type}.")
        if not woocommerce.verify(self._secret, body, request.headers.get("X-WC-Webhook-Signature")):
            raise BadSignature("X-WC-Webhook-Signature does not match; the secret must be the webhook's own.")
        snapshot = woocommerce.parse(body, rules=self._rules)
        topic = request.headers.get("X-WC-Webhook-Topic", "").encode("ascii", "replace").decode()
        digest = _digest(topic.encode() + b"\n" + body)  # the delivery id is no help: two within a second share it
        outcome = await self._committer.submit(
            Delivery(
                source=self._name,
                event_id=digest,
                digest=digest,
                order_id=snapshot.order_id,
                phone=snapshot.details.phone,
                events=lambda order: woocommerce.events(
                    snapshot,
                    order,
                    self._rules,
                    source=self._name,
                    delivery=digest,
                    topic=topic,
                    received_at=self._clock.now(),
                ),
            )
        )
        if isinstance(outcome, Recorded | Repeated):
            return _json(outcome.answer, 200)
        return _json(answers.unchanged(digest, snapshot.order_id), 200)

    async def receive_batch(self, request: web.Request) -> web.Response:
        raise NotFound("WooCommerce sources take one order at a time; there is no batch here.")


def routes(sources: Mapping[str, Source]) -> list[web.RouteDef]:
    """The webhook routes for these sources."""

    def source(request: web.Request) -> Source:
        name = request.match_info["source"]
        if name not in sources:
            raise NotFound(f"There is no source {name!r}; sources are named in the configuration.")
        return sources[name]

    async def one(request: web.Request) -> web.Response:
        return await source(request).receive(request)

    async def batch(request: web.Request) -> web.Response:
        return await source(request).receive_batch(request)

    return [web.post("/webhooks/{source}", one), web.post("/webhooks/{source}/batch", batch)]


def _array(body: bytes) -> list[Any]:
    try:
        documents = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise NotJson(f"The body is not JSON in UTF-8: {error}") from None
    if not isinstance(documents, list) or not 0 < len(documents) <= _LARGEST_BATCH:
        raise Unprocessable(f"A batch is a JSON array of 1 to {_LARGEST_BATCH} events.")
    return documents


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _json(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
