"""A Redis Cluster: keys of several nodes, slots that move, a primary that dies; and other tests, run over it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis_servers
from outage_scenario import survive
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError, TryAgainError
from redis_servers import Group, clustered, until
from test_console_access import browser, test_signed_out_everywhere  # noqa: F401
from test_intake_batch import test_each_event_is_answered_in_its_place  # noqa: F401
from test_parking import test_an_event_parked_beside_a_route_is_found  # noqa: F401
from test_partitions import many, test_moving_changes_nothing_that_can_be_seen  # noqa: F401
from test_receipts import desk, test_with_several_partitions  # noqa: F401

from notifier.config import Config
from notifier.console.attempts import BY_NAME, WINDOW, Attempts
from notifier.service.process import Service
from notifier.store import roundtrip, work
from notifier.store.connect import CannotConnect, connect
from notifier.store.durability import durability_warnings
from notifier.store.work import UnitOfWork

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """For all tests of this module, also those from elsewhere: a cluster of two."""
    with redis_servers.cluster_beside(tmp_path_factory.mktemp("cluster")) as url:
        yield url


def counted(partition: int) -> UnitOfWork:
    unit = UnitOfWork()
    unit.do("INCR", f"n:{{{partition}}}:count")
    unit.do("RPUSH", f"n:{{{partition}}}:list", "one")
    return unit


async def test_one_commit_and_one_pipeline_over_all_nodes(redis: Redis) -> None:
    places = range(8)
    assert len({redis.get_node_from_key(f"n:{{{place}}}:x").name for place in places}) == 2  # type: ignore[attr-defined]
    for times in (1, 2):
        outcomes = await work.commit(redis, [counted(place) for place in places])
        assert outcomes == [("done", None)] * 8
        assert [await redis.get(f"n:{{{place}}}:count") for place in places] == [str(times).encode()] * 8
    await redis.script_flush()
    assert await work.commit(redis, [counted(place) for place in places]) == [("done", None)] * 8
    pipeline = redis.pipeline(transaction=False)
    for place in places:
        pipeline.mget([f"n:{{{place}}}:count", f"n:{{{place}}}:none"])
        pipeline.zadd(f"n:{{{place}}}:set", {"member": place})
        pipeline.zrange(f"n:{{{place}}}:set", 0, -1, withscores=True)
        pipeline.hset(f"n:{{{place}}}:hash", mapping={"field": "value"})
        pipeline.hgetall(f"n:{{{place}}}:hash")
    answers = await pipeline.execute()
    assert answers[::5] == [[b"3", None]] * 8
    assert answers[2::5] == [[(b"member", float(place))] for place in places]
    assert answers[4::5] == [{b"field": b"value"}] * 8
    assert len([key async for key in redis.scan_iter("n:{*}:hash")]) == 8
    assert await durability_warnings(redis) == []


async def test_a_transaction_of_one_slot(redis: Redis) -> None:
    pipeline = redis.pipeline(transaction=True)
    pipeline.hset("n:endpoint:tool", "problem", "it sleeps")
    pipeline.hsetnx("n:endpoint:tool", "since", 7)
    pipeline.hget("n:endpoint:tool", "since")
    assert await pipeline.execute() == [1, 1, b"7"]
    pipeline = redis.pipeline(transaction=True)
    pipeline.set("n:{0}:x", 1)
    pipeline.set("n:{1}:x", 1)
    with pytest.raises(ValueError, match="in one slot"):
        await pipeline.execute()
    pipeline = redis.pipeline(transaction=True)
    pipeline.set("n:{0}:x", "text")
    pipeline.incr("n:{0}:x")
    with pytest.raises(ResponseError, match="not an integer"):
        await pipeline.execute()


async def test_tries_to_sign_in_are_counted_on_two_nodes(redis: Redis) -> None:
    attempts = Attempts(redis)
    waits = [await attempts.wait("sara", "192.0.2.1") for _ in range(BY_NAME + 1)]
    assert not any(waits[:-1])
    assert 0 < waits[-1] <= WINDOW


async def test_connections_closed_under_those_who_use_them_are_lost_connections(redis: Redis) -> None:
    node = redis.get_node_from_key("n:{0}:x")  # type: ignore[attr-defined]
    lost = 0
    for turns in [*range(12)] * 10:  # of the loop until the node leaves: at each step of what is under way
        asking = [asyncio.ensure_future(roundtrip.many(redis, [("GET", "n:{0}:x")])), redis.get("n:{0}:x")]
        answers = asyncio.gather(*asking, return_exceptions=True)
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.gather(node.disconnect(), return_exceptions=True)
        for answer in await answers:
            assert answer in ([None], None) or isinstance(answer, RedisError | OSError), repr(answer)
            lost += isinstance(answer, Exception)
    assert lost


@pytest.fixture
async def group(tmp_path: Path) -> AsyncIterator[Group]:
    async with clustered(tmp_path) as group:
        yield group


async def test_a_slot_that_moves_is_followed_and_counted_once(group: Group) -> None:
    client: Any = await connect(group.url, timeout=2)
    try:
        slot = client.keyslot("n:{0}:count")
        left = next(one for one in group.primaries if client.get_node_from_key("n:{0}:x").port == one.port)
        right = next(one for one in group.primaries if one is not left)
        names = [(await one.ask("CLUSTER MYID")).decode() for one in (left, right)]
        await work.commit(client, [counted(1)])
        await right.ask("CLUSTER SETSLOT", slot, "IMPORTING", names[0])
        await left.ask("CLUSTER SETSLOT", slot, "MIGRATING", names[1])
        # Not there any more, and not there yet: asked for once at the other.
        single = UnitOfWork()
        single.do("INCR", "n:{0}:count")
        assert await work.commit(client, [single, counted(1)]) == [("done", None)] * 2
        # Of several keys, some of which may be on their way, nothing can be done: whoever asks comes again.
        with pytest.raises(TryAgainError):
            await work.commit(client, [counted(0)])
        for one in (right, left):
            await one.ask("CLUSTER SETSLOT", slot, "NODE", names[1])
        assert await work.commit(client, [counted(0), counted(1)]) == [("done", None)] * 2
        assert [await client.get(f"n:{{{place}}}:count") for place in (0, 1)] == [b"2", b"3"]
        assert await client.llen("n:{0}:list") == 1
        assert await right.ask("CLUSTER COUNTKEYSINSLOT", slot) == 2
    finally:
        await client.aclose()


async def test_a_lost_answer_is_raised_and_the_command_not_repeated(group: Group) -> None:
    client: Any = await connect(group.url, timeout=0.5)
    try:
        await work.commit(client, [counted(0)])
        holder = next(one for one in group.primaries if client.get_node_from_key("n:{0}:x").port == one.port)
        with holder.hung(), pytest.raises((OSError, RedisError)):
            await work.commit(client, [counted(0)])
        await until(lambda: _answers(client))
        assert await client.get("n:{0}:count") in (b"1", b"2")  # the one that was lost may have been written
        assert await client.llen("n:{0}:list") == int(await client.get("n:{0}:count"))
    finally:
        await client.aclose()


async def _answers(client: Any) -> bool:
    try:
        return bool(await client.get("n:{0}:count"))
    except (OSError, RedisError):
        return False


async def test_a_primary_that_is_killed_takes_nothing_along(tmp_path: Path, make_config: Callable[..., Config]) -> None:
    async with clustered(tmp_path, primaries=3, replicas=True) as group:
        victim = group.primaries[0]

        async def kill(service: Service) -> None:
            victim.kill()
            await until(lambda: _leads(group.replicas[0]))
            victim.start()  # as who looks after it does: it comes back as a replica

        await survive(
            make_config,
            kill,
            redis__url=group.url,
            redis__replicas=1,
            redis__replicas_timeout="1s",
            redis__timeout="2s",
            redis__partitions=6,
        )


async def _leads(server: redis_servers.RedisProcess) -> bool:
    info: Any = await server.ask("INFO", "replication")
    return bool(info["role"] == "master")


async def test_no_node_answers(unused_tcp_port: int) -> None:
    with pytest.raises(CannotConnect, match=r"redis\+cluster://\*\*\*@127.0.0.1:.* does not take our connection"):
        await connect(f"redis+cluster://:secret@127.0.0.1:{unused_tcp_port}")
