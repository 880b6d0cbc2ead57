"""Whose chat with a bot is whose: bound by a code that the console shows and the person sends to the bot.

A code is good once, for one bot, for a few minutes, and for whoever asked for it. Who signs out everywhere, gets
another password or leaves is bound no more, as with everything that was opened with the account.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.domain.channels import StaffChannel
from notifier.errors import StoreAway
from notifier.store import keys as names
from notifier.store import work
from notifier.store.audit import Act, AuditEntry
from notifier.store.records import as_text, decode, ms
from notifier.store.staff import Staff
from notifier.store.work import Script, UnitOfWork

DIGITS = 8
LASTS = timedelta(minutes=10)
"""How long a code is good."""

WRONG_MOST, WRONG_WINDOW = 5, 15 * 60
"""So many wrong codes a chat may send in so many seconds; further ones are not looked at, right or wrong."""

_ATTEMPTS = 10
_COUNT = Script("attempt")


class BotBinding(Struct, frozen=True, kw_only=True):
    """A chat of somebody. ``epoch`` is the account's at the time."""

    staff: str
    epoch: int
    at: int  # unix ms

    def holds(self, staff: Staff | None) -> bool:
        return staff is not None and staff.active and (staff.id, staff.epoch) == (self.staff, self.epoch)


class _Code(Struct, frozen=True, kw_only=True):
    digest: str
    epoch: int
    until: int  # unix ms


class CodeOutcome(StrEnum):
    """What came of a code that somebody sent."""

    BOUND = "bound"
    WRONG = "wrong"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True)
class BotBindings:
    """All of them, in one small hash; the codes in another."""

    redis: Redis

    async def all(self) -> dict[tuple[StaffChannel, int], BotBinding]:
        """By bot and chat."""
        found: Any = await self.redis.hgetall(names.BOTS)
        return {_place(field.decode()): decode(raw, BotBinding) for field, raw in found.items()}

    async def of(self, staff: Staff) -> dict[StaffChannel, int]:
        """Somebody's chats, as far as they hold."""
        return {kind: chat for (kind, chat), one in (await self.all()).items() if one.holds(staff)}

    async def whose(self, kind: StaffChannel, chat: int) -> Staff | None:
        """Whose chat this is."""
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.hget(names.BOTS, _field(kind, chat))
        pipeline.hgetall(names.STAFF)
        raw, people = await pipeline.execute()
        if raw is None:
            return None
        bound = decode(raw, BotBinding)
        found = people.get(bound.staff.encode())
        staff = decode(found, Staff) if found is not None else None
        return staff if bound.holds(staff) else None

    async def new_code(self, kind: StaffChannel, staff: Staff, now: datetime, also: UnitOfWork) -> str:
        """A code for somebody to send to a bot; the one before it is good no more. ``also`` is done with it."""
        code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
        kept = _Code(digest=_digest(kind, code), epoch=staff.epoch, until=ms(now + LASTS))
        unit = UnitOfWork()
        unit.then(also)
        unit.do("HSET", names.BOT_CODES, f"{kind}:{staff.id}", as_text(kept))
        await work.commit(self.redis, [unit])
        return code

    async def bind(self, kind: StaffChannel, chat: int, code: str, now: datetime) -> tuple[CodeOutcome, Staff | None]:
        """Give a chat to whoever asked for this code, and to nobody else any more."""
        counter = names.attempts(f"bot:{kind}:{chat}")
        tries, _ = await _COUNT.run(self.redis, [counter], WRONG_WINDOW)
        if tries > WRONG_MOST:
            return CodeOutcome.LIMITED, None
        for _ in range(_ATTEMPTS):
            pipeline = self.redis.pipeline(transaction=False)
            for name in (names.BOT_CODES, names.STAFF, names.BOTS):
                pipeline.hgetall(name)
            codes, people, bound = await pipeline.execute()
            if (found := _meant(kind, code, codes, people, now)) is None:
                return CodeOutcome.WRONG, None
            field, staff = found
            unit = UnitOfWork()
            unit.require_field(names.BOT_CODES, field, codes[field.encode()])
            unit.require_field(names.STAFF, staff.id, people[staff.id.encode()])
            unit.do("HDEL", names.BOT_CODES, field)
            _unbind_others(unit, kind, chat, staff, bound, now)
            own = BotBinding(staff=staff.id, epoch=staff.epoch, at=ms(now))
            unit.do("HSET", names.BOTS, _field(kind, chat), as_text(own))
            AuditEntry(at=ms(now), act=Act.BOT_BOUND, by=staff.id, about=staff.id, more=kind).keep(unit)
            if (await work.commit(self.redis, [unit]))[0][0] == "done":
                await self.redis.delete(counter)
                return CodeOutcome.BOUND, staff
        raise StoreAway("This account keeps changing. Try again.")

    async def unbind(self, kind: StaffChannel, staff_id: str, now: datetime, *, by: str) -> bool:
        """Write to somebody by this bot no more; whether they were bound."""
        chats = [chat for (of, chat), one in (await self.all()).items() if of is kind and one.staff == staff_id]
        unit = UnitOfWork()
        unit.do("HDEL", names.BOT_CODES, f"{kind}:{staff_id}")
        if chats:
            unit.do("HDEL", names.BOTS, *(_field(kind, chat) for chat in chats))
            AuditEntry(at=ms(now), act=Act.BOT_UNBOUND, by=by, about=staff_id, more=kind).keep(unit)
        await work.commit(self.redis, [unit])
        return bool(chats)


def _unbind_others(
    unit: UnitOfWork, kind: StaffChannel, chat: int, staff: Staff, bound: Mapping[bytes, bytes], now: datetime
) -> None:
    """One chat is of one person, and one person has one chat with a bot."""
    for raw_field, raw in bound.items():
        (of, other), one = _place(raw_field.decode()), decode(raw, BotBinding)
        if of is not kind or (other != chat and one.staff != staff.id):
            continue
        unit.do("HDEL", names.BOTS, raw_field.decode())
        if one.staff != staff.id:
            AuditEntry(at=ms(now), act=Act.BOT_UNBOUND, by=staff.id, about=one.staff, more=kind).keep(unit)


def _meant(
    kind: StaffChannel, code: str, codes: Mapping[bytes, bytes], people: Mapping[bytes, bytes], now: datetime
) -> tuple[str, Staff] | None:
    """Whose code it is, with the field that it lies in."""
    digest, found = _digest(kind, code), None
    for raw_field, raw in codes.items():
        of, _, staff_id = raw_field.decode().partition(":")
        kept = decode(raw, _Code)
        is_it = hmac.compare_digest(kept.digest, digest)
        if of != kind or not is_it or kept.until <= ms(now) or (record := people.get(staff_id.encode())) is None:
            continue
        staff = decode(record, Staff)
        if staff.active and staff.epoch == kept.epoch:
            found = raw_field.decode(), staff
    return found


def _digest(kind: StaffChannel, code: str) -> str:
    return sha256(f"{kind}:{code}".encode()).hexdigest()


def _field(kind: StaffChannel, chat: int) -> str:
    return f"{kind}:{chat}"


def _place(field: str) -> tuple[StaffChannel, int]:
    kind, _, chat = field.partition(":")
    return StaffChannel(kind), int(chat)
