"""Places in slots of delivery: never more than a slot holds, never one lost, whoever presses and whoever dies."""

import asyncio
from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop, request

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.events import AgreedTime
from notifier.domain.orders import Order
from notifier.domain.slots import DeliverySlot, SlotRefusal
from notifier.intake.agreeing import SlotRefused, settle_places
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.store.slot_places import PATIENCE, PlaceTaken, SlotPlaces

WEEK = ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday"]
SLOTS = [
    {"region": "tehran", "weekday": WEEK, "from": "16:00", "to": "19:00", "places": 1},
    {"region": "tehran", "weekday": WEEK, "from": "10:00", "to": "13:00", "places": 2},
    {"region": "elsewhere", "weekday": "tuesday", "from": "09:00", "to": "12:00", "places": 3},
]
TUESDAY = date(2026, 12, 1)
EVENING = AgreedTime(TUESDAY, time(16), time(19))
MORNING = AgreedTime(TUESDAY, time(10), time(13))
PATH = "/slots?region=tehran&from=2026-12-01&to=2026-12-01"
BOTH = pytest.mark.parametrize("partitions", [1, 4])


@pytest.fixture
def config(make_config: Any) -> Config:
    config: Config = make_config(delivery__slots=SLOTS)
    return config


def said(agreed: AgreedTime) -> Mapping[str, str]:
    return {"date": agreed.date.isoformat(), "from": f"{agreed.start:%H:%M}", "to": f"{agreed.end:%H:%M}"}


class Slots:
    """A shop whose orders have times of delivery."""

    def __init__(self, shop: StandardShop, api: ApiUser, clock: StillClock, service: Service) -> None:
        self.shop, self.api, self.clock, self.service = shop, api, clock, service

    async def tell(self, kind: str, order_id: str = "1", **data: Any) -> Any:
        self.clock.turn(timedelta(seconds=1))
        answer = await self.shop.post(
            {"type": kind, "timestamp": self.clock.now().isoformat(), "data": {"order_id": order_id, **data}}
        )
        assert answer.status == 202, answer.body
        return answer.body

    async def register(self, order_id: str = "1", city: str = "تهران") -> Any:
        customer = {"name": "سارا محمدی", "phone": f"0912123{int(order_id):04}", "city": city}
        return await self.tell("order.registered", order_id, customer=customer, payment={"method": "cash"})

    async def agree(self, agreed: AgreedTime, order_id: str = "1", kind: str = "delivery.agreed") -> Any:
        return await self.tell(kind, order_id, delivery=said(agreed))

    async def order(self, order_id: str = "1") -> Order:
        found = await self.service.reader.order("shop", order_id)
        assert found is not None
        return found

    async def free(self, path: str = PATH) -> dict[str, int]:
        """What the slots have left, by the hour they begin at."""
        items = (await self.api.get(path)).body["items"]
        return {item["from"]: item["free"] for item in items}


@pytest.fixture
def slots(shop: StandardShop, api: ApiUser, clock: StillClock, service: Service) -> Slots:
    return Slots(shop, api, clock, service)


async def test_what_the_api_says_of_slots(slots: Slots, api: ApiUser) -> None:
    await slots.register()
    await slots.agree(MORNING)
    assert (await api.get(PATH)).body == {
        "items": [
            {
                "date": "2026-12-01",
                "from": "10:00",
                "to": "13:00",
                "region": "tehran",
                "places": 2,
                "free": 1,
                "offered": True,
            },
            {
                "date": "2026-12-01",
                "from": "16:00",
                "to": "19:00",
                "region": "tehran",
                "places": 1,
                "free": 1,
                "offered": True,
            },
        ]
    }
    today = (await api.get("/slots?region=tehran")).body["items"]
    assert today[0]["date"] == "2026-11-23"
    assert not today[0]["offered"]  # it begins at ten, and it is ten
    assert (await api.get("/slots?region=elsewhere")).body["items"][0]["date"] == "2026-11-24"


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("", "region must be one of"),
        ("?region=karaj", "region must be one of"),
        ("?region=tehran&from=1405-09-10", "from must be a day within"),
        ("?region=tehran&from=2026-13-01", "from must be a day such as"),
        ("?region=tehran&from=tomorrow", "from must be a day such as"),
        ("?region=tehran&from=", "from must be a day such as"),
        ("?region=tehran&to=20261201", "to must be a day such as"),
        ("?region=tehran&from=2026-12-02&to=2026-12-01", "is before from"),
        ("?region=tehran&from=2026-12-01&to=2027-12-01", "at most 62 days"),
        ("?region=tehran&to=9999-12-31", "at most 62 days"),
    ],
)
async def test_an_unclear_question_is_answered_so(api: ApiUser, query: str, about: str) -> None:
    answer = await api.get(f"/slots{query}")
    assert answer.status == 422
    assert answer.is_problem
    assert about in answer.body["detail"]


