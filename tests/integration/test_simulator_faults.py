"""Troubles on demand, and the handles under /_sim."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import TestClient

from notifier.clock import StillClock
from notifier.simulator import Fault, Simulator, create_app
from notifier.simulator.faults import Faults

PHONE = "09121234567"
SEND = "/v1/simulator/sms/send.json"
FORM = {"receptor": PHONE, "message": "سلام"}

Client = TestClient[Any, Any]


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(clock=StillClock(datetime(2026, 11, 23, 10, 0, tzinfo=UTC)))


@pytest.fixture
async def client(aiohttp_client: Any, simulator: Simulator) -> Client:
    made: Client = await aiohttp_client(create_app(simulator))
    return made


async def post(client: Client) -> tuple[int, Any]:
    async with client.post(SEND, data=FORM) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_dropped_connection(client: Client, simulator: Simulator, accepted: bool) -> None:
    simulator.faults.add(Fault(kind="drop", accepted=accepted, times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(client)
    assert len(simulator.messages) == (1 if accepted else 0)
    assert (await post(client))[0] == 200


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_hanging_call_never_answers(client: Client, simulator: Simulator, accepted: bool) -> None:
    simulator.faults.add(Fault(kind="hang", accepted=accepted))
    with pytest.raises(TimeoutError):
        await client.post(SEND, data=FORM, timeout=aiohttp.ClientTimeout(total=0.2))
    if accepted:
        await simulator.wait_for(1)
    else:
        assert not simulator.messages


async def test_a_hanging_call_does_not_hold_up_the_end(client: Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="hang", accepted=True))
    hanging = asyncio.create_task(post(client))
    await simulator.wait_for(1)
    async with asyncio.timeout(5):
        await client.server.close()
        with pytest.raises(aiohttp.ClientConnectionError):
            await hanging


@pytest.mark.parametrize("mirror", [None, True, False])
async def test_any_code(client: Client, simulator: Simulator, mirror: bool | None) -> None:
    simulator.faults.add(Fault(kind="code", code=451, times=1, http_mirror=mirror))
    status, body = await post(client)
    assert status == (200 if mirror is False else 451)
    assert body == {
        "return": {"status": 451, "message": "فراخوانی بیش از حد در بازه زمانی مشخص IP محدود شده"},
        "entries": None,
    }
    assert simulator.messages == []


async def test_a_code_after_the_fact(client: Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=402, accepted=True, times=1))
    assert (await post(client))[0] == 402
    assert len(simulator.messages) == 1


async def test_a_proxys_page(client: Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="http_error", status=503))
    async with client.post(SEND, data=FORM) as answer:
        assert (answer.status, answer.content_type) == (503, "text/html")
        assert "<html>" in await answer.text()


@pytest.mark.parametrize("accepted", [False, True])
async def test_half_an_envelope(client: Client, simulator: Simulator, accepted: bool) -> None:
    simulator.faults.add(Fault(kind="broken_json", accepted=accepted))
    async with client.post(SEND, data=FORM) as answer:
        assert answer.status == 200
        body = await answer.read()
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body)
    assert len(simulator.messages) == (1 if accepted else 0)


async def test_latency_adds_to_another_fault(client: Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="latency", seconds=0.05, accepted=True))
    simulator.faults.add(Fault(kind="latency", seconds=0.05))
    simulator.faults.add(Fault(kind="code", code=409, times=1))
    started = time.monotonic()
    assert (await post(client))[0] == 409
    assert time.monotonic() - started >= 0.1
    assert (await post(client))[0] == 200
    assert len(simulator.messages) == 2


async def test_a_slow_answer_to_an_accepted_message(client: Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="latency", seconds=30, accepted=True))
    waiting = asyncio.create_task(post(client))
    await simulator.wait_for(1)
    assert not waiting.done()
    waiting.cancel()


async def test_times_and_method(client: Client, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=409, times=2, method="sms/send"))
    async with client.get("/v1/simulator/account/info.json") as answer:
        assert answer.status == 200
    assert [(await post(client))[0] for _ in range(3)] == [409, 409, 200]
    assert len(simulator.faults) == 0


def test_probability_is_seeded() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed=seed)
        faults.add(Fault(kind="drop", probability=0.3))
        return [bool(faults.strike("sms/send")) for _ in range(500)]

    assert struck(1) == struck(1) != struck(2)
    assert 100 < sum(struck(1)) < 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "latency"},
        {"kind": "code", "code": 200},
        {"kind": "http_error", "status": 404},
        {"kind": "drop", "probability": 0},
        {"kind": "drop", "times": 0},
        {"kind": "drop", "method": "send"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="`"):
        Fault(**wrong)


async def test_faults_over_http(client: Client, simulator: Simulator) -> None:
    async with client.post("/_sim/faults", json={"kind": "code", "code": 418, "times": 1}) as answer:
        assert answer.status == 200
        assert (await answer.json())["faults"][0]["code"] == 418
    assert (await post(client))[0] == 418
    async with client.post("/_sim/faults", json=[{"kind": "drop"}, {"kind": "hang", "accepted": True}]) as answer:
        assert len((await answer.json())["faults"]) == 2
    async with client.delete("/_sim/faults") as answer:
        assert await answer.json() == {"faults": []}
    assert (await post(client))[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "hint"),
    [
        ("faults", b"{", "truncated"),
        ("faults", b'{"kind": "latency"}', "seconds"),
        ("faults", b'{"kind": "drop", "time": 1}', "time"),
        ("inbound", b'{"from": "12", "message": "a"}', "from"),
        ("inbound", b'{"from": "09121234567", "message": "a", "to": "shop"}', "to"),
        ("credit", b'{"credit": -1}', "credit"),
    ],
)
async def test_a_handle_says_what_is_wrong(client: Client, path: str, body: bytes, hint: str) -> None:
    async with client.post(f"/_sim/{path}", data=body) as answer:
        assert answer.status == 422
        assert hint in (await answer.json())["error"]


async def test_messages_inbound_and_credit_over_http(client: Client, simulator: Simulator) -> None:
    await post(client)
    async with client.get("/_sim/messages", params={"receptor": "+989121234567"}) as answer:
        [message] = (await answer.json())["messages"]
    assert (message["receptor"], message["text"], message["method"], message["status"]) == (PHONE, "سلام", "send", 1)
    async with client.get("/_sim/messages", params={"receptor": "09350000000"}) as answer:
        assert await answer.json() == {"messages": []}
    async with client.get("/_sim/messages", params={"receptor": "x"}) as answer:
        assert answer.status == 422
    async with client.post("/_sim/inbound", json={"from": PHONE, "message": "لغو۱۱"}) as answer:
        assert (await answer.json())["messageid"] == simulator.inbox.select()[0].messageid
    async with client.post("/_sim/credit", json={"credit": 100}) as answer:
        assert await answer.json() == {"credit": 100}
    assert (await post(client))[0] == 418
