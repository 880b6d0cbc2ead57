"""How much of Redis an order takes, open and closed: ``python -m bench.memory [--orders N]``.

Plays the life of a prepaid order in Tehran through the committer, the sender's ledger and the call book, N times, into
an embedded Redis; closes them; packs them as the worker does a week later. Bytes are what ``used_memory`` grew by, and
for one order what MEMORY USAGE says of each of its keys. Ends with 1 when a closed order takes more than the limit.
"""

import argparse
import asyncio
import logging
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from notifier.clock import TEHRAN, StillClock
from notifier.config.loading import load
from notifier.domain.events import EventType
from notifier.domain.messages import Attempt, MessageState
from notifier.intake.standard.payload import parse
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.sms.outbox import Settled, claim, settle
from notifier.sms.providers.base import DeliveryStatus
from notifier.store.keys import Keys
from notifier.store.records import encode
from scheduler.outcomes import Report
from scheduler.rules import Outcome

START = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
LIMIT, GROUP = 1500, 200
ROOM, PATIENCE = 72, 300
"""Bytes of the table for a key at which a server makes it smaller, and the tenths of a second that it is given."""
LIFE = (
    EventType.REGISTERED,
    EventType.PAID,
    EventType.PREPARING,
    EventType.PACKED,
    EventType.SHIPPED,
    EventType.OUT_FOR_DELIVERY,
    EventType.DELIVERED,
)
NAMES = ("سارا محمدی", "رضا کریمی", "مینا رستمی", "پریسا نادری", "علی حسینی", "فاطمه نوری", "حمید رضایی", "زهرا موسوی")
PHONES = ("Xiaomi 13T Pro", "Redmi Note 13", "Redmi Buds 5", "Xiaomi Pad 6", "Xiaomi 14", "Redmi 13C", "Poco X6")


def event(kind: EventType, number: int, at: datetime) -> Any:
    """An event as shops post it, each order with values of its own."""
    payload = standard.event(kind, at=at, order_id=str(100_000 + number))
    data = payload["data"]
    data["customer"] |= {"name": NAMES[number % 8], "phone": f"0912{number * 7919 % 10_000_000:07}"}
    if "payment" in data:
        data["payment"]["amount"] = 1_000_000 * (20 + number * 31 % 400)
        if "reference" in data["payment"]:
            data["payment"]["reference"] = str(201_700_000_000 + number * 9973)
    if "items" in data:
        data["items"] = [{"name": PHONES[number % 7], "quantity": 1}]
    if "shipment" in data:
        data["shipment"]["tracking_code"] = f"{184560012300000000000000 + number * 99991:024}"
    return payload


async def live(service: Service, clock: StillClock, numbers: Sequence[int], kinds: Sequence[EventType]) -> None:
    """What happens to some orders, an event after the other."""
    for kind in kinds:
        for start in range(0, len(numbers), GROUP):
            bodies = [encode(event(kind, number, clock.now())) for number in numbers[start : start + GROUP]]
            await asyncio.gather(*(post(service, body) for body in bodies))
        clock.turn(timedelta(hours=1))
        await deliver(service, clock)


async def post(service: Service, body: bytes) -> None:
    await service.take(parse(body).event(source="shop", event_id=f"msg_{secrets.token_urlsafe(16)}"))


def delivered(message_id: str) -> DeliveryStatus:
    return DeliveryStatus.DELIVERED


async def deliver(service: Service, clock: StillClock, becomes: Callable[[str], DeliveryStatus] = delivered) -> None:
    """Every text is taken by the provider, and arrives if nothing else is said."""
    keys, line = Keys(0), service.sender.accounts.each[0].name
    while claimed := await claim(
        service.redis, keys, line, bound=False, now=clock.now(), lease=timedelta(minutes=1), count=200
    ):
        attempt = Attempt(at=clock.now(), provider=line, outcome="accepted", cost=4000)
        await settle(
            service.redis,
            [
                Settled(
                    claimed=one, state=MessageState.ACCEPTED, now=clock.now(), attempt=attempt, cost=4000,
                    provider_id=str(int(one.message.id) % 10**10), ask_at=clock.now() + timedelta(minutes=1),
                )
                for one in claimed
            ],
        )  # fmt: skip
        await service.sending.receipts.report(
            line, {str(int(one.message.id) % 10**10): becomes(one.message.id) for one in claimed}
        )


async def phone_all(service: Service, clock: StillClock) -> None:
    """Every customer is called and reached."""
    found: Any = await service.redis.hvals(Keys(0).open_calls)
    for call_id in found:
        await service.calling.reporting.report(
            call_id.decode(), Report(by="sara", outcome=Outcome.REACHED, note="راضی بود")
        )


