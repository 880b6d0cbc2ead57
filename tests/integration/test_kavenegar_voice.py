"""Kavenegar's calls over real HTTP, against the simulator with all its faults."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from notifier.clock import StillClock
from notifier.domain.channels import Channel
from notifier.simulator import AccountRules, CallOutcome, Fault, Simulator, create_app
from notifier.sms.providers.base import Accepted, DeliveryStatus, Failed, Failure, Outgoing
from notifier.sms.providers.kavenegar_voice import KavenegarVoiceProvider, call_id

KEY = "voice-key-of-nobody"
METHOD = "call/maketts"
ONE = Outgoing(id=7, to="09121234567", text="سفارش صد، بیست و پنج ارسال شد.")
S = DeliveryStatus

Open = Callable[..., KavenegarVoiceProvider]


@pytest.fixture
def simulator(clock: StillClock) -> Simulator:
    return Simulator(clock=clock, api_key=KEY)


@pytest.fixture
async def open_provider(simulator: Simulator, aiohttp_server: Any) -> AsyncIterator[Open]:
    base = str((await aiohttp_server(create_app(simulator, callbacks_every=None))).make_url("/v1"))
    opened: list[KavenegarVoiceProvider] = []

    def open_it(key: str = KEY, **options: Any) -> KavenegarVoiceProvider:
        opened.append(KavenegarVoiceProvider(key, base_url=base, name="voice", **options))
        return opened[-1]

    yield open_it
    for provider in opened:
        await provider.close()


@pytest.fixture
def provider(open_provider: Open) -> KavenegarVoiceProvider:
    return open_provider()


async def called(provider: KavenegarVoiceProvider, message: Outgoing = ONE) -> Accepted:
    [result] = await provider.send([message])
    assert isinstance(result, Accepted)
    return result


async def failed(provider: KavenegarVoiceProvider, message: Outgoing = ONE) -> Failed:
    [result] = await provider.send([message])
    assert isinstance(result, Failed)
    return result


@pytest.mark.parametrize("entries", ["object", "list"])
async def test_a_text_is_read_out(clock: StillClock, aiohttp_server: Any, entries: Any) -> None:
    simulator = Simulator(clock=clock, api_key=KEY, rules=AccountRules(tts_entries=entries))
    base = str((await aiohttp_server(create_app(simulator, callbacks_every=None))).make_url("/v1"))
    provider = KavenegarVoiceProvider(KEY, base_url=base, name="voice")
    result = await called(provider)
    await provider.close()
    [call] = simulator.messages
    assert (call.method, call.receptor, call.text) == ("maketts", ONE.to, ONE.text)
    assert (call.localid, str(call.messageid), call.cost) == (call_id(7, 0), result.provider_id, result.cost)
    assert provider.channel is Channel.VOICE


def test_ids_of_calls_are_none_of_texts_and_differ() -> None:
    ids = [call_id(message, calls) for message in (7, 8, 2**63 - 1) for calls in (0, 1)]
    assert len({*ids, 7, 8, 2**63 - 1}) == 9
    assert all(0 < one < 2**63 for one in ids)


async def test_a_repeated_call_rings_once_and_a_new_one_again(
    provider: KavenegarVoiceProvider, simulator: Simulator
) -> None:
    first = await called(provider)
    assert (await called(provider)).provider_id == first.provider_id
    again = Outgoing(id=ONE.id, to=ONE.to, text=ONE.text, calls=1)
    assert (await called(provider, again)).provider_id != first.provider_id
    assert len(simulator.messages) == 2


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("answered", S.DELIVERED),
        ("busy", S.UNDELIVERED),
        ("no_answer", S.UNDELIVERED),
        ("rejected", S.UNDELIVERED),
        ("failed", S.FAILED),
    ],
)
async def test_what_became_of_a_call(
    provider: KavenegarVoiceProvider, simulator: Simulator, clock: StillClock, outcome: CallOutcome, status: S
) -> None:
    simulator.call_outcomes = {ONE.to: outcome}
    result = await called(provider)
    clock.turn(timedelta(minutes=1))
    assert await provider.statuses([result.provider_id]) == {result.provider_id: status}
    assert await provider.statuses_by_local_id([ONE.id, 8]) == {7: (result.provider_id, status), 8: ("", S.UNKNOWN_ID)}
    assert simulator.messages[0].outcome == outcome


async def test_of_two_calls_the_last_one_known_counts(
    provider: KavenegarVoiceProvider, simulator: Simulator, clock: StillClock
) -> None:
    simulator.call_outcomes = {ONE.to: "busy"}
    await called(provider)
    simulator.call_outcomes = {}
    second = await called(provider, Outgoing(id=ONE.id, to=ONE.to, text=ONE.text, calls=1))
    clock.turn(timedelta(minutes=1))
    assert await provider.statuses_by_local_id([7]) == {7: (second.provider_id, S.DELIVERED)}


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (402, Failure.RETRY),
        (403, Failure.ACCOUNT),
        (409, Failure.RETRY),
        (411, Failure.REFUSED),
        (413, Failure.REFUSED),
        (414, Failure.REFUSED),
        (417, Failure.REFUSED),
        (418, Failure.ACCOUNT),
        (451, Failure.RETRY),
        (607, Failure.REFUSED),
        (999, Failure.UNKNOWN),
    ],
)
async def test_its_codes(provider: KavenegarVoiceProvider, simulator: Simulator, code: int, failure: Failure) -> None:
    simulator.faults.add(Fault(kind="code", code=code, method=METHOD))
    assert (await failed(provider)).failure is failure


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="http_error", method=METHOD, times=1),
        Fault(kind="drop", method=METHOD, times=1),
        Fault(kind="drop", method=METHOD, times=1, accepted=True),
        Fault(kind="broken_json", method=METHOD, times=1, accepted=True),
        Fault(kind="hang", method=METHOD, times=1, accepted=True),
    ],
)
async def test_a_lost_answer_rings_once(open_provider: Open, simulator: Simulator, fault: Fault) -> None:
    provider = open_provider(timeout=0.3)
    simulator.faults.add(fault)
    doubt = await failed(provider)
    assert (doubt.failure, doubt.maybe_sent) == (Failure.RETRY, True)
    await called(provider)
    assert len(simulator.messages) == 1


async def test_nobody_is_called_abroad(provider: KavenegarVoiceProvider, simulator: Simulator) -> None:
    result = await failed(provider, Outgoing(id=7, to="+97455123456", text="سلام"))
    assert (result.failure, result.maybe_sent) == (Failure.ELSEWHERE, False)
    assert simulator.messages == []


async def test_the_key_shows_nowhere(open_provider: Open, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="http_error", method=METHOD))
    with capture_logs() as logs:
        provider = open_provider()
        result = await failed(provider)
    assert KEY not in f"{result} {provider!r} {logs}"
