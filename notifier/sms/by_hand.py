"""Texts that a person sends: through the same outbox as all others, so many to a customer and by one of the staff."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redis.asyncio import Redis

from notifier.domain.messages import Message
from notifier.domain.orders import Order
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import NotifierError, StoreAway
from notifier.sms.limit_rules import Limits
from notifier.store import keys as names
from notifier.store import work, writes
from notifier.store.audit import Act, AuditEntry
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.schema import INBOUND_KEPT
from notifier.store.staff import Staff
from notifier.store.work import Script, UnitOfWork

_COUNT = Script("attempt")
_HOUR, _DAY = 3600, 24 * 3600 * 1000
_KEPT, _ATTEMPTS = 50, 20


class WhyNot(StrEnum):
    """Why a text that a person wrote is not sent."""

    STOPPED = "stopped"  # the customer wants no texts
    CUSTOMER_FULL = "customer_full"
    PERSON_FULL = "person_full"


class TextRefused(NotifierError):
    """A text that a person wrote is not sent, and the reason is told to them."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(f"The text is not sent: {why}.")
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text that one of the staff has written, about an order or about none."""

    keys: Keys
    message: Message
    order: Order | None
    by: Staff


async def left(redis: Redis, keys: Keys, phone: str, limits: Limits, *, now: int) -> int | None:
    """How many more texts people may write to a customer today; None for any number. ``now`` is unix ms."""
    if not limits.by_hand_customer_day:
        return None
    return max(0, limits.by_hand_customer_day - len(_of_today(await _lines(redis, keys, phone), now)))


async def write(
    redis: Redis,
    written: Written,
    limits: Limits,
    *,
    beside: Callable[[UnitOfWork], None] = lambda _: None,
) -> bool:
    """Put it into the outbox, once; False where it was there already. ``beside`` adds what is done with it.

    Raises TextRefused.
    """
    keys, message, order = written.keys, written.message, written.order
    record, now, phone = keys.message(message.id), ms(message.created_at), message.to
    if await redis.exists(record):
        return False
    if not message.essential and await redis.sismember(keys.opted_out, phone):
        raise TextRefused(WhyNot.STOPPED)
    for attempt in range(_ATTEMPTS):
        lines = await _lines(redis, keys, phone)
        today = _of_today(lines, now)
        if limits.by_hand_customer_day and len(today) >= limits.by_hand_customer_day:
            raise TextRefused(WhyNot.CUSTOMER_FULL)
        if attempt == 0 and await _too_many_of(redis, written.by, limits):
            raise TextRefused(WhyNot.PERSON_FULL)
        unit = UnitOfWork()
        unit.require_field(record, "state", "")
        unit.require_length(keys.by_hand(phone), len(lines))
        writes.queue_message(unit, keys, message)
        unit.do("RPUSH", keys.by_hand(phone), f"{now} {message.id}")
        unit.do("LTRIM", keys.by_hand(phone), -_KEPT, -1)
        unit.do("EXPIRE", keys.by_hand(phone), INBOUND_KEPT)
        if order is not None:
            extra = {"by": written.by.id, "by_name": written.by.name}
            line = TimelineEntry(
                at=message.created_at, kind=LineKind.MESSAGE, what=message.template, ref=message.id, extra=extra
            )
            writes.add_lines(unit, keys, order, [line])
        about = order.number if order else message.id
        entry = AuditEntry(at=now, act=Act.TEXT_WRITTEN, by=written.by.id, about=about, more=message.template)
        entry.keep(unit, keys.audit)
        beside(unit)
        if (await work.commit(redis, [unit]))[0][0] == "done":
            return True
        if await redis.exists(record):
            return False
    raise StoreAway("This customer's texts keep changing. Try again.")


async def written_to(redis: Redis, keys: Keys, phone: str) -> list[str]:
    """The ids of the texts that people wrote to a customer, oldest first."""
    return [line.partition(" ")[2] for line in await _lines(redis, keys, phone)]


async def written_at(redis: Redis, keys: Keys, phone: str) -> list[int]:
    """When (unix ms) people wrote to a customer, oldest first."""
    return [int(line.partition(" ")[0]) for line in await _lines(redis, keys, phone)]


async def _lines(redis: Redis, keys: Keys, phone: str) -> list[str]:
    found: Any = await redis.lrange(keys.by_hand(phone), 0, -1)
    return [line.decode() for line in found]


def _of_today(lines: list[str], now: int) -> list[str]:
    return [line for line in lines if int(line.partition(" ")[0]) > now - _DAY]


async def _too_many_of(redis: Redis, staff: Staff, limits: Limits) -> bool:
    (count, _) = await _COUNT.run(redis, [names.attempts(f"by_hand:{staff.id}")], _HOUR)
    return bool(limits.by_hand_person_hour) and count > limits.by_hand_person_hour
