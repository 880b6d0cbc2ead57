"""What is done every so many seconds."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from notifier import tasks
from notifier.clock import TEHRAN

_ENDS = 1  # seconds that what is under way has to come to its end


class PeriodicJobs:
    """Jobs at intervals. A tick that was missed is made up for once, and none runs beside itself."""

    def __init__(self) -> None:
        self.scheduler = AsyncIOScheduler(
            timezone=TEHRAN, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._running: set[asyncio.Task[Any]] = set()
        self._ending = False

    def every(self, seconds: float, job: Callable[[], Awaitable[object]], *, first: datetime | None = None) -> None:
        """Have a job done at this interval, from ``first`` on."""

        @functools.wraps(job)
        async def tick() -> None:
            task = asyncio.current_task()
            assert task is not None
            self._running.add(task)
            try:
                await job()
            except asyncio.CancelledError:
                if not self._ending:
                    raise
            finally:
                self._running.discard(task)

        more = {"next_run_time": first} if first else {}
        self.scheduler.add_job(tick, "interval", seconds=seconds, **more)

    def start(self) -> None:
        self.scheduler.start()

    async def end(self) -> None:
        """Begin nothing more, and be over with what is under way: the scheduler itself would drop it in the middle."""
        self._ending = True
        self.scheduler.pause()
        await asyncio.sleep(0)  # those that were just begun take their first step
        if self._running:
            await asyncio.wait(self._running, timeout=_ENDS)
        await tasks.end(*self._running)
        self.scheduler.shutdown(wait=False)
