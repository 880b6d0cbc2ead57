"""A year of a large shop, month by month: ``python -m bench.year [--scale S] [--months M]``.

A shop with 10,000 new orders a day (``--scale`` of that many are really made) is played through the real committer,
ledger, call book and retention with a clock that is turned, into an embedded Redis; ``--scale 1`` takes hours. Ends
with 1 when a kind of key goes on growing after the retention has set in, beyond what orders that nobody ever closes
account for.
"""

import argparse
import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from bench import memory
from bench.shop_days import ORDINARY, Shop, families, life, members
from notifier.clock import StillClock
from notifier.service.process import Service

A_DAY, MONTH = 10_000, 30
SETTLED = 5  # months: the retention of closed orders (90 days) is in full swing
_MB = 1_000_000
_OF_LASTING = 4  # keys, and members of an index, that an order nobody closes takes of one kind at most
_REMEMBERED = frozenset({"order …"})  # lives for a year after the archive: grows until then by the number of orders
_DAILY = frozenset({"day …"})  # figures, kept for 800 days
_CHANCE = 0.15  # by which a kind may differ from month to month: which customers come back is chance


@dataclass(frozen=True, slots=True)
class State:
    """What there is at the end of a month."""

    orders: int  # taken so far
    lasting: int  # of these nobody will close
    known: int  # in the lists
    used: int  # bytes
    log: int  # bytes of the append-only file
    rewrites: int
    archive: int  # bytes
    keys: Counter[str]
    members: Counter[str]


async def state(service: Service, shop: Shop) -> State:
    await shop.age()
    redis = service.redis
    stored: dict[str, Any] = await redis.info("persistence")
    rewrites, archive = _on_disk(service.config.redis.data_dir)
    found = await members(service)
    return State(
        orders=shop.orders,
        lasting=shop.lasting,
        known=found["orders"],
        used=await memory.used(service),
        log=stored.get("aof_current_size", 0),
        rewrites=rewrites,
        archive=archive,
        keys=await families(service),
        members=found,
    )


def _on_disk(folder: Path) -> tuple[int, int]:
    """How often the append-only file was rewritten, and the bytes of the archive."""
    log = folder / "redis.log"
    said = log.read_text(errors="replace") if log.exists() else ""
    rewrites = said.count("Background AOF rewrite finished successfully")
    return rewrites, sum(path.stat().st_size for path in Path(folder, "archive").glob("*"))


def growing(months: Sequence[State], settled: int, *, days: int) -> dict[str, str]:
    """The kinds of keys, and indexes, that grew since ``settled`` by more than they may."""
    before, now = months[settled - 1], months[-1]
    lasting = now.lasting - before.lasting
    found = {}
    for what, was, has in (("keys", before.keys, now.keys), ("members", before.members, now.members)):
        for name, count in has.items():
            allowed = was[name] * (1 + _CHANCE) + _OF_LASTING * lasting + 20
            if name in _REMEMBERED:
                allowed = now.orders
            elif name in _DAILY:
                allowed = was[name] + days
            if count > allowed:
                found[f"{name} ({what})"] = f"{was[name]} → {count}"
    return found


async def by_age(service: Service, shop: Shop) -> dict[str, int]:
    """What an ordinary order takes, its share of the indexes apart, by how many days ago it came."""
    found = {}
    for days in (1, 2, 5, 20, 80, 150):
        if days < shop.day:
            first = shop.orders - days * shop.a_day
            numbers = [number for number in range(first, first + shop.a_day) if life(number) is ORDINARY][:5]
            sizes = [sum((await memory.keys_of(service, number)).values()) for number in numbers]
            found[f"{days} days"] = sum(sizes) // max(len(sizes), 1)
    return found


async def year(service: Service, clock: StillClock, a_day: int, months: int) -> int:
    shop, seen = Shop(service, clock, a_day), list[State]()
    begun = time.perf_counter()
    print(
        "month  orders taken   in lists     keys   used MB  bytes/listed   AOF MB  rewrites  archive MB"
        "  sweep s  pause ms"
    )
    for month in range(1, months + 1):
        shop.swept = shop.longest = 0.0
        for _ in range(MONTH):
            await shop.pass_day()
        now = await state(service, shop)
        seen.append(now)
        print(
            f"{month:5} {now.orders:13,} {now.known:10,} {sum(now.keys.values()):8,} {now.used / _MB:9.2f} "
            f"{now.used / max(now.known, 1):13.0f} {now.log / _MB:8.1f} {now.rewrites:9} {now.archive / _MB:11.2f} "
            f"{shop.swept:8.2f} {shop.longest:9.2f}",
            flush=True,
        )
    last = seen[-1]
    print("\nkeys by kind      ", dict(sorted(last.keys.items())))
    print("members of indexes", dict(sorted(last.members.items())))
    print("bytes of an order ", await by_age(service, shop))
    print("swept             ", dict(shop.totals))
    print(f"{shop.orders} orders in {time.perf_counter() - begun:.0f} s")
    settled = min(SETTLED, months)
    if found := growing(seen, settled, days=(months - settled) * MONTH):
        print("goes on growing:", *(f"\n  {name}: {how}" for name, how in found.items()))
        return 1
    print(f"flat: no kind of key grew from month {settled} to month {months} but by orders that nobody closes,")
    print("archived orders that are remembered for a year, and the figures of each day")
    return 0


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--scale", type=float, default=0.003)
    options.add_argument("--months", type=int, default=12)
    asked = options.parse_args()

    async def play(service: Service, clock: StillClock, a_day: int) -> int:
        return await year(service, clock, a_day, asked.months)

    sys.exit(asyncio.run(memory.playing(memory.START, play, max(1, round(A_DAY * asked.scale)))))
