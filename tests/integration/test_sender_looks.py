"""What a sender asks the store when there is nothing to do, and what it finds at one look."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from notifier import tasks
from notifier.clock import StillClock
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator.state import Simulator
from notifier.sms import outbox
from notifier.sms.outbox import Settled
from notifier.store.keys import Keys
from notifier.store.records import ms
from tests.outbox_driver import Desk

KEYS = Keys(0)
DAY = 24 * 3600 * 1000  # ms


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def calls(service: Service, command: str) -> int:
    found: Any = await service.redis.info("commandstats")
    return int(found.get(f"cmdstat_{command}", {}).get("calls", 0))


async def test_a_look_that_finds_nothing_runs_no_script(service: Service, desk: Desk, clock: StillClock) -> None:
    await desk.queue(not_before=clock.now() + timedelta(hours=1))
    await service.redis.config_resetstat()
    for _ in range(5):
        assert await service.sender.send_ready() == 0
    assert await calls(service, "evalsha") + await calls(service, "eval") == 0


async def test_a_text_whose_time_has_come_is_found(
    service: Service, desk: Desk, clock: StillClock, simulator: Simulator
) -> None:
    text = await desk.queue(not_before=clock.now() + timedelta(hours=1))
    clock.turn(timedelta(minutes=59))
    assert await service.sender.send_ready() == 0
    clock.turn(timedelta(minutes=1))
    assert await service.sender.send_ready() == 1
    assert await desk.state(text) is MessageState.ACCEPTED
    assert [one.receptor for one in simulator.messages] == [text.to]


async def test_what_a_dead_worker_had_is_found_where_nothing_else_waits(
    service: Service, desk: Desk, clock: StillClock
) -> None:
    text = await desk.queue()
    now = clock.now()
    await outbox.claim(service.redis, KEYS, "simulator", bound=False, now=now, lease=timedelta(seconds=60), count=1)
    assert await service.sender.send_ready() == 0
    clock.turn(timedelta(seconds=61))
    assert await service.sender.send_ready() == 1
    assert await desk.state(text) is MessageState.ACCEPTED


async def test_texts_of_former_days_count_for_no_limit_and_are_forgotten(
    service: Service, desk: Desk, clock: StillClock
) -> None:
    to, most = "09121110000", service.config.sms.limits.number_hour
    for _ in range(most):
        await desk.queue(to=to)
        assert await service.sender.send_ready() == 1
    held = await desk.queue(to=to)
    await service.sender.send_ready()
    assert await desk.state(held) is MessageState.HELD
    clock.turn(timedelta(hours=25))
    fine = await desk.queue(to=to)
    assert await service.sender.send_ready() == 1
    assert await desk.state(fine) is MessageState.ACCEPTED
    day = KEYS.counted(str(ms(clock.now()) // DAY))
    assert await service.redis.hget(day, to) == f"{ms(clock.now())} {fine.id};".encode()
    assert 0 < await service.redis.pttl(day) <= 2 * DAY


async def test_a_text_that_comes_again_counts_once(service: Service, desk: Desk, clock: StillClock) -> None:
    to, most = "09121110000", service.config.sms.limits.number_hour
    for _ in range(most):
        await desk.queue(to=to)
        assert await service.sender.send_ready() == 1
    first = desk.queued[0]
    held = await desk.queue(to=to)
    await service.sender.send_ready()
    assert await desk.state(held) is MessageState.HELD
    key = KEYS.message(first.id)
    await service.redis.hset(key, "state", MessageState.QUEUED)
    await service.redis.zadd(KEYS.outbox, {first.id: ms(clock.now())})
    counted = await service.redis.hgetall(KEYS.counted(str(ms(clock.now()) // DAY)))
    assert await service.sender.send_ready() == 1
    assert await desk.state(first) is MessageState.ACCEPTED
    assert await service.redis.hgetall(KEYS.counted(str(ms(clock.now()) // DAY))) == counted


async def test_the_day_that_counts_does_not_end_at_midnight(service: Service, desk: Desk, clock: StillClock) -> None:
    to, most = "09121110000", service.config.sms.limits.number_day
    clock.turn(timedelta(milliseconds=DAY - ms(clock.now()) % DAY - 1000))  # one second before a day of UTC ends
    for _ in range(most):
        await desk.queue(to=to, essential=True)
        assert await service.sender.send_ready() == 1
    clock.turn(timedelta(hours=2))
    held = await desk.queue(to=to)
    await service.sender.send_ready()
    assert await desk.state(held) is MessageState.HELD


async def test_what_comes_while_many_leave_leaves_after_them(
    service: Service, desk: Desk, clock: StillClock, simulator: Simulator
) -> None:
    """After a large batch the next texts are gathered for a moment; a bell that rings meanwhile is not missed."""
    settled, all_settled = list[str](), asyncio.Event()

    def note(batch: Sequence[Settled]) -> None:
        settled.extend(one.claimed.message.id for one in batch)
        if len(settled) >= 104:
            all_settled.set()

    service.sender.dispatch.on_settled = note
    for _ in range(100):
        await desk.queue()
    sending = asyncio.create_task(service.sender.run())
    try:
        for _ in range(4):
            await desk.queue()
            service.sender.wake()
        async with asyncio.timeout(60):
            await all_settled.wait()
    finally:
        await tasks.end(sending)
    assert set(await desk.states()) == {MessageState.ACCEPTED}
    assert sorted(settled) == sorted(one.id for one in desk.queued)
    assert len(simulator.messages) == 104
