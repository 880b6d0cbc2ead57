"""Moves all data into another number of partitions, with nobody at work.

Everything is first written to its new place and then removed from the old one, so a move that was cut short is taken up
by beginning it again: what is in its place already stays there. Lists and indexes go before the records that tell where
their members belong.
"""

import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from notifier.domain.orders import Order
from notifier.store import keys as names
from notifier.store import places, search_index, work
from notifier.store.keys import Keys
from notifier.store.kinds import By, Form
from notifier.store.places import FoundKey, Places, decoded
from notifier.store.work import UnitOfWork

T = TypeVar("T")
Tell = Callable[[str, int], None]
"""Told how many more keys a part of the move has looked at."""

ROUTES, INDEXES, RECORDS, REST = "routes", "indexes", "records", "rest"
PARTS = (ROUTES, INDEXES, RECORDS, REST)
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Mover:
    """Moves everything to where it belongs in so many partitions."""

    redis: Redis
    partitions: int
    tell: Tell = lambda part, count: None

    async def check(self) -> int:
        """How many keys there are. Raises UnknownKey before anything is touched."""
        return sum([1 async for _ in self._keys()])

    async def move(self) -> None:
        """Move what is not in its place. May be cut short at any point and run again."""
        async for batch in self._batches(ROUTES, lambda one: one.rest.startswith("order:")):
            await self._set_routes(batch)
        async for batch in self._batches(INDEXES, _goes_first):
            await self._move(batch)
        async for batch in self._batches(RECORDS, lambda one: not _goes_first(one)):
            await self._move(batch)
        async for batch in self._batches(REST, lambda one: one.rule.form is Form.RUBBISH):
            await self._pipeline([("unlink", one.key) for one in batch])

    async def _keys(self) -> AsyncIterator[FoundKey]:
        async for key in self.redis.scan_iter("n:{*", count=1000):
            if (found := places.found(key)) is not None:
                yield found

    async def _batches(self, part: str, wanted: Callable[[FoundKey], bool]) -> AsyncIterator[list[FoundKey]]:
        batch: list[FoundKey] = []
        async for one in self._keys():
            self.tell(part, 1)
            if wanted(one):
                batch.append(one)
            if len(batch) >= _AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _set_routes(self, batch: Sequence[FoundKey]) -> None:
        """Say of each order where it will lie: all else about it follows."""
        where, commands = self._places, []
        for one, raw in zip(batch, await self._pipeline([("get", one.key) for one in batch]), strict=True):
            if raw is None:
                continue
            order = decoded(raw, Order)  # one that cannot be read goes where an order without a phone does
            phone = order and order.details.phone
            place = where.of_phone(phone) if phone else where.of_parking(one.about)
            commands.append(("set", names.route(*one.about.split(":", 1)), place))
        await self._pipeline(commands)

    async def _move(self, batch: Sequence[FoundKey]) -> None:
        for whole in _grouped((one for one in batch if one.rule.form is Form.WHOLE), lambda one: one.partition):
            await self._move_whole(whole)
        for one in batch:
            match one.rule.form:
                case Form.MEMBERS:
                    await self._move_members(one)
                case Form.LIST:
                    await self._move_list(one)
                case Form.COUNTERS:
                    await self._add_counters(one)

    async def _move_whole(self, batch: Sequence[FoundKey]) -> None:
        """Keys of one partition."""
        moved: list[tuple[FoundKey, int]] = []
        for alike in _grouped(batch, lambda one: one.rule.by.name):
            things = [one.about for one in alike]
            if alike[0].rule.told_by == "value":
                raws = await self._pipeline([("get", one.key) for one in alike])
                things = [_thing(one, raw) for one, raw in zip(alike, raws, strict=True)]
            where = await self._places.of(alike[0].rule.by, alike[0].partition, things)
            moved += [(one, place) for one, place in zip(alike, where, strict=True) if place != one.partition]
        read = await self._pipeline([(name, one.key) for one, _ in moved for name in ("dump", "pttl")])
        dumps = list(zip(moved, read[::2], read[1::2], strict=True))
        there = [(one.at(place), max(ttl, 0), dump) for (one, place), dump, ttl in dumps if dump is not None]
        pipeline = self.redis.pipeline(transaction=False)
        for key, ttl, dump in there:
            pipeline.restore(key, ttl, dump, replace=True)
        if there:
            await pipeline.execute()
        await self._pipeline([("unlink", one.key) for one, _ in moved])

    async def _move_members(self, one: FoundKey) -> None:
        """The members of a set or sorted set or the fields of a hash, each to its place."""
        raw_kind: Any = await self.redis.type(one.key)
        kind = raw_kind.decode()
        ttl: int = await self.redis.pttl(one.key)
        async for members in _members(self.redis, one.key, kind):
            where = await self._places.of(one.rule.by, one.partition, [_named(one, *pair) for pair in members])
            for target, going in _by_place(members, where).items():
                if target == one.partition:
                    continue
                key = one.at(target)
                if kind == "zset":
                    await self.redis.zadd(key, dict(going))
                    await self.redis.zrem(one.key, *(name for name, _ in going))
                elif kind == "set":
                    await self.redis.sadd(key, *(name for name, _ in going))
                    await self.redis.srem(one.key, *(name for name, _ in going))
                else:
                    await self.redis.hset(key, mapping=dict(going))
                    await self.redis.hdel(one.key, *(name for name, _ in going))
                if ttl > 0:
                    await self.redis.pexpire(key, ttl)

    async def _move_list(self, one: FoundKey) -> None:
        """Added to what may be there already: events of one order can have waited in two places."""
        target = (await self._places.of(one.rule.by, one.partition, [one.about]))[0]
        if target == one.partition:
            return
        unit = UnitOfWork()
        raws: Any = await self.redis.lrange(one.key, 0, -1)
        for raw in raws:
            unit.do("LREM", one.at(target), 0, work.binary(raw))
            unit.do("RPUSH", one.at(target), work.binary(raw))
        await work.commit(self.redis, [unit])
        await self.redis.unlink(one.key)

    async def _add_counters(self, one: FoundKey) -> None:
        """Counters are added up wherever they lie, so only those of a partition that goes are moved; each once."""
        target = self._places.home(one.partition)
        if target == one.partition:
            return
        done = Keys(target).moved(str(one.partition), one.rest)
        counts: Any = await self.redis.hgetall(one.key)
        ttl: int = await self.redis.ttl(one.key)
        unit = UnitOfWork()
        unit.require_absent(done)
        for name, count in counts.items():
            unit.do("HINCRBY", one.at(target), work.binary(name), int(count))
        if ttl > 0:
            unit.do("EXPIRE", one.at(target), ttl)
        unit.do("SET", done, 1)
        await work.commit(self.redis, [unit])
        await self.redis.unlink(one.key)

    @property
    def _places(self) -> Places:
        return Places(self.redis, self.partitions)

    async def _pipeline(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        if not commands:
            return []
        pipeline = self.redis.pipeline(transaction=False)
        for name, *arguments in commands:
            getattr(pipeline, name)(*arguments)
        return list(await pipeline.execute())


def _goes_first(one: FoundKey) -> bool:
    """Whether its place is read from a record beside it, which must be there still."""
    return one.rule.form is not Form.RUBBISH and (one.rule.form is not Form.WHOLE or one.rule.told_by == "value")


def _thing(one: FoundKey, raw: bytes | None) -> str:
    """What the value of a key says it is about."""
    value = (raw or b"").decode()
    if one.rule.by is not By.SEEN:
        return value
    return f"{one.about.partition(':')[0]}\n{value.partition(chr(10))[2]}"


def _named(one: FoundKey, member: bytes, value: Any) -> str:
    """What a member is about."""
    match one.rule.told_by:
        case "member":
            return member.decode()
        case "second part of the member":
            return member.decode().partition("|")[2]
        case "phone as a number":
            return search_index.phone_of(member)
        case "value":
            return str(value.decode())
    return one.about


async def _members(redis: Redis, key: str, kind: str) -> AsyncIterator[list[tuple[bytes, Any]]]:
    """Members with their scores, or fields with their values, some at a time."""
    scans: dict[str, Callable[[], Any]] = {
        "zset": lambda: redis.zscan_iter(key, count=_AT_ONCE),
        "hash": lambda: redis.hscan_iter(key, count=_AT_ONCE),
        "set": lambda: redis.sscan_iter(key, count=_AT_ONCE),
    }
    if kind == "none":
        return
    if kind not in scans:
        raise ResponseError(f"{key} is a {kind}, which is not what this program writes there")
    batch: list[tuple[bytes, Any]] = []
    async for found in scans[kind]():
        batch.append(found if isinstance(found, tuple) else (found, None))
        if len(batch) >= _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _by_place(members: Sequence[T], where: Sequence[int]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = {}
    for member, place in zip(members, where, strict=True):
        found.setdefault(place, []).append(member)
    return found


def _grouped(batch: Iterable[FoundKey], by: Callable[[FoundKey], Any]) -> Iterable[list[FoundKey]]:
    return [list(group) for _, group in itertools.groupby(sorted(batch, key=by), key=by)]
