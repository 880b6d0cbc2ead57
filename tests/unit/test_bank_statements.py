"""Statements of account as banks and Excel save them."""

import io
from datetime import datetime

import pytest
from openpyxl import Workbook

from notifier.clock import TEHRAN
from notifier.domain.bank import BalanceChain, BankMovement
from notifier.importing import statements
from notifier.importing.statements import NotAStatement, StatementRow
from notifier.importing.uploads import UnreadUpload, UploadFault

NOW = datetime(2026, 11, 27, 12, tzinfo=TEHRAN)
TWO = (
    "بانک نمونه,,,,,\nصورت‌حساب,1405/09/01,,,,\n"
    "تاریخ,ساعت,شماره سند,شرح,بدهکار,بستانکار,مانده\n"
    '1405/09/01,10:15,1001,واریز کارت,0,"2,400,000","12,400,000"\n'
    '1405/09/01,11:20,1002,خرید,"400,000",0,"12,000,000"\n'
    '1405/09/02,09:05,1003,پایا,,"۱٬۰۰۰٬۰۰۰","۱۳٬۰۰۰٬۰۰۰"\n'
    'جمع,,,,"400,000","3,400,000",\n'
)
SIGNED = (
    "زمان\tمبلغ (تومان)\tموجودی\tکد پیگیری\n"
    "05/09/01 10:15\t240,000\t1,240,000\t77\n1405/9/1 11:20\t-40,000\t1,200,000\t78\n"
)


def read(content: bytes) -> list[StatementRow]:
    found = statements.table(content)
    return statements.read(found, statements.layout(found), zone=TEHRAN, now=NOW, account="123-456")


def said(rows: list[StatementRow]) -> list[tuple[BankMovement, int, int | None, BalanceChain | None]]:
    given = [row.given for row in rows if row.given]
    return [(one.said.movement, one.said.amount, one.said.balance, one.chain) for one in given]


EXPECTED = [
    (BankMovement.IN, 2_400_000, 12_400_000, None),
    (BankMovement.OUT, 400_000, 12_000_000, BalanceChain.KEPT),
    (BankMovement.IN, 1_000_000, 13_000_000, BalanceChain.KEPT),
]


@pytest.mark.parametrize(
    "content",
    [
        TWO.encode(),
        TWO.encode("utf-8-sig"),
        TWO.translate(str.maketrans("ی۱۰۳٬", "ي103,")).encode("cp1256"),
        TWO.encode("utf-16"),
    ],
)
def test_two_columns_in_any_encoding(content: bytes) -> None:
    rows = read(content)
    assert said(rows) == EXPECTED
    assert [row.reason for row in rows if row.given is None] == ["total"]
    first = next(row.given for row in rows if row.given)
    assert datetime.fromtimestamp(first.at / 1000, TEHRAN) == datetime(2026, 11, 22, 10, 15, tzinfo=TEHRAN)
    assert (first.said.reference, first.said.account, first.said.minute) == ("1001", "123456", 615)


def test_the_newest_first() -> None:
    head, (*rows, total) = TWO.splitlines()[:3], TWO.splitlines()[3:]
    assert said(read("\n".join([*head, *rows[::-1], total]).encode())) == EXPECTED


def test_one_signed_column_in_toman() -> None:
    assert said(read(SIGNED.encode())) == [
        (BankMovement.IN, 2_400_000, 12_400_000, None),
        (BankMovement.OUT, 400_000, 12_000_000, BalanceChain.KEPT),
    ]


def test_a_workbook() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet
    sheet.append(["صورت‌حساب"])
    sheet.append(["تاریخ", "برداشت", "واریز", "مانده", "شرح"])
    sheet.append(["1405/09/01", None, 2400000, 12400000, "واریز"])
    sheet.append(["1405/09/01", 400000, None, 12000000, "خرید"])
    file = io.BytesIO()
    book.save(file)
    assert said(read(file.getvalue())) == EXPECTED[:2]


def test_a_chain_that_breaks_is_seen() -> None:
    rows = read(TWO.replace("12,000,000", "11,000,000").encode())
    assert [one[3] for one in said(rows)] == [None, BalanceChain.BROKEN, BalanceChain.BROKEN]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("دیروز,10:00,1,x,0,100,200", "date"),
        ("1405/13/40,10:00,1,x,0,100,200", "date"),
        ("1405/09/01,10:00,1,x,0,صد,200", "amount"),
        ("1405/09/01,10:00,1,x,0,0,200", "amount"),
        ("1405/09/01,10:00,1,x,100,100,200", "both"),
        ("1405/09/01,10:00,1,x,0,99999999999999,200", "amount"),
        ("1410/09/01,10:00,1,x,0,100,200", "future"),
    ],
)
def test_a_row_that_is_not_read_says_why(row: str, reason: str) -> None:
    (found,) = read(f"تاریخ,ساعت,شماره سند,شرح,بدهکار,بستانکار,مانده\n{row}\n".encode())
    assert (found.given, found.reason) == (None, reason)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", UploadFault.EMPTY),
        (b"\xd0\xcf\x11\xe0old", UploadFault.OLD_EXCEL),
        (b"PK\x03\x04broken", UploadFault.BROKEN),
        (b"a,b\n" * 9000, UploadFault.ROWS),
        (b"x" * (5 * 2**20 + 1), UploadFault.LARGE),
    ],
)
def test_a_file_that_is_not_read_says_why(content: bytes, fault: UploadFault) -> None:
    with pytest.raises(UnreadUpload) as error:
        statements.table(content)
    assert error.value.fault is fault