async def test_only_who_holds_a_token_is_told(client: Client) -> None:
    assert (await request(client, "GET", f"/api{PATH}", b"", {})).status == 401


@BOTH
async def test_news_takes_places_and_gives_them_back(slots: Slots) -> None:
    await slots.register()
    assert await slots.free() == {"10:00": 2, "16:00": 1}
    answer = await slots.agree(EVENING)
    assert answer["deliver_at"] == "2026-12-01T16:00:00+03:30"
    assert "delivery_mark" not in answer
    assert await slots.free() == {"10:00": 2, "16:00": 0}
    await slots.agree(MORNING, kind="delivery.changed")
    assert await slots.free() == {"10:00": 1, "16:00": 1}
    assert (await slots.tell("delivery.released"))["deliver_at"] is None
    assert await slots.free() == {"10:00": 2, "16:00": 1}


@BOTH
@pytest.mark.parametrize("end", ["order.cancelled", "order.delivered", "order.returned", "delivery.released"])
async def test_an_order_that_is_over_gives_its_place_back(slots: Slots, end: str) -> None:
    await slots.register()
    await slots.agree(EVENING)
    await slots.tell(end)
    assert await slots.free() == {"10:00": 2, "16:00": 1}


async def test_a_revived_order_has_its_time_and_place_again(slots: Slots) -> None:
    await slots.register()
    await slots.agree(EVENING)
    await slots.tell("order.cancelled")
    await slots.register()
    assert (await slots.free())["16:00"] == 0
    assert (await slots.order()).delivery == EVENING


async def test_what_a_shop_says_is_a_fact_and_marked(slots: Slots, api: ApiUser) -> None:
    for number in ("1", "2", "3", "4"):
        await slots.register(number)
    await slots.agree(EVENING, "1")
    assert (await slots.agree(EVENING, "2"))["delivery_mark"] == "over"
    assert (await slots.agree(AgreedTime(TUESDAY, time(20), time(21)), "3"))["delivery_mark"] == "outside"
    friday = AgreedTime(date(2026, 12, 4), time(16), time(19))
    assert (await slots.agree(friday, "4"))["delivery_mark"] == "outside"
    assert (await slots.free())["16:00"] == 0
    story = (await api.get("/orders/2")).body
    assert story["delivery"] == said(EVENING)
    assert story["deliver_at"] == "2026-12-01T16:00:00+03:30"
    (line,) = [one for one in story["timeline"] if one["what"] == "delivery.agreed"]
    assert line["extra"]["slot"] == "over"
    await slots.tell("delivery.released", "1")
    assert (await slots.free())["16:00"] == 0  # the second has it still
    await slots.tell("delivery.released", "2")
    assert (await slots.free())["16:00"] == 1


async def test_an_official_holiday_is_a_day_off(slots: Slots) -> None:
    await slots.register()
    holiday = AgreedTime(date(2027, 3, 21), time(16), time(19))  # Nowruz
    assert (await slots.agree(holiday))["delivery_mark"] == "day_off"


async def test_a_place_goes_with_the_region(slots: Slots) -> None:
    await slots.register(city="کرج")
    assert (await slots.agree(AgreedTime(TUESDAY, time(9), time(12)))).get("delivery_mark") is None
    karaj = "/slots?region=elsewhere&from=2026-12-01&to=2026-12-01"
    assert await slots.free(karaj) == {"09:00": 2}
    await slots.tell("order.preparing", customer={"city": "تهران"})
    assert await slots.free(karaj) == {"09:00": 3}


@BOTH
async def test_of_a_hundred_who_press_for_the_last_place_one_gets_it(slots: Slots, service: Service) -> None:
    await asyncio.gather(*(slots.register(str(number)) for number in range(100)))

    async def press(number: int) -> SlotRefusal | None:
        try:
            await service.agreeing.agree(await slots.order(str(number)), EVENING, by=None)
        except SlotRefused as refused:
            return refused.why
        return None

    pressed = await asyncio.gather(*(press(number) for number in range(100)))
    assert pressed.count(None) == 1
    assert pressed.count(SlotRefusal.FULL) == 99
    delivered = [(await slots.order(str(number))).delivery for number in range(100)]
    assert delivered.count(EVENING) == 1
    assert (await slots.free())["16:00"] == 0


async def test_whoever_has_the_place_may_press_again(slots: Slots, service: Service) -> None:
    await slots.register()
    before = await slots.order()
    await service.agreeing.agree(before, EVENING, by=None)
    await service.agreeing.agree(before, EVENING, by=None)  # in a tab that knows nothing of the first
    assert (await slots.order()).delivery == EVENING
    with pytest.raises(SlotRefused) as refused:
        await service.agreeing.agree(await slots.order(), MORNING, by=None, seen="")
    assert refused.value.why is SlotRefusal.CHANGED
    await service.agreeing.agree(await slots.order(), MORNING, by=None, seen=str(EVENING))
    assert await slots.free() == {"10:00": 1, "16:00": 1}


