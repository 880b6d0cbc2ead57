"""Orders as real WooCommerce shops post them, from the webhook to the words that leave."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from shops import ApiUser, StandardShop, WooShop, send_all, woo_fixture

from notifier.clock import StillClock
from notifier.service.process import Service
from notifier.simulator import Simulator

MONEY = ("تومان", "ریال", "پرداخت", "واریز", "مبلغ", "وجه", "نقد", "قبض")
BASE = woo_fixture("order.created__pending_online")["body"]


def order(clock: StillClock, status: str, *, city: str = "مشهد", **changes: Any) -> dict[str, Any]:
    """An order of ten minutes ago that was touched now."""
    now = clock.now().astimezone(UTC)
    place = BASE["billing"] | {"city": city, "state": "RKH", "phone": "09120000001"}
    dates = {"date_created_gmt": now - timedelta(minutes=10), "date_modified_gmt": now}
    return (
        BASE
        | {"status": status, "billing": place, "shipping": place, "date_paid_gmt": None}
        | {name: f"{at:%Y-%m-%dT%H:%M:%S}" for name, at in dates.items()}
        | changes
    )


def templates(answer: Any) -> list[str]:
    return [message["template"] for message in answer.body["messages"]]


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        ("pending", "", ["order_registered_free"]),
        ("processing", "", ["order_registered_free"]),
        ("processing", "cod", ["order_registered_free"]),
        ("on-hold", "bacs", ["order_registered_free"]),
        ("out-for-delivery", "cod", ["order_out_for_delivery"]),
        ("completed", "zarinpal", ["order_delivered"]),
    ],
)
@pytest.mark.parametrize("total", ["0", "0.00", 0])
@pytest.mark.parametrize("city", ["تهران", "مشهد"])
async def test_a_free_order(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator,
    status: str, method: str, expected: list[str], total: Any, city: str,
) -> None:  # fmt: skip
    answer = await woo.post(order(clock, status, city=city, total=total, payment_method=method))
    assert templates(answer) == expected
    assert answer.body["calls"] == []
    await send_all(service, clock)
    for message in simulator.messages:
        assert not [word for word in MONEY if word in message.text], message.text


async def test_a_free_order_that_becomes_paid_says_nothing_more(woo: WooShop, clock: StillClock) -> None:
    await woo.post(order(clock, "pending", total="0", payment_method=""))
    clock.turn(timedelta(minutes=1))
    paid = await woo.post(order(clock, "processing", total="0", payment_method=""))
    assert (paid.body["messages"], paid.body["calls"]) == ([], [])


async def test_a_payment_of_nothing(shop: StandardShop, clock: StillClock) -> None:
    payload = {
        "type": "payment.succeeded",
        "timestamp": clock.now().isoformat(),
        "data": {
            "order_id": "95011",
            "customer": {"name": "سارا", "phone": "09120000001", "city": "تهران"},
            "payment": {"method": "online", "amount": 0},
        },
    }
    answer = await shop.post(payload)
    assert (answer.body["messages"], answer.body["calls"], answer.body["prepaid"]) == ([], [], True)


@pytest.mark.parametrize("one_by_one", [False, True])
async def test_two_parcels_are_told_each_once(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser, one_by_one: bool
) -> None:
    parcels = [
        {"tracking_provider": "post", "tracking_number": "111111111111111111111111"},
        {"tracking_provider": "tipax", "tracking_number": "77001122"},
    ]
    paid = f"{clock.now().astimezone(UTC) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}"
    for count in (1, 2, 2) if one_by_one else (2, 2):
        clock.turn(timedelta(minutes=1))
        meta = [{"id": 1, "key": "_wc_shipment_tracking_items", "value": parcels[:count]}]
        await woo.post(order(clock, "processing", payment_method="WC_ZPal", date_paid_gmt=paid, meta_data=meta))
    await send_all(service, clock)
    texts = [message.text for message in simulator.messages if "کد رهگیری" in message.text]
    assert len(texts) == 2
    for code, carrier in (("111111111111111111111111", "post"), ("77001122", "tipax")):
        (text,) = (text for text in texts if code in text)
        assert carrier in text
    calls = (await api.items("/calls?state=scheduled")) + (await api.items("/calls?state=due"))
    assert [call["purpose"] for call in calls] == ["shipping_update"]


async def test_a_gift_greets_who_reads_the_text(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    gift = order(clock, "processing", payment_method="cod")
    gift["billing"] = gift["billing"] | {
        "first_name": "علی",
        "last_name": "رضایی",
        "city": "اصفهان",
        "phone": "09120000007",
    }
    gift["shipping"] = gift["shipping"] | {"first_name": "مینا", "last_name": "صادقی", "phone": "09350000009"}
    gift["shipping"]["city"] = "تهران"
    await woo.post(gift)
    await send_all(service, clock)
    ((to, text),) = [(message.receptor, message.text) for message in simulator.messages]
    assert (to, "علی رضایی عزیز" in text, "مینا" in text) == ("09120000007", True, False)
    assert (await api.get("/orders/10025?source=woo")).body["customer"]["city"] == "تهران"


async def test_a_city_that_is_a_number_is_spoken_of(woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    await woo.post(order(clock, "processing", payment_method="cod", city="177"))
    assert "[regions.cities]" in str((await api.get("/orders/10025?source=woo")).body["timeline"])


@pytest.mark.parametrize(("method", "paid"), [("cod", False), ("zarinpal", True), ("zarinpal", False)])
async def test_cancelled_revived_and_cancelled_again(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, method: str, paid: bool
) -> None:
    about: dict[str, Any] = {"payment_method": method, "city": "تهران"}
    if paid:
        about["date_paid_gmt"] = f"{clock.now().astimezone(UTC) - timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}"
    alive = "processing" if paid or method == "cod" else "pending"
    told = []
    for status in (alive, "cancelled", alive, "cancelled"):
        clock.turn(timedelta(minutes=1))
        told.append(templates(await woo.post(order(clock, status, **about))))
    assert told[1] == told[3] == ["order_cancelled_prepaid" if paid else "order_cancelled"]
    assert told[2]
    await send_all(service, clock)
    assert len([message for message in simulator.messages if "لغو شد" in message.text]) == 2
