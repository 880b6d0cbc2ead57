"""What a person makes of a text that is stuck: it arrived after all, it is given up, or a call takes its place."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from redis.asyncio import Redis

from notifier.domain.domain_events import MessageEnded
from notifier.domain.messages import MAYBE_SENT, MessageState
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import Conflict
from notifier.sms import ledger
from notifier.store import work
from notifier.store.audit import Act, AuditEntry
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.reading import StoredMessage
from notifier.store.records import as_text, ms
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork


class Ending(StrEnum):
    ARRIVED = "arrived"
    GIVEN_UP = "given_up"
    BY_PHONE = "by_phone"


_ACTS: Mapping[Ending, Act] = {
    Ending.ARRIVED: Act.TEXT_ARRIVED,
    Ending.GIVEN_UP: Act.TEXT_GIVEN_UP,
    Ending.BY_PHONE: Act.TEXT_BY_PHONE,
}
_STUCK = frozenset({MessageState.HELD, MessageState.UNDELIVERED, MessageState.FAILED, MessageState.BLOCKED})


def endings(stored: StoredMessage) -> list[Ending]:
    """What may be said of a text; that it arrived only of one that may have left."""
    maybe = stored.state is MessageState.UNDELIVERED or (
        stored.state is MessageState.HELD and stored.reason == MAYBE_SENT
    )
    return ([Ending.ARRIVED] if maybe else []) + ([Ending.BY_PHONE, Ending.GIVEN_UP] if stored.state in _STUCK else [])


async def end(
    redis: Redis,
    keys: Keys,
    stored: StoredMessage,
    ending: Ending,
    *,
    now: datetime,
    by: Staff,
    publish: Publish = no_op,
) -> None:
    """Write it down, so that the text needs nobody any more. Raises Conflict where it is elsewhere by now."""
    message, state, unit = stored.message, stored.state, UnitOfWork()
    if ending not in endings(stored):
        raise Conflict("That cannot be said of this text; look again.")
    unit.require_field(keys.message(message.id), "state", state)
    if ending is Ending.ARRIVED:
        publish(unit, keys, MessageEnded(message=message, state=MessageState.DELIVERED, at=now, reason="by_hand"))
        ledger.move(unit, keys, message.id, state, MessageState.DELIVERED, reason="by_hand")
        unit.do("ZREM", keys.seen_to(state), message.id)
    elif state is MessageState.HELD:
        unit.do("ZREM", keys.texts(message.to), message.id)
        ledger.move(unit, keys, message.id, state, MessageState.CANCELLED, reason=ending)
    else:  # what became of it stays true; it only needs nobody any more
        unit.do("ZADD", keys.seen_to(state), "NX", ms(now), message.id)
    about = message.order_id or message.id
    AuditEntry(at=ms(now), act=_ACTS[ending], by=by.id, about=about, more=message.template).keep(unit, keys.audit)
    if message.order_id and message.source:
        extra = {"by": by.id, "by_name": by.name}
        line = TimelineEntry(at=now, kind=LineKind.BY_HAND, what=ending, ref=message.id, extra=extra)
        unit.do("RPUSH", keys.timeline(message.source, message.order_id), as_text(line))
    if (await work.commit(redis, [unit]))[0][0] != "done":
        raise Conflict("Somebody else has just done something with it; look again.")
