"""The ledger of messages: what is written down as one goes from state to state."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifier.domain import messages
from notifier.domain.domain_events import MessageEnded
from notifier.domain.messages import Message, MessageState
from notifier.sms.segments import segments
from notifier.store import daily
from notifier.store.keys import Keys
from notifier.store.publishing import Publish, no_op
from notifier.store.records import as_text
from notifier.store.work import UnitOfWork

_TEHRAN = ZoneInfo("Asia/Tehran")


def move(
    unit: UnitOfWork, keys: Keys, message_id: str, source: MessageState, target: MessageState, **fields: Any
) -> None:
    """Take a message from one state to another, with what else is to be noted; nothing if it is elsewhere by now."""
    moved = UnitOfWork()
    _move(moved, keys, message_id, source, target, fields)
    unit.when(keys.message(message_id), "state", source, moved)


def apply_report(
    unit: UnitOfWork,
    keys: Keys,
    message: Message,
    source: MessageState,
    target: MessageState,
    *,
    now: int,
    line: str,
    accepted: int | None = None,
    cost: int | None = None,
    saved: int | None = None,
    taken: bool = False,
    again: bool = False,
    publish: Publish = no_op,
    also: UnitOfWork | None = None,
    **fields: Any,
) -> None:
    """Take a message where its provider's word leads, and count it where it leaves or arrives by that.

    ``now`` and ``accepted``, when the provider took it if that was before, are unix ms; ``cost`` and what it ``saved``
    beside a text are rial. ``line`` is whose word it is, empty where it is that of a rung left behind, by which it has
    been counted; ``taken`` says that it took the message, which goes down to another all the same, ``again`` that one
    before it had. ``also`` is what else is done if it is not elsewhere by now.
    """
    accepted, heard = accepted or now, UnitOfWork() if also is None else also
    leaves = source not in messages.LEFT and (target in messages.LEFT or taken)
    if leaves and line:
        parts = segments(message.text)
        counts = daily.counts_of_left(message, at=accepted, cost=cost, parts=parts, line=line, saved=saved, again=again)
        daily.left(heard, keys, counts, at=accepted)
    if target is MessageState.DELIVERED:
        daily.arrived(heard, keys, message, accepted=accepted, at=now, line=line)
    if target is MessageState.FAILED and source in messages.LEFT:
        daily.given_back(heard, keys, message, accepted=accepted, cost=cost, line=line)
    if target in messages.TOLD:
        at = datetime.fromtimestamp(now / 1000, _TEHRAN)
        publish(heard, keys, MessageEnded(message=message, state=target, at=at, reason=fields.get("reason")))
    if not taken:
        fields |= {"cost": cost, "saved": saved or None, "accepted": accepted if leaves else None}
        fields["delivered"] = now if target is MessageState.DELIVERED else None
    _move(heard, keys, message.id, source, target, fields)
    unit.when(keys.message(message.id), "state", source, heard)


def noted(message_id: str, source: MessageState, target: MessageState, fields: Mapping[str, Any]) -> list[str | int]:
    """What is set in the record of a message that goes from one state to another: fields and values."""
    messages.require_transition(message_id, source, target)
    parts: list[str | int] = ["state", target]
    for name, value in fields.items():
        if value is not None:
            parts += name, value if isinstance(value, (str, int)) else as_text(value)
    return parts


def _move(
    moved: UnitOfWork,
    keys: Keys,
    message_id: str,
    source: MessageState,
    target: MessageState,
    fields: Mapping[str, Any],
) -> None:
    moved.do("HSET", keys.message(message_id), *noted(message_id, source, target, fields))
    moved.move(message_id, source=keys.messages(source), target=keys.messages(target))
