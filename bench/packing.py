"""What a packed order weighs with its numbers set apart, and without: ``python -m bench.packing [--orders N]``.

Plays the lives of ``bench.memory``, closes and packs them, and packs what was stored of each once more, deflated with
the same dictionary and nothing else. Bytes are those of the values, processor time that of one order's two records.
"""

import argparse
import asyncio
import logging
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from typing import Any

import structlog

from bench import memory
from notifier.clock import StillClock
from notifier.service.process import Service
from notifier.store import packing
from notifier.store.keys import Keys

DICTIONARY = files("notifier.store").joinpath(packing.NEWEST_FILE).read_bytes()


def deflated(record: bytes) -> bytes:
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS, memLevel=9, zdict=DICTIONARY)
    return deflate.compress(record) + deflate.flush()


def inflated(raw: bytes) -> bytes:
    return zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=DICTIONARY).decompress(raw)


def micros(work: Callable[[bytes], bytes], records: list[bytes], orders: int) -> float:
    begun = time.process_time()
    for record in records:
        work(record)
    return (time.process_time() - begun) * 1e6 / orders


async def measure(service: Service, clock: StillClock, count: int) -> int:
    await memory.live(service, clock, range(count), memory.LIFE)
    await memory.phone_all(service, clock)
    clock.turn(timedelta(days=11))
    await service.retention.tick()
    keys, records = Keys(0), list[bytes]()
    for number in range(100_000, 100_000 + count):
        story: Any = await service.redis.get(keys.closed("shop", str(number)))
        order: Any = await service.redis.get(keys.order("shop", str(number)))
        records += (packing.unpacked(story), packing.unpacked_version(order) or b"")
    print(f"as JSON       {sum(map(len, records)) / count:8.0f} bytes an order")
    for name, pack, unpack in (
        ("numbers apart", packing.packed, packing.unpacked),
        ("deflated", deflated, inflated),
    ):
        small = [pack(record) for record in records]
        assert [unpack(raw) for raw in small] == records
        size, packing_time, reading = sum(map(len, small)), micros(pack, records, count), micros(unpack, small, count)
        print(f"{name:13} {size / count:8.0f} bytes an order, {packing_time:5.0f} µs to pack, {reading:4.0f} to unpack")
    return 0


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--orders", type=int, default=500)
    asyncio.run(memory.playing(memory.START, measure, options.parse_args().orders))
