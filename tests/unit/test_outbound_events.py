"""Payloads and their ids, and when to try again. The documentation says what the code says."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from call_fixtures import PHONE, planned, reason
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifier.domain.calls import Call, CallState, Purpose
from notifier.domain.domain_events import (
    AlertCleared,
    AlertRaised,
    CallOver,
    CustomerReplied,
    DeliverySettled,
    DepositSettled,
    DomainEvent,
    MessageEnded,
    OrderPrioritized,
    OrderRated,
    StaffReminded,
)
from notifier.domain.events import AgreedTime, Details, Event, EventType
from notifier.domain.messages import Audience, Message, MessageState
from notifier.domain.orders import Order
from notifier.outbound import news, retrying
from notifier.outbound.endpoint import retry_after
from notifier.outbound.events import PAYLOADS, Topic
from notifier.outbound.news import OutboundNews
from notifier.outbound.samples import AT, samples
from notifier.outbound.schemas import schemas
from notifier.outbound.signing import headers
from notifier.store.records import encode

DOCS = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = [DOCS / "outbound-webhooks.md", DOCS / "outbound-webhooks.fa.md"]
LONG = "یک نام بسیار بلند با واژه‌های فراوان " * 6  # 200 characters, the most that a shop may post

ORDER = Order(v=3, id="10025", source="shop", details=Details(name="سارا", phone=PHONE, amount=1_000))
MESSAGE = Message(
    id="7", template="order_packed", version="1", to=PHONE, text="…", created_at=AT, order_id="10025", source="shop"
)


def over(**changes: Any) -> Call:
    return replace(planned(reason("1")), **({"state": CallState.EXHAUSTED, "v": 4} | changes))


def facts() -> list[DomainEvent]:
    """One of each, from one shop."""
    event = Event(id="e", source="shop", type=EventType.DEPOSIT_REJECTED, order_id="10025", at=AT, by="sara")
    return [
        MessageEnded(message=MESSAGE, state=MessageState.DELIVERED, at=AT),
        MessageEnded(message=MESSAGE, state=MessageState.BLOCKED, at=AT, reason="x"),
        OrderPrioritized(order=ORDER, at=AT),
        DepositSettled(order=ORDER, event=event, at=AT),
        DepositSettled(order=ORDER, event=replace(event, type=EventType.DEPOSIT_CONFIRMED), at=AT),
        *(
            DeliverySettled(order=ORDER, event=replace(event, type=kind, details=details), at=AT)
            for kind, details in (
                (EventType.DELIVERY_AGREED, Details(delivery=AgreedTime.parse("2026-12-01 16:00-19:00"))),
                (EventType.DELIVERY_CHANGED, Details(delivery=AgreedTime.parse("2026-12-02 16:00-19:00"))),
                (EventType.DELIVERY_RELEASED, Details()),
            )
        ),
        OrderRated(order=ORDER, event=replace(event, type=EventType.RATED, details=Details(mark=4)), at=AT),
        CallOver(call=over(), outcome="no_answer", by="sara", note="", at=AT),
        StaffReminded(id="55", staff_id="sara", calls=((planned(reason("7")), "due"),), at=AT),
        CustomerReplied(id="m1", phone=PHONE, text="سلام", at=AT, order=ORDER),
    ]


ALERTS = (
    AlertRaised(id="9", kind="credit_low:kavenegar", text="اعتبار کم است.", at=AT),
    AlertCleared(id="9", kind="credit_low:kavenegar", text="برگشت.", raised_at=AT - timedelta(hours=1), at=AT),
)
"""What is about no shop."""


def told(fact: DomainEvent) -> list[OutboundNews]:
    return list(news.of(fact))


def test_every_topic_is_told_of_something() -> None:
    assert {one.topic for fact in (*facts(), *ALERTS) for one in told(fact)} == set(Topic)


def test_a_payload_is_what_its_model_says() -> None:
    for fact in (*facts(), *ALERTS):
        for one in told(fact):
            written = encode(one.payload)
            assert json.loads(written)["type"] == one.topic
            assert msgspec.json.decode(written, type=PAYLOADS[one.topic]) == one.payload


def test_news_has_one_id_however_often_and_whenever_it_is_found_out() -> None:
    ids = [one.id("shop a") for fact in facts() for one in told(fact)]
    later = [replace(fact, at=AT + timedelta(hours=1)) for fact in facts()]
    assert [one.id("shop a") for fact in later for one in told(fact)] == ids
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {one.id("shop b") for fact in facts() for one in told(fact)}


def test_alerts_are_told_to_who_hears_of_all_shops() -> None:
    raised, cleared = (told(fact)[0] for fact in ALERTS)
    assert (raised.topic, cleared.topic) == (Topic.ALERT_RAISED, Topic.ALERT_CLEARED)
    for one in (raised, cleared):
        data = json.loads(encode(one.payload))["data"]
        assert (data["alert_id"], data["kind"], data["about"]) == ("9", "credit_low", "kavenegar")
    assert all(news.narrowed(fact, {"shop"}) is None for fact in ALERTS)
    long = replace(ALERTS[0], text=LONG * 50)
    assert len(encode(told(long)[0].payload)) < 20_000


def test_what_is_for_staff_is_not_told_to_the_shop() -> None:
    staff = replace(MESSAGE, audience=Audience.STAFF)
    assert told(MessageEnded(message=staff, state=MessageState.FAILED, at=AT)) == []


def test_a_payload_is_small_whatever_it_holds() -> None:
    reasons = tuple(
        replace(reason(str(number)), order_id=f"{number}" + "ط" * 96, source="s" * 40, purpose=Purpose.VERIFY_DEPOSIT)
        for number in range(200)
    )
    call = over(reasons=reasons, name=LONG[:200])
    details = Details(name=LONG[:200], phone=PHONE, city=LONG[:200], reference="ط" * 200, amount=10**15)
    order = replace(ORDER, details=details, id="ط" * 100)
    message = replace(MESSAGE, order_id="ط" * 100, template="t" * 100)
    event = Event(id="e", source="shop", type=EventType.DEPOSIT_REJECTED, order_id=order.id, at=AT, by="s" * 64)
    for fact in (
        MessageEnded(message=message, state=MessageState.FAILED, at=AT, reason=LONG * 50),
        OrderPrioritized(order=order, at=AT),
        DepositSettled(order=order, event=event, at=AT),
        CallOver(call=call, outcome="no_answer", by="s" * 64, note=LONG * 50, at=AT),
        StaffReminded(id="55", staff_id="s" * 64, calls=((call, "due"),) * 200, at=AT),
        CustomerReplied(id="m1", phone=PHONE, text=LONG * 50, at=AT, order=order),
    ):
        for one in told(fact):
            assert len(encode(one.payload)) < 20_000, one.topic


def test_a_reminder_of_very_many_calls_comes_in_parts() -> None:
    calls = tuple((over(id=str(number)), "due") for number in range(45))
    parts = told(StaffReminded(id="55", staff_id="sara", calls=calls, at=AT))
    assert len({part.id("shop a") for part in parts}) == len(parts) == 3
    listed = [call["id"] for part in parts for call in json.loads(encode(part.payload))["data"]["calls"]]
    assert listed == [str(number) for number in range(45)]


def test_of_several_shops_each_hears_of_its_own() -> None:
    mine, other = reason("1"), replace(reason("2", order="W7"), source="woo")
    call = over(reasons=(mine, other))
    for fact in (
        CallOver(call=call, outcome="no_answer", by="sara", note="", at=AT),
        StaffReminded(id="55", staff_id="sara", calls=((call, "due"),), at=AT),
    ):
        part = news.narrowed(fact, {"woo"})
        assert part is not None
        assert "W7" in str(encode(told(part)[0].payload))
        assert "10025" not in str(encode(told(part)[0].payload))
    assert all(news.narrowed(fact, {"shop"}) == fact for fact in facts())
    assert all(news.narrowed(fact, {"woo"}) is None for fact in facts())


def test_each_payload_has_a_schema_of_its_own() -> None:
    found = schemas()
    assert set(found) == set(Topic)
    for topic, schema in found.items():
        assert schema["properties"]["type"] == {"enum": [topic]}
        assert {"type", "timestamp", "data"} == set(schema["required"])
        assert schema["description"]
        assert schema["properties"]["data"]["properties"]
        assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_in_the_documentation_are_what_is_posted(page: Path) -> None:
    shown = {}
    for block in re.findall(r"```json\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        document = json.loads(block)
        shown[document["type"]] = document
    assert shown == {topic: json.loads(encode(payload)) for topic, payload in samples().items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_documentation_names_every_field(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    models = {type(payload.data) for payload in samples().values()}  # type: ignore[attr-defined]
    fields = {name for model in models for name in model.__struct_fields__}
    assert not {name for name in fields if f"`{name}`" not in text}


def test_signatures_are_those_of_the_standard() -> None:
    # https://github.com/standard-webhooks/standard-webhooks, the example of its reference libraries.
    at = datetime.fromtimestamp(1614265330, UTC).astimezone(AT.tzinfo)
    made = headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at=at
    )
    assert made["webhook-timestamp"] == "1614265330"
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("120", 120),
        ("0", 0),
        ("999999999", 86400),
        ("Mon, 23 Nov 2026 06:50:00 GMT", 300),
        ("Mon, 23 Nov 2020 06:50:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("۱۲", 12),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_how_long_a_receiver_wants_to_be_left_alone(said: str | None, seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert retry_after(said, AT.replace(hour=10, minute=15)) == expected


@given(st.integers(0, 1000), st.floats(0, 1), st.none() | st.integers(0, 86_400))
def test_tries_follow_the_table_and_the_receiver(tries: int, jitter: float, asked: int | None) -> None:
    wished = None if asked is None else timedelta(seconds=asked)
    wait = retrying.next_try(tries, wished, jitter)
    least = max(retrying.BACK_OFF[min(tries, 8)], wished or timedelta())
    assert least <= wait <= least * 1.2 + timedelta(seconds=1)


@given(st.integers(1, 10**6))
def test_a_pause_grows_and_ends(pauses: int) -> None:
    assert timedelta(seconds=10) <= retrying.pause(pauses, None) <= timedelta(minutes=10)
    assert retrying.pause(pauses, timedelta(hours=2)) == timedelta(hours=2)
