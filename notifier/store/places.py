"""Where a key, and each thing in it, belongs: everything of a customer in the partition of their phone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from redis.asyncio import Redis

from notifier.domain.calls import Call
from notifier.domain.messages import Message
from notifier.errors import StoreError
from notifier.store import keys as names
from notifier.store.keys import Keys, partition_of
from notifier.store.kinds import By, Moves
from notifier.store.records import decode

_KEY = re.compile(rb"n:\{(\d+)\}:(.*)", re.DOTALL)


_RULES = [(kind.pattern, kind.moves) for kind in names.OF_A_PARTITION.values() if kind.moves is not None]


class UnknownKey(StoreError):
    """A key that no rule knows: moving the rest would leave it behind."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key of a partition, by its kind."""

    key: str
    partition: int
    rest: str  # of the key, behind its partition
    rule: Moves
    about: str  # what its name says it is about

    def at(self, partition: int) -> str:
        """The name of the key in this partition."""
        return f"n:{{{partition}}}:{self.rest}"


def found(key: bytes) -> FoundKey | None:
    """What kind of key this is; None for one that lies in no partition. Raises UnknownKey."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    rest = match[2].decode()
    for pattern, rule in _RULES:
        if about := pattern.fullmatch(rest):
            return FoundKey(key.decode(), int(match[1]), rest, rule, about[1])
    raise UnknownKey(f"nobody has said how the key {key.decode()} is moved; nothing was moved")


@dataclass(frozen=True, slots=True)
class Places:
    """Finds the new place of things that lie in one partition now. The routes of all orders must be set before."""

    redis: Redis
    partitions: int

    def home(self, partition: int) -> int:
        """Where a thing goes that nothing is known about."""
        return partition if partition < self.partitions else partition % self.partitions

    def of_phone(self, phone: str) -> int:
        return partition_of(phone, self.partitions)

    def of_parking(self, member: str) -> int:
        return partition_of(member.split(":", 1)[-1], self.partitions)

    async def of(self, by: By, partition: int, things: Sequence[str]) -> list[int]:
        """The new places of things in a partition, in their order."""
        finders: dict[By, Callable[[], Any]] = {
            By.ORDER: lambda: self._of_orders(things),
            By.MESSAGE: lambda: self._of_messages(partition, things),
            By.CALL: lambda: self._of_calls(partition, things),
            By.CUSTOMER: lambda: self._of_customers(things),
            By.SEEN: lambda: self._of_seen(partition, things),
        }
        if by is By.PARKING:
            return [self.of_parking(thing) for thing in things]
        if by is By.NOTHING:
            return [self.home(partition)] * len(things)
        places: list[int] = await finders[by]()
        return places

    async def _of_orders(self, members: Sequence[str]) -> list[int]:
        routes = await self._get([names.route(*member.split(":", 1)) for member in members])
        return [
            int(route) if route is not None else self.of_parking(member)
            for member, route in zip(members, routes, strict=True)
        ]

    async def _of_customers(self, customers: Sequence[str]) -> list[int]:
        """Who has a phone is known by it, and who has none by their order."""
        orders = [name for name in customers if ":" in name]
        places = dict(zip(orders, await self._of_orders(orders), strict=True))
        return [places[name] if name in places else self.of_phone(name) for name in customers]

    async def _of_messages(self, partition: int, ids: Sequence[str]) -> list[int]:
        """With their order; a text about none goes with whom it is for."""
        pipeline = self.redis.pipeline(transaction=False)
        for one in ids:
            pipeline.hget(Keys(partition).message(one), "message")
        whose: list[str | None] = []
        for raw in await pipeline.execute() if ids else []:
            message = decoded(raw, Message)
            about = message and message.source and message.order_id
            whose.append(f"{message.source}:{message.order_id}" if message and about else message and message.to)
        return await self._or_home(partition, whose)

    async def _of_calls(self, partition: int, ids: Sequence[str]) -> list[int]:
        calls = [decoded(raw, Call) for raw in await self._get([Keys(partition).call(one) for one in ids])]
        return await self._or_home(partition, [call and call.customer for call in calls])

    async def _of_seen(self, partition: int, things: Sequence[str]) -> list[int]:
        """``things`` are ``source\\nanswer``: the answer names the order."""
        whose: list[str | None] = []
        for thing in things:
            source, _, answer = thing.partition("\n")
            try:
                whose.append(f"{source}:{msgspec.json.decode(answer)['order_id']}")
            except (msgspec.DecodeError, KeyError, TypeError):
                whose.append(None)
        return await self._or_home(partition, whose)

    async def _or_home(self, partition: int, whose: Sequence[str | None]) -> list[int]:
        known = [name for name in whose if name]
        places = dict(zip(known, await self._of_customers(known), strict=True))
        return [places[name] if name else self.home(partition) for name in whose]

    async def _get(self, keys: Sequence[str]) -> list[Any]:
        if not keys:
            return []
        pipeline = self.redis.pipeline(transaction=False)
        for key in keys:
            pipeline.get(key)
        return list(await pipeline.execute())


def decoded(raw: bytes | None, kind: type[Any]) -> Any:
    """A record, or None where there is none that can be read."""
    try:
        return decode(raw, kind) if raw is not None else None
    except StoreError:
        return None
