"""Sweeps of old data that die, each at another line of the code: ``crashing_sweeps.py URL DATA_DIR TIME DEATHS``.

Prints how many died. The last one is let live.
"""

import asyncio
import os
import random
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from call_fixtures import CALENDAR

from notifier.clock import StillClock
from notifier.config.retention import RetentionConfig
from notifier.retention.archive import Archive
from notifier.retention.sweep import retention
from notifier.store import keys as names
from notifier.store.connect import connect
from notifier.store.reading import Reader
from scheduler.book import CallBook
from scheduler.rules import CallRules

_DEADLY = ("/notifier/retention/", "/notifier/store/work.py", "/notifier/store/roundtrip.py")
_LINES = 9_000  # more than one sweep of the test has


async def sweep(url: str, folder: Path, at: str) -> None:
    redis, clock = await connect(url), StillClock(datetime.fromisoformat(at))
    config = RetentionConfig()
    await redis.delete(names.RETENTION)  # the claim of one that died would hold for ten minutes
    reader = Reader(redis, 1)
    book = CallBook(redis, reader, clock, CallRules(), CALENDAR)
    swept = await retention(config.ages(), config.audit, Archive(folder / "archive"), redis, reader, clock, book).tick()
    assert swept is not None
    await redis.aclose()


def die_at(line: int) -> None:
    """Have this process killed when so many lines of the deadly files were run, in whatever thread."""
    left = line

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if not any(part in frame.f_code.co_filename for part in _DEADLY):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)


def main(url: str, folder: str, at: str, deaths: str) -> None:
    dice, died = random.Random(7), 0
    for number in range(int(deaths) + 1):
        child = os.fork()
        if child == 0:
            if number < int(deaths):
                die_at(dice.randrange(1, _LINES))
            asyncio.run(sweep(url, Path(folder), at))
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status
        died += status != 0
    print("died", died)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
