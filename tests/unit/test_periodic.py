"""Jobs at intervals, and their end."""

import asyncio
import logging
from datetime import datetime

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
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


async def test_one_that_waits_by_itself_is_begun_again_and_nothing_is_said_of_that(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun: asyncio.Queue[int] = asyncio.Queue()
    answers: asyncio.Queue[None] = asyncio.Queue()
    count = running = 0

    async def job() -> None:
        nonlocal count, running
        count, running = count + 1, running + 1
        assert running == 1
        begun.put_nowait(count)
        try:
            await answers.get()
        finally:
            running -= 1
        if count == 2:
            raise ConnectionError("the messenger is away")

    ticks = PeriodicJobs()
    ticks.again(0, job)
    ticks.start()
    with capture_logs() as lines:
        for number in (1, 2, 3):
            assert await begun.get() == number
            answers.put_nowait(None)
        assert await begun.get() == 4
    await ticks.end()
    assert (count, running) == (4, 0)
    assert [line["action"] for line in lines] == ["job_failed"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_one_that_rests_between_ends_at_once() -> None:
    begun = asyncio.Event()

    async def job() -> None:
        begun.set()

    ticks = PeriodicJobs()
    ticks.again(3600, job)
    ticks.start()
    await begun.wait()
    await ticks.end()
    assert all(loop.done() for loop in ticks._loops)


async def test_one_that_takes_long_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    skips, ended = 0, asyncio.Event()
    skipped: asyncio.Queue[int] = asyncio.Queue()
    monkeypatch.setattr("notifier.service.periodic._LONG", 0.0)

    def count(_: object) -> None:
        nonlocal skips
        skips += 1
        skipped.put_nowait(skips)

    ticks = PeriodicJobs()
    with capture_logs() as told:
        ticks.every(0.01, ended.wait)
        ticks.scheduler.add_listener(count, EVENT_JOB_MAX_INSTANCES)
        ticks.start()
        while await skipped.get() < 3:
            pass
        ended.set()
        await ticks.end()
    assert [(line["action"], line["job"]) for line in told] == [("job_late", "Event.wait")]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
