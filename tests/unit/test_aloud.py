"""The header's ``spoken``: what a call reads out, and what is wrong with it."""

from pathlib import Path

import pytest

from notifier.domain.policy import Shop
from notifier.errors import TemplateError
from notifier.sms.templates import Template
from notifier.texts import aloud

HEAD = 'audience = "customer"\npurpose = "x"\n'
SHOP = Shop(name="موبایل‌شاپ", support_phone="02191001234", site="https://shop.example")


def template(spoken: str, body: str = "سفارش {{ order }} ارسال شد.\n{{ site }}\n") -> Template:
    said = f"spoken = '''\n{spoken}\n'''\n" if spoken else ""
    return Template(Path("x.txt"), f"+++\n{HEAD}{said}+++\n{body}")


def test_without_words_of_its_own_the_text_is_read_out() -> None:
    assert aloud.sample(template(""), SHOP) == "سفارش صد، بیست و پنج ارسال شد."
    assert list(aloud.flaws(template(""), SHOP)) == []


def test_its_own_words_are_read_out() -> None:
    one = template("{{ shop }}. کد {{ tracking_code }}.", "سفارش {{ order }}\n")
    assert aloud.sample(one, SHOP).startswith("موبایل‌شاپ. کد دوازده، سی و چهار")
    assert one.variables == {"order"}
    assert one.heard == {"shop", "tracking_code"}


@pytest.mark.parametrize(
    ("spoken", "said"),
    [
        ("سفارش {{ order }}: {{ tracking_url }}", "tracking_url, which nobody can use by ear"),
        ("واریز به {{ card }} یا {{ iban }}", "card, iban"),
        ("سفارش را در https://t.ir ببینید", "a link or the number of an account"),
        ("{% if name %}{{ name }}{% endif %}", "comes out empty"),
        ("سفارش " * 100 + "{{ order }} " * 12, "characters long"),
        ("سفارش {{ order }} ارسال مي شود .", "the spelling of spoken"),
    ],
)
def test_what_is_wrong_with_it(spoken: str, said: str) -> None:
    flaws = [flaw for flaw in aloud.flaws(template(spoken), SHOP) if said in flaw.text]
    assert len(flaws) == 1
    assert flaws[0].line == 4


@pytest.mark.parametrize(
    ("spoken", "said"),
    [
        ("{{ nobody }}", "line 4: unknown variable nobody"),
        ("{% if order %}", "line 5:"),
        ("س" * 1000, "header key spoken"),
    ],
)
def test_what_is_no_template_is_refused(spoken: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        template(spoken)
