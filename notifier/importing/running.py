"""Carrying an import out: many lines in flight, each safe by itself.

Nothing is remembered of a run but what its lines brought about: a line that was committed is known by its content, so a
run that was killed is simply begun again.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from notifier.domain.back_off import back_off, doubling
from notifier.domain.events import Event
from notifier.errors import StoreAway
from notifier.importing.entries import ImportRow
from notifier.importing.resolving import resolved
from notifier.importing.source import FileReading
from notifier.intake.committer import Committer
from notifier.intake.delivery import Clashing, Delivery, Outcome, Recorded, Repeated
from notifier.store.reading import Reader

_IN_FLIGHT = 512
_BREATH = 256  # lines
_ATTEMPTS = 8
_PAUSES = doubling(timedelta(seconds=0.2), timedelta(seconds=25.6))  # while the store is away


@dataclass(slots=True)
class Totals:
    """What an import came to. ``line`` is the last line that was read."""

    line: int = 0
    taken: int = 0
    texts: int = 0
    calls: int = 0
    past: int = 0
    known: int = 0
    waiting: int = 0
    refused: int = 0
    stopped: bool = False


class RefusalSink(Protocol):
    """Where refused lines are written down."""

    def add(self, entry: ImportRow, reason: str) -> None: ...


@dataclass(slots=True)
class Import:
    """One run over one file. ``stop`` ends it after what is in flight."""

    committer: Committer
    reader: Reader
    refused: RefusalSink
    on_progress: Callable[[Totals, int], None]
    attempts: int = _ATTEMPTS
    totals: Totals = field(default_factory=Totals)
    _stopping: bool = False
    _flying: deque[tuple[ImportRow, asyncio.Task[Outcome]]] = field(default_factory=deque)
    _newest: dict[str, asyncio.Task[Outcome]] = field(default_factory=dict)  # by order

    def stop(self) -> None:
        self._stopping = True

    async def run(self, reading: FileReading) -> Totals:
        """Raises StoreAway when the store stays away; what was committed is safe, and the rest is not begun."""
        try:
            for entry in reading.entries:
                if self._stopping:
                    self.totals.stopped = True
                    break
                self.totals.line = entry.line
                if entry.line % _BREATH == 0:
                    await asyncio.sleep(0)  # for whoever wants to stop us, also where no line has to be waited for
                    self.on_progress(self.totals, reading.position)
                entry = await resolved(entry, self.reader)
                if entry.event is None:
                    self._refuse(entry, entry.reason)
                    continue
                # Of one order in turn, so that what it begins with comes first.
                before = self._newest.get(entry.event.order_id)
                task = asyncio.create_task(self._submit(entry.event, entry.digest, before))
                self._newest[entry.event.order_id] = task
                self._flying.append((entry, task))
                if len(self._flying) >= _IN_FLIGHT:
                    await self._land()
            while self._flying:
                await self._land()
            self.on_progress(self.totals, reading.position)
        finally:
            for _, task in self._flying:
                task.cancel()
            await asyncio.gather(*(task for _, task in self._flying), return_exceptions=True)
        return self.totals

    async def _land(self) -> None:
        entry, task = self._flying.popleft()
        outcome, totals = await task, self.totals
        if entry.event is not None and self._newest[entry.event.order_id] is task:
            del self._newest[entry.event.order_id]
        match outcome:
            case Recorded(decision=None):
                totals.waiting += 1
            case Recorded(decision=decision) if decision is not None:
                totals.taken += 1
                totals.past += entry.event is not None and bool(entry.event.past)
                totals.texts += len(decision.messages)
                totals.calls += len(decision.calls)
            case Clashing():
                self._refuse(entry, "this id was imported before with another content; give each event its own id")
            case Repeated() | _:
                totals.known += 1

    def _refuse(self, entry: ImportRow, reason: str) -> None:
        self.totals.refused += 1
        self.refused.add(entry, reason)

    async def _submit(self, event: Event, digest: str, before: "asyncio.Task[Outcome] | None") -> Outcome:
        if before is not None:
            await before
        delivery = Delivery(
            source=event.source,
            event_id=event.id,
            digest=digest,
            order_id=event.order_id,
            phone=event.details.phone,
            events=lambda _: [event],
        )
        for attempt in range(self.attempts):
            try:
                return await self.committer.submit(delivery)
            except StoreAway:
                await asyncio.sleep(back_off(attempt, _PAUSES).total_seconds())
        return await self.committer.submit(delivery)
