"""What one of the staff is to be told by the first of their channels that works, and the queue of it: written with what
it tells of, taken by workers with claims that lapse.

A notice is in the hash until it is done with. What is about to be posted is marked before: who finds the mark does not
know whether it was, and posts it by this channel no more.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.channels.web_push.notices import PushNotice
from notifier.domain import persian
from notifier.domain.calls import Call
from notifier.domain.domain_events import DomainEvent, MessageEnded
from notifier.domain.messages import Audience, Message, MessageState
from notifier.errors import StoreError
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.records import as_text, decode, ms
from notifier.store.work import Script, UnitOfWork

log = structlog.get_logger()

LIVES = timedelta(hours=1)
"""After so long nobody is told by a further channel: it is late, and the ladder of the call has told others."""

NOT_REACHED = frozenset({MessageState.UNDELIVERED, MessageState.BLOCKED, MessageState.FAILED})
"""States of an SMS that is known not to have come."""

_LEASE = 60_000  # ms; well over the time limit of a post
_LONGEST_ORDER = 20
_MOST_BUTTONS = 5  # calls with buttons under one message
_POSTPONE = Script("postpone")


class NoticeCall(Struct, frozen=True, array_like=True):
    """A call that a notice has buttons for: its id, how long its history was, and what people call it."""

    id: str
    lines: int
    label: str


class StaffNotice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``ladder`` are the channels that are left, the first being tried; none were looked up where it is empty.
    ``posting`` is the channel in whose post it may have left already."""

    id: str
    staff: str
    message: Message  # what the SMS says, and the bots say too
    push: PushNotice
    at: int  # unix ms
    calls: tuple[NoticeCall, ...] = ()
    ladder: tuple[str, ...] = ()
    posting: str = ""
    tries: int = 0
    alone: bool = False  # others are told by other ways: where the ladder ends, it ends


def notice_of(staff_id: str, message: Message, calls: Sequence[Call], push: PushNotice) -> StaffNotice:
    """What somebody is told of calls, or of none in particular."""
    return StaffNotice(
        id=message.id,
        staff=staff_id,
        message=message,
        push=push,
        at=ms(message.created_at),
        calls=tuple(NoticeCall(call.id, len(call.history), _label(call)) for call in calls[:_MOST_BUTTONS]),
    )


def _label(call: Call) -> str:
    order = call.order_id[:_LONGEST_ORDER]
    return f"سفارش {persian.order_number(order)}" if order else "بی سفارش"


def queue(unit: UnitOfWork, keys: Keys, notice: StaffNotice) -> None:
    """Have somebody told, once the unit is committed."""
    unit.do("HSET", keys.notices, notice.id, as_text(notice))
    unit.do("ZADD", keys.notices_due, notice.at, notice.id)


def follow(unit: UnitOfWork, keys: Keys, fact: DomainEvent) -> None:
    """Have the next channel tried of whom an SMS did not reach, if this was a step of a ladder."""
    if isinstance(fact, MessageEnded) and fact.message.audience is Audience.STAFF and fact.state in NOT_REACHED:
        unit.do("ZADD", keys.notices_due, "XX", ms(fact.at), fact.message.id)


class ClaimedNotice(Struct, frozen=True):
    """A notice in our hands, as it was read."""

    keys: Keys
    notice: StaffNotice
    raw: bytes


async def claim(redis: Redis, keys: Keys, *, now: int, count: int) -> list[ClaimedNotice]:
    """Take up to ``count`` that are due, the earliest first. What is not settled in time is taken again."""
    ids: Sequence[Any] = await _POSTPONE.run(redis, [keys.notices_due], now, now + _LEASE, count)
    raws: Any = await redis.hmget(keys.notices, list(ids)) if ids else []
    found, lost = [], UnitOfWork()
    for notice_id, raw in zip(ids, raws, strict=True):
        try:
            if raw is not None:
                found.append(ClaimedNotice(keys, decode(raw, StaffNotice), raw))
                continue
        except StoreError as error:  # kept in the hash, where it can be looked at
            log.error("a notice is set aside", action="notice_unreadable", error=str(error))
        lost.do("ZREM", keys.notices_due, notice_id.decode())
    if lost.parts:
        await work.commit(redis, [lost])
    return found


def settled(claimed: ClaimedNotice) -> UnitOfWork:
    """A notice is done with."""
    unit = UnitOfWork()
    unit.require_field(claimed.keys.notices, claimed.notice.id, claimed.raw)
    unit.do("HDEL", claimed.keys.notices, claimed.notice.id)
    unit.do("ZREM", claimed.keys.notices_due, claimed.notice.id)
    return unit


def changed(claimed: ClaimedNotice, at: int | None = None, /, **fields: Any) -> tuple[UnitOfWork, ClaimedNotice]:
    """Have a notice stand otherwise, and be looked at again at a time; conflicts where it changed meanwhile."""
    after = replace(claimed.notice, **fields)
    text = as_text(after)
    unit = UnitOfWork()
    unit.require_field(claimed.keys.notices, after.id, claimed.raw)
    unit.do("HSET", claimed.keys.notices, after.id, text)
    if at is not None:
        unit.do("ZADD", claimed.keys.notices_due, at, after.id)
    return unit, ClaimedNotice(claimed.keys, after, text.encode())
