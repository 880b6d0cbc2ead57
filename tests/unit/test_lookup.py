"""What orders are looked for by, and what somebody who types means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import lookup
from notifier.domain.events import Details
from notifier.domain.orders import Order, Parcel


@pytest.mark.parametrize(
    "typed", ["سفارش ۱۰۴۴۵", "سفارش شمارهٔ ۱۰۴۴۵", "سفارش‌شماره 10445", "#10445", "order no. 10445", "10445"]
)
def test_an_order_said_in_any_way(typed: str) -> None:
    assert "10445" in lookup.query(typed).codes


@pytest.mark.parametrize("typed", ["rx-100", "RX-100", "Rx 100", "سفارش rX100", "RX_100"])
def test_a_code_in_any_case_and_grouping(typed: str) -> None:
    assert lookup.query(typed).code == "rx100"


def test_only_codes_that_are_not_found_as_they_are_need_a_key() -> None:
    details = Details(tracking_code="123456789012345678901234", reference="AB-77", number="10445")
    order = Order(id="rx100", source="shop", details=details, parcels={"Post-9": Parcel(1)})
    assert lookup.code_keys(order) == {"ab77", "post9"}


@pytest.mark.parametrize("typed", ["محمدی", "سارا محمدی", "محمدی سارا", "سارا محم", "محمدي سارا", "سارا  محمّدی"])
def test_a_name_by_its_parts_in_any_order_and_spelling(typed: str) -> None:
    words = lookup.query(typed).words
    assert any(key.startswith("".join(words)) for key in lookup.name_keys("سارا محمدی"))


def test_a_joined_name_and_a_parted_one_are_one() -> None:
    for kept, typed in (("محمد‌علی کریمی", "محمد علی"), ("محمد علی کریمی", "محمدعلی"), ("علی‌اکبر", "اکبر")):
        assert any(key.startswith("".join(lookup.query(typed).words)) for key in lookup.name_keys(kept))


@given(st.text("سارامحمدی یيـِآ\u200c|aA1۱ ", max_size=40))
def test_a_name_in_the_usual_spelling_is_taken_apart_as_any_other(name: str) -> None:
    assert lookup.name_keys(name) == lookup.name_keys(f"{name}\u200c")  # a joiner, for which the spelling is not usual


@given(st.text("abzAZ09۰٩-_ é", max_size=80))
def test_a_code_that_needs_no_key_is_its_own(code: str) -> None:
    order = Order(id=code, source="shop")
    assert lookup.code_keys(order) == {lookup.code_key(code)} - {code, ""}


def test_the_end_of_a_phone_in_any_digits() -> None:
    assert lookup.query("۴۵۶۷").tail == "4567"
    assert lookup.query("۴۵ ۶۷").tail == "4567"
    assert not lookup.query("67").tail


@given(st.text())
def test_anything_may_be_typed(text: str) -> None:
    query = lookup.query(text)
    assert len(query.codes) <= 7
    assert len("".join(query.words)) <= 5 * 60
    assert len(lookup.name_keys(text)) <= 5
