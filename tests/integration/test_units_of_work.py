"""Units of work that build on one another, and of which one cannot be carried out."""

import pytest
from redis.asyncio import Redis

from notifier.store import work
from notifier.store.work import UnitOfWork

pytestmark = pytest.mark.process

RECORD, SEEN, OTHER = "n:{0}:record", "n:{0}:seen", "n:{0}:other"


def written(name: str, version: int, *, key: str = RECORD) -> UnitOfWork:
    """The record's next version, by one who saw ``version``."""
    unit = UnitOfWork()
    unit.require_version(key, version)
    unit.do("SET", key, f'{{"v":{version + 1},"by":"{name}"}}')
    return unit


async def test_what_builds_on_a_unit_that_lost_the_race_is_lost_too(redis: Redis) -> None:
    await redis.set(RECORD, '{"v":2,"by":"somebody else"}')
    outcomes = await work.commit(redis, [written("a", 1), written("b", 2), written("c", 3), written("d", 0, key=OTHER)])
    assert [name for name, _ in outcomes] == ["conflict", "conflict", "conflict", "done"]
    assert await redis.get(RECORD) == b'{"v":2,"by":"somebody else"}'
    assert [name for name, _ in await work.commit(redis, [written("b", 2)])] == ["done"]


async def test_what_builds_on_a_unit_that_was_carried_out_before_is_lost(redis: Redis) -> None:
    await redis.set(SEEN, "the answer")
    await redis.set(RECORD, '{"v":2,"by":"somebody else"}')
    again = UnitOfWork()
    again.require_absent(SEEN)
    again.then(written("a", 1))
    outcomes = await work.commit(redis, [again, written("b", 2)])
    assert outcomes == [("exists", b"the answer"), ("conflict", None)]
    assert await redis.get(RECORD) == b'{"v":2,"by":"somebody else"}'


async def test_what_builds_on_something_else_that_a_unit_would_have_written_is_lost(redis: Redis) -> None:
    """As a call that two orders of one customer share."""
    await redis.mset({RECORD: '{"v":2}', OTHER: '{"v":1,"by":"somebody else"}'})
    both = written("a", 1)
    both.do("SET", OTHER, '{"v":1,"by":"a"}')
    outcomes = await work.commit(redis, [both, written("b", 1, key=OTHER)])
    assert [name for name, _ in outcomes] == ["conflict", "conflict"]
    assert await redis.get(OTHER) == b'{"v":1,"by":"somebody else"}'


async def test_units_that_build_on_one_another_are_all_carried_out(redis: Redis) -> None:
    outcomes = await work.commit(redis, [written("a", 0), written("b", 1), written("c", 2)])
    assert [name for name, _ in outcomes] == ["done"] * 3
    assert await redis.get(RECORD) == b'{"v":3,"by":"c"}'
