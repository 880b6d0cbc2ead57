"""Crashes, timeouts and lost answers: the customer gets it once, or a person is asked."""

from datetime import timedelta
from typing import Any

import pytest
from outbox_driver import Desk

from notifier.clock import StillClock
from notifier.domain.messages import MessageState, Pattern
from notifier.errors import Conflict
from notifier.service.process import Service
from notifier.simulator import AccountRules, Fault, Simulator
from notifier.sms import outbox
from notifier.sms.explain import explain
from notifier.sms.outbox import Settled
from notifier.sms.providers.base import DeliveryStatus, Outgoing
from notifier.sms.resend import resend

S = MessageState
MINUTE = timedelta(minutes=1)
LEASE = timedelta(seconds=60)
PATTERN: dict[str, Any] = {"patterns": {"kavenegar": Pattern("packed", {"token": "10025"})}}
LOST = [
    Fault(kind="drop", accepted=True, times=1),
    Fault(kind="http_error", accepted=True, times=1),
    Fault(kind="broken_json", accepted=True, times=1),
    Fault(kind="hang", accepted=True, times=1),
]
IDS = [fault.kind for fault in LOST]


@pytest.fixture
def config(make_config: Any) -> Any:
    return make_config(providers__simulator__timeout="1s")


@pytest.fixture
def desk(service: Service, clock: StillClock, simulator: Simulator) -> Desk:
    simulator.templates["packed"] = "سفارش %token"
    return Desk(service, clock)


@pytest.mark.parametrize("count", [1, 5], ids=["send", "sendarray"])
@pytest.mark.parametrize("fault", LOST, ids=IDS)
async def test_a_lost_answer_to_plain_texts_is_asked_for_again_under_the_same_ids(
    desk: Desk, simulator: Simulator, fault: Fault, count: int
) -> None:
    for _ in range(count):
        await desk.queue()
    simulator.faults.add(fault)
    await desk.send()
    assert set(await desk.states()) == {S.QUEUED}
    bound = await desk.service.redis.zcard(desk.keys(desk.queued[0]).bound("simulator"))
    assert bound == count, "what may be out stays with its provider"
    await desk.pass_by(2 * MINUTE)
    assert set(await desk.states()) <= {S.ACCEPTED, S.DELIVERED}
    assert len(simulator.messages) == count


@pytest.mark.parametrize("fault", LOST, ids=IDS)
async def test_a_lost_answer_to_a_lookup_is_found_by_the_number_and_never_sent_again(
    desk: Desk, simulator: Simulator, fault: Fault
) -> None:
    message = await desk.queue(**PATTERN)
    simulator.faults.add(fault)
    await desk.send()
    assert await desk.state(message) is S.UNKNOWN
    await desk.pass_by(5 * MINUTE)
    stored = await desk.stored(message)
    assert stored.state in (S.ACCEPTED, S.DELIVERED)
    assert [stored.provider_id] == [str(one.messageid) for one in simulator.messages]


