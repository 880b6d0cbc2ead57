"""Calls, measured: ``python -m bench.calls``.

Four figures, each on an embedded Redis with an fsync at every write: what a tick costs with a thousand pending calls
and with a million, how many bytes of Redis a pending call takes, what it takes to give one to somebody, and how many
calls a second are planned, beside APScheduler's RedisJobStore adding date jobs in the same run.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from apscheduler.jobstores.redis import RedisJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from redis.asyncio import Redis

from bench import processor
from notifier.clock import TEHRAN, StillClock
from notifier.config.loading import load
from notifier.domain.calls import Call, CallRequest, Purpose, ReasonToCall
from notifier.domain.decide import Decision, derived_id
from notifier.domain.events import Details
from notifier.domain.orders import Order
from notifier.service.calling import calling
from notifier.service.rulebook import rulebook
from notifier.sms import templates
from notifier.store import work
from notifier.store.bookings import Booking
from notifier.store.connect import connect
from notifier.store.embedded import EmbeddedRedis
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import ms
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork
from scheduler.book import CallBook
from scheduler.reminders import Reminders

NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
KEYS = Keys(0)
GROUP = 128
OVERLAPPING = 3  # groups under way at once: while one waits for the disk, the next is worked out


def parts(redis: Redis, *, at: datetime = NOW) -> tuple[CallBook, Reminders]:
    """The call book and the tick, as the service has them."""
    environment = {"NOTIFIER__SMS__PROVIDER": "simulator", "NOTIFIER__SOURCES__SHOP__SECRET": "whsec_YmVuY2g="}
    config = load(None, environment=environment | {"NOTIFIER__SOURCES__WOO__SECRET": "bench"})
    loaded = templates.load(config.templates_folder)

    async def take(event: Any) -> None: ...

    made = calling(
        config,
        Reader(redis, 1),
        StillClock(at),
        rulebook=rulebook(config, loaded, namespace="bench"),
        take=take,
    )
    return made.book, made.reminders


def call(number: int) -> CallRequest:
    """One customer's call, due in a week or later."""
    due = NOW + timedelta(days=7, seconds=number % 600_000)
    return CallRequest(
        id=derived_id("bench", str(number)),
        purpose=Purpose.REASSURANCE,
        order_id=str(10_000_000 + number),
        source="shop",
        phone=f"09{number:09}",
        name="سارا محمدی",
        due_at=due,
        created_at=NOW,
    )


def bookings(count: int, start: int) -> Iterator[Booking]:
    """Decisions of so many customers' orders, each with one call."""
    for number in range(start, start + count):
        planned = call(number)
        order = Order(id=planned.order_id, source="shop", details=Details(phone=planned.phone, name=planned.name))
        yield Booking(UnitOfWork(), KEYS, None, Decision(order=order, calls=(planned,)))


async def plan(book: CallBook, count: int, *, start: int = 0) -> None:
    """Plan calls the way the intake does: in groups, each call for itself."""
    waiting = bookings(count, start)
    while group := list(islice(waiting, GROUP)):
        await book.book(group)
        outcomes = await work.commit(book.redis, [one.unit for one in group])
        if any(name != "done" for name, _ in outcomes):
            raise SystemExit("a call was not planned")


async def fill(book: CallBook, count: int, start: int) -> None:
    """The same records, written faster than they could be decided upon."""
    for first in range(start, start + count, 2000):
        units = []
        for number in range(first, min(first + 2000, start + count)):
            planned = call(number)
            due = ms(planned.due_at)
            unit = UnitOfWork()
            reason = ReasonToCall(planned.id, planned.purpose, planned.order_id, planned.source, due, 4)
            record = Call(
                v=1, id=planned.id, phone=planned.phone, name=planned.name, due=due, late=due + 7_200_000,
                created=ms(NOW), reasons=(reason,),
            )  # fmt: skip
            book.write(unit, KEYS, None, record)
            units.append(unit)
        await work.commit(book.redis, units)


async def ticks(one: Reminders, other: Reminders, rounds: int) -> tuple[float, float]:
    """The median times of ticks that find nothing due, in ms, in turn: what else the machine does hits both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for reminders, taken in zip((one, other), times, strict=True):
            began = time.perf_counter()
            if await reminders.tick():
                raise SystemExit("something was due")
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


async def memory(redis: Redis) -> int:
    return int((await redis.info("memory"))["used_memory"])


def job() -> None:
    """What APScheduler's jobs would do."""


