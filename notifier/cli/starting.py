"""The start of a service: what it needs and is not there yet is waited for, with longer and longer pauses, and told."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from notifier import tasks
from notifier.cli import systemd
from notifier.domain.back_off import back_off, doubling
from notifier.errors import NotifierError
from notifier.service.process import Service
from notifier.store import unavailable
from notifier.store.unavailable import StoreRefuses
from notifier.web.holding import HoldingDoor

log = structlog.get_logger()

LIFELINE = "NOTIFIER_LIFELINE"
"""The file descriptor of a pipe that closes when the parent of ``--workers``, which holds its other end, is gone."""

WAITS = doubling(timedelta(seconds=0.25), timedelta(seconds=5))
"""Between tries: what comes back is found soon, also after an hour."""

_SAY_AGAIN = 60.0  # seconds after which the same reason is told once more
_PATIENCE = 3.0  # seconds that a start may take before somebody answers at the door


@dataclass(slots=True)
class Waiting:
    """Tells what is waited for: at once, whenever the reason changes, and now and then."""

    tell: Callable[[str, int], None]
    tries: int = 0
    _said: str = ""
    _again: float = field(default=0.0)

    def because(self, reason: str) -> float:
        """Tell of one more try that failed; returns the seconds until the next."""
        pause = back_off(self.tries, WAITS).total_seconds()
        self.tries += 1
        now = time.monotonic()
        if reason != self._said or now >= self._again:
            self.tell(reason, self.tries)
            systemd.notify(status=f"Waiting: {reason}")
            self._said, self._again = reason, now + _SAY_AGAIN
        return pause


def port_awaited(reason: str, tries: int) -> None:
    log.warning("waiting for the port", action="port_awaited", reason=reason, tries=tries)


def _store_awaited(reason: str, tries: int) -> None:
    log.warning("waiting for the store", action="store_awaited", reason=reason, tries=tries)


async def started(make: Callable[[], Service], door: HoldingDoor, stop: asyncio.Event) -> Service | None:
    """A service that has started, however long its store takes; None when we are told to stop before.

    Raises NotifierError for what only a person can mend.
    """
    waiting = Waiting(_store_awaited)
    while not stop.is_set():
        service = make()
        try:
            if await _unless(stop, _behind(door, service)):
                return service
        except Exception as error:
            away = unavailable.of(error)
            if away is None:
                raise
            if isinstance(away, StoreRefuses):
                raise away from error
            door.reason = str(away)
            await door.open()
            await pause(waiting.because(str(away)), stop)
    return None


async def _behind(door: HoldingDoor, service: Service) -> None:
    """Start it; somebody answers at the door when that takes long."""

    async def knock() -> None:
        await asyncio.sleep(_PATIENCE)
        systemd.notify(status="Waiting for the store to be opened")
        await door.open()

    knocking = asyncio.create_task(knock(), name="door")
    try:
        await service.__aenter__()
    finally:
        await tasks.end(knocking)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Whether the work was done before we were told to stop; it is given up then."""
    task, told = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([task, told], return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not task.done():
            await tasks.end(task)
        await tasks.end(told)
    if task.cancelled():
        return False
    task.result()
    return True


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Wait, unless we are told to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


@contextlib.asynccontextmanager
async def held_by_parent(stop: asyncio.Event) -> AsyncIterator[None]:
    """Stop when the process is gone that started us among ``--workers``: nobody else would ever end us."""
    if not (number := os.environ.get(LIFELINE)):
        yield
        return
    lifeline, loop = int(number), asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(lifeline)
        log.error("the process that started us is gone; we end too", action="parent_gone")
        stop.set()

    loop.add_reader(lifeline, gone)
    try:
        yield
    finally:
        loop.remove_reader(lifeline)


def exit_code(error: Exception) -> int:
    """2 for what a person must mend before starting again is any use, 75 (try again later) for what may pass."""
    away = unavailable.of(error)
    if away is not None and not isinstance(away, StoreRefuses):
        return 75
    return 2 if away is not None or isinstance(error, NotifierError) else 1
