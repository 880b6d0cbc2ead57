"""Large orders of WooCommerce: what is skipped, and that nothing is read out of what was left out."""

import json
from typing import Any

import pytest

from notifier.errors import NotJson, Unprocessable
from notifier.intake.woocommerce.events import parse

PAGE = "<div>صفحه</div>" * 150_000
ORDER: dict[str, Any] = {
    "id": 71001,
    "number": "۷۱۰۰۱",
    "status": "processing",
    "currency": "IRT",
    "total": "18500000",
    "date_paid_gmt": "2026-11-23T06:29:00",
    "billing": {"first_name": "سارا", "last_name": "محمدی", "city": "مشهد", "phone": "09120000001"},
    "payment_method": "WC_ZPal",
    "transaction_id": "201785643310",
    "line_items": [{"name": "گوشی", "quantity": 2}],
    "refunds": [{"total": "-500000"}],
    "meta_data": [{"id": 1, "key": "post_barcode", "value": "208690405100038460081114"}],
}


def body(**changed: Any) -> bytes:
    return json.dumps(ORDER | changed).encode()


def of_the_customer(raw: bytes) -> tuple[Any, ...]:
    one = parse(raw)
    return one.order_id, one.number, one.status, one.details, one.transaction_id, one.paid, one.meta, one.is_bare


@pytest.mark.parametrize(
    "more",
    [
        {"a_plugins_page": PAGE},
        {"a_plugins_list": [[]] * 80_000},
        {f"field_{place}": place for place in range(80_000)},
        {"meta_data": [*ORDER["meta_data"], {"key": "_page", "value": PAGE}]},
        {"meta_data": [{"key": "_page", "value": [PAGE]}, {"key": 7, "value": PAGE}, *ORDER["meta_data"], {}]},
        {"line_items": ORDER["line_items"] + [{"name": ""}] * 9000, "page": PAGE},
        {"line_items": {"1": ORDER["line_items"][0]} | {str(n): {"name": ""} for n in range(2, 9000)}, "page": PAGE},
        {"meta_data": {"0": {"key": "_page", "value": PAGE}, "7": ORDER["meta_data"][0]}},
    ],
    ids=["text", "lists", "fields", "meta", "odd meta", "many lines", "lines with gaps", "meta with gaps"],
)
def test_what_is_read_is_the_same_however_large_the_rest_is(more: dict[str, Any]) -> None:
    assert of_the_customer(body(**more)) == of_the_customer(body())


def test_the_id_beside_a_page_is_no_deletion() -> None:
    assert not parse(json.dumps({"id": 71001, "page": PAGE}).encode()).is_bare
    assert parse(b'{"id": 71001}').is_bare


@pytest.mark.parametrize("name", ["billing", "line_items", "refunds"])
def test_what_is_too_large_itself_is_left_out_and_said(name: str) -> None:
    large = [{"name": "a", "total": "-1"}] * 50_000 if name != "billing" else {"phone": "09120000001", "note": PAGE}
    one = parse(body(**{name: large}))
    assert one.order_id == "71001"
    assert one.transaction_id == "201785643310"
    assert any(odd.startswith(f"{name} holds more") for odd in one.oddities)


def test_meta_data_without_end_are_left_out() -> None:
    one = parse(body(meta_data=[{"key": "a", "value": 1}] * 60_000))
    assert (one.meta, one.transaction_id) == ({}, "201785643310")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"[" + b",".join([b"{}"] * 80_000) + b"]", Unprocessable),
        (b'{"page": "' + b"x" * 2_000_000 + b'"}', Unprocessable),
        (b'{"id": 1, "page": "' + b"x" * 2_000_000, NotJson),
        (b'{"id": 1, "page": ' + b"[" * 2_000_000, NotJson),
        (b'{"id": 1, "page": [' + b"[]," * 600_000 + b"[]]}", Unprocessable),
        (b'{"id": NaN, "page": "' + b"x" * 2_000_000 + b'"}', NotJson),
    ],
    ids=["list", "no id", "cut", "deep", "values without end", "no number"],
)
def test_what_is_no_order_is_refused_with_a_sentence(raw: bytes, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        parse(raw)
