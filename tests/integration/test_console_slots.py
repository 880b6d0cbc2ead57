"""The desk agrees upon a time of delivery: on the card of a call, on the page of an order, in two tabs at once."""

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from console_browser import Browser, Desk, Page, hire
from shops import ApiUser, Client, StandardShop
from test_slot_places import EVENING, MORNING, PATH, SLOTS

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.calls import CallState, Purpose
from notifier.domain.events import AgreedTime, EventType
from notifier.domain.orders import Order
from notifier.service.process import Service
from notifier.store.audit import Act, Wanted
from notifier.store.audit import read as read_audit

E = EventType
ORDER = "/orders/shop/10025"


@pytest.fixture
def config(make_config: Any) -> Config:
    config: Config = make_config(delivery__slots=SLOTS)
    return config


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


async def cash_call(desk: Desk, order_id: str = "10025", phone: str = "09121234567") -> tuple[str, Browser]:
    customer = {"name": "سارا محمدی", "phone": phone, "city": "تهران"}
    planned = await desk.event(E.REGISTERED, order_id, customer=customer, payment={"method": "cash"})
    (call,) = planned["calls"]
    assert call["purpose"] == Purpose.COORDINATION
    await desk.tick()
    await desk.tick(minutes=1)
    return call["id"], await desk.whose(call["id"])


async def order_of(desk: Desk, order_id: str = "10025") -> Order:
    found = await desk.service.reader.order("shop", order_id)
    assert found is not None
    return found


async def free(api: ApiUser) -> dict[str, int]:
    return {item["from"]: item["free"] for item in (await api.get(PATH)).body["items"]}


def form_of(page: Page, action: str) -> dict[str, str]:
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    assert found, action
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found[1]))


async def outcome(agent: Browser, call_id: str, **form: str) -> Page:
    seen = form_of(await agent.get(f"/calls/{call_id}"), f"/console/calls/{call_id}/outcome")
    return await agent.post(f"/calls/{call_id}/outcome", **{**seen, "outcome": "reached", **form})


async def test_the_card_offers_free_slots_and_saves_both(desk: Desk, api: ApiUser) -> None:
    call_id, agent = await cash_call(desk)
    page = await agent.get(f"/calls/{call_id}")
    assert "سه‌شنبه ۱۰ آذر" in page.words
    assert "ساعت ۱۶ تا ۱۹ ۱ جای خالی" in page.words
    page = await outcome(agent, call_id, delivery=str(EVENING), note="زنگ دوم")
    assert "زمان تحویل: سه‌شنبه ۱۰ آذر، ساعت ۱۶ تا ۱۹" in page.words
    assert (await desk.call(call_id)).state is CallState.DONE
    order = await order_of(desk)
    assert order.delivery == EVENING
    assert (await free(api))["16:00"] == 0
    page = await agent.get(ORDER)
    assert "زمان تحویل هماهنگ شد" in page.words
    story = (await api.get("/orders/10025")).body
    assert [one["template"] for one in story["messages"]][-2:] == ["delivery_agreed", "delivery_reminder"]
    (line,) = [one for one in story["timeline"] if one["what"] == "delivery.agreed"]
    assert line["extra"]["by"] in ("sara", "reza")


async def test_spoken_without_a_time_agrees_upon_none(desk: Desk) -> None:
    call_id, agent = await cash_call(desk)
    await outcome(agent, call_id, delivery="")
    assert (await order_of(desk)).delivery is None


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"delivery": str(AgreedTime(date(2026, 11, 22), time(16), time(19)))}, "این زمان گذشته است"),
        ({"delivery": str(AgreedTime(date(2026, 12, 4), time(16), time(19)))}, "در بازه‌های تحویل نیست"),
        ({"delivery": str(AgreedTime(date(2027, 3, 21), time(16), time(19)))}, "این روز تعطیل است"),
        ({"delivery": str(AgreedTime(date(2026, 11, 24), time(9), time(12)))}, "برای شهر این سفارش نیست"),
        ({"delivery": str(AgreedTime(date(2026, 12, 30), time(16), time(19)))}, "هنوز باز نشده است"),
        ({"delivery": "tomorrow"}, "این زمان تحویل خوانده نشد"),
        ({"delivery": "own"}, "روز تحویل را انتخاب کنید"),
        (
            {"delivery": "own", "delivery_day": "2026-12-01", "delivery_from": "19:00", "delivery_to": "16:00"},
            "پایان زمان تحویل باید پس از آغاز آن باشد",
        ),
        ({"delivery": str(EVENING), "delivery_order": "shop:999"}, "این تماس دربارهٔ آن سفارش نیست"),
    ],
)
async def test_a_time_that_cannot_be_is_refused_in_one_sentence_and_the_note_stays(
    desk: Desk, form: dict[str, str], said: str
) -> None:
    call_id, agent = await cash_call(desk)
    page = await outcome(agent, call_id, note="کلید دست نگهبان است", **form)
    assert page.status == 422
    assert said in page.words
    assert ">کلید دست نگهبان است</textarea>" in page.text
    assert (await desk.call(call_id)).is_open
    assert (await order_of(desk)).delivery is None


