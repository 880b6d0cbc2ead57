"""What a text may repeat of what a customer typed."""

import pytest

from notifier.domain import naming, persian

NAMES = [
    "سارا محمدی",
    "علی‌رضا نوری",
    "M.Rezaei",
    "ع.رضایی",
    "Dr. Rezaei",
    "St. John Smith",
    "Sara Jr.",
    "O'Brien",
    "آوا",
    "لی",
    "Li",
    "رضا بانکی",
    "مریم بازرگانی",
    "شهرام مرکزی",
    "نرگس شاکری",
    "Nora Groupe",
]
COMPANIES = [
    "شرکت آب و برق (سهامی خاص)",
    "شركت نوين",
    "آب و برق (سهامی خاص)",
    "شرکت‌های بازرگانی البرز",
    "فروشـگاه مرکزی",
    "فروشگاه‌موبایل",
    "موبایل فروشگاه رضا",
    "بازرگانی احمدی",
    "مؤسسه خیریه مهر",
    "موسسۀ مهر",
    "نوآوران با مسئولیت محدود",
    "نوآوران (با مسئوليت‌محدود)",
    "بانک ملت",
    "Novin Co.",
    "NOVIN TRADING LLC",
    "ACME, Inc",
    "Ｃｏｍｐａｎｙ X",
]
SHORT = ["س", "A.", "س م", "ع.", "آ‌ب"]
DIGITS = ["آقای ۲", "سارا ۱", "علی 13", "Sara2", "مریم ²", "نوید Ⅳ1"]
NONE = [
    "جایزه: bit.ly/3xYz",
    "t.me/x",
    "t.me",
    "ｂｉｔ．ｌｙ",
    "bit。ly",
    "bit\u200b.ly",
    "bit .ly",
    "bit[.]ly",
    "b\u202eit.ly",
    "جایزه.ایران",
    "a@b.ir",
    "www.shop",
    "http://x",
    "HTTPS://X",
    "hxxps://x",
    "1.2.3.4",
    "example.photography",
    "۱۲۳۴",
    "12",
    "٠٩١٢",
    "سارا ۰۹۱۲۱۲۳۴۵۶۷",
    "<b>سارا</b>",
    "＜b＞سارا",
    "[url=x]سارا",
    "{{ shop }}",
    "&lt;b&gt;",
    "...",
    "😀",
    "\u2028",
    "س" * 61,
    "سلام " * 1_000_000,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_greeted(name: str) -> None:
    assert naming.greeted(name) == name


@pytest.mark.parametrize("name", NONE, ids=range(len(NONE)))
def test_what_is_no_name_is_not(name: str) -> None:
    assert (naming.greeted(name), naming.named(name)) == ("", "")


@pytest.mark.parametrize("name", [*COMPANIES, *SHORT, *DIGITS])
def test_who_is_no_person_is_not_greeted_but_the_staff_may_read_it(name: str) -> None:
    assert naming.greeted(name) == ""
    assert naming.named(name) == persian.tidy(name)


@pytest.mark.parametrize(
    "text",
    [
        *("Redmi Note 13 Pro+ 5G", "گوشی 6.7 اینچ", "Node.js", "USB 3.0", "میدان آزادی. پلاک ۴"),
        *("", "123456789", "RR123456789IR", "HXX1"),
    ],
)
def test_other_words_are_said(text: str) -> None:
    assert naming.harmless(text) == text


@pytest.mark.parametrize(
    "text", ["bit.ly/3xYz", "تهران، t.me/x", "https://evil.example", "bit\u200b.ly", "HXXP1", "1.1.1.1"]
)
def test_but_no_link(text: str) -> None:
    assert naming.harmless(text) == ""


@pytest.mark.parametrize("stop", "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
def test_a_value_is_one_line(stop: str) -> None:
    for show in (persian.one_line, persian.code, persian.isolate_latin, persian.tidy, naming.greeted, naming.harmless):
        assert len(show(f"AB{stop}CD{stop}").splitlines()) == 1
        assert not show(f"AB{stop}").endswith(stop)
