"""Somebody's calls in the order in which they should be made, and those that nobody has.

The store may hold tens of thousands of calls: only those that are shown are read, the others are counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from notifier.console.dependencies import Dependencies
from notifier.domain.calls import Call, CallState
from notifier.domain.messages import MessageState
from notifier.store.keys import Keys
from notifier.store.records import ms
from scheduler.planning import by_urgency

POOL_SHOWN, LATER_SHOWN = 12, 40
_READY, _CHUNK, _CHUNKS = 200, 150, 4
"""Most calls that wait now; how many due calls are looked through at once for those that nobody has, and how often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What «تماس‌های من» shows. ``late`` are past their latest time, ``now`` are due, ``following`` come up today.

    ``following_count`` and ``later_count`` count also those that are not shown. Where ``pool_goes_on`` nobody has more
    calls than the pool shows.
    """

    late: Sequence[Call]
    now: Sequence[Call]
    following: Sequence[Call]
    following_count: int
    later: Sequence[Call]
    later_count: int
    pool: Sequence[Call]
    pool_goes_on: bool

    @property
    def waiting(self) -> int:
        """How many calls want to be made now."""
        return len(self.late) + len(self.now)

    @property
    def is_empty(self) -> bool:
        return not (self.late or self.now or self.following or self.later or self.pool)

    @property
    def first(self) -> Call | None:
        """The call to make now; a claimed one is finished first."""
        ready = [*self.late, *self.now]
        claimed = [call for call in ready if call.state is CallState.CLAIMED]
        return next(iter([*claimed, *ready, *self.pool]), None)


async def board(deps: Dependencies, staff_id: str) -> Board:
    """The board of one of the staff at this moment."""
    at = deps.clock.now()
    now, tonight = ms(at), ms(at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))
    pipeline = deps.redis.pipeline(transaction=False)
    for keys in deps.reader.everywhere:
        own = keys.assigned(staff_id)
        pipeline.zrangebyscore(own, "-inf", now, start=0, num=_READY)
        pipeline.zrangebyscore(own, f"({now}", f"({tonight}", start=0, num=LATER_SHOWN)
        pipeline.zrangebyscore(own, tonight, "+inf", start=0, num=LATER_SHOWN)
        pipeline.zrange(keys.calls(CallState.CLAIMED), 0, _READY)
        pipeline.zcount(own, f"({now}", f"({tonight}")
        pipeline.zcount(own, tonight, "+inf")
    rows: list[Any] = await pipeline.execute()
    members: dict[str, Keys] = {}
    for place, keys in enumerate(deps.reader.everywhere):
        for found in rows[6 * place : 6 * place + 4]:
            members |= {member.decode(): keys for member in found}
    read = [one.call for one in await deps.reader.calls([(keys, one) for one, keys in members.items()])]
    own_calls = [call for call in read if call.assignee == staff_id]
    claimed_or_due = [call for call in own_calls if call.state is CallState.CLAIMED or call.due <= now]
    ready = by_urgency(claimed_or_due, now, deps.calling.book.rules)
    waiting = sorted((call for call in own_calls if call not in ready), key=lambda call: (call.due, call.id))
    pool, goes_on = await _pool(deps, now)
    return Board(
        late=[call for call in ready if call.late <= now],
        now=[call for call in ready if call.late > now],
        following=[call for call in waiting if call.due < tonight][:LATER_SHOWN],
        following_count=sum(rows[4::6]),
        later=[call for call in waiting if call.due >= tonight][:LATER_SHOWN],
        later_count=sum(rows[5::6]),
        pool=pool,
        pool_goes_on=goes_on,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """``fingerprint`` changes when somebody's board does, and every minute; ``counts`` are by the pages of the menu."""

    fingerprint: str
    counts: Mapping[str, int]


async def glance(deps: Dependencies, staff_id: str) -> Glance:
    """What is there at this moment, found without reading a call."""
    now, keys_each = deps.now(), 9
    pipeline = deps.redis.pipeline(transaction=False)
    for keys in deps.reader.everywhere:
        pipeline.zrange(keys.assigned(staff_id), 0, _READY, withscores=True)
        pipeline.zrange(keys.calls(CallState.CLAIMED), 0, _READY)
        pipeline.zrange(keys.calls(CallState.DUE), 0, _READY)
        pipeline.zcard(keys.calls(CallState.DUE))
        pipeline.zcard(keys.calls(CallState.CLAIMED))
        pipeline.zcount(keys.assigned(staff_id), "-inf", now)
        pipeline.zcard(keys.deposits)
        pipeline.zcard(keys.messages(MessageState.HELD))
        pipeline.zcard(keys.parked_orders)
    found: list[Any] = await pipeline.execute()
    waiting, deposits, held, parked = (sum(found[place::keys_each]) for place in range(5, keys_each))
    seen = f"{now // 60_000} {found}"
    return Glance(
        fingerprint=blake2b(seen.encode(), digest_size=8).hexdigest(),
        counts={
            "/console/": waiting,
            "/console/deposits": deposits,
            "/console/messages": held,
            "/console/parked": parked,
        },
    )


async def _pool(deps: Dependencies, now: int) -> tuple[list[Call], bool]:
    """The first due calls that nobody has, the most urgent first; and whether there may be more."""
    found: list[Call] = []
    for chunk in range(_CHUNKS):
        members: list[tuple[Keys, str]] = []
        for keys in deps.reader.everywhere:
            first = chunk * _CHUNK
            due: Any = await deps.redis.zrange(keys.calls(CallState.DUE), first, first + _CHUNK - 1)
            members += [(keys, member.decode()) for member in due]
        found += [one.call for one in await deps.reader.calls(members) if one.call.assignee is None]
        if len(members) < _CHUNK:
            return by_urgency(found, now, deps.calling.book.rules), False
        if len(found) > POOL_SHOWN:
            break
    return by_urgency(found, now, deps.calling.book.rules), True
