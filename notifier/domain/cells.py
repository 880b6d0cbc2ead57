"""Cells of a sheet, so that a spreadsheet takes none for a formula, and keeps every digit of a phone or a code.

The sheet may be opened where cells are parted by semicolons or tabs, so that one of ours becomes several; and Excel
takes the full-width signs for the usual ones.
"""

import re

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212\u2013\u207a\u208a\u207c\u208c"
_UNSEEN = "\\s\x00-\x1f\x7f-\xa0\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\"'"
_FORMULA = re.compile(f"(^|[;,|\t\r\n\x0b\x0c\x85\u2028\u2029])(?=[{_UNSEEN}]{{0,20}}[{_SIGNS}])")
# A number with a nought at its head, one that is too long for a spreadsheet, and what it takes for a power, an hour or
# a date: `SEP-2` and `12 MAR` are dates to it. Digits of any script: some spreadsheets read those, too.
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_CODE = re.compile(
    r"\s*(?:[0۰٠][\d ]+|\d{12,}|\d+e\d+|\d{1,4}[-/.]\d{1,4}(?:[-/.]\d{1,4})?|\d{1,4}:\d\d(?::\d\d)?"
    rf"|{_MONTH}[-/. ]?\d{{1,4}}|\d{{1,4}}[-/. ]?{_MONTH}(?:[-/. ]?\d{{1,4}})?)\s*",
    re.IGNORECASE,
)


def cell(value: object) -> str:
    """A value as a cell: with the apostrophe that makes a text, where a spreadsheet would see something else."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if _CODE.fullmatch(text):
        return f"'{text}"
    return _FORMULA.sub(r"\1'", text)
