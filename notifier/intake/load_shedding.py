"""A shop's door while more comes than can be stored: whoever cannot be taken is told so before anything is looked at.

Verifying and reading a delivery costs more than all the rest; doing that for those that are then sent away would leave
no time to store the others.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from notifier.errors import Overloaded
from notifier.intake.fair_queue import FairQueue

log = structlog.get_logger()

_QUIET = 1.0  # seconds between two lines about the same


@dataclass(slots=True)
class LoadShedding:
    """Refuses the deliveries of a source at once while its lane in the gate is full."""

    gate: FairQueue
    now: Callable[[], float] = time.monotonic
    _refused: Counter[str] = field(default_factory=Counter)  # by source, since its last line
    _told: dict[str, float] = field(default_factory=dict)

    def admit(self, source: str) -> None:
        """Raises Overloaded where a delivery would be sent away anyhow."""
        try:
            self.gate.admit(source)
        except Overloaded:
            self._refused[source] += 1
            now = self.now()
            if now - self._told.get(source, float("-inf")) >= _QUIET:
                refused, self._told[source] = self._refused.pop(source), now
                log.warning("more comes than is stored", action="overloaded", source=source, refused=refused)
            raise
