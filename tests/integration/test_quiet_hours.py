"""When texts leave: quiet hours, time limits, the order of a customer's texts and the gap between them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from outbox_driver import Desk

from notifier.clock import TEHRAN, StillClock
from notifier.domain.messages import Audience, MessageState
from notifier.errors import ConfigError
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator
from notifier.sms.resend import resend

S = MessageState
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
PHONE = "09121234567"
EVENING = datetime(2026, 11, 23, 21, 50, tzinfo=TEHRAN)
MORNING = datetime(2026, 11, 24, 8, tzinfo=TEHRAN)
ORDER = {"order_id": "1", "source": "shop"}


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


def texts(simulator: Simulator) -> list[str]:
    return [message.text for message in simulator.messages]


async def test_a_text_waits_for_the_end_of_the_night_and_one_that_may_pass_does_not(
    desk: Desk, simulator: Simulator
) -> None:
    desk.clock.turn_to(EVENING + timedelta(hours=3))
    waits = await desk.queue(keeps_quiet_hours=True)
    passes = await desk.queue(keeps_quiet_hours=False)
    await desk.send()
    assert texts(simulator) == [passes.text]
    await desk.pass_by(MORNING - desk.clock.now() - SECOND, step=timedelta(hours=1))
    assert await desk.state(waits) is S.QUEUED
    desk.clock.turn_to(MORNING)
    await desk.send()
    assert await desk.state(waits) is S.ACCEPTED


@pytest.mark.parametrize("trouble", ["refused connection", "lost answer", "account"])
async def test_a_retry_passes_through_the_same_gate(desk: Desk, simulator: Simulator, trouble: str) -> None:
    fault = {
        "refused connection": Fault(kind="code", code=409),
        "lost answer": Fault(kind="drop"),
        "account": Fault(kind="code", code=416),
    }[trouble]
    desk.clock.turn_to(EVENING)
    waits = await desk.queue(keeps_quiet_hours=True)
    simulator.faults.add(fault)
    await desk.pass_by(timedelta(minutes=20))
    simulator.faults.clear()
    await desk.pass_by(timedelta(hours=9), step=timedelta(minutes=30))
    assert not simulator.messages, "nothing left in the night"
    await desk.pass_by(timedelta(hours=1), step=timedelta(minutes=10))
    assert await desk.state(waits) in (S.ACCEPTED, S.DELIVERED)
    assert len(simulator.messages) == 1


async def test_what_a_killed_worker_left_passes_through_it_too(desk: Desk, simulator: Simulator) -> None:
    desk.clock.turn_to(datetime(2026, 11, 23, 21, 59, 30, tzinfo=TEHRAN))
    message = await desk.queue(keeps_quiet_hours=True)
    await desk.die_with(message)
    desk.clock.turn(2 * MINUTE)
    await desk.send()
    assert await desk.state(message) is S.QUEUED
    assert not simulator.messages
    desk.clock.turn_to(MORNING)
    await desk.send()
    assert await desk.state(message) is S.ACCEPTED


async def test_one_that_waits_for_the_morning_holds_up_none_that_may_pass(desk: Desk, simulator: Simulator) -> None:
    desk.clock.turn_to(EVENING)
    first = await desk.queue(to=PHONE, keeps_quiet_hours=True)
    simulator.faults.add(Fault(kind="code", code=409))
    await desk.pass_by(12 * MINUTE)
    simulator.faults.clear()
    await desk.pass_by(6 * MINUTE)
    receipt = await desk.queue(to=PHONE, essential=True)
    await desk.send()
    assert (await desk.state(first), await desk.state(receipt)) == (S.QUEUED, S.ACCEPTED)


async def test_what_a_person_sends_by_hand_is_not_held(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue(keeps_quiet_hours=True)
    simulator.faults.add(Fault(kind="code", code=413, times=1))
    await desk.send()
    desk.clock.turn_to(EVENING + timedelta(hours=2))
    await resend(desk.service.redis, desk.keys(message), await desk.stored(message), now=desk.clock.now())
    await desk.send()
    assert await desk.state(message) is S.ACCEPTED


async def test_a_window_without_an_end_is_refused_at_the_start(make_config: Any) -> None:
    with pytest.raises(ConfigError, match="from and to are the same"):
        make_config(quiet_hours__from="22:00", quiet_hours__to="22:00")


async def test_too_late_is_expired_and_not_sent(desk: Desk, simulator: Simulator) -> None:
    late = await desk.queue(expires_at=desk.clock.now() + 10 * MINUTE)
    missed = await desk.queue(expires_at=desk.clock.now() + 10 * MINUTE, essential=True, **ORDER)
    desk.clock.turn(10 * MINUTE)
    await desk.send()
    assert [await desk.state(late), await desk.state(missed)] == [S.EXPIRED, S.EXPIRED]
    assert not simulator.messages
    assert await desk.calls("undelivered_sms") == ["1"], "who must know it is told by phone"


async def test_it_expires_also_while_no_line_is_open(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=403))
    first = await desk.queue(expires_at=desk.clock.now() + timedelta(hours=10))
    await desk.send()
    late = [await desk.queue(expires_at=desk.clock.now() + 3 * MINUTE, essential=True, **ORDER) for _ in range(3)]
    desk.clock.turn(4 * MINUTE)
    assert await desk.service.sending.expiry.sweep() == 3
    assert [await desk.state(one) for one in late] == [S.EXPIRED] * 3
    assert await desk.state(first) is S.QUEUED


async def test_a_customers_texts_leave_in_order_whatever_befalls_the_first(desk: Desk, simulator: Simulator) -> None:
    wanted = []
    simulator.faults.add(Fault(kind="code", code=409, times=3))
    for _ in range(6):
        wanted.append((await desk.queue(to=PHONE)).text)
        desk.clock.turn(SECOND)
        await desk.send()
    await desk.pass_by(3 * MINUTE, step=SECOND)
    assert texts(simulator) == wanted


async def test_those_of_one_moment_leave_in_the_order_they_were_decided(desk: Desk, simulator: Simulator) -> None:
    desk.clock.turn_to(EVENING + timedelta(hours=1))
    wanted = []
    for place in range(6):  # as many as a number gets in an hour
        desk.clock.turn(timedelta(milliseconds=7))
        wanted.append((await desk.queue(id=str(10**6 - place), to=PHONE, not_before=MORNING)).text)
    desk.clock.turn_to(MORNING)
    await desk.pass_by(MINUTE, step=SECOND)
    assert texts(simulator) == wanted


async def test_a_reminder_for_later_holds_up_nothing(desk: Desk, simulator: Simulator) -> None:
    reminder = await desk.queue(to=PHONE, not_before=desk.clock.now() + timedelta(hours=2))
    news = await desk.queue(to=PHONE)
    await desk.send()
    assert (await desk.state(reminder), await desk.state(news)) == (S.QUEUED, S.ACCEPTED)


async def test_the_gap_between_two_texts_is_kept_but_by_essential_ones(
    make_config: Any, clock: StillClock, redis: Any, simulator: Simulator
) -> None:
    async with Service(make_config(sms__gap="10m"), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        first, second = await desk.queue(to=PHONE), await desk.queue(to=PHONE)
        await desk.send()
        clock.turn(SECOND)
        await desk.send()
        assert [await desk.state(first), await desk.state(second)] == [S.ACCEPTED, S.QUEUED]
        essential, staff = await desk.queue(to=PHONE, essential=True), await desk.queue(audience=Audience.STAFF)
        await desk.pass_by(SECOND * 2, step=SECOND)
        assert await desk.state(essential) is S.ACCEPTED
        assert await desk.state(staff) is S.ACCEPTED
        await desk.pass_by(9 * MINUTE)
        assert await desk.state(second) is S.QUEUED
        await desk.pass_by(2 * MINUTE)
        assert await desk.state(second) is S.ACCEPTED


async def test_of_an_orders_texts_that_waited_long_the_newest_says_it(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=403))
    blocker = await desk.queue()
    await desk.send()
    stages = [await desk.queue(to=PHONE, overtakes=True, overtakable=True, **ORDER) for _ in range(3)]
    receipt = await desk.queue(to=PHONE, overtakes=True, overtakable=False, **ORDER)
    other = await desk.queue(to=PHONE, overtakes=True, overtakable=True, order_id="2", source="shop")
    desk.clock.turn(10 * MINUTE)
    simulator.faults.clear()
    await desk.pass_by(10 * MINUTE)
    assert [await desk.state(one) for one in stages] == [S.EXPIRED] * 3
    assert {(await desk.stored(one)).reason for one in stages} == {"overtaken"}
    assert set(texts(simulator)) == {blocker.text, receipt.text, other.text}


async def test_texts_that_leave_at_once_are_all_told(desk: Desk, simulator: Simulator) -> None:
    for _ in range(3):
        await desk.queue(to=PHONE, overtakes=True, overtakable=True, **ORDER)
    await desk.pass_by(3 * MINUTE)
    assert len(simulator.messages) == 3
