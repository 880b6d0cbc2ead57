"""The day as written down: everything in it is what a real shop could post, and every promise has its story."""

import json
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from notifier.clock import TEHRAN
from notifier.config.loading import load
from notifier.demo import script
from notifier.demo.player import STORIES, opening, working_days
from notifier.demo.script import Moment
from notifier.demo.shops import DemoStandardShop, DemoWooCommerceShop
from notifier.domain import phones
from notifier.domain.events import PaymentMethod
from notifier.intake.standard import payload as standard
from notifier.intake.standard import signature as signatures
from notifier.intake.woocommerce import events as woocommerce

STEPS = script.in_turn(STORIES)
ORDERS = {story.order_id: story for story in STORIES}
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"


def time_of(moment: Moment) -> datetime:
    return datetime.combine(date(2026, 11, 23) + timedelta(days=moment.day), moment.time, TEHRAN)


def test_steps_come_in_the_order_of_the_clock() -> None:
    assert [step.at for step in STEPS] == sorted(step.at for step in STEPS)
    assert STEPS[0].at >= Moment(0, opening(date(2026, 11, 23)).time())


def test_standard_events_are_signed_and_valid() -> None:
    shop, key = DemoStandardShop(SECRET, ORDERS), signatures.key(SECRET)
    for step in [step for step in STEPS if step.shop == "shop"]:
        now = time_of(step.at)
        body, headers = shop.request(step, now=now, time_of=time_of)
        event_id = signatures.verify(headers, body, key, now=now, tolerance=timedelta(0))
        event = standard.parse(body).event(source="shop", event_id=event_id)
        assert (event.order_id, event.type, event.id) == (step.order_id, step.what, step.delivery)
        assert event.extra == {}, "a field of the demo that the service does not know is misspelt"


def test_woocommerce_orders_are_signed_and_hold_nothing_odd() -> None:
    shop = DemoWooCommerceShop("secret", ORDERS)
    for step in [step for step in STEPS if step.shop == "woo"]:
        body, headers = shop.request(step, now=time_of(step.at), time_of=time_of)
        assert woocommerce.verify("secret", body, headers["X-WC-Webhook-Signature"])
        snapshot = woocommerce.parse(body)
        assert snapshot.order_id == step.order_id
        assert snapshot.oddities == ()
        assert snapshot.details.amount == ORDERS[step.order_id].order["toman"] * 10
        assert snapshot.modified == time_of(step.at)


def test_a_woocommerce_order_has_the_fields_of_a_recorded_one(request: pytest.FixtureRequest) -> None:
    recorded = request.config.rootpath / "tests/fixtures/woocommerce/order.updated__processing_online.json"
    expected = json.loads(recorded.read_text(encoding="utf-8"))["body"].keys() - {"_links"}
    shop = DemoWooCommerceShop("secret", ORDERS)
    step = next(step for step in STEPS if step.shop == "woo")
    body, _ = shop.request(step, now=time_of(step.at), time_of=time_of)
    assert json.loads(body).keys() == expected


def test_only_the_delivery_that_is_meant_to_be_comes_twice() -> None:
    deliveries = Counter(step.delivery for step in STEPS)
    assert {delivery for delivery, count in deliveries.items() if count > 1} == {"10025-paid"}


def test_every_customer_has_a_mobile_of_their_own() -> None:
    numbers = [
        phones.normalize(story.order["phone"] if story.shop == "woo" else story.order["customer"]["phone"])
        for story in STORIES
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(phones.is_mobile(number) for number in numbers)


def test_every_group_of_the_policy_has_a_story(request: pytest.FixtureRequest) -> None:
    config = load(request.config.rootpath / "config.toml", environment={})
    regions = config.regions.regions()
    told = {
        (regions.region(story.order["customer"]["city"]), PaymentMethod(story.order["payment"]["method"]))
        for story in STORIES
        if story.shop == "shop"
    }
    promised = {(region, method) for region, blocks in config.policy.regions.items() for method in blocks}
    assert promised < told  # and one that is not on offer


def test_the_day_is_a_working_day(request: pytest.FixtureRequest) -> None:
    config = load(request.config.rootpath / "config.toml", environment={})
    friday = date(2026, 11, 27)
    assert working_days(config, None, today=friday) == (date(2026, 11, 28), date(2026, 11, 29))
    assert working_days(config, None, today=date(2026, 11, 26)) == (date(2026, 11, 26), date(2026, 11, 28))
    assert working_days(config, friday, today=friday) == (friday, date(2026, 11, 28))
