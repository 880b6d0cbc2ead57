"""What waited, made true before it leaves: words and phone as the order is now, a reminder not before its time.

What a provider may have already is left as it is: it would be another message under the same id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain import phones
from notifier.domain.ladder import Unreached
from notifier.domain.messages import Message, MessageState
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.domain.retelling import as_it_is, holds
from notifier.errors import StoreError
from notifier.sms import outbox
from notifier.sms.outbox import ClaimedMessage, Settled
from notifier.store.records import decode, ms
from notifier.store.roundtrip import Command, checked, many

log = structlog.get_logger()

POINTLESS = "pointless"
"""Why a text expired that news left without sense on its way down a ladder."""

_FRESH = timedelta(seconds=5)
"""A message that is no older says what is true, unless its order has changed."""

_PROMPT = timedelta(minutes=15)
"""A reminder may come so much sooner after its text than was meant."""

_MAY_HAVE_REACHED = frozenset({Unreached.NO_REPORT, Unreached.UNKNOWN})
_ON_ITS_WAY = frozenset({MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN, MessageState.HELD})


@dataclass(frozen=True, slots=True)
class Renewal:
    """Looks at claimed messages that no provider can have yet."""

    redis: Redis
    rulebook: Callable[[], Rulebook]

    async def renew(
        self, claimed: Sequence[ClaimedMessage], now: datetime
    ) -> tuple[list[ClaimedMessage], list[Settled]]:
        """Which claimed messages are to be sent, as they now read, and what becomes of the others instead."""
        orders, firsts = await self._read(claimed)
        sent: list[ClaimedMessage] = []
        changed: list[ClaimedMessage] = []
        instead: list[Settled] = []
        fresh_from = ms(now - _FRESH)
        for one, raw, first in zip(claimed, orders, firsts, strict=True):
            if first is not None and (due := _too_early(one, first, now)) is not None:
                instead.append(_later(one, due, now))
                continue
            if one.descents and not one.by_hand and not self._holds(one, raw):
                instead.append(Settled(claimed=one, state=MessageState.EXPIRED, now=now, reason=POINTLESS))
                continue
            message = self._as_it_is(one.message, raw, now, fresh=one.created > fresh_from)
            if message is one.message:
                sent.append(one)
                continue
            if message.to != one.message.to:
                message = replace(message, to_since=now)
            renewed = replace(one, message=message)
            if message.to != one.message.to:
                instead.append(_elsewhere(renewed, one.message, now))
            else:
                changed.append(renewed)
        return [*sent, *await outbox.rewrite(self.redis, changed)], instead

    async def _read(self, claimed: Sequence[ClaimedMessage]) -> tuple[list[Any], list[Any]]:
        """The orders as they are stored; and of what each message follows, its state and when it was accepted, None for
        one that follows none."""
        if not claimed:
            return [], []
        # All were claimed from one partition, so that one command may ask for all orders.
        orders = [one.keys.order(one.message.source or "", one.message.order_id or "") for one in claimed]
        firsts: list[Command] = [
            ("HMGET", one.keys.message(one.message.follows.id), "state", "accepted")
            for one in claimed
            if one.message.follows
        ]
        found, *followed = checked(await many(self.redis, [("MGET", *orders), *firsts]))
        states = iter(followed)
        return found, [next(states) if one.message.follows else None for one in claimed]

    def _holds(self, one: ClaimedMessage, raw: bytes | None) -> bool:
        """Whether what is on its way down a ladder is worth going on: its order may have moved on meanwhile."""
        if raw is None:
            return True
        copy = any(descent.why in _MAY_HAVE_REACHED for descent in one.descents)
        try:
            return holds(one.message, decode(raw, Order), self.rulebook(), copy=copy)
        except StoreError:  # said where it is written anew
            return True

    def _as_it_is(self, message: Message, raw: bytes | None, now: datetime, *, fresh: bool) -> Message:
        if raw is None or (fresh and raw.startswith(b'{"v":%d,' % message.order_v)):
            return message
        try:
            return as_it_is(message, decode(raw, Order), self.rulebook(), now)
        except StoreError as error:
            log.error("an order cannot be read", action="order_unreadable", order=message.order_id, error=str(error))
            return message


def _too_early(one: ClaimedMessage, first: Sequence[bytes | None], now: datetime) -> datetime | None:
    """When a reminder is due whose text left only lately, or has not left."""
    follows, (state, accepted) = one.message.follows, first
    if follows is None or state is None or one.by_hand:
        return None
    gap = timedelta(milliseconds=follows.after)
    if state.decode() in _ON_ITS_WAY:
        return now + gap
    if accepted is None:
        return None
    due = datetime.fromtimestamp(int(accepted) / 1000, now.tzinfo) + gap
    return due if due > now + min(_PROMPT, gap / 2) else None


def _later(one: ClaimedMessage, due: datetime, now: datetime) -> Settled:
    message = one.message
    planned, ends = message.not_before or message.created_at, message.expires_at
    moved = replace(message, not_before=due, expires_at=due + (ends - planned) if ends else None)
    return Settled(
        claimed=replace(one, message=moved),
        state=MessageState.QUEUED,
        now=now,
        again_at=due,
        rewritten_from=message,
    )


def _elsewhere(one: ClaimedMessage, former: Message, now: datetime) -> Settled:
    """Into the line of texts to the new phone; where that is no mobile, somebody phones."""
    reached = phones.is_mobile(one.message.to)
    return Settled(
        claimed=one,
        state=MessageState.QUEUED if reached else MessageState.FAILED,
        now=now,
        again_at=now if reached else None,
        reason=None if reached else "no_mobile",
        rewritten_from=former,
    )
