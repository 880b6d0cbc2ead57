"""The people of the support desk."""

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain.calls import Call
from notifier.errors import StoreAway
from notifier.store import keys as names
from notifier.store import work
from notifier.store.records import as_text, decode, encode
from notifier.store.roundtrip import checked, many
from notifier.store.work import UnitOfWork

_ATTEMPTS = 20
"""How often a change is worked out anew because the record changed in between."""


class Role(StrEnum):
    """What somebody is there for. A courier makes no calls, and sees today's deliveries alone."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    COURIER = "courier"


class SecondFactor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody proves beside their password: codes of an app on their phone, or one of the recovery codes."""

    secret: str  # base32, as the app has it
    used: int = 0  # the latest time step whose code was accepted: none up to it is accepted again
    recovery: tuple[str, ...] = ()  # hashes of the codes that are left

    def __repr__(self) -> str:
        return f"<SecondFactor {len(self.recovery)} recovery codes>"


class Absence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time in which somebody makes no calls, in unix ms; without an end, until they say that they are back."""

    start: int
    end: int = 0
    note: str = ""

    def covers(self, at: int) -> bool:
        return self.start <= at and not self.is_over(at)

    def is_over(self, at: int) -> bool:
        return bool(self.end) and self.end <= at


class Staff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member of staff. Reminders go to one of these and to nobody else: a customer is no ``Staff``."""

    id: str
    name: str
    phone: str  # national form of a mobile
    role: Role = Role.AGENT
    password: str = ""  # argon2 hash
    active: bool = True
    shifts: dict[str, list[str]] = {}  # weekday → shifts, as in [calendar.hours]; empty: the shop's hours
    special: dict[str, list[str]] = {}  # ISO date → shifts of this one day; none: a day off
    absences: tuple[Absence, ...] = ()
    feed: str = ""  # secret part of the address of their calendar
    epoch: int = 0  # of the account: a session of another one is over
    second: SecondFactor | None = None
    sources: tuple[str, ...] = ()  # whose customers they call; empty: of all
    channels: tuple[str, ...] = ()  # how they are told of calls, the first that works; empty: as is usual
    extension: str = ""  # of their telephone at the exchange: digits

    def serves(self, sources: Collection[str]) -> bool:
        """Whether calls about orders of these sources are theirs; what is about no order is everybody's."""
        about = set(sources) - {""}
        return not self.sources or not about or not about.isdisjoint(self.sources)

    def may_make(self, call: Call) -> bool:
        """Whether they may take a call: one of their shops, or one that somebody gave them."""
        return call.assignee == self.id or self.serves(call.sources)

    def absence(self, at: int) -> Absence | None:
        """Why they make no calls at a time (unix ms), whatever their shifts say."""
        return next((one for one in self.absences if one.covers(at)), None)

    @property
    def makes_calls(self) -> bool:
        """Whether calls may be theirs."""
        return self.active and self.role is not Role.COURIER

    def signed_out(self) -> "Staff":
        """The account with every session over."""
        return replace(self, epoch=self.epoch + 1)

    def __repr__(self) -> str:
        return f"<Staff {self.id} {self.role}>"


class StaffBook:
    """All staff, in one small hash."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, staff_id: str) -> Staff | None:
        raw: Any = await self._redis.hget(names.STAFF, staff_id)
        return decode(raw, Staff) if raw is not None else None

    async def named(self, name: str) -> Staff | None:
        """Whose id this is, in capitals or small letters; None where it is nobody's, or of two without being either."""
        if (exact := await self.get(name)) is not None:
            return exact
        found = [staff for staff in await self.all() if staff.id.casefold() == name.casefold()]
        return found[0] if len(found) == 1 else None

    async def put(self, staff: Staff) -> None:
        """Write somebody as they are given, whoever was there: to set a desk up. Changes are for ``change``."""
        await self._redis.hset(names.STAFF, staff.id, encode(staff))

    async def add(self, staff: Staff, also: Callable[[UnitOfWork], None]) -> bool:
        """Write a new one, with what ``also`` adds; whether the id was free, in capitals and small letters alike."""
        if any(one.id.casefold() == staff.id.casefold() for one in await self.all()):
            return False
        unit = UnitOfWork()
        unit.require_field(names.STAFF, staff.id, "")
        also(unit)
        unit.do("HSET", names.STAFF, staff.id, as_text(staff))
        return (await work.commit(self._redis, [unit]))[0][0] == "done"

    async def change(self, staff_id: str, how: Callable[[Staff, UnitOfWork], Staff]) -> Staff | None:
        """Change one; ``how`` may add further writes and is asked again when the record changed meanwhile.

        None where there is nobody of this id. Raises whatever ``how`` raises.
        """
        for _ in range(_ATTEMPTS):
            raw: Any = await self._redis.hget(names.STAFF, staff_id)
            if raw is None:
                return None
            before, unit = decode(raw, Staff), UnitOfWork()
            unit.require_field(names.STAFF, staff_id, raw)
            after = how(before, unit)
            if after != before:
                unit.do("HSET", names.STAFF, staff_id, as_text(after))
            if (await work.commit(self._redis, [unit]))[0][0] == "done":
                return after
        raise StoreAway("This account keeps changing. Try again.")

    async def all(self) -> list[Staff]:
        """Everyone, also those who left, by id."""
        (found,) = checked(await many(self._redis, [("HGETALL", names.STAFF)]))
        return sorted([decode(raw, Staff) for raw in found[1::2]], key=lambda staff: staff.id)

    async def active(self) -> list[Staff]:
        return [staff for staff in await self.all() if staff.active]

    async def callers(self) -> list[Staff]:
        """Everyone who may have calls, by id."""
        return [staff for staff in await self.all() if staff.makes_calls]
