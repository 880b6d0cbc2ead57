"""The webhooks over HTTP: what a shop posts is read, proved, committed and answered, whatever kind of shop it is.

What each delivery was answered is counted, and what was refused is noted down. That stands inside the middlewares, so
that no other request passes through, and errors have to be turned into answers here.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.errors import NotFound, Problem
from notifier.incoming import heads
from notifier.intake import answers
from notifier.intake.adapter import AnswerAlone, FoundLine, Proof, Received, ShopAdapter
from notifier.intake.bank.matching import BankMatching
from notifier.intake.load_shedding import LoadShedding
from notifier.intake.rejections import Handled, Rejection, RejectionRecorder, rejection
from notifier.intake.submitting import Submitter
from notifier.store.publishing import Alert
from notifier.store.records import encode
from notifier.web.delivery_counters import DeliveryCounters
from notifier.web.problems import Refusal, refusal_of


@dataclass(frozen=True, slots=True)
class _Answered:
    """What is said to a request, and what in it was not taken or not understood."""

    answer: web.Response | Refusal
    rejections: Sequence[Rejection] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Answers every shop. ``tell`` tells supervisors."""

    shops: Mapping[str, ShopAdapter]
    shedding: LoadShedding
    submitter: Submitter
    clock: Clock
    recorder: RejectionRecorder
    counters: DeliveryCounters
    tell: Alert
    lines: BankMatching

    def routes(self) -> list[web.RouteDef]:
        async def one(request: web.Request) -> web.Response:
            return await self._handle(request, batch=False)

        async def batch(request: web.Request) -> web.Response:
            return await self._handle(request, batch=True)

        return [web.post("/webhooks/{source}", one), web.post("/webhooks/{source}/batch", batch)]

    async def _handle(self, request: web.Request, *, batch: bool) -> web.Response:
        shop, received, proof = None, None, None
        try:
            shop = self._admitted(request, batch=batch)
            received = await self._received(request, shop)
            proof = shop.verify(received)
            said = await (self._many if batch else self._one)(shop, received, proof)
        except Exception as error:
            said = _Answered(refusal_of(error, request))
        answer = said.answer
        refusal, response = (answer, answer.response()) if isinstance(answer, Refusal) else (None, answer)
        source, signed = request.match_info["source"], proof is not None and proof.signed
        body = received.body if received and (shop is None or shop.keeps(received.body)) else None
        self.counters.count(source, response.status, signed=signed)
        if refusal is None and not said.rejections:
            return response
        self.recorder.record(
            Handled(
                source=source,
                path=request.path,
                remote=request.remote,
                headers=request.headers,
                kept_headers=shop.kept_headers if shop else (),
                size=request.content_length,
                body=body,
                signed=signed,
                status=response.status,
                refusal=refusal.document if refusal else None,
                rejections=said.rejections,
            )
        )
        return response

    def _admitted(self, request: web.Request, *, batch: bool) -> ShopAdapter:
        """The shop that may post this. Nothing of the body has been read by then."""
        heads.check(request)
        source = request.match_info["source"]
        if (shop := self.shops.get(source)) is None:
            raise NotFound(f"There is no source {source!r}; sources are named in the configuration.")
        self.shedding.admit(source)
        if batch and shop.no_batch:
            raise NotFound(shop.no_batch)
        return shop

    async def _received(self, request: web.Request, shop: ShopAdapter) -> Received:
        reading = request if shop.max_body is None else request.clone(client_max_size=shop.max_body)
        body = await reading.read()
        return Received(headers=request.headers, content_type=request.content_type, body=body, at=self.clock.now())

    async def _one(self, shop: ShopAdapter, received: Received, proof: Proof) -> _Answered:
        found, event_id = shop.read(received, proof), proof.event_id or ""
        if isinstance(found, AnswerAlone):
            if found.alert:
                with contextlib.suppress(RedisError, OSError):  # it is in the log, and the next delivery tells it again
                    await self.tell(*found.alert)
            refused = [rejection(found.refusal, event_id=event_id, body=received.body)] if found.refusal else []
            return _Answered(web.json_response(found.document), refused)
        if isinstance(found, FoundLine):
            return _Answered(await self._line(shop, found))
        answer = await self.submitter.submit(shop, found.delivery)
        rejections = []
        if found.question:
            rejections.append(Rejection(status=200, reason=found.question, event_id=event_id, body=received.body))
        if isinstance(answer, Problem):
            return _Answered(Refusal.of(answer), rejections)
        body = web.Response(body=answer.body, status=answer.status, content_type="application/json")
        return _Answered(body, rejections)

    async def _line(self, shop: ShopAdapter, found: FoundLine) -> web.Response:
        (taken,) = await self.lines.take(shop.name, [found.line])
        now = await self.lines.book.line(taken.line.id) or taken.line
        status = shop.taken if taken.is_new else 200
        return web.Response(body=answers.line(taken, now), status=status, content_type="application/json")

    async def _many(self, shop: ShopAdapter, received: Received, proof: Proof) -> _Answered:
        """Each event is answered in its place as if it had come alone."""
        documents, rejections = [], []
        for part, answer in await self.submitter.submit_all(shop, shop.read_batch(received, proof)):
            if isinstance(answer, Problem):
                documents.append(answer.document())
                rejections.append(rejection(answer, event_id=part.event_id, body=part.body))
            else:
                documents.append({"status": answer.status} | from_json(answer.body))
        return _Answered(web.json_response(body=encode(documents), status=202), rejections)
