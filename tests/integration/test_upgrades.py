"""Stores that another version of this program wrote."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.service.process import WEB, Service
from notifier.store import keys as names
from notifier.store import provider_ids, schema
from notifier.store.keys import Keys
from notifier.store.schema import StoreTooNew

pytestmark = pytest.mark.process

FIXTURES = Path(__file__).parents[1] / "fixtures" / "stores"


async def fill(redis: Redis, fixture: str) -> None:
    """A store as it was written once."""
    for key, one in json.loads((FIXTURES / fixture).read_text()).items():
        match one["type"]:
            case "string":
                await redis.set(key, one["value"])
            case "hash":
                await redis.hset(key, mapping=one["value"])
            case "list":
                await redis.rpush(key, *one["value"])
            case "zset":
                await redis.zadd(key, one["value"])
            case "set":
                await redis.sadd(key, *one["value"])


async def test_a_store_of_the_first_version_opens(
    config: Config, clock: StillClock, redis: Redis, aiohttp_client: Any
) -> None:
    await fill(redis, "version_1.json")
    assert await schema.version(redis) == 1
    inbound = Keys(0).inbound("09121234567")
    assert await redis.ttl(inbound) == -1
    async with Service(config, clock=clock, roles=[WEB]) as service:
        client: Client = await aiohttp_client(service.app)
        order = (await ApiUser(client).get("/orders/10025")).body
        assert [one["template"] for one in order["messages"]] == ["payment_succeeded_tehran", "order_packed"]
        answer = await StandardShop(client, clock).post(standard_fixture("order.delivered__order_id_alone"))
        assert [one["template"] for one in answer.body["messages"]] == ["order_delivered_guarantee"]
        await client.close()
    assert await redis.get(names.SCHEMA) == str(schema.CURRENT).encode()
    assert await redis.ttl(inbound) > 0


async def test_the_order_of_a_customers_texts_lapses_no_more(redis: Redis) -> None:
    texts = Keys(3).texts("09121234567")
    await redis.zadd(texts, {"1": 1, "2": 2})
    await redis.pexpire(texts, 1_000_000)
    await redis.set(names.SCHEMA, 8)
    await schema.bring_up(redis)
    assert (await redis.ttl(texts), await redis.zrange(texts, 0, -1)) == (-1, [b"1", b"2"])
    assert await schema.version(redis) == schema.CURRENT


async def test_texts_that_a_number_was_sent_are_counted_by_day(redis: Redis) -> None:
    day, keys, phone = 24 * 3600 * 1000, Keys(3), "09121234567"
    former = f"n:{{3}}:customer:{phone}:counted"
    await redis.zadd(former, {"11": 20_000 * day - 5, "12": 20_000 * day + 7, "13": 20_000 * day + 8})
    await redis.set(names.SCHEMA, 9)
    await schema.bring_up(redis)
    assert not await redis.exists(former)
    assert await redis.hgetall(keys.counted("19999")) == {phone.encode(): f"{20_000 * day - 5} 11;".encode()}
    second = f"{20_000 * day + 7} 12;{20_000 * day + 8} 13;"
    assert await redis.hgetall(keys.counted("20000")) == {phone.encode(): second.encode()}
    assert 0 < await redis.pttl(keys.counted("20000")) <= 2 * day


async def test_ids_of_providers_are_kept_by_day(redis: Redis) -> None:
    hour, keys, now = 3600 * 1000, Keys(3), 1000 * (await redis.time())[0]
    await redis.set("n:{3}:provider:kavenegar:85463238", "11", px=47 * hour)
    await redis.set("n:{3}:provider:bale:a:b", "12", px=13 * hour)
    await redis.set(names.SCHEMA, 10)
    await schema.bring_up(redis)
    assert [key async for key in redis.scan_iter("*:provider:*")] == []
    assert await provider_ids.known(redis, keys, "kavenegar", ["1", "85463238"], now=now) == {"85463238": "11"}
    assert await provider_ids.known(redis, keys, "bale", ["a:b"], now=now) == {"a:b": "12"}
    assert await redis.hget(provider_ids.given(keys, "bale", now - 35 * hour), "a:b") == b"12"


async def test_a_migration_that_was_cut_short_is_made_again(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    async def first(_: Redis) -> None:
        made.append(1)

    async def second(_: Redis) -> None:
        made.append(2)
        if made.count(2) == 1:
            raise ConnectionError

    await redis.set(names.SCHEMA, 1)
    monkeypatch.setattr(schema, "MIGRATIONS", (first, second))
    monkeypatch.setattr(schema, "CURRENT", 3)
    with pytest.raises(ConnectionError):
        await schema.bring_up(redis)
    assert await schema.version(redis) == 2
    await schema.bring_up(redis)
    assert (made, await schema.version(redis)) == ([1, 2, 2], 3)


async def test_an_empty_store_is_of_this_version(redis: Redis) -> None:
    await schema.bring_up(redis)
    assert await redis.get(names.SCHEMA) == str(schema.CURRENT).encode()


async def test_a_newer_store_is_refused_with_one_line(config: Config, clock: StillClock, redis: Redis) -> None:
    await redis.set(names.SCHEMA, schema.CURRENT + 1)
    before = {key async for key in redis.scan_iter("*")}
    with pytest.raises(StoreTooNew):
        async with Service(config, clock=clock, roles=[WEB]):
            pass
    assert {key async for key in redis.scan_iter("*")} == before


@pytest.fixture
async def newer(redis: Redis) -> None:
    await redis.set(names.SCHEMA, schema.CURRENT + 1)


@pytest.mark.usefixtures("newer")
@pytest.mark.parametrize("command", [["messages", "list"], ["export"]])
def test_every_command_refuses_a_newer_store(redis_url: str, command: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "notifier", *command],
        env={"NOTIFIER__REDIS__URL": redis_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert f"version {schema.CURRENT + 1}" in ended.stderr
