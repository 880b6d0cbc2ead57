"""A shop's door while more comes than can be stored: whoever cannot be taken is told so before anything is looked at.

Verifying and reading a delivery costs more than all the rest; doing that for those that are then sent away would leave
no time to store the others.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from notifier.errors import Overloaded
from notifier.intake.dead_letters import DeadLetter
from notifier.intake.fair_queue import FairQueue
from notifier.intake.views import Source

log = structlog.get_logger()

_QUIET = 1.0  # seconds between two lines about the same


@dataclass(slots=True)
class LoadShedding:
    """A source whose deliveries are refused at once while its lane in the gate is full."""

    name: str
    source: Source
    gate: FairQueue
    now: Callable[[], float] = time.monotonic
    _refused: int = 0
    _told: float = field(default=float("-inf"))

    async def receive(self, request: web.Request) -> web.Response:
        self._admit()
        return await self.source.receive(request)

    async def receive_batch(self, request: web.Request) -> web.Response:
        self._admit()
        return await self.source.receive_batch(request)

    async def replay(self, kept: DeadLetter) -> bool:
        return await self.source.replay(kept)

    def _admit(self) -> None:
        try:
            self.gate.admit(self.name)
        except Overloaded:
            self._refused += 1
            now = self.now()
            if now - self._told >= _QUIET:
                log.warning("more comes than is stored", action="overloaded", source=self.name, refused=self._refused)
                self._refused, self._told = 0, now
            raise
