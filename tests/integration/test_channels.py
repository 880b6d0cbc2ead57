"""A service whose line is a messenger or a voice: what becomes of its texts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from outbox_driver import Desk
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator, create_app
from notifier.sms.explain import explain

S = MessageState
Open = Callable[..., AbstractAsyncContextManager[tuple[Desk, Simulator]]]
LINES: dict[str, dict[str, Any]] = {
    "bale": {"kind": "bale", "api_key": "simulator", "bot_id": 123, "price": 700},
    "voice": {"kind": "kavenegar_voice", "api_key": "simulator", "price": 4000},
}
PATHS = {"bale": "/bale/api/v3", "voice": "/v1"}


@pytest.fixture
def open_desk(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    aiohttp_server: Callable[..., Awaitable[TestServer]],
) -> Open:
    @asynccontextmanager
    async def opened(line: str, **settings: Any) -> AsyncIterator[tuple[Desk, Simulator]]:
        simulator = Simulator(clock=clock)
        server = await aiohttp_server(create_app(simulator, callbacks_every=None))
        section = LINES[line] | {"base_url": str(server.make_url(PATHS[line]))}
        config = make_config(**{"sms__provider": line, f"providers__{line}": section} | settings)
        async with Service(config, clock=clock, roles=["web"]) as service:
            yield Desk(service, clock), simulator

    return opened


async def test_bale_takes_a_text_and_the_story_claims_no_more(open_desk: Open, clock: StillClock) -> None:
    async with open_desk("bale") as (desk, simulator):
        message = await desk.queue(to="09121234567")
        await desk.send()
        stored = await desk.stored(message)
        assert (stored.state, stored.cost) == (S.ACCEPTED, 700)
        story = " ".join(explain(stored))
        assert "bale took it for 700 rial. It never tells whether a text arrived." in story
        await desk.pass_by(timedelta(hours=50), step=timedelta(hours=1))
        stored = await desk.stored(message)
        assert (stored.state, stored.unconfirmed) == (S.ACCEPTED, False)
        assert len(simulator.bale.messages) == 1


async def test_who_is_not_on_bale_and_must_know_is_called_by_a_person(open_desk: Open) -> None:
    async with open_desk("bale") as (desk, simulator):
        simulator.bale.absent = {"09121234567"}
        text = await desk.queue(to="09121234567", essential=True, order_id="10025", source="shop")
        other = await desk.queue()
        await desk.send()
        stored = await desk.stored(text)
        assert (stored.state, stored.attempts[-1].outcome, stored.attempts[-1].code) == (S.FAILED, "elsewhere", 17)
        assert await desk.calls("undelivered_sms") == ["10025"]
        assert await desk.state(other) is S.ACCEPTED  # the line is not to blame, and goes on


async def test_a_lost_answer_of_bale_sends_nothing_twice(open_desk: Open) -> None:
    async with open_desk("bale") as (desk, simulator):
        simulator.faults.add(Fault(kind="drop", method="bale/send_message", accepted=True, times=1))
        message = await desk.queue()
        await desk.send()
        assert await desk.state(message) is S.QUEUED
        await desk.pass_by(timedelta(minutes=5))
        assert await desk.state(message) is S.ACCEPTED
        assert len(simulator.bale.messages) == 1


async def test_a_report_for_an_unknown_id_or_told_twice_changes_nothing(open_desk: Open, clock: StillClock) -> None:
    async with open_desk("voice") as (desk, simulator):
        message = await desk.queue()
        await desk.send()
        clock.turn(timedelta(minutes=1))
        known = str(simulator.messages[0].messageid)
        statuses = await desk.service.sending.accounts.each[0].provider.statuses([known])
        receipts = desk.service.sending.receipts
        assert [await receipts.report("voice", statuses) for _ in range(2)] == [1, 1]
        assert await receipts.report("voice", {"999": statuses[known]}) == 0
        assert await desk.state(message) is S.DELIVERED


async def test_a_call_says_the_text_as_one_says_it(open_desk: Open) -> None:
    async with open_desk("voice") as (desk, simulator):
        await desk.queue(text="سفارش ۱۰۰۲۵ ارسال شد.\nپیگیری: https://t.ir/1\nلغو۱۱")
        await desk.queue(text="سفارش ۱۰۰۲۵ ارسال شد.", spoken="سفارش شما در راه است.")
        await desk.send()
        assert {call.text for call in simulator.messages} == {
            "سفارش صد، بیست و پنج ارسال شد.",
            "سفارش شما در راه است.",
        }


@pytest.mark.parametrize("enabled", [True, False])
async def test_nobody_is_called_at_night(open_desk: Open, clock: StillClock, enabled: bool) -> None:
    async with open_desk("voice", quiet_hours__enabled=enabled) as (desk, simulator):
        zone = clock.now().tzinfo
        clock.turn(datetime(2026, 11, 23, 23, 30, tzinfo=zone) - clock.now())
        message = await desk.queue(keeps_quiet_hours=False)
        await desk.send()
        assert (await desk.state(message), simulator.messages) == (S.QUEUED, [])
        await desk.pass_by(timedelta(hours=8))
        assert simulator.messages == []
        await desk.pass_by(timedelta(hours=1))
        assert len(simulator.messages) == 1