async def test_the_last_place_goes_to_one_of_two_cards(desk: Desk, api: ApiUser) -> None:
    first, agent = await cash_call(desk)
    second, other = await cash_call(desk, "10026", "09121234568")
    await outcome(agent, first, delivery=str(EVENING))
    page = await outcome(other, second, delivery=str(EVENING), note="عصر خانه است")
    assert "ظرفیت این بازه همین حالا پر شد" in page.words
    assert ">عصر خانه است</textarea>" in page.text
    assert (await desk.call(second)).is_open
    assert (await free(api))["16:00"] == 0


async def test_another_time_is_agreed_upon_and_marked(desk: Desk) -> None:
    call_id, agent = await cash_call(desk)
    own = {"delivery": "own", "delivery_day": "2026-12-01", "delivery_from": "20:00", "delivery_to": "21:30"}
    await outcome(agent, call_id, **own)
    page = await agent.get(ORDER)
    assert "سه‌شنبه ۱۰ آذر، ساعت ۲۰ تا ۲۱:۳۰" in page.words
    assert "بیرون از بازه‌های تحویل" in page.words


async def test_undoing_the_outcome_gives_the_time_back(desk: Desk, api: ApiUser, clock: StillClock) -> None:
    call_id, agent = await cash_call(desk)
    page = await outcome(agent, call_id, delivery=str(EVENING))
    clock.turn(timedelta(seconds=5))
    path = f"/calls/{call_id}/undo"
    page = await agent.post(path, **form_of(page, f"/console{path}"))
    assert "پس گرفته شد" in page.words
    assert (await order_of(desk)).delivery is None
    assert await free(api) == {"10:00": 2, "16:00": 1}
    call = await desk.call(call_id)
    assert call.is_open
    assert [reason.purpose for reason in call.reasons] == [Purpose.COORDINATION]
    story = (await api.get("/orders/10025")).body
    assert "delivery_released" not in [one["template"] for one in story["messages"]]
    reminders = [one["state"] for one in story["messages"] if one["template"] == "delivery_reminder"]
    assert reminders == ["cancelled"]


async def test_a_stale_card_keeps_no_place(desk: Desk, api: ApiUser) -> None:
    call_id, agent = await cash_call(desk)
    other = desk.reza if agent is desk.sara else desk.sara
    seen = form_of(await agent.get(f"/calls/{call_id}"), f"/console/calls/{call_id}/outcome")
    theirs = form_of(await other.get(f"/calls/{call_id}"), f"/console/calls/{call_id}/outcome")
    await other.post(f"/calls/{call_id}/outcome", **theirs, outcome="no_answer")
    page = await agent.post(f"/calls/{call_id}/outcome", **seen, outcome="reached", delivery=str(EVENING))
    assert page.status == 409
    assert (await order_of(desk)).delivery is None
    assert (await free(api))["16:00"] == 1


async def test_the_page_of_an_order_agrees_changes_and_gives_up(desk: Desk, api: ApiUser, clock: StillClock) -> None:
    await cash_call(desk)
    seen = form_of(await desk.sara.get(ORDER), f"/console{ORDER}/delivery")
    page = await desk.sara.post(f"{ORDER}/delivery", **seen, delivery=str(EVENING))
    assert "زمان تحویل: سه‌شنبه ۱۰ آذر، ساعت ۱۶ تا ۱۹" in page.words
    clock.turn(timedelta(seconds=1))
    stale = await desk.sara.post(f"{ORDER}/delivery", **seen, delivery=str(MORNING))  # in a tab of before
    assert stale.status == 409
    assert "در این میان تغییر کرده است" in stale.words
    now = form_of(await desk.sara.get(ORDER), f"/console{ORDER}/delivery")
    await desk.sara.post(f"{ORDER}/delivery", **now, delivery=str(MORNING))
    assert (await order_of(desk)).delivery == MORNING
    assert await free(api) == {"10:00": 1, "16:00": 1}
    clock.turn(timedelta(seconds=1))
    now = form_of(await desk.sara.get(ORDER), f"/console{ORDER}/delivery")
    page = await desk.sara.post(f"{ORDER}/delivery", **now, do="release")
    assert "زمان تحویل لغو شد" in page.words
    assert (await order_of(desk)).delivery is None
    acts = [line.act async for _, line in read_audit(desk.service.reader, Wanted())]
    assert {Act.TIME_AGREED, Act.TIME_RELEASED} <= set(acts)


async def test_without_slots_the_card_says_nothing_of_them(
    make_config: Any, clock: StillClock, redis: Any, aiohttp_client: Any
) -> None:
    async with Service(make_config(), clock=clock, roles=["web"]) as service:
        client = await aiohttp_client(service.app)
        await hire(service)
        quiet = Desk(client, StandardShop(client, clock), service, clock)
        await quiet.open()
        call_id, agent = await cash_call(quiet)
        assert 'name="delivery"' not in (await agent.get(f"/calls/{call_id}")).text
        assert 'name="delivery"' not in (await agent.get(ORDER)).text
