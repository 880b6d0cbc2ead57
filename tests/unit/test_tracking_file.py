"""Tracking codes as shops keep them: whatever Excel and its users do to a table."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from notifier.clock import TEHRAN
from notifier.domain import persian
from notifier.importing import jsonl, tracking
from notifier.importing.entries import ImportRow
from notifier.importing.tracking import NotTracking

NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
CODE = "123456789012345678901234"


def read(text: str) -> list[ImportRow]:
    return list(tracking.entries(io.StringIO(text, newline=""), source="shop", zone=TEHRAN, now=NOW))


def only(text: str) -> ImportRow:
    (entry,) = read(text)
    return entry


def told(entry: ImportRow) -> tuple[Any, ...]:
    assert entry.event, entry.reason
    details = entry.event.details
    return entry.event.order_id, details.carrier, details.tracking_code


@pytest.mark.parametrize(
    "text",
    [
        f"order number,carrier,code\n10025,پست پیشتاز,{CODE}\n",
        f"\ufefforder_number;Carrier;Tracking Code\r\n10025;پست پیشتاز;{CODE}\r\n",
        f"شماره سفارش\tشرکت حمل\tکد رهگیری\n۱۰۰۲۵\tپست پیشتاز\t{persian.digits(CODE)}",
        f"كد رهگيري,شمارهٔ سفارش,شرکت‌ حمل\n{CODE},10025,پست پيشتاز",
        f'sep=;\n"code";"order";"carrier"\n"=""{CODE}""";#10025;"پست پیشتاز"\n',
        f"Order No.,x,Barcode,Courier\n10025.0,?,'{CODE},پست  پیشتاز\n",
        f"گزارش مرسولات آذر\n\nشماره‌ی سفارش,شرکت حمل,بارکد مرسوله\n10025,پست پیشتاز,{CODE}\n",
        f"تاریخ گزارش;۱۴۰۵/۰۹/۰۲\r\nبارکد مرسوله;شماره ي سفارش;شرکت حمل\r\n{CODE};10025;پست پیشتاز\r\n",
        "order,carrier,code\n\n \u200e10025 ,پست پیشتاز,12345678 9012345678901234\u200f\n,,\n",
    ],
    ids=[
        "plain",
        "bom-semicolon",
        "persian-tabs",
        "arabic-letters",
        "excel-sep",
        "float-apostrophe",
        "title",
        "date-above",
        "spaces",
    ],
)
def test_one_parcel_in_many_spellings(text: str) -> None:
    assert told(only(text)) == ("10025", "پست پیشتاز", CODE)


def test_the_line_of_a_row_under_a_title() -> None:
    first, second = read(f"گزارش\n\nشماره سفارش,کد رهگیری\n10025,{CODE}\n10026,\n")
    assert (first.line, second.line) == (4, 5)


def test_what_is_missing_is_told_of_the_headings_and_not_of_the_title() -> None:
    with pytest.raises(NotTracking) as refused:
        read("گزارش مرسولات آذر\n\nردیف,گیرنده,شماره سفارش,توضیح\n1,سارا,10025,ندارد\n")
    assert (refused.value.column, refused.value.headings) == ("code", ["ردیف", "گیرنده", "شماره سفارش", "توضیح"])


def test_a_parcel_without_a_date_leaves_now_and_needs_no_carrier() -> None:
    entry = only(f"code,order\n{CODE},A-7")
    assert told(entry) == ("A-7", None, CODE)
    assert entry.event
    assert entry.event.at == NOW


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1405/09/02", datetime(2026, 11, 23, tzinfo=TEHRAN)),
        ("۱۴۰۵/۹/۲ ۱۴:۳۰", datetime(2026, 11, 23, 14, 30, tzinfo=TEHRAN)),
        ("1405-09-02، 14:30", datetime(2026, 11, 23, 14, 30, tzinfo=TEHRAN)),
        ("2026-11-23 14:30:05", datetime(2026, 11, 23, 14, 30, 5, tzinfo=TEHRAN)),
        ("2026-11-23T11:00:00Z", datetime(2026, 11, 23, 11, tzinfo=UTC)),
    ],
)
def test_dates_of_either_calendar(text: str, at: datetime) -> None:
    entry = only(f"order;code;shipped_at\n1;{CODE};{text}")
    assert entry.event, entry.reason
    assert entry.event.at == at


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10025,1.23457E+23,", "Excel has shortened the code"),
        ("1.2E+9,55,", "Excel has shortened the order"),
        (",55,", "the order is missing"),
        ("10025,,", "the code is missing"),
        ("10025", "the code is missing"),
        ("10025,55,1405/13/40", "is no date"),
        ("10025,55,tomorrow", "is no date"),
        ("10025,55\ufffd,", "CSV UTF-8"),
        ('10025,"55\n66",', "a quotation mark missing"),
        (f"10025,{'5' * 201},", "the code is longer"),
        ("..,55,", "the order is missing"),
        ("10025,55,2999-01-01", "2999 is not a year"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(row: str, reason: str) -> None:
    bad, good = read(f"order,code,date\n{row}\n10026,77,\n")
    assert bad.event is None
    assert reason in bad.reason
    assert bad.line == 2
    assert told(good)[0] == "10026"


def test_a_field_without_an_end_spoils_its_row_only() -> None:
    first, *others = read('order,code\n1,"' + "5" * 200_000 + "\n2,66\n")
    assert "quotation mark" in first.reason
    assert [told(entry)[0] for entry in others] == ["2"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "order,carrier\n1,2\n", "code\n1\n"])
