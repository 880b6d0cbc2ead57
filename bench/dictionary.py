"""Make the dictionary that closed orders are packed with: ``python -m bench.dictionary FILE``.

Plays lives of orders as shops lead them and joins what is stored of them, the commonest last: the nearer a phrase
stands to the end, the fewer bits a packed record needs to point at it. What earlier ones say again is left out. For a
new dictionary choose a new file and number in `notifier.store.packing`: one that was released never changes.
"""

import argparse
import asyncio
import logging
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from msgspec import Raw, json

from bench import memory
from notifier.clock import TEHRAN, StillClock
from notifier.domain.events import EventType as Is
from notifier.domain.messages import Message
from notifier.service.process import Service
from notifier.store import order_bundle
from notifier.store.keys import Keys
from notifier.store.order_bundle import KeptMessage, OrderBundle
from notifier.store.records import decode, encode

SIZE = 32_000  # bytes: what a deflated record can point back at, but for a few
START = datetime(2027, 1, 9, 9, 17, 4, tzinfo=TEHRAN)
STEP = timedelta(hours=5, minutes=37, seconds=11)

_SENT = (Is.PREPARING, Is.PACKED, Is.SHIPPED, Is.OUT_FOR_DELIVERY, Is.DELIVERED)
_HOME, _AWAY = ("تهران", "تهران"), ("اصفهان", "اصفهان")
LIVES: tuple[tuple[tuple[str, str], str, tuple[Is, ...]], ...] = (
    (_HOME, "phone", (Is.REGISTERED, *_SENT)),
    (_AWAY, "cash", (Is.REGISTERED, Is.CANCELLED)),
    (_HOME, "online", (Is.REGISTERED, Is.PAYMENT_FAILED, Is.PAID, Is.CANCELLED, Is.REFUNDED)),
    (_AWAY, "bank_transfer", (Is.REGISTERED, Is.DEPOSIT_REPORTED, Is.DEPOSIT_REJECTED)),
    (_HOME, "cash", (Is.REGISTERED, *_SENT, Is.RETURN_REQUESTED, Is.RETURNED)),
    (_AWAY, "bank_transfer", (Is.REGISTERED, Is.DEPOSIT_REPORTED, Is.DEPOSIT_CONFIRMED, *_SENT)),
    (_AWAY, "online", (Is.REGISTERED, Is.PAID, *_SENT)),
    (_HOME, "online", (Is.REGISTERED, Is.PAID, *_SENT)),
)


def event(kind: Is, number: int, at: datetime) -> Any:
    """An event of one of the lives."""
    (city, province), method, _ = LIVES[number]
    payload = memory.event(kind, number, at)
    payload["data"]["customer"] |= {"city": city, "province": province}
    if "payment" in payload["data"]:
        payload["data"]["payment"]["method"] = method
    return payload


async def lived(service: Service, clock: StillClock) -> list[tuple[bytes, OrderBundle]]:
    """What is stored of each life when it is over."""
    found = []
    for number, (_, _, kinds) in enumerate(LIVES):
        for kind in kinds:
            await memory.post(service, encode(event(kind, number, clock.now())))
            clock.turn(timedelta(seconds=41))
            await memory.deliver(service, clock)
            clock.turn(STEP)
        await memory.phone_all(service, clock)
        order = await service.reader.order("shop", str(100_000 + number))
        assert order is not None
        (dossier,) = await order_bundle.dossiers(service.redis, [(Keys(0), order)])
        found.append((encode(order), dossier.story))
    return found


def joined(lives: list[tuple[bytes, OrderBundle]]) -> bytes:
    """All of them, the last in full, of those before it what no later one says."""
    known, parts = set[str](), list[bytes]()
    for order, story in reversed(lives):
        fresh = OrderBundle(
            timeline=[line for line in story.timeline if _new(known, _shape(line))],
            messages=[one for one in story.messages if _new(known, _template(one))],
            calls=[call for call in story.calls if _new(known, _shape(call))],
        )
        parts.append(order + encode(fresh))
    return b"".join(reversed(parts))[-SIZE:]


def _new(known: set[str], what: str) -> bool:
    fresh = what not in known
    known.add(what)
    return fresh


def _template(one: KeptMessage) -> str:
    return decode(bytes(one.message), Message).template


def _shape(record: Raw) -> str:
    """A record without the ids and times in it."""
    line = json.decode(record)
    return str((line.get("kind"), line.get("what"), line.get("state"), line.get("reason"), line.get("reasons") and 1))


def main(path: Path) -> None:
    made: list[bytes] = []

    async def make(service: Service, clock: StillClock, count: int) -> int:
        made.append(joined(await lived(service, clock)))
        return count

    asyncio.run(memory.playing(START, make, 0))
    path.write_bytes(re.sub(rb"msg_[\w-]{22}", b"msg_", made[0]))
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("file", type=Path)
    main(options.parse_args().file)
