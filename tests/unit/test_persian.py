"""Persian text; the order of codes is held against python-bidi, which implements the Unicode bidi algorithm."""

import re

import pytest
from bidi import get_display
from hypothesis import assume, given
from hypothesis import strategies as st

from notifier.domain import persian
from notifier.domain.persian import LRM, ZWNJ


def shown(text: str) -> str:
    """The line from left to right as a phone draws it, without what cannot be seen."""
    return str(get_display(text, base_dir="R")).replace(LRM, "")


def in_order(code: str, written: str) -> bool:
    """Whether the written form shows the code intact and its neighbours where they belong, in three sentences."""
    return (
        shown(f"کد {written} را نگه دارید.") == f".دیراد هگن ار {code} دک"
        and shown(f"کد {written}.") == f".{code} دک"
        and shown(f"کد {written}، کد") == f"دک ،{code} دک"
    )


CODES = st.text("ABxyz0129۰۴۹-./:,#%+_@=&? ()", min_size=1, max_size=14).map(str.strip)


@given(CODES)
def test_a_code_keeps_its_order_and_its_neighbours(text: str) -> None:
    assume(re.search("[A-Za-z0-9۰-۹]", text))
    written = persian.code(text)
    assert written.replace(LRM, "").strip() == text
    assert in_order(text, written)
    assert persian.code(written) == written


# No character twice: 0--0 looks right even when it is shown backwards.
@given(st.lists(st.sampled_from("ABxyz0129۰۴۹-./:,#%+_@=&? ("), unique=True, min_size=1).map("".join).map(str.strip))
def test_a_code_gets_no_mark_it_could_do_without(text: str) -> None:
    assume(re.search("[A-Za-z0-9۰-۹]", text))
    written = persian.code(text)
    for match in re.finditer(LRM, written):
        assert not in_order(text, written[: match.start()] + written[match.end() :])


@pytest.mark.parametrize(
    "text",
    [
        "10025",
        "۱۰۰۲۵",
        "AB123",
        "13T",
        "AB-123",
        "ORD-2026/11",
        "12.5",
        "14:30",
        "1405/09/02",
        "۱۴:۳۰",
        "a@b.ir",
        "Xiaomi 13T Pro",
        "128GB / 8GB",
        "https://shop.ir/o/10025?a=b",
        "",
        "-",
        "الف-۱۲",
    ],
)
def test_codes_that_need_no_mark(text: str) -> None:
    assert persian.code(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("123-AB", f"{LRM}123-AB"),
        ("021-91001234", f"{LRM}021-91001234"),
        ("۰۲۱-۹۱۰۰", f"{LRM}۰۲۱-۹۱۰۰"),
        ("٠٢١-٩١٠٠", f"{LRM}۰۲۱-۹۱۰۰"),
        ("+97455123456", f"{LRM}+97455123456"),
        ("#10025", f"{LRM}#10025"),
        ("8 / 128GB", f"{LRM}8 / 128GB"),
        ("C++", f"C++{LRM}"),
        ("Xiaomi 13T (5G)", f"Xiaomi 13T (5G){LRM}"),
        ("(5G)", f"{LRM}(5G){LRM}"),
        ("\u202e123-AB", f"{LRM}123-AB"),
        # Apart from the link, or an Android phone makes the mark a part of the address.
        ("https://shop.ir/o/", f"https://shop.ir/o/ {LRM}"),
    ],
)
def test_codes_that_need_a_mark(text: str, written: str) -> None:
    assert persian.code(text) == written


@pytest.mark.parametrize("given", ["6104337711112222", "6104 3377 1111 2222", "۶۱۰۴-۳۳۷۷-۱۱۱۱-۲۲۲۲"])
def test_a_card_is_shown_in_fours_from_the_left(given: str) -> None:
    written = persian.card(given)
    assert written == f"{LRM}6104-3377-1111-2222"
    assert in_order("6104-3377-1111-2222", written)
    assert not in_order("6104-3377-1111-2222", written.removeprefix(LRM))
    assert not in_order("6104 3377 1111 2222", "6104 3377 1111 2222")


