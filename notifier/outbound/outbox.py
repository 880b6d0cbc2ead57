"""The outbox of news: written with what makes it true, taken by workers with claims that lapse.

For each endpoint a hash of entries, and two sorted sets: the times of the next tries, and the times things happened at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from msgspec import Raw, Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain.domain_events import DomainEvent
from notifier.errors import StoreError
from notifier.outbound import news as telling
from notifier.outbound.endpoint import Endpoint
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.records import as_text, decode, encode, ms
from notifier.store.work import Script, UnitOfWork

log = structlog.get_logger()

_POSTPONE = Script("postpone")
_AT_ONCE = 500


class PendingPost(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """News for one endpoint. ``body`` is posted as it is; ``tries`` counts those that came to nothing."""

    id: str
    topic: str
    body: Raw
    tries: int = 0


@dataclass(frozen=True, slots=True)
class ClaimedNews:
    """An entry in our hands, as it was read."""

    keys: Keys
    entry: PendingPost
    raw: bytes


@dataclass(frozen=True, slots=True)
class NewsOutbox:
    """``tell`` is for those who make things true; ``namespace`` tells this installation's ids from another's."""

    endpoints: Sequence[Endpoint]
    namespace: str

    def tell(self, unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> None:
        """Have every endpoint that wants to know told of a fact, as soon as the unit is committed."""
        for endpoint in self.endpoints:
            part = telling.narrowed(fact, endpoint.sources) if endpoint.sources else fact
            for news in telling.of(part) if part is not None else ():
                if news.topic in endpoint.topics:
                    entry = PendingPost(id=news.id(self.namespace), topic=news.topic, body=Raw(encode(news.payload)))
                    _add(unit, keys, endpoint.name, entry, ms(fact.at))

    def retract(self, unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> list[tuple[str, str]]:
        """Have nobody told of a fact that is not true any more, as far as they were not told of it yet."""
        places = []
        for endpoint in self.endpoints:
            part = telling.narrowed(fact, endpoint.sources) if endpoint.sources else fact
            for news in telling.of(part) if part is not None else ():
                if news.topic in endpoint.topics:
                    news_id = news.id(self.namespace)
                    places.append((keys.news(endpoint.name), news_id))
                    _drop(unit, keys, endpoint.name, news_id)
        return places


def _add(unit: UnitOfWork, keys: Keys, endpoint: str, entry: PendingPost, at: int) -> None:
    unit.do("HSET", keys.news(endpoint), entry.id, as_text(entry))
    unit.do("ZADD", keys.news_due(endpoint), at, entry.id)
    unit.do("ZADD", keys.news_since(endpoint), at, entry.id)


def _drop(unit: UnitOfWork, keys: Keys, endpoint: str, *ids: str) -> None:
    unit.do("HDEL", keys.news(endpoint), *ids)
    unit.do("ZREM", keys.news_due(endpoint), *ids)
    unit.do("ZREM", keys.news_since(endpoint), *ids)


async def claim(redis: Redis, keys: Keys, endpoint: Endpoint, *, now: datetime, count: int) -> list[ClaimedNews]:
    """Take up to ``count`` entries that are due, the earliest first. What is not settled in time is taken again."""
    ids = await _POSTPONE.run(redis, [keys.news_due(endpoint.name)], ms(now), ms(now + endpoint.terms.lease), count)
    raws: Any = await redis.hmget(keys.news(endpoint.name), ids) if ids else []
    claimed, lost = [], UnitOfWork()
    for entry_id, raw in zip(ids, raws, strict=True):
        try:
            if raw is not None:
                claimed.append(ClaimedNews(keys, decode(raw, PendingPost), raw))
                continue
        except StoreError as error:  # kept in the hash, where it can be looked at
            log.error("news is set aside", action="news_unreadable", endpoint=endpoint.name, error=str(error))
        lost.do("ZREM", keys.news_due(endpoint.name), entry_id.decode())
    if lost.parts:
        await work.commit(redis, [lost])
    return claimed


def delivered(endpoint: Endpoint, claimed: ClaimedNews) -> UnitOfWork:
    """Remove news that an endpoint took."""
    unit = UnitOfWork()
    _drop(unit, claimed.keys, endpoint.name, claimed.entry.id)
    return unit


def again(endpoint: Endpoint, claimed: ClaimedNews, at: datetime) -> UnitOfWork:
    """Have news tried again at a time, unless somebody else settled it after our claim had lapsed."""
    keys, entry = claimed.keys, claimed.entry
    unit = UnitOfWork()
    unit.require_field(keys.news(endpoint.name), entry.id, claimed.raw)
    unit.do("HSET", keys.news(endpoint.name), entry.id, as_text(replace(entry, tries=entry.tries + 1)))
    unit.do("ZADD", keys.news_due(endpoint.name), ms(at), entry.id)
    return unit


async def hasten(redis: Redis, keys: Keys, endpoint: Endpoint, *, after: datetime) -> None:
    """Have what is to be tried ``after`` then tried at once, in the order it happened."""
    later: Any = await redis.zrangebyscore(keys.news_due(endpoint.name), ms(after) + 1, "+inf")
    for start in range(0, len(later), _AT_ONCE):
        ids = later[start : start + _AT_ONCE]
        since: Any = await redis.zmscore(keys.news_since(endpoint.name), ids)
        times = {entry_id: at for entry_id, at in zip(ids, since, strict=True) if at is not None}
        if times:
            await redis.zadd(keys.news_due(endpoint.name), times, xx=True)


async def prune(redis: Redis, keys: Keys, endpoint: Endpoint, *, now: datetime, at_most: int) -> int:
    """Drop what has waited for too long, and the oldest of what is too much; returns how many."""
    name, count = keys.news_since(endpoint.name), 0
    oldest = ms(now - endpoint.terms.keep)
    while True:
        too_old: Any = await redis.zrangebyscore(name, "-inf", f"({oldest}", start=0, num=_AT_ONCE)
        surplus = int(await redis.zcard(name)) - at_most
        found: Any = too_old or (await redis.zrange(name, 0, min(surplus, _AT_ONCE) - 1) if surplus > 0 else [])
        if not found:
            return count
        unit = UnitOfWork()
        _drop(unit, keys, endpoint.name, *(member.decode() for member in found))
        await work.commit(redis, [unit])
        count += len(found)


@dataclass(frozen=True, slots=True)
class PendingNews:
    """What an endpoint has not been told yet."""

    count: int
    oldest: datetime | None


async def waiting(redis: Redis, everywhere: Sequence[Keys], endpoint: str, *, now: datetime) -> PendingNews:
    """How much waits for an endpoint, and since when."""
    count, oldest = 0, None
    for keys in everywhere:
        count += int(await redis.zcard(keys.news_since(endpoint)))
        first: Any = await redis.zrange(keys.news_since(endpoint), 0, 0, withscores=True)
        if first:
            at = datetime.fromtimestamp(first[0][1] / 1000, now.tzinfo)
            oldest = min(oldest or at, at)
    return PendingNews(count, oldest)
