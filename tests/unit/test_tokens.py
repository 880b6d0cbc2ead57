"""Tokens of approved patterns: no value whatever breaks the provider's rules, and no code is changed on its way."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import RULEBOOK

from notifier.domain.events import Details, Item
from notifier.domain.messages import Audience
from notifier.domain.variables import VARIABLES
from notifier.sms.templates import Template
from notifier.sms.templates.shortening import NAMES as NAMES_OF_ALL
from notifier.sms.tokens import EXACT, KAVENEGAR, RULES, SMSIR
from notifier.texts import patterns, samples
from notifier.texts.samples import Length

TOKENS = ["token", "token2", "token3", "token10", "token20"]
PIECES = ["سیده", "فاطمه\u200cزهرا", "كريمي", "Sara", "13T", "(5G)", "👩🏽\u200d💻", "_", "\n", "\u200e", "٬", "۱۲"]
NAMES = st.one_of(st.text(max_size=150), st.lists(st.sampled_from(PIECES)).map(" ".join))
CUSTOMERS = [template for template in RULEBOOK.templates.values() if template.audience is Audience.CUSTOMER]
PATTERNED = [template for template in CUSTOMERS if template.pattern_headers]


@pytest.mark.parametrize(
    ("variable", "token", "value", "fitted"),
    [
        ("order", "token", "۱۰۰۲۵", "۱۰۰۲۵"),
        ("order", "token", "WC-10025", None),  # WC10025 would be another order
        ("order", "token10", "WC-10025", "WC-10025"),
        ("order", "token", "A_1", None),
        ("card", "token", "\u200e6104-3377-1234-5678", "6104337712345678"),
        ("support_phone", "token", "\u200e۰۲۱-۹۱۰۰", "۰۲۱۹۱۰۰"),
        ("amount", "token10", "۱۸٬۵۰۰٬۰۰۰ تومان", "۱۸/۵۰۰/۰۰۰ تومان"),
        ("amount", "token20", "۵۰۰ تومان", "۵۰۰ تومان"),
        ("refund", "token10", "۱۸۵٬۰۰۰٬۰۰۵ ریال", "۱۸۵/۰۰۰/۰۰۵ ریال"),
        ("deposit", "token10", "1,000 تومان", "1/000 تومان"),
        ("paid", "token", "۱۸٬۵۰۰٬۰۰۰ تومان", None),  # neither in groups nor in words
        ("amount", "token2", "۵۰۰ تومان", None),
        ("item", "token10", "گوشی ۶٫۷ اینچ، 13,000 تایی", "گوشی ۶.۷ اینچ 13/000 تایی"),
        ("deposit_deadline", "token20", "پنج\u200cشنبه ۵ آذر ساعت ۱۲:۰۰", "پنجشنبه ۵ آذر ساعت ۱۲:۰۰"),
        ("deposit_deadline", "token20", "سه\u200cشنبه ۵ آذر ساعت ۱۲:۰۰", "سه شنبه ۵ آذر ساعت ۱۲:۰۰"),
        ("name", "token10", "علی\u200cرضا امیر\u200cحسین", "علیرضا امیرحسین"),
        ("name", "token10", "فاطمه\u200cزهرا", "فاطمه زهرا"),
        ("carrier", "token10", "پیک می\u200cرسد، بسته\u200cها", "پیک میرسد بسته ها"),
        ("item", "token10", "تبلت خوش\u200cآوا", "تبلت خوش آوا"),
        ("tracking_url", "token20", "https://tracking.post.ir/?id=1 \u200e", None),
        ("tracking_code", "token", "", None),
        ("name", "token10", "سیده فاطمه محمدی\u200cنژاد", "سیده فاطمه محمدی نژاد"),
        ("name", "token10", "یک دو سه چهار پنج شش هفت", None),  # a person's name is never cut
        ("item", "token10", "یک دو سه چهار پنج شش هفت", "یک دو سه چهار پنج شش"),
        ("name", "token20", "یک دو سه چهار پنج شش هفت", "یک دو سه چهار پنج شش هفت"),
        ("item", "token20", "یک دو سه چهار پنج شش هفت هشت نه ده", "یک دو سه چهار پنج شش هفت هشت نه"),
        ("name", "token", "سارا محمدی", "سارامحمدی"),
        ("name", "token10", "Sara 👩🏽‍💻 M.", "Sara M."),
        ("name", "token10", "👩🏽‍💻", None),
        ("name", "token10", "آ" * 150, None),
        ("item", "token10", "آ" * 150, "آ" * 100),
        ("item", "token10", "گوشی " + "آ" * 120, "گوشی"),
    ],
)
def test_kavenegar(variable: str, token: str, value: str, fitted: str | None) -> None:
    assert KAVENEGAR.fitted(variable, token, value) == fitted


@pytest.mark.parametrize(
    ("variable", "value", "fitted"),
    [
        ("amount", "۱۸٬۵۰۰٬۰۰۰ تومان", "۱۸٬۵۰۰٬۰۰۰ تومان"),
        ("tracking_code", "1" * 25, "1" * 25),
        ("tracking_code", "1" * 26, None),
        ("name", "سیده فاطمه\u200cزهرا حسینی\u200cنژاد طباطبایی", None),
        ("item", "سیده فاطمه\u200cزهرا حسینی\u200cنژاد طباطبایی", "سیده فاطمه\u200cزهرا"),
        ("deposit_deadline", "پنج\u200cشنبه ۲۵ اردیبهشت ساعت ۱۲:۰۰", None),  # no date without its hour
    ],
)
def test_smsir(variable: str, value: str, fitted: str | None) -> None:
    assert SMSIR.fitted(variable, "NAME", value) == fitted


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_sums_dates_and_numbers_arrive_whole_or_not_at_all(variable: str) -> None:
    value = VARIABLES[variable](samples.context(Length.LONGEST, RULEBOOK.shops.main))
    if variable not in NAMES_OF_ALL and re.search(r"تومان|ریال|[0-9۰-۹]{4}", value):
        assert variable in EXACT | {"call_list"}


@given(st.sampled_from(sorted(EXACT | {"name", "item"})), st.sampled_from(TOKENS), NAMES)
def test_no_value_breaks_the_rules(variable: str, token: str, value: str) -> None:
    for rules in RULES.values():
        fitted = rules.fitted(variable, token, value)
        assert fitted is None or rules.wrong(token, fitted) is None


@pytest.mark.parametrize("bad", ["a b", "a_b", "a\nb", "a\u200cb", "a-b", "a\u066cb", "👍", "", "a" * 101])
def test_what_the_rules_forbid(bad: str) -> None:
    assert KAVENEGAR.wrong("token", bad) is not None
    assert KAVENEGAR.wrong("token4", "a") is not None
    assert KAVENEGAR.wrong("token", "آ۱a") is None


@given(st.sampled_from(CUSTOMERS), NAMES, NAMES, NAMES)
def test_whoever_the_customer_is_every_token_of_every_text_is_right(
    template: Template, name: str, item: str, carrier: str
) -> None:
    context = samples.context(Length.TYPICAL, RULEBOOK.shops.main)
    about = Details(name=name, items=(Item(item),), carrier=carrier, reference="123", phone="09121234567")
    order = type(context.order)(id="10025", source="shop", details=about)
    filled = template.patterns(type(context)(order=order, shops=context.shops, now=context.now))
    for kind, pattern in filled.items():
        assert all(RULES[kind].wrong(token, value) is None for token, value in pattern.tokens.items())


@pytest.mark.parametrize("template", PATTERNED, ids=lambda template: template.name)
def test_the_pattern_says_what_the_text_says(template: Template) -> None:
    """Filled in as the provider does it, the pattern is the text, but for the signs that no token may hold."""
    values = samples.values(template, RULEBOOK.shops.main)
    said = patterns.text(template, "kavenegar", RULEBOOK.shops.main)
    tokens = template.fill_patterns(values)["kavenegar"].tokens
    for token in sorted(tokens, key=len, reverse=True):
        assert said.count(f"%{token}") >= 1
        said = said.replace(f"%{token}", tokens[token])
    assert "%" not in said
    assert bare(said) == bare(template.fill(values | {"tracking_url": ""}))


def test_a_pattern_that_would_say_less_is_not_used() -> None:
    template = RULEBOOK.templates["order_shipped_tehran"]
    values = samples.values(template, RULEBOOK.shops.main)
    assert template.fill_patterns(values).keys() == {"kavenegar"}
    assert template.fill_patterns(values | {"tracking_code": "RA123"}) == {}
    assert template.fill_patterns(values | {"carrier": ""}) == {}


def bare(text: str) -> str:
    return "".join(char for char in text.replace("\u066c", "/") if char not in "\u200c\u200e ")
