"""What the console says: reasons instead of numbers, toman as on screen, days with their hour."""

import csv
import io
from datetime import timedelta

import pytest
from console_browser import Desk, hire
from shops import Client, StandardShop, send_all

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.service.process import Service

pytestmark = pytest.mark.slow


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def rows(desk: Desk, path: str) -> list[dict[str, str]]:
    page = await desk.boss.get(path)
    return list(csv.DictReader(io.StringIO(page.text[1:])))


async def test_an_expired_sign_in_is_told_under_its_own_heading(desk: Desk) -> None:
    desk.sara.cookies.clear()
    page = await desk.sara.post_bare("/calls/1/claim")
    assert page.status == 403
    assert "<h1>ورود منقضی شده است</h1>" in page.text
    assert "ورود شما منقضی شده است؛ دوباره وارد شوید." in page.words
    assert "اجازهٔ این کار را ندارید" not in page.words


async def test_sums_in_a_sheet_are_toman_as_on_the_page(desk: Desk, clock: StillClock) -> None:
    await desk.event(EventType.PAID)
    await send_all(desk.service, clock)
    assert "۱۸٬۵۰۰٬۰۰۰ تومان" in (await desk.boss.get("/orders")).words
    (order,) = await rows(desk, "/orders?as=csv")
    assert order["مبلغ (تومان)"] == "18500000"
    for path in ("/orders?as=csv", "/orders/shop/10025?as=csv", "/figures?of=days&as=csv", "/texts?as=csv"):
        assert not [head for row in await rows(desk, path) for head in row if "ریال" in head], path


async def test_refused_webhooks_are_sorted_by_reason(desk: Desk) -> None:
    words = (await desk.boss.get("/deliveries")).words
    for said in ("وضعیت ناشناخته", "JSON نبود", "امضا درست نبود", "شکل رویداد نادرست", "بیش از اندازه بزرگ"):
        assert said in words
    assert not [number for number in ("۴۰۱", "401", "۴۲۲", "422", "۴۱۳", "413") if number in words]


async def test_a_call_is_planned_for_a_day_and_its_hour(desk: Desk) -> None:
    await desk.event(EventType.PAID)
    words = (await desk.sara.get("/orders/shop/10025")).words
    for said in ("امروز ۱۰:۰۰", "امروز ۱۱:۰۰", "فردا ۱۰:۰۰"):
        assert said in words
    assert "فردا همین ساعت" not in words


async def test_how_long_a_deposit_waits_is_told_with_hours(desk: Desk, clock: StillClock) -> None:
    await desk.deposit("10027")
    clock.turn(timedelta(days=2, hours=5, minutes=10))
    assert "۲ روز و ۵ ساعت منتظر" in (await desk.boss.get("/deposits")).words
