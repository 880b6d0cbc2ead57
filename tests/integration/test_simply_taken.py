"""Texts that their line simply took are settled at once: with all that their units of work would write, and no more."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from notifier.clock import StillClock
from notifier.domain.messages import Attempt, Audience, MessageState
from notifier.service.process import Service
from notifier.sms import outbox
from notifier.sms.holds import Hold
from notifier.sms.outbox import ClaimedMessage, Settled
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.publishing import no_op
from tests.outbox_driver import Desk

KEYS = Keys(0)
LINE = "simulator"
PRICES = (0, 1_500, 2_000)

Write = Callable[[Redis, Sequence[Settled]], Awaitable[object]]


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def one_by_one(redis: Redis, settled: Sequence[Settled]) -> object:
    return await work.commit(redis, [outbox._unit(one, no_op) for one in settled])


async def claim(desk: Desk, hold: Hold | None = None) -> list[ClaimedMessage]:
    return await outbox.claim(
        desk.service.redis,
        KEYS,
        LINE,
        bound=False,
        now=desk.clock.now(),
        lease=timedelta(seconds=60),
        count=100,
        hold=hold or Hold(KEYS),
    )


def taken(one: ClaimedMessage, desk: Desk, number: int, cost: int) -> Settled:
    now = desk.clock.now()
    return Settled(
        claimed=one,
        state=MessageState.ACCEPTED,
        now=now,
        attempt=Attempt(at=now, provider=LINE, outcome="accepted", cost=cost),
        ask_at=now + timedelta(minutes=5),
        provider_id=str(10**9 + number),
        cost=cost,
    )


async def dump(redis: Redis) -> dict[str, Any]:
    """Everything of the partition, and for how long it stays."""
    found: dict[str, Any] = {}
    async for key in redis.scan_iter(match="n:{0}:*"):
        kind, name = (await redis.type(key)).decode(), key.decode()
        if ":claim:" in name:  # the heartbeat, by the clock of the machine
            continue
        value: Any = {
            "hash": lambda key=key: redis.hgetall(key),
            "zset": lambda key=key: redis.zrange(key, 0, -1, withscores=True),
            "string": lambda key=key: redis.get(key),
        }[kind]()
        ends = await redis.ttl(key)
        found[name] = (await value, ends if ends < 0 else round(ends, -2))
    return found


async def settle(desk: Desk, seed: int, write: Write) -> dict[str, Any]:
    """What lies in the store once texts of all sorts were taken and this was written down."""
    redis, chance = desk.service.redis, random.Random(seed)
    async for key in redis.scan_iter(match="n:{0}:*"):
        await redis.delete(key)
    now = desk.clock.now()
    for number in range(chance.choice((1, 5, 40))):
        await desk.queue(
            to=f"0912000{chance.randrange(30):04}",
            id=str(7 * 10**15 + number),
            text="پیام " * chance.randrange(1, 40),
            created_at=now - timedelta(milliseconds=chance.randrange(90_000)),
            audience=chance.choice((Audience.CUSTOMER, Audience.CUSTOMER, Audience.STAFF)),
            source=chance.choice((None, "shop", "other")),
            not_before=now if chance.random() < 0.2 else None,
            template=chance.choice(("order_packed", "payment_failed")),
        )
    hold = Hold(KEYS, token="h-0123456789abcdef")
    claimed = await claim(desk, hold)
    assert claimed
    before = Attempt(at=now, provider="other", outcome="retry", code=418, reason="later")
    tried = [replace(one, attempts=(before,)) if chance.random() < 0.2 else one for one in claimed]
    ends = [taken(one, desk, number, chance.choice(PRICES)) for number, one in enumerate(tried)]
    for one in chance.sample(claimed, len(claimed) // 8):  # which others have by now
        await redis.hset(KEYS.message(one.message.id), *chance.choice((("owner", "h-another"), ("state", "delivered"))))
    await write(redis, ends)
    return await dump(redis)


@pytest.mark.parametrize("seed", range(12))
async def test_a_batch_settled_at_once_lies_in_the_store_as_one_settled_by_units(desk: Desk, seed: int) -> None:
    at_once = await settle(desk, seed, outbox.settle)
    assert at_once == await settle(desk, seed, one_by_one)
    assert any(":messages:accepted" in name for name in at_once)


async def test_one_that_the_store_cannot_settle_keeps_back_no_other(desk: Desk) -> None:
    broken, fine = await desk.queue(), await desk.queue()
    claimed = await claim(desk)
    redis = desk.service.redis
    await redis.set(KEYS.texts(broken.to), "no texts")

    with pytest.raises(ResponseError):
        await outbox.settle(redis, [taken(one, desk, number, 1_500) for number, one in enumerate(claimed)])

    assert await desk.state(fine) is MessageState.ACCEPTED
    assert await desk.state(broken) is MessageState.SENDING
    assert await redis.zrange(KEYS.sending(LINE), 0, -1) == [broken.id.encode()]
