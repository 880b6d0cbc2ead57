"""Events that come before their order: kept, replayed when it appears, never dropped."""

import asyncio

import pytest
from redis.asyncio import Redis
from shops import ApiUser, StandardShop, send_all, standard_fixture

from notifier.clock import StillClock
from notifier.intake.standard import payload as standard
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.store.keys import Keys, partition_of, route
from notifier.store.records import encode

BOTH = pytest.mark.parametrize("partitions", [1, 4])
REGISTERED, PAID = "order.registered__tehran_online", "payment.succeeded__tehran_online"
ALONE = [
    f"order.{stage}__order_id_alone" for stage in ("preparing", "packed", "shipped", "out_for_delivery", "delivered")
]


async def waiting(redis: Redis) -> list[str]:
    """Everything that is parked anywhere, both lists and their index."""
    return [key.decode() async for key in redis.scan_iter("n:{*}:parked*")]


async def told(api: ApiUser, order_id: str = "10025") -> list[str]:
    """What has been heard of an order, repetitions too."""
    timeline = (await api.get(f"/orders/{order_id}")).body["timeline"]
    return [line["what"] for line in timeline if line["kind"] in ("event", "repeated")]


@BOTH
async def test_an_event_before_its_order_is_parked(shop: StandardShop, redis: Redis, api: ApiUser) -> None:
    answer = await shop.post(standard_fixture(ALONE[0]), event_id="msg_1")
    assert answer.status == 202
    assert answer.body == {
        "event_id": "msg_1",
        "order_id": "10025",
        "duplicate": False,
        "prepaid": False,
        "delivery_priority": "normal",
        "parked": True,
        "messages": [],
        "calls": [],
        "suppressed": [],
        "deliver_at": None,
    }
    again = await shop.post(standard_fixture(ALONE[0]), event_id="msg_1")
    assert (again.status, again.body["duplicate"]) == (200, True)
    assert (await api.get("/orders/10025")).status == 404
    assert await waiting(redis)


@BOTH
async def test_parked_events_follow_when_their_order_comes(shop: StandardShop, redis: Redis, api: ApiUser) -> None:
    for name in reversed(ALONE):
        assert (await shop.post(standard_fixture(name))).body["parked"] is True
    await shop.post(standard_fixture(PAID))
    order = (await api.get("/orders/10025")).body
    assert order["stage"] == "delivered"
    assert await told(api) == ["payment.succeeded", *(name.split("__")[0] for name in ALONE)]
    assert not await waiting(redis)


@pytest.mark.parametrize("partitions", [1, 2, 4, 7])
async def test_an_order_and_its_events_at_the_same_moment(
    shop: StandardShop, service: Service, redis: Redis, api: ApiUser
) -> None:
    names = [*ALONE, REGISTERED]
    for number in range(10):
        payloads = [standard_fixture(name) for name in names[number % 6 :] + names[: number % 6]]
        for payload in payloads:
            payload["data"]["order_id"] = f"P{number}"
        await asyncio.gather(*(shop.post(payload) for payload in payloads))
    await service.parking.replay_ready()
    assert not await waiting(redis)
    for number in range(10):
        assert sorted(await told(api, f"P{number}")) == sorted(name.split("__")[0] for name in names)
    before = (await api.get("/orders/P3")).body
    assert await service.parking.replay_ready() == 0
    assert (await api.get("/orders/P3")).body == before


@BOTH
async def test_what_a_killed_process_left_is_replayed(
    shop: StandardShop, service: Service, redis: Redis, api: ApiUser, simulator: Simulator, clock: StillClock
) -> None:
    """The order is committed, and its process died before it replayed the event parked before."""
    early = standard.validate(standard_fixture("order.shipped__with_code")).event(source="shop", event_id="early")
    keys = Keys(partition_of("10025", service.reader.partitions))
    await shop.post(standard_fixture(PAID))
    await redis.rpush(keys.parked("shop", "10025"), encode(early))
    await redis.zadd(keys.parked_orders, {"shop:10025": 1})
    assert await service.parking.replay_ready() == 1
    assert await service.parking.replay_ready() == 0
    assert not await waiting(redis)
    assert await told(api) == ["payment.succeeded", "order.shipped"]
    await send_all(service, clock)
    assert len(simulator.messages) == 2


@pytest.mark.parametrize("partitions", [4])
async def test_an_event_parked_beside_a_route_is_found(
    shop: StandardShop, service: Service, redis: Redis, api: ApiUser
) -> None:
    """A process died after it had routed an order and before it committed it; then an event comes without a phone."""
    payload = standard_fixture(PAID)
    elsewhere = next(number for number in range(4) if number != partition_of("10025", 4))
    await redis.set(route("shop", "10025"), elsewhere)
    await shop.post(standard_fixture(ALONE[0]))
    assert await redis.exists(Keys(elsewhere).parked("shop", "10025"))
    await shop.post(payload)
    assert await told(api) == ["payment.succeeded", "order.preparing"]
    assert not await waiting(redis)
    assert await service.parking.replay_ready() == 0


async def test_two_replays_at_once_tell_everything_once(
    shop: StandardShop, service: Service, redis: Redis, simulator: Simulator, clock: StillClock, api: ApiUser
) -> None:
    await shop.post(standard_fixture(PAID))
    event = standard.validate(standard_fixture(ALONE[0])).event(source="shop", event_id="early")
    keys = Keys(0)
    await redis.rpush(keys.parked("shop", "10025"), encode(event))
    await redis.zadd(keys.parked_orders, {"shop:10025": 1})
    await asyncio.gather(*(service.parking.replay_ready() for _ in range(3)))
    assert not await waiting(redis)
    await send_all(service, clock)
    assert len({message.localid for message in simulator.messages}) == len(simulator.messages) == 2


async def test_an_unreadable_parked_event_is_left_and_blocks_nobody(
    shop: StandardShop, service: Service, redis: Redis, api: ApiUser
) -> None:
    await redis.rpush(Keys(0).parked("shop", "10025"), b"{broken")
    await redis.zadd(Keys(0).parked_orders, {"shop:10025": 1})
    await shop.post(standard_fixture(ALONE[0]))
    answer = await shop.post(standard_fixture(PAID))
    assert answer.status == 202
    assert await told(api) == ["payment.succeeded", "order.preparing"]
    assert await redis.lrange(Keys(0).parked("shop", "10025"), 0, -1) == [b"{broken"]
    assert await service.parking.replay_ready() == 0


async def test_more_parked_events_than_one_script_takes(shop: StandardShop, redis: Redis, api: ApiUser) -> None:
    payload = standard.validate(standard_fixture(ALONE[0]))
    events = [payload.event(source="shop", event_id=f"m{number}") for number in range(9000)]
    await redis.rpush(Keys(0).parked("shop", "10025"), *map(encode, events))
    await redis.zadd(Keys(0).parked_orders, {"shop:10025": 1})
    await shop.post(standard_fixture(PAID))
    assert len(await told(api)) == 9001
    assert not await waiting(redis)


async def test_unknown_fields_of_a_parked_event_are_kept(shop: StandardShop, api: ApiUser) -> None:
    payload = standard_fixture(ALONE[0])
    payload["data"]["note"], payload["data"]["huge"] = "بماند", 2**70
    await shop.post(payload)
    await shop.post(standard_fixture(PAID))
    (line,) = [
        x for x in (await api.get("/orders/10025")).body["timeline"] if x["what"] == "order.preparing" and "extra" in x
    ]
    assert line["extra"] == {"data": {"note": "بماند", "huge": str(2**70)}}
