"""A shop of kind ``mapping`` over HTTP: what it posts, and what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from notifier.clock import Clock
from notifier.errors import Conflict, NotFound, Unprocessable
from notifier.intake import answers
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.delivery import Clashing, Delivery, Outcome, Recorded, Repeated, Unchanged
from notifier.intake.fair_queue import Submits
from notifier.intake.mapping import events
from notifier.intake.mapping.events import Reading
from notifier.intake.mapping.rules import MappingRules
from notifier.intake.mapping.signature import Scheme
from notifier.intake.rejections import KEPT_HEADERS, REJECTIONS, SIGNED, Rejection, body_of


@dataclass(frozen=True, slots=True)
class MappingShop:
    """A shop that posts in words of its own, which the configuration explains."""

    name: str
    scheme: Scheme
    rules: MappingRules
    committer: Submits
    clock: Clock

    async def receive(self, request: web.Request) -> web.Response:
        request[KEPT_HEADERS] = self.rules.headers
        body = await body_of(request)
        event_id = self.scheme.verify(request.headers, body, now=self.clock.now())
        request[SIGNED] = True
        reading = self._read(body, request.content_type, request.headers, self.clock.now(), event_id)
        outcome = await self._commit(reading)
        if words := self._unknown(reading):
            oddity = Rejection(status=200, reason=words, event_id=event_id or "", body=body)
            request[REJECTIONS] = [oddity]
        match outcome:
            case Recorded(answer=answer):
                return web.Response(body=answer, status=202, content_type="application/json")
            case Repeated(answer=answer):
                return web.Response(body=answer, content_type="application/json")
            case Clashing():
                raise Conflict(
                    f"The id {reading.event_id} came before with another body; give each event an id of its own."
                )
            case Unchanged(order=order):
                answer = answers.unchanged(reading.event_id, reading.event.order_id, order)
                return web.Response(body=answer, content_type="application/json")

    async def receive_batch(self, request: web.Request) -> web.Response:
        raise NotFound("Sources of kind mapping take one delivery at a time; there is no batch here.")

    async def replay(self, kept: DeadLetter) -> bool:
        """Read with the mapping of today."""
        content_type = kept.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        reading = self._read(kept.body.encode(), content_type, kept.headers, kept.at, kept.event_id or None)
        if words := self._unknown(reading):
            raise Unprocessable(words)
        outcome = await self._commit(reading, replayed=kept.status in (200, Conflict.status))
        return isinstance(outcome, Recorded)

    def _read(
        self, body: bytes, content_type: str, headers: Mapping[str, str], at: datetime, event_id: str | None
    ) -> Reading:
        return events.read(body, content_type, headers, self.rules, source=self.name, received_at=at, event_id=event_id)

    async def _commit(self, reading: Reading, *, replayed: bool = False) -> Outcome:
        return await self.committer.submit(
            Delivery(
                source=self.name,
                event_id=reading.event_id,
                digest=reading.digest,
                order_id=reading.event.order_id,
                phone=reading.event.details.phone,
                events=reading.events,
                replayed=replayed,
            )
        )

    def _unknown(self, reading: Reading) -> str:
        """A sentence for a status that nobody has named; it sends nothing."""
        if reading.meanings is not None:
            return ""
        return f"The status {reading.status!r} is not known: name it in [sources.{self.name}.statuses], then replay."
