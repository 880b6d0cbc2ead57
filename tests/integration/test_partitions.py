"""In how many partitions the data lies: set once, and moved by a command that may be cut short."""

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis_servers import until
from shops import ApiUser, StandardShop, send_all, standard_fixture
from test_serve import SECRETS

from notifier.clock import StillClock, SystemClock
from notifier.config import Config
from notifier.errors import NotifierError
from notifier.service.process import WEB, Service
from notifier.store import layout
from notifier.store.keys import Keys
from notifier.store.moving import Mover

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


def payload(name: str, number: int) -> Any:
    event = standard_fixture(name)
    customer = event["data"].get("customer", {}) | {"phone": f"0912{number // 2:07}"}  # two orders each
    own = {"order_id": f"M{number}", "customer": customer}
    own["payment"] = event["data"]["payment"] | {"reference": f"R{number}"}
    own["shipment"] = {"tracking_code": f"{number:024}"}
    return event | {"data": event["data"] | own}


async def fill(service: Service, shop: StandardShop, clock: StillClock, count: int) -> None:
    """Orders of every kind: told, called about, parked, repeated."""
    for start in range(0, count, 100):
        numbers = range(start, min(start + 100, count))
        answer = await shop.post([payload("payment.succeeded__tehran_online", n) for n in numbers], path="/batch")
        assert answer.status == 200 or answer.status == 202, answer
    first = await shop.post(payload("payment.succeeded__tehran_online", 1), event_id="msg_once")
    assert first.status == 202
    await shop.post({"type": "order.packed", "data": {"order_id": "NOBODY"}, "timestamp": "2026-11-23T09:00:00+03:30"})
    await send_all(service, clock)
    await service.redis.set(Keys(0).order("shop", "BROKEN"), b'{"v":1,')


async def picture(api: ApiUser) -> dict[str, Any]:
    """All that the API tells, in no order."""
    orders = [(await api.get(f"/orders/{order['id']}")).body for order in await api.items("/orders")]
    return {
        "orders": {order["id"]: order for order in orders},
        "messages": Counter(str(sorted(one.items(), key=str)) for one in await api.items("/messages")),
        "calls": Counter(str(sorted(one.items(), key=str)) for one in await api.items("/calls")),
    }


async def everything(redis: Redis) -> dict[str, int]:
    """How much of each kind there is in all partitions together."""
    found: Counter[str] = Counter()
    sizes = {
        b"zset": redis.zcard,
        b"set": redis.scard,
        b"hash": redis.hlen,
        b"list": redis.llen,
        b"string": redis.exists,
    }
    async for key in redis.scan_iter("n:{*"):
        if b":claim:" in key:  # a sign of life of seconds
            continue
        if re.match(rb"n:\{\d+\}:", key):
            kind: Any = await redis.type(key)
            found[key.decode().partition("}:")[2]] += await sizes.get(kind, redis.exists)(key)
    return dict(found)


def _apart_from_days(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if not name.startswith("day:")}


async def days(redis: Redis) -> Counter[bytes]:
    """What was counted, all partitions and days together."""
    found: Counter[bytes] = Counter()
    async for key in redis.scan_iter("n:{*}:day:*"):
        counts: Any = await redis.hgetall(key)
        found.update({name: int(count) for name, count in counts.items()})
    return found


@pytest.fixture
def many(make_config: Callable[..., Config], clock: StillClock) -> Callable[[int], Service]:
    def make(partitions: int) -> Service:
        return Service(make_config(redis__partitions=partitions), clock=clock, roles=[WEB])

    return make


COMMAND = (sys.executable, "-m", "notifier", "partitions")


def environment_of(redis_url: str) -> dict[str, str]:
    return os.environ | SECRETS | {"NOTIFIER__REDIS__URL": redis_url}


