"""Every code of Kavenegar's table, for each way of sending: what becomes of the message and of the line."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from outbox_driver import Desk

from notifier.clock import StillClock
from notifier.domain.messages import MessageState, Pattern
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator
from notifier.sms.providers import codes
from notifier.sms.providers.base import Failure

S = MessageState
SEND, ARRAY, LOOKUP = "sms/send", "sms/sendarray", "verify/lookup"
BECOMES = {
    Failure.RETRY: S.QUEUED,
    Failure.ACCOUNT: S.QUEUED,
    Failure.REFUSED: S.FAILED,
    Failure.UNKNOWN: S.UNKNOWN,
}


@pytest.fixture
def desk(service: Service, clock: StillClock, simulator: Simulator) -> Desk:
    simulator.templates["packed"] = "سفارش %token"
    return Desk(service, clock)


async def queue(desk: Desk, method: str) -> None:
    by_pattern: dict[str, Any] = {"patterns": {"kavenegar": Pattern("packed", {"token": "10025"})}}
    for _ in range(3 if method == ARRAY else 1):
        await desk.queue(**(by_pattern if method == LOOKUP else {}))


@pytest.mark.slow
@pytest.mark.parametrize("http_mirror", [True, False], ids=["code as HTTP status", "HTTP 200"])
@pytest.mark.parametrize("method", [SEND, ARRAY, LOOKUP])
async def test_every_code_does_to_message_and_line_what_the_table_says(
    desk: Desk, simulator: Simulator, method: str, http_mirror: bool
) -> None:
    for code in sorted(codes.CODES):
        await desk.service.redis.flushall()
        desk.queued.clear()
        await queue(desk, method)
        simulator.faults.clear()
        for one in {method, SEND}:
            simulator.faults.add(Fault(kind="code", code=code, method=one, http_mirror=http_mirror))
        await desk.send()
        failed = codes.code(code).failed(repeatable=method != LOOKUP)
        assert set(await desk.states()) == {BECOMES[failed.failure]}, code
        for message in desk.queued:
            (attempt,) = (await desk.stored(message)).attempts
            assert (attempt.code, attempt.outcome) == (code, failed.failure)
            assert str(code) in attempt.reason
        (standing,) = await desk.service.sending.accounts.standings()
        assert (standing.paused_until is not None) == (failed.failure is Failure.ACCOUNT or code == 451), code
        assert standing.exhausted == (code == 418)
        if standing.paused_until is not None and failed.retry_after:
            assert standing.paused_until - desk.clock.now() >= timedelta(seconds=failed.retry_after)
        alerts = [one for one in await desk.alerts() if b"paused:" in one]
        assert len(alerts) == (failed.failure is Failure.ACCOUNT), code
    assert not simulator.messages


@pytest.mark.slow
async def test_what_a_code_put_off_arrives_once_when_it_is_over(desk: Desk, simulator: Simulator) -> None:
    put_off = [code for code in codes.CODES if codes.code(code).failure in (Failure.RETRY, Failure.ACCOUNT)]
    for code in put_off:
        desk.queued.clear()
        before = len(simulator.messages)
        await queue(desk, ARRAY)
        if code != 402:  # without an id a repeat may be a second text
            await queue(desk, LOOKUP)
        simulator.faults.add(Fault(kind="code", code=code))
        await desk.pass_by(timedelta(minutes=10))
        assert len(simulator.messages) == before, code
        simulator.faults.clear()
        await desk.service.sending.check_credit()
        await desk.pass_by(timedelta(minutes=30), step=timedelta(minutes=3))
        assert set(await desk.states()) <= {S.ACCEPTED, S.DELIVERED}, code
        assert len(simulator.messages) == before + len(desk.queued), code


async def test_an_unknown_code_is_no_crash_and_no_second_text(desk: Desk, simulator: Simulator) -> None:
    await queue(desk, SEND)
    simulator.faults.add(Fault(kind="code", code=799, method=SEND, accepted=True, times=1))
    await desk.send()
    assert await desk.states() == [S.UNKNOWN]
    await desk.pass_by(timedelta(minutes=10))
    assert await desk.states() == [S.ACCEPTED] or await desk.states() == [S.DELIVERED]
    assert len(simulator.messages) == 1


async def test_one_bad_number_is_refused_alone_and_the_rest_of_its_batch_goes(desk: Desk, simulator: Simulator) -> None:
    good = [await desk.queue() for _ in range(7)]
    bad = await desk.queue(to="0912000")
    await desk.send()
    assert await desk.state(bad) is S.FAILED
    assert [await desk.state(message) for message in good] == [S.ACCEPTED] * 7
    assert len(simulator.messages) == 7


@pytest.mark.parametrize("status", [6, 11, 14])
async def test_an_entry_that_failed_within_a_200_has_failed_and_its_customer_is_called(
    desk: Desk, simulator: Simulator, status: int, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept: Callable[..., Any] = simulator.accept

    def failing(drafts: Any) -> Any:
        return [simulator.outbox.settle(message.messageid, status) for message in accept(drafts)]

    monkeypatch.setattr(simulator, "accept", failing)
    essential = await desk.queue(essential=True, order_id="10025", source="shop")
    other = await desk.queue(order_id="10026", source="shop")
    await desk.send()
    expected = S.BLOCKED if status == 14 else S.UNDELIVERED
    assert [await desk.state(essential), await desk.state(other)] == [expected, expected]
    assert await desk.calls("undelivered_sms") == ["10025"]