@pytest.mark.parametrize(("policy", "after"), [("hold", S.HELD), ("fail", S.FAILED), ("resend", S.ACCEPTED)])
async def test_what_nobody_can_tell_is_decided_by_the_policy_when_the_window_ends(
    make_config: Any, clock: StillClock, redis: Any, simulator: Simulator, policy: str, after: MessageState
) -> None:
    simulator.templates["packed"] = "سفارش %token"
    async with Service(make_config(sms__unknown=policy), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        message = await desk.queue(**PATTERN)
        simulator.faults.add(Fault(kind="drop", method="verify/lookup", times=1))
        await desk.send()
        await desk.pass_by(14 * MINUTE)
        assert await desk.state(message) is S.UNKNOWN
        await desk.pass_by(4 * MINUTE)
        assert await desk.state(message) is after
        assert len(simulator.messages) == (policy == "resend")
        if policy == "hold":
            assert any(b'"held"' in alert for alert in await desk.alerts())
            assert any("person decides" in sentence for sentence in explain(await desk.stored(message)))


async def test_a_lookup_the_provider_does_not_list_is_held_and_a_person_may_send_it(
    desk: Desk, simulator: Simulator
) -> None:
    simulator.rules = AccountRules(lookup_by_receptor=False)
    message = await desk.queue(**PATTERN, keeps_quiet_hours=True, expires_at=desk.clock.now() + timedelta(hours=1))
    simulator.faults.add(Fault(kind="drop", method="verify/lookup", accepted=False, times=1))
    await desk.send()
    await desk.pass_by(20 * MINUTE)
    assert await desk.state(message) is S.HELD
    desk.clock.turn(timedelta(hours=13))  # past its time, and within quiet hours
    await resend(desk.service.redis, desk.keys(message), await desk.stored(message), now=desk.clock.now())
    await desk.send()
    assert await desk.state(message) is S.ACCEPTED
    assert len(simulator.messages) == 1


async def test_while_the_provider_cannot_be_asked_nothing_is_given_up(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue(**PATTERN)
    simulator.faults.add(Fault(kind="drop", accepted=True, method="verify/lookup", times=1))
    simulator.faults.add(Fault(kind="http_error", method="sms/statusbyreceptor"))
    await desk.send()
    await desk.pass_by(timedelta(hours=1))
    assert await desk.state(message) is S.UNKNOWN
    simulator.faults.clear()
    await desk.pass_by(5 * MINUTE)
    assert await desk.state(message) in (S.ACCEPTED, S.DELIVERED)
    assert len(simulator.messages) == 1


async def test_another_text_to_the_same_number_is_not_taken_for_the_lost_one(desk: Desk, simulator: Simulator) -> None:
    first = await desk.queue()
    await desk.send()
    lost = await desk.queue(to=first.to, **PATTERN)
    simulator.faults.add(Fault(kind="drop", method="verify/lookup", times=1))
    await desk.send()
    await desk.pass_by(20 * MINUTE)
    assert await desk.state(lost) is S.HELD


async def test_the_work_of_a_killed_worker_is_taken_up_when_its_claim_lapses(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue()
    await desk.die_with(message)
    desk.clock.turn(LEASE - timedelta(seconds=1))
    assert await desk.send() == 0
    desk.clock.turn(timedelta(seconds=1))
    assert await desk.send() == 1
    assert await desk.state(message) is S.ACCEPTED


async def test_a_text_that_a_killed_worker_had_sent_is_not_sent_again(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue()
    await desk.die_with(message)
    provider = desk.service.sender.accounts.each[0].provider
    await provider.send([Outgoing(id=int(message.id), to=message.to, text=message.text)])
    desk.clock.turn(LEASE)
    await desk.send()
    assert await desk.state(message) in (S.ACCEPTED, S.DELIVERED)
    assert len(simulator.messages) == 1


@pytest.mark.parametrize("called", [True, False])
async def test_a_lookup_of_a_killed_worker_is_unknown_only_if_it_may_have_been_made(
    desk: Desk, simulator: Simulator, called: bool
) -> None:
    message = await desk.queue(**PATTERN)
    claimed = await desk.die_with(message)
    if called:
        ours = await outbox.mark(desk.service.redis, [claimed], now=desk.clock.now(), lease=LEASE)
        assert ours == [claimed]
    desk.clock.turn(LEASE)
    await desk.send()
    assert await desk.state(message) is (S.UNKNOWN if called else S.ACCEPTED)
    await desk.pass_by(20 * MINUTE)
    assert await desk.state(message) in ({S.HELD} if called else {S.ACCEPTED, S.DELIVERED})


async def test_a_worker_that_wakes_up_after_its_claim_has_lost_it(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue(**PATTERN)
    asleep = await desk.die_with(message)
    desk.clock.turn(LEASE)
    await desk.send()
    assert await desk.state(message) is S.ACCEPTED
    assert await outbox.mark(desk.service.redis, [asleep], now=desk.clock.now(), lease=LEASE) == []
    late = Settled(claimed=asleep, state=S.QUEUED, now=desk.clock.now())
    await outbox.settle(desk.service.redis, [late])
    assert await desk.state(message) is S.ACCEPTED
    assert await desk.service.redis.zcard(desk.keys(message).outbox) == 0


async def test_too_late_is_not_said_of_what_may_be_out(desk: Desk, simulator: Simulator) -> None:
    sent = await desk.queue(expires_at=desk.clock.now() + 5 * MINUTE)
    simulator.faults.add(Fault(kind="drop", accepted=True))
    await desk.send()
    await desk.pass_by(timedelta(minutes=10))
    simulator.faults.clear()
    await desk.pass_by(timedelta(minutes=10))
    assert await desk.state(sent) in (S.ACCEPTED, S.DELIVERED)
    assert len(simulator.messages) == 1


async def test_too_late_is_said_of_what_the_provider_never_got(desk: Desk, simulator: Simulator) -> None:
    lost = await desk.queue(expires_at=desk.clock.now() + 5 * MINUTE)
    simulator.faults.add(Fault(kind="drop"))
    await desk.send()
    await desk.pass_by(timedelta(minutes=10))
    simulator.faults.clear()
    await desk.pass_by(timedelta(minutes=20))
    assert await desk.state(lost) is S.EXPIRED
    assert not simulator.messages


async def test_an_unreadable_message_is_set_aside_and_holds_nobody_up(desk: Desk, simulator: Simulator) -> None:
    broken, whole = await desk.queue(), await desk.queue()
    keys = desk.keys(broken)
    await desk.service.redis.hset(keys.message(broken.id), "message", b"{not json")
    await desk.send()
    assert await desk.state(whole) is S.ACCEPTED
    assert await desk.service.redis.zrange(keys.messages("unreadable"), 0, -1) == [broken.id.encode()]
    assert await desk.service.redis.exists(keys.message(broken.id))
    desk.clock.turn(LEASE)
    assert await desk.send() == 0
    assert await desk.service.reader.messages([(keys, broken.id)]) == []


@pytest.mark.parametrize("state", sorted(set(MessageState) - {S.HELD, S.FAILED}))
async def test_a_person_is_told_why_a_message_is_not_sent_again(desk: Desk, state: MessageState) -> None:
    message = await desk.queue()
    await desk.service.redis.hset(desk.keys(message).message(message.id), "state", state)
    with pytest.raises(Conflict):
        await resend(desk.service.redis, desk.keys(message), await desk.stored(message), now=desk.clock.now())
    assert await desk.state(message) is state


async def test_the_provider_answers_by_number_for_more_than_a_day(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue()
    await desk.send()
    sent_at = desk.clock.now()
    desk.clock.turn(timedelta(hours=40))
    provider = desk.service.sender.accounts.each[0].provider
    found = await provider.sent_to(message.to, since=sent_at - MINUTE, until=desk.clock.now())
    assert found == [(str(simulator.messages[0].messageid), DeliveryStatus.DELIVERED)]
    assert await provider.sent_to(message.to, since=sent_at + MINUTE, until=desk.clock.now()) == []
