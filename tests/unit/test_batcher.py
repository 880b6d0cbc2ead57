"""Deliveries in groups: whatever is looked at again or comes meanwhile, each is settled."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from notifier.errors import StoreAway
from notifier.intake.batcher import Batcher, PendingDelivery
from notifier.intake.delivery import Delivery, Outcome, Unchanged

DONE = Unchanged()


def delivery(name: int) -> Delivery:
    return Delivery(source="shop", event_id=str(name), digest="", order_id="1", phone=None, events=lambda _: [])


@asynccontextmanager
async def running(groups: Batcher) -> AsyncIterator[Batcher]:
    groups.start()
    try:
        yield groups
    finally:
        await groups.stop()


async def test_what_comes_while_others_are_looked_at_again_is_settled_too() -> None:
    """Every delivery is sent back once, while further ones come in."""
    seen: dict[str, int] = {}

    async def commit(group: Sequence[PendingDelivery]) -> list[PendingDelivery]:
        await asyncio.sleep(0)
        again = []
        for waiting in group:
            name = waiting.delivery.event_id
            seen[name] = seen.get(name, 0) + 1
            if seen[name] == 1:
                again.append(waiting)
            else:
                waiting.resolve(DONE)
        await asyncio.sleep(0)
        return again

    async with running(Batcher(commit, timedelta(seconds=5))) as groups:
        waves = []
        for wave in range(50):
            waves += [asyncio.create_task(groups.submit(delivery(wave * 10 + one))) for one in range(10)]
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            assert set(await asyncio.gather(*waves)) == {DONE}
    assert set(seen.values()) == {2}, "nothing is committed once more after it is settled"


async def test_a_second_group_is_begun_only_for_enough() -> None:
    """A few that come while a group is under way wait for its end, many do not."""
    sizes: list[int] = []
    open_gate = asyncio.Event()

    async def commit(group: Sequence[PendingDelivery]) -> list[PendingDelivery]:
        sizes.append(len(group))
        await open_gate.wait()
        for waiting in group:
            waiting.resolve(DONE)
        return []

    async def come(names: range) -> list["asyncio.Task[Outcome]"]:
        tasks = [asyncio.create_task(groups.submit(delivery(one))) for one in names]
        for _ in range(5):  # turns of the loop, so that whatever may begin has begun
            await asyncio.sleep(0)
        return tasks

    async with running(Batcher(commit, timedelta(seconds=5))) as groups:
        waiting = [*await come(range(1)), *await come(range(1, 32))]
        assert sizes == [1], "thirty-one wait for company"
        waiting += await come(range(32, 33))
        assert sizes == [1, 32], "thirty-two are a group of their own"
        waiting += await come(range(33, 76))
        assert sizes == [1, 32], "two are under way"
        open_gate.set()
        async with asyncio.timeout(10):
            assert set(await asyncio.gather(*waiting)) == {DONE}
    assert sizes == [1, 32, 43]


async def test_a_store_that_comes_back_in_time_is_waited_for() -> None:
    tries = 0

    async def commit(group: Sequence[PendingDelivery]) -> list[PendingDelivery]:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise RedisConnectionError
        for waiting in group:
            waiting.resolve(DONE)
        return []

    async with running(Batcher(commit, timedelta(seconds=20))) as groups:
        assert await groups.submit(delivery(1)) == DONE
    assert tries == 3


async def test_a_store_that_stays_away_is_not_waited_for_longer_than_patience() -> None:
    async def commit(group: Sequence[PendingDelivery]) -> list[PendingDelivery]:
        raise RedisConnectionError

    async with running(Batcher(commit, timedelta())) as groups:
        with pytest.raises(StoreAway):
            await groups.submit(delivery(1))


async def test_an_order_that_keeps_changing_is_given_up() -> None:
    async def commit(group: Sequence[PendingDelivery]) -> Sequence[PendingDelivery]:
        return group

    async with running(Batcher(commit, timedelta(seconds=5))) as groups:
        with pytest.raises(StoreAway, match="keeps changing"):
            await groups.submit(delivery(1))


async def test_one_mistake_of_ours_leaves_nobody_waiting() -> None:
    async def commit(group: Sequence[PendingDelivery]) -> list[PendingDelivery]:
        raise ZeroDivisionError

    async with running(Batcher(commit, timedelta(seconds=5))) as groups:
        with pytest.raises(ZeroDivisionError):
            await groups.submit(delivery(1))
        with pytest.raises(ZeroDivisionError):
            await groups.submit(delivery(2))


async def test_one_deliverys_trouble_is_not_the_groups() -> None:
    """What cannot be committed together is committed one by one, and what was settled before is left alone."""
    alone: list[str] = []

    async def commit(group: Sequence[PendingDelivery]) -> list[PendingDelivery]:
        if len(group) == 1:
            alone.append(group[0].delivery.event_id)
        else:
            group[0].resolve(DONE)
        if any(waiting.delivery.event_id == "3" for waiting in group):
            raise ZeroDivisionError
        for waiting in group:
            waiting.resolve(DONE)
        return []

    async with running(Batcher(commit, timedelta(seconds=5))) as groups:
        answers = await asyncio.gather(*(groups.submit(delivery(name)) for name in range(6)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unchanged] * 3 + [ZeroDivisionError] + [Unchanged] * 2
    assert alone == ["1", "2", "3", "4", "5"]
