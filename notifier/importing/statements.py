"""A bank's statement of account: a table whose headings say what its columns are, wherever it begins."""

import contextlib
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import jdatetime
from msgspec import Struct

from notifier.domain import persian
from notifier.domain.bank import CORRECTS, BalanceChain, BankMovement, BankRail, ReadLine
from notifier.domain.money import MAX_RIAL
from notifier.errors import NotifierError
from notifier.importing import sheets, uploads
from notifier.importing.sheets import NotASheet
from notifier.importing.uploads import UnreadUpload, UploadFault
from notifier.store.bank import GivenLine
from notifier.store.records import ms

MOST_ROWS = 2000
_MOST_COLUMNS, _LONGEST_CELL, _HEADINGS_WITHIN = 24, 200, 20
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "date": ("تاریخ", "تاریخ تراکنش", "تاریخ سند", "تاریخ مالی", "تاریخ و ساعت", "تاریخ ساعت", "زمان", "date"),
    "time": ("ساعت", "زمان تراکنش", "ساعت تراکنش", "time"),
    "amount": ("مبلغ", "مبلغ تراکنش", "مبلغ گردش", "گردش", "amount"),
    "in": ("بستانکار", "واریز", "مبلغ واریز", "مبلغ بستانکار", "واریزی", "گردش بستانکار", "credit", "deposit"),
    "out": ("بدهکار", "برداشت", "مبلغ برداشت", "مبلغ بدهکار", "برداشتی", "گردش بدهکار", "debit", "withdrawal"),
    "kind": ("نوع", "نوع تراکنش", "نوع عملیات", "نوع گردش", "نوع سند", "عملیات", "ماهیت", "بد/بس", "بدبس", "type"),
    "balance": ("مانده", "مانده حساب", "موجودی", "مانده پس از تراکنش", "balance"),
    "reference": (
        *("شماره پیگیری", "کد پیگیری", "شماره سند", "شماره مرجع", "کد رهگیری", "شماره ارجاع", "سند", "پیگیری"),
        *("reference", "ref"),
    ),
    "payment_id": ("شناسه واریز", "شناسه پرداخت", "payment id"),
    "text": ("شرح", "توضیحات", "شرح تراکنش", "شرح سند", "بابت", "description"),
}
"""A column → the headings it is known by."""

_UNIT = re.compile(r"\(?\s*(ریال|تومان|irr|irt|rial|toman)\s*\)?$", re.IGNORECASE)
_DATE = re.compile(r"(\d{2,4})[-/.](\d{1,2})[-/.](\d{1,2})(?:\D+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_PLAIN_DATE = re.compile(r"(1[34]\d{2}|20\d{2})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_SHORT_DATE = re.compile(r"0?(\d)(\d{2})(\d{2})|(\d{2})(\d{2})(\d{2})")
_PART_OF_DAY = re.compile(r"0?\.\d+")
_PLAIN_TIME = re.compile(r"(\d{1,2})(\d{2})(\d{2})?")
_UNWRAPPED = re.compile(r'^="?([^"]*)"?$', re.DOTALL)  # how exports keep Excel from spoiling figures
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_TOTAL = re.compile(r"^(?:جمع|مجموع|مانده نهایی|مانده از قبل|نقل از|total)")
_FIGURE = re.compile(
    r"(?P<before>[+\-−(])?\s?(?P<digits>\d{1,15}|\d{1,3}(?:[,.٬،]\d{3})+)(?:[.]0+)?\s?(?P<after>[+\-−)])?"
)


class NotAStatement(NotifierError, ValueError):
    """No column for the date, or none for what came in."""


class StatementTable(Struct, frozen=True, kw_only=True):
    """The rows as they came, bounded; ``first`` is the line of the file that the first stands in."""

    rows: list[list[str]]
    lines: list[int]
    faults: dict[int, str] = {}  # line → why cells of it have no value


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLayout:
    """Which row holds the headings, and which column is what."""

    heading: int
    places: Mapping[str, int]
    in_toman: bool = False
    signed: bool = True  # of one column for sums: some of them have a sign


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """A row: a line of the account, or why it is none."""

    line: int
    cells: Sequence[str]
    given: GivenLine | None = None
    reason: str = ""


def table(content: bytes) -> StatementTable:
    """The rows of a file. Raises UnreadUpload."""
    if len(content) > uploads.LARGEST_FILE:
        raise UnreadUpload(UploadFault.LARGE)
    if content.startswith(_OLD):
        raise UnreadUpload(UploadFault.OLD_EXCEL)
    faults: dict[int, str] = {}
    if content.startswith(_ZIP):
        try:
            sheet = list(sheets.rows(content))
            found = [(row.line, list(row.cells)) for row in sheet]
            faults = {row.line: "formula" for row in sheet if row.fault is not None}
        except NotASheet as error:
            raise UnreadUpload(uploads.SHEETS[error.fault]) from None
    else:
        text = uploads.decoded(content)
        sample = text[:4096]
        delimiter = max(",;\t|", key=sample.count)
        reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter)
        found = []
        try:
            for cells in reader:
                found.append((reader.line_num, cells))
                if len(found) > 3 * MOST_ROWS:
                    raise UnreadUpload(UploadFault.ROWS)
        except csv.Error:
            raise UnreadUpload(UploadFault.BROKEN) from None
    bounded = [
        (line, [_UNWRAPPED.sub(r"\1", cell.strip())[:_LONGEST_CELL] for cell in cells[:_MOST_COLUMNS]])
        for line, cells in found
    ]
    filled = [(line, cells) for line, cells in bounded if any(cells)]
    if not filled:
        raise UnreadUpload(UploadFault.EMPTY)
    if len(filled) > MOST_ROWS + _HEADINGS_WITHIN:
        raise UnreadUpload(UploadFault.ROWS)
    return StatementTable(rows=[cells for _, cells in filled], lines=[line for line, _ in filled], faults=faults)


