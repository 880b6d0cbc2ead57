"""The address of one's own calendar: made, renewed and ended at one's own page, and written down."""

import re
from collections.abc import Callable

import pytest
from console_browser import Browser, Desk, hire
from msgspec.structs import replace
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.config import Config
from notifier.service.process import Service
from notifier.store import audit
from notifier.store.audit import Act, Wanted
from notifier.store.staff import Role

ADDRESS = re.compile(r'id="feed" value="([^"]+)"')


@pytest.fixture
def config(make_config: Callable[..., Config]) -> Config:
    return make_config(server__public_url="https://notifier.example/")


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def address_of(browser: Browser) -> str | None:
    found = ADDRESS.search((await browser.get("/me")).text)
    return found[1].removeprefix("https://notifier.example") if found else None


async def acts(service: Service) -> list[Act]:
    return [entry.act async for _, entry in audit.read(service.reader, Wanted()) if entry.about == entry.by == "sara"]


async def test_one_makes_renews_and_ends_it(desk: Desk, client: Client, service: Service) -> None:
    assert await address_of(desk.sara) is None
    assert (await desk.sara.post("/me/calendar")).status == 200
    first = await address_of(desk.sara)
    assert first
    answer = await client.get(first)
    assert (answer.status, answer.content_type) == (200, "text/calendar")
    await desk.sara.post("/me/calendar")
    second = await address_of(desk.sara)
    assert second
    assert ((await client.get(first)).status, (await client.get(second)).status) == (404, 200)
    for _ in range(2):
        assert (await desk.sara.post("/me/calendar/end")).status == 200
    assert await address_of(desk.sara) is None
    for path in (first, second, "/calendar/sara/.ics", "/calendar/sara/%20.ics"):
        assert (await client.get(path)).status == 404
    found = await acts(service)
    assert (found.count(Act.FEED_RENEWED), found.count(Act.FEED_ENDED)) == (2, 1)


async def test_nobody_elses_is_touched(desk: Desk, service: Service) -> None:
    await desk.reza.post("/me/calendar")
    hers, his = await service.staff.get("sara"), await service.staff.get("reza")
    assert hers
    assert his
    assert (hers.feed, bool(his.feed)) == ("", True)
    await desk.sara.post("/me/calendar/end", staff="reza")
    assert await service.staff.get("reza") == his


async def test_a_couriers_is_of_deliveries(desk: Desk, client: Client, service: Service) -> None:
    reza = await service.staff.get("reza")
    assert reza
    await service.staff.put(replace(reza, role=Role.COURIER))
    assert (await desk.reza.post("/me/calendar")).status == 200
    found = await address_of(desk.reza)
    assert found
    assert found.endswith("/deliveries.ics")
    assert (await client.get(found)).status == 200


class TestBeforeASecondFactor:
    """Who has only the password of an account that needs more gets no way to what customers said."""

    @pytest.fixture
    def config(self, make_config: Callable[..., Config]) -> Config:
        bot = {"token": "77001:AAsecretOfBale", "url": "http://127.0.0.1:1/tapi"}
        return make_config(console__second_factor="all", staff__channels={"bale": bot})

    async def test_no_way_out_is_opened(self, client: Client, service: Service) -> None:
        await hire(service)
        sara = await service.staff.get("sara")
        assert sara
        await service.staff.put(replace(sara, feed="hers"))
        browser = Browser(client)
        await browser.enter(service, "sara")
        page = await browser.get("/me")
        assert page.status == 200
        assert "hers" not in page.text
        assert "کد اتصال" not in page.text
        for path in ("calendar", "calendar/end", "channels/bale/code", "channels/order", "push"):
            assert (await browser.post(f"/me/{path}", up="sms")).status == 403, path
        assert await service.staff.get("sara") == replace(sara, feed="hers")
