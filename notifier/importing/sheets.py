"""Tables that people keep in Excel: ``.xlsx`` read row by row, within bounds that are kept before it is unpacked."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from notifier.errors import NotifierError
from notifier.importing.entries import RowFault
from notifier.importing.tracking import SheetRow

MOST_ROWS = 5000
_MOST_COLUMNS = 60
_MOST_PARTS, _LARGEST_WHOLE = 500, 64 * 1024 * 1024  # files in the archive, and bytes of them unpacked
_EXACT = 10**15  # Excel keeps fifteen digits of a number


class SheetFault(StrEnum):
    """Why a file is no table that can be read."""

    BROKEN = "broken"
    BOMB = "bomb"
    ROWS = "rows"


class NotASheet(NotifierError):
    """A file that is not read at all; ``fault`` says why."""

    def __init__(self, fault: SheetFault) -> None:
        super().__init__(fault)
        self.fault = fault


def rows(content: bytes) -> Iterator[SheetRow]:
    """The rows of the first sheet that is shown, with what their formulas came to. Raises NotASheet."""
    _require_small(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that nobody needs here
            values = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            formulas = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
            name = next((sheet.title for sheet in values.worksheets if sheet.sheet_state == "visible"), None)
            if name is None:
                raise NotASheet(SheetFault.BROKEN)
            yield from _rows(values[name], formulas[name])
    except NotASheet:
        raise
    except (InvalidFileException, zipfile.BadZipFile, ArithmeticError, LookupError, OSError) as error:
        raise NotASheet(SheetFault.BROKEN) from error
    except (ValueError, TypeError, AttributeError, EOFError, SyntaxError, NotImplementedError) as error:
        raise NotASheet(SheetFault.BROKEN) from error  # what a parser says of XML that is none, too


def _require_small(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise NotASheet(SheetFault.BROKEN) from None
    # Python unpacks no more of a part than it is said to have.
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _LARGEST_WHOLE:
        raise NotASheet(SheetFault.BOMB)


def _rows(values: Any, formulas: Any) -> Iterator[SheetRow]:
    for sheet in (values, formulas):
        sheet.reset_dimensions()  # what a file says of its size may be anything
    pairs = zip(*(sheet.iter_rows(max_col=_MOST_COLUMNS) for sheet in (values, formulas)), strict=True)
    filled = 0
    for line, (found, written) in enumerate(pairs, start=1):
        if line > 20 * MOST_ROWS:
            raise NotASheet(SheetFault.ROWS)
        row = _row(line, found, written)
        if row.fault is None and not any(row.cells):
            continue
        filled += 1
        if filled > MOST_ROWS + 10:  # with headings and a title
            raise NotASheet(SheetFault.ROWS)
        yield row


def _row(line: int, found: Any, written: Any) -> SheetRow:
    fault = None
    for value, formula in zip(found, written, strict=False):
        if value.data_type == "e":
            fault = RowFault.SHEET_ERROR
        elif value.value is None and formula.value is not None:
            fault = RowFault.FORMULA
    return SheetRow(line, [_text(cell) for cell in found], fault)


def _text(cell: Any) -> str:
    """What a cell shows, with every digit; a number of more digits than Excel keeps in the form it spoils them to."""
    value = cell.value
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            if abs(value) >= _EXACT or value != value:
                return f"{value:.14E}"
            if value != int(value):
                return str(value)
            whole, form = str(int(value)), str(cell.number_format or "")
            return whole.zfill(len(form)) if form and not form.strip("0") else whole
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
    return str(value)
