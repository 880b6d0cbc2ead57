"""What a spreadsheet sees in our cells."""

import csv
import io
import re

import pytest

from notifier.domain.cells import cell

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "﹦1",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\u200e=1",
    "\ufeff=1",
    ";@SUM(1)",
    "x;@SUM(1)",
    "x; =1",
    "x,=1",
    "x\t=1",
    "x\n=1",
    "x|=cmd",
    'x";=1',
    ";;=1",
]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("parting", [",", ";", "\t", "|"])
def test_none_is_a_formula_whatever_parts_the_cells(text: str, parting: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow(["a", cell(text), "b"])
    for row in csv.reader(re.split("[\r\n]", out.getvalue()), delimiter=parting):
        for one in row:
            bare = re.sub('^[\\s\u00a0\u200e\ufeff"]+', "", one)
            assert not bare.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦")), row


@pytest.mark.parametrize(
    "text",
    [
        *("09121234567", "1" * 24, "1E5", "1e5", "12-03", "1405/09", "+989121234567", "0912 123 4567", "00123"),
        *("۰۹۱۲۱۲۳۴۵۶۷", " 0912", "SEP-2", "sep2", "12 MAR", "2Dec2026", "March 3", "10:30"),
    ],
)
def test_phones_and_codes_are_texts(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "value",
    [
        "10025",
        "سارا",
        "a-b",
        "Mars",
        "May",
        "RB123456789CN",
        "778899",
        "سلام، خوبی؟",
        "",
        "O'Brien",
        "۱۴۰۵/۰۹/۰۲ ۱۰:۰۰",
    ],
)
def test_the_rest_is_as_it_was(value: str) -> None:
    assert cell(value) == value


def test_numbers_are_numbers() -> None:
    assert [cell(one) for one in (-5, 0, 10**14, None)] == ["-5", "0", "100000000000000", ""]
