"""One process at a time: who removes what is old, or erases a customer, claims the store for it."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from redis.asyncio import Redis

from notifier.store import keys as names
from notifier.store import work
from notifier.store.work import UnitOfWork

LAPSE = timedelta(minutes=10)
"""After so long without a sign the claim of a process that died is somebody else's."""

Hold = Callable[[], Awaitable[bool]]
"""Gives a sign; False when the claim is lost."""


@asynccontextmanager
async def claimed(redis: Redis) -> AsyncIterator[Hold | None]:
    """What to give signs with, or None when another process has the claim."""
    token = secrets.token_hex(8)
    if not await _write(redis, "", token):
        yield None
        return
    try:
        yield lambda: _write(redis, token, token)
    finally:
        unit = UnitOfWork()
        unit.require_field(names.RETENTION, "owner", token)
        unit.do("DEL", names.RETENTION)
        await work.commit(redis, [unit])


async def _write(redis: Redis, before: str, token: str) -> bool:
    unit = UnitOfWork()
    unit.require_field(names.RETENTION, "owner", before)
    unit.do("HSET", names.RETENTION, "owner", token)
    unit.do("PEXPIRE", names.RETENTION, LAPSE // timedelta(milliseconds=1))
    return (await work.commit(redis, [unit]))[0][0] == "done"
