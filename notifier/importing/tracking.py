"""``tracking.csv``: an order, its carrier and its code a row, as shops keep them in Excel."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import chain, islice
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import jdatetime
from msgspec.structs import replace

from notifier.domain import canonical, persian
from notifier.domain.events import EventType
from notifier.errors import NotifierError
from notifier.importing.entries import ImportRow, RowFault, entry

COLUMNS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "order": (
        ("order number", "order no", "order id", "شماره سفارش", "کد سفارش", "شناسه سفارش"),
        ("order", "سفارش"),
        ("number", "no", "id", "شماره"),
    ),
    "carrier": (
        (
            *("carrier", "courier", "shipping company", "شرکت حمل", "شرکت حمل و نقل", "شرکت پستی", "حامل"),
            *("شرکت ارسال", "شرکت ارسال کننده"),
        ),
        ("shipping method", "provider", "شیوه ارسال", "روش ارسال", "نحوه ارسال", "باربری"),
        ("پست",),
    ),
    "code": (
        (
            *("tracking code", "tracking number", "tracking no", "کد رهگیری", "شماره رهگیری", "کد رهگیری پستی"),
            *("کد مرسوله", "شماره مرسوله", "بارکد پستی", "بارکد مرسوله", "کد رهگیری مرسوله", "شماره پیگیری پستی"),
        ),
        ("tracking", "barcode", "رهگیری", "بارکد"),
        ("code", "کد"),
    ),
    "url": (("tracking url", "tracking link", "لینک رهگیری", "نشانی رهگیری", "آدرس رهگیری"), ("url", "link", "لینک")),
    "shipped_at": (("shipped at", "shipping date", "تاریخ ارسال", "زمان ارسال"), ("shipped",), ("date", "تاریخ")),
}
"""A column → the headings it is known by, the most telling ones first: «شماره سفارش» outdoes «شماره»."""

_SPOILT = re.compile(r"[-+]?\d+(?:[.,/٫٬]\d*)?E\s?[-+]?\s?\d+", re.IGNORECASE)
_ROUNDED = re.compile(r"\d{15}0+")  # Excel keeps fifteen digits of a number
_FLOAT = re.compile(r"(\d+)[.٫]0+")
_LONGEST_CELL = 2000  # characters
_FORMULA = re.compile(r'="(.*)"')
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T،,-]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_JALALI_YEARS = range(1300, 1500)
_DELIMITERS = ",;\t،|"
_HEADINGS_WITHIN = 4096  # characters
_TITLES = 6  # rows above and with the headings of a table


class NotTracking(NotifierError, ValueError):
    """The file has no order or no code column, or two; the text says which headings were found and which are known."""

    def __init__(self, text: str, *, column: str, headings: Sequence[str], is_double: bool = False) -> None:
        super().__init__(text)
        self.column, self.headings, self.is_double = column, list(headings), is_double


class UnsoundRow(NotifierError, ValueError):
    """A row that cannot be taken as it is; the text says what to do."""

    def __init__(self, text: str, fault: RowFault) -> None:
        super().__init__(text)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a table that is no CSV; ``fault`` says that one of its cells has no value to take."""

    line: int
    cells: Sequence[str]
    fault: RowFault | None = None


def entries(file: TextIO, *, source: str, zone: ZoneInfo, now: datetime) -> Iterator[ImportRow]:
    """Every row that is not empty. Parcels without a date left ``now``. Raises NotTracking."""
    rows, places, skipped = _under_headings(file)
    while True:
        line = rows.line_num + 1 + skipped
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield ImportRow(line=line, reason=f"not CSV: {error}; is a quotation mark missing?", given=[])
            continue
        if any(cell.strip() for cell in cells):
            yield _entry(line, cells, places, source, zone, now)


