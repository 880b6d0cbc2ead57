"""The end of a background task."""

import asyncio
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
