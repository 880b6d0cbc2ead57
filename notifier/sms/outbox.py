"""The outbox: messages are taken from it by whoever is free, and given back with what became of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from redis.asyncio import Redis

from notifier.domain.messages import Message, MessageState
from notifier.sms import ledger
from notifier.sms.ledger import Attempt
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.records import decode, ms
from notifier.store.work import Script, UnitOfWork

_CLAIM = Script("claim")


class Claimed(Struct, frozen=True, kw_only=True):
    """A message in our hands. ``lapsed``: a worker had it before us and died, and may have sent it."""

    keys: Keys
    message: Message
    attempts: tuple[Attempt, ...]
    lapsed: bool


class Settled(Struct, frozen=True, kw_only=True):
    """What became of a claimed message. Back to ``queued`` it goes with the time of the next try."""

    claimed: Claimed
    state: MessageState
    attempt: Attempt | None = None
    again_at: datetime | None = None
    provider: str | None = None
    provider_id: str | None = None
    cost: int | None = None  # rial


async def claim(redis: Redis, keys: Keys, *, now: datetime, lease: timedelta, count: int) -> list[Claimed]:
    """Take up to ``count`` messages that are ready. Not settled within ``lease``, they are taken by somebody else."""
    found = await _CLAIM.run(
        redis,
        [
            keys.outbox,
            keys.sending,
            keys.messages(MessageState.QUEUED),
            keys.messages(MessageState.SENDING),
            keys.in_turn,
        ],
        ms(now),
        ms(now + lease),
        count,
        keys.message(""),
    )
    rows = zip(*(iter(found),) * 4, strict=True)
    return [
        Claimed(
            keys=keys,
            message=decode(message, Message),
            attempts=tuple(decode(attempts, list[Attempt])) if attempts else (),
            lapsed=how == b"lapsed",
        )
        for _, how, message, attempts in rows
    ]


async def settle(redis: Redis, settled: Sequence[Settled]) -> None:
    """Write down what became of claimed messages, each for itself, in one round trip."""
    if settled:
        await work.commit(redis, [_unit(outcome) for outcome in settled])


def _unit(outcome: Settled) -> UnitOfWork:
    unit, keys, message = UnitOfWork(), outcome.claimed.keys, outcome.claimed.message
    attempts = [*outcome.claimed.attempts, outcome.attempt] if outcome.attempt else None
    ledger.move(
        unit,
        keys,
        message.id,
        MessageState.SENDING,
        outcome.state,
        attempts=attempts,
        provider=outcome.provider,
        provider_id=outcome.provider_id,
        cost=outcome.cost,
    )
    unit.do("ZREM", keys.sending, message.id)
    if outcome.state is MessageState.QUEUED:
        again = outcome.again_at or message.created_at
        back = UnitOfWork()
        back.do("ZADD", keys.outbox, ms(again), message.id)
        unit.when(keys.message(message.id), "state", MessageState.QUEUED, back)
    else:
        next_please = UnitOfWork()
        next_please.do("HDEL", keys.in_turn, message.to)
        unit.when(keys.in_turn, message.to, message.id, next_please)
    if outcome.provider_id:
        unit.do("SET", keys.provider_message(outcome.provider or "", outcome.provider_id), message.id, "EX", 172_800)
    return unit
