"""No text asks anybody to keep a number, or has a label for one, that it does not tell."""

import re

import pytest
from rulebook import CONFIG, RULEBOOK

from notifier.domain.calls import Purpose
from notifier.sms.templates import Template
from notifier.texts import loading, samples
from notifier.texts.samples import Length

TOLD = ("receipt", "refund_receipt", "tracking_code")
"""Numbers that a customer may have to keep, each unknown until the shop says it."""
KEEP = re.compile("نگه[ \u200c]?(?:ش |شان )?دار|نگهدار|نگهش|یادداشت کنید")
NUMBER = re.compile(r"(?:شماره|شمارهٔ|کد|قبض)(?!\w)(?! (?:همراه|تماس|کارت|حساب))")
TEMPLATES = loading.load(CONFIG)


def texts(template: Template, *, known: bool) -> list[str]:
    """The template's texts, for every length and purpose, with all of these numbers or with none."""
    found = []
    for length in Length:
        values = samples.values(template, RULEBOOK.shops.main, length=length)
        values |= {name: f"55500{place}777" if known else "" for place, name in enumerate(TOLD) if name in values}
        purposes = list(Purpose) if "purpose_code" in values else [""]
        found += [template.whole(values | ({"purpose_code": one} if one else {})) for one in purposes]
    return found


def asks(text: str) -> list[str]:
    """Sentences that ask to keep a number, and lines of the request alone, which mean the number above."""
    sentences = re.split(r"(?<=[.؛])\s+", text)
    alone = [line for line in text.splitlines() if re.match("نگه|برای .* نگه|این", line) and KEEP.search(line)]
    return [one for one in sentences if KEEP.search(one) and NUMBER.search(one)] + alone


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.name)
def test_nobody_is_asked_to_keep_a_number_that_was_not_told(template: Template) -> None:
    for text in texts(template, known=False):
        assert asks(text) == []
    for text in texts(template, known=True):
        assert not asks(text) or re.search("55500.777", text)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.name)
def test_no_label_stands_without_its_number(template: Template) -> None:
    for text in texts(template, known=False):
        for line in text.splitlines():
            assert not re.search(r"(?:قبض|پیگیری|رهگیری|شبا|کارت|حساب)\s*:?\s*$", line), line


@pytest.mark.parametrize(
    "text",
    [
        "سفارش ۱ تحویل شد. شماره پیگیری پرداخت را همچنان نگه دارید.",
        "شماره و رسید واریز را نزد خود نگه دارید.",
        "قبض را تا آن روز نگه دارید.",
        "بهای سفارش ۱ دریافت شد.\nنگه دارید؛ هر مرحله را خبر می\u200cدهیم.",
        "کد رهگیری را نگه\u200cدارید:",
    ],
)
def test_the_rule_knows_such_a_request(text: str) -> None:
    assert asks(text)


def test_goods_and_receipts_may_be_kept() -> None:
    assert asks("کالا، جعبه و رسید را نگه دارید؛ تماس می\u200cگیریم.") == []
