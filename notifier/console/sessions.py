"""Who is signed in: sessions in Redis, known there by the hash of their token only."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from redis.asyncio import Redis

from notifier.store import keys as names
from notifier.store.work import Script

LIFETIME = 12 * 3600
"""Seconds a session lasts after it was last used: a long working day."""
LONGEST = 16 * 3600
"""Seconds after which everybody signs in again: pages that nobody looks at use their sessions, too."""

_USE = Script("session")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser's sign-in. ``csrf`` must come back with every change."""

    digest: str
    staff: str
    csrf: str
    flash: str = ""


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def open(self, staff_id: str) -> str:
        """A new session; returns its token, which is written down nowhere."""
        token = secrets.token_urlsafe(32)
        digest = _digest(token)
        key, index = names.session(digest), names.sessions_of(staff_id)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(key, mapping={"staff": staff_id, "csrf": secrets.token_urlsafe(24)})
            pipe.expire(key, LIFETIME)
            pipe.sadd(index, digest)
            pipe.expire(index, LONGEST)
            await pipe.execute()
        return token

    async def find(self, token: str) -> Session | None:
        """The session of a token, which lives on because it was used."""
        digest = _digest(token)
        flat: Any = await _USE.run(self._redis, [names.session(digest)], LIFETIME, LONGEST)
        found = {name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)}
        if not found:
            return None
        return Session(digest=digest, staff=found["staff"], csrf=found["csrf"], flash=found.get("flash", ""))

    async def alive(self, session: Session) -> bool:
        return bool(await self._redis.exists(names.session(session.digest)))

    async def tell(self, session: Session, text: str) -> None:
        """Keep a sentence for the next page."""
        await self._redis.hset(names.session(session.digest), "flash", text)

    async def told(self, session: Session) -> None:
        await self._redis.hdel(names.session(session.digest), "flash")

    async def end(self, session: Session) -> None:
        await self._redis.delete(names.session(session.digest))
        await self._redis.srem(names.sessions_of(session.staff), session.digest)

    async def end_all(self, staff_id: str) -> None:
        """Sign somebody out everywhere."""
        index = names.sessions_of(staff_id)
        found: Any = await self._redis.smembers(index)
        for digest in found:
            await self._redis.delete(names.session(digest.decode()))
        await self._redis.delete(index)


def _digest(token: str) -> str:
    return sha256(token.encode(errors="surrogateescape")).hexdigest()
