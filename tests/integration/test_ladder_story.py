"""An essential text over four rungs, as the console, the API, the command line and the caller are told of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from console_browser import Desk, hire
from ladder_lines import PRICES, ladder
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.store import line_counts

PHONE = "09121234567"
OWN = '[policy.tehran.online]\nladder = ["simulator", "call"]\n'


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str) -> Config:
    return make_config(sms__price=PRICES, **ladder(simulator_url))


async def go_down(service: Service, simulator: Simulator, clock: StillClock) -> None:
    """Nobody at Bale, a phone that takes no texts, and nobody who picks up."""
    simulator.bale.absent = {PHONE}
    simulator.undeliverable = {PHONE}
    simulator.call_outcomes = {PHONE: "no_answer"}
    for _ in range(40):
        await service.sender.send_ready()
        await service.sending.receipts.poll()
        clock.turn(timedelta(minutes=1))


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator) -> Desk:
    await hire(service)
    desk = Desk(client, shop, service, clock)
    await desk.open()
    await desk.event(EventType.PAID)
    await go_down(service, simulator, clock)
    return desk


async def test_the_page_of_the_order_tells_each_rung(desk: Desk) -> None:
    words = (await desk.boss.get("/orders/shop/10025")).words
    places = [words.index(said) for said in ("این شماره در بله حساب ندارد", "پیامک", "پاسخ داده نشد", "تماس همکار")]
    assert all(place > 0 for place in places)
    assert words.count("پاسخ داده نشد") == 2
    assert places[0] < places[2] < places[3]


async def test_the_api_tells_each_rung(desk: Desk, api: ApiUser) -> None:
    (message,) = [one for one in await api.items("/messages?order_id=10025") if one["essential"]]
    assert message["state"] == "undelivered"
    assert [(one["channel"], one["outcome"]) for one in message["rungs"]] == [
        ("bale", "elsewhere"),
        ("sms", "undelivered"),
        ("voice", "undelivered"),
        ("voice", "undelivered"),
    ]
    assert message["cost"] == sum(one["cost"] or 0 for one in message["rungs"])


async def test_the_caller_reads_what_was_tried_and_the_text(desk: Desk, api: ApiUser) -> None:
    calls = [one for one in await api.items("/calls") if "undelivered_sms" in str(one["reasons"])]
    brief = (await api.get(f"/calls/{calls[0]['id']}")).body["brief"]
    assert "پیش از این: بله، ساعت ۱۰:۰۰: این شماره در بله حساب ندارد؛ پیامک، ساعت ۱۰:۰۰: نرسید" in brief
    assert brief.count("تماس گویا") == 2
    (message,) = [one for one in await api.items("/messages?order_id=10025") if one["essential"]]
    assert " ".join(message["text"].split()) in brief


async def test_the_figures_tell_each_line(desk: Desk, service: Service, clock: StillClock) -> None:
    counted = await line_counts.read(service.redis, service.reader.everywhere, clock.now().date(), 1)
    lines = {one.line: one for one in line_counts.by_line(counted)}
    assert (lines["simulator"].sent, lines["simulator"].reached, lines["voice"].sent) == (1, 0, 2)
    assert "bale" not in lines
    assert sum(one.cost for one in lines.values()) == sum(day.cost for day in counted)
    assert sum(sum(day.sent.values()) for day in counted) == 1  # one text, whatever it left by
    page = await desk.boss.get("/figures")
    assert "هر راه ارسال" in page.words
    sheet = await desk.boss.get("/figures?of=lines&as=csv")
    assert "simulator" in sheet.text


async def test_bale_saves_what_a_text_would_have_cost(
    client: Client, shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    desk = Desk(client, shop, service, clock)
    await desk.event(EventType.PAID)
    await service.sender.send_ready()
    (message,) = simulator.bale.messages
    counted = await line_counts.read(service.redis, service.reader.everywhere, clock.now().date(), 1)
    (line,) = line_counts.by_line(counted)
    assert (line.line, line.sent, line.reached, line.cost) == ("bale", 1, 0, 700)
    assert line.saved == service.config.sms.price.of(message.text) - 700


async def test_nothing_of_a_ladder_stays_of_a_customer_who_is_erased(
    desk: Desk, service: Service, tmp_path: Path
) -> None:
    assert [key async for key in service.redis.scan_iter("n:*:absent")]
    archive = Archive(tmp_path / "archive")
    await Customers(service.redis, service.reader, service.clock, archive, timedelta(days=365)).erase(PHONE)
    left = [key async for key in service.redis.scan_iter("n:*")]
    assert not [key for key in left if PHONE.encode() in key]


async def test_a_group_of_customers_may_have_a_ladder_of_its_own(
    make_config: Callable[..., Config],
    simulator_url: str,
    clock: StillClock,
    simulator: Simulator,
    redis: Redis,
    tmp_path: Path,
) -> None:
    shipped = Path(__file__).parents[2] / "config.toml"
    text = shipped.read_text(encoding="utf-8").replace("[policy.tehran.online]\n", OWN, 1)
    file = tmp_path / "config.toml"
    file.write_text(text.replace('folder = "templates"', f'folder = "{shipped.parent / "templates"}"'))
    config = make_config(file, **ladder(simulator_url))
    async with Service(config, clock=clock, roles=["web"]) as service:
        assert ">simulator>call" in service.sending.accounts.routes
        event = Event(
            id="1",
            type=EventType.PAID,
            source="shop",
            order_id="10025",
            at=clock.now(),
            details=Details(phone=PHONE, city="تهران", method=PaymentMethod.ONLINE, amount=1_000_000),
        )
        await service.take(event)
        await service.sender.send_ready()
        assert len(simulator.messages) == 1
        assert simulator.bale.messages == []
