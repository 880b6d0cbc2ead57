"""What is read out for a text: numbers in words, and nothing that only the eye can use."""

import pytest

from notifier.domain.number_words import code_in_words, in_words
from notifier.domain.spoken import spoken_form, unspeakable


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "صفر"),
        (7, "هفت"),
        (19, "نوزده"),
        (20, "بیست"),
        (105, "صد و پنج"),
        (999, "نهصد و نود و نه"),
        (1000, "هزار"),
        (1405, "هزار و چهارصد و پنج"),
        (2_000, "دو هزار"),
        (1_000_001, "یک میلیون و یک"),
        (18_500_000, "هجده میلیون و پانصد هزار"),
        (3_000_000_000, "سه میلیارد"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("1", "یک"),
        ("05", "صفر پنج"),
        ("00", "صفر صفر"),
        ("123456", "دوازده، سی و چهار، پنجاه و شش"),
        ("12345", "صد و بیست و سه، چهل و پنج"),
        ("10025", "صد، بیست و پنج"),
        ("007", "صفر صفر هفت"),
        ("09121234567", "صفر نهصد و دوازده، صد و بیست و سه، چهل و پنج، شصت و هفت"),
        ("02191001234", "صفر بیست و یک، نود و یک، صفر صفر، دوازده، سی و چهار"),
    ],
)
def test_codes_are_said_by_twos_and_threes(code: str, words: str) -> None:
    assert code_in_words(code) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("سفارش ۱۰۰۲۵ ارسال شد.", "سفارش صد، بیست و پنج ارسال شد."),
        ("۷ روز", "هفت روز."),
        ("مبلغ ۱۸٬۵۰۰٬۰۰۰ تومان", "مبلغ هجده میلیون و پانصد هزار تومان."),
        ("ساعت ۱۴:۳۰", "ساعت چهارده و سی دقیقه."),
        ("ساعت ۱۰:۰۰", "ساعت ده."),
        ("روز ۱۴۰۵/۰۹/۰۶", "روز شش آذر هزار و چهارصد و پنج."),
        ("۲۰٪ تخفیف", "بیست درصد تخفیف."),
        ("کد AB-1002", "کد A B هزار و دو."),
        ("کد رهگیری:\n۱۲۳۴۵۶", "کد رهگیری: دوازده، سی و چهار، پنجاه و شش."),
        ("پیگیری: https://t.example/x?y=1", ""),
        ("سلام\nپیگیری: \u200ewww.t.ir/1 \u200e\nموبایل‌شاپ", "سلام. موبایل‌شاپ."),
        ("سلام\nلغو۱۱", "سلام."),
        ("کارت: ۶۰۳۷-۹۹۱۲-۳۴۵۶-۷۸۹۳\nشبا: IR120170000000123456789012\nبه نام علی", "به نام علی."),
        ("تلفن 021-9100 1234", "تلفن صفر بیست و یک، نود و یک، صفر صفر، دوازده، سی و چهار."),
        ("", ""),
    ],
)
def test_the_spoken_form(text: str, said: str) -> None:
    if "۶۰۳۷" in text:  # its last digit is that of a real card, by Luhn's rule
        text = text.replace("۷۸۹۳", _checked("603799123456789"))
    assert spoken_form(text) == said


def _checked(fifteen: str) -> str:
    """The last four digits of a card that begins like this."""
    for last in "0123456789":
        digits = [int(one) for one in fifteen + last]
        doubled = [one * 2 - 9 if at % 2 == 0 and one > 4 else one * (2 - at % 2) for at, one in enumerate(digits)]
        if sum(doubled) % 10 == 0:
            return (fifteen + last)[-4:]
    raise AssertionError


@pytest.mark.parametrize("text", ["https://a.ir", "a.ir/x", "www.a.ir", "IR120170000000123456789012"])
def test_links_and_accounts_are_unspeakable(text: str) -> None:
    assert unspeakable(text)


@pytest.mark.parametrize("text", ["سلام.", "مبلغ ۳٫۵", "کد رهگیری ۱۲۳۴۵۶۷۸۹۰۱۲۳۴۵۶۷۸۹۰۱۲۳۴", "ساعت ۱۰:۰۰."])
def test_all_else_may_be_said(text: str) -> None:
    assert not unspeakable(text)


def test_no_digit_and_no_link_is_left_of_any_text() -> None:
    said = spoken_form("۱۲ 13T 9:05 ۱۴۰۵/۱/۱ ۰۰۹۸۹۱۲ 12,500 3.5 x.ir/1 ۱۲۳۴۵۶۷۸۹۰۱۲۳۴۵۶۷۸۹۰")
    assert not any(sign.isdigit() for sign in said)
    assert ".ir" not in said
