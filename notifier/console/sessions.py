"""Who is signed in: sessions in Redis, known there by the hash of their token only."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from redis.asyncio import Redis

from notifier.console import flashes
from notifier.console.flashes import Flash, UndoForm
from notifier.errors import NotifierError
from notifier.store import keys as names
from notifier.store import work
from notifier.store.staff import Staff, StaffBook
from notifier.store.work import Script, UnitOfWork

LIFETIME = 12 * 3600
"""Seconds a session lasts after it was last used: a long working day."""
LONGEST = 16 * 3600
"""Seconds after which everybody signs in again: pages that nobody looks at use their sessions, too."""
HALFWAY = 5 * 60
"""Seconds between a password and the code that belongs to it."""

_USE = Script("session")

Proof = Callable[[Staff, UnitOfWork], Staff]
"""Looks at the account at the moment at which the session comes to be; raises what stands against it."""


class NoSuchAccount(NotifierError):
    """There is no such account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser's sign-in. ``csrf`` must come back with every change; ``epoch`` is the account's when it came to be.

    ``enrolling`` is the secret of a second factor that is being set up.
    """

    digest: str
    staff: str
    csrf: str
    epoch: int = 0
    flash: Flash | None = None
    enrolling: str = ""


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def open(self, staff_id: str, proof: Proof = lambda staff, unit: staff) -> str:
        """A new session; returns its token, which is written down nowhere.

        It comes to be together with what ``proof`` adds and only on the account as ``proof`` saw it. Raises
        NoSuchAccount.
        """
        token = secrets.token_urlsafe(32)
        digest = _digest(token)

        def opened(staff: Staff, unit: UnitOfWork) -> Staff:
            after, key = proof(staff, unit), names.session(digest)
            unit.do("HSET", key, "staff", staff_id, "csrf", secrets.token_urlsafe(24), "epoch", after.epoch)
            unit.do("EXPIRE", key, LIFETIME)
            return after

        if await StaffBook(self._redis).change(staff_id, opened) is None:
            raise NoSuchAccount
        await self.find(token)  # from now on counts how long it lasts at the longest
        return token

    async def find(self, token: str) -> Session | None:
        """The session of a token, which lives on because it was used."""
        digest = _digest(token)
        flat: Any = await _USE.run(self._redis, [names.session(digest)], LIFETIME, LONGEST)
        found = {name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)}
        if not found:
            return None
        return Session(
            digest=digest,
            staff=found["staff"],
            csrf=found["csrf"],
            epoch=int(found.get("epoch", 0)),
            flash=flashes.read(found.get("flash", "")),
            enrolling=found.get("enrolling", ""),
        )

    async def alive(self, session: Session) -> bool:
        """Whether it still lets somebody in."""
        there = await self._redis.exists(names.session(session.digest))
        return bool(there) and holds(session, await StaffBook(self._redis).get(session.staff))

    async def tell(
        self, session: Session, text: str, *, undo: UndoForm | None = None, about: str = "", warns: bool = False
    ) -> None:
        """Keep a sentence for the next page, with what takes back that which it tells of."""
        await self._keep(session, "flash", flashes.written(Flash(text, undo, about, warns)))

    async def told(self, session: Session) -> None:
        await self._redis.hdel(names.session(session.digest), "flash")

    async def enrol(self, session: Session, secret: str) -> None:
        """Keep a secret until a code proves that the app has it."""
        await self._keep(session, "enrolling", secret)

    async def end(self, session: Session) -> None:
        await self._redis.delete(names.session(session.digest))

    async def begin(self, staff: Staff) -> str:
        """Half a session, whose second step is to come; returns its token."""
        token = secrets.token_urlsafe(32)
        key = names.half_session(_digest(token))
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(key, mapping={"staff": staff.id, "epoch": staff.epoch})
            pipe.expire(key, HALFWAY)
            await pipe.execute()
        return token

    async def begun(self, token: str) -> tuple[str, int] | None:
        """Whose half session this is, and of which epoch."""
        found: Any = await self._redis.hmget(names.half_session(_digest(token)), ["staff", "epoch"])
        return (found[0].decode(), int(found[1])) if found[0] and found[1] else None

    @staticmethod
    def complete(token: str, unit: UnitOfWork) -> None:
        """Have a unit end the half session."""
        unit.do("DEL", names.half_session(_digest(token)))

    async def _keep(self, session: Session, field: str, text: str) -> None:
        """Write a field of a session that is still there."""
        key, unit, kept = names.session(session.digest), UnitOfWork(), UnitOfWork()
        kept.do("HSET", key, field, text)
        unit.when(key, "csrf", session.csrf, kept)
        await work.commit(self._redis, [unit])


def holds(session: Session, staff: Staff | None) -> bool:
    """Whether a session is one of the account as it is now."""
    return staff is not None and staff.active and staff.epoch == session.epoch


def stay(session: Session, staff: Staff, unit: UnitOfWork) -> None:
    """Have this one session outlive the change that ends all others of the account."""
    unit.do("HSET", names.session(session.digest), "epoch", staff.epoch)
    unit.do("HDEL", names.session(session.digest), "enrolling")


def _digest(token: str) -> str:
    return sha256(token.encode(errors="surrogateescape")).hexdigest()
