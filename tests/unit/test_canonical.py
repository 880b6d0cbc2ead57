"""One form of identifiers, nothing that is nothing, and text without the page it stood in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import canonical, persian, phones


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("84010", "84010"),
        ("۸۴۰۱۰", "84010"),
        ("٨٤٠١٠", "84010"),
        ("84011\u200f", "84011"),
        ("\u206884011\u2069", "84011"),
        ("\ufeff84\u200c0\u00ad1\u06401", "84011"),
        (" 84\u206011 \n", "8411"),
        ("SH-1405-1138", "SH-1405-1138"),
        ("ش-۱۴۰۵", "ش-1405"),
        ("A  7", "A 7"),
    ],
)
def test_an_identifier_has_one_form(written: str, meant: str) -> None:
    assert canonical.identifier(written) == meant
    assert canonical.identifier(meant) == meant


@pytest.mark.parametrize("broken", ["1\n2", "1\r2", "1\u20282", "1\u20292", "1\x852", "1\x002"])
def test_an_identifier_is_one_line(broken: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        canonical.identifier(broken)


def test_the_length_is_bounded_before_anything_is_done() -> None:
    with pytest.raises(canonical.TooLongError):
        canonical.identifier("9" * 201)
    with pytest.raises(canonical.TooLongError):
        canonical.identifier("\u200f" * 1000)
    assert canonical.asked_for("9" * 10_000) == "9" * 200


@given(st.text(max_size=60))
def test_the_form_is_final(text: str) -> None:
    try:
        once = canonical.identifier(text)
    except ValueError:
        return
    assert canonical.identifier(once) == once


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "-",
            "--",
            "–",
            "—",
            ".",
            "...",
            "0",
            "۰",
            "00000",
            "0.0",
            "/",
            "\u200f-",
            "N/A",
            "n/a",
            "NULL",
            "null",
        ),
        *("null", "None", "undefined", "nan", "ندارد", "نامشخص", "نا‌مشخص", "ندارد ", "خالی", "#N/A", "ثبت نشده"),
    ],
)
def test_nothing_is_nothing(text: str) -> None:
    assert canonical.is_nothing(text)
    assert canonical.something(text) is None


@pytest.mark.parametrize("text", ["1", "10", "77001122", "A", "ندا", "خالدی", "پست", "0912", "Nora", "0" * 41])
def test_something_is_something(text: str) -> None:
    assert canonical.something(text) == text


WORDS = st.sampled_from(["null", "None", "ندارد", "بدون کد", "سارا", "0", "000", "nan1", " ", "-"]) | st.text(
    max_size=9
)


@given(st.lists(WORDS, max_size=3).map(" ".join))
def test_what_cannot_be_seen_makes_nothing_of_something(text: str) -> None:
    assert canonical.is_nothing(text) == canonical.is_nothing(f"\u200b{text}")


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("سارا null", "سارا"),
        ("undefined undefined", None),
        ("سارا - محمدی", "سارا محمدی"),
        ("0", None),
        ("سارا محمدی", "سارا محمدی"),
        ("Null Nullson", "Nullson"),
    ],
)
def test_a_name_is_greeted_without_the_words_of_programs(given_: str, shown: str | None) -> None:
    assert canonical.name(given_) == shown


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("Tom &amp; Sara", "Tom & Sara"),
        ("O&#039;Brien", "O'Brien"),
        ("گوشی&zwnj;موبایل 13T &#8211; آبی", "گوشی\u200cموبایل 13T – آبی"),
        ("https://tracking.example/?id=1&#038;lang=fa", "https://tracking.example/?id=1&lang=fa"),
        ("13<sup>T</sup>", "13T"),
        ("قاب<br />آبی", "قاب آبی"),
        ('قاب <span class="x">آبی</span>', "قاب آبی"),
        ("&lt;b&gt;x&lt;/b&gt;", "x"),
        ("&amp;amp;", "&amp;"),
        ("2 < 3 & 4", "2 < 3 & 4"),
        ("<!-- note -->x", " x"),
        ("&#" + "9" * 9000, "\ufffd"),
    ],
)
def test_text_of_a_page_is_what_its_reader_sees(page: str, text: str) -> None:
    assert canonical.plain(page) == text


def test_wide_signs_do_not_make_folding_long() -> None:
    assert len(persian.fold("\ufdfa" * 1_000_000)) < 40_000


@pytest.mark.parametrize(
    ("field", "phone"),
    [
        ("09121234578 - 02188776655", "09121234578"),
        ("021-88776655 / ۰۹۱۲۱۲۳۴۵۷۸", "09121234578"),
        ("09121234578، 09351234567", "09121234578"),
        ("0912 123 4578 0935 123 4567", "09121234578"),
        ("همراه: 09121234578 منزل: 02188776655", "09121234578"),
        ("+989121234578,+989351234567", "09121234578"),
        ("0912123457809351234567", "09121234578"),
        ("02188776655 و 02188776656", "02188776655"),
    ],
)
def test_of_two_phones_in_a_field_the_first_mobile_counts(field: str, phone: str) -> None:
    assert phones.normalize(field) == phone


@pytest.mark.parametrize(
    "field", ["09121234578 داخلی 1", "091212345781234567", "09121234578 / 0935123456", "9" * 10_000]
)
def test_what_is_not_surely_two_phones_is_refused(field: str) -> None:
    with pytest.raises(phones.PhoneError):
        phones.normalize(field)
