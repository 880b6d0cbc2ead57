"""Jobs at intervals, and their end."""

import asyncio
import logging
from datetime import datetime

import pytest
from structlog.testing import capture_logs

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


async def test_one_that_fails_is_one_line_and_done_again() -> None:
    tries: asyncio.Queue[int] = asyncio.Queue()
    count = 0

    async def job() -> None:
        nonlocal count
        count += 1
        tries.put_nowait(count)
        if count < 4:
            raise ConnectionError("the store\nis away") if count < 3 else ValueError("another reason")

    ticks = PeriodicJobs()
    with capture_logs() as told:
        ticks.every(0.01, job)
        ticks.start()
        while await tries.get() < 5:
            pass
        await ticks.end()
    failed = [line for line in told if line.get("action") == "job_failed"]
    assert [(line["error"], line["reason"]) for line in failed] == [
        ("ConnectionError", "the store is away"),  # told once for two failures
        ("ValueError", "another reason"),
    ]
    assert all(line["job"].endswith("job") and line["at"].startswith("test_periodic.py:") for line in failed)
    assert not any("exc_info" in line for line in failed)
