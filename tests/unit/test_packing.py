"""Packed records: whatever was packed is unpacked again, and what cannot be is said."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import StoreError
from notifier.store import number_codec, packing

PIECES = (
    *("2026-13-01T10:00:00+03:30", "2026-11-01T10:00:00.120000+03:30", "2026-11-01T10:00:00+03:30", "2026-11-01"),
    *("0001-01-01T00:00:00+03:30", "9999-12-31T23:59:59.999999+03:30", "1795419000000", "17954190000001"),
    *("00000", "09121234567", "00000000000000000000000000000000000000001", "۱۲۳۴۵۰", "۰۰۰۰۰", "۱۲", "1795437000000"),
    *("سفارش ", "-", ".", " ", '"', "1795518600", "1" * 60, "۱" * 50),
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=20).map("".join)


@given(TEXTS)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert packing.unpacked(packing.packed(text.encode())) == text.encode()


def test_what_is_said_twice_is_kept_once() -> None:
    once = '{"at":"2026-11-23T10:00:00+03:30","id":"905592410166012054","order":"100001"}'
    again = '{"at":1795415400000,"id":"905592410166012054","order":"۱۰۰۰۰۱"}'
    text, kept = number_codec.split(once.encode())
    both, more = number_codec.split((once + again).encode())
    assert len(more) == len(kept) + 3  # Latin and Persian, ISO and unix ms: the same number
    assert both.startswith(text)


@pytest.mark.parametrize("missing", [1, 5, 20])
def test_a_record_whose_end_is_missing_is_no_record(missing: int) -> None:
    whole = packing.packed('{"id":"905592410166012054","at":"2026-11-23T10:00:00+03:30","name":"سارا"}'.encode())
    with pytest.raises(StoreError, match="a packed record cannot be read"):
        packing.unpacked(whole[:-missing])


def test_what_an_earlier_version_packed_is_read_for_ever() -> None:
    kept = base64.b64decode("ASN/PPY3xtjET6Va1Cz0CwCh673gGq2igersjIPyNAXDo4YBAA==")
    assert packing.unpacked(kept).decode() == (
        '{"at":"2026-11-23T10:00:00+03:30","kind":"event","what":"order.registered","ref":"905592410166012054",'
        '"happened_at":"2026-11-23T10:00:00.000001+03:30"} سفارش ۱۰۰۰۰۱ 1795415400000'
    )
