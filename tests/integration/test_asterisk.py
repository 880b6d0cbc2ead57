"""A real Asterisk rings a telephone and then a customer, or is rung by one, all spoken for by SIPp."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import real_asterisk
from console_browser import Desk, hire
from inbound_notices import first_inbound
from msgspec.structs import replace
from real_asterisk import RealAsterisk
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier import tasks
from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.calls import Call
from notifier.domain.dialing import DialAttempt, DialFinding
from notifier.service.process import WEB, Service

pytestmark = [pytest.mark.process, pytest.mark.slow]

LONGEST = 180  # seconds, on a machine that is very slow


@pytest.fixture
def exchange() -> Iterator[RealAsterisk]:
    with real_asterisk.asterisk() as found:
        yield found


@pytest.fixture
def config(exchange: RealAsterisk, make_config: Callable[..., Config]) -> Config:
    return make_config(
        dialer={
            "kind": "ami",
            "address": f"127.0.0.1:{exchange.ami}",
            "user": real_asterisk.USER,
            "secret": real_asterisk.SECRET,
            "ring": "6s",
        }
    )


@pytest.fixture
async def service(config: Config, clock: StillClock, redis: Redis, exchange: RealAsterisk) -> AsyncIterator[Service]:
    async with Service(config, clock=clock, roles=[WEB]) as running:
        assert running.exchange
        assert running.exchange.listener
        listening = asyncio.create_task(running.exchange.listener.run())
        await asyncio.to_thread(exchange.await_listener)
        yield running
        await tasks.end(listening)


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    for staff_id in ("sara", "reza"):
        await service.staff.change(staff_id, lambda one, _: replace(one, extension="201"))
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def dialled(desk: Desk, exchange: RealAsterisk) -> tuple[DialAttempt, Call, str]:
    """The attempt when it is over, its call, and the card."""
    call_id = await desk.due_call()
    agent = await desk.whose(call_id)
    page = await agent.post(f"/calls/{call_id}/dial")
    assert "زنگ می‌خورد؛ بردارید" in page.words, page.words
    async with asyncio.timeout(LONGEST):
        while True:
            call: Call = await desk.call(call_id)
            if call.dials[0].found is not None and call.dials[0].is_over:
                break
            await asyncio.sleep(0.1)
    return call.dials[0], call, (await agent.get(f"/calls/{call_id}")).text


async def test_the_customer_answers(desk: Desk, exchange: RealAsterisk) -> None:
    exchange.answers("agent")
    exchange.answers("customer")
    attempt, call, card = await dialled(desk, exchange)
    assert attempt.found is DialFinding.CONNECTED
    assert attempt.agent_answered <= attempt.rang <= attempt.answered <= attempt.ended
    assert call.tried == {}
    assert "مشتری پاسخ داد" in card


async def test_the_customer_is_busy(desk: Desk, exchange: RealAsterisk) -> None:
    exchange.answers("agent")
    exchange.is_busy("customer")
    attempt, call, card = await dialled(desk, exchange)
    assert attempt.found is DialFinding.BUSY
    assert call.tried == {}
    assert 'value="busy">ثبت' in card


async def test_the_agent_does_not_answer(desk: Desk, exchange: RealAsterisk) -> None:
    exchange.answers("customer")
    attempt, call, card = await dialled(desk, exchange)
    assert attempt.found is DialFinding.AGENT_MISSED
    assert call.tried == {}
    assert "تلاش به حساب نمی‌آید" in card
    assert attempt.fault == "originateresponse failure 3", "it rang till its time was over, which says no more"
    assert 'class="why"' not in card
    assert ">ثبت «" not in card


async def test_the_agent_is_busy(desk: Desk, exchange: RealAsterisk) -> None:
    exchange.is_busy("agent")
    attempt, call, card = await dialled(desk, exchange)
    assert (attempt.found, call.tried) == (DialFinding.AGENT_MISSED, {})
    assert "گوشی داخلی مشغول بود" in card


@pytest.mark.parametrize("number", ["09121234567", "9121234567", "+989121234567", "00989121234567"])
async def test_a_known_customer_calls(desk: Desk, exchange: RealAsterisk, client: Client, number: str) -> None:
    call_id = await desk.due_call()
    exchange.calls_in(number)
    notice = await first_inbound(client, desk.sara)
    assert notice["href"] == f"/console/calls/{call_id}"
    assert notice["phone"] == "۰۹۱۲***۴۵۶۷"