async def used(service: Service) -> int:
    """The bytes in use once the server is at rest: the table of keys is as big as the most keys ever were, and is only
    made smaller some time after that, and not while the append-only file is rewritten."""
    for _ in range(PATIENCE):
        stats, file = await service.redis.memory_stats(), await service.redis.info("persistence")
        roomy = stats["overhead.db.hashtable.lut"] > stats["keys.count"] * ROOM
        if not (roomy or stats["overhead.db.hashtable.rehashing"] or file["aof_rewrite_in_progress"]):
            break
        await asyncio.sleep(0.1)
    return int((await service.redis.info("memory"))["used_memory"])


async def keys_of(service: Service, number: int) -> Counter[str]:
    """The bytes of each family of keys of one order."""
    order = str(100_000 + number)
    found: Counter[str] = Counter()
    stored = await service.reader.order("shop", order)
    assert stored is not None
    told = await service.reader.story(stored)
    keys = Keys(0)
    names = [keys.order("shop", order), keys.timeline("shop", order), keys.closed("shop", order)]
    names += [keys.message(one.message.id) for one in told.messages] + [keys.call(one.call.id) for one in told.calls]
    if phone := stored.details.phone:
        names += [keys.customer_orders(phone), keys.told(phone), keys.texts(phone), keys.last_text(phone)]
    for name in names:
        found[name.split(":")[2]] += await service.redis.memory_usage(name) or 0
    return found


async def indexes(service: Service, count: int) -> dict[str, int]:
    """The bytes an order takes in each of the keys that all share."""
    found: Counter[str] = Counter()
    async for key in service.redis.scan_iter("n:*", count=1000):
        name = key.decode()
        if not name.startswith(tuple(f"n:{{0}}:{one}:shop" for one in ("order", "closed", "timeline"))):
            family = ":".join(part for part in name.split(":")[2:] if not part[:1].isdigit())
            found[family] += await service.redis.memory_usage(name, samples=0) or 0
    return {name: size // count for name, size in found.items() if size // count}


async def playing(start: datetime, play: Callable[[Service, StillClock, int], Awaitable[int]], count: int) -> int:
    """Have ``play`` done with a service of its own whose clock stands at ``start``."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "redis__data_dir": folder,
            "redis__durability": "everysec",
            "sources__shop__secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "sources__woo__secret": "woo",
            "sms__provider": "simulator",
            "sms__namespace": "bench",
            "providers__simulator__base_url": "http://127.0.0.1:9/v1",
            "quiet_hours__enabled": "false",
        }
        config = load(Path("config.toml"), environment={f"NOTIFIER__{key.upper()}": at for key, at in settings.items()})
        clock = StillClock(start)
        async with Service(config, clock=clock, roles=[WEB]) as service:
            return await play(service, clock, count)


async def measure(service: Service, clock: StillClock, count: int) -> int:
    first, others = [0], list(range(1, count))
    await service.redis.config_set("latency-tracking", "no")  # 0.7 MB of the server's own, whatever is stored
    empty = await used(service)
    await live(service, clock, first + others, LIFE[:5])
    shipped = await used(service)
    print(f"open (shipped)    {(shipped - empty) / count:8.0f} bytes an order", dict(await keys_of(service, 0)))
    await live(service, clock, first + others, LIFE[5:])
    await phone_all(service, clock)
    clock.turn(timedelta(days=3))
    # Event ids and the like lapse by themselves; the clock that stands is not Redis's.
    for pattern in (
        "n:*:seen:*",
        "n:*:provider_ids:*",
        "n:*:customer:*:last",
        "n:*:customer:*:told",
        "n:*:customer:*:texts",
        "n:*:texts_of:*",
    ):
        names = [name async for name in service.redis.scan_iter(pattern, count=1000)]
        for start in range(0, len(names), 1000):
            await service.redis.unlink(*names[start : start + 1000])
    closed = await used(service)
    print(f"closed            {(closed - empty) / count:8.0f} bytes an order", dict(await keys_of(service, 0)))
    clock.turn(timedelta(days=8))
    begun = time.perf_counter()
    swept = await service.retention.tick()
    seconds = time.perf_counter() - begun
    packed = await used(service)
    each = (packed - empty) / count
    print(f"packed            {each:8.0f} bytes an order", dict(await keys_of(service, 0)), swept)
    print(f"packing           {1000 * seconds / count:8.2f} ms an order")
    print("indexes           ", dict(sorted((await indexes(service, count)).items())))
    clock.turn(timedelta(days=90))
    swept = await service.retention.tick()
    print(f"archived          {(await used(service) - empty) / count:8.0f} bytes an order", swept)
    return int(each > LIMIT)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=10_000)
    asked = options.parse_args()
    sys.exit(asyncio.run(playing(START, measure, asked.orders)))
