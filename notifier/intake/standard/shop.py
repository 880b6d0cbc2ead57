"""A shop of kind ``standard``: it posts our own format, signed as Standard Webhooks."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from notifier.domain.events import Event
from notifier.errors import Conflict, Problem, Unprocessable
from notifier.incoming import documents
from notifier.intake.adapter import Found, Part, Proof, Received, ShopAdapter
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.delivery import Delivery
from notifier.intake.standard import payload as standard
from notifier.intake.standard import signature as signatures
from notifier.intake.standard import well_formed
from notifier.intake.standard.payload import Payload

LARGEST_BATCH = 500


@dataclass(frozen=True, slots=True)
class StandardShop(ShopAdapter):
    """``keys`` are those that a delivery may be signed with."""

    an_id = "webhook-id"

    keys: Sequence[bytes] = field(repr=False)
    tolerance: timedelta

    def verify(self, received: Received) -> Proof:
        received.require_json()
        headers, body = received.headers, received.body
        return Proof(signatures.verify(headers, body, *self.keys, now=received.at, tolerance=self.tolerance))

    def read(self, received: Received, proof: Proof) -> Found:
        return self._found(proof.event_id or "", received.body)

    def read_batch(self, received: Received, proof: Proof) -> Iterator[Part]:
        """Each event is known by the delivery's id and its place in it."""
        return self._parts(proof.event_id or "", received.body)

    def replay(self, kept: DeadLetter) -> Found | Iterator[Part]:
        """A delivery whose id came with another body goes under an id of its own."""
        name, body = kept.event_id or f"kept-{kept.id}", kept.body.encode()
        if kept.batch:
            return self._parts(name, body)
        return self._found(f"{name}~{kept.id}" if kept.status == Conflict.status else name, body)

    def _found(self, event_id: str, body: bytes) -> Found:
        event = well_formed.read(body, source=self.name, event_id=event_id)
        return Found(self._delivery(event_id, body, event))

    def _parts(self, batch_id: str, body: bytes) -> Iterator[Part]:
        events = documents.read(body, most=documents.OF_A_BATCH)
        if not isinstance(events, list) or not 0 < len(events) <= LARGEST_BATCH:
            raise Unprocessable(f"A batch is a JSON array of 1 to {LARGEST_BATCH} events.")
        return (self._part(f"{batch_id}/{place}", document) for place, document in enumerate(events))

    def _part(self, event_id: str, document: Any) -> Part:
        body, found = json.dumps(document).encode(), _validated(document)
        if isinstance(found, Problem):
            return Part(event_id, body, found)
        return Part(event_id, body, self._delivery(event_id, body, found.event(source=self.name, event_id=event_id)))

    def _delivery(self, event_id: str, body: bytes, event: Event) -> Delivery:
        return Delivery(
            source=self.name,
            event_id=event_id,
            digest=hashlib.blake2b(body, digest_size=16).hexdigest(),
            order_id=event.order_id,
            phone=event.details.phone,
            events=lambda _: [event],
        )


def _validated(document: Any) -> Payload | Problem:
    try:
        return standard.validate(document)
    except Problem as problem:
        return problem
