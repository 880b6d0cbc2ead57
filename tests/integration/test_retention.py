"""What happens to orders that are over: packed, archived, remembered, and gone."""

import asyncio
import gzip
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.messages import MessageState
from notifier.retention import archive as archives
from notifier.retention import orders
from notifier.retention.archive import Archive
from notifier.retention.claim import claimed
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.store import keys as names
from notifier.store import packing
from notifier.store.keys import Keys, partition_of, route
from scheduler.outcomes import Report
from scheduler.rules import Outcome

pytestmark = pytest.mark.slow

SWEEPS = Path(__file__).parents[1] / "crashing_sweeps.py"
BOTH = pytest.mark.parametrize("partitions", [1, 4])
STEPS = [
    "payment.succeeded__tehran_online",
    *(f"order.{stage}__order_id_alone" for stage in ("preparing", "delivered")),
]
PHONE = "09121234567"


@pytest.fixture
def config(make_config: Callable[..., Config], tmp_path: Path) -> Config:
    return make_config(redis__data_dir=tmp_path)


def event(name: str, order_id: str, phone: str = PHONE) -> Any:
    payload = standard_fixture(name)
    data = payload["data"] | {"order_id": order_id}
    if "customer" in data:
        data["customer"] = data["customer"] | {"phone": phone}
    return payload | {"data": data}


async def delivered(
    shop: StandardShop, service: Service, clock: StillClock, *order_ids: str, phone: str = PHONE
) -> None:
    """Orders that are paid, delivered and talked about."""
    for order_id in order_ids:
        for step in STEPS:
            answer = await shop.post(event(step, order_id, phone), event_id=f"{order_id}-{step}")
            assert answer.status == 202
    await send_all(service, clock)
    for keys in service.reader.everywhere:
        for call_id in await service.redis.hvals(keys.open_calls):
            await service.calling.reporting.report(call_id.decode(), Report(by="sara", outcome=Outcome.REACHED))


async def arrive(service: Service) -> None:
    """Every text that was taken reaches its phone."""
    for keys in service.reader.everywhere:
        for message in await service.reader.messages(
            [(keys, one.decode()) for one in await service.redis.zrange(keys.messages(MessageState.ACCEPTED), 0, -1)]
        ):
            await service.sending.receipts.report("simulator", {message.provider_id or "": "delivered"})  # type: ignore[dict-item]


def archived(folder: Path) -> list[Any]:
    """Every line of the archive."""
    files = Archive(folder / "archive").files()
    return [json.loads(line) for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]


async def left(redis: Redis) -> set[str]:
    """The families of keys there are."""
    return {key.decode() async for key in redis.scan_iter("n:*")}


@BOTH
async def test_a_closed_order_is_packed_and_shows_all_it_showed(
    shop: StandardShop, service: Service, clock: StillClock, api: ApiUser, redis: Redis
) -> None:
    await delivered(shop, service, clock, "1")
    await arrive(service)
    before = (await api.get("/orders/1")).body
    assert [one["state"] for one in before["messages"]] == ["delivered"] * 3
    assert before["calls"][0]["outcomes"] == {"reached": 1}
    assert (await service.retention.tick()).total == 0  # type: ignore[union-attr]
    clock.turn(timedelta(days=8))
    swept = await service.retention.tick()
    assert swept is not None
    assert (swept.packed, swept.total) == (1, 1)
    assert not [key for key in await left(redis) if ":message:" in key or ":call:" in key or ":timeline:" in key]
    assert (await api.get("/orders/1")).body == before
    assert len(await api.items("/messages?order_id=1")) == 3
    assert await api.items("/messages") == []
    assert (await service.retention.tick()).total == 0  # type: ignore[union-attr]


async def test_orders_that_changed_at_one_moment_are_all_seen(
    shop: StandardShop, service: Service, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "PAGE", 1)
    await delivered(shop, service, clock, *"123")
    await arrive(service)
    clock.turn(timedelta(days=8))
    for days, packed, removed in ((0, 3, 0), (0, 0, 0), (90, 0, 3)):
        clock.turn(timedelta(days=days))
        swept = await service.retention.tick()
        assert swept is not None
        assert (swept.packed, swept.orders) == (packed, removed)


