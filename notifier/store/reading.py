"""Reading what was written: orders, messages and calls, one by one and in pages, newest first."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from notifier.domain.calls import Call, CallState
from notifier.domain.canonical import asked_for
from notifier.domain.ladder import Descent, Unreached, arrival
from notifier.domain.messages import MAYBE_SENT, Attempt, Message, MessageState
from notifier.domain.orders import Order
from notifier.domain.parcels import Trail
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import StoreError
from notifier.store import keys as names
from notifier.store import order_bundle
from notifier.store.keys import Keys
from notifier.store.records import decode

log = structlog.get_logger()

_FIELDS = (
    *("message", "state", "provider", "provider_id", "cost", "reason", "unconfirmed", "attempts", "first"),
    *("accepted", "delivered", "descents", "saved", "pointless"),
)

_NAMES = [name.encode() for name in _FIELDS]

_MAYBE_SENT = frozenset({MessageState.HELD, MessageState.FAILED})

R = TypeVar("R")

Place = tuple[int, str]
"""Where a page ends: score and member of its last item."""


def cursor(place: Place) -> str:
    """A place as addresses carry it, ``SCORE:MEMBER``."""
    return f"{place[0]}:{place[1]}"


def place_of(cursor: str) -> Place:
    """What `cursor` wrote. Raises ValueError."""
    score, colon, member = cursor.partition(":")
    if not (colon and score.isascii() and score.isdigit() and len(score) < 20):
        raise ValueError("not a place in a list")
    return int(score), member


class StoredMessage(Struct, frozen=True, kw_only=True):
    """A message and what became of it."""

    message: Message
    state: MessageState
    provider: str | None
    provider_id: str | None
    cost: int | None  # rial
    reason: str | None
    unconfirmed: bool  # the provider took it and could not say within its time what became of it
    attempts: list[Attempt]
    first: int | None = None  # unix ms since when a provider may have it
    accepted: int | None = None  # unix ms at which the provider took it
    delivered: int | None = None  # unix ms at which we learnt that it had reached the phone
    saved: int | None = None  # rial that it cost less than a text would have
    descents: list[Descent] = []  # the rungs that it has left behind
    descents_as_stored: bytes = b""  # what is written is checked against them: a report may come meanwhile
    pointless: bool = False  # news would have taken it back, had nobody begun to send it: no other rung has it

    @property
    def total_cost(self) -> int | None:
        """What it came to by all rungs, in rial; None where nobody has said."""
        costs = [one.cost for one in self.descents if one.is_of_report]
        return self.cost if not costs else sum(costs) + (self.cost or 0)

    @property
    def given_at(self) -> datetime:
        """When a line was last given it, as far as that is known."""
        return self.attempts[-1].at if self.attempts else self.message.created_at

    @property
    def unknown_costs(self) -> int:
        """How many rungs may have taken it without anybody knowing: what they cost is not in the total."""
        left = sum(one.why is Unreached.UNKNOWN and not one.is_of_report for one in self.descents)
        return left + (self.state in _MAYBE_SENT and self.reason == MAYBE_SENT)

    @property
    def has_arrived(self) -> bool:
        """Whether a rung that it has left behind said later that it had arrived."""
        return arrival(self.descents, self.message.to_since) is not None


class StoredCall(Struct, frozen=True, kw_only=True):
    """A call and where it lies."""

    call: Call
    keys: Keys

    @property
    def state(self) -> CallState:
        return self.call.state


class CallDeadline(Struct, frozen=True):
    """What is read of a call where only its lateness is asked."""

    late: int  # unix ms
    assignee: str | None = None


class Told(Struct, frozen=True, kw_only=True):
    """The story of an order; messages and calls in the order they are first named in."""

    timeline: list[TimelineEntry]
    messages: list[StoredMessage]
    calls: list[StoredCall]
    trails: dict[str, Trail] = {}  # code of a parcel → its way as the carrier told it


class Page(Struct, frozen=True, kw_only=True):
    """Members of sorted sets with the partition each lies in; ``end`` is None on the last page."""

    members: list[tuple[Keys, str]]
    end: Place | None


class Reader:
    """Reads from every partition."""

    def __init__(self, redis: Redis, partitions: int) -> None:
        self.redis, self.partitions = redis, partitions
        self.everywhere = [Keys(partition) for partition in range(partitions)]

    async def order(self, source: str, order_id: str) -> Order | None:
        raw: Any = await self.redis.get((await self.keys_of(source, order_id)).order(source, order_id))
        return decode(raw, Order) if raw is not None else None

    async def knows(self, source: str, order_id: str) -> bool:
        """Whether an order has been heard of."""
        return bool(await self.redis.exists((await self.keys_of(source, order_id)).order(source, order_id)))

    async def orders_numbered(self, order_id: str, sources: Iterable[str]) -> list[Order]:
        """The orders with this id, in whatever digits; where none has it, those with this number. Each source counts
        for itself."""
        wanted, shops = asked_for(order_id), list(sources)
        found = [await self.order(source, order_id) or await self.order(source, wanted) for source in shops]
        return [order for order in found if order is not None] or [
            order for source in shops for order in await self.called(source, wanted)
        ]

    async def called(self, source: str, number: str) -> list[Order]:
        """The orders of a shop that customers know by this number; where none is, the one with this id.

        People read numbers, and a number of one order may be the id of another.
        """
        found: dict[str, Order] = {}
        by_id = await self.order(source, number)
        if by_id is not None and by_id.number == number:
            found[by_id.id] = by_id
        for keys in self.everywhere:
            members: Any = await self.redis.smembers(keys.numbered(source, number))
            for order_id in sorted(member.decode().split(":", 1)[1] for member in members):
                order = await self.order(source, order_id)
                if order is not None and order.number == number:
                    found[order.id] = order
        return list(found.values()) or ([by_id] if by_id is not None else [])

    async def keys_of(self, source: str, order_id: str) -> Keys:
        """The keys of the partition an order lies in."""
        if self.partitions == 1:
            return self.everywhere[0]
        place = await self.redis.get(names.route(source, order_id))
        return Keys(int(place) if place is not None else names.partition_of(order_id, self.partitions))

    async def story(self, order: Order) -> Told:
        """What happened to an order, with its messages and calls, also when they are packed together."""
        keys = await self.keys_of(order.source, order.id)
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.get(keys.closed(order.source, order.id))
        pipeline.lrange(keys.timeline(order.source, order.id), 0, -1)
        pipeline.hgetall(keys.trails(order.source, order.id))
        raw, lines, ways = await pipeline.execute()
        closed = order_bundle.unpacked(raw) or order_bundle.OrderBundle()
        timeline = [decode(line, TimelineEntry) for line in (*closed.timeline, *lines)]
        texts, calls = (
            order_bundle.references(timeline, LineKind.MESSAGE),
            order_bundle.references(timeline, LineKind.CALL),
        )
        rows = [one.hash() for one in closed.messages]
        found = {one.message.id: one for one in (_message(*(row.get(name) for name in _NAMES)) for row in rows)}
        found |= {one.message.id: one for one in await self.messages([(keys, one) for one in texts])}
        kept = [StoredCall(call=decode(call, Call), keys=keys) for call in closed.calls]
        booked = {one.call.id: one for one in (*kept, *await self.calls([(keys, one) for one in calls]))}
        return Told(
            timeline=timeline,
            messages=[found[one] for one in texts if one in found],
            calls=[booked[one] for one in calls if one in booked],
            trails={code.decode(): decode(way, Trail) for code, way in sorted(ways.items())},
        )

    async def orders(self, members: Iterable[tuple[Keys, str]]) -> list[Order]:
        """These orders, named ``source:id``, without those that are gone or cannot be read."""
        found = await self._records(members, lambda keys, member: keys.order(*member.split(":", 1)), Order, _no_order)
        return [order for _, order in found]

    async def messages(self, members: Iterable[tuple[Keys, str]]) -> list[StoredMessage]:
        """These messages, without those that are gone or cannot be read."""
        wanted = list(members)
        rows = await self._hashes([keys.message(member) for keys, member in wanted], _FIELDS)
        found = []
        for (_, member), row in zip(wanted, rows, strict=True):
            try:
                if row[0] is not None:
                    found.append(_message(*row))
            except (StoreError, ValueError) as error:
                log.error("a message is left out", action="message_unreadable", message=member, error=str(error))
        return found

    async def calls(self, members: Iterable[tuple[Keys, str]]) -> list[StoredCall]:
        """These calls, without those that are gone or cannot be read."""
        found = await self._records(members, lambda keys, member: keys.call(member), Call, _no_call)
        return [StoredCall(call=call, keys=keys) for keys, call in found]

    async def deadlines(self, members: Iterable[tuple[Keys, str]]) -> list[CallDeadline]:
        """By when each of these calls should be made, without those that are gone or cannot be read."""
        found = await self._records(members, lambda keys, member: keys.call(member), CallDeadline, _no_call)
        return [deadline for _, deadline in found]

    async def call(self, call_id: str) -> StoredCall | None:
        """One call, wherever it lies."""
        found = await self.calls([(keys, call_id) for keys in self.everywhere])
        return found[0] if found else None

    async def page(self, sets: Sequence[tuple[Keys, str]], *, after: Place | None, size: int) -> Page:
        """The next members of several sorted sets together, highest score first."""
        found: list[tuple[int, str, Keys]] = []
        for keys, name in sets:
            found += [(score, member, keys) for score, member in await self._below(name, after, size + 1)]
        found.sort(key=lambda row: row[:2], reverse=True)
        shown = found[:size]
        end = shown[-1][:2] if len(found) > size else None
        return Page(members=[(keys, member) for _, member, keys in shown], end=end)

    async def _below(self, name: str, after: Place | None, count: int) -> list[Place]:
        """Up to ``count`` members after a place. Members with one score stand in reverse alphabetical order."""
        highest = after[0] if after else "+inf"
        found: list[Place] = []
        start = 0
        while len(found) < count:
            rows: Any = await self.redis.zrevrangebyscore(
                name, highest, "-inf", start=start, num=count, withscores=True
            )
            places = [(int(score), member.decode()) for member, score in rows]
            found += [place for place in places if after is None or place < after]
            if len(rows) < count:
                break
            start += count
        return found[:count]

    async def _records(
        self,
        members: Iterable[tuple[Keys, str]],
        key: Callable[[Keys, str], str],
        kind: type[R],
        unreadable: Callable[[str, StoreError], None],
    ) -> list[tuple[Keys, R]]:
        """The records under one key each, one command to each partition. ``unreadable`` hears of those left out."""
        wanted = list(members)
        places: dict[Keys, list[str]] = {}
        for keys, member in wanted:
            places.setdefault(keys, []).append(key(keys, member))
        pipeline = self.redis.pipeline(transaction=False)
        for named in places.values():
            pipeline.mget(named)
        values = {keys: iter(read) for keys, read in zip(places, await pipeline.execute(), strict=True)}
        found = []
        for keys, member in wanted:
            raw = next(values[keys])
            try:
                if raw is not None:
                    found.append((keys, decode(raw, kind)))
            except StoreError as error:
                unreadable(member, error)
        return found

    async def _hashes(self, keys: Sequence[str], fields: Sequence[str]) -> list[list[Any]]:
        pipeline = self.redis.pipeline(transaction=False)
        for key in keys:
            pipeline.hmget(key, fields)
        return list(await pipeline.execute())


def _no_order(member: str, error: StoreError) -> None:
    log.error("an order is left out", action="order_unreadable", order=member, error=str(error))


def _no_call(member: str, error: StoreError) -> None:
    log.error("a call is left out", action="call_unreadable", call=member, error=str(error))


def _message(
    message: Any,
    state: Any,
    provider: bytes | None,
    provider_id: bytes | None,
    cost: bytes | None,
    reason: bytes | None,
    unconfirmed: bytes | None,
    attempts: bytes | None,
    first: bytes | None,
    accepted: bytes | None,
    delivered: bytes | None,
    descents: bytes | None,
    saved: bytes | None,
    pointless: bytes | None,
) -> StoredMessage:
    return StoredMessage(
        message=decode(message, Message),
        state=MessageState(state.decode()),
        provider=provider.decode() if provider else None,
        provider_id=provider_id.decode() if provider_id else None,
        cost=int(cost) if cost else None,
        reason=reason.decode() if reason else None,
        unconfirmed=unconfirmed is not None,
        attempts=decode(attempts, list[Attempt]) if attempts else [],
        first=int(first) if first else None,
        accepted=int(accepted) if accepted else None,
        delivered=int(delivered) if delivered else None,
        descents=decode(descents, list[Descent]) if descents else [],
        descents_as_stored=descents or b"",
        saved=int(saved) if saved else None,
        pointless=pointless is not None,
    )
