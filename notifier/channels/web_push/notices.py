"""What is pushed, and its queue: written with the reminder it goes beside, taken by workers with claims that lapse.

A push travels over others' servers and shows on a locked screen: it names an order and a purpose, and nobody.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain import persian
from notifier.domain.calls import Call
from notifier.domain.domain_events import StaffReminded
from notifier.domain.variables import PURPOSES
from notifier.errors import StoreError
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.records import as_text, decode, ms
from notifier.store.work import Script, UnitOfWork

LIVES = timedelta(hours=1)
"""After so long nobody is told of a call by this way any more: it is late, and the ladder has told others."""

_LEASE = 60_000  # ms; well over the time limit of a post
_NAMED, _LONGEST_ORDER = 3, 40
_POSTPONE = Script("postpone")

_TITLES = {
    "soon": "تماس پیش رو",
    "due": "وقت تماس است",
    "overdue": "تماس دیر شده است",
    "pool": "تماس بدون مسئول",
    "escalated": "تماس به سرپرست رسید",
    "wrong_number": "شمارهٔ اشتباه",
}


class PushNotice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody is told, on all their browsers or, when it is tried again, on those that are left."""

    id: str
    staff: str
    title: str
    body: str
    path: str
    at: int  # unix ms
    tries: int = 0
    left: tuple[str, ...] = ()


def of_reminder(fact: StaffReminded) -> PushNotice:
    """What goes beside the text of a reminder, or of what is about no call."""
    if not fact.calls:
        body = "خبر تازه‌ای از تماس‌ها هست؛ میز پشتیبانی را باز کنید."
        return PushNotice(
            id=fact.id, staff=fact.staff_id, title="میز پشتیبانی", body=body, path="/console/", at=ms(fact.at)
        )
    calls = [call for call, _ in fact.calls]
    more = len(calls) - _NAMED
    lines = [_line(call) for call in calls[:_NAMED]]
    if more > 0:
        lines.append(f"و {persian.digits(more)} تماس دیگر")
    first = _TITLES.get(fact.calls[0][1], "تماس")
    return PushNotice(
        id=fact.id,
        staff=fact.staff_id,
        title=first if len(calls) == 1 else f"{persian.digits(len(calls))} تماس در نوبت شماست",
        body="\n".join(lines),
        path=f"/console/calls/{calls[0].id}" if len(calls) == 1 else "/console/",
        at=ms(fact.at),
    )


def _line(call: Call) -> str:
    order = call.order_id[:_LONGEST_ORDER]
    return f"{PURPOSES.get(call.purpose, 'تماس')}، سفارش {persian.order_number(order)}"


def queue(unit: UnitOfWork, keys: Keys, notice: PushNotice, *, at: int | None = None) -> None:
    """Have a notice pushed, at a time or at once."""
    unit.do("ZADD", keys.pushes, notice.at if at is None else at, as_text(notice))
    unit.do("EXPIRE", keys.pushes, int(2 * LIVES.total_seconds()))


class ClaimedPush(Struct, frozen=True):
    """A notice in our hands, as it was read."""

    keys: Keys
    notice: PushNotice
    raw: bytes


async def claim(redis: Redis, keys: Keys, *, now: int, count: int) -> list[ClaimedPush]:
    """Take up to ``count`` that are due, the earliest first; what cannot be read is dropped. What is not settled in
    time is taken again."""
    raws: Sequence[Any] = await _POSTPONE.run(redis, [keys.pushes], now, now + _LEASE, count)
    found, unreadable = [], UnitOfWork()
    for raw in raws:
        try:
            found.append(ClaimedPush(keys, decode(raw, PushNotice), raw))
        except StoreError:
            unreadable.do("ZREM", keys.pushes, work.binary(raw))
    if unreadable.parts:
        await work.commit(redis, [unreadable])
    return found


def settled(claimed: ClaimedPush) -> UnitOfWork:
    """A notice is done with."""
    unit = UnitOfWork()
    unit.do("ZREM", claimed.keys.pushes, work.binary(claimed.raw))
    return unit


def again(claimed: ClaimedPush, left: Sequence[str], at: int) -> UnitOfWork:
    """Have a notice tried again at a time, on the browsers that are left."""
    unit = settled(claimed)
    queue(unit, claimed.keys, replace(claimed.notice, tries=claimed.notice.tries + 1, left=tuple(left)), at=at)
    return unit