@BOTH
async def test_news_of_a_packed_order_goes_on_where_it_ended(
    shop: StandardShop, service: Service, clock: StillClock, api: ApiUser, simulator: Simulator
) -> None:
    await delivered(shop, service, clock, "1")
    await arrive(service)
    before = (await api.get("/orders/1")).body
    clock.turn(timedelta(days=8))
    await service.retention.tick()
    answer = await shop.post(
        event("order.return_requested__order_id_alone", "1") | {"timestamp": clock.now().isoformat()}
    )
    assert [one["template"] for one in answer.body["messages"]] == ["order_return_requested"]
    repeated = await shop.post(event(STEPS[0], "1"), event_id="again")
    assert repeated.body["messages"] == []
    after = (await api.get("/orders/1")).body
    assert after["timeline"][: len(before["timeline"])] == before["timeline"]
    assert len(after["messages"]) == 4
    assert after["stage"] == "return_requested"
    await shop.post(event("order.returned__order_id_alone", "1") | {"timestamp": clock.now().isoformat()})
    await send_all(service, clock)
    await arrive(service)
    clock.turn(timedelta(days=80))
    await service.retention.tick()  # ends the call about the return? it is due and open: the order waits for it
    story = (await api.get("/orders/1")).body
    assert len(story["messages"]) == 5


@BOTH
async def test_an_old_order_goes_to_the_archive_with_everything_of_it(
    shop: StandardShop, service: Service, clock: StillClock, api: ApiUser, redis: Redis, tmp_path: Path, partitions: int
) -> None:
    empty = await left(redis)
    await delivered(shop, service, clock, "1", "2")
    await delivered(shop, service, clock, "3", phone="09351112233")
    told = {one: (await api.get(f"/orders/{one}")).body for one in ("1", "2", "3")}
    clock.turn(timedelta(days=91))
    swept = await service.retention.tick()
    assert swept is not None
    assert swept.orders == 3
    lines = {line["id"]: line for line in archived(tmp_path) if line["kind"] == "order"}
    assert sorted(lines) == ["1", "2", "3"]
    for one, line in lines.items():
        assert line["order"]["details"]["phone"] == told[one]["customer"]["phone"]
        assert [entry["what"] for entry in line["timeline"]] == [entry["what"] for entry in told[one]["timeline"]]
        assert [kept["message"]["text"] for kept in line["messages"]] == [
            kept["text"] for kept in told[one]["messages"]
        ]
    assert [path.name for path in Archive(tmp_path / "archive").files()] == ["1405-09.jsonl.gz"]
    keys = await left(redis) - empty
    still = {key for key in keys if ":seen:" not in key and ":day:" not in key}
    stubs = {Keys(partition_of(PHONE, partitions)).order("shop", one) for one in ("1", "2")}
    stubs.add(Keys(partition_of("09351112233", partitions)).order("shop", "3"))
    routes = {route("shop", one) for one in "123"} if partitions > 1 else set()
    # The clock that stands is not Redis's: what lapses by itself is there yet.
    lapsing = {key for key in still if await redis.ttl(key) != -1}  # or has lapsed meanwhile, as heartbeats do
    assert still - lapsing <= {names.HEARD}
    assert lapsing >= stubs | routes
    for key in stubs:
        kept = packing.unpacked_version(await redis.get(key) or b"")
        assert kept is not None
        assert not [secret for secret in (b"0912", b"0935", "سارا".encode()) if secret in kept]
    assert await api.items("/orders") == await api.items("/calls") == await api.items("/messages") == []


@BOTH
async def test_late_news_of_an_archived_order_tells_nothing_again(
    shop: StandardShop, service: Service, clock: StillClock, api: ApiUser, simulator: Simulator
) -> None:
    await delivered(shop, service, clock, "1")
    clock.turn(timedelta(days=91))
    await service.retention.tick()
    sent = len(simulator.messages)
    for step in STEPS:
        answer = await shop.post(event(step, "1"), event_id=f"late-{step}")
        assert (answer.status, answer.body["messages"], answer.body["calls"]) == (202, [], [])
    await send_all(service, clock)
    assert len(simulator.messages) == sent
    assert (await api.get("/orders/1")).body["stage"] == "delivered"
    new = await shop.post(event("order.return_requested__order_id_alone", "1") | {"timestamp": clock.now().isoformat()})
    assert [one["template"] for one in new.body["messages"]] == ["order_return_requested"]
    clock.turn(timedelta(days=400))
    swept = await service.retention.tick()
    assert swept is not None
    assert swept.orders == 1


async def test_an_open_order_stays_and_goes_after_a_year(
    shop: StandardShop, service: Service, clock: StillClock, api: ApiUser, tmp_path: Path
) -> None:
    await shop.post(event(STEPS[0], "1"))
    await send_all(service, clock)
    clock.turn(timedelta(days=300))
    swept = await service.retention.tick()
    assert swept is not None
    assert (swept.orders, swept.packed) == (0, 0)
    # Nobody made its call in all that time: it ends, and stays with its order.
    assert [call["state"] for call in (await api.get("/orders/1")).body["calls"]] == ["cancelled"]
    clock.turn(timedelta(days=66))
    await service.retention.tick()
    assert (await api.items("/orders"), len(archived(tmp_path))) == ([], 1)
    assert len(archived(tmp_path)[0]["calls"]) == 1


