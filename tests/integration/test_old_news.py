"""News of long ago makes history and is told to nobody, whatever way it comes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mapping_shop import SOURCE, MappedShop, order
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop, WooShop, send_all, woo_fixture
from standins.woocommerce import KEY, SECRET, WooCommerce

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.mapping import MappingSource
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator

WHEN_KNOWN = ("date_created_gmt", "date_paid_gmt", "date_completed_gmt")
STORE = woo_fixture("order.updated__completed_online")["body"]


@pytest.fixture
def lost() -> WooCommerce:
    return WooCommerce()


@pytest.fixture
async def service(
    make_config: Callable[..., Config], clock: StillClock, redis: Redis, lost: WooCommerce, aiohttp_server: Any
) -> AsyncIterator[Service]:
    server = await aiohttp_server(lost.app())
    rest = {"url": str(server.make_url("")).rstrip("/"), "consumer_key": KEY, "consumer_secret": SECRET}
    config = make_config(sources__mine=SOURCE, sources__woo__rest=rest)
    async with Service(config, clock=clock, roles=[WEB]) as running:
        yield running
    lost.release.set()


@pytest.fixture
async def client(service: Service, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    return await aiohttp_client(service.app)


def woo_order(clock: StillClock, status: str, *ages: float | None, method: str = "zarinpal") -> dict[str, Any]:
    """An order that was touched right now, by its ages in days: created, paid, completed."""
    now = clock.now().astimezone(UTC)
    known = zip(WHEN_KNOWN, ages, strict=False)
    dates = {name: None if age is None else gmt(now - timedelta(days=age)) for name, age in known}
    return STORE | {"status": status, "payment_method": method, "date_modified_gmt": gmt(now)} | dates


def gmt(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


async def nothing_follows(service: Service, clock: StillClock, simulator: Simulator, api: ApiUser) -> bool:
    for _ in range(3):
        await send_all(service, clock)
        await service.reminders.tick()
        clock.turn(timedelta(days=1))
    calls = (await api.get("/calls?state=scheduled")).body["items"] + (await api.get("/calls?state=due")).body["items"]
    return not simulator.messages and not calls


@pytest.mark.parametrize(
    ("status", "ages", "method"),
    [
        ("completed", (90, 90, 85), "zarinpal"),
        ("completed", (400, 400, 400), "zarinpal"),
        ("processing", (90, 90, None), "zarinpal"),
        ("on-hold", (90, None, None), "bacs"),
        ("on-hold", (10, None, None), "bacs"),
        ("pending", (3, None, None), "zarinpal"),
        ("refunded", (90, 90, None), "zarinpal"),
        ("cancelled", (90, None, None), "bacs"),
        ("failed", (30, None, None), "zarinpal"),
        ("pws-shipping", (30, 30, None), "zarinpal"),
        ("processing", (30, None, None), "cod"),
        ("processing", (30, None, None), ""),
    ],
)
async def test_an_old_order_that_a_webhook_first_tells_of(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser,
    status: str, ages: tuple[float | None, ...], method: str,
) -> None:  # fmt: skip
    answer = await woo.post(woo_order(clock, status, *ages, method=method))
    assert (answer.body["messages"], answer.body["calls"]) == ([], [])
    assert {thing["reason"] for thing in answer.body["suppressed"]} <= {"past", "not_paid", "superseded"}
    assert (await api.get("/orders/10025?source=woo")).status == 200
    assert await nothing_follows(service, clock, simulator, api)


async def test_an_old_order_that_is_filled_in(
    lost: WooCommerce, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    lost.put(woo_order(clock, "completed", 90, 90, 85), at=clock.now() - timedelta(minutes=30))
    assert await service.watching.catch_ups[0].tick() == 1
    assert (await api.get("/orders/10025?source=woo")).status == 200
    assert await nothing_follows(service, clock, simulator, api)


async def test_what_happens_now_to_an_order_of_long_ago_is_told_and_nothing_else(
    woo: WooShop, clock: StillClock
) -> None:
    answer = await woo.post(woo_order(clock, "completed", 5, 5, 0.01))
    assert [message["template"] for message in answer.body["messages"]] == ["order_delivered_guarantee"]
    assert {thing.get("template") for thing in answer.body["suppressed"]} >= {"payment_succeeded_tehran"}
    assert answer.body["prepaid"] is True


async def test_once_it_is_known_its_news_is_told(woo: WooShop, clock: StillClock) -> None:
    await woo.post(woo_order(clock, "processing", 30, 30))
    clock.turn(timedelta(hours=1))
    answer = await woo.post(woo_order(clock, "pws-shipping", 30.05, 30.05))
    assert [message["template"] for message in answer.body["messages"]] == ["order_shipped_tehran"]


@pytest.mark.parametrize("age", [timedelta(days=2, minutes=1), timedelta(days=114)])
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("kind", [EventType.REGISTERED, EventType.PAID, EventType.DELIVERED, EventType.CANCELLED])
async def test_old_events(
    shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser,
    kind: EventType, batch: bool, age: timedelta,
) -> None:  # fmt: skip
    news = standard.event(kind, at=clock.now() - age, order_id="10025")
    answer = await shop.post([news], path="/batch") if batch else await shop.post(news)
    assert answer.status == 202
    (told,) = answer.body if batch else [answer.body]
    assert (told["messages"], told["calls"]) == ([], [])
    assert "past" in {thing["reason"] for thing in told["suppressed"]}
    assert await nothing_follows(service, clock, simulator, api)


async def test_yesterday_is_told(shop: StandardShop, clock: StillClock) -> None:
    news = standard.event(EventType.PAID, at=clock.now() - timedelta(hours=47), order_id="10025")
    assert (await shop.post(news)).body["messages"]


async def test_an_old_event_waits_for_its_order_and_is_told_to_nobody(shop: StandardShop, clock: StillClock) -> None:
    news = standard.event(EventType.PAID, at=clock.now() - timedelta(days=3), order_id="10025")
    news["data"] = {"order_id": "10025", "payment": news["data"]["payment"]}
    assert (await shop.post(news)).body["parked"] is True
    registered = standard.event(EventType.REGISTERED, at=clock.now(), order_id="10025")
    answer = await shop.post(registered)
    assert (await shop.post(registered, event_id="again")).body["prepaid"] is True
    assert "payment_succeeded_tehran" not in [message["template"] for message in answer.body["messages"]]


async def test_an_old_order_of_a_shop_with_words_of_its_own(
    client: Client, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    source = service.config.sources["mine"]
    assert isinstance(source, MappingSource)
    mine = MappedShop(client, clock, source.scheme())
    answer = await mine.post(order("sent", changed="2026-08-01 09:00:00"))
    assert (answer.status, answer.body["messages"], answer.body["calls"]) == (202, [], [])
    assert await nothing_follows(service, clock, simulator, api)


async def test_an_outage_of_21_hours_sends_the_text_now_and_the_reminder_later(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    late = woo_order(clock, "on-hold", 21 / 24, method="bacs")
    late["billing"] = late["shipping"] = late["billing"] | {"city": "مشهد"}
    morning = clock.now().replace(hour=8) + timedelta(days=1)  # twenty hours from now it is six
    answer = await woo.post(late, topic="order.created")
    assert [(message["template"], message["not_before"]) for message in answer.body["messages"]] == [
        ("order_registered_transfer", None),
        ("deposit_reminder", morning.isoformat()),
    ]
    await send_all(service, clock)
    assert len(simulator.messages) == 1
