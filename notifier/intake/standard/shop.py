"""A shop of kind ``standard`` over HTTP: what it posts, and what it is answered."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web
from pydantic_core import from_json

from notifier.clock import Clock
from notifier.errors import (
    Conflict,
    Problem,
    Unprocessable,
    WrongContentType,
)
from notifier.incoming import documents
from notifier.intake import answers
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.delivery import Clashing, Delivery, Recorded, Repeated, Unchanged
from notifier.intake.fair_queue import Submits
from notifier.intake.rejections import REJECTIONS, SIGNED, Rejection, body_of, rejection
from notifier.intake.standard import payload as standard
from notifier.intake.standard import signature as signatures
from notifier.intake.standard.payload import Payload
from notifier.store.records import encode

LARGEST_BATCH = 500
_AT_ONCE = 25  # events of a batch


class StandardShop:
    """A shop that posts our own format, signed as Standard Webhooks."""

    def __init__(
        self, name: str, secrets: Sequence[str], tolerance: timedelta, committer: Submits, clock: Clock
    ) -> None:
        """``secrets`` are those that a delivery may be signed with."""
        self._name, self._committer, self._clock = name, committer, clock
        self._keys, self._tolerance = [signatures.key(one) for one in secrets], tolerance

    async def receive(self, request: web.Request) -> web.Response:
        event_id, body = await self._verified(request)
        status, answer = await self._take(event_id, _digest(body), standard.parse(body))
        return answers.as_json(answer, status)

    async def receive_batch(self, request: web.Request) -> web.Response:
        """Each event is known by the delivery's id and its place in it, and answered as if it had come alone."""
        batch_id, body = await self._verified(request)
        events = _array(body)
        parts: list[dict[str, Any]] = []
        refused: list[Rejection] = []
        for place, outcome in enumerate(await self._take_all(batch_id, events)):
            if isinstance(outcome, Problem):
                parts.append(outcome.document())
                part = json.dumps(events[place]).encode()
                refused.append(rejection(outcome, event_id=f"{batch_id}/{place}", body=part))
            else:
                status, answer = outcome
                parts.append({"status": status} | from_json(answer))
        request[REJECTIONS] = refused
        return web.json_response(body=encode(parts), status=202)

    async def replay(self, kept: DeadLetter) -> bool:
        """Take a kept delivery as when it came; one whose id came with another body goes under an id of its own."""
        name, body = kept.event_id or f"kept-{kept.id}", kept.body.encode()
        if kept.batch:
            outcomes = await self._take_all(name, _array(body))
            if refused := [outcome for outcome in outcomes if isinstance(outcome, Problem)]:
                raise Unprocessable(f"{len(refused)} of its {len(outcomes)} events are refused: {refused[0].detail}")
            return any(not isinstance(outcome, Problem) and outcome[0] == 202 for outcome in outcomes)
        if kept.status == Conflict.status:
            name = f"{name}~{kept.id}"
        status, _ = await self._take(name, _digest(body), standard.parse(body))
        return status == 202

    async def _take_all(self, batch_id: str, events: list[Any]) -> list[tuple[int, bytes] | Problem]:
        """Every event for itself, in order. Raises what is no fault of the events."""
        taking = []
        for place, document in enumerate(events):
            taking.append(asyncio.create_task(self._take_one(f"{batch_id}/{place}", document)))
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)  # others have their turn between the parts of a large batch
        taken = await asyncio.gather(*taking, return_exceptions=True)
        outcomes: list[tuple[int, bytes] | Problem] = []
        for outcome in taken:
            if isinstance(outcome, BaseException) and not (isinstance(outcome, Problem) and outcome.is_final):
                raise outcome
            outcomes.append(outcome)
        return outcomes

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
            case Unchanged(order=order):
                return 202, answers.unchanged(event_id, event.order_id, order)

    async def _verified(self, request: web.Request) -> tuple[str, bytes]:
        body = await body_of(request)
        if request.content_type != "application/json":
            raise WrongContentType(f"Post application/json, not {request.content_type}.")
        event_id = signatures.verify(
            request.headers, body, *self._keys, now=self._clock.now(), tolerance=self._tolerance
        )
        request[SIGNED] = True
        return event_id, body


def _array(body: bytes) -> list[Any]:
    found = documents.read(body, most=documents.OF_A_BATCH)
    if not isinstance(found, list) or not 0 < len(found) <= LARGEST_BATCH:
        raise Unprocessable(f"A batch is a JSON array of 1 to {LARGEST_BATCH} events.")
    return found


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
