"""The simulator's callbacks, heard by a real receiver."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from notifier.clock import StillClock
from notifier.simulator import AccountRules, Simulator, create_app
from notifier.simulator.callbacks import RETRIES
from notifier.simulator.methods import carry_out

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PHONE = "09121234567"
RETRY = timedelta(minutes=2)


class Receiver:
    """A shop's callback address that can be told to fail."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
        self.status = 200
        self.app = web.Application()
        self.app.router.add_route("*", "/{what}", self.hear)

    async def hear(self, request: web.Request) -> web.Response:
        given = {**request.query, **{name: str(value) for name, value in (await request.post()).items()}}
        self.heard.put_nowait((request.method, given))
        return web.Response(status=self.status)

    def all(self) -> list[tuple[str, dict[str, str]]]:
        return [self.heard.get_nowait() for _ in range(self.heard.qsize())]


@pytest.fixture
def clock() -> StillClock:
    return StillClock(START)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def simulator(clock: StillClock, receiver: Receiver, aiohttp_server: Any) -> Simulator:
    server = await aiohttp_server(receiver.app)
    return Simulator(
        clock=clock,
        templates={"code": "کد %token"},
        callback_url=str(server.make_url("/delivery")),
        inbound_callback_url=str(server.make_url("/inbound")),
    )


def send(simulator: Simulator, path: str = "sms/send", **params: str) -> str:
    params = {"receptor": PHONE, "message": "سلام"} | params
    answer = carry_out(simulator, key="simulator", path=path, verb="POST", params=params)
    assert isinstance(answer.entries, list)
    return str(answer.entries[0]["messageid"])


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_every_change_is_reported_once(
    simulator: Simulator, clock: StillClock, receiver: Receiver, verb: Any
) -> None:
    simulator.callback_verb = verb
    messageid = send(simulator)
    assert await simulator.deliver_callbacks() == 0
    clock.turn(timedelta(seconds=1))
    assert await simulator.deliver_callbacks() == 1
    assert await simulator.deliver_callbacks() == 0
    clock.turn(timedelta(hours=1))
    assert await simulator.deliver_callbacks() == 1
    assert await simulator.deliver_callbacks() == 0
    at_operator = str(4 + int(messageid) % 2)
    assert receiver.all() == [
        (verb, {"messageid": messageid, "status": at_operator}),
        (verb, {"messageid": messageid, "status": "10"}),
    ]


async def test_a_report_not_heard_is_tried_every_two_minutes_thirty_times(
    simulator: Simulator, clock: StillClock, receiver: Receiver
) -> None:
    send(simulator)
    clock.turn(timedelta(minutes=1))
    receiver.status = 500
    await simulator.deliver_callbacks()
    clock.turn(RETRY - timedelta(seconds=1))
    await simulator.deliver_callbacks()
    assert len(receiver.all()) == 1
    clock.turn(timedelta(seconds=1))
    for _ in range(RETRIES + 5):
        await simulator.deliver_callbacks()
        clock.turn(RETRY)
    assert len(receiver.all()) == RETRIES == 30


async def test_a_retry_that_is_heard_is_the_last(simulator: Simulator, clock: StillClock, receiver: Receiver) -> None:
    messageid = send(simulator)
    clock.turn(timedelta(seconds=1))
    receiver.status = 404
    await simulator.deliver_callbacks()
    receiver.status = 200
    clock.turn(RETRY)
    await simulator.deliver_callbacks()
    clock.turn(RETRY)
    assert await simulator.deliver_callbacks() == 0
    # The newer status took the place of the one nobody heard.
    assert [given["status"] for _, given in receiver.all()] == [str(4 + int(messageid) % 2), "10"]


async def test_a_receiver_that_is_away_is_a_report_not_heard(
    simulator: Simulator, clock: StillClock, receiver: Receiver, unused_tcp_port: int
) -> None:
    alive, simulator.callback_url = simulator.callback_url, f"http://127.0.0.1:{unused_tcp_port}/delivery"
    send(simulator)
    clock.turn(timedelta(minutes=1))
    assert await simulator.deliver_callbacks() == 0
    simulator.callback_url = alive
    clock.turn(RETRY)
    assert await simulator.deliver_callbacks() == 1


async def test_lookup_reports_unless_it_is_set_not_to(
    simulator: Simulator, clock: StillClock, receiver: Receiver
) -> None:
    reported = send(simulator, "verify/lookup", template="code", token="1")
    simulator.rules = AccountRules(lookup_reported=False)
    send(simulator, "verify/lookup", template="code", token="2")
    clock.turn(timedelta(minutes=1))
    await simulator.deliver_callbacks()
    assert [given["messageid"] for _, given in receiver.all()] == [reported]


async def test_a_fate_can_be_forced(simulator: Simulator, receiver: Receiver) -> None:
    messageid = send(simulator)
    credit = simulator.credit
    simulator.settle(int(messageid), 14)
    simulator.settle(int(messageid), 14)
    await simulator.deliver_callbacks()
    assert [given["status"] for _, given in receiver.all()] == ["14"]
    assert simulator.credit == credit + 1200


async def test_a_customers_message_calls_back_and_is_read_when_heard(
    simulator: Simulator, receiver: Receiver, clock: StillClock
) -> None:
    message = await simulator.receive_from_customer("+989121234567", "سفارش من کجاست؟", to="20001234")
    assert receiver.all() == [
        (
            "POST",
            {"from": PHONE, "to": "20001234", "message": "سفارش من کجاست؟", "messageid": str(message.messageid)},
        )
    ]
    assert [kept.is_read for kept in simulator.inbox.select()] == [True]
    receiver.status = 503
    await simulator.receive_from_customer(PHONE, "دوباره")
    assert len(simulator.inbox.select(is_read=False)) == 1
    receiver.status = 200
    clock.turn(RETRY)
    await simulator.deliver_callbacks()
    assert simulator.inbox.select(is_read=False) == []


async def test_the_application_calls_back_by_itself(
    simulator: Simulator, clock: StillClock, receiver: Receiver, aiohttp_client: Any
) -> None:
    client = await aiohttp_client(create_app(simulator, callbacks_every=0.01))
    async with client.post("/v1/simulator/sms/send.json", data={"receptor": PHONE, "message": "سلام"}) as answer:
        assert answer.status == 200
    clock.turn(timedelta(minutes=1))
    async with asyncio.timeout(5):
        _, given = await receiver.heard.get()
    assert given["status"] == "10"
