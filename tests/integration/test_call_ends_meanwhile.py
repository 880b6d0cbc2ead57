"""A customer's call ends between the look at which it is and the look at it: whoever looked plans without it."""

from typing import Any

import pytest
from call_fixtures import BOSS, SARA
from msgspec.structs import replace
from redis.asyncio import Redis
from shops import StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.domain.calls import Call, CallState
from notifier.domain.events import EventType
from notifier.practice import standard
from notifier.service.process import Service
from notifier.store.keys import Keys
from notifier.store.records import as_text
from scheduler.settling import DepositFinding, DepositVerdict, Settling

PHONE = "09121234567"


@pytest.fixture
async def ended(service: Service, redis: Redis, shop: StandardShop, clock: StillClock) -> Any:
    """Ends the customer's call, and leaves its name as whoever looked a moment ago has read it."""

    async def end() -> Call:
        keys = Keys(0)
        name: Any = await redis.hget(keys.open_calls, PHONE)  # type: ignore[misc]
        (stored,) = await service.reader.calls([(keys, name.decode())])
        over = replace(stored.call, state=CallState.DONE, v=stored.call.v + 1, ended=stored.call.due)
        await redis.set(keys.call(over.id), as_text(over))
        return over

    for one in (SARA, BOSS):
        await service.staff.put(one)
    return end


def order(name: str, kind: str = "payment.succeeded__tehran_online") -> Any:
    event = standard_fixture(kind)
    customer = event["data"]["customer"] | {"phone": PHONE}
    return event | {"data": event["data"] | {"order_id": name, "customer": customer}}


async def test_a_webhook_plans_another(ended: Any, service: Service, shop: StandardShop) -> None:
    assert (await shop.post(order("A1"), event_id="m1")).status == 202
    over = await ended()
    assert (await shop.post(order("A2"), event_id="m2")).status == 202
    (open_call,) = [one.call for one in await _calls(service) if one.call.is_open]
    assert [reason.order_id for reason in open_call.reasons] == ["A2"]
    assert open_call.id != over.id


async def test_a_deposit_is_settled_without_it(
    ended: Any, service: Service, shop: StandardShop, clock: StillClock
) -> None:
    payment = {"method": "bank_transfer", "amount": 185_000_000, "currency": "IRR", "reference": "778899"}
    customer = {"name": "سارا", "phone": PHONE, "city": "اصفهان"}
    for kind in (EventType.REGISTERED, EventType.DEPOSIT_REPORTED):
        event = standard.event(kind, at=clock.now(), order_id="A1")
        answer = await shop.post(event | {"data": {"order_id": "A1", "customer": customer, "payment": payment}})
        assert answer.status == 202
    over = await ended()
    settling = Settling(service.calling.book, service.calling.reporting)
    finding = DepositFinding(
        report=0, verdict=DepositVerdict.CONFIRMED, by="boss", by_name="سرپرست", at=1, seen=185_000_000
    )
    shop_of = service.rulebook.shops.of("shop")
    found = await settling.enter("shop", "A1", finding, BOSS, shop_of)
    assert not found.waits
    known = await service.reader.order("shop", "A1")
    assert known is not None
    assert known.deposit_confirmed
    (stored,) = [one for one in await _calls(service) if one.call.id == over.id]
    assert (stored.call.v, stored.call.state) == (over.v, CallState.DONE), "what is over stays as it is"


async def _calls(service: Service) -> list[Any]:
    keys = Keys(0)
    names: list[tuple[Keys, str]] = []
    for state in CallState:
        names += [(keys, name.decode()) for name in await service.redis.zrange(keys.calls(state), 0, -1)]
    return await service.reader.calls(sorted(set(names), key=lambda one: one[1]))
