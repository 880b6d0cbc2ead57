"""Background tasks."""

import asyncio

from notifier import tasks


async def test_what_is_written_now_and_then_is_written_at_the_end() -> None:
    written = asyncio.Event()

    async def write() -> None:
        written.set()

    async with tasks.writing(write, every=0, name="test"):
        await written.wait()
    async with tasks.writing(write, every=3600, name="test"):
        written.clear()
    assert written.is_set()
    assert "test" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_task_that_loses_its_cancellation_ends() -> None:
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while lost < 2:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                lost += 1
        await asyncio.sleep(3600)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await tasks.end(task)
    assert (lost, task.cancelled()) == (2, True)