def _under_headings(file: TextIO) -> tuple[Any, dict[str, int], int]:
    """A reader of the rows, where each column stands, and how many lines stand above the headings."""
    skipped, missing = 0, list[NotTracking]()
    for _ in range(_TITLES):
        first = file.readline(_HEADINGS_WITHIN)
        if first.lower().startswith("sep="):  # Excel's own way to say what stands between the columns
            first, skipped = file.readline(_HEADINGS_WITHIN), skipped + 1
        delimiter = max(_DELIMITERS, key=first.count)
        rows = csv.reader(chain([first], file), delimiter=delimiter if delimiter in first else ",")
        try:
            return rows, _places(next(rows, [])), skipped
        except NotTracking as error:
            if error.is_double:
                raise
            missing.append(error)
            skipped += rows.line_num
    raise max(missing, key=_likeness)


def of_table(rows: Iterable[SheetRow], *, source: str, zone: ZoneInfo, now: datetime) -> Iterator[ImportRow]:
    """Every row of a table that is not empty; above its headings may stand a title or two. Raises NotTracking."""
    left = iter(rows)
    places, missing = None, list[NotTracking]()
    for row in islice(left, _TITLES):
        try:
            places = _places(row.cells)
            break
        except NotTracking as error:
            if error.is_double:
                raise
            missing.append(error)
    if places is None:
        raise max(missing, key=_likeness, default=NotTracking("the table is empty", column="order", headings=[]))
    for row in left:
        if not any(cell.strip() for cell in row.cells) and row.fault is None:
            continue
        if row.fault is not None:
            given = [cell[:_LONGEST_CELL] for cell in row.cells]
            yield ImportRow(line=row.line, reason=f"a cell has no value: {row.fault}", fault=row.fault, given=given)
        else:
            yield _entry(row.line, row.cells, places, source, zone, now)


def of_fields(
    line: int, order: str, code: str, carrier: str = "", *, source: str, zone: ZoneInfo, now: datetime
) -> ImportRow:
    """A row that was entered field by field."""
    return _entry(line, (order, code, carrier), {"order": 0, "code": 1, "carrier": 2}, source, zone, now)


def _places(headings: Sequence[str]) -> dict[str, int]:
    """Where each column stands. Raises NotTracking where one is missing, or two headings say it equally well."""
    headings = [heading[:_LONGEST_CELL] for heading in headings]
    ranks = {
        _key(name): (column, rank) for column, ranked in COLUMNS.items() for rank, names in enumerate(ranked)
        for name in names
    }  # fmt: skip
    found: dict[str, dict[int, list[int]]] = {}
    for place, heading in enumerate(headings):
        if (known := ranks.get(_key(heading))) is not None:
            found.setdefault(known[0], {}).setdefault(known[1], []).append(place)
    places: dict[str, int] = {}
    for column, by_rank in found.items():
        first, *others = by_rank[min(by_rank)]
        if others:
            both = " and ".join(repr(headings[place].strip("\ufeff ")) for place in (first, *others))
            raise NotTracking(
                f"{both} may each be the {column}: delete or rename all but one of these columns.",
                column=column,
                headings=[headings[place].strip("\ufeff ") for place in (first, *others)],
                is_double=True,
            )
        places[column] = first
    for column in ("order", "code"):
        if column not in places:
            shown = ", ".join(repr(heading.strip("\ufeff ")) for heading in headings) or "nothing"
            broken = " Letters are broken in it: save it as «CSV UTF-8»." if "\ufffd" in shown else ""
            raise NotTracking(
                f"no column for the {column}: the first line has {shown}. "
                f"Call it one of: {', '.join(name for names in COLUMNS[column] for name in names)}.{broken}",
                column=column,
                headings=[heading.strip("\ufeff ") for heading in headings],
            )
    return places


def _likeness(error: NotTracking) -> tuple[bool, int]:
    """How much a row looks like headings: one column is there, and more than a title has."""
    return error.column == "code", sum(bool(heading) for heading in error.headings)


def _key(heading: str) -> str:
    """A heading without blanks and signs: «شماره‌ی سفارش» and «شمارهٔ سفارش» are «شماره سفارش»."""
    return re.sub(r"[\s_\-.:]+", "", re.sub(r"ه\s*ی(?=\s)", "ه", persian.fold(heading).strip()))