def test_a_table_without_its_columns_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(tracking.NotTracking, match="the first line has"):
        read(text)


def test_a_row_is_known_by_what_it_says_and_not_by_where_it_stands() -> None:
    there = only(f"order,carrier,code\n10025,پست,{CODE}")
    here = read(f"x,code,carrier,order\n,9,y,1\n,'{CODE},پست ,#10025")[1]
    assert there.event
    assert here.event
    assert (there.event.id, there.digest) == (here.event.id, here.digest)
    other = only("order,carrier,code\n10025,پست,124")
    assert other.event
    assert other.event.id != there.event.id


def test_of_two_headings_the_more_telling_one_counts() -> None:
    text = (
        "\ufeffکد,شماره,شماره سفارش,تاریخ,تاریخ ارسال,شرکت حمل,کد رهگیری\n"
        "KALA-77,1,96001,1405/08/01,1405/09/01,پست پیشتاز,333300003333000033330000\n"
    )
    entry = only(text)
    assert told(entry) == ("96001", "پست پیشتاز", "333300003333000033330000")
    assert entry.event
    assert entry.event.at == datetime(2026, 11, 22, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    "headings", ["شماره سفارش,کد سفارش,کد", "order,tracking code,tracking number", "order,code,code", "سفارش,order,کد"]
)
def test_two_headings_of_one_rank_are_refused(headings: str) -> None:
    with pytest.raises(tracking.NotTracking, match=r"' and '.*' may each be the"):
        read(f"{headings}\n1,2,3\n")


@pytest.mark.parametrize(
    ("row", "meant"),
    [
        ("80002;پست;123456789012.0", ("80002", "پست", "123456789012")),
        ("80\u200c003;پست;1234567890123456", ("80003", "پست", "1234567890123456")),
        ("\u206880004\u2069;پست;1234567890123456", ("80004", "پست", "1234567890123456")),
        ("80005;پست;1234\u200c5678\u200b9012", ("80005", "پست", "123456789012")),
        ("۸۰۰۰۵.00;-;55", ("80005", None, "55")),
        ('SH-1405-1138;"Chapar &amp; Co";55', ("SH-1405-1138", "Chapar & Co", "55")),
        ("80009;ندارد;123456789012340", ("80009", None, "123456789012340")),
    ],
)
def test_cells_lose_what_a_spreadsheet_adds(row: str, meant: tuple[Any, ...]) -> None:
    assert told(only(f"\ufeffشماره سفارش;شرکت حمل;کد رهگیری\n{row}\n")) == meant


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("123456789012345000000000", "noughts for the last digits"),
        ("1234567890123450", "noughts for the last digits"),
        ("۱۲۳۴۵۶۷۸۹۰۱۲۳۴۵۰۰۰", "noughts for the last digits"),
        ("1/23457E+23", "Excel has shortened"),
        ("۱٫۲۳۴۵۷E+۲۳", "Excel has shortened"),
        ("۱٬۲۳۴۵۷E۲۳", "Excel has shortened"),
        ("1.23457E 23", "Excel has shortened"),
        ("5555E+19", "Excel has shortened"),
        ("-", "the code is missing"),
        ("0", "the code is missing"),
        ("ندارد", "the code is missing"),
        ("N/A", "the code is missing"),
        ("1\u20282", "line break"),
        ("9" * 5000, "longer than"),
    ],
)
def test_a_code_that_is_spoilt_or_none_is_refused(code: str, reason: str) -> None:
    entry = only(f"شماره سفارش;شرکت حمل;کد رهگیری\n96001;پست;{code}\n")
    assert entry.event is None
    assert reason in entry.reason


def lines(raw: bytes) -> list[ImportRow]:
    return list(jsonl.entries(io.BytesIO(raw), source="shop"))


EVENT = b'{"type": "order.packed", "timestamp": "2026-11-23T10:00:00+03:30", "data": {"order_id": "1"}}'


def test_events_are_read_line_by_line() -> None:
    found = lines(b"\xef\xbb\xbf" + EVENT + b"\r\n\r\n" + EVENT.replace(b'"1"', b'"2"'))
    assert [(entry.line, entry.event.order_id) for entry in found if entry.event] == [(1, "1"), (3, "2")]


def test_an_event_is_known_by_its_content_or_by_its_id() -> None:
    one, same, named, other = lines(
        EVENT
        + b'\n{"data": {"order_id": "1"}, "timestamp": "2026-11-23T10:00:00+03:30", "type": "order.packed"}\n'
        + EVENT.replace(b'{"type"', b'{"id": "e1", "type"')
        + b"\n"
        + EVENT.replace(b'{"type"', b'{"id": "e1", "note": 1, "type"')
    )
    assert one.event == same.event
    assert one.digest == same.digest
    assert named.event
    assert other.event
    assert named.event.id == other.event.id == "import:e1"
    assert named.digest != other.digest


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"nope", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "valid dictionary"),
        (EVENT.replace(b"packed", b"lost"), "type: "),
        (EVENT.replace(b'{"type"', b'{"id": ["x"], "type"'), "id: "),
        (b'"' + b"x" * 1_100_000 + b'"', "longer than"),
    ],
)
def test_a_wrong_line_spoils_no_other(raw: bytes, reason: str) -> None:
    bad, good = lines(raw + b"\n" + EVENT)
    assert bad.event is None
    assert reason in bad.reason
    assert good.event
    assert good.line == 2
