"""What a WooCommerce shop does with its orders: own numbers, refunds, corrections, deletions, codes of plugins."""

from datetime import timedelta
from typing import Any

import pytest
from console_browser import Browser, hire
from shops import ApiUser, Client, WooShop, send_all, woo_fixture

from notifier.clock import StillClock
from notifier.service.process import Service
from notifier.simulator import Simulator

PAID = "order.updated__processing_online"
TRANSFER = "order.created__on_hold_bank_transfer"
NEW_NUMBER = "14031187"


def order(name: str, **changes: Any) -> Any:
    return woo_fixture(name)["body"] | changes


def later(minutes: int) -> dict[str, str]:
    return {"date_modified_gmt": f"2026-11-23T{7 + minutes // 60:02}:{minutes % 60:02}:00"}


@pytest.fixture(autouse=True)
def afternoon(clock: StillClock) -> None:
    clock.turn_to(clock.now().replace(hour=15))


async def sent(service: Service, clock: StillClock, simulator: Simulator) -> list[str]:
    await send_all(service, clock)
    return [message.text for message in simulator.messages]


async def test_a_number_of_the_shops_own(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser, client: Client
) -> None:
    """Plugins number orders anew. The customer and the desk see that number; the id stays what tells orders apart."""
    answer = await woo.post(order(PAID, number=NEW_NUMBER))
    assert answer.body["order_id"] == "10025"
    texts = await sent(service, clock, simulator)
    assert texts
    assert all("۱۴۰۳۱۱۸۷" in text and "۱۰۰۲۵" not in text for text in texts)
    found = (await api.get("/orders/10025")).body
    assert (found["id"], found["number"]) == ("10025", NEW_NUMBER)
    await hire(service)
    browser = Browser(client)
    await browser.enter(service, "sara")
    for asked in (NEW_NUMBER, "10025", "۱۴۰۳۱۱۸۷"):
        page = await browser.get(f"/orders?q={asked}")
        assert (page.status, page.headers["Location"]) == (303, "/console/orders/woo/10025")
    words = (await browser.get("/orders/woo/10025")).words
    assert "سفارش ۱۴۰۳۱۱۸۷" in words
    assert "شناسه در فروشگاه ۱۰۰۲۵" in words


async def test_an_order_without_a_number_of_its_own(woo: WooShop, api: ApiUser) -> None:
    await woo.post(order(PAID))
    assert (await api.get("/orders/10025")).body["number"] == "10025"


def refund(number: int, toman: int) -> dict[str, Any]:
    return {"id": 11_000 + number, "reason": "", "total": f"-{toman}"}


async def test_refunds_in_parts_are_one_refund_when_they_make_the_whole(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator, api: ApiUser
) -> None:
    await woo.post(order(PAID))
    before = await sent(service, clock, simulator)
    part = await woo.post(order(PAID, refunds=[refund(1, 500_000)], **later(1)))
    assert (part.body["prepaid"], part.body["messages"]) == (True, [])
    whole = await woo.post(order(PAID, refunds=[refund(2, 18_000_000), refund(1, 500_000)], **later(2)))
    assert [message["template"] for message in whole.body["messages"]] == ["payment_refunded"]
    assert whole.body["prepaid"] is False
    again = await woo.post(order("order.updated__refunded", **later(3)))
    assert again.body["messages"] == []
    (text,) = (await sent(service, clock, simulator))[len(before) :]
    assert "۱۸٬۵۰۰٬۰۰۰ تومان" in text


async def test_a_correction_does_not_move_the_deadline_of_a_transfer(
    woo: WooShop, service: Service, clock: StillClock, simulator: Simulator
) -> None:
    """Hours later the city and the method are put right: what the customer is told then names the same deadline."""
    body = order(TRANSFER)
    wrong = body | {"payment_method": "cod", "payment_method_title": "پرداخت در محل"}
    await woo.post(wrong, topic="order.created")
    clock.turn(timedelta(hours=3))
    await woo.post(wrong | {"customer_note": "x", "shipping": body["shipping"] | {"city": "شیراز"}} | later(60))
    answer = await woo.post(body | later(120))
    assert "order_registered_transfer" in [message["template"] for message in answer.body["messages"]]
    texts = await sent(service, clock, simulator)
    assert [text for text in texts if "مهلت واریز" in text] == [
        text for text in texts if "مهلت واریز: سه‌شنبه ۳ آذر ساعت ۱۰:۰۰" in text
    ]
    assert any("مهلت واریز" in text for text in texts)


async def test_deleted_and_restored(woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    """A deletion brings the id alone, so that the body of the second is that of the first; each counts once."""
    await woo.post(order(PAID))
    back = order("order.restored__processing_online")
    for turn in range(3):
        clock.turn(timedelta(minutes=5))
        for _ in range(2):
            gone = await woo.post({"id": 10025}, topic="order.deleted", delivery=f"gone {turn}")
            assert gone.status == 200
            assert (await api.get("/orders/10025")).body["cancelled"] is True, turn
        again = await woo.post({"id": 10025}, topic="order.deleted", delivery=f"gone once more {turn}")
        assert again.body["messages"] == []
        clock.turn(timedelta(minutes=5))
        await woo.post(back, topic="order.restored", delivery=f"back {turn}")
        assert (await api.get("/orders/10025")).body["cancelled"] is False, turn


async def test_a_deletion_of_what_nobody_knows(woo: WooShop, api: ApiUser) -> None:
    answer = await woo.post({"id": 77777}, topic="order.deleted")
    assert (answer.status, answer.body["messages"]) == (200, [])
    assert (await api.get("/orders/77777")).status == 404


CODE = "208690405100038460081114"
PARCEL = [{"tracking_provider": "tipax", "tracking_number": CODE, "date_shipped": "1763856000"}]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("post_barcode", CODE),
        ("_wc_shipment_tracking_items", PARCEL),
        ("ywot_tracking_code", f" {CODE} "),
        ("_tracking_number", "۲۰۸۶۹۰۴۰۵۱۰۰۰۳۸۴۶۰۰۸۱۱۱۴"),
        ("tracking_code", CODE),
        ("our_own_code", CODE),
    ],
)
async def test_codes_of_the_plugins_and_of_the_configuration(
    make_config: Any, clock: StillClock, redis: Any, aiohttp_client: Any, key: str, value: Any
) -> None:
    config = make_config(sources__woo__tracking_code_keys=["our_own_code"])
    meta = [{"id": 1, "key": "_edit_lock", "value": "1763856000:1"}, {"id": 2, "key": key, "value": value}]
    async with Service(config, clock=clock, roles=["web"]) as service:
        client = await aiohttp_client(service.app)
        woo = WooShop(client)
        await woo.post(order(PAID))
        answer = await woo.post(order(PAID, meta_data=meta, **later(1)))
        assert [message["template"] for message in answer.body["messages"]] == ["order_shipped_tehran"]
        found = (await ApiUser(client).get("/orders/10025")).body
        assert found["shipment"]["tracking_code"] == CODE
