"""Forms as they are posted to providers, read by the standard library as a provider reads them."""

import string
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.sms.providers.transport import form_body

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))  # halves of a pair are no text


@given(st.dictionaries(_TEXT, _TEXT, max_size=5))
def test_a_form_is_read_as_it_was_meant(form: dict[str, str]) -> None:
    read = parse_qsl(form_body(form).decode("ascii"), keep_blank_values=True, strict_parsing=bool(form))

    assert read == list(form.items())


@pytest.mark.parametrize("text", ["سلام، مبلغ ۲۵۰٬۰۰۰ تومان", "a+b=c&d%41;e", "\r\n\0", "😀", " ", ""])
def test_nothing_of_a_text_is_taken_for_the_form(text: str) -> None:
    body = form_body({"message": text, "sender": "10004346"})

    assert parse_qsl(body.decode("ascii"), keep_blank_values=True) == [("message", text), ("sender", "10004346")]


def test_codes_stay_readable() -> None:
    letters = string.ascii_letters + string.digits

    assert form_body({"localid": letters}) == f"localid={letters}".encode()
