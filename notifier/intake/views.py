"""The webhooks over HTTP: what a shop posts, and what it is answered."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog
from aiohttp import web
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.config.sources import StandardSource, WooCommerceSource
from notifier.errors import (
    BadSignature,
    Conflict,
    NotFound,
    NotJson,
    OwnerWithoutRights,
    Problem,
    Unprocessable,
    WrongContentType,
)
from notifier.incoming import documents
from notifier.intake import answers
from notifier.intake.dead_letters import Kept
from notifier.intake.delivery import Clashing, Delivery, Outcome, Recorded, Repeated, Unchanged
from notifier.intake.fair_queue import Submits
from notifier.intake.rejections import ODDITIES, SIGNED, Oddity, body_of
from notifier.intake.standard import payload as standard
from notifier.intake.standard import signature as signatures
from notifier.intake.standard.payload import Payload
from notifier.intake.woocommerce import events as woocommerce
from notifier.intake.woocommerce.delivery import Known, delivery, is_silent
from notifier.store.records import encode

log = structlog.get_logger()

LARGEST_BATCH = 500
_AT_ONCE = 25  # events of a batch

Alert = Callable[[str, str], Awaitable[None]]


class Source(Protocol):
    """One shop that posts webhooks, with its own way to sign and to say things."""

    async def receive(self, request: web.Request) -> web.Response:
        """Take one delivery."""

    async def receive_batch(self, request: web.Request) -> web.Response:
        """Take many events with one signature."""

    async def replay(self, kept: Kept) -> bool:
        """Take a kept delivery once more, whatever its signature and age; False when all in it is known.

        Raises Problem when it is refused still.
        """


class StandardShop:
    """A shop that posts our own format, signed as Standard Webhooks."""

    def __init__(self, name: str, config: StandardSource, committer: Submits, clock: Clock) -> None:
        self._name, self._committer, self._clock = name, committer, clock
        self._keys, self._tolerance = [signatures.key(one) for one in config.secrets()], config.tolerance

    async def receive(self, request: web.Request) -> web.Response:
        event_id, body = await self._verified(request)
        status, answer = await self._take(event_id, _digest(body), standard.parse(body))
        return _json(answer, status)

    async def receive_batch(self, request: web.Request) -> web.Response:
        """Each event is known by the delivery's id and its place in it, and answered as if it had come alone."""
        batch_id, body = await self._verified(request)
        events = _array(body)
        parts: list[dict[str, Any]] = []
        refused: list[Oddity] = []
        for place, outcome in enumerate(await self._take_all(batch_id, events)):
            if isinstance(outcome, Problem):
                parts.append(outcome.document())
                part = json.dumps(events[place]).encode()
                refused.append(_refused(outcome, event_id=f"{batch_id}/{place}", body=part))
            else:
                status, answer = outcome
                parts.append({"status": status} | from_json(answer))
        request[ODDITIES] = refused
        return web.json_response(body=encode(parts), status=202)

    async def replay(self, kept: Kept) -> bool:
        """The same way as before; what clashed with another body under its id goes under an id of its own."""
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


