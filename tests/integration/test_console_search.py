"""The one search of the console, over real orders: names, ends of phones, codes in any case."""

from datetime import timedelta
from pathlib import Path

import pytest
from console_browser import Desk, Page, hire
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.store import keys as names
from notifier.store import schema, search_index, work
from notifier.store.keys import Keys, partition_of
from notifier.store.work import UnitOfWork

SARA = {"name": "سارا محمدی", "phone": "09121234567", "city": "تهران"}
ALI = {"name": "محمد‌علی كاظمي", "phone": "09359998877", "city": "اصفهان"}
FOUND = "/console/orders/shop/"


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    payment = {"method": "online", "amount": 185_000_000, "currency": "IRR", "reference": "REF-5521"}
    await found.event(EventType.PAID, "10445", customer=SARA, payment=payment)
    parcel = {"carrier": "تیپاکس", "tracking_code": "Tpx-88A1"}
    payment = {"method": "online", "amount": 90_000_000, "currency": "IRR", "reference": "778899001"}
    await found.event(EventType.PAID, "AB-77", customer=ALI, payment=payment)
    await found.event(EventType.SHIPPED, "AB-77", customer=ALI, shipment=parcel)
    return found


async def asked(desk: Desk, query: str) -> Page:
    return await desk.sara._ask("GET", "/orders", params={"q": query})


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize(
    ("query", "order"),
    [
        *((query, "10445") for query in ("سفارش ۱۰۴۴۵", "محمدی", "سارا محم", "محمدی سارا", "۴۵۶۷", "1234567", "سارا")),
        *((query, "10445") for query in ("ref-5521", "REF5521", "رسید Ref-5521", "محمدي", "سفارش شمارهٔ 10445")),
        *((query, "AB-77") for query in ("ab-77", "AB77", "سفارش ab-77", "tpx-88a1", "TPX-88A1", "tpx88a1")),
        *(
            (query, "AB-77")
            for query in ("کاظمی", "محمد علی", "محمدعلی کاظمی", "كاظمي محمد", "علی", "8877", "778899001")
        ),
    ],
)
async def test_one_order_is_found_by_anything(desk: Desk, query: str, order: str) -> None:
    assert (await asked(desk, query)).headers.get("Location") == f"{FOUND}{order}"


async def test_what_is_found_stands_in_groups(desk: Desk) -> None:
    await desk.event(EventType.PAID, "4567", customer=ALI)
    page = await asked(desk, "۴۵۶۷")
    assert page.status == 200
    assert page.words.index("شمارهٔ سفارش ۱") < page.words.index("تلفن ۱")
    page = await asked(desk, "محمد")
    assert "نام مشتری ۳" in page.words


async def test_an_order_is_found_by_what_it_says_now(desk: Desk) -> None:
    await desk.tick(minutes=1)
    await desk.event(EventType.PREPARING, "10445", customer={"name": "مینا رضایی", "phone": "09190001122"})
    assert (await asked(desk, "مینا")).headers.get("Location") == f"{FOUND}10445"
    assert (await asked(desk, "1122")).headers.get("Location") == f"{FOUND}10445"
    assert "سفارشی پیدا نشد" in (await asked(desk, "سارا")).words
    assert "سفارشی پیدا نشد" in (await asked(desk, "4567")).words


@pytest.mark.parametrize("partitions", [1, 3])
async def test_orders_of_before_are_found_too(desk: Desk, redis: Redis, partitions: int) -> None:
    everywhere = [Keys(partition) for partition in range(partitions)]
    kept = {keys: await redis.zrange(keys.found_by, 0, -1) for keys in everywhere}
    for keys in everywhere:
        await redis.delete(keys.found_by, keys.phone_ends("567"), keys.phone_ends("877"))
    assert "سفارشی پیدا نشد" in (await asked(desk, "سارا")).words
    await redis.set(names.SCHEMA, 5)
    await schema.bring_up(redis)
    await search_index.fill(redis)  # as often as one likes
    assert {keys: await redis.zrange(keys.found_by, 0, -1) for keys in everywhere} == kept
    assert (await asked(desk, "سارا")).headers.get("Location") == f"{FOUND}10445"
    assert (await asked(desk, "8877")).headers.get("Location") == f"{FOUND}AB-77"


async def test_an_old_order_is_found_by_first_and_family_name(desk: Desk, redis: Redis, service: Service) -> None:
    keys, unit = Keys(0), UnitOfWork()
    orders = await service.reader.orders([(keys, "shop:10445"), (keys, "shop:AB-77")])
    for order in orders:
        search_index.shrink(unit, keys, order)  # as packing does
    await work.commit(redis, [unit])
    found = [member.decode() for member in await redis.zrange(keys.found_by, 0, -1)]
    assert [one for one in found if one.startswith("n")] == [
        "nسارامحمدی|shop:10445",
        "nمحمدعلیکاظمی|shop:AB-77",
        "nمحمدیسارا|shop:10445",
        "nکاظمیمحمدعلی|shop:AB-77",
    ]
    for query in ("محمدی", "سارا", "سارا محمدی", "محمدی سارا", "4567", "ref-5521", "سفارش ۱۰۴۴۵"):
        assert (await asked(desk, query)).headers.get("Location") == f"{FOUND}10445", query
    for query in ("کاظمی", "محمدعلی", "محمد علی کاظمی", "كاظمي علی", "8877", "tpx88a1", "ab77", "778899001"):
        assert (await asked(desk, query)).headers.get("Location") == f"{FOUND}AB-77", query


async def test_who_is_erased_is_found_no_more(desk: Desk, redis: Redis, service: Service, tmp_path: Path) -> None:
    keys, archive = Keys(partition_of(SARA["phone"], 1)), Archive(tmp_path / "archive")
    await Customers(redis, service.reader, desk.clock, archive, timedelta(days=365)).erase(SARA["phone"])
    left = b" ".join(await redis.zrange(keys.found_by, 0, -1)).decode()
    assert "سارا" not in left
    assert not await redis.exists(keys.phone_ends("567"))
    assert "سفارشی پیدا نشد" in (await asked(desk, "سارا")).words


@pytest.mark.parametrize("query", ["|", "[", "\x00", "نام|shop:10445", "a" * 5000, "%", "٪۲۰", "سفارش", "«»", "+"])
async def test_anything_may_be_asked(desk: Desk, query: str) -> None:
    assert (await asked(desk, query)).status in (200, 303)
