"""Somebody's calls in the order in which they should be made, and those that nobody has.

The store may hold tens of thousands of calls: only those that are shown are read, the others are counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from notifier.console import menu
from notifier.console.dependencies import Dependencies
from notifier.domain.calls import Call, CallState
from notifier.store import keys as names
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.staff import Staff
from scheduler.planning import by_urgency

POOL_SHOWN, LATER_SHOWN = 12, 40
_OF_ALL_SHOPS = 500
"""Calls of nobody that are read for who calls the customers of some shops alone."""

_READY = 200
"""Calls of one's own that wait now and are read: the most urgent, however many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What «تماس‌های من» shows. ``late`` are past their latest time, ``now`` are due, ``following`` come up today.

    ``waiting``, ``following_count``, ``later_count`` and ``pool_count`` count also those that are not shown; where
    ``goes_on`` there are more of ``late`` and ``now`` than these.
    """

    late: Sequence[Call]
    now: Sequence[Call]
    waiting: int
    following: Sequence[Call]
    following_count: int
    later: Sequence[Call]
    later_count: int
    pool: Sequence[Call]
    pool_count: int

    @property
    def goes_on(self) -> bool:
        return self.waiting > len(self.late) + len(self.now)

    @property
    def is_empty(self) -> bool:
        return not (self.late or self.now or self.following or self.later or self.pool)

    @property
    def first(self) -> Call | None:
        """The call to make now; a claimed one is finished first."""
        ready = [*self.late, *self.now]
        claimed = [call for call in ready if call.state is CallState.CLAIMED]
        return next(iter([*claimed, *ready, *self.pool]), None)


async def board(deps: Dependencies, staff: Staff) -> Board:
    """The board of one of the staff at this moment; of what nobody has, the calls that are theirs to make."""
    staff_id, pool_read = staff.id, _OF_ALL_SHOPS if staff.sources else POOL_SHOWN
    at = deps.clock.now()
    now, tonight = ms(at), ms(at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))
    pipeline = deps.redis.pipeline(transaction=False)
    for keys in deps.reader.everywhere:
        own = keys.assigned(staff_id)
        pipeline.zrange(keys.ready(staff_id), 0, _READY - 1)
        pipeline.zrangebyscore(own, f"({now}", f"({tonight}", start=0, num=LATER_SHOWN)
        pipeline.zrangebyscore(own, tonight, "+inf", start=0, num=LATER_SHOWN)
        pipeline.zrange(keys.pool, 0, pool_read - 1)
        pipeline.zcard(keys.ready(staff_id))
        pipeline.zcount(own, f"({now}", f"({tonight}")
        pipeline.zcount(own, tonight, "+inf")
        pipeline.zcard(keys.pool)
    rows: list[Any] = await pipeline.execute()
    members: dict[str, Keys] = {}
    for place, keys in enumerate(deps.reader.everywhere):
        for found in rows[8 * place : 8 * place + 4]:
            members |= {member.decode(): keys for member in found}
    rules = deps.calling.book.rules
    read = [one.call for one in await deps.reader.calls([(keys, one) for one, keys in members.items()])]
    own_calls = [call for call in read if call.assignee == staff_id]
    ready = [call for call in own_calls if call.state is not CallState.SCHEDULED]
    shown = by_urgency(ready, now, rules)[:_READY]
    waiting = sorted((call for call in own_calls if call not in ready), key=lambda call: (call.due, call.id))
    pool = [call for call in read if call.assignee is None and staff.serves(call.sources)]
    return Board(
        late=[call for call in shown if call.late <= now],
        now=[call for call in shown if call.late > now],
        waiting=sum(rows[4::8]),
        following=[call for call in waiting if call.due < tonight][:LATER_SHOWN],
        following_count=sum(rows[5::8]),
        later=[call for call in waiting if call.due >= tonight][:LATER_SHOWN],
        later_count=sum(rows[6::8]),
        pool=by_urgency(pool, now, rules)[:POOL_SHOWN],
        pool_count=len(pool) if staff.sources else sum(rows[7::8]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """``fingerprint`` changes when somebody's board does, and every minute; ``counts`` are by the pages of the menu."""

    fingerprint: str
    counts: Mapping[str, int]


async def glance(deps: Dependencies, staff: Staff) -> Glance:
    """What is there at this moment, found without reading a call."""
    pipeline = deps.redis.pipeline(transaction=False)
    for keys in deps.reader.everywhere:
        pipeline.zrange(keys.assigned(staff.id), 0, _READY, withscores=True)
        pipeline.zrange(keys.ready(staff.id), 0, _READY)
        pipeline.zcard(keys.ready(staff.id))
        pipeline.zrange(keys.pool, 0, POOL_SHOWN)
        pipeline.zcard(keys.pool)
    if deps.dialling is not None:
        pipeline.hget(names.DIAL_NEWS, staff.id)
    board, counts = await pipeline.execute(), await menu.counts(deps, staff)
    seen = f"{deps.now() // 60_000} {board} {sorted(counts.items())}"
    return Glance(fingerprint=blake2b(seen.encode(), digest_size=8).hexdigest(), counts=counts)