async def test_what_belongs_to_no_order_goes_too(
    shop: StandardShop, service: Service, clock: StillClock, redis: Redis, tmp_path: Path
) -> None:
    await shop.post(event("order.packed__order_id_alone", "nobody"))
    await service.sending.inbox.receive("1", PHONE, "سلام، با من تماس بگیرید")
    await service.sending.alerts.tell("test", "آزمایش")
    clock.turn(timedelta(days=91))
    swept = await service.retention.tick()
    assert swept is not None
    assert (swept.parked, swept.calls) == (1, 0)  # a call that ended now is not old yet
    clock.turn(timedelta(days=91))
    swept = await service.retention.tick()
    assert swept is not None
    assert swept.calls == 1
    assert sorted(line["kind"] for line in archived(tmp_path)) == ["call", "parked"]
    assert await redis.exists(Keys(0).parked_orders) == 0


async def test_without_an_archive_it_is_only_removed(
    make_config: Callable[..., Config],
    clock: StillClock,
    redis: Redis,
    tmp_path: Path,
    aiohttp_client: Callable[..., Any],
) -> None:
    config = make_config(redis__data_dir=tmp_path, retention__archive="false", retention__remembered="7d")
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)
        await delivered(StandardShop(client, clock), service, clock, "1")
        clock.turn(timedelta(days=91))
        swept = await service.retention.tick()
    assert swept is not None
    assert swept.orders == 1
    assert not (tmp_path / "archive").exists()


async def test_one_process_at_a_time(service: Service) -> None:
    async with claimed(service.redis) as hold:
        assert hold is not None
        assert await service.retention.tick() is None
        assert await hold()
    assert await service.retention.tick() is not None


async def test_what_changes_meanwhile_is_left_for_the_next_time(
    shop: StandardShop,
    service: Service,
    clock: StillClock,
    api: ApiUser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await delivered(shop, service, clock, "1", "2")
    clock.turn(timedelta(days=91))
    add = Archive.add

    def and_somebody_texts(self: Archive, month: str, records: Any) -> int:
        written = add(self, month, records)
        texted.append(written)
        return written

    texted: list[int] = []
    monkeypatch.setattr(Archive, "add", and_somebody_texts)
    remove = service.retention.orders.dossiers

    async def dossiers(keys: Keys, orders: Any) -> Any:
        found = await remove(keys, orders)
        await service.sending.inbox.receive("late", PHONE, "سلام")
        return found

    monkeypatch.setattr(type(service.retention.orders), "dossiers", lambda self, keys, orders: dossiers(keys, orders))
    swept = await service.retention.tick()
    assert swept is not None
    assert (swept.orders, texted) == (1, [2])  # the text is on the timeline of one of them, which stays
    assert len(await api.items("/orders")) == 1


def test_half_a_record_is_cut_off_and_nothing_is_written_twice(tmp_path: Path, clock: StillClock) -> None:
    def record(number: int) -> archives.Archived:
        return archives.Archived(kind="order", source="shop", id=str(number), v=3, archived_at=clock.now())

    assert Archive(tmp_path).add("1405-09", [record(1), record(2)]) == 2
    assert Archive(tmp_path).add("1405-09", [record(2), record(3)]) == 1
    (path,) = Archive(tmp_path).files()
    whole = path.read_bytes()
    ends = [end for end, _ in archives.members(path)]
    for cut in (*range(ends[0] + 1, len(whole), 7), len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert [line.id for line in archives.lines(path)] == ["1", "2"]
        Archive(tmp_path).add("1405-09", [record(2), record(3)])
        assert [json.loads(line)["id"] for line in gzip.decompress(path.read_bytes()).splitlines()] == ["1", "2", "3"]


@pytest.mark.process
async def test_killed_at_any_line_it_loses_nothing_and_writes_nothing_twice(
    shop: StandardShop, service: Service, clock: StillClock, api: ApiUser, redis_url: str, tmp_path: Path
) -> None:
    numbers = [str(number) for number in range(60)]
    for start in (0, 20, 40):  # three batches
        batch = [event(STEPS[0], number, f"0912000{int(number):04}") for number in numbers[start : start + 20]]
        await shop.post(batch, path="/batch")
        alone = [event(STEPS[2], number) for number in numbers[start : start + 20]]
        await shop.post(alone, path="/batch")
    told = {number: (await api.get(f"/orders/{number}")).body for number in numbers}
    at = (clock.now() + timedelta(days=183)).isoformat()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SWEEPS), redis_url, str(tmp_path), at, "25"), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0
    assert int(said.split()[-1]) > 5
    lines = [line for line in archived(tmp_path) if line["kind"] == "order"]
    assert sorted(line["id"] for line in lines) == sorted(numbers)
    for line in lines:
        assert [kept["message"]["text"] for kept in line["messages"]] == [
            kept["text"] for kept in told[line["id"]]["messages"]
        ]
        assert len(line["calls"]) == len(told[line["id"]]["calls"])
    assert await api.items("/orders") == []