async def command(redis_url: str, *arguments: str) -> tuple[int, str]:
    """`notifier partitions`; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=environment_of(redis_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_another_number_over_existing_data_is_refused(
    redis: Redis, clock: StillClock, many: Callable[[int], Service]
) -> None:
    async with many(1):
        pass
    with pytest.raises(NotifierError, match=r"partitions is 4.* lies in 1.*notifier partitions 4"):
        async with many(4):
            pass
    assert not await layout.alive(redis, clock.now())


@pytest.mark.parametrize("steps", [(1, 4), (5, 2), (3, 1, 3)])
async def test_moving_changes_nothing_that_can_be_seen(
    redis: Redis,
    clock: StillClock,
    many: Callable[[int], Service],
    aiohttp_client: Callable[..., Any],
    steps: tuple[int, ...],
) -> None:
    async with many(steps[0]) as service:
        client = await aiohttp_client(service.app)
        await fill(service, StandardShop(client, clock), clock, 30)
        before, amount, counted = await picture(ApiUser(client)), await everything(redis), await days(redis)
    for step in steps[1:]:
        await layout.begin_move(redis, step, clock.now())
        await Mover(redis, step).move()
        await layout.end_move(redis, step)
        counts = await everything(redis)
        assert await days(redis) == counted
        # Several partitions count the same things of a day, each for itself.
        assert {name for name in counts if name.startswith("day:")} == {
            name for name in amount if name.startswith("day:")
        }
        assert _apart_from_days(counts) == _apart_from_days(amount)
        found = [key async for key in redis.scan_iter("n:{*")]
        numbers = {int(match[1]) for key in found if (match := re.match(rb"n:\{(\d+)\}", key))}
        assert numbers <= set(range(step))
        if step > 1:
            assert len(numbers) > 1
    async with many(steps[-1]) as service:
        client = await aiohttp_client(service.app)
        shop, api = StandardShop(client, clock), ApiUser(client)
        assert await picture(api) == before
        # A repetition is known, an order goes on where it is, and what was parked finds its order.
        again = await shop.post(payload("payment.succeeded__tehran_online", 1), event_id="msg_once")
        assert (again.status, again.body["duplicate"]) == (200, True)
        sent = await service.sender.send_ready()
        assert sent == 0
        await shop.post({"type": "order.packed", "data": {"order_id": "M7"}, "timestamp": "2026-11-23T09:05:00+03:30"})
        order = (await api.get("/orders/M7")).body
        assert order["stage"] == "packed"
        late = payload("payment.succeeded__tehran_online", 99)
        await shop.post(late | {"data": late["data"] | {"order_id": "NOBODY"}})
        await service.parking.replay_ready()
        assert (await api.get("/orders/NOBODY")).body["stage"] == "packed"


async def test_the_command_refuses_while_somebody_works_and_survives_a_kill(
    redis: Redis,
    redis_url: str,
    clock: StillClock,
    many: Callable[[int], Service],
    aiohttp_client: Callable[..., Any],
) -> None:
    async with many(1) as service:
        client = await aiohttp_client(service.app)
        await fill(service, StandardShop(client, clock), clock, 100)
        before = await picture(ApiUser(client))
        await layout.sign_in(redis, "machine:77", SystemClock().now())  # this service is there by a clock of its own
        code, said = await command(redis_url, "4")
        assert (code, "The service is running" in said, "machine:77" in said) == (2, True, True)
        await layout.require(redis, 1)  # it left no mark
        await layout.sign_out(redis, "machine:77")
    moving = await asyncio.create_subprocess_exec(
        *COMMAND, "4", env=environment_of(redis_url), stdout=asyncio.subprocess.DEVNULL, cwd=ROOT
    )
    try:
        await until(lambda: redis.exists(Keys(1).orders))
    finally:
        moving.send_signal(signal.SIGKILL)
        await moving.wait()
    assert await redis.exists(Keys(0).orders)
    with pytest.raises(layout.OtherPartitions, match="run `notifier partitions 4` to its end"):
        async with many(1):
            pass
    with pytest.raises(layout.OtherPartitions, match="into 4 partitions was begun"):
        await layout.begin_move(redis, 2, clock.now())
    code, said = await command(redis_url, "4")
    assert (code, "Moved from 1 into 4 partitions" in said) == (0, True), said
    async with many(4) as service:
        assert await picture(ApiUser(await aiohttp_client(service.app))) == before
    code, said = await command(redis_url)
    assert (code, "The data lies in 4 partitions." in said) == (0, True)
