"""Parcels that speak for themselves: each carrier's day over real HTTP, and what goes wrong with them."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from shops import ApiUser, Client, StandardShop
from standins.carriers import KEY, CarrierFault, Carriers

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.intake.replaying import ReplayOutcome
from notifier.service.process import Service
from notifier.store.keys import Keys

NOW = datetime(2026, 11, 21, 10, tzinfo=TEHRAN)  # a Saturday
CODE, OTHER = "123456789012345678901234", "99900000000000001"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TOKEN = "secret-part-of-the-address"
WAYS = {
    "on the way": "in_transit",
    "with courier": "out_for_delivery",
    "handed over": "delivered",
    "nobody in": "attempt_failed",
}


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def carriers() -> Carriers:
    return Carriers()


@pytest.fixture
async def carriers_url(carriers: Carriers, aiohttp_server: Any) -> AsyncIterator[str]:
    server = await aiohttp_server(carriers.app())
    yield str(server.make_url("")).rstrip("/")
    carriers.release.set()


@pytest.fixture
def config(make_config: Callable[..., Config], carriers_url: str) -> Config:
    key = {"api_key": KEY, "timeout": "1s"}
    return make_config(
        carriers={
            "tapin": {"kind": "tapin", "shop_id": "s1", "base_url": f"{carriers_url}/tapin", **key},
            "postex": {"kind": "postex", "base_url": f"{carriers_url}/postex", **key},
            "chapar": {"kind": "chapar", "base_url": f"{carriers_url}/chapar", "callback_token": TOKEN, **key},
            "alopeyk": {"kind": "alopeyk", "base_url": f"{carriers_url}/alopeyk", **key},
            "mahex": {
                "kind": "http",
                "names": ["ماهکس"],
                "url": f"{carriers_url}/other/{{code}}",
                "headers": {"X-Key": KEY},
                "timeout": "1s",
                "callback_token": TOKEN,
                "fields": {"steps": "way", "code": "parcel", "word": "state", "time": "when", "place": "where"},
                "words": WAYS,
            },
        }
    )


NAMES = {"tapin": "پست پیشتاز", "postex": "پستکس", "chapar": "چاپار", "alopeyk": "الوپیک", "mahex": "ماهکس"}
WORDS = {
    "tapin": ("5", "7"),
    "postex": ("رهسپاری از مبدأ", "تحویل به گیرنده"),
    "chapar": ("در حال ارسال به هاب مقصد", "تحویل گیرنده شد"),
    "alopeyk": ("delivering", "delivered"),
    "mahex": ("on the way", "handed over"),
}


async def ship(
    shop: StandardShop, clock: StillClock, carrier: str, *, order: str = "10025", code: str = CODE, **more: Any
) -> None:
    customer = {"name": "سارا", "phone": "09121234567", "city": "شیراز"}
    payment = {"method": "online", "amount": 1_000_000, "currency": "IRR"}
    for kind, data in (
        ("order.registered", {"customer": customer, "payment": payment}),
        ("payment.succeeded", {"payment": payment | {"reference": "5551"}}),
        ("order.shipped", {"shipment": {"carrier": NAMES[carrier], "tracking_code": code}} | more),
    ):
        answer = await shop.post(
            {"type": kind, "timestamp": clock.now().isoformat(), "data": {"order_id": order, **data}}
        )
        assert answer.status == 202, answer.body


async def pass_time(service: Service, clock: StillClock, span: timedelta, *, step: timedelta = 20 * MINUTE) -> int:
    """Turn the clock on, going round as the service would."""
    asked, end = 0, clock.now() + span
    while clock.now() < end:
        asked += await service.carrying.rounds.tick()
        clock.turn(min(step, end - clock.now()))
    return asked + await service.carrying.rounds.tick()


async def story(api: ApiUser, order: str = "10025") -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/orders/{order}")).body
    return found


def heard(found: dict[str, Any]) -> list[str]:
    return [line["what"] for line in found["timeline"] if line["kind"] == "event"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_parcels_day(
    name: str, shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, name)
    way, delivered = WORDS[name]
    carriers.put(CODE, way, clock.now() + HOUR, "شیراز")
    await pass_time(service, clock, 8 * HOUR)
    (parcel,) = (await story(api))["parcels"]
    assert (parcel["code"], parcel["source"]) == (CODE, f"carrier:{name}")
    assert parcel["movement"] == ("out_for_delivery" if name == "alopeyk" else "in_transit")
    assert parcel["steps"][-1]["words"] == way
    carriers.put(CODE, delivered, clock.now() + MINUTE)
    await pass_time(service, clock, 8 * HOUR)
    found = await story(api)
    assert found["parcels"][0]["movement"] == "delivered"
    assert heard(found)[-1] == "order.delivered"
    (said,) = [line for line in found["timeline"] if line["what"] == "order.delivered"]
    assert said["extra"]["source"] == f"carrier:{name}"
    stored = await service.redis.hgetall(Keys(0).trails("shop", "10025"))
    assert all(secret not in str(stored) for secret in ("0912", "کریمی", "خیابان"))
    before = carriers.asked.total()
    await pass_time(service, clock, 48 * HOUR, step=HOUR)
    assert carriers.asked.total() == before, "nothing is under way any more"


@pytest.mark.parametrize("name", ["mahex", "chapar"])
async def test_an_unknown_word_is_shown_and_told_to_nobody(
    name: str, shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, name)
    before = heard(await story(api))
    carriers.put(CODE, "آماده تحویل به گیرنده است", clock.now() + HOUR)
    await pass_time(service, clock, 8 * HOUR)
    found = await story(api)
    assert [step["movement"] for step in found["parcels"][0]["steps"]] == ["unknown"]
    assert found["parcels"][0]["steps"][0]["words"] == "آماده تحویل به گیرنده است"
    assert heard(found) == before
    await service.rejections.write()
    (kept,), _ = await service.replayer.book.page(source=f"carrier:{name}", size=10)
    assert kept.status == 200
    assert f"[carriers.{name}.words]" in kept.reason
    assert (await service.replayer.replay(kept)).became is ReplayOutcome.REFUSED


@pytest.mark.parametrize("fault", CarrierFault)
@pytest.mark.parametrize("name", NAMES)
async def test_a_fault_is_no_stage(
    fault: CarrierFault,
    name: str,
    shop: StandardShop,
    clock: StillClock,
    service: Service,
    carriers: Carriers,
    api: ApiUser,
) -> None:
    if fault is CarrierFault.SLOW:
        carriers.release.set()
    await ship(shop, clock, name)
    before = heard(await story(api))
    carriers.put(CODE, WORDS[name][1], clock.now() + HOUR)
    carriers.fault = fault
    await pass_time(service, clock, 8 * HOUR)
    feeds = name in ("tapin", "postex")
    applies = (feeds and fault is CarrierFault.OTHERS) or (not feeds and fault is CarrierFault.CHANGED)
    found = await story(api)
    if applies:  # this carrier has no such fault
        return
    assert heard(found) == before
    assert all(parcel["steps"] == [] for parcel in found["parcels"])
    odd = {CarrierFault.HTML, CarrierFault.OTHERS, CarrierFault.CHANGED, CarrierFault.DEEP, CarrierFault.ODD}
    if fault in odd | {CarrierFault.ELSEWHERE}:
        await service.rejections.write()
        kept, _ = await service.replayer.book.page(source=f"carrier:{name}", size=10)
        assert kept
        assert all("09121112233" not in one.body and "کریمی" not in one.body for one in kept)
    carriers.fault = None
    await pass_time(service, clock, 20 * HOUR)
    assert heard(await story(api))[-1] == "order.delivered", (await story(api))["parcels"]


async def test_a_failing_carrier_is_left_alone_longer_and_longer(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers
) -> None:
    await ship(shop, clock, "chapar")
    await ship(shop, clock, "mahex", order="10026", code="M-55501")
    carriers.fault = CarrierFault.BROKEN
    await pass_time(service, clock, 48 * HOUR, step=5 * MINUTE)
    assert 6 <= carriers.asked["chapar"] <= 20
    assert 6 <= carriers.asked["other"] <= 20


async def test_a_parcel_that_stands_still_is_called_about_once_until_it_moves(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, "mahex")
    carriers.put(CODE, "on the way", clock.now() + HOUR, "اصفهان")
    await pass_time(service, clock, timedelta(days=2, hours=23), step=HOUR)
    assert "shipment.stalled" not in heard(await story(api))
    await pass_time(service, clock, timedelta(days=2), step=HOUR)
    found = await story(api)
    assert heard(found).count("shipment.stalled") == 1
    (call,) = [one for one in found["calls"] if any(part["purpose"] == "stalled_parcel" for part in one["reasons"])]
    assert call["state"] in ("scheduled", "due")
    await pass_time(service, clock, timedelta(days=3), step=HOUR)
    assert heard(await story(api)).count("shipment.stalled") == 1
    carriers.put(CODE, "on the way", clock.now(), "شیراز")
    await pass_time(service, clock, 8 * HOUR, step=HOUR)
    found = await story(api)
    gone = [line["what"] for line in found["timeline"] if line["kind"] == "call_cancelled"]
    assert gone.count("stalled_parcel") == 1
    assert len([one for one in found["messages"] if "shipped" in one["template"]]) == 1
    await pass_time(service, clock, timedelta(days=6), step=HOUR)
    assert heard(await story(api)).count("shipment.stalled") == 2
    carriers.put(CODE, "handed over", clock.now())
    await pass_time(service, clock, 8 * HOUR, step=HOUR)
    found = await story(api)
    gone = [line["what"] for line in found["timeline"] if line["kind"] == "call_cancelled"]
    assert gone.count("stalled_parcel") == 2
    assert heard(found)[-1] == "order.delivered"


async def test_a_carrier_that_does_not_answer_is_no_parcel_that_stands_still(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, "mahex")
    carriers.fault = CarrierFault.BROKEN
    await pass_time(service, clock, timedelta(days=10), step=HOUR)
    assert "shipment.stalled" not in heard(await story(api))


async def test_a_parcel_that_turns_back_is_called_about_at_once(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, "chapar")
    carriers.put(CODE, "برگشت به فرستنده", clock.now() + HOUR)
    await pass_time(service, clock, 8 * HOUR)
    found = await story(api)
    assert heard(found)[-1] == "shipment.stalled"
    assert found["parcels"][0]["movement"] == "returning"
    carriers.put(CODE, "ورود به هاب مبدأ", clock.now())
    await pass_time(service, clock, 8 * HOUR)
    found = await story(api)
    assert found["parcels"][0]["movement"] == "returning"
    assert [
        line for line in found["timeline"] if line["kind"] == "call_cancelled" and line["what"] == "stalled_parcel"
    ] == []


async def test_an_order_of_two_parcels_is_delivered_with_the_last(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, "mahex")
    await shop.post(
        {
            "type": "order.shipped",
            "timestamp": clock.now().isoformat(),
            "data": {"order_id": "10025", "shipment": {"carrier": "ماهکس", "tracking_code": OTHER}},
        }
    )
    carriers.put(CODE, "handed over", clock.now() + HOUR)
    await pass_time(service, clock, 8 * HOUR)
    assert "order.delivered" not in heard(await story(api))
    carriers.put(OTHER, "handed over", clock.now())
    await pass_time(service, clock, 8 * HOUR)
    assert heard(await story(api))[-1] == "order.delivered"


async def test_a_callback_has_the_parcel_asked_for(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser, client: Client
) -> None:
    await ship(shop, clock, "chapar", code=OTHER)
    await service.carrying.rounds.tick()
    news = {"location": "شیراز", "date": "2026-11-21", "status": "OK", "comments": "تحویل گیرنده شد"}
    place = f"/callbacks/carriers/chapar/{TOKEN}?code={OTHER}"
    assert (await client.post(place, json=news)).status == 200
    clock.turn(2 * MINUTE)
    await service.carrying.rounds.tick()
    assert carriers.asked["chapar"] == 1, "what anybody could have posted is asked for"
    assert "order.delivered" not in heard(await story(api))
    carriers.put(OTHER, "تحویل گیرنده شد", clock.now())
    assert (await client.post(place, json=news)).status == 200
    clock.turn(2 * MINUTE)
    await service.carrying.rounds.tick()
    assert heard(await story(api))[-1] == "order.delivered"
    for wrong in (
        "/callbacks/carriers/chapar/wrong",
        f"/callbacks/carriers/tapin/{TOKEN}",
        f"/callbacks/carriers/no/{TOKEN}",
    ):
        assert (await client.post(wrong, json=news)).status == 404
    assert (await client.post(f"/callbacks/carriers/chapar/{TOKEN}", data=b"\xff<html>")).status == 200
    await service.rejections.write()
    kept, _ = await service.replayer.book.page(source="carrier:chapar", size=10)
    assert kept


async def test_the_report_of_a_day_is_read_page_by_page(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, "tapin")
    for number in range(250):
        carriers.put(f"{number:024}", "5", clock.now() + HOUR)
    carriers.put(CODE, "7", clock.now() + HOUR)
    await pass_time(service, clock, 3 * HOUR)
    assert heard(await story(api))[-1] == "order.delivered"
    assert {one["page"] for one in carriers.seen} == {1, 2, 3}
    assert {one["date"] for one in carriers.seen} == {"1405-08-30"}


async def test_the_orders_page_shows_the_way(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers
) -> None:
    await ship(shop, clock, "mahex")
    carriers.put(CODE, "on the way", clock.now() + HOUR, "<b>شیراز</b>")
    await pass_time(service, clock, 8 * HOUR)
    from notifier.console.parcels import parcel_ways

    order = await service.reader.order("shop", "10025")
    assert order is not None
    (parcel,) = parcel_ways(order, (await service.reader.story(order)).trails)
    assert (parcel.stands, [step.words for step in parcel.steps]) == ("در راه", ["on the way"])


async def test_the_same_is_said_twice_when_a_process_dies_between_news_and_trail(
    shop: StandardShop, clock: StillClock, service: Service, carriers: Carriers, api: ApiUser
) -> None:
    await ship(shop, clock, "mahex")
    carriers.put(CODE, "with courier", clock.now() + HOUR)
    await pass_time(service, clock, 8 * HOUR)
    before = await story(api)
    keys = Keys(0)
    await service.redis.delete(keys.trails("shop", "10025"))  # as if it had died before it wrote
    await service.redis.zadd(keys.under_way, {"shop:10025": 0})
    await pass_time(service, clock, HOUR)
    found = await story(api)
    assert found["parcels"][0]["movement"] == "out_for_delivery"
    assert len(found["messages"]) == len(before["messages"])
    assert json.dumps(heard(found)) == json.dumps(heard(before))
