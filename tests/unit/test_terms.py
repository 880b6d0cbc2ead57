"""One concept has one word in texts, console and Persian documents: the list, and that it is kept."""

from pathlib import Path

import pytest
import term_list as terms
from term_list import LIST, ROOT, Forbidden

TERMS = terms.read(LIST.read_text(encoding="utf-8"))
HELD = list(terms.held())
PAGES = [path for path in HELD if path.suffix == ".html"]

PLANTED = {
    "notifier/console/pages/planted.html": '<h1>سر</h1>\n<p title="{{ word }}">{{ say("{{ word }}") }}</p>\n',
    "notifier/console/planted.py": '"""A planted page."""\n\nHEAD = f"{1} {{ word }}، {2}"\n',
    "templates/planted.txt": "سلام {{ name }}،\n{{ word }}.\n",
    "docs/how-to/planted.fa.md": "# سر\n\n| الف | <bdi>{{ word }}</bdi> |\n",
    "README.fa.md": "یک سطر\n{{ word }}؟\n",
    "notifier/web/static/planted.js": 'const said = "{{ word }}";\n',
}
"""A file of each kind in which a word is planted where {{ word }} stands."""


def by_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def planted(name: str, said: str) -> list[str]:
    return [str(fault) for fault in terms.faults(TERMS, name, said)]


@pytest.mark.parametrize("path", HELD, ids=by_name)
def test_every_text_page_and_document_keeps_to_the_list(path: Path) -> None:
    name, source = by_name(path), path.read_text(encoding="utf-8")
    assert [str(fault) for fault in terms.faults(TERMS, name, source)] == []
    assert [str(fault) for fault in terms.codes(name, source)] == []


@pytest.mark.parametrize("path", PAGES, ids=by_name)
def test_buttons_are_nouns(path: Path) -> None:
    assert [str(fault) for fault in terms.buttons(TERMS, by_name(path), path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_word_is_found_in_every_kind_of_file(name: str) -> None:
    missed = []
    for one in TERMS.forbidden:
        found = planted(name, PLANTED[name].replace("{{ word }}", one.word)) if not one.within else [one.term]
        if not any(one.term in line for line in found):
            missed.append(one.word)
    assert missed == []


@pytest.mark.parametrize(
    "one", [one for one in TERMS.forbidden if one.within], ids=lambda one: f"{one.word} {one.within}"
)
def test_a_word_forbidden_in_one_place_is_found_there_alone(one: Forbidden) -> None:
    inside = one.within if one.within.endswith(".md") else f"{one.within}/pages/planted.html"
    assert [line for line in planted(inside, f"این {one.word} است.") if one.term in line]
    assert not [line for line in planted("templates/planted.txt", f"این {one.word} است.") if one.term in line]


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("در انبار داده نیست", "انبار"),
        ("انبار‌های داده", "انبار‌های"),
        ("از انبارهایمان", "انبارهایمان"),
        ("پروندة تازه", "پرونده"),
        ("پرونده‌ای خراب", "پرونده‌ای"),
        ("پرونده ی CSV", "پرونده"),
        ("پروندهٔ CSV", "پرونده"),
        ("پرونده ها", "پرونده ها"),
        ("تنظیم پیكربندي", "پیکربندی"),
        ("پیکر\u200cبندی", "پیکر\u200cبندی"),
        ("بی مسئول", "بی مسیول"),
        ("بیمسئول‌ها", "بیمسیول‌ها"),
        ("بی‌مسؤول", "بی‌مسیول"),
        ("پیش پرداخت", "پیش پرداخت"),
        ("پیشپرداخت‌ها", "پیشپرداخت‌ها"),
        ("پیش‌پرداختش رسید", "پیش‌پرداختش"),
        ("مأمور ما", "مامور"),
        ("مامورمان رسید", "مامورمان"),
        ("مأ\u0640مور", "مامور"),
        ("انبا\u200fر", "انبار"),
        ("راهی شده‌اند", "راهی شده‌اند"),
        ("راهي ‌شد", "راهی ‌شد"),
        ("فرستاده\u200cشد", "فرستاده‌شد"),
        ("سفارش فرستاده\nشد", "فرستاده شد"),
        ("ضمانت ۷روزهٔ بازگشت", "بازگشت"),
        ("۲ بخش", "بخش"),
        ("دو بخشی", "بخشی"),
        ("شمارهٔ پیگیری: ۱۲", "شماره پیگیری"),
        ("شماره‌ی پیگیری ۱۲", "شماره پیگیری"),
        ("کد پیگیری", "کد پیگیری"),
        ("سرپرستان", "سرپرستان"),
        ("قالب‌ها", "قالب‌ها"),
        ("سفارش پرداخت‌نشده", "پرداخت‌نشده"),
        ("پشتیبان‌گیری شبانه", "پشتیبان‌گیری"),
    ],
)
def test_a_word_is_found_however_it_is_spelled(said: str, word: str) -> None:
    found = planted("templates/planted.txt", said)
    assert [line.split("«")[1].split("»")[0] for line in found] == [word]


