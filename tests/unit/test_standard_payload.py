"""The payload of kind ``standard``: what becomes of it in the domain's words."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notifier.domain.events import Event, EventType, Item, PaymentMethod
from notifier.errors import Unprocessable
from notifier.intake.standard import payload as standard

FIXTURES = Path(__file__).parents[1] / "fixtures" / "standard"


def load(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def event(name: str, **data: Any) -> Event:
    payload = load(name)
    return standard.validate(payload | {"data": payload["data"] | data}).event(source="shop", event_id="msg_1")


def test_everything_in_a_payment() -> None:
    paid = event("payment.succeeded__tehran_online")
    assert (paid.id, paid.source, paid.type, paid.order_id) == ("msg_1", "shop", EventType.PAID, "10025")
    assert paid.at == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
    details = paid.details
    assert (details.name, details.phone, details.city) == ("سارا محمدی", "09121234567", "تهران")
    assert (details.method, details.amount, details.reference) == (PaymentMethod.ONLINE, 185_000_000, "123456789")
    assert details.items == (Item("Xiaomi 13T Pro", 1),)
    assert (details.carrier, details.tracking_code) == ("پست پیشتاز", "123456789012345678901234")
    assert details.tracking_url == "https://tracking.post.ir/?id=123456789012345678901234"
    assert paid.extra == {}


@pytest.mark.parametrize(
    ("currency", "amount"), [("IRR", 185_000_000), ("IRT", 18_500_000), ("IRHR", 185_000), ("IRHT", 18_500)]
)
def test_every_currency_becomes_rial(currency: str, amount: int) -> None:
    told = event("order.registered__tehran_cash", payment={"amount": amount, "currency": currency})
    assert told.details.amount == 185_000_000


def test_money_stands_where_it_belongs() -> None:
    refund = event("payment.refunded__partly").details
    assert (refund.amount, refund.refund_amount, refund.refund_reference, refund.reference) == (
        None,
        5_000_000,
        "R-2",
        None,
    )
    deposit = event("payment.deposit_reported__with_reference").details
    assert (deposit.amount, deposit.deposit_amount, deposit.reference) == (None, 185_000_000, "998877")


@pytest.mark.parametrize("phone", ["09121234567", "+989121234567", "00989121234567", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "9121234567"])
def test_phones_have_one_form(phone: str) -> None:
    assert event("order.registered__tehran_cash", customer={"phone": phone}).details.phone == "09121234567"


def test_names_are_tidied() -> None:
    told = event("order.registered__tehran_cash", customer={"phone": "09121234567", "name": " علي\u202e  كريمي\n"})
    assert told.details.name == "علی کریمی"


def test_an_order_id_alone_says_nothing_else() -> None:
    details = event("order.preparing__order_id_alone").details
    assert [name for name in details.__struct_fields__ if getattr(details, name) is not None] == []


def test_unknown_fields_are_kept_where_they_stood() -> None:
    assert event("payment.succeeded__unknown_fields").extra == {
        "": {"trace": {"id": "abc"}},
        "data": {"note": "زنگ نزنید"},
        "customer": {"club": "gold"},
        "payment": {"terminal": 77},
        "shipment": {"weight": 450},
        "items": [{"sku": "MI-13TP"}],
    }


@pytest.mark.parametrize(("number", "kept"), [(2**63 - 1, 2**63 - 1), (2**63, str(2**63)), (-(2**70), str(-(2**70)))])
def test_numbers_too_large_for_a_record_are_kept_as_text(number: int, kept: int | str) -> None:
    told = event("order.preparing__order_id_alone", deep=[{"n": number}], yes=True)
    assert told.extra == {"data": {"deep": [{"n": kept}], "yes": True}}


def test_all_mistakes_are_told_with_their_place() -> None:
    with pytest.raises(Unprocessable) as caught:
        standard.validate({"type": "?", "timestamp": "?", "data": {"order_id": ":", "items": [{}, {"name": ""}]}})
    assert [mistake["loc"] for mistake in caught.value.errors] == [
        ["type"],
        ["timestamp"],
        ["data", "order_id"],
        ["data", "items", 0, "name"],
        ["data", "items", 1, "name"],
    ]
    assert all(mistake["msg"] and "Value error" not in mistake["msg"] for mistake in caught.value.errors)
