"""What an import would do, without doing it: decided against the store as it is, and written nowhere.

The orders of the file are held in memory, packed, for its later lines build on its earlier ones.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from notifier.clock import Clock
from notifier.domain.calls import CallRequest
from notifier.domain.events import Event
from notifier.domain.history import settle
from notifier.domain.messages import Message, Via
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.importing.resolving import resolved
from notifier.importing.running import Totals
from notifier.importing.source import FileReading
from notifier.intake.delivery import waits_for_order
from notifier.store.reading import Reader
from notifier.store.records import decode, encode


@dataclass(slots=True, kw_only=True)
class Preview:
    """``reader`` is None where there is no store yet. ``price`` is of a text, in rial."""

    rulebook: Rulebook
    clock: Clock
    reader: Reader | None
    price: Callable[[str, Via], int]
    on_text: Callable[[Message, Order], None]
    on_call: Callable[[CallRequest], None]
    on_refused: Callable[[int, str], None]
    on_progress: Callable[[Totals, int], None]
    totals: Totals = field(default_factory=Totals)
    cost: int = 0
    _orders: dict[str, bytes] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    _waiting: dict[str, list[Event]] = field(default_factory=dict)

    async def run(self, reading: FileReading) -> Totals:
        for entry in reading.entries:
            self.totals.line = entry.line
            entry = await resolved(entry, self.reader)
            if entry.event is None:
                self.totals.refused += 1
                self.on_refused(entry.line, entry.reason)
            else:
                await self._take(entry.line, entry.event, entry.digest)
            if entry.line % 1000 == 0:
                self.on_progress(self.totals, reading.position)
        self.on_progress(self.totals, reading.position)
        return self.totals

    async def _take(self, line: int, event: Event, digest: str) -> None:
        totals, before = self.totals, await self._digest_before(event)
        if before == digest:
            totals.known += 1
            return
        if before is not None:
            totals.refused += 1
            self.on_refused(line, "this id was imported before with another content; give each event its own id")
            return
        self._seen[event.id] = digest
        order = await self._order(event)
        if order is None and waits_for_order(event.details.phone, [event]):
            totals.waiting += 1
            self._waiting.setdefault(event.order_id, []).append(event)
            return
        totals.taken += 1
        totals.past += bool(event.past)
        self._follow(order, event)
        for waited in sorted(self._waiting.pop(event.order_id, ()), key=lambda one: one.at):
            self._follow(decode(self._orders[event.order_id], Order), waited)

    def _follow(self, order: Order | None, event: Event) -> None:
        totals, decision = self.totals, settle(order, [event], self.rulebook, self.clock.now())
        self._orders[event.order_id] = encode(decision.order)
        totals.texts += len(decision.messages)
        totals.calls += len(decision.calls)
        for message in decision.messages:
            self.cost += self.price(message.text, Via.LOOKUP if message.patterns else Via.SEND)
            self.on_text(message, decision.order)
        for call in decision.calls:
            self.on_call(call)

    async def _order(self, event: Event) -> Order | None:
        if (raw := self._orders.get(event.order_id)) is not None:
            return decode(raw, Order)
        return await self.reader.order(event.source, event.order_id) if self.reader else None

    async def _digest_before(self, event: Event) -> str | None:
        """The digest of what came under this id before, in this file or in the store."""
        if event.id in self._seen or self.reader is None:
            return self._seen.get(event.id)
        keys = await self.reader.keys_of(event.source, event.order_id)
        raw: Any = await self.reader.redis.get(keys.seen(event.source, event.id))
        return raw.partition(b"\n")[0].decode() if raw is not None else None
