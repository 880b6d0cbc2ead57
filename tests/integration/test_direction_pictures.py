"""Codes, links, Latin names and phones in Persian sentences, held against pictures of a real browser.

A picture of the marked text must be, to the last pixel, the picture of the same text whose code is set from left to
right by markup; without marks it must not.
"""

import html
import shutil
import subprocess
from pathlib import Path

import pytest

from notifier.domain import persian
from notifier.texts import lint
from notifier.texts.page import font

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: nothing to take pictures with"),
]

CODES = {
    "phone": ("تماس: {} تا شب", "۰۲۱-۹۱۰۰۱۲۳۴"),
    "phone in groups": ("تماس: {} تا شب", "۰۲۱ ۹۱۰۰ ۱۲۳۴"),
    "card": ("کارت ملت: {} به نام علی", "6104-3377-1234-5678"),
    "order": ("سفارش {} ثبت شد", "12-WC-10025"),
    "link": ("نشانی: {}", "https://x.ir/a-b/?q=1&r=2"),
    "product": ("گوشی {} رسید", "Xiaomi 13T (5G)"),
    "plus": ("گوشی {} رسید", "Galaxy S24+"),
}


def picture(folder: Path, name: str, lines: list[str]) -> bytes:
    """A PNG of the lines."""
    page, target = folder / f"{name}.html", folder / f"{name}.png"
    style = f'@font-face{{font-family:V;src:url("{font()}")}}body{{margin:8px;font:20px/2 V;white-space:pre}}'
    body = "".join(f'<div dir="auto">{line}</div>' for line in lines)
    page.write_text(f'<!doctype html><meta charset="utf-8"><style>{style}</style>{body}', encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=640,640"]
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [str(CHROMIUM), *options, profile, f"--screenshot={target}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=90)
    return target.read_bytes()


def test_what_the_marks_hold_together_is_shown_as_given(tmp_path: Path) -> None:
    marked = [text.format(html.escape(persian.code(code))) for text, code in CODES.values()]
    assert picture(tmp_path, "marked", marked) == picture(tmp_path, "right", [set_by_markup(name) for name in CODES])


@pytest.mark.parametrize("name", ["phone", "phone in groups", "card", "order", "plus"])
def test_without_marks_it_would_be_shown_wrong(tmp_path: Path, name: str) -> None:
    text, code = CODES[name]
    assert picture(tmp_path, "bare", [text.format(code)]) != picture(tmp_path, "right", [set_by_markup(name)])


@pytest.mark.parametrize("name", ["phone", "phone in groups", "plus"])
def test_what_the_lint_corrects_is_shown_as_given(tmp_path: Path, name: str) -> None:
    text, code = CODES[name]
    corrected = lint.corrected_line(text.format(code))
    assert picture(tmp_path, "linted", [corrected]) == picture(tmp_path, "right", [set_by_markup(name)])


def set_by_markup(name: str) -> str:
    text, code = CODES[name]
    return text.format(f'<bdo dir="ltr">{html.escape(code)}</bdo>')
