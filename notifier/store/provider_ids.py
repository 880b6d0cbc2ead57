"""Which of our messages a provider's id stands for, in one hash for each day on which it was given."""

from collections.abc import Sequence

from redis.asyncio import Redis

from notifier.store.keys import Keys
from notifier.store.roundtrip import checked, many
from notifier.store.work import UnitOfWork

_DAY = 24 * 3600 * 1000  # ms

DAYS = 3
"""On which ids are looked for: today and those before. An id is known for two days at least."""

KEPT = DAYS * 24 * 3600
"""Seconds for which a day is kept after its last id."""


def given(keys: Keys, provider: str, at: int) -> str:
    """The ids that were given on the day of a moment, which is unix ms."""
    return keys.provider_ids(provider, str(at // _DAY))


def note(unit: UnitOfWork, keys: Keys, message_id: str, provider: str, provider_id: str, *, at: int) -> None:
    """Have the message found by the provider's id for as long as the provider can be asked about it."""
    unit.do("HSET", given(keys, provider, at), provider_id, message_id)
    unit.do("EXPIRE", given(keys, provider, at), KEPT)


def forget(unit: UnitOfWork, keys: Keys, provider: str, provider_id: str, *, at: int) -> None:
    """Have nobody found by an id that was given at a moment."""
    unit.do("HDEL", given(keys, provider, at), provider_id)


async def known(redis: Redis, keys: Keys, provider: str, ids: Sequence[str], *, now: int) -> dict[str, str]:
    """Which messages of ours the ids stand for; none for an id that is no message's."""
    if not ids:
        return {}
    days = [given(keys, provider, now - back * _DAY) for back in reversed(range(DAYS))]
    answers = checked(await many(redis, [("HMGET", day, *ids) for day in days]))
    return {one: name.decode() for names in answers for one, name in zip(ids, names, strict=True) if name is not None}
