"""The webhooks over HTTP: what a shop posts is read, proved, committed and answered, whatever kind of shop it is.

What each delivery was answered is counted, and what was refused is noted down. That stands inside the middlewares, so
that no other request passes through, and errors have to be turned into answers here.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct
from pydantic_core import from_json
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.errors import NotFound, Problem
from notifier.incoming import heads
from notifier.intake import answers
from notifier.intake.adapter import AnswerAlone, Found, FoundLine, Part, Received, ShopAdapter
from notifier.intake.bank.matching import BankMatching
from notifier.intake.examining import Examined, Examiner
from notifier.intake.load_shedding import LoadShedding
from notifier.intake.rejections import Handled, Rejection, RejectionRecorder, rejection
from notifier.intake.submitting import Submitter
from notifier.store.publishing import Alert
from notifier.store.records import encode
from notifier.web.delivery_counters import DeliveryCounters
from notifier.web.door import AnswerInOneWrite
from notifier.web.problems import PROBLEM, Refusal, refusal_of


class _Answered(Struct, frozen=True):
    """What is said to a request, and what in it was not taken or not understood."""

    status: int
    body: bytes
    rejections: Sequence[Rejection] = ()
    refusal: Refusal | None = None


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
    examiner: Examiner = field(default_factory=Examiner)

    def routes(self) -> list[web.RouteDef]:
        async def one(request: web.Request) -> web.StreamResponse:
            return await self._handle(request.match_info["source"], request)

        async def batch(request: web.Request) -> web.StreamResponse:
            return await self._handle(request.match_info["source"], request, batch=True)

        return [web.post("/webhooks/{source}", one), web.post("/webhooks/{source}/batch", batch)]

    def by_address(self) -> dict[str, Handler]:
        """The handlers of single deliveries by their whole addresses."""
        return {f"/webhooks/{source}": partial(self._handle, source) for source in self.shops}

    async def _handle(self, source: str, request: web.Request, *, batch: bool = False) -> web.StreamResponse:
        shop, received = None, None
        examined: Examined[Any] | None = None
        try:
            shop = self._admitted(source, request, batch=batch)
            received = await self._received(request, shop)
            if batch:
                examined = parts = self.examiner.take(received, shop.verify, shop.read_batch)
                said = await self._many(shop, await parts.found)
            else:
                examined = one = self.examiner.take(received, shop.verify, shop.read)
                said = await self._one(shop, received, await one.found, one.event_id)
        except Exception as error:
            said = _refused(refusal_of(error, request))
        proof = examined.proof if examined else None
        refusal, signed = said.refusal, proof is not None and proof.signed
        self.counters.count(source, said.status, signed=signed)
        if refusal is None and not said.rejections:
            return AnswerInOneWrite(said.status, said.body)
        body = received.body if received and (shop is None or shop.keeps(received.body)) else None
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
                status=said.status,
                refusal=refusal.document if refusal else None,
                rejections=said.rejections,
            )
        )
        if refusal is None:
            return AnswerInOneWrite(said.status, said.body)
        return AnswerInOneWrite(said.status, said.body, headers=refusal.headers, kind=PROBLEM)

    def _admitted(self, source: str, request: web.Request, *, batch: bool) -> ShopAdapter:
        """The shop that may post this. Nothing of the body has been read by then."""
        heads.check(request)
        if (shop := self.shops.get(source)) is None:
            raise NotFound(f"There is no source {source!r}; sources are named in the configuration.")
        self.shedding.admit(source)
        if batch and shop.no_batch:
            raise NotFound(shop.no_batch)
        return shop

    async def _received(self, request: web.Request, shop: ShopAdapter) -> Received:
        most = shop.max_body or request.client_max_size
        if request.content.is_eof():  # nearly always: there is nothing to wait for
            body = request.content.read_nowait()
            if len(body) > most:
                raise web.HTTPRequestEntityTooLarge(most)
        else:
            body = await request.clone(client_max_size=most).read()
        return Received(headers=request.headers, content_type=request.content_type, body=body, at=self.clock.now())

    async def _one(
        self, shop: ShopAdapter, received: Received, found: Found | FoundLine | AnswerAlone, event_id: str
    ) -> _Answered:
        if isinstance(found, AnswerAlone):
            if found.alert:
                with contextlib.suppress(RedisError, OSError):  # it is in the log, and the next delivery tells it again
                    await self.tell(*found.alert)
            refused = [rejection(found.refusal, event_id=event_id, body=received.body)] if found.refusal else []
            return _Answered(200, encode(found.document), refused)
        if isinstance(found, FoundLine):
            return await self._line(shop, found)
        answer = await self.submitter.submit(shop, found.delivery)
        rejections = []
        if found.question:
            rejections.append(Rejection(status=200, reason=found.question, event_id=event_id, body=received.body))
        if isinstance(answer, Problem):
            return _refused(Refusal.of(answer), rejections)
        return _Answered(answer.status, answer.body, rejections)

    async def _line(self, shop: ShopAdapter, found: FoundLine) -> _Answered:
        (taken,) = await self.lines.take(shop.name, [found.line])
        now = await self.lines.book.line(taken.line.id) or taken.line
        return _Answered(shop.taken if taken.is_new else 200, answers.line(taken, now))

    async def _many(self, shop: ShopAdapter, parts: Iterable[Part]) -> _Answered:
        """Each event is answered in its place as if it had come alone."""
        documents, rejections = [], []
        for part, answer in await self.submitter.submit_all(shop, parts):
            if isinstance(answer, Problem):
                documents.append(answer.document())
                rejections.append(rejection(answer, event_id=part.event_id, body=part.body))
            else:
                documents.append({"status": answer.status} | from_json(answer.body))
        return _Answered(202, encode(documents), rejections)


def _refused(refusal: Refusal, rejections: Sequence[Rejection] = ()) -> _Answered:
    return _Answered(refusal.status, refusal.body(), rejections, refusal)