def layout(found: StatementTable) -> StatementLayout:
    """What the headings say. Raises NotAStatement."""
    known = {_key(name): column for column, names in COLUMNS.items() for name in names}
    best: StatementLayout | None = None
    for place, cells in enumerate(found.rows[:_HEADINGS_WITHIN]):
        places: dict[str, int] = {}
        toman = False
        for at, cell in enumerate(cells):
            bare = _UNIT.sub("", persian.ascii_digits(cell).strip()).strip()
            if (column := known.get(_key(bare))) is not None and column not in places:
                places[column] = at
                toman = toman or (column in ("amount", "in", "out") and ("تومان" in cell or "toman" in cell.lower()))
        if best is None or len(places) > len(best.places):
            best = StatementLayout(heading=place, places=places, in_toman=toman)
    if best is None or "date" not in best.places or not {"amount", "in"} & best.places.keys():
        raise NotAStatement("no column for the date, or none for what came in")
    above = " ".join(cell for row in found.rows[: best.heading] for cell in row)
    if "تومان" in above and "ریال" not in above:
        return StatementLayout(heading=best.heading, places=best.places, in_toman=True)
    return best


def column_names(found: StatementTable, how: StatementLayout | None) -> Sequence[str]:
    """What a person picks the columns by: their headings, or else the first row that is as wide as any."""
    if how is not None and how.heading >= 0:
        return found.rows[how.heading]
    return max(found.rows[:_HEADINGS_WITHIN], key=lambda cells: sum(map(bool, cells)))


def first_row(found: StatementTable, places: Mapping[str, int], *, zone: ZoneInfo, now: datetime) -> int:
    """Which row the lines begin with, where no headings are known: the first that has a date where it should be."""
    for place, cells in enumerate(found.rows[: _HEADINGS_WITHIN + 1]):
        with contextlib.suppress(ValueError, IndexError):
            _moment(persian.ascii_digits(cells[places["date"]]).strip(), "", zone, now)
            return place
    return 1


def read(
    found: StatementTable, how: StatementLayout, *, zone: ZoneInfo, now: datetime, account: str = "", bank: str = ""
) -> list[StatementRow]:
    """Every row below the headings, the oldest first."""
    below = list(zip(found.lines[how.heading + 1 :], found.rows[how.heading + 1 :], strict=True))
    how = replace(how, signed=_is_signed([cells for _, cells in below], how))
    rows = [
        StatementRow(line=line, cells=cells, reason=found.faults[line])
        if line in found.faults
        else _row(line, cells, how, zone, now, account, bank)
        for line, cells in below
    ]
    good = [row for row in rows if row.given is not None]
    if _newest_first([row.given for row in good if row.given]):
        rows.reverse()
    return _chained(rows)


