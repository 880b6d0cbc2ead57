"""``tracking.csv``: an order, its carrier and its code a row, as shops keep them in Excel."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from itertools import chain
from typing import TextIO
from zoneinfo import ZoneInfo

import jdatetime

from notifier.domain import persian
from notifier.domain.events import EventType
from notifier.importing.entries import Entry, entry

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "order": (
        *("order", "order number", "order no", "order id", "number", "no", "id"),
        *("سفارش", "شماره سفارش", "شماره", "کد سفارش", "شناسه سفارش"),
    ),
    "carrier": (
        *("carrier", "courier", "shipping company", "shipping method", "provider"),
        *("شرکت حمل", "شرکت پستی", "حامل", "شیوه ارسال", "روش ارسال", "نحوه ارسال", "شرکت ارسال", "باربری", "پست"),
    ),
    "code": (
        *("code", "tracking", "tracking code", "tracking number", "tracking no", "barcode"),
        *("کد رهگیری", "شماره رهگیری", "رهگیری", "کد مرسوله", "شماره مرسوله", "بارکد", "بارکد پستی", "کد"),
    ),
    "url": ("url", "link", "tracking url", "tracking link", "لینک", "لینک رهگیری", "نشانی رهگیری", "آدرس رهگیری"),
    "shipped_at": ("shipped at", "date", "shipped", "shipping date", "تاریخ ارسال", "تاریخ", "زمان ارسال"),
}
"""A column → the headings it is known by."""

_SPOILT = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_FORMULA = re.compile(r'="(.*)"')
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T،,-]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_JALALI_YEARS = range(1300, 1500)
_DELIMITERS = ",;\t،|"
_HEADINGS_WITHIN = 4096  # characters


class NotTracking(ValueError):
    """The file has no order or no code column; the text says which headings were found and which are known."""


def entries(file: TextIO, *, source: str, zone: ZoneInfo, now: datetime) -> Iterator[Entry]:
    """Every row that is not empty. Parcels without a date left ``now``. Raises NotTracking."""
    first = file.readline(_HEADINGS_WITHIN)
    skipped = 0
    if first.lower().startswith("sep="):  # Excel's own way to say what stands between the columns
        first, skipped = file.readline(_HEADINGS_WITHIN), 1
    delimiter = max(_DELIMITERS, key=first.count)
    if delimiter not in first:
        delimiter = ","
    rows = csv.reader(chain([first], file), delimiter=delimiter)
    places = _places(next(rows, []))
    while True:
        line = rows.line_num + 1 + skipped
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Entry(line=line, reason=f"not CSV: {error}; is a quotation mark missing?", given=[])
            continue
        if any(cell.strip() for cell in cells):
            yield _entry(line, cells, places, source, zone, now)


def _places(headings: Sequence[str]) -> dict[str, int]:
    known = {_key(name): column for column, names in COLUMNS.items() for name in names}
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        if (column := known.get(_key(heading))) is not None:
            places.setdefault(column, place)
    for column in ("order", "code"):
        if column not in places:
            found = ", ".join(repr(heading.strip("\ufeff ")) for heading in headings) or "nothing"
            broken = " Letters are broken in it: save it as «CSV UTF-8»." if "\ufffd" in found else ""
            raise NotTracking(
                f"no column for the {column}: the first line has {found}. "
                f"Call it one of: {', '.join(COLUMNS[column])}.{broken}"
            )
    return places


def _key(heading: str) -> str:
    return re.sub(r"[\s_\-.:]+", "", persian.fold(heading))


def _entry(
    line: int, cells: Sequence[str], places: Mapping[str, int], source: str, zone: ZoneInfo, now: datetime
) -> Entry:
    row = {column: _cell(cells[place]) if place < len(cells) else "" for column, place in places.items()}
    row["order"] = re.sub(r"^#|\.0$", "", row["order"]).strip()
    row["code"] = re.sub(r"\s", "", row["code"])
    try:
        at = _moment(row.get("shipped_at", ""), zone) or now
        _require_sound(row, cells)
    except ValueError as error:
        return Entry(line=line, reason=str(error), given=list(cells))
    carrier, url = persian.tidy(row.get("carrier", "")), row.get("url", "")
    shipment = {"carrier": carrier, "tracking_code": row["code"], "url": url}
    document = {
        "type": EventType.SHIPPED,
        "timestamp": at.isoformat(),
        "data": {"order_id": row["order"], "shipment": {name: value for name, value in shipment.items() if value}},
    }
    content = ["tracking", *(row.get(column, "") for column in COLUMNS)]
    return entry(line, document, source=source, name="", content=content, given=list(cells))


def _require_sound(row: Mapping[str, str], cells: Sequence[str]) -> None:
    if any("\ufffd" in cell for cell in cells):
        raise ValueError("letters are broken; save the file as «CSV UTF-8»")
    if any("\n" in cell for cell in cells):
        raise ValueError("a cell goes over several lines; is a quotation mark missing?")
    for column in ("order", "code"):
        if not row[column]:
            raise ValueError(f"the {column} is missing")
        if _SPOILT.fullmatch(row[column]):
            raise ValueError(
                f"Excel has shortened the {column} to {row[column]}: make the column text, enter it again and save"
            )


def _cell(text: str) -> str:
    """A cell without what Excel and its users put around it to keep digits as they are."""
    text = text.strip(" \t\u200e\u200f\u202a\u202b\u202c\ufeff")
    if formula := _FORMULA.fullmatch(text):
        text = formula[1]
    return persian.ascii_digits(text.removeprefix("'").strip())


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
        raise ValueError(f"{text!r} is no date; write 1405/09/02 or 2026-11-23 14:30") from None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(UTC)
