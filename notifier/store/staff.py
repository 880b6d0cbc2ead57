"""The people of the support desk."""

from enum import StrEnum
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from notifier.store import keys as names
from notifier.store.records import decode, encode


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"


class Staff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member of staff. Reminders go to one of these and to nobody else: a customer is no ``Staff``."""

    id: str
    name: str
    phone: str  # national form of a mobile
    role: Role = Role.AGENT
    password: str = ""  # argon2 hash
    active: bool = True
    shifts: dict[str, list[str]] = {}  # weekday → shifts, as in [calendar.hours]; empty: the shop's hours
    feed: str = ""  # secret part of the address of their calendar

    def __repr__(self) -> str:
        return f"<Staff {self.id} {self.role}>"


class StaffBook:
    """All staff, in one small hash."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, staff_id: str) -> Staff | None:
        raw: Any = await self._redis.hget(names.STAFF, staff_id)
        return decode(raw, Staff) if raw is not None else None

    async def put(self, staff: Staff) -> None:
        await self._redis.hset(names.STAFF, staff.id, encode(staff))

    async def all(self) -> list[Staff]:
        """Everyone, also those who left, by id."""
        found: Any = await self._redis.hgetall(names.STAFF)
        return sorted((decode(raw, Staff) for raw in found.values()), key=lambda staff: staff.id)

    async def active(self) -> list[Staff]:
        return [staff for staff in await self.all() if staff.active]