def _is_signed(rows: Sequence[Sequence[str]], how: StatementLayout) -> bool:
    """Whether the one column for sums tells by its signs what came and what went."""
    place = how.places.get("amount")
    return place is not None and any(re.search(r"[-+−–(]", cells[place]) for cells in rows if place < len(cells))


def _newest_first(lines: Sequence[GivenLine]) -> bool:
    if len(lines) < 2:
        return False
    if lines[0].at != lines[-1].at:
        return lines[0].at > lines[-1].at
    return _kept(list(reversed(lines))) > _kept(lines)


def _kept(lines: Sequence[GivenLine]) -> int:
    return sum(_goes_on(before, after) for before, after in pairwise(lines))


def _goes_on(before: GivenLine, after: GivenLine) -> bool:
    if before.said.balance is None or after.said.balance is None:
        return False
    change = after.said.balance - before.said.balance
    if after.said.movement is BankMovement.CORRECTION:
        return abs(change) == after.said.amount
    return change == (-after.said.amount if after.said.movement is BankMovement.OUT else after.said.amount)


def _chained(rows: Sequence[StatementRow]) -> list[StatementRow]:
    """Each with whether its balance goes on from the row before."""
    done: list[StatementRow] = []
    before: GivenLine | None = None
    for row in rows:
        if row.given is None:
            done.append(row)
            continue
        given = row.given
        if before is not None and given.said.balance is not None and before.said.balance is not None:
            chain = BalanceChain.KEPT if _goes_on(before, given) else BalanceChain.BROKEN
            given = GivenLine(said=given.said, at=given.at, text=given.text, by_statement=True, chain=chain)
        done.append(StatementRow(line=row.line, cells=row.cells, given=given))
        before = given
    return done


def _row(
    line: int, cells: Sequence[str], how: StatementLayout, zone: ZoneInfo, now: datetime, account: str, bank: str
) -> StatementRow:
    def cell(column: str) -> str:
        place = how.places.get(column)
        return persian.ascii_digits(cells[place]).strip() if place is not None and place < len(cells) else ""

    text = persian.tidy(cell("text"))
    if any(_TOTAL.match(persian.tidy(one)) for one in cells if one):
        return StatementRow(line=line, cells=cells, reason="total")
    try:
        at, minute = _moment(cell("date"), cell("time"), zone, now)
        movement, amount = _sum(
            cell("amount"), cell("in"), cell("out"), text, kind=cell("kind"), toman=how.in_toman, signed=how.signed
        )
        balance = _figure(cell("balance"), toman=how.in_toman)
    except ValueError as error:
        return StatementRow(line=line, cells=cells, reason=str(error))
    if at > now + timedelta(days=1):
        return StatementRow(line=line, cells=cells, reason="future")
    reference = re.sub(r"\s", "", cell("reference"))[:40]
    said = ReadLine(
        movement=movement,
        amount=amount,
        balance=balance,
        account=re.sub(r"[^\d*]", "", persian.ascii_digits(account))[:40],
        reference="" if set(reference) <= set("0-") else reference,
        payment_id=re.sub(r"\s", "", cell("payment_id"))[:40],
        rail=_rail(text),
        minute=minute,
        bank=bank,
    )
    return StatementRow(
        line=line, cells=cells, given=GivenLine(said=said, at=min(ms(at), ms(now)), text=text, by_statement=True)
    )


def _rail(text: str) -> BankRail:
    if "پایا" in text:
        return BankRail.PAYA
    return BankRail.SATNA if "ساتنا" in text else BankRail.POL if re.search(r"\bپل\b", text) else BankRail.UNKNOWN


def _of_excel(date: str, now: datetime) -> str:
    """The date, and the time, that a number of Excel stands for: days since the end of 1899. Of a cell that is no date
    it is also what is left of a short Jalali date whose first nought Excel took away; both are never likely at once."""
    days = timedelta(days=float(date))
    at = datetime(1899, 12, 30, tzinfo=now.tzinfo) + days
    if now - timedelta(days=3 * 366) <= at <= now + timedelta(days=2):
        at += timedelta(seconds=0.5)
        return f"{at:%Y-%m-%d %H:%M:%S}" if days % timedelta(days=1) else f"{at:%Y-%m-%d}"
    return date


