"""Lines: paused, tried, opened again; a second provider; credit; the rate all processes share."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import Client
from standins import smsir
from standins.smsir import SmsIr

from notifier.clock import StillClock
from notifier.domain.messages import MessageState, Pattern
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator, text
from notifier.store.staff import Role, Staff, StaffBook

S = MessageState
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
KEY = "smsir-test-key"
DOWN = [Fault(kind="code", code=code) for code in (409, 403, 418, 451, 429)]


@pytest.fixture
def second() -> SmsIr:
    return SmsIr(key=KEY, credit=10_000)


@pytest.fixture
async def desk(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    second: SmsIr,
    aiohttp_server: Callable[..., Awaitable[TestServer]],
) -> AsyncIterator[Desk]:
    """A service with sms.ir behind the simulator."""
    server = await aiohttp_server(second.app())
    account = {"kind": "smsir", "api_key": KEY, "sender": "30004505000017", "unit_price": 2000, "timeout": "1s"}
    config = make_config(
        sms__fallback=["other"],
        providers__other=account | {"base_url": str(server.make_url("/v1"))},
        providers__simulator__timeout="1s",
        providers__simulator__low_credit=1000,
    )
    async with Service(config, clock=clock, roles=["web"]) as service:
        yield Desk(service, clock)


@pytest.mark.parametrize("fault", DOWN, ids=[str(fault.code) for fault in DOWN])
async def test_what_surely_was_not_sent_goes_by_the_second_line(
    desk: Desk, simulator: Simulator, second: SmsIr, fault: Fault
) -> None:
    for _ in range(5):
        await desk.queue()
    simulator.faults.add(fault)
    await desk.pass_by(5 * MINUTE, step=5 * SECOND)
    assert set(await desk.states()) == {S.ACCEPTED}
    assert not simulator.messages
    assert sorted(one.text for one in second.sent) == sorted(message.text for message in desk.queued)
    assert {(await desk.stored(message)).provider for message in desk.queued} == {"other"}


@pytest.mark.parametrize("accepted", [True, False])
async def test_what_may_be_out_waits_for_its_own_line(
    desk: Desk, simulator: Simulator, second: SmsIr, accepted: bool
) -> None:
    doubtful = await desk.queue()
    simulator.faults.add(Fault(kind="drop", accepted=accepted))
    await desk.pass_by(10 * MINUTE)
    later = await desk.queue()
    await desk.pass_by(2 * MINUTE)
    assert [one.text for one in second.sent] == [later.text]
    assert await desk.state(doubtful) is S.QUEUED
    simulator.faults.clear()
    simulator.faults.add(Fault(kind="code", code=403, times=1))  # known not sent says nothing of the try before
    await desk.pass_by(30 * MINUTE)
    assert await desk.state(doubtful) in (S.ACCEPTED, S.DELIVERED)
    assert [message.text for message in simulator.messages] == [doubtful.text]
    assert len(second.sent) == 1


async def test_back_to_the_first_when_it_is_well_again(desk: Desk, simulator: Simulator, second: SmsIr) -> None:
    simulator.faults.add(Fault(kind="code", code=403))
    await desk.queue()
    await desk.pass_by(MINUTE)
    assert len(second.sent) == 1
    simulator.faults.clear()
    await desk.pass_by(10 * MINUTE)
    probe = [await desk.queue() for _ in range(5)]
    await desk.send()
    assert set(await desk.states()) == {S.ACCEPTED}
    assert (
        await desk.service.sending.accounts.each[0].standing() == (await desk.service.sending.accounts.standings())[0]
    )
    assert not (await desk.service.sending.accounts.standings())[0].on_trial
    assert len(simulator.messages) + len(second.sent) == 1 + len(probe)
    before = len(second.sent)
    for _ in range(5):
        await desk.queue()
    await desk.send()
    assert len(second.sent) == before


async def test_a_pattern_that_the_second_does_not_have_leaves_as_plain_text(
    desk: Desk, simulator: Simulator, second: SmsIr
) -> None:
    message = await desk.queue(patterns={"kavenegar": Pattern("packed", {"token": "1"})})
    simulator.faults.add(Fault(kind="code", code=403))
    await desk.pass_by(MINUTE)
    assert await desk.state(message) is S.ACCEPTED
    assert [one.text for one in second.sent] == [message.text]


async def test_a_doubt_at_the_second_is_a_doubt_and_goes_nowhere_else(
    desk: Desk, simulator: Simulator, second: SmsIr
) -> None:
    simulator.faults.add(Fault(kind="code", code=403))
    await desk.queue()
    await desk.pass_by(MINUTE)
    second.faults.append(smsir.Fault(kind="drop", accepted=True))
    doubtful = await desk.queue()
    await desk.send()
    assert await desk.state(doubtful) is S.UNKNOWN
    simulator.faults.clear()
    await desk.pass_by(20 * MINUTE)
    assert await desk.state(doubtful) is S.HELD
    assert len(second.sent) == 2
    assert doubtful.text not in [message.text for message in simulator.messages]


@pytest.mark.slow
async def test_order_is_kept_over_a_switch(desk: Desk, simulator: Simulator, second: SmsIr) -> None:
    simulator.faults.add(Fault(kind="code", code=409))
    wanted = []
    for _ in range(6):
        wanted.append((await desk.queue(to="09121234567")).text)
        await desk.send()
        desk.clock.turn(SECOND)
    await desk.pass_by(5 * MINUTE, step=SECOND)
    assert [one.text for one in second.sent] == wanted


async def test_ready_says_how_the_lines_are(
    desk: Desk, simulator: Simulator, aiohttp_client: Callable[..., Awaitable[Client]]
) -> None:
    client = await aiohttp_client(desk.service.app)
    simulator.faults.add(Fault(kind="code", code=403))
    await desk.queue()
    await desk.send()
    await desk.service.sending.check_credit()
    async with client.get("/readyz") as answer:
        lines = (await answer.json())["providers"]
    assert (lines["simulator"]["open"], lines["other"]["open"]) == (False, True)
    assert "403" in lines["simulator"]["reason"]
    async with client.get("/metrics") as answer:
        text = await answer.text()
    assert 'notifier_line_open{provider="simulator"} 0.0' in text
    assert 'notifier_line_open{provider="other"} 1.0' in text
    assert 'notifier_line_credit_rial{provider="other"}' in text
    assert 'notifier_messages{state="accepted"} 1.0' in text
    assert 'notifier_attempts_total{code="403",outcome="account",provider="simulator"}' in text


# One line


@pytest.fixture
def alone(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def test_without_credit_the_essential_texts_are_first_and_it_resumes_by_itself(
    alone: Desk, simulator: Simulator, redis: Redis
) -> None:
    boss = Staff(id="boss", name="Boss", phone="09120000001", role=Role.SUPERVISOR)
    await StaffBook(redis).put(boss)
    simulator.credit = 50
    plain = [await alone.queue(expires_at=alone.clock.now() + timedelta(hours=30 if n else 1)) for n in range(3)]
    essential = await alone.queue(essential=True)
    for _ in range(30):
        await alone.pass_by(MINUTE)
    assert set(await alone.states()) == {S.QUEUED}
    assert len([one for one in await alone.alerts() if b"paused:" in one]) == 1
    per_part = simulator.rules.price_per_part
    parts = sum(text.parts(one) for one in (essential.text, json.loads((await alone.alerts())[0])["text"]))
    simulator.credit = 50 + parts * per_part  # a little: for the essential one and the alert
    await alone.pass_by(20 * MINUTE)
    assert await alone.state(essential) in (S.ACCEPTED, S.DELIVERED)
    alerts = [message for message in simulator.messages if message.receptor == boss.phone]
    assert len(alerts) == 1
    assert {await alone.state(one) for one in plain} == {S.QUEUED}
    await alone.pass_by(20 * MINUTE)
    assert await alone.state(plain[0]) is S.EXPIRED, "the others expire by their own rule"
    simulator.credit = 10_000_000
    await alone.service.sending.check_credit()
    await alone.pass_by(5 * MINUTE)
    assert {await alone.state(one) for one in plain[1:]} <= {S.ACCEPTED, S.DELIVERED}


async def test_an_essential_text_waits_behind_no_other_of_its_customer(alone: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=418, times=1))
    plain = await alone.queue(to="09121234567")
    await alone.send()
    essential = await alone.queue(to="09121234567", essential=True)
    await alone.pass_by(3 * MINUTE)
    assert await alone.state(essential) in (S.ACCEPTED, S.DELIVERED)
    assert await alone.state(plain) is S.QUEUED


async def test_low_credit_is_told_once(make_config: Any, clock: StillClock, redis: Redis, simulator: Simulator) -> None:
    boss = Staff(id="boss", name="Boss", phone="09120000001", role=Role.SUPERVISOR)
    await StaffBook(redis).put(boss)
    config = make_config(providers__simulator__low_credit=1_000_000)
    simulator.credit = 900_000
    async with Service(config, clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        for _ in range(5):
            await service.sending.check_credit()
            await desk.pass_by(5 * MINUTE)
        assert len(await desk.alerts()) == 1
        assert [message.receptor for message in simulator.messages] == [boss.phone]


async def test_one_message_at_a_time_tries_a_paused_line_whoever_asks(
    alone: Desk, config: Any, clock: StillClock, simulator: Simulator
) -> None:
    simulator.faults.add(Fault(kind="code", code=403))
    for _ in range(20):
        await alone.queue()
    await alone.send()
    attempts = sum([len((await alone.stored(message)).attempts) for message in alone.queued])
    async with Service(config, clock=clock, roles=["web"]) as other:
        clock.turn(2 * MINUTE)
        simulator.faults.add(Fault(kind="latency", seconds=0.2))
        await asyncio.gather(alone.send(), other.sender.send_ready(), alone.service.sender.send_ready())
    after = sum([len((await alone.stored(message)).attempts) for message in alone.queued])
    assert after - attempts == 1


async def test_a_probe_with_nothing_to_send_is_given_up(alone: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=409, times=3))
    first = await alone.queue(expires_at=alone.clock.now() + 2 * SECOND)
    for _ in range(3):
        await alone.queue()
        await alone.send()
    for message in alone.queued:
        await alone.service.redis.zrem(alone.keys(message).outbox, message.id)
    alone.clock.turn(10 * MINUTE)
    assert await alone.send() == 0
    news = await alone.queue()
    await alone.send()
    assert await alone.state(news) is S.ACCEPTED
    assert await alone.state(first) is S.QUEUED


async def test_pauses_grow_until_it_works_and_then_start_again(alone: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=409))
    for _ in range(40):
        await alone.queue()
    pauses: list[float] = []
    (line,) = alone.service.sending.accounts.each
    while len(pauses) < 8:
        await alone.send()
        until = (await line.standing()).paused_until
        if until is not None and until > alone.clock.now():
            pauses.append((until - alone.clock.now()).total_seconds())
            alone.clock.turn_to(until)
        else:
            alone.clock.turn(SECOND)
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]
    simulator.faults.clear()
    await alone.pass_by(20 * MINUTE)
    assert await line.standing() == type(await line.standing())()


async def test_the_rate_of_a_line_is_shared_by_all_processes(
    make_config: Any, clock: StillClock, redis: Redis, simulator: Simulator
) -> None:
    config = make_config(providers__simulator__rate=10)
    async with Service(config, clock=clock, roles=["web"]) as one, Service(config, clock=clock, roles=["web"]) as other:
        desk = Desk(one, clock)
        for _ in range(60):
            await desk.queue()
        for seconds in range(1, 6):
            await asyncio.gather(one.sender.send_ready(), other.sender.send_ready())
            assert len(simulator.messages) == 10 * seconds
            clock.turn(SECOND)


@pytest.mark.slow
async def test_an_hour_without_a_provider_and_then_all_arrives_once_and_in_order(
    alone: Desk, simulator: Simulator
) -> None:
    wanted: dict[str, list[str]] = {}
    kinds = [
        Fault(kind="drop", probability=0.5),
        Fault(kind="http_error", accepted=True, probability=0.5),
        Fault(kind="code", code=409),
    ]
    for fault in kinds:
        simulator.faults.add(fault)
    for minute in range(60):
        for customer in range(5):
            message = await alone.queue(to=f"0935000{(minute * 5 + customer) % 60:04}")
            wanted.setdefault(message.to, []).append(message.text)
        await alone.pass_by(MINUTE)
    simulator.faults.clear()
    calls = 0
    strike = simulator.faults.strike

    def counted(method: str) -> Any:
        nonlocal calls
        calls += method.startswith("sms/send")
        return strike(method)

    simulator.faults.strike = counted  # type: ignore[method-assign]
    await alone.pass_by(timedelta(minutes=30), step=10 * SECOND)
    assert set(await alone.states()) <= {S.ACCEPTED, S.DELIVERED}
    assert len(simulator.messages) == len(alone.queued) == 300
    got: dict[str, list[str]] = {}
    for sent in simulator.messages:
        got.setdefault(sent.receptor, []).append(sent.text)
    assert got == wanted
    assert calls < 150
