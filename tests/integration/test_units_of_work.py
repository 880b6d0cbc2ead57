"""Units of work committed together: what builds on what, and what is gathered and written at once."""

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from notifier.store import work
from notifier.store.work import UnitOfWork, binary

pytestmark = pytest.mark.process

RECORD, SEEN, OTHER = "n:{0}:record", "n:{0}:seen", "n:{0}:other"
INDEX, DAY = "n:{0}:index", "n:{0}:day"


def indexed(*members: str) -> UnitOfWork:
    unit = UnitOfWork()
    for place, member in enumerate(members):
        unit.index(INDEX, 100 + place, member)
    return unit


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


async def test_counts_of_a_group_are_exact_where_their_sum_is_no_number_of_luas(redis: Redis) -> None:
    units = [UnitOfWork() for _ in range(3)]
    for unit in units:
        unit.count(DAY, {"revenue": 2**52 + 1, "orders": 1}, kept=60)
    await work.commit(redis, units)
    assert await redis.hgetall(DAY) == {b"revenue": b"%d" % (3 * (2**52 + 1)), b"orders": b"3"}
    assert await redis.ttl(DAY) > 0


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


@pytest.mark.parametrize("looked_at", [False, True])
async def test_an_index_that_cannot_be_written_leaves_out_nothing_else(redis: Redis, looked_at: bool) -> None:
    await redis.set(INDEX, "no sorted set")
    both, fine = indexed("a"), UnitOfWork()
    for unit in (both, fine):
        unit.index(OTHER, 1, "in the other")
        unit.count(DAY, {"sent": 1}, kept=60)
    if looked_at:
        fine.do("GET", INDEX)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await work.commit(redis, [both, fine])
    assert await redis.zrange(OTHER, 0, -1) == [b"in the other"]
    assert await redis.hgetall(DAY) == {b"sent": b"2"}


async def test_fields_of_a_group_are_put_at_once_and_the_next_unit_finds_them(redis: Redis) -> None:
    units = [UnitOfWork() for _ in range(1500)]
    for place, unit in enumerate(units):
        unit.require_field(OTHER, str(place % 1000), "")
        unit.put(OTHER, str(place % 1000), str(place))
    outcomes = [name for name, _ in await work.commit(redis, units)]
    assert outcomes == ["done"] * 1000 + ["conflict"] * 500
    assert await redis.hgetall(OTHER) == {str(place).encode(): str(place).encode() for place in range(1000)}


async def test_a_field_is_looked_at_as_it_will_be(redis: Redis) -> None:
    await redis.hset(OTHER, mapping={"written": "1", "gone": "1"})
    first, gone, second = UnitOfWork(), UnitOfWork(), UnitOfWork()
    first.put(OTHER, "put", "2")
    first.count(OTHER, {"counted": 3}, kept=90)
    gone.do("HDEL", OTHER, "gone")
    for field, value in (("written", "1"), ("put", "2"), ("counted", "3"), ("gone", "")):
        second.require_field(OTHER, field, value)
    second.put(OTHER, "put", "4")
    assert [name for name, _ in await work.commit(redis, [first, gone, second])] == ["done"] * 3
    assert await redis.hgetall(OTHER) == {b"written": b"1", b"put": b"4", b"counted": b"3"}


async def test_a_field_that_cannot_be_put_is_in_no_unit_that_is_done(redis: Redis) -> None:
    await redis.set(OTHER, "no hash")
    lost, fine = UnitOfWork(), UnitOfWork()
    lost.put(OTHER, "field", "value")
    fine.do("SET", RECORD, "written")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await work.commit(redis, [lost, fine])
    assert await redis.get(RECORD) == b"written"


@pytest.mark.parametrize("there", [False, True])
async def test_what_is_indexed_or_counted_around_a_condition_is_no_part_of_it(redis: Redis, there: bool) -> None:
    if there:
        await redis.set(SEEN, "there")
    unit, then = indexed("before"), indexed("then")
    unit.count(DAY, {"before": 1}, kept=60)
    then.count(DAY, {"then": 1}, kept=60)
    unit.unless_exists(SEEN, then)
    unit.index(INDEX, 1, "after")
    unit.do("SET", RECORD, "after")
    assert await work.commit(redis, [unit]) == [("done", None)]
    only = set() if there else {b"then"}
    assert set(await redis.zrange(INDEX, 0, -1)) == {b"before", b"after"} | only
    assert set(await redis.hgetall(DAY)) == {b"before"} | only
    assert await redis.get(RECORD) == b"after"


