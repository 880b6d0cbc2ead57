"""A dead sender's claims are taken over when its heartbeat is gone; a slow one's are not, and it posts nothing late."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from outbox_driver import Desk
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.messages import MessageState, Pattern
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.sms import outbox, take_over
from notifier.sms.holds import ALIVE, Hold
from notifier.sms.outbox import ClaimedMessage
from notifier.sms.take_over import DeadClaims
from notifier.store.health import ServerHealth
from notifier.store.keys import Keys

LINE, KEYS = "kavenegar", Keys(0)
S = MessageState


class Clocks:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> tuple[float, ...]:
        return (self.now,)


@pytest.fixture
async def service(make_config: Callable[..., Config], clock: StillClock, redis: Redis) -> AsyncIterator[Service]:
    async with Service(make_config(), clock=clock, roles=[WEB]) as service:
        yield service


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def claim(service: Service, hold: Hold | None) -> list[ClaimedMessage]:
    (line,) = service.sending.accounts.each
    return await outbox.claim(
        service.redis,
        KEYS,
        line.name,
        bound=False,
        now=service.clock.now(),
        lease=timedelta(minutes=1),
        count=200,
        hold=hold,
    )


def watcher(service: Service) -> tuple[DeadClaims, Clocks]:
    clocks = Clocks()
    watch = DeadClaims(service.redis, service.sending.accounts, 1, service.sender.wake, clock=lambda: clocks()[0])
    return watch, clocks


async def dies(service: Service, hold: Hold) -> None:
    """Its heartbeat is gone, as the store finds some time after the last renewal."""
    await hold.beat(service.redis)
    assert 0 < await service.redis.pttl(hold.heartbeat) <= ALIVE / timedelta(milliseconds=1)
    await service.redis.delete(hold.heartbeat)


async def settled(watch: DeadClaims, clocks: Clocks) -> None:
    """It has looked for long enough to know that the store was there."""
    assert await watch.look() == 0
    clocks.now += ALIVE.total_seconds()
    await watch.look()


async def test_a_dead_senders_text_need_not_wait_for_the_lease(
    service: Service, desk: Desk, simulator: Simulator
) -> None:
    message, hold = await desk.queue(), Hold(KEYS)
    assert await claim(service, hold)
    watch, clocks = watcher(service)
    await settled(watch, clocks)
    await hold.beat(service.redis)
    assert await watch.look() == 0  # it lives
    await dies(service, hold)
    assert await watch.look() == 1
    assert await watch.look() == 0  # once is enough
    await service.sender.send_ready()  # the clock has not moved: the lease is far from over
    assert await desk.state(message) is S.ACCEPTED
    assert [one.receptor for one in simulator.messages] == [message.to]


async def test_what_was_taken_before_one_that_cannot_be_is_found_again(
    service: Service, desk: Desk, clock: StillClock, simulator: Simulator
) -> None:
    first, broken = await desk.queue(), await desk.queue()
    await service.redis.set(KEYS.texts(broken.to), "no list of texts")

    with pytest.raises(ResponseError):
        await claim(service, Hold(KEYS))

    assert await desk.states() == [S.SENDING, S.QUEUED]
    await service.redis.delete(KEYS.texts(broken.to))
    clock.turn(timedelta(seconds=61))
    assert await desk.send() == 2
    assert await desk.states() == [S.ACCEPTED, S.ACCEPTED]
    assert sorted(one.text for one in simulator.messages) == sorted([first.text, broken.text])


async def test_a_claim_of_an_older_version_keeps_its_lease(service: Service, desk: Desk) -> None:
    await desk.queue()
    assert await claim(service, None)
    watch, clocks = watcher(service)
    await settled(watch, clocks)
    assert await watch.look() == 0


async def test_after_looks_that_came_late_all_who_live_have_a_turn_first(service: Service, desk: Desk) -> None:
    """The store may have stood still meanwhile, with renewals waiting in line behind this look."""
    await desk.queue()
    hold = Hold(KEYS)
    assert await claim(service, hold)
    watch, clocks = watcher(service)
    await settled(watch, clocks)
    watch._seen[0, watch.accounts.each[0].name] -= 5000  # so long ago was the last look
    await dies(service, hold)
    assert await watch.look() == 0
    clocks.now += 0.9
    assert await watch.look() == 0
    clocks.now += 0.1
    assert await watch.look() == 1


async def test_after_the_store_was_away_heartbeats_have_their_whole_time(
    service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.queue()
    hold = Hold(KEYS)
    assert await claim(service, hold)
    watch, clocks = watcher(service)
    await settled(watch, clocks)
    async with Redis(unix_socket_path="/nowhere/redis.sock", retry=None) as gone:
        monkeypatch.setattr(watch, "redis", gone)
        assert await watch.look() == 0
    monkeypatch.undo()
    await dies(service, hold)
    assert await watch.look() == 0
    clocks.now += ALIVE.total_seconds() - 0.1
    assert await watch.look() == 0
    clocks.now += 0.1
    assert await watch.look() == 1


async def test_who_starts_beside_a_store_that_has_long_been_there_takes_over_at_the_first_tick(
    service: Service, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [structs.replace(node, uptime=60) for node in await take_over.health(service.redis)]

    async def long_there(redis: Redis) -> list[ServerHealth]:
        return nodes

    monkeypatch.setattr(take_over, "health", long_there)
    await desk.queue()
    hold = Hold(KEYS)
    assert await claim(service, hold)
    watch, _ = watcher(service)
    await dies(service, hold)
    await watch.begin()
    assert await watch.look() == 1


async def test_a_sender_that_was_too_slow_posts_nothing(service: Service, desk: Desk, simulator: Simulator) -> None:
    simulator.templates["packed"] = "سفارش %token"
    plain, pattern = await desk.queue(), await desk.queue(patterns={"kavenegar": Pattern("packed", {"token": "1"})})
    clocks = Clocks()
    hold = Hold(KEYS, clocks)
    claimed = await claim(service, hold)
    assert len(claimed) == 2
    clocks.now += ALIVE.total_seconds()  # paused, and nobody else took them
    (line,) = service.sending.accounts.each
    await service.sender.dispatch.send(line, await line.standing(), claimed, hold)
    assert simulator.messages == []
    assert await desk.states() == [S.QUEUED, S.QUEUED]
    await service.sender.send_ready()
    assert sorted(one.receptor for one in simulator.messages) == sorted([plain.to, pattern.to])


async def test_a_sender_that_wakes_up_after_another_has_sent(
    service: Service, desk: Desk, simulator: Simulator
) -> None:
    message, clocks = await desk.queue(), Clocks()
    hold = Hold(KEYS, clocks)
    claimed = await claim(service, hold)
    watch, looks = watcher(service)
    await settled(watch, looks)
    await dies(service, hold)
    assert await watch.look() == 1
    await service.sender.send_ready()
    before: Any = await desk.stored(message)
    clocks.now += ALIVE.total_seconds()
    await hold.beat(service.redis)  # it finds the store again, which does not make it young
    (line,) = service.sending.accounts.each
    await service.sender.dispatch.send(line, await line.standing(), claimed, hold)
    assert len(simulator.messages) == 1
    assert await desk.stored(message) == before


async def test_who_takes_over_a_text_that_may_have_left_may_die_in_turn(
    service: Service, desk: Desk, simulator: Simulator
) -> None:
    message = await desk.queue(patterns={"kavenegar": Pattern("packed", {"token": "1"})})
    watch, clocks = watcher(service)
    first, second = Hold(KEYS), Hold(KEYS)
    claimed = await claim(service, first)
    assert await outbox.mark(service.redis, claimed, now=service.clock.now(), lease=timedelta(minutes=1))
    await settled(watch, clocks)  # it was calling the provider
    await dies(service, first)
    assert await watch.look() == 1
    assert [one.called for one in await claim(service, second)] == [True]
    await dies(service, second)  # before it could settle anything
    assert await watch.look() == 1
    await service.sender.send_ready()
    assert await desk.state(message) is S.UNKNOWN
    assert simulator.messages == []


async def test_the_last_look_is_when_the_connection_stands(service: Service, desk: Desk, simulator: Simulator) -> None:
    """The pause may come while a connection is being made: then nothing is posted, and no line is blamed."""
    message, clocks = await desk.queue(), Clocks()
    hold = Hold(KEYS, clocks)
    claimed = await claim(service, hold)
    (line,) = service.sending.accounts.each
    asked = 0

    def pausing() -> tuple[float, ...]:
        nonlocal asked
        asked += 1
        if asked == 2:
            clocks.now += ALIVE.total_seconds()
        return clocks()

    hold.clock = pausing
    await service.sender.dispatch.send(line, await line.standing(), claimed, hold)
    assert simulator.messages == []
    assert await desk.state(message) is S.QUEUED
    assert (await line.standing()).paused_until is None
