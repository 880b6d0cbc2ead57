"""A customer asks to be forgotten."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import ApiUser, StandardShop, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import Details, Event, EventType
from notifier.retention import archive as archives
from notifier.retention.archive import Archive
from notifier.retention.claim import claimed
from notifier.retention.customer import Customers, SweepUnderWay
from notifier.retention.personal_data import forms_of
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.store import packing
from notifier.store.records import encode
from notifier.store.staff import Role, Staff

BOTH = pytest.mark.parametrize("partitions", [1, 4])
PHONE, OTHER, NAME = "09121234567", "09359876543", "سارا محمدی"
PAID = "payment.succeeded__tehran_online"


@pytest.fixture
def config(make_config: Callable[..., Config], tmp_path: Path) -> Config:
    return make_config(redis__data_dir=tmp_path)


@pytest.fixture
def customers(service: Service, tmp_path: Path) -> Customers:
    archive = Archive(tmp_path / "archive")
    return Customers(service.redis, service.reader, service.clock, archive, timedelta(days=365))


def event(order_id: str, *, phone: str = PHONE, name: str = PAID) -> Any:
    payload = standard_fixture(name)
    data = payload["data"] | {"order_id": order_id}
    if "customer" in data:
        data["customer"] = data["customer"] | {"phone": phone} | ({"name": "رضا"} if phone == OTHER else {})
    return payload | {"data": data}


async def everything(redis: Redis) -> dict[bytes, bytes]:
    """All that the store holds, names of keys too, packed records opened."""
    found = {}
    async for key in redis.scan_iter("*"):
        match (await redis.type(key)).decode():
            case "string":
                raw = await redis.get(key)
                found[key] = packing.unpacked_version(raw) or (packing.unpacked(raw) if b":closed:" in key else raw)
            case "hash":
                found[key] = repr(await redis.hgetall(key)).encode()
            case "list":
                found[key] = b"".join(await redis.lrange(key, 0, -1))
            case "zset":
                found[key] = b" ".join(await redis.zrange(key, 0, -1))
            case "set":
                found[key] = b" ".join(await redis.smembers(key))
    return found


def known(found: dict[bytes, bytes], *words: bytes) -> list[bytes]:
    """The keys in which one of some words stands."""
    return [key for key, value in found.items() if any(word in key or word in value for word in words)]


async def a_life(shop: StandardShop, service: Service, clock: StillClock) -> None:
    """Somebody who has left traces everywhere, and somebody else."""
    await service.staff.put(Staff(id="sara", name="سارا", phone="09301110001"))
    await service.staff.put(Staff(id="boss", name="سرپرست", phone="09301110009", role=Role.SUPERVISOR))
    await shop.post(event("archived"))
    await shop.post(event("archived", name="order.delivered__order_id_alone"))
    await shop.post(event("theirs", phone=OTHER))
    await shop.post(event("theirs", name="order.delivered__order_id_alone"))
    await send_all(service, clock)
    clock.turn(timedelta(days=91))
    await service.retention.leftovers.end_calls()
    await service.retention.tick()
    await shop.post(event("packed"))
    await shop.post(event("packed", name="order.delivered__order_id_alone"))
    await send_all(service, clock)
    await service.sending.inbox.receive("in1", PHONE, "سلام، سفارشم کجاست؟")
    await shop.post(event("open"))
    await shop.post(event("other", phone=OTHER))
    await shop.post(event("other", phone=OTHER, name="order.packed__order_id_alone"))
    await service.reminders.tick()
    await send_all(service, clock)
    await service.sending.inbox.receive("in2", PHONE, "لغو")
    waiting = Event(
        id="w", source="shop", type=EventType.PACKED, order_id="gone", at=clock.now(), details=Details(phone=PHONE)
    )
    keys = service.reader.everywhere[0]
    await service.redis.rpush(keys.parked("shop", "gone"), encode(waiting))
    await service.redis.zadd(keys.parked_orders, {"shop:gone": 1})


@BOTH
async def test_nothing_is_left_of_a_customer(
    shop: StandardShop,
    service: Service,
    clock: StillClock,
    api: ApiUser,
    redis: Redis,
    customers: Customers,
    tmp_path: Path,
    simulator: Simulator,
) -> None:
    await a_life(shop, service, clock)
    others = [(await api.get(f"/orders/{one}")).body for one in ("other",)]
    exported = [row async for row in customers.export(PHONE)]
    assert {row.id for row in exported if row.kind == "order"} == {"archived", "packed", "open"}
    assert any(row.events for row in exported)
    erased = await customers.erase(PHONE)
    assert erased.counts["orders"] == 2
    assert {"messages", "parked events", "customer entries", "lines of the archive"} <= erased.counts.keys()
    left = await everything(redis)
    assert known(left, *forms_of(PHONE), NAME.encode()) == []
    assert [(await api.get(f"/orders/{one}")).body for one in ("other",)] == others
    lines = {line.id: json.loads(encode(line)) for path in customers.archive.files() for line in archives.lines(path)}
    assert lines["archived"]["erased"]
    assert lines["archived"]["order"]["details"]["amount"] == 185_000_000
    text = json.dumps(list(lines.values()), ensure_ascii=False).encode()
    assert not [form for form in (*forms_of(PHONE), NAME.encode()) if form in text]
    assert lines["theirs"]["messages"]
    assert (await customers.erase(PHONE)).lines() == ["Nothing is known of this customer any more."]
    assert [row async for row in customers.export(PHONE)] == []
    # Late news of an erased order tells its customer nothing again.
    sent = len(simulator.messages)
    answer = await shop.post(event("open"), event_id="again")
    assert (answer.status, answer.body["messages"]) == (202, [])
    await send_all(service, clock)
    assert len(simulator.messages) == sent


async def test_a_service_that_runs_meanwhile_brings_nothing_back(
    shop: StandardShop, service: Service, clock: StillClock, redis: Redis, customers: Customers, simulator: Simulator
) -> None:
    orders = [f"R{number}" for number in range(20)]
    for order_id in orders:
        await shop.post(event(order_id))

    async def news() -> None:
        for stage in ("preparing", "packed", "shipped", "delivered"):
            names = [event(order_id, name=f"order.{stage}__order_id_alone") for order_id in orders]
            answer = await shop.post(names, path="/batch")
            assert answer.status == 202
        told.set()

    async def others() -> None:
        number = 0
        while not told.is_set():
            number += 1
            await shop.post(event(f"O{number}", phone=OTHER))

    async def work() -> None:
        for _ in range(5):
            await service.sender.send_ready()
            await service.reminders.tick()
            await service.sending.receipts.poll()

    told = asyncio.Event()
    _, erased, *_ = await asyncio.gather(news(), customers.erase(PHONE), work(), others())
    assert erased.counts["orders"] >= 20
    assert known(await everything(redis), *forms_of(PHONE), NAME.encode()) == []
    await send_all(service, clock)
    clock.turn(timedelta(hours=1))
    await work()
    assert known(await everything(redis), *forms_of(PHONE), NAME.encode()) == []


async def test_one_process_at_a_time(service: Service, customers: Customers) -> None:
    async with claimed(service.redis) as hold:
        assert hold
        with pytest.raises(SweepUnderWay, match="try again"):
            await customers.erase(PHONE)
