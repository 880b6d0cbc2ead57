"""A process that ticks the calls of a Redis over and over, at a time that stands: ``reminders_process.py URL TIME``."""

import asyncio
import sys
from dataclasses import replace
from datetime import datetime, timedelta

from call_fixtures import CALENDAR
from rulebook import RULEBOOK

from notifier.clock import StillClock
from notifier.outbound.endpoint import Endpoint
from notifier.outbound.events import Topic
from notifier.outbound.outbox import NewsOutbox
from notifier.store.connect import connect
from notifier.store.reading import Reader
from notifier.store.staff import StaffBook
from scheduler.assignment import Shifts
from scheduler.book import CallBook
from scheduler.reminders import Reminders
from scheduler.rules import CallRules
from scheduler.texts import StaffTexts


async def main(url: str, at: str) -> None:
    redis, clock = await connect(url), StillClock(datetime.fromisoformat(at))
    reader, shifts = Reader(redis, 1), Shifts(CALENDAR)
    texts = StaffTexts(replace(RULEBOOK, namespace="test"))
    book = CallBook(redis, reader, clock, CallRules(gather=timedelta()), CALENDAR)
    tool = Endpoint(
        name="tool", url="http://127.0.0.1:1/", secrets=["whsec_dGVzdA=="], topics=frozenset({Topic.CALL_REMINDER})
    )
    reminders = Reminders(book, StaffBook(redis), shifts, texts, publish=NewsOutbox([tool], "test").tell)
    print("ready", flush=True)  # noqa: T201
    while not await redis.exists("test:go"):  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    while True:
        await reminders.tick()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
