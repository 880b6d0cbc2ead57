"""Deliveries of a real WooCommerce 10.9.1 with Persian WooCommerce Shipping, one after another, and what comes of each.

Bodies and topics are as recorded, without the fields that nobody reads. They were recorded on a Friday morning: their
dates are moved to a Tuesday at ten.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from shops import ApiUser, StandardShop, WooShop, standard_fixture
from standins.woocommerce import KEY, SECRET, WooCommerce
from structlog.testing import capture_logs

from notifier.clock import StillClock
from notifier.config import Config
from notifier.service.process import Service

FIXTURES = Path(__file__).parents[1] / "fixtures" / "woocommerce_real"
MOVED = timedelta(hours=3, minutes=30) - timedelta(days=3)
TEN = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)

REGISTERED, PAID, PREPARING = "order.registered", "payment.succeeded", "order.preparing"
TRANSFER = ("order_registered_transfer", "deposit_reminder")


def recorded(name: str, **changes: Any) -> Any:
    """A delivery with its dates moved."""
    text = (FIXTURES / f"{name}.json").read_text()
    found = json.loads(re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", _moved, text))
    if changes:
        found["body"] |= changes
    return found


def _moved(date: re.Match[str]) -> str:
    return (datetime.fromisoformat(date[0]) + MOVED).isoformat()


@dataclass(frozen=True, slots=True)
class Case:
    """What is right for one file: news, texts and calls; ``then`` are fields of the order after it."""

    name: str
    events: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    then: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)


REVIEW = Case("", (REGISTERED,), ("order_registered_review",), ("arrange_payment",))
CASH = {"events": (REGISTERED,), "texts": ("order_registered_cash",), "calls": ("coordination",)}
PAID_IN_TEHRAN = {
    "events": (REGISTERED, PAID, PREPARING),
    "texts": ("payment_succeeded_tehran", "order_preparing"),
    "calls": ("reassurance",),
}
CONFIRMED = {
    "events": (REGISTERED, "payment.deposit_confirmed", PREPARING),
    "texts": ("deposit_confirmed", "order_preparing"),
}
UNPAID = {"events": (REGISTERED,), "texts": ("payment_open",), "calls": ("payment_help",)}
GONE = {"cancelled": True, "open": []}

STORIES: dict[str, tuple[Case, ...]] = {
    "entered by staff, paid otherwise": (
        Case(
            "created-admin-no-method",
            (REGISTERED,),
            ("order_registered_review",),
            ("arrange_payment",),
            {"method": None, "phone": "09127778899"},
        ),
        Case("updated-admin-method-other", then={"method": None, "prepaid": False, "reference": None}),
    ),
    "block checkout, a city in Latin letters": (
        Case("created-block-guest-cod-latin-city", **CASH, then={"phone": "09123456790"}),
    ),
    "block checkout, a city by its number": (
        Case("created-block-pws-numeric-city", (REGISTERED,), ("order_registered_review",), ("arrange_payment",)),
    ),
    "classic checkout, transfer": (
        Case(
            "created-classic-guest-pws-bacs", (REGISTERED,), TRANSFER, ("deposit_reminder",), {"phone": "09131112233"}
        ),
    ),
    "a landline": (Case("created-classic-virtual-landline", (REGISTERED,), (), ("arrange_payment",)),),
    "a method of cash with capitals": (Case("created-cod-method-with-capitals", **CASH, then={"method": "cash"}),),
    "markup in names": (Case("created-entities-in-names", **CASH),),
    "a gift": (Case("created-gift-two-names", **CASH, then={"phone": "09121119911", "city": "تهران"}),),
    "thousand rial": (Case("created-irhr", **PAID_IN_TEHRAN, then={"amount": 125_000_000}),),
    "rial": (Case("created-irr", **PAID_IN_TEHRAN, then={"amount": 125_000_000}),),
    "a gateway": (
        Case("created-pending-gateway", **UNPAID),
        Case(
            "updated-processing-gateway-paid",
            (PAID, PREPARING),
            ("payment_succeeded_tehran", "order_preparing"),
            ("reassurance",),
            {"reference": "TR-998877", "prepaid": True},
        ),
    ),
    "no phone": (Case("created-phone-empty", (REGISTERED,), (), ("coordination",), {"phone": None}),),
    "Persian digits": (Case("created-phone-persian-digits", **CASH, then={"phone": "09121234572"}),),
    "stored as posts": (Case("created-posts-storage", **UNPAID),),
    "cancelled and taken up again": (
        Case("cancelled-again-1", (REGISTERED, "order.cancelled"), ("order_cancelled",), (), {"cancelled": True}),
        Case("cancelled-again-2-reactivated", (), ("order_registered_cash",), ("coordination",), {"cancelled": False}),
    ),
    "a transfer that has come": (Case("updated-bacs-confirmed", **CONFIRMED, then={"prepaid": True}),),
    "cancelled unpaid": (
        Case("updated-cancelled-unpaid", (REGISTERED, "order.cancelled"), ("order_cancelled",), (), GONE),
    ),
    "failed, then paid and posted": (
        Case("updated-failed", (REGISTERED, "payment.failed"), ("payment_failed",), ("payment_help",)),
        Case(
            "updated-completed-with-barcode",
            (PAID, "order.shipped"),
            ("payment_succeeded_elsewhere", "order_shipped_elsewhere"),
            ("shipping_update",),
            {"tracking_code": "210110401234567890123457", "stage": "shipped"},
        ),
    ),
    "a part paid back": (Case("updated-partial-refund", **PAID_IN_TEHRAN, then={"prepaid": True}),),
    "Tapin": (
        Case(
            "updated-pws-packaged-with-barcode-tapin",
            (REGISTERED, PAID, "order.packed"),
            ("payment_succeeded_elsewhere", "order_packed"),
            (),
            {"tracking_code": "210110401234567890999999", "stage": "packed"},
        ),
        Case(
            "updated-pws-shipping-tapin",
            ("order.shipped",),
            ("order_shipped_elsewhere",),
            ("shipping_update",),
            {"stage": "shipped"},
        ),
    ),
    "a number of its own": (Case("updated-sequential-number", **CONFIRMED, then={"number": "SH-1405-1138"}),),
    "a status of somebody's own": (
        Case(
            "updated-unknown-status",
            (REGISTERED, PAID),
            ("payment_succeeded_tehran",),
            ("reassurance",),
            {"prepaid": True},
        ),
    ),
    "deleted and restored, HPOS": (
        Case("restored-hpos", **CASH, changes={"date_modified_gmt": "2026-11-24T06:38:30"}),
        Case("deleted-hpos", ("order.cancelled",), ("order_cancelled",), (), GONE),
        Case("restored-hpos", (), ("order_registered_cash",), ("coordination",), {"cancelled": False}),
    ),
    "deleted and restored, posts": (
        Case("restored-posts", **CASH, changes={"date_modified_gmt": "2026-11-24T06:48:44"}),
        Case("deleted-posts", ("order.cancelled",), ("order_cancelled",), (), GONE),
        Case("restored-posts", (), ("order_registered_cash",), ("coordination",), {"cancelled": False}),
    ),
    "cleared away by WooCommerce": (
        Case("created-pending-gateway", **UNPAID, changes={"id": 205}),
        Case("deleted-woocommerce-cleanup-of-pending", ("order.cancelled",), (), (), GONE),
    ),
    "forgotten": (
        Case(
            "updated-anonymised-by-woocommerce", (REGISTERED, "order.delivered"), (), (), {"phone": None, "name": None}
        ),
    ),
    "a free order": (
        Case("created-free-order-no-method", (REGISTERED,), ("order_registered_free",), then={"amount": 0}),
        Case("updated-free-order-paid", then={"amount": 0}),
    ),
}
ELSEWHERE = {
    "cancelled-again-3": "its date is older than that of the order taken up again",
    "created-error-payload-user-lost-rights": "test_the_owner_of_the_webhook_may_not_read_orders",
    "created-phone-two-numbers": "test_two_numbers",
    "updated-old-order-first-heard-of": "test_old_news",
    "rest-orders-page": "test_the_rest_api",
    "rest-orders-status-trash": "test_the_rest_api",
}


@pytest.fixture
def clock() -> StillClock:
    return StillClock(TEN)


@pytest.fixture
def shop() -> WooCommerce:
    return WooCommerce()


@pytest.fixture
async def shop_url(shop: WooCommerce, aiohttp_server: Any) -> AsyncIterator[str]:
    server = await aiohttp_server(shop.app())
    yield str(server.make_url("")).rstrip("/")
    shop.release.set()


@pytest.fixture
def config(make_config: Callable[..., Config], shop_url: str) -> Config:
    return make_config(
        sources__woo__cod_methods=["wc_pardakht_mahal"],
        sources__woo__rest={"url": shop_url, "consumer_key": KEY, "consumer_secret": SECRET, "look_back": "1d"},
    )


async def take(case: Case, woo: WooShop, api: ApiUser, clock: StillClock) -> tuple[Any, list[str], dict[str, Any]]:
    """Post one as its time comes: what was answered, the news on the timeline, and the order after it."""
    one = recorded(case.name, **case.changes)
    order_id = one["body"]["id"]
    if at := one["body"].get("date_modified_gmt"):
        clock.turn(max(datetime.fromisoformat(at).replace(tzinfo=UTC) - clock.now(), timedelta()))
    clock.turn(timedelta(seconds=5))
    before = await api.get(f"/orders/{order_id}")
    known = len(before.body["timeline"]) if before.status == 200 else 0
    answer = await woo.post(one["body"], topic=one["topic"], delivery=case.name)
    assert answer.status == 200
    order = (await api.get(f"/orders/{order_id}")).body
    return answer.body, [line["what"] for line in order["timeline"][known:] if line["kind"] == "event"], flat(order)


def flat(order: Any) -> dict[str, Any]:
    open_calls = [call["purpose"] for call in order["calls"] if call["state"] in ("scheduled", "due", "claimed")]
    return {**order, **order["customer"], **order["payment"], **order["shipment"], "open": open_calls}


@pytest.mark.parametrize("story", STORIES)
async def test_story(story: str, woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    for case in STORIES[story]:
        answer, events, order = await take(case, woo, api, clock)
        texts = tuple(message["template"] for message in answer["messages"])
        calls = tuple(call["purpose"] for call in answer["calls"])
        assert (tuple(events), texts, calls) == (case.events, case.texts, case.calls), case.name
        assert {name: order[name] for name in case.then} == case.then, case.name


def test_every_file_has_its_case() -> None:
    told = {case.name for story in STORIES.values() for case in story} | set(ELSEWHERE)
    assert told == {path.stem for path in FIXTURES.glob("*.json")}


async def test_the_owner_of_the_webhook_may_not_read_orders(service: Service, woo: WooShop, api: ApiUser) -> None:
    """Told as what it is to the shop's developer, in the list of refusals and to supervisors; the webhook stays on."""
    one = recorded("created-error-payload-user-lost-rights")
    with capture_logs() as logs:
        for _ in range(2):
            answer = await woo.post(one["body"], topic=one["topic"])
            assert answer.status == 200
            assert "may not read orders any more" in answer.body["detail"]
    assert [line["kind"] for line in logs if line.get("action") == "alert"] == ["webhook_rights:woo"]
    await service.rejections.write()
    (kept,) = await api.items("/deliveries")
    assert (kept["status"], kept["source"]) == (422, "woo")
    assert "woocommerce_rest_cannot_view" in kept["reason"]