def test_without_headings_somebody_has_to_say() -> None:
    with pytest.raises(NotAStatement):
        statements.layout(statements.table(b"1405/09/01,100\n"))


def lines(content: bytes) -> list[tuple[BankMovement, int]]:
    return [(one[0], one[1]) for one in said(read(content))]


HEAD = "تاریخ,ساعت,شرح,بدهکار,بستانکار,مانده\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1256"])
@pytest.mark.parametrize("mark", [",", "٬", " ", "'", ".", "\u00a0"])
def test_encodings_and_thousands(encoding: str, mark: str) -> None:
    amount = f'"2{mark}400{mark}000"'
    if encoding == "cp1256" and mark == "٬":
        return  # that code page has none
    text = f"{HEAD}1405/09/01,10:15,واريز کارت,0,{amount},\n".replace("ی", "ي" if encoding == "cp1256" else "ی")
    assert lines(text.encode(encoding)) == [(BankMovement.IN, 2_400_000)]


@pytest.mark.parametrize(
    ("date", "clock", "minute"),
    [
        ("46349.510648148", "", 12 * 60 + 15),  # a number of Excel, with its time
        ("46349", "0.510648148", 12 * 60 + 15),
        ("46349", "12:15", 12 * 60 + 15),
        ("14050902", "1215", 12 * 60 + 15),
        ("050902", "121520", 12 * 60 + 15),
        ("50902", "915", 9 * 60 + 15),  # Excel took the nought away
        ("2026-11-23 12:15:20", "", 12 * 60 + 15),
        ("۱۴۰۵/۰۹/۰۲", "۱۲:۱۵", 12 * 60 + 15),
        ("20261123", "12:15:20", 12 * 60 + 15),
    ],
)
def test_dates_and_times_in_any_form(date: str, clock: str, minute: int) -> None:
    (row,) = read(f"{HEAD}{date},{clock},واریز,0,2400000,\n".encode())
    assert row.given, row.reason
    at = datetime.fromtimestamp(row.given.at / 1000, TEHRAN)
    assert (at.date().isoformat(), 60 * at.hour + at.minute, row.given.said.minute) == ("2026-11-23", minute, minute)


def test_dates_of_a_workbook_as_cells_and_as_numbers() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet
    for row in (
        ["گردش حساب", None, None],
        ["تاریخ", "واریز", "مانده"],
        [datetime(2026, 11, 23, 12, 15), 2_400_000, 10_000_000],  # noqa: DTZ001
        [46349.510648148, 300_000.0, 10_300_000],
        [14050902, "۴۰۰٬۰۰۰", 10_700_000],
    ):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    rows = read(file.getvalue())
    assert {one[1] for one in said(rows)} == {2_400_000, 300_000, 400_000}
    days = {datetime.fromtimestamp(row.given.at / 1000, TEHRAN).date().isoformat() for row in rows if row.given}
    assert days == {"2026-11-23"}


def test_a_formula_that_was_never_worked_out_is_no_sum() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet
    sheet.append(["تاریخ", "واریز", "مانده"])
    sheet.append(["1405/09/02", "=1200000*2", 10_000_000])
    sheet.append(["1405/09/02", 500_000, 10_500_000])
    file = io.BytesIO()
    book.save(file)
    rows = read(file.getvalue())
    assert [(row.given is None, row.reason) for row in rows] == [(True, "formula"), (False, "")]
    assert lines(f'{HEAD}1405/09/01,10:15,واریز,0,"=""2400000""",\n'.encode()) == [(BankMovement.IN, 2_400_000)]
    (row,) = read(f"{HEAD}1405/09/01,10:15,واریز,0,=SUM(A1:A3),\n".encode())
    assert (row.given, row.reason) == (None, "amount")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1405/09/01,واریز,2400000,", BankMovement.IN),
        ("1405/09/01,برداشت,2400000,", BankMovement.OUT),
        ("1405/09/01,بستانکار,2400000,", BankMovement.IN),
        ("1405/09/01,بدهکار,2400000,", BankMovement.OUT),
        ("1405/09/01,,2400000,خرید از فروشگاه", BankMovement.OUT),
        ("1405/09/01,,2400000,واریز کارت به کارت", BankMovement.IN),
        ("1405/09/01,برگشت واریز,2400000,", BankMovement.CORRECTION),
        ("1405/09/01,واریز,2400000,اصلاحیه سند", BankMovement.CORRECTION),
        ("1405/09/01,,2400000,", "direction"),
        ("1405/09/01,واریز,-2400000,", "direction"),
        ('1405/09/01,واریز,"2,40,000",', "amount"),
    ],
)
def test_one_column_whose_direction_another_tells(row: str, expected: BankMovement | str) -> None:
    (found,) = read(f"تاریخ,نوع تراکنش,مبلغ,شرح\n{row}\n".encode())
    assert (found.given.said.movement if found.given else found.reason) == expected


@pytest.mark.parametrize("text", ["برگشت واریز", "اصلاحیه", "عودت وجه", "ابطال سند 12"])
def test_what_goes_back_is_no_deposit(text: str) -> None:
    content = f"{HEAD}1405/09/01,10:15,واریز,0,2400000,12400000\n1405/09/01,10:20,{text},2400000,0,10000000\n"
    assert said(read(content.encode()))[1][::3] == (BankMovement.CORRECTION, BalanceChain.KEPT)


def test_a_title_that_says_toman() -> None:
    content = f"بانک نمونه\nمبالغ به تومان است\n{HEAD}1405/09/01,10:15,واریز,0,240000,\n"
    assert lines(content.encode()) == [(BankMovement.IN, 2_400_000)]