@pytest.mark.parametrize(
    "said",
    [
        *("نسخه‌ی پشتیبان", "نسخهٔ پشتيبان بگیرید", "هنوز پرداخت نشده است", "در بخش `[retention]` نوشته است"),
        *("بازگشت به صفحهٔ ورود", "شماره پیگیری پرداخت: ۱۲", "از چه راهی می‌آید", "اطمینان‌بخشی پس از پرداخت"),
        *("از راهی دیگر شد", "بخشید", "مشتریان و همکاران", "ارسال شد و رسید", "کارتی پیدا شد"),
        *("آنچه فروشگاه فرستاده است", "سرپرست‌ها", "پشتیبان‌ها زنگ می‌زنند", "ووکامرس ← پیکربندی ← پیشرفته"),
    ],
)
def test_a_word_that_is_right_is_left_alone(said: str) -> None:
    assert planted("docs/how-to/planted.fa.md", said) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [("پاسخ ۴۱۰ یعنی نه", "۴۱۰"), ("| ۴۲۹، ۵۰۳ |", "۴۲۹"), ("پر از (۴۰۱) است", "۴۰۱"), ("خطای ۵xx", "۵xx")],
)
def test_a_code_of_http_in_persian_digits_is_found(said: str, code: str) -> None:
    assert code in [fault.said for fault in terms.codes("docs/planted.fa.md", said)]


@pytest.mark.parametrize("said", ["پاسخ 410", "پس از ۳۰۰ سفارش", "پاسخ ۲۵۰ مشتری", "کد ۲٬۰۰۰", "سیصد و ۴۰۰ تومان"])
def test_other_numbers_are_persian(said: str) -> None:
    assert list(terms.codes("docs/planted.fa.md", said)) == []


@pytest.mark.parametrize(
    "button",
    [
        '<button class="primary">فرستاده شود</button>',
        "<button>ببین</button>",
        '<button data-key="c">برمی‌دارم <kbd>c</kbd></button>',
        '<a class="button" href="/">نگه داشتم</a>',
        "<summary>گوشی همراهم نیست</summary>",
        "<button>{% if on %}باز شود{% else %}بستن{% endif %}</button>",
        '<button>{{ icon("check") }}جابه جا کن</button>',
        "<button>عوض كنيد</button>",
    ],
)
def test_a_button_that_is_a_sentence_is_found(button: str) -> None:
    assert len(list(terms.buttons(TERMS, "planted.html", button))) == 1


@pytest.mark.parametrize(
    "word", ["نمایش", "تغییر گذرواژه", "بررسی دوباره", "صحبت شد <kbd>۱</kbd>", "برداشتن", "پیام", "ادامه"]
)
def test_a_button_that_is_a_noun_is_left_alone(word: str) -> None:
    assert list(terms.buttons(TERMS, "planted.html", f"<button>{word}</button>")) == []


def test_the_list_forbids_none_of_its_own_words_and_allows_nothing_in_vain() -> None:
    for one in TERMS.forbidden:
        assert not [fault for fault in planted("templates/planted.txt", one.term) if f": {one.term}" in fault], one.term
    said = {
        by_name(path): terms.plain(
            "\n".join(piece for _, piece in terms.written(by_name(path), path.read_text("utf-8")))
        )
        for path in HELD
    }
    vain = [
        one.phrase
        for one in TERMS.allowed
        if not any(terms.is_in(one.phrase, text) for name, text in said.items() if one.holds_for(name))
    ]
    assert vain == []
    assert [name for name in TERMS.others if not (ROOT / name).exists()] == []


PERSIAN = [path for path in HELD if path.name.endswith(".fa.md")]


@pytest.mark.parametrize("path", PERSIAN, ids=by_name)
def test_a_persian_document_and_its_twin_link_each_other(path: Path) -> None:
    twin = path.with_name(path.name.replace(".fa.md", ".md"))
    assert f"]({twin.name})" in path.read_text(encoding="utf-8")
    assert f"]({path.name})" in twin.read_text(encoding="utf-8")


def test_the_sellers_page_is_one_screen_without_commands() -> None:
    page = (ROOT / "docs" / "how-to" / "seller.fa.md").read_text(encoding="utf-8")
    assert "# راه‌اندازی برای فروشنده" in page
    assert "`" not in page
    assert len(page.splitlines()) <= 45
