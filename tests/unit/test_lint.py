"""The lint: what it says of bad templates, and that its corrections hold."""

import re
import shutil
from pathlib import Path

import bad_templates
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import CONFIG, RULEBOOK

from notifier.sms import templates
from notifier.texts import lint, loading
from notifier.texts.orthography import SPELLINGS
from notifier.texts.review import review

SPELLED = bad_templates.FOLDER / "spelling"


def test_every_mistake_is_found_with_file_line_and_what_to_write() -> None:
    found = list(bad_templates.findings())
    wanted = bad_templates.FINDINGS.read_text(encoding="utf-8").splitlines()
    assert found == wanted, "to accept what changed: PYTHONPATH=tests python tests/bad_templates.py"
    assert all(re.match(r"\w+: \w+/\w+\.txt, line \d+: ", line) for line in found)


def test_every_bad_template_has_a_finding() -> None:
    files = {path.name for path in bad_templates.FOLDER.glob("*/*.txt")}
    assert {re.findall(r"/(\w+\.txt),", line)[0] for line in bad_templates.findings()} == files


def test_every_rule_of_spelling_has_its_bad_template() -> None:
    found = {line.partition(":")[0] for line in bad_templates.findings()}
    assert {one.name for one in SPELLINGS} <= found


def test_fix_writes_the_corrections_and_nothing_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    shutil.copytree(SPELLED, folder)
    files = templates.files(folder)
    assert list(lint.fix(files)) == files
    assert [flaw for path in files for flaw in lint.spelling_of(path)] == []
    assert list(lint.fix(files)) == []
    assert "می‌کنیم" in (folder / "joiners.txt").read_text(encoding="utf-8")


def test_the_texts_that_ship_have_no_finding() -> None:
    loaded = loading.load(CONFIG)
    assert [str(flaw) for flaw in review(loaded, CONFIG.shops, CONFIG.sms.price)] == []


@pytest.mark.parametrize(
    ("line", "better"),
    [
        ("سفارش ها می رسند", "سفارش‌ها می‌رسند"),
        ("نمی خواهید؟", "نمی‌خواهید؟"),
        ("به میدان می روم", "به میدان می‌روم"),
        ("این میز و آن میدان", "این میز و آن میدان"),
        ("کار های ما", "کارهای ما"),
        ("شماره ی {{ order }}", "شمارهٔ {{ order }}"),
        ("شماره‌ی {{ order }}", "شمارهٔ {{ order }}"),
        ("ساعت 10:30 روز 1405/09/02", "ساعت ۱۰:۳۰ روز ۱۴۰۵/۰۹/۰۲"),
        ("Galaxy S24 و iPhone 15", "Galaxy S24 و iPhone 15"),
        ("https://x.ir/a,b?c=1;d=2 را ببینید", "https://x.ir/a,b?c=1;d=2 را ببینید"),
        ("info@xiaomicity.example, یا", "info@xiaomicity.example، یا"),
        ("مبلغ {{ amount }} ,سفارش", "مبلغ {{ amount }}، سفارش"),
        ("{% if name %}{{ name }} عزیز,{% endif %} سلام", "{% if name %}{{ name }} عزیز،{% endif %} سلام"),
        ('{% if name == "x, y" %}سلام{% endif %}', '{% if name == "x, y" %}سلام{% endif %}'),
        ("{{ return_days }}روزهٔ برگشت", "{{ return_days }}روزهٔ برگشت"),
        ("تماس: ۰۲۱-۹۱۰۰", "تماس: \u200e۰۲۱-۹۱۰۰"),
        ("تماس: \u200e۰۲۱-۹۱۰۰", "تماس: \u200e۰۲۱-۹۱۰۰"),
        ("گوشی Xiaomi 13T (5G) رسید", "گوشی Xiaomi 13T (5G)\u200e رسید"),
        ("سفارش \u200eشما", "سفارش شما"),
        ("", ""),
    ],
)
def test_corrections(line: str, better: str) -> None:
    assert lint.corrected_line(line) == better


WORDS = st.sampled_from(
    [
        *("سفارش", "ها", "می", "شود", "كالا", "ه ی", "{{ order }}", "{% if name %}", "{% endif %}"),
        *("Xiaomi", "13T", "(5G)", "021-91", "https://x.ir/?a=1", "۱۲", "٣"),
        *(",", ";", "?", " ", "  ", "\u200c", "\u200b", "\u200e", '"', "'", "...", ":", "."),
    ]
)


@given(st.lists(WORDS, max_size=12).map("".join))
def test_a_corrected_line_is_right(line: str) -> None:
    once = lint.corrected_line(line)
    assert lint.corrected_line(once) == once
    assert re.findall(r"{{.*?}}|{%.*?%}", once) == re.findall(r"{{.*?}}|{%.*?%}", line)


def test_no_text_is_lost_in_correcting_a_file() -> None:
    for template in RULEBOOK.templates.values():
        source = template.path.read_text(encoding="utf-8")
        assert lint.corrected(template.path, source).split() == source.split()
