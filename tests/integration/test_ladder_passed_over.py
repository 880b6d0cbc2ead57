"""Rungs that nobody was asked to bring a text by, since nothing left by their lines: they are told all the same."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from console_browser import Desk as Console
from console_browser import hire
from ladder_lines import PRICES, ladder
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.domain.ladder import Unreached
from notifier.domain.messages import Audience, Message, MessageState
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator
from notifier.sms.explain import explain
from notifier.sms.providers.base import DeliveryStatus, Failed, Failure

S = MessageState
PHONE = "09121234567"
ESSENTIAL: dict[str, Any] = {"essential": True, "order_id": "10025", "source": "shop"}
D = DeliveryStatus
AWAY = Fault(kind="http_error", status=503, method="bale/send_message", times=10**6)


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str) -> Config:
    return make_config(sms__price=PRICES, **ladder(simulator_url))


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def close(desk: Desk, simulator: Simulator, *faults: Fault) -> None:
    """Have a line be left alone: it has failed in hand of others."""
    for fault in faults:
        simulator.faults.add(fault)
    for number in range(5):
        await desk.queue(f"0913000000{number}")
        await desk.send()
    simulator.faults.clear()


async def pause(desk: Desk, name: str) -> None:
    (line,) = [one for one in desk.service.sending.accounts if one.name == name]
    failed = Failed(failure=Failure.ACCOUNT, reason=f"{name} is away")
    await line._pause(failed, at_least=timedelta(minutes=5))


async def whys(desk: Desk, message: Message) -> list[tuple[str, Unreached]]:
    return [(one.provider, one.why) for one in (await desk.stored(message)).descents]


@pytest.fixture
async def away(desk: Desk, simulator: Simulator) -> Desk:
    await close(desk, simulator, AWAY)
    desk.queued.clear()
    return desk


@pytest.mark.parametrize("essential", [True, False])
async def test_a_rung_whose_line_is_away_is_told_with_the_one_that_had_the_text(away: Desk, essential: bool) -> None:
    message = await away.queue(PHONE, **ESSENTIAL | {"essential": essential})
    await away.send()
    stored = await away.stored(message)
    assert (stored.state, stored.provider) == (S.ACCEPTED, "simulator")
    assert await whys(away, message) == [("bale", Unreached.PAUSED)]
    assert "503" in stored.descents[0].reason
    told = list(explain(stored))
    place = next(at for at, one in enumerate(told) if "bale was passed over: nothing left by it then" in one)
    assert "simulator took it" in told[place + 1]


async def test_a_rung_without_credit_is_told_as_that(desk: Desk, simulator: Simulator) -> None:
    await close(desk, simulator, Fault(kind="code", code=20, method="bale/send_message", times=10**6))
    message = await desk.queue(PHONE, **ESSENTIAL)
    await desk.send()
    assert await whys(desk, message) == [("bale", Unreached.NO_CREDIT)]


async def test_two_rungs_that_are_away_are_both_told(
    make_config: Callable[..., Config], simulator_url: str, clock: StillClock, simulator: Simulator, redis: Redis
) -> None:
    more = {"providers__second": {"kind": "kavenegar", "api_key": "simulator", "base_url": simulator_url}}
    rungs = {"sms__ladder": ["bale", "second", "simulator", "call"]}
    async with Service(make_config(**ladder(simulator_url) | more | rungs), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        for name in ("bale", "second"):
            await pause(desk, name)
        message = await desk.queue(PHONE, **ESSENTIAL)
        await desk.send()
        assert await whys(desk, message) == [("bale", Unreached.PAUSED), ("second", Unreached.PAUSED)]
        assert [one.reason for one in (await desk.stored(message)).descents] == ["bale is away", "second is away"]


async def test_a_rung_is_told_once_however_often_the_next_one_tries(away: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="http_error", status=503, times=2))
    simulator.faults.add(AWAY)
    message = await away.queue(PHONE, **ESSENTIAL)
    await away.pass_by(timedelta(minutes=3), step=timedelta(seconds=5))
    assert (await away.stored(message)).provider == "simulator"
    assert await whys(away, message) == [("bale", Unreached.PAUSED)]


async def test_a_rung_that_was_passed_over_may_have_the_text_when_it_is_back(
    away: Desk, simulator: Simulator, clock: StillClock
) -> None:
    """It was passed over, and the next line did not have the text either: it was never asked, so it may be now."""
    simulator.faults.add(Fault(kind="code", code=418, times=1))
    message = await away.queue(PHONE, **ESSENTIAL)
    await away.send()
    assert await away.state(message) is S.QUEUED
    clock.turn(timedelta(minutes=6))
    await away.send()
    stored = await away.stored(message)
    assert (stored.state, stored.provider, stored.descents) == (S.ACCEPTED, "bale", [])


async def test_what_is_sent_to_staff_passes_over_nothing(away: Desk) -> None:
    message = await away.queue(PHONE, audience=Audience.STAFF)
    await away.send()
    stored = await away.stored(message)
    assert (stored.provider, stored.descents) == ("simulator", [])


async def test_a_text_that_no_line_had_in_time_is_told_by_a_person_who_sees_why(desk: Desk, clock: StillClock) -> None:
    for name in ("bale", "simulator"):
        await pause(desk, name)
    message = await desk.queue(PHONE, **ESSENTIAL | {"expires_at": clock.now() + timedelta(minutes=1)})
    clock.turn(timedelta(minutes=1))
    await desk.service.sending.expiry.sweep()
    assert await desk.state(message) is S.EXPIRED
    assert await whys(desk, message) == [("bale", Unreached.PAUSED), ("simulator", Unreached.PAUSED)]
    tried = await _tried(desk)
    assert [one.partition("،")[0] for one in tried] == ["بله", "پیامک"]
    assert all("از آن گذشتیم، چون متوقف بود" in one for one in tried)


async def _tried(desk: Desk) -> list[str]:
    reader = desk.service.reader
    sets = [(keys, keys.calls(state)) for keys in reader.everywhere for state in ("scheduled", "due")]
    calls = await reader.calls((await reader.page(sets, after=None, size=10)).members)
    return [said for stored in calls for reason in stored.call.reasons for said in reason.tried]


async def test_the_order_the_card_and_the_api_tell_what_was_passed_over(
    client: Client, shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await close(Desk(service, clock), simulator, AWAY)
    await hire(service)
    console = Console(client, shop, service, clock)
    await console.open()
    simulator.undeliverable = {PHONE}
    simulator.call_outcomes = {PHONE: "no_answer"}
    await console.event(EventType.PAID)
    for _ in range(40):
        await service.sender.send_ready()
        await service.sending.receipts.poll()
        clock.turn(timedelta(minutes=1))
    words = (await console.boss.get("/orders/shop/10025")).words
    places = [words.index(said) for said in ("از آن گذشتیم، چون متوقف بود", "پاسخ داده نشد", "تماس همکار")]
    assert places == sorted(places)
    (message,) = [one for one in await api.items("/messages?order_id=10025") if one["essential"]]
    told = [(one["provider"], one["outcome"]) for one in message["rungs"]]
    assert told[:2] == [("bale", "paused"), ("simulator", "undelivered")]
    calls = [one for one in await api.items("/calls") if "undelivered_sms" in str(one["reasons"])]
    brief = (await api.get(f"/calls/{calls[0]['id']}")).body["brief"]
    assert "بله، ساعت ۱۰:۰۰: از آن گذشتیم، چون متوقف بود" in brief
    assert brief.count("تماس گویا") == 2


async def test_a_refusal_of_the_last_line_tells_its_caller_of_the_rung_above(
    make_config: Callable[..., Config], simulator_url: str, clock: StillClock, simulator: Simulator, redis: Redis
) -> None:
    settings = ladder(simulator_url) | {"sms__ladder": ["bale", "simulator", "call"]}
    async with Service(make_config(**settings), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        await close(desk, simulator, AWAY)
        simulator.faults.add(Fault(kind="code", code=411, times=1))
        message = await desk.queue(PHONE, **ESSENTIAL)
        await desk.send()
        assert await desk.state(message) is S.FAILED
        assert [one.partition("،")[0] for one in await _tried(desk)] == ["بله", "پیامک"]


async def test_without_a_ladder_nothing_is_written_about_rungs(
    make_config: Callable[..., Config], clock: StillClock, simulator: Simulator, redis: Redis
) -> None:
    async with Service(make_config(), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        message = await desk.queue(PHONE, **ESSENTIAL)
        await desk.send()
        assert not await redis.hexists(desk.keys(message).message(message.id), "descents")
        stored = await desk.stored(message)
        await service.sending.receipts.report("simulator", {stored.provider_id or "": DeliveryStatus.UNDELIVERED})
        assert await desk.state(message) is S.UNDELIVERED
        assert not await redis.hexists(desk.keys(message).message(message.id), "descents")


async def undelivered(desk: Desk) -> Message:
    """A text that did not arrive, so that the machine is to call."""
    message = await desk.queue(PHONE, **ESSENTIAL)
    await desk.send()
    stored = await desk.stored(message)
    assert await desk.service.sending.receipts.report("simulator", {stored.provider_id or "": D.UNDELIVERED}) == 1
    assert (await desk.stored(message)).message.route == ">voice>call"
    return message


NO_CREDIT = Fault(kind="code", code=418, method="call/maketts", times=10**6)


async def test_a_machine_that_is_away_does_not_keep_a_person_from_calling(
    desk: Desk, simulator: Simulator, clock: StillClock
) -> None:
    simulator.bale.absent = {PHONE}
    simulator.faults.add(NO_CREDIT)
    message = await undelivered(desk)
    await desk.pass_by(timedelta(minutes=25))
    assert await desk.state(message) is S.QUEUED
    assert await desk.calls("undelivered_sms") == []
    await desk.pass_by(timedelta(minutes=15))
    stored = await desk.stored(message)
    assert (stored.state, stored.reason) == (S.EXPIRED, "no_line")
    assert await desk.calls("undelivered_sms") == ["10025"]
    assert [one.partition("،")[0] for one in await _tried(desk)] == ["بله", "پیامک", "تماس گویا"]
    simulator.faults.clear()
    await desk.pass_by(timedelta(minutes=30))
    assert [one.method for one in simulator.messages if one.method == "maketts"] == []
    assert await desk.calls("undelivered_sms") == ["10025"]


async def test_a_machine_that_is_back_in_time_calls(desk: Desk, simulator: Simulator) -> None:
    simulator.bale.absent = {PHONE}
    simulator.faults.add(NO_CREDIT)
    message = await undelivered(desk)
    await desk.pass_by(timedelta(minutes=20))
    simulator.faults.clear()
    await desk.pass_by(timedelta(minutes=20))
    assert await desk.state(message) is S.DELIVERED
    assert await desk.calls("undelivered_sms") == []


async def test_a_text_waits_for_its_own_line_as_long_as_it_may(desk: Desk, simulator: Simulator) -> None:
    """Nobody is phoned for that alone: the text may still leave in time."""
    simulator.bale.absent = {PHONE}
    simulator.faults.add(Fault(kind="code", code=418, times=10**6))
    message = await desk.queue(PHONE, **ESSENTIAL)
    await desk.pass_by(timedelta(hours=2), step=timedelta(minutes=2))
    assert await desk.state(message) is S.QUEUED
    assert await desk.calls("undelivered_sms") == []


async def test_a_machine_that_is_away_is_passed_over_for_a_line_of_texts(
    make_config: Callable[..., Config], simulator_url: str, clock: StillClock, simulator: Simulator, redis: Redis
) -> None:
    settings = ladder(simulator_url) | {"sms__ladder": ["bale", "voice", "simulator", "call"]}
    async with Service(make_config(**settings), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        simulator.bale.absent = {PHONE}
        await pause(desk, "voice")
        message = await desk.queue(PHONE, **ESSENTIAL)
        await desk.send()
        assert (await desk.stored(message)).provider == "simulator"
        assert await whys(desk, message) == [("bale", Unreached.ELSEWHERE), ("voice", Unreached.PAUSED)]
