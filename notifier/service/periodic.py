"""What is done every so many seconds."""

import asyncio
import functools
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from notifier import tasks
from notifier.clock import TEHRAN

log = structlog.get_logger()

_SAY_AGAIN = 60.0  # seconds after which the same failure is told once more
_LONG = 30.0  # seconds that a job may be under way before it is told of
_ENDS = 1  # seconds that what is under way has to come to its end

_QUIET = logging.getLogger("notifier.apscheduler")  # the library warns at each tick that finds the last one under way
_QUIET.setLevel(logging.ERROR)


class _Troubles:
    """Tells of a job that fails or does not end: a line, and for the same reason no other for a while; it is tried
    again anyway."""

    def __init__(self, job: str) -> None:
        self._job, self._said, self._again, self._since = job, "", 0.0, 0.0

    def begin(self) -> None:
        self._since = time.monotonic()

    def skip(self) -> None:
        """A tick came while the last one was under way."""
        if time.monotonic() - self._since > _LONG and not self._is_said("under way"):
            log.warning("a periodic job takes long; it is not begun beside itself", action="job_late", job=self._job)

    def tell(self, error: Exception) -> None:
        reason = " ".join(str(error).split())
        if self._is_said(f"{type(error).__name__}: {reason}"):
            return
        frames = traceback.extract_tb(error.__traceback__)
        log.error(
            "a periodic job failed; it is done again at its next time",
            action="job_failed",
            job=self._job,
            error=type(error).__name__,
            reason=reason,
            at=f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "",
        )

    def over(self) -> None:
        self._said = ""

    def _is_said(self, what: str) -> bool:
        now = time.monotonic()
        if what == self._said and now < self._again:
            return True
        self._said, self._again = what, now + _SAY_AGAIN
        return False


class PeriodicJobs:
    """Jobs at intervals, and jobs that wait by themselves until there is something to do. A tick that was missed is
    made up for once, and none runs beside itself."""

    def __init__(self) -> None:
        self.scheduler = AsyncIOScheduler(
            timezone=TEHRAN,
            logger=_QUIET,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self.scheduler.add_listener(self._skipped, EVENT_JOB_MAX_INSTANCES)
        self._troubles: dict[str, _Troubles] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._waiting: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._loops: list[asyncio.Task[None]] = []
        self._ending = False

    def every(self, seconds: float, job: Callable[[], Awaitable[object]], *, first: datetime | None = None) -> None:
        """Have a job done at this interval, from ``first`` on."""
        troubles = _Troubles(_name(job))
        more = {"next_run_time": first} if first else {}
        added = self.scheduler.add_job(self._ticking(job, troubles), "interval", seconds=seconds, **more)
        self._troubles[added.id] = troubles

    def again(self, pause: float, job: Callable[[], Awaitable[object]]) -> None:
        """Have a job that waits by itself done once more so many seconds after it came to its end."""
        tick = self._ticking(job, _Troubles(_name(job)))

        async def over_and_over() -> None:
            while True:
                await tick()
                if self._ending:  # which is how a tick that was cancelled comes to its end
                    return
                await asyncio.sleep(pause)

        self._waiting.append(over_and_over)

    def start(self) -> None:
        self.scheduler.start()
        self._loops = [asyncio.create_task(job(), name="waiting job") for job in self._waiting]

    def _skipped(self, event: JobSubmissionEvent) -> None:
        self._troubles[event.job_id].skip()

    def _ticking(
        self, job: Callable[[], Awaitable[object]], troubles: _Troubles
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """A job that says of its failures and goes on."""

        @functools.wraps(job)
        async def tick() -> None:
            task = asyncio.current_task()
            assert task is not None
            self._running.add(task)
            troubles.begin()
            try:
                await job()
            except asyncio.CancelledError:
                if not self._ending:
                    raise
            except Exception as error:
                troubles.tell(error)
            else:
                troubles.over()
            finally:
                self._running.discard(task)

        return tick

    async def end(self) -> None:
        """Begin nothing more, and be over with what is under way: the scheduler itself would drop it in the middle."""
        self._ending = True
        self.scheduler.pause()
        await asyncio.sleep(0)  # those that were just begun take their first step
        if self._running:
            await asyncio.wait(self._running, timeout=_ENDS)
        await tasks.end(*self._running, *self._loops)
        self.scheduler.shutdown(wait=False)


def _name(job: Callable[[], Awaitable[object]]) -> str:
    return getattr(job, "__qualname__", repr(job))