async def test_the_desk_may_agree_upon_any_time_to_come(slots: Slots, service: Service, clock: StillClock) -> None:
    await slots.register()
    late = AgreedTime(TUESDAY, time(20), time(21))
    with pytest.raises(SlotRefused) as refused:
        await service.agreeing.agree(await slots.order(), late, by="sara")
    assert refused.value.why is SlotRefusal.OUTSIDE
    await service.agreeing.agree(await slots.order(), late, by="sara", freely=True)
    assert (await slots.order()).delivery == late
    gone = AgreedTime(clock.now().date(), time(8), time(9))
    with pytest.raises(SlotRefused) as past:
        await service.agreeing.agree(await slots.order(), gone, by="sara", freely=True)
    assert past.value.why is SlotRefusal.PAST
    await slots.tell("order.cancelled")
    with pytest.raises(SlotRefused) as closed:
        await service.agreeing.agree(await slots.order(), EVENING, by="sara")
    assert closed.value.why is SlotRefusal.CLOSED


def _slot(service: Service, agreed: AgreedTime) -> DeliverySlot:
    slot = service.rulebook.timetable.slot("tehran", agreed)
    assert slot is not None
    return slot


async def test_a_place_whose_news_never_came_is_given_back(slots: Slots, service: Service, clock: StillClock) -> None:
    await slots.register()
    places = SlotPlaces(service.redis)
    slot = _slot(service, EVENING)
    assert await places.take([("shop", "1", slot)], clock.now()) == [PlaceTaken.IN]  # and here the process dies
    assert (await slots.free())["16:00"] == 0
    assert await service.places.tick() == 0  # the news may still be on its way
    assert (await slots.free())["16:00"] == 0
    clock.turn(PATIENCE)
    assert await service.places.tick() == 1
    assert (await slots.free())["16:00"] == 1
    assert await service.places.tick() == 0


async def test_a_place_of_news_on_disk_lasts_though_nobody_said_so(
    slots: Slots, service: Service, clock: StillClock, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await slots.register()
    await slots.agree(MORNING)

    async def dies(*_: object) -> None:
        raise ConnectionResetError("killed between the commit and what follows")

    with monkeypatch.context() as dying:
        dying.setattr("notifier.intake.committer.settle_places", dies)
        await slots.agree(EVENING, kind="delivery.changed")
    assert await slots.free() == {"10:00": 1, "16:00": 0}  # both are taken: too many rather than too few
    clock.turn(PATIENCE)
    assert await service.places.tick() == 1
    assert await slots.free() == {"10:00": 2, "16:00": 0}
    assert await redis.zcard("n:unsettled-places:{n:slots}") == 0


async def test_who_dies_before_a_release_is_settled_loses_no_place(
    slots: Slots, service: Service, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await slots.register()
    await slots.agree(EVENING)

    async def dies(*_: object) -> None:
        raise ConnectionResetError("killed between the commit and what follows")

    with monkeypatch.context() as dying:
        dying.setattr("notifier.intake.committer.settle_places", dies)
        await slots.tell("order.cancelled")
    clock.turn(PATIENCE)
    await service.places.tick()
    assert await slots.free() == {"10:00": 2, "16:00": 1}


async def test_an_older_reading_of_an_order_brings_no_place_back(
    slots: Slots, service: Service, clock: StillClock
) -> None:
    await slots.register()
    await slots.agree(EVENING)
    old = await slots.order()
    await slots.tell("delivery.released")

    await settle_places(SlotPlaces(service.redis), [old], service.rulebook, clock.now())
    assert (await slots.free())["16:00"] == 1


async def test_without_slots_nothing_is_counted_or_marked(
    make_config: Any, clock: StillClock, redis: Redis, aiohttp_client: Any
) -> None:
    async with Service(make_config(), clock=clock, roles=["web"]) as service:
        client = await aiohttp_client(service.app)
        quiet = Slots(StandardShop(client, clock), ApiUser(client), clock, service)
        await quiet.register()
        answer = await quiet.agree(EVENING)
        assert answer["deliver_at"] == "2026-12-01T16:00:00+03:30"
        assert "delivery_mark" not in answer
        assert await quiet.free() == {}
    assert [key async for key in redis.scan_iter("n:*n:slots*")] == []


async def test_with_a_customer_goes_their_place(
    slots: Slots, redis: Redis, service: Service, clock: StillClock, tmp_path: Path
) -> None:
    await slots.register()
    await slots.agree(EVENING)
    assert (await slots.free())["16:00"] == 0
    customers = Customers(redis, service.reader, clock, Archive(tmp_path / "archive"), remembered=timedelta(days=365))
    await customers.erase("09121230001")
    assert (await slots.free())["16:00"] == 1
    assert await SlotPlaces(redis).unsettled(clock.now() + timedelta(days=1)) == []