def _entry(
    line: int, cells: Sequence[str], places: Mapping[str, int], source: str, zone: ZoneInfo, now: datetime
) -> ImportRow:
    try:
        _require_sound(cells)
        row = {column: _cell(cells[place]) if place < len(cells) else "" for column, place in places.items()}
        for column in ("order", "code"):
            row[column] = _exact(column, row[column])
        at = _moment(row.get("shipped_at", ""), zone) or now
    except ValueError as error:
        fault = error.fault if isinstance(error, UnsoundRow) else RowFault.OTHER
        fault = RowFault.LONG if isinstance(error, canonical.TooLongError) else fault
        return ImportRow(line=line, reason=str(error), fault=fault, given=[cell[:_LONGEST_CELL] for cell in cells])
    carrier = persian.tidy(canonical.plain(row.get("carrier", "")))
    url = canonical.plain(row.get("url", "")).strip()
    shipment = {"carrier": carrier, "tracking_code": row["code"], "url": url}
    document = {
        "type": EventType.SHIPPED,
        "timestamp": at.isoformat(),
        "data": {"order_id": row["order"], "shipment": {name: value for name, value in shipment.items() if value}},
    }
    content = ["tracking", *(row.get(column, "") for column in COLUMNS)]
    found = entry(line, document, source=source, name="", content=content, given=list(cells))
    return replace(found, by_number=True)


def _require_sound(cells: Sequence[str]) -> None:
    for cell in cells:
        if len(cell) > _LONGEST_CELL and "\n" not in cell:
            raise UnsoundRow(f"a cell is longer than {_LONGEST_CELL} characters", RowFault.LONG)
        if "\ufffd" in cell:
            raise UnsoundRow("letters are broken; save the file as «CSV UTF-8»", RowFault.LETTERS)
        if "\n" in cell:
            raise UnsoundRow("a cell goes over several lines; is a quotation mark missing?", RowFault.LINES)


def _cell(text: str) -> str:
    """A cell without what Excel and its users put around it to keep digits as they are."""
    text = canonical.identifier(text, longest=_LONGEST_CELL)
    if formula := _FORMULA.fullmatch(text):
        text = formula[1]
    return text.removeprefix("'").strip()


def _exact(column: str, text: str) -> str:
    """A value of which every sign counts. Raises ValueError where a spreadsheet has spoilt it."""
    if _SPOILT.fullmatch(text):
        raise UnsoundRow(
            f"Excel has shortened the {column} to {text}: make the column text, enter it again and save",
            RowFault.SHORTENED,
        )
    if number := _FLOAT.fullmatch(text):
        text = number[1]
    if len(text) > canonical.LONGEST_IDENTIFIER:
        raise UnsoundRow(f"the {column} is longer than {canonical.LONGEST_IDENTIFIER} characters", RowFault.LONG)
    text = canonical.identifier(text).removeprefix("#").strip()
    if column == "code":
        text = re.sub(r"\s", "", text)
    if canonical.is_nothing(text):
        raise UnsoundRow(
            f"the {column} is missing", RowFault.MISSING_ORDER if column == "order" else RowFault.MISSING_CODE
        )
    if _ROUNDED.fullmatch(text):
        raise UnsoundRow(
            f"Excel has put noughts for the last digits of the {column} {text}: make the column text, enter it again"
            " and save",
            RowFault.ROUNDED,
        )
    return text


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A date as it is written in Iran or by a machine, with a time or without; None for an empty cell."""
    if not text:
        return None
    if found := _DATE.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        try:
            date = (
                jdatetime.date(year, month, day).togregorian()
                if year in _JALALI_YEARS
                else datetime(year, month, day).date()  # noqa: DTZ001
            )
            return datetime.combine(date, time(hour, minute, second), zone)
        except ValueError:
            pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnsoundRow(f"{text!r} is no date; write 1405/09/02 or 2026-11-23 14:30", RowFault.DATE) from None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(UTC)
