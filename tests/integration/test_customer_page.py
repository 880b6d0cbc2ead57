"""The customer's page: who has its address sees the order and answers about it, and nobody else does either."""

import io
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from console_browser import Page
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.config.loading import in_data_dir
from notifier.domain.events import EventType
from notifier.domain.orders import Order
from notifier.practice import standard
from notifier.service.process import Service
from notifier.store.page_tokens import new_token

BASE = "https://order.shop.example"
ISFAHAN = {"name": "سیده سارا محمدی", "phone": "09121234567", "city": "اصفهان"}
TRANSFER = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR"}
TEHRAN_ONLINE: dict[str, Any] = {}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
_INPUT = re.compile(r'name="(once|key)" value="([^"]+)"')


@pytest.fixture
def settings() -> dict[str, Any]:
    return {}


@pytest.fixture
def config(make_config: Any, tmp_path: Path, settings: dict[str, Any]) -> Config:
    ours = {"customer_page__enabled": True, "customer_page__base": BASE}
    return in_data_dir(make_config(**ours | settings), tmp_path / "data")


@dataclass(slots=True)
class Customer:
    """A customer with the address of a page: no cookies, no scripts."""

    client: Client
    shop: StandardShop
    service: Service
    clock: StillClock
    token: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    async def event(self, kind: EventType, order: str = "10025", **data: Any) -> None:
        self.clock.turn(timedelta(seconds=1))
        payload = standard.event(kind, at=self.clock.now(), order_id=order)
        payload["data"] |= data
        answer = await self.shop.post(payload)
        assert answer.status == 202

    async def order(self, number: str = "10025") -> Order:
        found = await self.service.reader.order("shop", number)
        assert found
        return found

    async def orders(self, number: str = "10025", **about: Any) -> None:
        """Place an order, and have the address of its page."""
        await self.event(EventType.REGISTERED, number, **about)
        self.token = (await self.order(number)).page_token or ""

    async def look(self, token: str | None = None, query: str = "", **more: Any) -> Page:
        async with self.client.get(f"/o/{token or self.token}{query}", allow_redirects=False, **more) as answer:
            page = Page(answer.status, await answer.text(), dict(answer.headers))
        self.keys |= dict(_INPUT.findall(page.text))
        return page

    async def send(
        self, answer: str, *, picture: bytes | None = None, token: str = "", headers: Any = None, **typed: str
    ) -> Page:
        form = aiohttp.FormData()
        for name, value in (self.keys | typed).items():
            form.add_field(name, value)
        if picture is not None:
            form.add_field("picture", io.BytesIO(picture), filename="../رسید.exe", content_type="text/html")
        path = f"/o/{token or self.token}/{answer}"
        async with self.client.post(path, data=form, headers=headers, allow_redirects=False) as found:
            page = Page(found.status, await found.text(), dict(found.headers))
        self.keys |= dict(_INPUT.findall(page.text))
        return page

    async def follow(self, page: Page) -> Page:
        assert page.status == 303
        async with self.client.get(page.headers["Location"]) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers))

    async def story(self, kind: EventType, number: str = "10025") -> list[Any]:
        told = await self.service.reader.story(await self.order(number))
        return [line for line in told.timeline if line.what == kind]


@pytest.fixture
def customer(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Customer:
    return Customer(client, shop, service, clock)


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_token_is_made_with_the_order_and_stays(customer: Customer, api: ApiUser, redis: Redis) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    assert re.fullmatch("[0-9A-Za-z]{22}", customer.token)
    await customer.event(EventType.DEPOSIT_REPORTED, customer=ISFAHAN, payment=TRANSFER | {"reference": "1"})
    assert (await customer.order()).page_token == customer.token
    assert (await api.get("/orders/10025")).body["customer_page"] == f"/o/{customer.token}"
    assert (await customer.look()).status == 200
    async for key in redis.scan_iter("*"):
        assert customer.token.encode() not in key
    first = customer.token
    await customer.orders("10026", customer=ISFAHAN, payment=TRANSFER)
    assert customer.token != first


@pytest.mark.parametrize("settings", [{"customer_page__enabled": False}])
async def test_without_the_section_there_is_no_page_and_no_token(customer: Customer, api: ApiUser) -> None:
    await customer.orders(customer=ISFAHAN)
    assert customer.token == ""
    assert (await api.get("/orders/10025")).body["customer_page"] is None
    assert (await customer.look(new_token())).status == 404


async def test_the_page_tells_where_the_order_is_and_no_more_of_its_customer(customer: Customer) -> None:
    await customer.orders(customer=ISFAHAN, payment=TRANSFER)
    page = await customer.look()
    for said in (
        "سفارش ۱۰۰۲۵",
        "سیده سارا",
        "۰۹۱۲***۴۵۶۷",
        "منتظر واریز شما هستیم.",
        "تا سه‌شنبه ۳ آذر ساعت ۱۰:۰۰",
        "شیائومی سیتی",
        "۰۲۱۹۱۰۰۱۲۳۴",
        "۷ روز پس از تحویل",
        "خبر واریز",
    ):
        assert said in page.words
    for hidden in ("محمدی", "09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "اصفهان"):
        assert hidden not in page.text
    assert len(page.text.encode()) < 30_000