class WooCommerceShop:
    """A WooCommerce shop. It never repeats a delivery and gives up after five refusals: what it says is taken as is."""

    def __init__(
        self,
        name: str,
        config: WooCommerceSource,
        committer: Submits,
        clock: Clock,
        *,
        known: Known,
        tell: Alert,
        max_body: int,
    ) -> None:
        """``max_body`` bounds a delivery: one refused as too large counts towards switching the webhook off."""
        self._name, self._committer, self._clock = name, committer, clock
        self._secrets = config.secrets()
        self._rules = config.rules()
        self._known, self._tell, self._max_body = known, tell, max_body

    async def receive(self, request: web.Request) -> web.Response:
        body = await body_of(request, at_most=self._max_body)
        if woocommerce.is_ping(request.headers, body):
            return web.json_response({"ping": True})
        if request.content_type != "application/json":
            raise WrongContentType(f"Post application/json, not {request.content_type}.")
        signature = request.headers.get("X-WC-Webhook-Signature")
        if sum(woocommerce.verify(secret, body, signature) for secret in self._secrets) == 0:
            raise BadSignature("X-WC-Webhook-Signature does not match; the secret must be the webhook's own.")
        request[SIGNED] = True
        try:
            snapshot = woocommerce.parse(body, rules=self._rules)
        except (NotJson, Unprocessable) as problem:  # refused, it would count towards switching the webhook off
            request[ODDITIES] = [_refused(problem, event_id="", body=body)]
            if isinstance(problem, OwnerWithoutRights):
                await self._tell_of_lost_rights(problem)
            return web.json_response({"understood": False, "detail": problem.detail})
        topic, occasion = (
            request.headers.get(name, "").encode("ascii", "replace").decode()
            for name in ("X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID")
        )
        digest, outcome = await self._take(snapshot, body, topic, occasion, self._clock.now())
        if (unknown := self._unknown_status(snapshot)) is not None:
            request[ODDITIES] = [Oddity(status=200, reason=unknown, body=body)]
        if isinstance(outcome, Recorded | Repeated):
            return _json(outcome.answer, 200)
        order = outcome.order if isinstance(outcome, Unchanged) else None
        return _json(answers.unchanged(digest, snapshot.order_id, order), 200)

    async def replay(self, kept: Kept) -> bool:
        """Read with the rules of today; what the shop has said since stands."""
        body = kept.body.encode()
        topic, occasion = (kept.headers.get(name, "") for name in ("x-wc-webhook-topic", "x-wc-webhook-delivery-id"))
        snapshot = woocommerce.parse(body, rules=self._rules)
        if (unknown := self._unknown_status(snapshot)) is not None:
            raise Unprocessable(unknown)
        _, outcome = await self._take(snapshot, body, topic, occasion, kept.at, replayed=kept.status == 200)
        return isinstance(outcome, Recorded)

    async def _tell_of_lost_rights(self, problem: Problem) -> None:
        """Nothing comes of any order until somebody of the shop does something."""
        log.error("the shop posts errors", action="webhook_without_rights", source=self._name, error=problem.detail)
        text = (
            f"فروشگاه «{self._name}» به جای سفارش خطا می‌فرستد: صاحب وب‌هوک دیگر اجازهٔ دیدن سفارش‌ها را ندارد. "
            "مدیر فروشگاه وب‌هوک را در تنظیمات ووکامرس باز و دوباره ذخیره کند."
        )
        with contextlib.suppress(RedisError, OSError):  # it is in the log, and the next delivery tells it again
            await self._tell(f"webhook_rights:{self._name}", text)

    async def _take(
        self,
        snapshot: woocommerce.Snapshot,
        body: bytes,
        topic: str,
        occasion: str,
        received_at: datetime,
        *,
        replayed: bool = False,
    ) -> tuple[str, Outcome]:
        """Commit what is news; the id of the delivery, which is its digest, and what became of it."""
        taken = delivery(
            snapshot,
            body,
            source=self._name,
            topic=topic,
            rules=self._rules,
            received_at=received_at,
            occasion=occasion,
            replayed=replayed,
            silent=await is_silent(snapshot, self._rules, self._known, source=self._name),
        )
        return taken.event_id, await self._committer.submit(taken)

    def _unknown_status(self, snapshot: woocommerce.Snapshot) -> str | None:
        if snapshot.status is None or snapshot.status in self._rules.statuses:
            return None
        return f"The status {snapshot.status!r} is not known: name it in [sources.{self._name}.statuses], then replay."

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
    found = documents.read(body, most=documents.OF_A_BATCH)
    if not isinstance(found, list) or not 0 < len(found) <= LARGEST_BATCH:
        raise Unprocessable(f"A batch is a JSON array of 1 to {LARGEST_BATCH} events.")
    return found


def _refused(problem: Problem, *, event_id: str, body: bytes) -> Oddity:
    return Oddity(status=problem.status, reason=problem.detail, errors=problem.errors, event_id=event_id, body=body)


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def _json(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
