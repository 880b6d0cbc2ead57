"""Bale's Safir over real HTTP, against the simulator with all its faults."""

import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from notifier.clock import StillClock
from notifier.simulator import Fault, Simulator, create_app
from notifier.sms.providers.bale import BaleProvider
from notifier.sms.providers.base import (
    Accepted,
    CreditUntold,
    DeliveryStatus,
    Failed,
    Failure,
    Outgoing,
    Result,
)

KEY = "bale-key-of-nobody"
METHOD = "bale/send_message"
ONE = Outgoing(id=7, to="09121234567", text="سفارش ۱۰۰۲۵ ارسال شد.")

Open = Callable[..., BaleProvider]


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, api_key=KEY)


@pytest.fixture
async def base(simulator: Simulator, aiohttp_server: Any) -> str:
    return str((await aiohttp_server(create_app(simulator, callbacks_every=None))).make_url("/bale/api/v3"))


@pytest.fixture
async def open_at() -> AsyncIterator[Open]:
    opened: list[BaleProvider] = []

    def open_provider(base: str, key: str = KEY, **options: Any) -> BaleProvider:
        opened.append(BaleProvider(key, bot_id=123, base_url=base, **{"price": 900, **options}))
        return opened[-1]

    yield open_provider
    for provider in opened:
        await provider.close()


@pytest.fixture
def provider(base: str, open_at: Open) -> BaleProvider:
    return open_at(base)


async def sent(provider: BaleProvider, message: Outgoing = ONE) -> Result:
    [result] = await provider.send([message])
    return result


async def failed(provider: BaleProvider, message: Outgoing = ONE) -> Failed:
    result = await sent(provider, message)
    assert isinstance(result, Failed)
    return result


async def test_a_message_is_taken_and_nobody_will_tell_more(provider: BaleProvider, simulator: Simulator) -> None:
    result = await sent(provider)
    [message] = simulator.bale.messages
    assert result == Accepted(provider_id=message.message_id, cost=900, status=DeliveryStatus.SENT, reported=False)
    assert (message.receptor, message.text, message.bot_id, message.request_id) == (ONE.to, ONE.text, 123, "7")
    assert await provider.statuses([message.message_id]) == {}
    with pytest.raises(CreditUntold):
        await provider.credit()


async def test_a_repeated_message_is_sent_once(provider: BaleProvider, simulator: Simulator) -> None:
    assert await sent(provider) == await sent(provider)
    assert len(simulator.bale.messages) == 1


async def test_who_is_not_on_bale_is_to_be_reached_elsewhere(provider: BaleProvider, simulator: Simulator) -> None:
    simulator.bale.absent = {ONE.to}
    result = await failed(provider)
    assert (result.failure, result.code, result.maybe_sent) == (Failure.ELSEWHERE, 17, False)


@pytest.mark.parametrize("phone", ["02191001234", "+97455123456"])
async def test_a_number_that_bale_cannot_have_is_not_asked_about(
    provider: BaleProvider, simulator: Simulator, phone: str
) -> None:
    simulator.faults.add(Fault(kind="drop", method=METHOD))
    result = await failed(provider, Outgoing(id=7, to=phone, text="سلام"))
    assert (result.failure, result.maybe_sent) == (Failure.ELSEWHERE, False)
    assert simulator.faults.in_force


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (2, Failure.RETRY),
        (3, Failure.RETRY),
        (4, Failure.REFUSED),
        (8, Failure.ELSEWHERE),
        (17, Failure.ELSEWHERE),
        (20, Failure.ACCOUNT),
        (21, Failure.ACCOUNT),
        (77, Failure.UNKNOWN),
    ],
)
async def test_every_code_under_any_http_status(
    provider: BaleProvider, simulator: Simulator, code: int, failure: Failure, mirror: bool
) -> None:
    simulator.faults.add(Fault(kind="code", code=code, method=METHOD, http_mirror=mirror))
    result = await failed(provider)
    assert (result.failure, result.code) == (failure, code)
    assert result.no_credit is (code == 20)
    assert (result.retry_after == 60) is (code == 3)


async def test_credit_and_contacts_run_out(provider: BaleProvider, simulator: Simulator) -> None:
    simulator.bale.contacts = 1
    await sent(provider)
    other = Outgoing(id=8, to="09351234567", text="سلام")
    assert (await failed(provider, other)).code == 21
    simulator.bale.contacts, simulator.bale.credit = None, 0
    assert (await failed(provider, other)).code == 20


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="http_error", status=502, method=METHOD, times=1),
        Fault(kind="http_error", status=503, method=METHOD, times=1, accepted=True),
        Fault(kind="drop", method=METHOD, times=1),
        Fault(kind="drop", method=METHOD, times=1, accepted=True),
        Fault(kind="broken_json", method=METHOD, times=1, accepted=True),
        Fault(kind="hang", method=METHOD, times=1, accepted=True),
    ],
)
async def test_a_lost_answer_is_met_by_the_same_id_and_sends_once(
    base: str, open_at: Open, simulator: Simulator, fault: Fault
) -> None:
    provider = open_at(base, timeout=0.3)
    simulator.faults.add(fault)
    doubt = await failed(provider)
    assert (doubt.failure, doubt.maybe_sent) == (Failure.RETRY, True)
    assert isinstance(await sent(provider), Accepted)
    assert len(simulator.bale.messages) == 1


async def test_nobody_listens(open_at: Open) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = await failed(open_at(f"http://127.0.0.1:{port}"))
    assert (result.failure, result.maybe_sent) == (Failure.RETRY, False)


async def test_a_wrong_key_is_the_accounts_and_shows_nowhere(base: str, open_at: Open) -> None:
    with capture_logs() as logs:
        provider = open_at(base, key="secret-that-is-wrong")
        result = await failed(provider)
    assert result.failure is Failure.ACCOUNT
    assert "secret-that-is-wrong" not in f"{result} {provider!r} {logs}"


async def test_many_at_once_keep_their_places(provider: BaleProvider, simulator: Simulator) -> None:
    simulator.bale.absent = {"09120000005"}
    results = await provider.send([Outgoing(id=n, to=f"0912{n:07d}", text=str(n)) for n in range(1, 31)])
    assert [isinstance(result, Accepted) for result in results] == [n != 5 for n in range(1, 31)]


async def test_the_simulator_is_set_and_looked_at_over_http(base: str, provider: BaleProvider) -> None:
    root = base.removesuffix("/bale/api/v3")
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{root}/_sim/bale", json={"absent": ["+989121234567"]}) as answer:
            assert (await answer.json())["absent"] == [ONE.to]
        assert (await failed(provider)).code == 17
        async with session.post(f"{root}/_sim/bale", json={}) as answer:
            assert answer.status == 200
        await sent(provider)
        async with session.get(f"{root}/_sim/bale") as answer:
            assert [message["text"] for message in (await answer.json())["messages"]] == [ONE.text]
        async with session.post(f"{root}/_sim/bale", json={"absent": ["nobody"]}) as answer:
            assert answer.status == 422


@pytest.mark.parametrize("options", [{"key": " "}, {"key": "a\nb"}, {"base_url": "ftp://x"}, {"bot_id": 0}])
def test_settings_that_make_no_sense(options: dict[str, Any]) -> None:
    given = {"key": KEY, "bot_id": 1} | options
    with pytest.raises(ValueError, match=r"providers\.bale"):
        BaleProvider(given.pop("key"), **given)
