"""The order in which a customer's texts leave has no time at which it ends: it goes with the texts in it."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.domain.messages import Message
from notifier.retention import removal
from notifier.store import work, writes
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

pytestmark = pytest.mark.process

KEYS, PHONE, CORRECTED = Keys(0), "09121234567", "09351234567"


@pytest.fixture
async def queued(redis: Redis, clock: StillClock) -> Message:
    now, unit = clock.now(), UnitOfWork()
    message = Message(
        id="7",
        template="order_packed",
        version="1",
        to=PHONE,
        text="بسته شد",
        created_at=now,
        order_id="10025",
        source="shop",
        expires_at=now + timedelta(days=30),
    )
    writes.queue_message(unit, KEYS, message)
    await work.commit(redis, [unit])
    assert (await redis.ttl(KEYS.texts(PHONE)), await redis.zcard(KEYS.texts(PHONE))) == (-1, 1)
    return message


async def test_a_text_that_was_taken_back_leaves_the_order_with_its_record(redis: Redis, queued: Message) -> None:
    unit = UnitOfWork()
    writes.cancel_message(unit, KEYS, queued.id, by_news=True)
    await work.commit(redis, [unit])
    assert await redis.hget(KEYS.message(queued.id), "state") == b"cancelled"
    await _removed(redis, queued)
    assert not await redis.exists(KEYS.texts(PHONE))


async def test_a_text_that_goes_to_another_number_is_in_the_order_of_that_alone(redis: Redis, queued: Message) -> None:
    unit, corrected = UnitOfWork(), replace(queued, to=CORRECTED)
    writes.rewrite_message(unit, KEYS, corrected, former=queued)
    await work.commit(redis, [unit])
    assert not await redis.exists(KEYS.texts(PHONE))
    assert await redis.ttl(KEYS.texts(CORRECTED)) == -1
    await _removed(redis, queued)
    assert not await redis.exists(KEYS.texts(CORRECTED))


async def _removed(redis: Redis, message: Message) -> None:
    unit = UnitOfWork()
    fields: Any = await redis.hgetall(KEYS.message(message.id))
    removal.drop_message(unit, KEYS, message.id, fields)
    await work.commit(redis, [unit])
