"""Parts and prices of texts; the parts are held against a second implementation."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import CONFIG, RULEBOOK

from notifier.domain.messages import Via
from notifier.sms import segments
from notifier.sms.price import Prices
from notifier.texts.samples import Length
from notifier.texts.sizes import sizes

PRICES = Prices(persian=10, latin=30, lookup=15, reserve=7)
ONE_PLACE = st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\f^{}\\[~]|€\x1b")
)


@pytest.mark.parametrize(
    ("text", "via", "price"),
    [
        ("س" * 63, Via.SEND, 10),
        ("س" * 64, Via.SEND, 20),
        ("س" * 127, Via.SEND, 20),
        ("س" * 128, Via.SEND, 30),
        ("س" * 70, Via.LOOKUP, 15),
        ("a" * 153, Via.SEND, 30),
        ("a" * 154, Via.SEND, 60),
        ("a" * 160, Via.LOOKUP, 15),
        ("", Via.LOOKUP, 0),
    ],
)
def test_a_text_costs_its_parts(text: str, via: Via, price: int) -> None:
    assert PRICES.of(text, via) == price


def test_the_table_is_the_configuration() -> None:
    prices = CONFIG.sms.price
    assert (prices.persian, prices.reserve) == (CONFIG.sms.price.persian, 7)


def test_the_sizes_of_a_text_grow_with_what_is_known() -> None:
    for template in RULEBOOK.templates.values():
        found = sizes(template, RULEBOOK.shops.main, PRICES)
        assert [size.length for size in found] == list(Length)
        assert found[0].units <= found[2].units
        assert all(size.encoding == "UCS-2" and size.price == 10 * size.parts for size in found)
        assert all(size.parts <= size.whole for size in found)


def test_another_table_is_another_price() -> None:
    template = RULEBOOK.templates["order_packed"]
    prices = [sizes(template, RULEBOOK.shops.main, replace(PRICES, persian=persian))[1].price for persian in (1, 2000)]
    assert prices == [1, 2000]


@pytest.fixture(scope="module")
def counted() -> object:
    return pytest.importorskip("smsutil", reason="smsutil, the second counter of parts, is not installed")


@given(text=ONE_PLACE)
def test_parts_agree_with_a_second_implementation(counted: object, text: str) -> None:
    assert segments.segments(text) == library(counted, text)


@given(text=st.text("سلام 🙂{}a", max_size=300))
def test_it_counts_more_only_where_a_pair_would_be_cut(counted: object, text: str) -> None:
    """A sign of two places is not cut between two parts: the part before it stays one short."""
    ours, theirs = segments.segments(text), library(counted, text)
    assert ours <= theirs <= ours + 1 + theirs // 67


def test_the_texts_that_ship_agree_too(counted: object) -> None:
    for template in RULEBOOK.templates.values():
        for size in sizes(template, RULEBOOK.shops.main, Prices()):
            assert size.parts == library(counted, size.text)


def library(counted: object, text: str) -> int:
    return len(counted.split(text).parts) if text else 0  # type: ignore[attr-defined]
