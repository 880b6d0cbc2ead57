"""Background tasks: their end, and one that writes now and then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

_CANCEL_AGAIN = 0.5  # seconds after which a task that is still there is cancelled once more


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel the tasks until each is over; what they raised stays in them.

    More than once if need be: a cancellation that meets the result of `asyncio.wait_for`, or the clean-up of a broken
    connection inside `contextlib.suppress`, gets lost on the way.
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=_CANCEL_AGAIN)


@contextlib.asynccontextmanager
async def writing(write: Callable[[], Awaitable[None]], *, every: float, name: str) -> AsyncIterator[None]:
    """Call ``write`` every so many seconds, and once more at the end of the block."""

    async def run() -> None:
        while True:
            await asyncio.sleep(every)
            await write()

    task = asyncio.create_task(run(), name=name)
    try:
        yield
    finally:
        await end(task)
        await write()
