"""The store: Redis, what lies in it, its clock, and the disk."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.config import Config, accounts, ladders
from notifier.diagnostics.verdicts import Verdict, error, ok, warning
from notifier.domain.counted import counted
from notifier.domain.messages import MessageState
from notifier.retention.backup import last_backup
from notifier.store import disk, health, layout, schema, writes
from notifier.store.cluster import Cluster
from notifier.store.durability import durability_warnings
from notifier.store.reading import Reader
from notifier.store.records import ms
from notifier.store.urls import without_password

_GIB = 1 << 30
_STUCK = timedelta(minutes=10)
_BACKUP_IS_OLD = timedelta(days=2)  # one that is made once a day may be late


async def durability(config: Config, redis: Redis) -> AsyncIterator[Verdict]:
    """The server, its version, its append-only file, its memory."""
    embedded, servers = config.redis.is_embedded, await health.health(redis)
    where, versions = without_password(config.redis.url), ", ".join(sorted({one.version for one in servers}))
    yield ok("redis", f"answers ({where}, {versions}, durability {config.redis.durability})")
    for sentence in [] if embedded else await durability_warnings(redis):
        yield error("redis", sentence)
    if embedded and config.redis.durability != "fsync":
        yield warning(
            "redis",
            "a power cut may lose the last second of events",
            'set [redis] durability = "fsync", or live with it',
        )
    for one in servers:
        name = f"{one.node}: " if one.node else ""
        if one.appends and not one.written:
            yield error("redis", f"{name}the append-only file could not be written", "look at its disk and its log")
        if one.is_nearly_full:
            yield error("redis", f"{name}its memory is nearly full", "raise maxmemory, or shorten [retention]")
    used = sum(one.memory for one in servers)
    yield ok("memory", f"Redis uses {used / (1 << 20):,.0f} MiB")


async def data(config: Config, redis: Redis, clock: Clock) -> AsyncIterator[Verdict]:
    """The store's form, who uses it, and what lies in it that should not."""
    version, now = await schema.version(redis), clock.now()
    yield ok("data", f"form {version}, in {_many(config.redis.partitions, 'partition')}")
    if busy := await layout.alive(redis, now):
        yield ok("processes", f"{_many(len(busy), 'process')} of the service at work")
    else:
        yield warning("processes", "no process of the service is running", "start `notifier serve`")
    reader, oldest = Reader(redis, config.redis.partitions), ms(now)
    held = unknown = parked = 0
    for keys in reader.everywhere:
        for route in {*accounts.chains(config), *ladders.routes(config)}:
            first: Any = await redis.zrange(writes.box(keys, route), 0, 0, withscores=True)
            oldest = min(oldest, int(first[0][1])) if first else oldest
        held += await redis.zcard(keys.messages(MessageState.HELD))
        unknown += await redis.zcard(keys.messages(MessageState.UNKNOWN))
        parked += await redis.zcard(keys.parked_orders)
    waits = timedelta(milliseconds=ms(now) - oldest)
    if waits > _STUCK:
        minutes = counted(waits // timedelta(minutes=1), "minute")
        yield error(
            "outbox",
            f"a text has been waiting for {minutes}",
            "is a worker running, and a line open?",
        )
    else:
        yield ok("outbox", "nothing waits that could leave")
    if held or unknown:
        text = f"{_many(held, 'text')} held and {unknown} unknown: they may have been sent"
        yield warning("outbox", text, "decide about those held in the console, Texts")
    if parked:
        yield warning("parked", f"events wait for {_many(parked, 'order')} that nobody has heard of", "console, Parked")


async def backups(config: Config, redis: Redis, clock: Clock) -> AsyncIterator[Verdict]:
    """Of the embedded store; of a Redis of one's own, that somebody says so when its own means have done it."""
    made, todo = await last_backup(redis), "run `notifier backup FILE` once a day, and copy the file to another machine"
    if not config.redis.is_embedded:
        todo = "back it up by its own means once a day, and after each run `notifier backup --record`"
    if made is None:
        yield warning("backup", "none was ever made of this store", todo)
    elif clock.now() - made > _BACKUP_IS_OLD:
        yield warning("backup", f"the last one was made {counted((clock.now() - made).days, 'day')} ago", todo)
    else:
        yield ok("backup", f"the last one was made {made:%Y-%m-%d %H:%M}")


async def clocks(redis: Redis) -> AsyncIterator[Verdict]:
    """Ours against that of Redis. Due times are ours: processes that disagree disagree about what is due."""
    before = datetime.now(UTC)
    node: dict[str, Any] = {"target_nodes": redis.get_primaries()[0]} if isinstance(redis, Cluster) else {}
    seconds, micros = await redis.time(**node)
    skew = abs(before - datetime.fromtimestamp(int(seconds) + int(micros) / 1e6, UTC))
    yield judged("Redis", skew)


def judged(whose: str, skew: timedelta) -> Verdict:
    """What a difference of clocks means."""
    text = f"{skew.total_seconds():.1f} s from that of {whose}"
    if skew > timedelta(minutes=1):
        return error("clock", f"ours is {text}", "let NTP set the clocks (`timedatectl set-ntp true`)")
    if skew > timedelta(seconds=3):
        return warning("clock", f"ours is {text}", "let NTP set the clocks (`timedatectl set-ntp true`)")
    return ok("clock", f"ours is {text}")


async def space(config: Config) -> AsyncIterator[Verdict]:
    """Where the data lies."""
    room = disk.room(config.redis.data_dir)
    text = f"{room.free / _GIB:,.1f} of {room.size / _GIB:,.1f} GiB free in {config.redis.data_dir}"
    if room.is_little:
        yield error("disk", text, "make room: Redis stops taking events when it cannot write")
    elif room.free < 2 * _GIB:
        yield warning("disk", text, "make room soon; backups need as much as the data")
    else:
        yield ok("disk", text)


def _many(count: int, what: str) -> str:
    plural = f"{what}es" if what.endswith("s") else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"