def expecting_nothing(name: str) -> UnitOfWork:
    """What a new order's unit asks for, and what depends on it."""
    unit, then = written(name, 0), UnitOfWork()
    unit.require_absent(SEEN)
    then.do("SET", OTHER, name)
    unit.unless_exists(OTHER, then, unlikely=True)
    unit.read(INDEX, unlikely=True)
    unit.do("SET", SEEN, f"answer to {name}", "PX", 60_000)
    return unit


async def test_a_unit_whose_keys_are_all_new_is_carried_out_once(redis: Redis) -> None:
    outcomes = await work.commit(redis, [expecting_nothing("a"), expecting_nothing("b")])
    assert outcomes == [("done", None), ("exists", b"answer to a")]
    assert await redis.mget(RECORD, OTHER) == [b'{"v":1,"by":"a"}', b"a"]


async def test_what_is_there_against_expectation_is_heeded(redis: Redis) -> None:
    await redis.set(OTHER, "kept")
    await redis.rpush(INDEX, "waits", "too")
    assert await work.commit(redis, [expecting_nothing("a")]) == [("done", [b"waits", b"too"])]
    assert await redis.mget(RECORD, OTHER, SEEN) == [b'{"v":1,"by":"a"}', b"kept", b"answer to a"]


async def test_a_new_record_that_somebody_else_wrote_is_a_conflict(redis: Redis) -> None:
    await redis.set(RECORD, '{"v":1,"by":"somebody else"}')
    assert await work.commit(redis, [expecting_nothing("a")]) == [("conflict", None)]
    assert await redis.mget(RECORD, OTHER, SEEN) == [b'{"v":1,"by":"somebody else"}', None, None]


async def test_a_new_record_that_a_lost_unit_would_have_written_is_a_conflict(redis: Redis) -> None:
    await redis.set(SEEN, "the answer")
    outcomes = await work.commit(redis, [expecting_nothing("a"), written("b", 0)])
    assert outcomes == [("exists", b"the answer"), ("conflict", None)]


async def test_a_new_record_that_a_lost_unit_only_asked_for_is_a_conflict(redis: Redis) -> None:
    await redis.set(SEEN, "the answer")
    lost = UnitOfWork()
    lost.require_absent(SEEN)
    lost.require_version(RECORD, 0)
    lost.do("RPUSH", OTHER, "waits")
    outcomes = await work.commit(redis, [lost, written("b", 0)])
    assert outcomes == [("exists", b"the answer"), ("conflict", None)]


async def test_records_of_a_group_are_found_by_the_units_that_look_at_them(redis: Redis) -> None:
    read, gone = UnitOfWork(), UnitOfWork()
    read.require_absent(RECORD)
    gone.do("DEL", OTHER)
    outcomes = await work.commit(redis, [written("a", 0), read, written("a", 1), written("x", 0, key=OTHER), gone])
    assert outcomes == [
        ("done", None),
        ("exists", b'{"v":1,"by":"a"}'),
        ("conflict", None),
        ("done", None),
        ("done", None),
    ]
    assert await redis.mget(RECORD, OTHER) == [b'{"v":1,"by":"a"}', None]


async def test_records_that_a_full_server_refuses_are_in_no_unit_that_is_done(redis: Redis) -> None:
    most = (await redis.config_get("maxmemory"))["maxmemory"]
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(ResponseError, match="OOM"):
            await work.commit(redis, [written("a", 0), written("b", 0, key=OTHER)])
    finally:
        await redis.config_set("maxmemory", most)
    assert await redis.mget(RECORD, OTHER) == [None, None]


async def test_what_is_skipped_within_what_is_skipped_is_counted_once(redis: Redis) -> None:
    await redis.set(SEEN, "there")
    inner, outer, unit = UnitOfWork(), UnitOfWork(), UnitOfWork()
    inner.do("SET", OTHER, "inner")
    inner.index(INDEX, 1, "inner")
    outer.unless_exists(OTHER, inner)
    outer.do("SET", OTHER, "outer")
    unit.unless_exists(SEEN, outer)
    unit.do("SET", RECORD, "after")
    assert await work.commit(redis, [unit]) == [("done", None)]
    assert await redis.get(RECORD) == b"after"
    assert not await redis.exists(OTHER, INDEX)


async def test_text_with_any_letters_and_bytes_that_are_none_come_back_as_they_were(redis: Redis) -> None:
    text, raw = "سفارش «۱۰۰۲۵» \u200c 🎁 \x00 \"'\\", bytes(range(256)) * 300
    unit = UnitOfWork()
    unit.do("SET", RECORD, text)
    unit.do("RPUSH", OTHER, binary(raw), binary(b""))
    unit.read(OTHER)
    assert await work.commit(redis, [unit]) == [("done", [raw, b""])]
    assert await redis.get(RECORD) == text.encode()
