"""The structs that well-formed events are read into, held against the model: over valid, odd and broken documents."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifier.clock import TEHRAN
from notifier.domain.events import Event, EventType
from notifier.errors import Problem
from notifier.intake.standard import payload, well_formed
from notifier.practice import standard
from notifier.store.records import encode

NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)

WORDS = st.sampled_from(
    [
        "سارا محمدی",
        "Sara  Mohammadi",
        "علي كريمي",
        " تهران ",
        "null",
        "-",
        "",
        "0",
        "۱۲۳",
        "می\u200cخواهم",
        "a\nb",
        "x" * 201,
    ]
) | st.text(max_size=30)
PHONES = st.sampled_from(
    ["09121234567", "+98 912 123 4567", "۰۹۱۲۱۲۳۴۵۶۷", "021-91001234", "12", "ندارد", " 09121234567"]
)
IDS = st.sampled_from(["10025", " 10025", "A-۱۲", "..", "a:b", "a b", "\u200e10025", "", "x" * 101, "سفارش"]) | WORDS
AMOUNTS = st.integers(-10, 10**14) | st.sampled_from(
    [0, 1.0, 1.5, "185000", "۱۸۵", True, 10**60, -(2**63), 2**64, None]
)
TIMES = st.sampled_from(
    [
        "2026-11-23T10:00:00+03:30",
        "2026-11-23T06:30:00Z",
        "2026-11-23T10:00:00.123456+03:30",
        "2026-11-23T10:00:00.1234567Z",
        "2026-11-23T10:00:00",
        "2026-11-23T24:00:00Z",
        "2026-02-30T10:00:00Z",
        "1999-01-01T00:00:00Z",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T10:00:00-00:00",
        "2026-11-23T10:00:60Z",
        "20261123T100000Z",
        "2026-11-23T1:0000:00Z",
        "2026-11-23 10:00:00+03:30",
        1763880000,
        "",
        None,
    ]
)
ODD = (
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.lists(st.integers(), max_size=2) | st.just({})
)


def part(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the fields, now and then with something else in one of them, or with a field that nobody knows."""
    either = {name: value | value | value | ODD for name, value in fields.items()}
    known = st.fixed_dictionaries({}, optional=either)
    return known | known | st.builds(lambda fields, name, value: fields | {name: value}, known, WORDS, ODD)


DAYS = st.sampled_from(["2026-11-25", "2026-12-01", "1405-09-10", "soon", "2030-01-01"])
CLOCKS = st.sampled_from(["16:00", "۱۶:۰۰", "19:00:00", "9", "24:00"])
DOCUMENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(list(EventType)) | WORDS,
        "timestamp": TIMES,
        "data": st.builds(
            lambda order_id, rest: {"order_id": order_id} | rest,
            IDS,
            part(
                customer=part(name=WORDS, phone=PHONES, city=WORDS, province=WORDS, address=WORDS, note=WORDS),
                payment=part(
                    method=st.sampled_from(["online", "cash", "card"]),
                    amount=AMOUNTS,
                    currency=st.sampled_from(["IRR", "IRT", "IRHR", "USD", " IRR"]),
                    reference=WORDS,
                ),
                items=st.lists(part(name=WORDS, quantity=st.integers(0, 3)), max_size=3),
                shipment=part(
                    carrier=WORDS,
                    tracking_code=WORDS,
                    url=st.sampled_from(["https://a.ir/1", "ftp://a", "-", "http://a b", "https://a\u00a0b", ""]),
                ),
                delivery=part(**{"date": DAYS, "from": CLOCKS, "to": CLOCKS}),
                mark=st.integers(-1, 6),
                callback_at=TIMES,
            ),
        ),
    },
    optional={"unknown": ODD},
)


WITH_A_REASON = (EventType.RETURN_REFUSED, EventType.DELIVERY_FAILED, EventType.STALLED)


def by_the_model(body: bytes) -> Event:
    return payload.parse(body).event(source="shop", event_id="msg_1")


def outcome(read: Any, body: bytes) -> Any:
    try:
        event = read(body)
    except Problem as problem:
        return problem.document()
    return event, encode(event)


def quickly(body: bytes) -> Event:
    return well_formed.read(body, source="shop", event_id="msg_1")


@settings(max_examples=400)
@given(DOCUMENTS)
@example({"type": "order.packed", "timestamp": "2026-11-23T06:30:00Z", "data": {"order_id": "1", "items": []}})
def test_structs_and_model_read_the_same(document: Any) -> None:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert outcome(quickly, body) == outcome(by_the_model, body)


@settings(max_examples=300)
@given(st.sampled_from(list(EventType)), st.data())
def test_structs_and_model_read_the_same_of_bytes_that_are_broken(kind: EventType, data: st.DataObject) -> None:
    body = encode(standard.event(kind, at=NOW, order_id="10025"))
    at, count = data.draw(st.integers(0, len(body))), data.draw(st.integers(0, 3))
    broken = body[:at] + data.draw(st.binary(max_size=3)) + body[at + count :]
    assert outcome(quickly, broken) == outcome(by_the_model, broken)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b"\xef\xbb\xbf" + encode(standard.event(EventType.PAID, at=NOW, order_id="10025")),
        b'{"type":1,"type":"order.packed","timestamp":"2026-11-23T06:30:00Z","data":{"order_id":"1"}}',
        b'{"type":"order.packed","timestamp":"2026-11-23T06:30:00Z","data":{"order_id":"1"},"data":{"order_id":"2"}}',
        b'{"type":"order.packed","timestamp":"2026-11-23T06:30:00Z","data":{"order_id":"\\ud800"}}',
        b'{"type":"order.packed","timestamp":"2026-11-23T06:30:00Z","data":{"order_id":"1","x":NaN}}',
        b'{"type":"order.packed","timestamp":"2026-11-23T06:30:00Z","data":{"order_id":"1","customer":{"name":"'
        + b"," * 12_000
        + b'"}}}',
    ],
)
def test_structs_and_model_read_the_same_of_what_programs_get_wrong(body: bytes) -> None:
    assert outcome(quickly, body) == outcome(by_the_model, body)


@pytest.mark.parametrize("kind", sorted(set(EventType) - {*well_formed.EXPLAINED, *WITH_A_REASON}))
def test_an_event_of_the_manual_needs_no_model(kind: EventType) -> None:
    body = encode(standard.event(kind, at=NOW.astimezone(UTC), order_id="10025"))
    with mock.patch.object(payload, "parse", side_effect=AssertionError):
        assert quickly(body).type is kind