def apscheduler(socket: str, count: int) -> float:
    """Date jobs added a second."""
    store = RedisJobStore(db=9, unix_socket_path=socket)
    scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=TEHRAN)
    scheduler.start(paused=True)
    began = time.perf_counter()
    for number in range(count):
        scheduler.add_job(job, "date", run_date=datetime.now(TEHRAN) + timedelta(days=7, seconds=number))
    rate = count / (time.perf_counter() - began)
    scheduler.remove_all_jobs()
    scheduler.shutdown(wait=False)
    return rate


async def planning(socket: str, options: argparse.Namespace) -> None:
    """How many calls are planned a second."""
    redis = await connect("", socket_path=socket, timeout=60)
    book, _ = parts(redis)
    start, ours, theirs = 0, list[float](), list[float]()
    for _ in range(options.rounds):
        theirs.append(await asyncio.to_thread(apscheduler, socket, options.jobs))
        share, began = options.planned // OVERLAPPING, time.perf_counter()
        await asyncio.gather(*(plan(book, share, start=start + part * share) for part in range(OVERLAPPING)))
        ours.append(share * OVERLAPPING / (time.perf_counter() - began))
        start += options.planned
        print(f"planned: ours {ours[-1]:8.0f}/s  RedisJobStore {theirs[-1]:6.0f}/s  ratio {ours[-1] / theirs[-1]:.1f}")
    ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    print(f"median: ours {statistics.median(ours):.0f}/s, {ratio:.1f} times RedisJobStore (wanted: 10)")
    await redis.flushall()
    await redis.aclose()


async def ticking(few_socket: str, many_socket: str, options: argparse.Namespace) -> None:
    """What a tick and a pending call cost."""
    small, large = [await connect("", socket_path=socket, timeout=60) for socket in (few_socket, many_socket)]
    (few, few_ticks), (many, many_ticks) = parts(small), parts(large)
    for redis in (small, large):
        await redis.script_load(work._SCRIPT.text)
    await fill(few, options.few, 0)
    before = await memory(large)
    await fill(many, options.many, 0)
    each = (await memory(large) - before) / options.many
    less, more = await ticks(few_ticks, many_ticks, options.ticks)
    print(f"tick: {less:.2f} ms with {options.few:,} pending, {more:.2f} ms with {options.many:,}: ", end="")
    print(f"{more / less:.2f} times (wanted: at most 1.5)")
    print(f"memory: {each:.0f} bytes of Redis each (wanted: at most 700)")
    await small.aclose()
    await large.aclose()


async def giving(socket: str, options: argparse.Namespace) -> None:
    """What a call takes that is given to somebody, half a day before it is due."""
    redis = await connect("", socket_path=socket, timeout=60)
    book, reminders = parts(redis, at=NOW + timedelta(days=7, hours=-11))
    least = [float("inf"), float("inf")]
    for _ in range(options.rounds):
        await redis.flushall()
        await reminders.staff.put(Staff(id="shiva", name="شیوا", phone="09120000001"))
        await fill(book, options.few, 0)
        before, began = processor.of_redis(await redis.info("cpu")), time.process_time()
        if (moved := await reminders.tick()) != options.few:
            raise SystemExit(f"{moved} calls were given to somebody instead of {options.few}")
        ours, theirs = time.process_time() - began, processor.of_redis(await redis.info("cpu")) - before
        least = [min(one, other) for one, other in zip(least, (ours, theirs), strict=True)]
    each = [f"{seconds / options.few * 1e6:.0f} µs" for seconds in least]
    print(f"given to somebody: {each[0]} of processor time each, and {each[1]} of Redis")
    await redis.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--planned", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=1_500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ticks", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedRedis(Path(folder)) as one:
        asyncio.run(planning(one.socket_path, options))
        with tempfile.TemporaryDirectory() as other_folder, EmbeddedRedis(Path(other_folder)) as other:
            asyncio.run(ticking(one.socket_path, other.socket_path, options))
        asyncio.run(giving(one.socket_path, options))


if __name__ == "__main__":
    main()
