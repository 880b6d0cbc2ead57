"""V8 of ASVS, data protection: who asks to be forgotten is, wherever and however their number stands."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from shops import StandardShop, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain import persian
from notifier.intake.dead_letters import DeadLetter
from notifier.retention.archive import Archive
from notifier.retention.backup import backup
from notifier.retention.customer import Customers
from notifier.retention.personal_data import forms_of, mentions
from notifier.service.process import Service
from notifier.store import keys as names
from notifier.store.records import encode

PHONE, OTHER = "09121234567", "09359876543"
PAID = "payment.succeeded__tehran_online"
WRITTEN = [
    PHONE,
    "+989121234567",
    "00989121234567",
    "0912 123 4567",
    "0912-123-45-67",
    "(0912) 1234567",
    "+98 912.123.4567",
    "0912\u200c123\u200c4567",
    "\u202d0912\u00a01234567\u202c",
    persian.digits(PHONE),
    "۰۹۱۲ ۱۲۳ ۴۵۶۷",
    "٠٩١٢١٢٣٤٥٦٧",
    "０９１２１２３４５６７",
]


@pytest.fixture
def config(make_config: Callable[..., Config], tmp_path: Path) -> Config:
    return make_config(redis__data_dir=tmp_path)


@pytest.fixture
def customers(service: Service, tmp_path: Path) -> Customers:
    return Customers(service.redis, service.reader, service.clock, Archive(tmp_path / "archive"), timedelta(days=365))


def event(order_id: str, *, phone: str = PHONE) -> Any:
    payload = standard_fixture(PAID)
    customer = payload["data"]["customer"] | {"phone": phone}
    return payload | {"data": payload["data"] | {"order_id": order_id, "customer": customer}}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("escaped", [True, False])
def test_a_number_is_found_however_it_is_written(written: str, escaped: bool) -> None:
    raw = json.dumps({"phone": written}, ensure_ascii=escaped).encode()
    assert mentions([raw], forms_of(PHONE))
    assert not mentions([raw], forms_of(OTHER))


def refused(number: int, body: Any, service: Service, **more: Any) -> DeadLetter:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return DeadLetter(
        **{
            "id": str(number),
            "at": service.clock.now(),
            "source": "shop",
            "status": 422,
            "reason": "x",
            "errors": [],
            "signed": True,
            "event_id": "",
            "headers": {},
            "body": text,
        }
        | more
    )


async def test_refused_deliveries_by_number_and_by_order(
    shop: StandardShop, service: Service, customers: Customers
) -> None:
    await shop.post(event("10025"))
    await shop.post(event("20025", phone=OTHER))
    theirs = [
        *({"customer": {"phone": written}} for written in WRITTEN),
        {"type": "x", "data": {"order_id": "10025", "customer": {"name": "سارا"}}},
        {"id": "10025", "billing": {"first_name": "سارا"}},
        {"order": {"number": "10025", "note": "سارا"}},
        "order_id=10025&name=sara",
        "phone=0912+123+4567&name=sara",
    ]
    others = [{"data": {"order_id": "20025"}}, {"price": 10025}, {"data": {"order_id": "100256"}}]
    book = service.rejections.book
    await book.add([refused(number, body, service) for number, body in enumerate([*theirs, *others])])
    await book.add([refused(900, {"id": "10025"}, service, source="woo")])  # another shop's order of that number
    erased = await customers.erase(PHONE)
    assert erased.counts["kept deliveries"] == len(theirs)
    left = {int(one) for one in await book.every()}
    assert left == {*range(len(theirs), len(theirs) + len(others)), 900}


async def test_news_that_says_the_order_alone(shop: StandardShop, service: Service, customers: Customers) -> None:
    await shop.post(event("10025"))
    keys = service.reader.everywhere[0]
    for number, body in enumerate([{"order_id": "10025", "note": "سارا"}, {"order_id": "20025"}]):
        entry = {"id": str(number), "topic": "call.completed", "body": {"data": {"source": "shop"} | body}}
        await service.redis.hset(keys.news("backend"), str(number), encode(entry))
        await service.redis.zadd(keys.news_due("backend"), {str(number): 1})
    erased = await customers.erase(PHONE)
    assert erased.counts["news"] == 1
    assert await service.redis.hkeys(keys.news("backend")) == [b"1"]
    assert await service.redis.zrange(keys.news_due("backend"), 0, -1) == [b"1"]


async def test_lines_that_imports_refused(
    shop: StandardShop, service: Service, customers: Customers, tmp_path: Path
) -> None:
    file, gone = tmp_path / "orders.jsonl.refused.jsonl", tmp_path / "gone.refused.jsonl"
    file.write_text('{"line": 1, "given": "0912 123 4567"}\n{"line": 2, "given": "09359876543"}\n')
    for path in (file, gone):
        await service.redis.sadd(names.LEFTOVERS, str(path))
    erased = await customers.erase(PHONE)
    assert erased.counts["lines of imports"] == 1
    assert file.read_text() == '{"line": 2, "given": "09359876543"}\n'
    assert await service.redis.smembers(names.LEFTOVERS) == {str(file).encode()}


@pytest.mark.process
async def test_the_append_only_file_holds_nothing_of_them(
    tmp_path: Path, clock: StillClock, make_config: Callable[..., Config], aiohttp_client: Any
) -> None:
    data = tmp_path / "data"
    config = make_config(redis__url="embedded", redis__data_dir=data)
    async with Service(config, clock=clock, roles=["web"]) as service:
        shop = StandardShop(await aiohttp_client(service.app), clock)
        await shop.post(event("10025"))
        await send_all(service, clock)
        assert found_in(data)
        await backup(service.redis, data, tmp_path / "backup.tar", now=clock.now())
        archive = Archive(data / "archive")
        erased = await Customers(service.redis, service.reader, clock, archive, timedelta(days=365)).erase(PHONE)
        assert found_in(data) == []
        assert any("Backups up to that of 2026-11-23" in line for line in erased.lines())


def found_in(folder: Path) -> list[str]:
    """The files in which the number stands still."""
    return [
        path.name for path in folder.rglob("*") if path.is_file() and mentions([path.read_bytes()], forms_of(PHONE))
    ]
