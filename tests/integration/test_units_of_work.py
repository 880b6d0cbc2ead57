"""Units of work: what the units of a group put into one key is written together, as if each had done it."""

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from notifier.store import work
from notifier.store.work import UnitOfWork, binary

pytestmark = pytest.mark.process

INDEX, OTHER, DAY, RECORD = "n:{0}:index", "n:{0}:other", "n:{0}:day", "n:{0}:record"


def indexed(*members: str) -> UnitOfWork:
    unit = UnitOfWork()
    for place, member in enumerate(members):
        unit.index(INDEX, 100 + place, member)
    return unit


async def test_a_group_of_thousands_lies_in_the_index_and_the_last_score_of_a_member_stands(redis: Redis) -> None:
    again = UnitOfWork()
    again.index(INDEX, 7, "member 0")
    units = [indexed(*(f"member {number}" for number in range(start, start + 40))) for start in range(0, 4000, 40)]
    assert await work.commit(redis, [*units, again]) == [("done", None)] * 101
    assert await redis.zcard(INDEX) == 4000
    assert await redis.zscore(INDEX, "member 0") == 7


async def test_what_comes_after_an_index_finds_it_written(redis: Redis) -> None:
    unit, later = indexed("a", "b"), UnitOfWork()
    unit.do("ZREM", INDEX, "a")
    unit.index(INDEX, 5, "c")
    later.move("b", source=INDEX, target=OTHER)
    later.index(INDEX, 6, "a")
    await work.commit(redis, [unit, later])
    assert await redis.zrange(INDEX, 0, -1, withscores=True) == [(b"c", 5), (b"a", 6)]
    assert await redis.zrange(OTHER, 0, -1, withscores=True) == [(b"b", 101)]


async def test_counts_of_a_group_add_up_and_are_kept_for_as_long_as_said(redis: Redis) -> None:
    one, other = UnitOfWork(), UnitOfWork()
    one.count(DAY, {"sent": 2, "cost": 1200}, kept=60)
    other.count(DAY, {"sent": 1, "cost": -200}, kept=90)
    await work.commit(redis, [one, other])
    assert await redis.hgetall(DAY) == {b"sent": b"3", b"cost": b"1000"}
    assert await redis.ttl(DAY) in (89, 90)


async def test_what_is_skipped_or_in_conflict_is_not_indexed_nor_counted(redis: Redis) -> None:
    await redis.set(RECORD, "there")
    skipped, refused = UnitOfWork(), UnitOfWork()
    then = indexed("skipped")
    then.count(DAY, {"skipped": 1}, kept=60)
    skipped.unless_exists(RECORD, then)
    refused.require_absent(RECORD)
    refused.index(INDEX, 1, "refused")
    outcomes = await work.commit(redis, [skipped, refused, indexed("fine")])
    assert [name for name, _ in outcomes] == ["done", "exists", "done"]
    assert await redis.zrange(INDEX, 0, -1) == [b"fine"]
    assert not await redis.exists(DAY)


async def test_an_index_that_cannot_be_written_is_no_success_of_anybody(redis: Redis) -> None:
    await redis.set(INDEX, "no sorted set")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await work.commit(redis, [indexed("a"), indexed("b")])


async def test_text_with_any_letters_and_bytes_that_are_none_come_back_as_they_were(redis: Redis) -> None:
    text, raw = "سفارش «۱۰۰۲۵» \u200c 🎁 \x00 \"'\\", bytes(range(256)) * 300
    unit = UnitOfWork()
    unit.do("SET", RECORD, text)
    unit.do("RPUSH", OTHER, binary(raw), binary(b""))
    unit.read(OTHER)
    assert await work.commit(redis, [unit]) == [("done", [raw, b""])]
    assert await redis.get(RECORD) == text.encode()
