"""The ledger of messages: which state may follow which, and what is written down on the way."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from notifier.domain.domain_events import MessageEnded
from notifier.domain.messages import Message, MessageState
from notifier.errors import StoreError
from notifier.sms.segments import segments
from notifier.store import daily
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.records import encode
from notifier.store.work import UnitOfWork

_S = MessageState

TRANSITIONS: dict[MessageState, frozenset[MessageState]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.CANCELLED, _S.EXPIRED, _S.HELD}),
    _S.SENDING: frozenset(
        {_S.QUEUED, _S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED, _S.UNKNOWN, _S.EXPIRED, _S.HELD}
    ),
    _S.UNKNOWN: frozenset(
        {_S.QUEUED, _S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED, _S.EXPIRED, _S.HELD}
    ),
    _S.ACCEPTED: frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED}),
    _S.HELD: frozenset({_S.QUEUED, _S.CANCELLED, _S.EXPIRED}),
    # An operator may learn later that a text arrived after all; the reverse never happens.
    _S.UNDELIVERED: frozenset({_S.DELIVERED}),
    _S.FAILED: frozenset({_S.QUEUED}),
    _S.DELIVERED: frozenset(),
    _S.BLOCKED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.CANCELLED: frozenset(),
}
"""The only ways a message goes. Anything else cannot be written."""

LEFT = frozenset({_S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED})
"""States of a message that its provider took."""

_ENDS = frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED})
_TEHRAN = ZoneInfo("Asia/Tehran")


def sources(target: MessageState) -> frozenset[MessageState]:
    """The states from which a message may come into ``target``."""
    return frozenset(state for state, targets in TRANSITIONS.items() if target in targets)


class IllegalTransitionError(StoreError):
    """A message cannot go from the one state to the other."""


class Attempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One try to send a message, and what came of it."""

    at: datetime
    provider: str
    outcome: str  # "accepted", or a Failure
    code: int | None = None
    reason: str = ""
    cost: int | None = None  # rial


def move(
    unit: UnitOfWork, keys: Keys, message_id: str, source: MessageState, target: MessageState, **fields: Any
) -> None:
    """Take a message from one state to another, with what else is to be noted; nothing if it is elsewhere by now."""
    if target not in TRANSITIONS[source]:
        raise IllegalTransitionError(f"message {message_id} cannot go from {source} to {target}")
    moved = UnitOfWork()
    noted = [part for name, value in fields.items() if value is not None for part in (name, _stored(value))]
    moved.do("HSET", keys.message(message_id), "state", target, *noted)
    moved.move(message_id, source=keys.messages(source), target=keys.messages(target))
    unit.when(keys.message(message_id), "state", source, moved)


def apply_report(
    unit: UnitOfWork,
    keys: Keys,
    message: Message,
    source: MessageState,
    target: MessageState,
    *,
    now: int,
    accepted: int | None = None,
    cost: int | None = None,
    tell: Publish = no_op,
    **fields: Any,
) -> None:
    """Take a message where its provider's word leads, and count it where it leaves or arrives by that.

    ``now`` and ``accepted``, when the provider took it if that was before, are unix ms; ``cost`` is rial.
    """
    accepted, counted = accepted or now, UnitOfWork()
    leaves = source not in LEFT and target in LEFT
    if leaves:
        daily.left(counted, keys, message, at=accepted, cost=cost, parts=segments(message.text))
    if target is _S.DELIVERED:
        daily.arrived(counted, keys, message, accepted=accepted, at=now)
    if target is _S.FAILED and source in LEFT:
        daily.given_back(counted, keys, accepted=accepted, cost=cost)
    if target in _ENDS:
        at = datetime.fromtimestamp(now / 1000, _TEHRAN)
        tell(counted, keys, MessageEnded(message=message, state=target, at=at, reason=fields.get("reason")))
    if counted.keys:
        unit.when(keys.message(message.id), "state", source, counted)
    stamps = {"accepted": accepted if leaves else None, "delivered": now if target is _S.DELIVERED else None}
    move(unit, keys, message.id, source, target, cost=cost, **stamps, **fields)


def _stored(value: Any) -> str | bytes:
    return str(value) if isinstance(value, str | int) else encode(value)
