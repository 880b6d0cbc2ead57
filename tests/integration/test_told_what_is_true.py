"""What waits is rendered and addressed when it leaves: from the order as it is then, once, and as the story shows."""

from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import ApiUser, StandardShop, WooShop, send_all, woo_fixture

from notifier.clock import StillClock
from notifier.domain.events import EventType as E
from notifier.practice import standard
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator

HOUR = timedelta(hours=1)
OLD, NEW = "09121234567", "09351112233"


@pytest.fixture(params=[1, 4])
def partitions(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def news(kind: E, clock: StillClock, **changes: Any) -> dict[str, Any]:
    """An event of a transfer from Isfahan; ``changes`` are of the customer and of the payment."""
    event = standard.event(kind, at=clock.now(), order_id="10025")
    customer = {name: value for name, value in changes.items() if name in ("name", "phone", "city")}
    payment = {name: value for name, value in changes.items() if name not in customer}
    event["data"]["customer"] = {"name": "سارا محمدی", "phone": OLD, "city": "اصفهان"} | customer
    event["data"]["payment"] = {"method": "bank_transfer", "amount": 185_000_000} | payment
    return event


def sent(simulator: Simulator) -> list[tuple[str, str]]:
    return [(message.receptor, message.text) for message in simulator.messages]


async def told(api: ApiUser, template: str) -> dict[str, Any]:
    messages = await api.items("/messages?order_id=10025")
    (found,) = [message for message in messages if message["template"] == template]
    return dict(found)


async def pass_by(service: Service, clock: StillClock, time: timedelta) -> None:
    end = clock.now() + time
    while clock.now() < end:
        clock.turn(min(HOUR, end - clock.now()))
        await service.sender.send_ready()


async def test_a_reminder_goes_to_the_phone_and_names_the_sum_of_then(
    shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await shop.post(news(E.REGISTERED, clock))
    await send_all(service, clock)
    await shop.post(news(E.REGISTERED, clock, phone=NEW, amount=90_000_000))
    waiting = await told(api, "deposit_reminder")
    assert (waiting["state"], waiting["to"]) == ("queued", NEW)
    assert "۹٬۰۰۰٬۰۰۰" in waiting["text"]
    await pass_by(service, clock, timedelta(hours=30))
    to, text = sent(simulator)[-1]
    assert (to, "۹٬۰۰۰٬۰۰۰" in text, "۱۸٬۵۰۰٬۰۰۰" in text) == (NEW, True, False)
    assert len([text for _, text in sent(simulator) if "واریز کرده‌اید" in text]) == 1
    assert (await told(api, "deposit_reminder"))["text"] == text


@pytest.mark.parametrize("change", [{"phone": NEW}, {"amount": 90_000_000}, {"phone": NEW, "amount": 90_000_000}])
async def test_a_text_that_is_tried_again_says_what_is_true_by_then(
    change: dict[str, Any], shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await shop.post(news(E.REGISTERED, clock))
    simulator.faults.add(Fault(kind="code", code=409))
    await service.sender.send_ready()
    assert not simulator.messages
    simulator.faults.clear()
    clock.turn(timedelta(minutes=1))
    await shop.post(news(E.REGISTERED, clock, **change))
    await pass_by(service, clock, timedelta(hours=2))
    ((to, text),) = sent(simulator)
    assert to == change.get("phone", OLD)
    assert ("۹٬۰۰۰٬۰۰۰" if "amount" in change else "۱۸٬۵۰۰٬۰۰۰") in text
    stored = await told(api, "order_registered_transfer")
    assert (stored["text"], stored["state"]) == (text, "accepted")


async def test_what_the_provider_may_have_stays_as_it_was(
    make_config: Any, redis: Redis, clock: StillClock, simulator: Simulator, aiohttp_client: Any
) -> None:
    async with Service(make_config(providers__simulator__timeout="1s"), clock=clock, roles=["web"]) as service:
        client = await aiohttp_client(service.app)
        shop, api = StandardShop(client, clock), ApiUser(client)
        await shop.post(news(E.REGISTERED, clock))
        simulator.faults.add(Fault(kind="drop"))
        await service.sender.send_ready()
        simulator.faults.clear()
        clock.turn(timedelta(minutes=1))
        await shop.post(news(E.REGISTERED, clock, phone=NEW, amount=90_000_000))
        await pass_by(service, clock, timedelta(hours=3))
        ((to, text),) = sent(simulator)
        assert (to, "۱۸٬۵۰۰٬۰۰۰" in text) == (OLD, True)
        assert (await told(api, "order_registered_transfer"))["text"] == text


async def test_a_text_in_the_night_greets_by_the_name_of_the_morning(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    order = woo_fixture("order.updated__pws_shipping")["body"]
    clock.turn_to(clock.now().replace(hour=22, minute=30))
    first = await woo.post(order)
    assert any(message["not_before"] for message in first.body["messages"])
    billing = order["billing"] | {"phone": NEW}
    await woo.post(order | {"billing": billing, "date_modified_gmt": "2026-11-23T19:05:00"})
    await pass_by(service, clock, timedelta(hours=11))
    assert {to for to, text in sent(simulator) if "ارسال شد" in text} == {NEW}
    assert len(sent(simulator)) == len({text for _, text in sent(simulator)})


async def test_a_phone_that_gets_no_texts_is_called(
    shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await shop.post(news(E.REGISTERED, clock))
    simulator.faults.add(Fault(kind="code", code=409))
    await service.sender.send_ready()
    simulator.faults.clear()
    clock.turn(timedelta(minutes=1))
    await shop.post(news(E.REGISTERED, clock, phone="03132221111"))
    await pass_by(service, clock, timedelta(hours=1))
    assert not simulator.messages
    assert (await told(api, "order_registered_transfer"))["state"] == "failed"
    calls = await api.items("/calls?state=scheduled")
    assert "undelivered_sms" in str(calls)


async def test_the_new_phone_keeps_what_its_owner_said_about_texts(
    shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, redis: Redis, api: ApiUser
) -> None:
    await shop.post(news(E.REGISTERED, clock))
    await send_all(service, clock)
    for keys in service.reader.everywhere:
        await redis.sadd(keys.opted_out, NEW)
    await shop.post(news(E.REGISTERED, clock, phone=NEW))
    await pass_by(service, clock, timedelta(hours=30))
    assert NEW not in {to for to, _ in sent(simulator)}
    assert (await told(api, "deposit_reminder"))["state"] == "cancelled"


async def test_two_parcels_that_wait_are_told_each_with_its_own_code(
    shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    await shop.post(news(E.REGISTERED, clock, method="online"))
    await shop.post(news(E.PAID, clock, method="online"))
    await send_all(service, clock)
    clock.turn_to(clock.now().replace(hour=22, minute=30))
    for code, carrier in (("111111111111111111111111", "پست"), ("77001122", "تیپاکس")):
        shipped = news(E.SHIPPED, clock, method="online")
        shipped["data"]["shipment"] = {"tracking_code": code, "carrier": carrier}
        await shop.post(shipped)
    await pass_by(service, clock, timedelta(hours=12))
    parcels = [text for _, text in sent(simulator) if "کد رهگیری" in text]
    assert len(parcels) == 2
    assert [("پست" in text, "تیپاکس" in text) for text in sorted(parcels, key=lambda one: "77001122" in one)] == [
        (True, False), (False, True)
    ]  # fmt: skip


async def test_a_reminder_waits_for_its_text_after_an_outage_of_ours(
    shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await shop.post(news(E.REGISTERED, clock))
    began = clock.now()
    clock.turn(21 * HOUR)  # nothing was sent for so long
    await send_all(service, clock)
    assert ["واریز کرده‌اید" in text for _, text in sent(simulator)] == [False]
    moved = await told(api, "deposit_reminder")
    assert moved["state"] == "queued"
    await pass_by(service, clock, timedelta(hours=26))
    assert ["واریز کرده‌اید" in text for _, text in sent(simulator)] == [False, True]
    assert clock.now() - began > timedelta(hours=41)
