"""What becomes of accepted messages: told by callbacks, asked for by polling, never backwards."""

from datetime import timedelta
from typing import Any

import pytest
from outbox_driver import Desk
from shops import Client

from notifier.clock import StillClock
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator import Fault, Ripening, Simulator
from notifier.sms.explain import explain

S = MessageState
MINUTE = timedelta(minutes=1)
NEVER = Ripening(settled=timedelta(days=30))
PATH = "/callbacks/kavenegar/test-callback-token/delivery"
BECOMES = {
    1: S.ACCEPTED,
    2: S.ACCEPTED,
    4: S.ACCEPTED,
    5: S.ACCEPTED,
    6: S.UNDELIVERED,
    10: S.DELIVERED,
    11: S.UNDELIVERED,
    13: S.FAILED,
    14: S.BLOCKED,
    50: S.ACCEPTED,
    100: S.ACCEPTED,
}


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, credit=1_000_000_000, ripen_after=NEVER)


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def tell(client: Client, how: str, provider_id: object, status: object, *, path: str = PATH) -> int:
    fields = {"messageid": provider_id, "status": status}
    given: dict[str, dict[str, Any]] = {
        "GET": {"params": fields},
        "form": {"data": fields},
        "JSON": {"json": fields},
        "query of a POST": {"params": fields},
    }
    async with client.request("GET" if how == "GET" else "POST", path, **given[how]) as answer:
        return answer.status


@pytest.mark.parametrize("how", ["GET", "form", "JSON", "query of a POST"])
async def test_each_status_by_callback(desk: Desk, client: Client, simulator: Simulator, how: str) -> None:
    for status, expected in BECOMES.items():
        message = await desk.queue(essential=True, order_id=str(status), source="shop")
        await desk.send()
        assert await tell(client, how, simulator.messages[-1].messageid, status) == 200
        assert await desk.state(message) is expected, status
    assert sorted(await desk.calls("undelivered_sms")) == ["11", "13", "14", "6"]


async def test_each_status_by_polling(desk: Desk, simulator: Simulator) -> None:
    for status in set(BECOMES) - {50, 100}:
        await desk.queue(essential=True, order_id=str(status), source="shop")
        await desk.send()
        simulator.settle(simulator.messages[-1].messageid, status)
    await desk.pass_by(4 * MINUTE)
    assert set(await desk.states()) == {S.ACCEPTED}, "it is not asked before five minutes"
    await desk.pass_by(2 * MINUTE)
    assert {m.order_id: await desk.state(m) for m in desk.queued} == {
        str(status): BECOMES[status] for status in set(BECOMES) - {50, 100}
    }
    assert sorted(await desk.calls("undelivered_sms")) == ["11", "13", "14", "6"]


async def test_a_message_never_goes_back(desk: Desk, client: Client, simulator: Simulator) -> None:
    message = await desk.queue(essential=True, order_id="1", source="shop")
    await desk.send()
    for status in (10, 4, 1, 11, 14, 13, 6, 100):
        await tell(client, "GET", simulator.messages[0].messageid, status)
        assert await desk.state(message) is S.DELIVERED
    assert await desk.calls("undelivered_sms") == []


async def test_what_arrives_after_all_is_believed(desk: Desk, client: Client, simulator: Simulator) -> None:
    message = await desk.queue()
    await desk.send()
    await tell(client, "GET", simulator.messages[0].messageid, 11)
    await tell(client, "GET", simulator.messages[0].messageid, 10)
    assert await desk.state(message) is S.DELIVERED


@pytest.mark.parametrize(
    "fields",
    [
        {"messageid": "999", "status": "10"},
        {"messageid": "", "status": "10"},
        {"status": "10"},
        {"messageid": "1", "status": "ten"},
        {"messageid": "1", "status": "۱۰"},
        {"messageid": "1", "status": "9" * 40},
        {"messageid": "*", "status": "10"},
        {},
    ],
)
async def test_what_makes_no_sense_is_answered_and_ignored(desk: Desk, client: Client, fields: dict[str, str]) -> None:
    message = await desk.queue()
    await desk.send()
    async with client.get(PATH, params=fields) as answer:
        assert answer.status == 200
    assert await desk.state(message) is S.ACCEPTED


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"\xff", "application/json"),
        (b"no boundary", "multipart/form-data"),
        (b"", "text/plain"),
    ],
)
async def test_a_body_nobody_understands_is_answered_with_200(client: Client, body: bytes, kind: str) -> None:
    async with client.post(PATH, data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("token", ["wrong", "test-callback-toke", "%00", "ب"])
@pytest.mark.parametrize("name", ["delivery", "inbound"])
async def test_a_wrong_token_finds_nothing(
    desk: Desk, client: Client, simulator: Simulator, token: str, name: str
) -> None:
    message = await desk.queue()
    await desk.send()
    path = f"/callbacks/kavenegar/{token}/{name}"
    assert await tell(client, "GET", simulator.messages[0].messageid, 10, path=path) == 404
    assert await tell(client, "form", simulator.messages[0].messageid, 10, path=path) == 404
    assert await desk.state(message) is S.ACCEPTED


async def test_after_48_hours_unconfirmed_is_said(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue()
    await desk.send()
    await desk.pass_by(timedelta(hours=47), step=timedelta(hours=1))
    assert not (await desk.stored(message)).unconfirmed
    await desk.pass_by(timedelta(hours=4), step=timedelta(hours=1))
    stored = await desk.stored(message)
    assert stored.state is S.ACCEPTED
    assert stored.unconfirmed
    assert any("no confirmation came" in sentence for sentence in explain(stored))
    assert await desk.service.redis.zcard(desk.keys(message).reports("simulator")) == 0


async def test_an_id_the_provider_does_not_know_is_not_asked_for_ever(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue()
    await desk.send()
    simulator.outbox._messages.clear()
    await desk.pass_by(6 * MINUTE)
    assert (await desk.stored(message)).unconfirmed


@pytest.mark.slow
async def test_many_are_asked_about_in_batches_that_the_provider_takes(desk: Desk, simulator: Simulator) -> None:
    for _ in range(620):
        await desk.queue()
    await desk.send()
    for one in simulator.messages:
        simulator.settle(one.messageid, 10)
    desk.clock.turn(5 * MINUTE)
    assert await desk.service.sending.receipts.poll() == 620
    assert set(await desk.states()) == {S.DELIVERED}


async def test_a_poll_that_fails_is_made_again(desk: Desk, simulator: Simulator) -> None:
    message = await desk.queue()
    await desk.send()
    simulator.settle(simulator.messages[0].messageid, 10)
    simulator.faults.add(Fault(kind="http_error", method="sms/status"))
    await desk.pass_by(10 * MINUTE)
    assert await desk.state(message) is S.ACCEPTED
    simulator.faults.clear()
    await desk.pass_by(10 * MINUTE)
    assert await desk.state(message) is S.DELIVERED


@pytest.mark.parametrize("partitions", [3])
async def test_with_several_partitions(desk: Desk, client: Client, simulator: Simulator) -> None:
    for number in range(9):
        await desk.queue(essential=True, order_id=str(number), source="shop")
    await desk.send()
    for one in simulator.messages:
        await tell(client, "form", one.messageid, 11)
    assert set(await desk.states()) == {S.UNDELIVERED}
    assert len(await desk.calls("undelivered_sms")) == 9