async def test_two_numbers(woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    _, _, order = await take(Case("created-phone-two-numbers"), woo, api, clock)
    assert order["phone"] == "09121234578"


async def test_old_news(woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    answer, _, order = await take(Case("updated-old-order-first-heard-of"), woo, api, clock)
    assert (answer["messages"], answer["calls"], order["stage"]) == ([], [], "delivered")


async def test_the_rest_api(service: Service, shop: WooCommerce, woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    """The page fills in what was lost; the bin ends the calls of an order that lies in it, and tells of it."""
    (binned,) = recorded("rest-orders-status-trash")["body"]
    alive = binned | {"status": "processing", "meta_data": [], "date_modified_gmt": "2026-11-24T06:42:30"}
    clock.turn(timedelta(minutes=13))
    assert [call["purpose"] for call in (await woo.post(alive)).body["calls"]] == ["coordination"]
    for order in (*recorded("rest-orders-page")["body"], binned):
        shop.orders[order["id"]] = order
    clock.turn(timedelta(minutes=20))
    assert await service.watching.catch_ups[0].tick() == 4
    gone = flat((await api.get("/orders/131")).body)
    assert (gone["cancelled"], gone["open"]) == (True, [])
    assert {int(one["id"]) for one in await api.items("/orders")} == {131, 187, 189, 190}
    clock.turn(timedelta(minutes=11))
    assert await service.watching.catch_ups[0].tick() == 0
    assert shop.asked_bin[0]["status"] == "trash"


async def test_a_bin_with_what_nobody_paid_tells_nobody(
    service: Service, shop: WooCommerce, woo: WooShop, api: ApiUser, clock: StillClock
) -> None:
    (binned,) = recorded("rest-orders-status-trash")["body"]
    binned["meta_data"] = [{"key": "_wp_trash_meta_status", "value": "wc-pending"}]
    clock.turn(timedelta(minutes=13))
    await woo.post(binned | {"status": "pending", "meta_data": [], "date_modified_gmt": "2026-11-24T06:42:30"})
    shop.orders[131] = binned
    texts = len(await api.items("/messages"))
    clock.turn(timedelta(minutes=20))
    assert await service.watching.catch_ups[0].tick() == 1
    gone = flat((await api.get("/orders/131")).body)
    assert (gone["cancelled"], gone["open"], len(await api.items("/messages"))) == (True, [], texts)


@pytest.mark.parametrize("name", ["updated-processing-gateway-paid", "created-pending-gateway"])
async def test_a_topic_alone_deletes_nothing(name: str, woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    """The topic is not signed: whoever recorded a delivery may write another one over it."""
    await take(Case(name), woo, api, clock)
    one = recorded(name)
    for topic in ("order.deleted", "order.restored", "product.deleted", ""):
        again = await woo.post(one["body"], topic=topic, delivery=topic)
        assert (again.status, again.body["messages"], again.body["calls"]) == (200, [], [])
        assert (await api.get("/orders/22")).body["cancelled"] is False


async def test_a_product_of_that_number_is_no_order(woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    await take(Case("updated-processing-gateway-paid"), woo, api, clock)
    for topic in ("product.deleted", "order.updated", ""):
        await woo.post({"id": 22}, topic=topic)
    assert (await api.get("/orders/22")).body["cancelled"] is False


async def test_an_old_state_under_the_topic_of_restoring_revives_nothing(
    woo: WooShop, api: ApiUser, clock: StillClock
) -> None:
    await take(Case("updated-processing-gateway-paid"), woo, api, clock)
    cancelled = {"status": "cancelled", "date_modified_gmt": "2026-11-24T06:40:00"}
    await take(Case("updated-processing-gateway-paid", changes=cancelled), woo, api, clock)
    replayed = recorded("updated-processing-gateway-paid")["body"]
    assert (await woo.post(replayed, topic="order.restored", delivery="again")).body["messages"] == []
    assert (await api.get("/orders/22")).body["cancelled"] is True


async def test_a_shop_that_forgets_its_customer_is_followed(woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    known = {"status": "processing", "date_paid_gmt": None, "date_completed_gmt": None, "meta_data": []}
    person = recorded("created-phone-persian-digits")["body"]
    known |= {name: person[name] for name in ("billing", "shipping")} | {"date_modified_gmt": "2026-11-24T06:58:29"}
    await take(Case("updated-anonymised-by-woocommerce", changes=known), woo, api, clock)
    assert (await api.get("/orders/207")).body["customer"]["phone"] == "09121234572"
    _, _, order = await take(Case("updated-anonymised-by-woocommerce"), woo, api, clock)
    assert (order["phone"], order["name"]) == (None, None)
    late = await woo.post(recorded("updated-anonymised-by-woocommerce", **known)["body"])  # an older one comes late
    assert late.status == 200
    assert (await api.get("/orders/207")).body["customer"]["phone"] is None


async def test_a_code_after_the_order_was_completed_is_shown_and_not_told(
    woo: WooShop, api: ApiUser, clock: StillClock
) -> None:
    without = {"meta_data": []}
    answer, events, _ = await take(Case("updated-completed-with-barcode", changes=without), woo, api, clock)
    assert "order.delivered" in events
    later = {"date_modified_gmt": "2026-11-24T07:30:00"}
    answer, events, order = await take(Case("updated-completed-with-barcode", changes=later), woo, api, clock)
    assert (answer["messages"], answer["calls"], order["stage"]) == ([], [], "delivered")
    assert order["tracking_code"] == "210110401234567890123457"


async def test_parts_of_a_known_order_are_silent(woo: WooShop, api: ApiUser, clock: StillClock) -> None:
    await take(Case("updated-processing-gateway-paid"), woo, api, clock)
    for number in (98001, 98002):
        part = recorded("updated-processing-gateway-paid", id=number, number=str(number), parent_id=22)["body"]
        answer = await woo.post(part, topic="order.created")
        assert (answer.body["messages"], answer.body["calls"]) == ([], [])
        assert (await api.get(f"/orders/{number}")).body["customer"]["phone"] == "09121234567"
    orphan = recorded("updated-processing-gateway-paid", id=98003, number="98003", parent_id=77777)["body"]
    assert len((await woo.post(orphan, topic="order.created")).body["messages"]) == 2


async def test_a_large_body_does_not_switch_the_webhook_off(
    woo: WooShop, shop_posts: StandardShop, api: ApiUser, clock: StillClock
) -> None:
    large = [{"key": "log", "value": "x" * 3_000_000}]
    answer, _, _ = await take(Case("created-pending-gateway", changes={"meta_data": large}), woo, api, clock)
    assert len(answer["messages"]) == 1
    assert (await woo.post_raw(b" " * 8_388_609)).status == 413
    event = standard_fixture("order.registered__tehran_cash")
    assert (await shop_posts.post(event | {"more": "x" * 3_000_000})).status == 413


@pytest.fixture
def shop_posts(client: Any, clock: StillClock) -> StandardShop:
    return StandardShop(client, clock)