def test_what_is_no_card_stays_a_code() -> None:
    assert persian.card("6104-3377") == f"{LRM}6104-3377"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("گوشی موبایل", "گوشی موبایل"),
        ("سارا محمدی", "سارا محمدی"),
        ("Xiaomi 13T Pro", "Xiaomi 13T Pro"),
        ("گوشی Xiaomi 13T Pro (5G) مشکی", f"گوشی Xiaomi 13T Pro (5G){LRM} مشکی"),
        ("گوشی (Xiaomi) مشکی", "گوشی (Xiaomi) مشکی"),
        ("گوشی Galaxy S24+ سفید", f"گوشی Galaxy S24+{LRM} سفید"),
        ("هارد 1-2 TB", f"هارد {LRM}1-2 TB"),
        ("کابل - USB 3 / 2m", "کابل - USB 3 / 2m"),
        ("iPhone 15-مشکی", "iPhone 15-مشکی"),
        ("Ali (علی)", "Ali (علی)"),
        ("(5G) Xiaomi گوشی", f"{LRM}(5G) Xiaomi گوشی"),
        ("کفش ۳۸-۴۰", "کفش ۳۸-۴۰"),
    ],
)
def test_latin_inside_a_persian_name(name: str, written: str) -> None:
    assert persian.isolate_latin(name) == written
    assert persian.isolate_latin(written) == written


LATIN = st.from_regex(r"[A-Za-z0-9]{1,4}([ \-/.,]{1,3}[A-Za-z0-9]{1,4}){0,3}( \([A-Z0-9]{1,3}\)|\+)?", fullmatch=True)


@given(LATIN.filter(lambda run: run.isascii()))
def test_latin_runs_stay_whole_between_persian_words(run: str) -> None:
    written = persian.isolate_latin(f"گوشی {run} مشکی")
    assert shown(f"کالا: {written}.") == f".یکشم {run} یشوگ :الاک"


def test_fold_finds_the_same_city_however_typed() -> None:
    assert {persian.fold(name) for name in ("تهران", f"تهران{ZWNJ}", " تهران\u200f ", "تـهران", "تِهران", "ﺗﻬﺮﺍﻥ")} == {
        "تهران"
    }
    assert persian.fold(" طهران ") == "طهران" != persian.fold("تهران")
    assert persian.fold("كرج") == persian.fold("کرج")
    assert persian.fold("اسلام‌شهر") == persian.fold("اسلامشهر")
    assert persian.fold("آذربايجان  شرقي") == persian.fold("اذربایجان شرقی")
    assert persian.fold("رئیس أحمد مؤمن خانۀ") == persian.fold("رییس احمد مومن خانه")
    assert persian.fold("TEHRAN") == persian.fold("Tehran") == "tehran"
    assert persian.fold("منطقه ۵") == persian.fold("منطقه 5") == persian.fold("منطقه ٥")


@given(st.text())
def test_fold_and_tidy_settle_at_once(text: str) -> None:
    assert persian.fold(persian.fold(text)) == persian.fold(text)
    assert persian.tidy(persian.tidy(text)) == persian.tidy(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_fold_of_ascii_is_that_of_any_text(text: str) -> None:
    assert persian.fold(text) == persian.fold(f"ا{text}").removeprefix("ا").lstrip(" ")


@given(st.text(st.sampled_from("اب ي\u200c\u200f\n\u202e\t\x00a\ud800"), max_size=12))
def test_tidy_is_one_line_without_controls(text: str) -> None:
    result = persian.tidy(text)
    assert not set(result) & set("ي\u200f\n\u202e\t\x00\ud800")
    assert "  " not in result
    assert result == result.strip(f" {ZWNJ}")
    result.encode()


def test_tidy_keeps_what_is_meant() -> None:
    assert persian.tidy("  علي\u200c\u200c رضا\u202e\r\nكريمي\u200cزاده\u200c ") == "علی رضا کریمی\u200cزاده"
    assert persian.tidy("Xiaomi 13T Pro (5G)") == "Xiaomi 13T Pro (5G)"
    assert persian.tidy("آقای رئیس") == "آقای رئیس"
    assert persian.tidy("👨\u200d👩\u200d👧") == "👨\u200d👩\u200d👧"


@given(st.integers(min_value=0))
def test_digits_there_and_back(n: int) -> None:
    assert persian.ascii_digits(persian.digits(n)) == str(n)
    assert persian.ascii_digits(persian.number(n)).replace("\u066c", "") == str(n)


def test_digits_leave_the_rest() -> None:
    assert persian.digits("کد 12٣-a") == "کد ۱۲۳-a"
    assert persian.ascii_digits("کد ۱۲٣-a") == "کد 123-a"
    assert persian.number(18_500_000) == "۱۸٬۵۰۰٬۰۰۰"
    assert in_order("۱۸٬۵۰۰٬۰۰۰", persian.number(18_500_000))
    assert in_order("-۱٬۲۵۰", persian.number(-1250))


@pytest.mark.parametrize(
    ("number", "written"), [("10025", "۱۰۰۲۵"), ("A-100", "A-100"), ("۱۰۰۲۵", "۱۰۰۲۵"), ("100-A", "\u200e100-A")]
)
def test_an_order_is_called_as_the_shop_calls_it(number: str, written: str) -> None:
    assert persian.order_number(number) == written
