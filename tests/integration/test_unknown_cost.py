"""Messages that a line may have taken, nobody knows: what they cost is told as unknown, not as nothing."""

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
from notifier.domain.messages import Message, MessageState
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator
from notifier.sms.resend import resend
from notifier.store import keys as names
from notifier.store import line_counts
from notifier.store.line_counts import LineCounts

S = MessageState
PHONE = "09121234567"
ESSENTIAL: dict[str, Any] = {"essential": True, "order_id": "10025", "source": "shop"}
LOST = Fault(kind="drop", accepted=True, method="bale/send_message", times=10**6)
LIMITS = {"rial_day": 1_000_000, "number_hour": 0, "number_day": 0, "number_day_essential": 0}


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str) -> Config:
    return make_config(**ladder(simulator_url), sms__price=PRICES, sms__limits=LIMITS, sms__wait={"bale": "10m"})


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


async def lines(desk: Desk) -> dict[str, LineCounts]:
    places = desk.service.reader.everywhere
    counted = await line_counts.read(desk.service.redis, places, desk.clock.now().date(), 2)
    return {one.line: one for one in line_counts.by_line(counted)}


async def spent(desk: Desk) -> int:
    found: Any = await desk.service.redis.hget(names.spent(desk.clock.now().date().isoformat()), "rial")
    return int(found or 0)


async def lose(desk: Desk, simulator: Simulator, **more: Any) -> Message:
    """Bale took it, and every answer that said so was lost."""
    simulator.faults.add(LOST)
    message = await desk.queue(PHONE, **more)
    await desk.send()
    await desk.pass_by(timedelta(minutes=9))
    return message


async def test_an_answer_that_was_lost_and_found_costs_what_it_costs(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="drop", accepted=True, method="bale/send_message", times=2))
    message = await desk.queue(PHONE, **ESSENTIAL)
    await desk.send()
    await desk.pass_by(timedelta(minutes=3))
    stored = await desk.stored(message)
    assert (stored.state, stored.total_cost, stored.unknown_costs) == (S.ACCEPTED, 700, 0)
    bale = (await lines(desk))["bale"]
    assert (bale.sent, bale.cost, bale.unknown) == (1, 700, 0)
    assert await spent(desk) == 700


async def test_a_rung_that_is_left_behind_unknown_is_of_unknown_cost(desk: Desk, simulator: Simulator) -> None:
    message = await lose(desk, simulator, **ESSENTIAL)
    await desk.pass_by(timedelta(minutes=20))
    stored = await desk.stored(message)
    assert (stored.provider, stored.total_cost, stored.unknown_costs) == ("simulator", 1200, 1)
    counted = await lines(desk)
    assert (counted["bale"].sent, counted["bale"].cost, counted["bale"].unknown) == (0, 0, 1)
    assert (counted["simulator"].cost, counted["simulator"].unknown) == (1200, 0)
    assert await spent(desk) == 700 + 1200  # what is not known is taken to have cost its price, and once


async def test_a_text_that_is_held_since_nobody_knows_is_of_unknown_cost_until_it_is_found_out(
    desk: Desk, simulator: Simulator, clock: StillClock
) -> None:
    message = await lose(desk, simulator)
    await desk.pass_by(timedelta(hours=50), step=timedelta(minutes=30))
    stored = await desk.stored(message)
    assert (stored.state, stored.reason, stored.unknown_costs) == (S.HELD, "maybe_sent", 1)
    places, days = desk.service.reader.everywhere, 4
    counted = await line_counts.read(desk.service.redis, places, clock.now().date(), days)
    assert [(one.line, one.unknown) for one in line_counts.by_line(counted)] == [("bale", 1)]
    simulator.faults.clear()
    await resend(desk.service.redis, desk.keys(message), stored, now=clock.now())
    clock.turn(timedelta(minutes=10))
    await desk.send()
    stored = await desk.stored(message)
    assert (stored.state, stored.total_cost, stored.unknown_costs) == (S.ACCEPTED, 700, 0)
    counted = await line_counts.read(desk.service.redis, places, clock.now().date(), days)
    assert [(one.line, one.cost, one.unknown) for one in line_counts.by_line(counted)] == [("bale", 700, 0)]


async def test_a_line_that_refused_everything_is_of_no_unknown_cost(desk: Desk, simulator: Simulator) -> None:
    simulator.bale.absent = {PHONE}
    message = await desk.queue(PHONE, **ESSENTIAL)
    await desk.send()
    assert (await desk.stored(message)).unknown_costs == 0
    assert "bale" not in await lines(desk)


async def test_pages_lists_and_monitors_tell_it(
    client: Client, shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await hire(service)
    console = Console(client, shop, service, clock)
    await console.open()
    simulator.faults.add(LOST)
    await console.event(EventType.PAID)
    await Desk(service, clock).pass_by(timedelta(minutes=30))
    (message,) = [one for one in await api.items("/messages?order_id=10025") if one["essential"]]
    assert (message["cost"], message["unknown_costs"]) == (simulator.messages[0].cost, 1)
    assert "هزینهٔ ۱ ارسال نامعلوم است" in (await console.boss.get("/orders/shop/10025")).words
    assert "هزینهٔ نامعلوم" in (await console.boss.get("/figures")).words
    sheet = (await console.boss.get("/figures?of=lines&as=csv")).text.splitlines()
    (row,) = [one for one in sheet if ",bale," in one]
    assert row.endswith(",1")
    async with client.get("/metrics") as answer:
        told = (await answer.text()).splitlines()
    assert 'notifier_line_unknown_cost_today{provider="bale"} 1.0' in told


async def test_money_set_aside_for_what_is_tried_again_is_set_aside_once(
    desk: Desk, simulator: Simulator, redis: Redis
) -> None:
    await lose(desk, simulator, **ESSENTIAL)
    assert await spent(desk) == 700
