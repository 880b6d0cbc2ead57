"""V11 of ASVS, business logic: nobody can have a customer flooded, the credit spent, or the world texted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from call_fixtures import BOSS
from console_browser import Browser, hire
from outbox_driver import Desk
from shops import StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.domain.messages import Audience, MessageState
from notifier.errors import ConfigError
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.simulator.faults import Fault
from notifier.store.keys import Keys

pytestmark = pytest.mark.slow

MakeConfig = Callable[..., Config]
VICTIM = "09121234567"
S = MessageState


@pytest.fixture
def limits() -> dict[str, Any]:
    """To be parametrised: ``[sms.limits]`` as a test wants it, where it is not as it ships."""
    return {}


@pytest.fixture
async def service(make_config: MakeConfig, clock: StillClock, redis: Any, limits: dict[str, Any]) -> AsyncIterator[Any]:
    config = make_config(**{f"sms__limits__{name}": value for name, value in limits.items()})
    async with Service(config, clock=clock, roles=[WEB]) as running:
        await hire(running)
        yield running


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


@pytest.fixture
async def boss(service: Service, client: Any) -> Browser:
    browser = Browser(client)
    await browser.enter(service, "boss")
    return browser


async def send_all(desk: Desk) -> None:
    """Everything that may leave: texts of one customer do so one after another, a moment apart."""
    for _ in range(len(desk.queued) + 150):
        desk.clock.turn(timedelta(milliseconds=150))
        await desk.send()


def texts(simulator: Simulator, phone: str = VICTIM) -> int:
    return sum(message.receptor[-10:] == phone[-10:] for message in simulator.messages)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "most", "why"),
    [(EventType.PAID, 30, b"held_number_day_essential"), (EventType.PREPARING, 6, b"held_number_hour")],
    ids=["essential", "usual"],
)
async def test_120_orders_for_one_victim(
    shop: StandardShop, desk: Desk, simulator: Simulator, boss: Browser, kind: EventType, most: int, why: bytes
) -> None:
    """Every order a new one, each with a text of its own."""
    for number in range(120):
        event = standard.event(kind, at=desk.clock.now(), order_id=f"v{number}")
        event["data"]["customer"] = {"name": "سارا", "phone": VICTIM, "city": "تهران"}
        event["data"]["payment"] = {"method": "online", "amount": 1000, "currency": "IRR", "reference": "1"}
        assert (await shop.post(event)).status == 202
    await send_all(desk)
    assert texts(simulator) == most
    page = await boss.get("/messages?state=held")
    assert "بیش از اندازه پیامک می‌گرفت" in page.words
    assert any(why in alert for alert in await desk.alerts())
    held = await desk.service.redis.zcard(Keys(0).messages(S.HELD))
    assert held == 120 - most, "none is lost"


async def test_what_is_over_is_held_and_shown_and_never_dropped(desk: Desk, simulator: Simulator) -> None:
    for _ in range(10):
        await desk.queue(VICTIM)
    await send_all(desk)
    assert await desk.states() == [S.ACCEPTED] * 6 + [S.HELD] * 4
    assert (await desk.stored(desk.queued[-1])).reason == "number_hour"
    assert texts(simulator) == 6
    other = await desk.queue("09121234568")
    await send_all(desk)
    assert await desk.state(other) is S.ACCEPTED, "others are none the worse for it"


async def test_an_hour_and_a_day_pass(desk: Desk, clock: StillClock) -> None:
    for _ in range(4):
        for _ in range(4):
            await desk.queue(VICTIM)
        await send_all(desk)
        clock.turn(timedelta(minutes=61))
    assert (await desk.states()).count(S.ACCEPTED) == 12
    assert (await desk.stored(desk.queued[-1])).reason == "number_day"
    clock.turn(timedelta(days=1))
    again = await desk.queue(VICTIM)
    await send_all(desk)
    assert await desk.state(again) is S.ACCEPTED


async def test_essential_ones_count_and_have_a_bound_of_their_own(desk: Desk) -> None:
    for _ in range(31):
        await desk.queue(VICTIM, essential=True)
    usual = await desk.queue(VICTIM)
    await send_all(desk)
    assert (await desk.states())[:31] == [S.ACCEPTED] * 30 + [S.HELD]
    assert (await desk.stored(desk.queued[30])).reason == "number_day_essential"
    assert await desk.state(usual) is S.HELD


async def test_staff_are_no_victims(desk: Desk) -> None:
    for _ in range(40):
        await desk.queue(VICTIM, audience=Audience.STAFF)
    await send_all(desk)
    assert set(await desk.states()) == {S.ACCEPTED}


async def test_a_person_may_send_what_is_held(desk: Desk, boss: Browser, simulator: Simulator) -> None:
    for _ in range(8):
        await desk.queue(VICTIM)
    await send_all(desk)
    held = desk.queued[-1]
    page = await boss.post(f"/messages/0/{held.id}/again")
    assert page.status == 200
    await send_all(desk)
    assert await desk.state(held) is S.ACCEPTED
    assert await desk.state(desk.queued[-2]) is S.HELD
    assert texts(simulator) == 7


async def test_what_is_tried_again_counts_once(desk: Desk, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="code", code=409, times=3))
    for _ in range(6):
        await desk.queue(VICTIM)
    await desk.pass_by(timedelta(minutes=20))
    assert S.HELD not in await desk.states()
    assert texts(simulator) == 6


@asynccontextmanager
async def two(config: Config, clock: StillClock) -> AsyncIterator[list[Service]]:
    async with Service(config, clock=clock, roles=[WEB]) as one, Service(config, clock=clock, roles=[WEB]) as other:
        yield [one, other]


async def test_all_processes_count_together(desk: Desk, config: Config, clock: StillClock) -> None:
    for _ in range(30):
        await desk.queue(VICTIM)
    async with two(config, clock) as services:
        for _ in range(60):
            clock.turn(timedelta(milliseconds=150))
            await asyncio.gather(*(service.sender.send_ready() for service in services))
    assert (await desk.states()).count(S.ACCEPTED) == 6


@pytest.mark.parametrize("limits", [{"rial_day": 20_000}])
async def test_a_day_costs_no_more_than_it_may(desk: Desk, simulator: Simulator, clock: StillClock) -> None:
    """The price of a part is 2,000 rial by the configuration."""
    for _ in range(7):
        await desk.queue()
    await send_all(desk)
    assert not await desk.alerts()
    await desk.queue()
    await send_all(desk)
    for _ in range(30):
        await desk.queue(essential=True)
    await send_all(desk)
    to_customers = [message.cost for message in simulator.messages if message.receptor != BOSS.phone]
    assert 14_000 < sum(to_customers) <= 20_000
    assert (await desk.stored(desk.queued[-1])).reason == "rial_day"
    kinds = [alert for alert in await desk.alerts() if b"rial_day_nearly" in alert]
    assert len(kinds) == 1
    assert any(b"held_rial_day" in alert for alert in await desk.alerts())
    clock.turn(timedelta(days=1))
    tomorrow = await desk.queue()
    await send_all(desk)
    assert await desk.state(tomorrow) is S.ACCEPTED


@pytest.mark.parametrize("limits", [{"rial_day": 20_000}])
async def test_nor_do_two_processes_spend_more(desk: Desk, service: Service, clock: StillClock) -> None:
    for _ in range(100):
        await desk.queue()
    async with two(service.config, clock) as services:
        await asyncio.gather(*(service.sender.send_ready() for service in services))
    sent = [one for one in desk.queued if await desk.state(one) is S.ACCEPTED]
    assert 0 < len(sent) <= 10


async def test_no_price_no_limit_of_money(make_config: MakeConfig) -> None:
    with pytest.raises(ConfigError, match=r"sms\.price"):
        make_config(sms__limits__rial_day=1000, sms__price__persian=0)


async def test_other_countries_are_not_texted(desk: Desk, simulator: Simulator) -> None:
    abroad = await desk.queue("+97455123456", essential=True)
    at_home = await desk.queue(VICTIM)
    await send_all(desk)
    assert await desk.state(abroad) is S.HELD
    assert (await desk.stored(abroad)).reason == "country"
    assert await desk.state(at_home) is S.ACCEPTED
    assert any(b"held_country" in alert for alert in await desk.alerts())


@pytest.mark.parametrize("limits", [{"countries": ["IR", "QA"]}, {"countries": []}])
async def test_those_that_are_named_are(desk: Desk) -> None:
    abroad = await desk.queue("+97455123456")
    await send_all(desk)
    assert (await desk.stored(abroad)).reason != "country"


async def test_a_country_that_is_none_is_refused(make_config: MakeConfig) -> None:
    with pytest.raises(ConfigError, match="is no country"):
        make_config(sms__limits__countries=["XX"])


@pytest.mark.parametrize("name", ["جایزه: bit.ly/3xYz", "<b>برنده</b>", "۰۹۱۲۱۲۳۴۵۶۷", "برنده شدید، ۰۹۱۲۱۲۳۴۵۶۷"])
async def test_nobody_is_greeted_with_a_link(shop: StandardShop, desk: Desk, simulator: Simulator, name: str) -> None:
    event = standard.event(EventType.PAID, at=desk.clock.now(), order_id="n1")
    event["data"]["customer"] = {"name": name, "phone": VICTIM, "city": "تهران"}
    assert (await shop.post(event)).status == 202
    await send_all(desk)
    (message,) = simulator.messages
    assert name not in message.text
    assert "bit.ly" not in message.text
    assert "1212345" not in message.text


@pytest.mark.parametrize("stop", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r", "\n"])
async def test_no_value_makes_a_line_of_its_own(
    shop: StandardShop, desk: Desk, simulator: Simulator, stop: str
) -> None:
    broken = standard.event(EventType.PAID, at=desk.clock.now(), order_id="n3")
    broken["data"]["payment"]["reference"] = f"12AB{stop}کارت 6104"
    refused = await shop.post(broken)
    assert (refused.status, refused.body["errors"][0]["loc"]) == (422, ["data", "payment", "reference"])
    said = []
    for number, between in enumerate([" ", stop]):
        event = standard.event(EventType.PAID, at=desk.clock.now(), order_id=f"n{number}")
        event["data"]["customer"] = {"name": f"سارا{between}محمدی", "phone": VICTIM, "city": "تهران"}
        assert (await shop.post(event)).status == 202
        await send_all(desk)
        said.append(simulator.messages[-1].text.replace(str(number), ""))
    assert len(said[0].splitlines()) == len(said[1].splitlines())
