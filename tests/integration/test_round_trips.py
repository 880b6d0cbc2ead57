"""Round trips on connections that are kept at hand: what becomes of them when they are lost, late or many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from notifier.store.connect import connect
from notifier.store.roundtrip import many

pytestmark = pytest.mark.process


@asynccontextmanager
async def connected(url: str, **options: Any) -> AsyncIterator[Redis]:
    client = await connect(url, **options)
    try:
        yield client
    finally:
        await client.aclose()


async def number(redis: Redis) -> int:
    """The id of the connection that a round trip took."""
    (found,) = await many(redis, [("CLIENT", "ID")])
    return int(found)


async def test_a_connection_is_kept_for_the_next_round_trip(redis: Redis) -> None:
    assert await number(redis) == await number(redis)


async def test_a_kept_connection_that_the_server_closed_is_replaced(redis: Redis) -> None:
    kept = await number(redis)
    await redis.client_kill_filter(_id=str(kept))
    assert await number(redis) != kept


async def test_an_error_is_one_of_the_answers_and_the_connection_stays(redis: Redis) -> None:
    kept = await number(redis)
    answers = await many(redis, [("SET", "a", 1), ("LPUSH", "a", 2), ("GET", "a")])
    assert isinstance(answers[1], ResponseError)
    assert (answers[0], answers[2]) == (b"OK", b"1")
    assert await number(redis) == kept


async def test_an_answer_that_nobody_waits_for_any_more_is_nobody_elses(redis: Redis) -> None:
    kept = await number(redis)
    waiting = asyncio.create_task(many(redis, [("BLPOP", "nothing", 60)]))
    while not (await redis.info("clients"))["blocked_clients"]:
        pass
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await redis.rpush("nothing", "late")
    assert await many(redis, [("ECHO", "mine")]) == [b"mine"]
    assert await number(redis) != kept


async def test_a_server_that_does_not_answer_in_time_is_told_of_as_late(redis_url: str, redis: Redis) -> None:
    async with connected(redis_url, timeout=0.2) as hasty:
        with pytest.raises(RedisTimeoutError):
            await many(hasty, [("BLPOP", "nothing", 60)])
        assert await many(hasty, [("ECHO", "mine")]) == [b"mine"]


async def test_kept_connections_leave_enough_for_others(redis_url: str, redis: Redis) -> None:
    async with connected(redis_url, max_connections=4) as client:
        await asyncio.gather(*(many(client, [("INCR", "a")]) for _ in range(30)))
        assert sorted(await asyncio.gather(*(client.incr("a") for _ in range(30)))) == list(range(31, 61))


async def test_who_waits_no_more_costs_no_connection(redis_url: str, redis: Redis) -> None:
    async with connected(redis_url, max_connections=4, timeout=2) as client:
        for steps in [*range(8)] * 3:
            waiting = asyncio.create_task(many(client, [("INCR", "a")]))
            for _ in range(steps):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        answers = await asyncio.gather(*(many(client, [("ECHO", str(each))]) for each in range(8)))
        assert answers == [[str(each).encode()] for each in range(8)]
