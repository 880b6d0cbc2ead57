"""What an event and a text cost in processor time: ``python -m bench.processor_time [--rounds N] [--events N]``.

Time on a processor says what a change is worth on a machine that others use as well; time by the clock does not. Each
part runs in this process, over an embedded Redis that syncs each group, and so many times; of the rounds the least
counts, for what else runs can only add to it. A text is claimed, sent to a provider on this machine and settled.

What is wanted was said for a processor on which an empty aiohttp handler takes 45 µs. It is measured here too, and what
is wanted of a part is stretched as far.
"""

import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import uvloop
from redis.asyncio import Redis

from bench import delivery, processor
from bench.load import ENVIRONMENT, payments
from bench.peers import EMPTY
from bench.table import Row, command
from notifier.cli.serving import spare_the_collector
from notifier.config.loading import load
from notifier.intake.standard.shop import StandardShop
from notifier.observability.logs import configure
from notifier.service.process import WEB, Service

GROUPS = (64, 16, 1)
TEXT = "a text: claim, send, settle"
HANDLER = "an empty handler, a request"
WANTED = {HANDLER: 45.0, TEXT: 29.0, "Redis, in groups of 64": 48.0, "Redis, in groups of 16": 60.0}
"""What is wanted of some parts, µs an event or a text, where the handler takes its 45."""

Figures = dict[str, list[float]]  # µs an event or a text, by part, round by round


def rows(*, rounds: int = 3, events: int = 2000) -> list[Row]:
    """The least of each, as a table."""
    found: Figures = {}
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        delivery.provider(0) as port,
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stderr(nowhere),  # lines of log are written as ever, and read by nobody
    ):
        os.environ.update(ENVIRONMENT | delivery.settings(port) | {"NOTIFIER__REDIS__DATA_DIR": folder})
        uvloop.run(_measure(rounds, events, found))
    found = {HANDLER: [_of_a_handler(events) for _ in range(rounds)], **found}
    stretch = min(found[HANDLER]) / WANTED[HANDLER]
    table = []
    for name, figures in found.items():
        least, most = min(figures), WANTED.get(name, 0) * stretch
        wanted = f"at most {most:.0f} µs" if most and name != HANDLER else ""
        table.append(Row(name, f"{least:.1f} µs", wanted, not most or least <= most))
    return table


def _of_a_handler(events: int) -> float:
    """The processor time of an empty handler, posted as many requests, in µs."""
    with EMPTY.serving() as (port, pid):
        asyncio.run(delivery.fill(port, 300))
        before = processor.of_process(pid)
        asyncio.run(delivery.fill(port, events))
        return (processor.of_process(pid) - before) / events * 1e6


async def _measure(rounds: int, events: int, found: Figures) -> None:
    configure(form="json")
    async with Service(load(), roles=[WEB]) as service:
        spare_the_collector()
        for number in range(rounds + 1):  # the first warms up
            once: Figures = {}
            for place, size in enumerate(GROUPS):
                bodies = [
                    body
                    for body, _ in payments(
                        events // 16 if size == 1 else events, 10 * number + place + 1, first=place * events
                    )
                ]
                await _events(service, bodies, size, once, number=10 * number + place)
                await _texts(service, len(bodies), once if size == GROUPS[0] else {})
            if number:
                for name, figures in once.items():
                    found.setdefault(name, []).append(statistics.median(figures))


async def _events(service: Service, bodies: Sequence[bytes], size: int, found: Figures, *, number: int) -> None:
    """Read, decide and commit in groups of one size."""
    shop: Any = StandardShop(name="shop", keys=[b"key"], tolerance=service.config.retention.audit)
    began = time.process_time()
    deliveries = [shop._found(f"{number}-{place}", body).delivery for place, body in enumerate(bodies)]
    found["reading an event"] = [(time.process_time() - began) / len(bodies) * 1e6]
    ours, redis = (
        found.setdefault(f"committing, in groups of {size}", []),
        found.setdefault(f"Redis, in groups of {size}", []),
    )
    for start in range(0, len(deliveries), size):
        group = deliveries[start : start + size]
        before, began = await _of_redis(service.redis), time.process_time()
        await asyncio.gather(*(service.committer.submit(one) for one in group))
        ours.append((time.process_time() - began) / len(group) * 1e6)
        redis.append((await _of_redis(service.redis) - before) / len(group))


async def _texts(service: Service, count: int, found: Figures) -> None:
    """Send what the events brought about."""
    redis, began = await _of_redis(service.redis), time.process_time()
    taken = await service.sender.send_ready()
    found[TEXT] = [(time.process_time() - began) / count * 1e6]
    found["Redis, a text"] = [(await _of_redis(service.redis) - redis) / count]
    if taken != count:
        raise SystemExit(f"{taken} texts left instead of {count}; nothing of it counts")


async def _of_redis(redis: Redis) -> float:
    """The processor time of Redis so far, syncing included, in µs."""
    return processor.of_redis(await redis.info("cpu")) * 1e6


if __name__ == "__main__":
    command(__doc__, rows, events=2000)
