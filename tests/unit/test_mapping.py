"""What a mapping reads from a delivery, and what it says when it cannot."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_shop import SOURCE, order

from notifier.config.mapping import MappingSource
from notifier.domain.events import EventType, PaymentMethod
from notifier.errors import Problem, Unprocessable
from notifier.intake.mapping import body as documents
from notifier.intake.mapping import events, values
from notifier.intake.mapping.events import MappedDelivery

TEHRAN = ZoneInfo("Asia/Tehran")
NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)


def read(document: Any, **changes: Any) -> MappedDelivery:
    rules = MappingSource(**(SOURCE | changes)).rules(TEHRAN)
    return events.read(json.dumps(document).encode(), "application/json", {}, rules, source="mine", received_at=NOW)


def fields(**changes: Any) -> dict[str, Any]:
    return SOURCE["fields"] | changes  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("changed", "loc", "expression"),
    [
        ({"buyer": {"mobile": "12"}}, ["data", "customer", "phone"], "buyer.mobile"),
        ({"buyer": {}, "state": "new"}, ["data", "customer", "phone"], "buyer.mobile"),
        ({"id": None}, ["data", "order_id"], "id"),
        ({"id": {"no": 1}}, ["data", "order_id"], "id"),
        ({"id": "a:b"}, ["data", "order_id"], "id"),
        ({"total": "much"}, ["data", "payment", "amount"], "total"),
        ({"total": -5}, ["data", "payment", "amount"], "total"),
        ({"total": True}, ["data", "payment", "amount"], "total"),
        ({"unit": "USD"}, ["data", "payment", "amount"], "total"),
        ({"lines": [{"title": "x", "count": "many"}]}, ["data", "items"], "lines[].{name: title, quantity: count}"),
        ({"lines": [{"title": "x", "count": 0}]}, ["data", "items"], "lines[].{name: title, quantity: count}"),
        ({"changed": "soon"}, ["time"], "changed"),
        ({"changed": None}, ["time"], "changed"),
        ({"changed": 0}, ["timestamp"], "changed"),
        ({"changed": "1405-13-01"}, ["time"], "changed"),
        ({"changed": 1e300}, ["time"], "changed"),
        ({"state": None}, ["status"], "state"),
        ({"state": ["paid"]}, ["status"], "state"),
        ({"receipt": "9" * 201}, ["data", "payment", "reference"], "receipt"),
    ],
)
def test_a_mistake_names_the_field_and_its_expression(changed: dict[str, Any], loc: list[str], expression: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        read(order(**changed))
    (error,) = refused.value.errors
    assert error["loc"][: len(loc)] == loc
    assert error["expression"] == expression
    assert repr(expression) in error["msg"]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-23T09:30:00+03:30", "2026-11-23T06:00:00+00:00"),
        ("2026-11-23T06:00:00Z", "2026-11-23T06:00:00+00:00"),
        ("2026-11-23 09:30:00", "2026-11-23T06:00:00+00:00"),
        ("2026-11-23 09:30:00.000000", "2026-11-23T06:00:00+00:00"),
        ("2026/11/23 9:30", "2026-11-23T06:00:00+00:00"),
        ("1405/09/02 09:30:00", "2026-11-23T06:00:00+00:00"),
        ("۱۴۰۵/۹/۲ - ۰۹:۳۰", "2026-11-23T06:00:00+00:00"),
        ("1405-09-02", "2026-11-22T20:30:00+00:00"),
        (1795413600, "2026-11-23T06:00:00+00:00"),
        ("1795413600", "2026-11-23T06:00:00+00:00"),
        (1795413600.0, "2026-11-23T06:00:00+00:00"),
        (1795413600000, "2026-11-23T06:00:00+00:00"),
        ("۱۷۹۵۴۱۳۶۰۰", "2026-11-23T06:00:00+00:00"),
    ],
)
def test_times_in_every_form(written: Any, moment: str) -> None:
    at = values.time(written, TEHRAN)
    assert at is not None
    assert at.astimezone(UTC) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("total", "unit", "rial"),
    [
        ("4850000.000000", "IRR", 4_850_000),
        (4850000.0, "IRR", 4_850_000),
        (485000, "IRT", 4_850_000),
        ("۴٬۸۵۰", "IRHR", 4_850_000),
        ("485", "irht", 4_850_000),
        ("0", "IRR", 0),
        ("", "IRR", None),
        (None, "IRR", None),
    ],
)
def test_amounts_in_every_form(total: Any, unit: str, rial: int | None) -> None:
    assert read(order(total=total, unit=unit)).event.details.amount == rial


def test_a_currency_may_be_the_same_for_all() -> None:
    payment = fields()["payment"] | {"currency": "IRT"}
    assert read(order(total=7, unit=None), fields=fields(payment=payment)).event.details.amount == 70


@pytest.mark.parametrize("mobile", ["09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "+98 912 123 4567", 9121234567, 989121234567.0])
def test_phones_in_any_digits(mobile: Any) -> None:
    assert read(order(buyer={"mobile": mobile})).event.details.phone == "09121234567"


@pytest.mark.parametrize(
    ("lines", "items"),
    [
        ([{"title": "x", "count": "۲"}], [("x", 2)]),
        ([{"title": "x", "count": "2.000"}, {"count": 1}], [("x", 2)]),
        ([{"title": "x"}], [("x", 1)]),
        ([], []),
        (None, []),
    ],
)
def test_lines_of_an_order(lines: Any, items: list[tuple[str, int]]) -> None:
    found = read(order(lines=lines)).event.details.items or ()
    assert [(item.name, item.quantity) for item in found] == items


def test_names_of_things_alone() -> None:
    found = read(order(lines=["x", "y"]), fields=fields(items="lines")).event.details.items or ()
    assert [(item.name, item.quantity) for item in found] == [("x", 1), ("y", 1)]


@pytest.mark.parametrize(
    ("word", "method"),
    [
        ("GateWay", PaymentMethod.ONLINE),
        ("cod", PaymentMethod.CASH),
        ("phone", PaymentMethod.PHONE),
        ("barter", None),
        ("", None),
    ],
)
def test_methods(word: str, method: PaymentMethod | None) -> None:
    assert read(order(pay=word)).event.details.method is method


def test_the_rest_of_methods_and_statuses() -> None:
    reading = read(order("whatever", pay="whatever"), methods={"*": "online"}, statuses={"*": ["paid"]})
    assert [event.type for event in reading.events(None)] == [EventType.PAID]
    assert not reading.odd


def test_our_own_names_need_no_table() -> None:
    assert [event.type for event in read(order("order.packed")).events(None)] == [EventType.PACKED]


@pytest.mark.parametrize(
    ("pay", "kinds"),
    [
        ("gateway", ["order.registered", "payment.succeeded"]),
        ("bacs", ["order.registered", "payment.deposit_confirmed"]),
        ("cod", ["order.registered"]),
    ],
)
def test_what_paid_means_depends_on_the_method(pay: str, kinds: list[str]) -> None:
    assert [event.type for event in read(order(pay=pay)).events(None)] == kinds


def test_each_event_has_an_id_of_its_own() -> None:
    reading = read(order("sent"))
    assert len({event.id for event in reading.events(None)}) == 4
    assert read(order("sent", note="other")).event_id != reading.event_id


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"a=1&b=%D8%B3", {"a": "1", "b": "س"}),
        (b"a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a[0][n]=x&a[1][n]=y", {"a": [{"n": "x"}, {"n": "y"}]}),
        (b"a[1]=x", {"a": {"1": "x"}}),
        (b"a=&b=+", {"a": "", "b": " "}),
        (b"a=1&a[b]=2", {"a": "1"}),
        (b"a[=1", {"a[": "1"}),
    ],
)
def test_forms(body: bytes, document: dict[str, Any]) -> None:
    assert documents.document(body, documents.FORM) == document


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(document=st.fixed_dictionaries(dict.fromkeys(order(), JSON)))
def test_whatever_comes_is_read_or_refused(document: dict[str, Any]) -> None:
    assert status(lambda: read(document)) in (200, 400, 422)  # 400: infinite numbers and halves of letters


@given(body=st.binary(max_size=60), form=st.booleans())
def test_whatever_bytes_come_are_read_or_refused(body: bytes, form: bool) -> None:
    kind = documents.FORM if form else "application/json"
    assert status(lambda: documents.document(body, kind)) in (200, 400, 422)


def status(take: Callable[[], object]) -> int:
    try:
        take()
    except Problem as problem:
        return problem.status
    return 200


@pytest.mark.parametrize(
    ("count", "quantity"),
    [
        ("2", 2), ("۲", 2), ("2.0", 2), (2.5, 1), ("2.5", 1), ("۲٫۵ کیلوگرم", 1), ("0.25", 1), ("3 عدد", 3), (None, 1),
        ("1000000", 1_000_000),
    ],
)  # fmt: skip
def test_what_is_sold_by_weight_is_one_thing(count: Any, quantity: int) -> None:
    items = read(order(lines=[{"title": "برنج", "count": count}])).event.details.items
    assert items is not None
    assert items[0].quantity == quantity


@pytest.mark.parametrize(
    "count",
    ["1e300000", "1e999999999", "1E5", "9" * 4000, 1e300, "-1", "0", "-0.5", "nan", "Infinity", "1000001", "0x10"],
)
def test_a_quantity_beyond_all_bounds_is_refused_before_it_is_worked_out(count: Any) -> None:
    with pytest.raises(Unprocessable) as refused:
        read(order(lines=[{"title": "x", "count": count}]))
    assert "quantity" in refused.value.errors[0]["msg"] or "longer" in refused.value.errors[0]["msg"]


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "9" * 100_000}, {"total": "9" * 100_000}, {"unit": "I" * 100_000}, {"changed": "1" * 100_000},
        {"receipt": "\ufdfa" * 100_000}, {"parcel": "9" * 100_000}, {"buyer": {"mobile": "9" * 100_000}},
        {"buyer": {"mobile": "09121234567", "name": "<" * 100_000}}, {"lines": [{"title": "x"}] * 20_000},
        {"note": ["x"] * 20_000},
    ],
)  # fmt: skip
def test_what_is_too_long_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Unprocessable):
        read(order(**changed))


def test_one_order_however_its_number_is_written() -> None:
    for written in ("۸۴۰۱۰", "84010", "84010\u200f", 84010, "84010.0".removesuffix(".0")):
        assert read(order(id=written)).event.order_id == "84010"
    details = read(order(receipt="۱۲۳\u200f", parcel="\u2066۷۷۷\u2069")).event.details
    assert (details.reference, details.tracking_code) == ("123", "777")


def test_a_mapped_shop_s_page_and_its_nothing() -> None:
    buyer = {"name": "Tom &amp; <b>Sara</b> null", "mobile": "09121234567", "town": "ندارد"}
    details = read(
        order(buyer=buyer, receipt="0", parcel="-", lines=[{"title": "گوشی&zwnj;موبایل &#8211; آبی"}])
    ).event.details
    assert (details.name, details.city, details.reference, details.tracking_code) == ("Tom & Sara", None, None, None)
    assert details.items is not None
    assert details.items[0].name == "گوشی\u200cموبایل – آبی"


def test_a_mark_before_a_body_is_passed_over() -> None:
    assert documents.document(b"\xef\xbb\xbf{}", "application/json") == {}


_SLOT = {"delivery": {"date": "slot.day", "from": "slot.from", "to": "slot.to"}, "mark": "stars", "callback_at": "call"}


def _told(state: str, **found: Any) -> Any:
    changes = {"fields": fields(**_SLOT), "statuses": {"booked": ["delivery.agreed"], "rated": ["order.rated"]}}
    return read(order(state=state, **found), **changes).events(None)[-1].details


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-12-01", "16:00", "19:00"),
        ("1405/09/10", "۱۶", "۱۹"),
        ("۱۴۰۵-۰۹-۱۰", 16, 19),
        ("2026-12-01T16:00:00+03:30", "2026-12-01T16:00:00+03:30", "2026-12-01T15:30:00Z"),
        (1796128200, "16:00:00", "19:00:00"),
    ],
)
def test_a_time_of_delivery_is_found_in_any_form(day: object, start: object, end: object) -> None:
    agreed = _told("booked", slot={"day": day, "from": start, "to": end}).delivery
    assert str(agreed) == "2026-12-01 16:00-19:00"


@pytest.mark.parametrize(
    ("slot", "about"),
    [
        ({"day": "soon", "from": "16:00", "to": "19:00"}, "slot.day"),
        ({"day": "2026-12-01", "from": "evening", "to": "19:00"}, "slot.from"),
        ({"day": "2026-12-01", "from": "16:00", "to": "25:00"}, "slot.to"),
        ({"day": "2026-12-01", "from": "19:00", "to": "16:00"}, "ends before it begins"),
        ({"day": "2026-12-01", "from": "16:00"}, "slot.to"),
        (None, "needs data.delivery"),
    ],
)
def test_a_time_of_delivery_that_cannot_be_read_is_refused_with_its_place(slot: object, about: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        _told("booked", slot=slot)
    assert about in " ".join(str(one) for one in refused.value.errors)


def test_a_mark_and_a_wish_to_be_phoned_are_found() -> None:
    assert _told("rated", stars="۴").mark == 4
    changes = {"fields": fields(**_SLOT), "statuses": {"call me": ["order.callback_requested"]}}
    details = read(order(state="call me", call="1405/09/03 17:30"), **changes).events(None)[-1].details
    assert details.callback_at == datetime(2026, 11, 24, 17, 30, tzinfo=TEHRAN)
    with pytest.raises(Unprocessable, match="mapping of this source"):
        _told("rated", stars="six")