def _of_day(clock: str) -> str:
    """A time of the day that stands as a part of one, or without its colon."""
    if _PART_OF_DAY.fullmatch(clock):
        seconds = round(float(clock) * 86400) % 86400
        return f"{seconds // 3600}:{seconds // 60 % 60:02}"
    if _PLAIN_TIME.fullmatch(clock) and len(clock) >= 3:
        clock = clock.zfill(4 if len(clock) < 5 else 6)
        return f"{clock[:2]}:{clock[2:4]}"
    return clock


def _moment(date: str, clock: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, int]:
    """The moment, and its minute of the day; of a row that says none noon, and -1."""
    clock = _of_day(clock)
    if _SERIAL.fullmatch(date):
        date = _of_excel(date, now)
    if short := _SHORT_DATE.fullmatch(date):
        date = "/".join(part for part in short.groups() if part)
        date = f"0{date}" if date[1] == "/" else date
    if plain := _PLAIN_DATE.fullmatch(date):
        date = "/".join(plain.groups())
    match = _DATE.match(date)
    if match is None:
        raise ValueError("date")
    year, month, day = (int(part) for part in match.groups()[:3])
    year += 0 if year > 99 else 1400 if year < 90 else 1300
    at = _TIME.search(clock) or (_TIME.search(date) if match[4] else None)
    hour, minute, second = (int(part or 0) for part in at.groups()) if at else (12, 0, 0)
    try:
        found = (
            jdatetime.date(year, month, day).togregorian()
            if 1300 <= year < 1500
            else datetime(year, month, day, tzinfo=zone).date()
        )
        moment = datetime.combine(found, time(hour, minute, second), zone)
    except ValueError:
        raise ValueError("date") from None
    if not 2000 <= moment.year < 2100:
        raise ValueError("date")
    return moment, 60 * hour + minute if at else -1


_WENT = re.compile(r"برداشت|بدهکار|خرید|کارمزد|حواله از|انتقال به|پرداخت قبض|\bdebit|withdraw|^بد$|^-$", re.IGNORECASE)
_CAME = re.compile(r"واریز|بستانکار|دریافت|انتقال از|credit|deposit|^بس$|^\+$", re.IGNORECASE)


def _said_direction(kind: str, text: str) -> int:
    """1 for what came, -1 for what went, as the column for it says, or else the words of the row; 0 for neither."""
    for words in (kind, text):
        came, went = _CAME.search(words) is not None, _WENT.search(words) is not None
        if came != went:
            return 1 if came else -1
    return 0


def _sum(
    amount: str, came: str, went: str, text: str, *, kind: str, toman: bool, signed: bool
) -> tuple[BankMovement, int]:
    """What the row did to the account. A sum without a sign, in a column that has none, is not taken for a deposit
    unless something says that it came."""
    first, second = _figure(came, toman=toman), _figure(went, toman=toman)
    if first and second:
        raise ValueError("both")
    if not first and not second:
        sum_of = _figure(amount, toman=toman)
        if not sum_of:
            raise ValueError("amount")
        direction = _said_direction(persian.tidy(kind), text)
        if sum_of < 0 and direction > 0 and kind:
            raise ValueError("direction")
        if sum_of > 0 and not direction and not signed:
            raise ValueError("direction")
        first, second = (0, abs(sum_of)) if sum_of < 0 or direction < 0 else (sum_of, 0)
    rial = abs(first or second or 0)
    if rial > MAX_RIAL:
        raise ValueError("amount")
    if CORRECTS.search(text) or CORRECTS.search(kind):
        return BankMovement.CORRECTION, rial
    if not first or first < 0 or (second or 0) < 0:
        return BankMovement.OUT, rial
    return (BankMovement.INTEREST if re.search(r"\bسود\b", text) else BankMovement.IN), rial


def _figure(text: str, *, toman: bool) -> int | None:
    bare = re.sub(r"ریال|تومان|[\s'’‘_]", "", text)
    if not bare or not bare.strip("-–—"):
        return None
    match = _FIGURE.fullmatch(bare)
    if match is None:
        raise ValueError("amount")
    rial = int(re.sub(r"\D", "", match["digits"])) * (10 if toman else 1)
    sign = (match["before"] or "") + (match["after"] or "")
    return -rial if "-" in sign or "−" in sign or "(" in sign else rial


def _key(heading: str) -> str:
    return re.sub(r"[\s_\-.:()]+", "", persian.fold(heading))
