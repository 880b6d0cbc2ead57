"""A shop of kind ``mapping``: it posts in words of its own, which the configuration explains."""

from dataclasses import dataclass, field

from notifier.errors import Conflict
from notifier.intake.adapter import Found, Proof, Received, ShopAdapter
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.delivery import Delivery
from notifier.intake.mapping import events
from notifier.intake.mapping.rules import MappingRules
from notifier.intake.mapping.signature import Scheme


@dataclass(frozen=True, slots=True)
class MappingShop(ShopAdapter):
    """The shop may post what an order is, at every change: the same again is no news and no 202."""

    unchanged = 200
    no_batch = "Sources of kind mapping take one delivery at a time; there is no batch here."

    scheme: Scheme = field(repr=False)
    rules: MappingRules

    @property
    def kept_headers(self) -> tuple[str, ...]:
        return self.rules.headers

    def verify(self, received: Received) -> Proof:
        return Proof(self.scheme.verify(received.headers, received.body, now=received.at))

    def read(self, received: Received, proof: Proof) -> Found:
        return self._found(received, proof.event_id)

    def replay(self, kept: DeadLetter) -> Found:
        again = kept.status in (200, Conflict.status)
        return self._found(Received.again(kept), kept.event_id or None, replayed=again)

    def _found(self, received: Received, event_id: str | None, *, replayed: bool = False) -> Found:
        reading = events.read(
            received.body,
            received.content_type,
            received.headers,
            self.rules,
            source=self.name,
            received_at=received.at,
            event_id=event_id,
        )
        delivery = Delivery(
            source=self.name,
            event_id=reading.event_id,
            digest=reading.digest,
            order_id=reading.event.order_id,
            phone=reading.event.details.phone,
            events=reading.events,
            replayed=replayed,
        )
        return Found(delivery, self.unnamed(reading.status) if reading.meanings is None else "")
