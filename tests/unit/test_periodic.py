"""Jobs at intervals, and their end."""

import asyncio
import logging
from datetime import datetime

import pytest

from notifier.clock import TEHRAN
from notifier.service.periodic import PeriodicJobs


async def test_what_is_under_way_comes_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    begun, answered, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        await answered.wait()
        done.set()

    ticks = PeriodicJobs()
    ticks.every(3600, job, first=datetime.now(TEHRAN))
    ticks.start()
    await begun.wait()
    asyncio.get_running_loop().call_later(0.01, answered.set)
    await ticks.end()
    assert done.is_set()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_what_does_not_end_is_cancelled_and_nobody_alarmed(caplog: pytest.LogCaptureFixture) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    ticks = PeriodicJobs()
    ticks.every(3600, job, first=datetime.now(TEHRAN))
    ticks.start()
    await begun.wait()
    await ticks.end()
    assert cancelled.is_set()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
