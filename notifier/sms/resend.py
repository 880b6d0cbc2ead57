"""Sending again by hand: only where it is safe, or where a person says that it is."""

from datetime import datetime

from redis.asyncio import Redis

from notifier.domain.messages import MAYBE_SENT, MessageState
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import Conflict
from notifier.sms import ledger, outbox, verdicts
from notifier.store import daily, work
from notifier.store.audit import SERVICE, Act, AuditEntry
from notifier.store.keys import Keys
from notifier.store.reading import StoredMessage
from notifier.store.records import as_text, ms
from notifier.store.work import UnitOfWork

_WHY_NOT = {
    MessageState.QUEUED: "It waits in the outbox; it will be sent.",
    MessageState.SENDING: "It is being sent at this moment.",
    MessageState.ACCEPTED: "The provider has it; again would be twice.",
    MessageState.DELIVERED: "It has arrived; again would be twice.",
    MessageState.UNDELIVERED: "The provider sent it already; call the customer instead.",
    MessageState.BLOCKED: "The customer's number takes no texts from this line; call instead.",
    MessageState.UNKNOWN: "It may have been sent, and that is still being looked into.",
    MessageState.EXPIRED: "It is too late for it.",
    MessageState.CANCELLED: "It was taken back, since newer news overtook it.",
}

RETRYABLE = frozenset({MessageState.HELD, MessageState.FAILED})


async def resend(
    redis: Redis, keys: Keys, stored: StoredMessage, *, now: datetime, by: str = SERVICE, by_name: str = ""
) -> None:
    """Put a held or refused message back into the outbox, and write down who did.

    Raises Conflict, saying why not, for any other.
    """
    message, state = stored.message, stored.state
    if state not in RETRYABLE:
        raise Conflict(_WHY_NOT[state])
    unit, key = UnitOfWork(), keys.message(message.id)
    unit.require_field(key, "state", state)
    # A person says now: no limit of time that is over and no quiet hours hold it. What may be out stays with its line.
    bound = stored.provider if state is MessageState.HELD and stored.reason == MAYBE_SENT else None
    outbox.put_back(unit, keys, message, now, bound=bound)
    if bound:  # under the same id: what it answers now is what there is to know
        daily.cost_unknown(unit, keys, message, at=ms(stored.given_at), line=bound, times=-1)
    unit.do("HDEL", key, "reason", "first", "called")
    unit.do("HSET", key, "by_hand", 1, "expires", ms(now + verdicts.TRIED_FOR))
    unit.do("ZREM", keys.seen_to(state), message.id)
    ledger.move(unit, keys, message.id, state, MessageState.QUEUED)
    about = message.order_id or message.id
    AuditEntry(at=ms(now), act=Act.TEXT_SENT_AGAIN, by=by, about=about, more=message.template).keep(unit, keys.audit)
    if message.order_id and message.source:
        extra = {"by": by, "by_name": by_name} if by_name else {"by": by}
        line = TimelineEntry(at=now, kind=LineKind.BY_HAND, what="sent_again", ref=message.id, extra=extra)
        unit.do("RPUSH", keys.timeline(message.source, message.order_id), as_text(line))
    if (await work.commit(redis, [unit]))[0][0] != "done":
        raise Conflict("Somebody else has just done something with it; look again.")
