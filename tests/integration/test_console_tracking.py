"""Tracking codes handed in at the console: looked at first, taken once, whatever form people keep them in."""

import csv
import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
from aiohttp import FormData
from console_browser import Desk, Page, hire
from openpyxl import Workbook
from shops import Client, StandardShop

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.domain.orders import Order, Stage
from notifier.service.process import Service
from notifier.store.audit import Act, Wanted, read

CODE = "123456789012345678901234"
OTHER = "998877665544332211009988"


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Desk:
    await hire(service)
    found = Desk(client, shop, service, clock)
    await found.open()
    for place, number in enumerate(("10445", "10446", "10447"), start=1):
        await paid(found, number, f"0912000000{place}")
    return found


async def paid(desk: Desk, number: str, phone: str) -> None:
    customer = {"name": "سارا محمدی", "phone": phone, "city": "اصفهان"}
    await desk.event(EventType.PAID, number, customer=customer)


async def paste(desk: Desk, lines: str) -> Page:
    return await desk.boss.post("/tracking", source="shop", lines=lines)


async def upload(desk: Desk, content: bytes, name: str = "codes.xlsx", *, who: Any = None) -> Page:
    form = FormData(quote_fields=False)
    form.add_field("csrf", (who or desk.boss).csrf)
    form.add_field("source", "shop")
    form.add_field("file", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    page = await (who or desk.boss)._ask("POST", "/tracking", data=form)
    if page.status == 303:
        return await (who or desk.boss).get(page.headers["Location"].removeprefix("/console"))
    return page


def address(page: Page) -> str:
    start = page.text.index('action="/console/tracking/') + len('action="/console')
    return page.text[start : page.text.index('"', start)]


async def order(desk: Desk, number: str = "10445") -> Order:
    found = await desk.service.reader.order("shop", number)
    assert found is not None
    return found


async def texts(desk: Desk, number: str = "10445") -> int:
    told = await desk.service.reader.story(await order(desk, number))
    return sum("shipped" in one.message.template for one in told.messages)


def workbook(*rows: Any, **formats: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, form in formats.items():
        sheet[cell].number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_pasted_lines_are_looked_at_and_then_taken_once(desk: Desk) -> None:
    page = await paste(desk, f"سفارش ۱۰۴۴۵ {CODE}\n10446;تیپاکس;ABC-123456\n10445\n99999, {OTHER}\n")
    assert page.status == 200, page.words
    for said in (
        "۲ آمادهٔ ثبت",
        "۲ پذیرفته‌نشده",
        "۲ پیامک فرستاده می‌شود",
        "کد رهگیری ندارد",
        "سفارشی با این شماره نداریم",
    ):
        assert said in page.words, said
    assert await texts(desk) == 0  # nothing was taken yet
    at = address(page)
    page = await desk.boss.post(at)
    assert "۲ کد ثبت شد و ۲ پیامک" in page.words
    assert list((await order(desk)).parcels) == [CODE]
    assert (await order(desk, "10446")).details.carrier == "تیپاکس"
    assert (await order(desk)).stage is Stage.SHIPPED
    for _ in range(2):
        await desk.boss.post(at)
    again = await paste(desk, f"10445\t{CODE}")
    assert "۱ پیش‌تر ثبت‌شده" in again.words
    assert await texts(desk) == 1
    acts = [one async for _, one in read(desk.service.reader, Wanted()) if one.act is Act.CODES_TAKEN]
    assert [(one.by, one.more) for one in acts] == [("boss", "2/4")]


async def test_a_sheet_of_excel(desk: Desk) -> None:
    content = workbook(
        ["گزارش پست", None, None],
        ["شماره سفارش", "کد رهگیری", "شرکت حمل", "تاریخ ارسال"],
        [10445, CODE, "پست پیشتاز", datetime(2026, 11, 23, 9)],  # noqa: DTZ001
        [10446, int(CODE), "پست", None],
        [10447, "=A1&A2", "پست", None],
        ["۱۰۴۴۷", "'ABC123456", "چاپار", "1405/09/02"],
    )
    page = await upload(desk, content)
    assert page.status == 200, page.words
    for said in ("۲ آمادهٔ ثبت", "۲ پذیرفته‌نشده", "کوتاه کرده", "فرمولی است"):
        assert said in page.words, said
    sheet = await desk.boss.get(f"{address(page)}?as=csv")
    rows = list(csv.reader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert [row[0] for row in rows[1:]] == ["4", "5"]
    await desk.boss.post(address(page))
    assert list((await order(desk, "10447")).parcels) == ["ABC123456"]


async def test_noughts_before_a_number_that_excel_shows(desk: Desk) -> None:
    await paid(desk, "00123", "09120000009")
    content = workbook(["شماره سفارش", "کد رهگیری"], [123, "ABC123456"], A2="00000")
    assert "۱ آمادهٔ ثبت" in (await upload(desk, content)).words


@pytest.mark.parametrize(
    "content",
    [
        f"شماره سفارش,کد رهگیری\n10445,{CODE}\n".encode("utf-8-sig"),
        f"شماره سفارش\tکد رهگیری\n۱۰۴۴۵\t{CODE}\n".encode("utf-16"),
        f"شماره سفارش;کد رهگيري\r\n10445;{CODE}\r\n".encode("cp1256", "replace"),
        f'order,code\n10445,"=""{CODE}"""\n'.encode(),
    ],
)
async def test_text_files_as_excel_saves_them(desk: Desk, content: bytes) -> None:
    page = await upload(desk, content, "codes.csv")
    assert "۱ آمادهٔ ثبت" in page.words, page.words


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"0" * (100 * 1024 * 1024))
    return out.getvalue()


def laughs() -> bytes:
    """A workbook whose words grow as they are read."""
    source, out = io.BytesIO(workbook(["order", "code"], ["10445", "x"])), io.BytesIO()
    lines = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    evil = f'<!DOCTYPE worksheet [<!ENTITY a0 "ha">{lines}]>'.encode()
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            grown = before.read(name).replace(b">10445<", b">&a8;<")
            after.writestr(name, evil + grown if name.startswith("xl/worksheets/") else grown)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "codes.csv", "ردیفی نیست"),
        (b" \r\n", "codes.csv", "ردیفی نیست"),
        ("شماره سفارش,کد رهگیری\n".encode(), "codes.csv", "ردیفی نیست"),
        (f"نام,شهر\nسارا,{CODE}\n".encode(), "codes.csv", "پیدا نشد"),
        (b"order,code,order\n1,2,3\n", "codes.csv", "دو ستون"),
        (b"\xd0\xcf\x11\xe0" + b"0" * 100, "codes.xls", "قدیمی"),
        (b"PK\x03\x04" + b"0" * 100, "codes.xlsx", "خوانده نمی‌شود"),
        (b"%PDF-1.7\x00\x00\x01", "codes.csv", "جدول نیست"),
        (workbook(), "codes.xlsx", "پیدا نشد"),
        (bomb(), "codes.xlsx", "بیش از اندازه بزرگ"),
        (laughs(), "codes.xlsx", "خوانده نمی‌شود"),
        (b"order,code\n" + b"1,2\n" * 5001, "codes.csv", "۵٬۰۰۰ ردیف"),
        (b"order,code\n" + b"1" * (5 * 1024 * 1024), "codes.csv", "بزرگ‌تر است"),
    ],
    ids=range(13),
)
async def test_what_is_no_table_is_refused_in_words(desk: Desk, content: bytes, name: str, said: str) -> None:
    page = await upload(desk, content, name)
    assert page.status == 422, page.words
    assert said in page.words


async def test_more_than_any_form_is_not_read(desk: Desk) -> None:
    assert (await upload(desk, b"0" * (7 * 1024 * 1024))).status == 413


async def test_a_parcel_more_is_taken_only_when_somebody_says_so(desk: Desk) -> None:
    await desk.boss.post(address(await paste(desk, f"10445 {CODE}")))
    page = await paste(desk, f"10445 {OTHER}")
    assert "۱ سفارشِ ارسال‌شده با کدی دیگر" in page.words
    assert CODE in page.text
    await desk.boss.post(address(page))
    assert list((await order(desk)).parcels) == [CODE]
    await desk.boss.post(address(page), another="yes")
    assert set((await order(desk)).parcels) == {CODE, OTHER}
    assert await texts(desk) == 2


async def test_rows_that_do_not_go_together(desk: Desk) -> None:
    await desk.event(EventType.CANCELLED, "10446")
    await desk.event(EventType.DELIVERED, "10447")
    lines = [f"10445 {CODE}", f"10445 {CODE}", f"10445 {OTHER}", "10446 ABC123456", f"10447 {OTHER}5"]
    page = await paste(desk, "\n".join(lines))
    for said in ("۱ آمادهٔ ثبت", "۱ پیش‌تر ثبت‌شده", "۱ سفارشِ ارسال‌شده", "لغو شده است", "تحویل شده است"):
        assert said in page.words, said


async def test_a_code_of_somebody_else(desk: Desk) -> None:
    page = await paste(desk, f"10445 {CODE}\n10446 {CODE}")
    assert "مشتری دیگری" in page.words
    await desk.boss.post(address(page))
    page = await paste(desk, f"10447 {CODE}")
    assert "مشتری دیگری" in page.words
    assert await texts(desk, "10446") == 0


@pytest.mark.parametrize("code", ["https://evil.example/1", "evil.example", "کد۱۲۳۴۵۶۷", "<b>123456</b>", "12 34؛ x"])
async def test_what_is_no_code(desk: Desk, code: str) -> None:
    page = await paste(desk, f"order,code\n10445,{code}")
    assert "این کد رهگیری نیست" in page.words, page.words


async def test_links_are_for_supervisors(desk: Desk) -> None:
    content = f"order,code,url\n10445,{CODE},https://tracking.post.ir/1\n".encode()
    assert "فقط سرپرست" in (await upload(desk, content, "codes.csv", who=desk.sara)).words
    assert "۱ آمادهٔ ثبت" in (await upload(desk, content, "codes.csv")).words


async def test_one_code_at_its_order_as_a_scanner_types_it(desk: Desk) -> None:
    page = await desk.sara.get("/orders/shop/10445")
    assert 'name="code"' in page.text
    page = await desk.sara.post("/orders/shop/10445/tracking", code=f" {CODE} ", carrier="تیپاکس")
    assert "کد رهگیری ثبت شد و پیامک" in page.words
    assert list((await order(desk)).parcels) == [CODE]
    page = await desk.sara.post("/orders/shop/10445/tracking", code="۱۲۳۴۵۶۷۸۹۰۱۲۳۴۵۶۷۸۹۰۱۲۳۴")
    assert "پیش‌تر برای همین سفارش" in page.words
    page = await desk.sara.post("/orders/shop/10445/tracking", code=OTHER)
    assert page.status == 422
    assert CODE in page.words
    await desk.sara.post("/orders/shop/10445/tracking", code=OTHER, another="yes")
    assert set((await order(desk)).parcels) == {CODE, OTHER}
    assert await texts(desk) == 2
    again = await upload(desk, f"order,code\n10445,{CODE}\n".encode(), "codes.csv")
    assert "۱ پیش‌تر ثبت‌شده" in again.words


@pytest.mark.parametrize("code", ["", " ", "-", "ندارد", "x" * 400, "1\n2", "http://a.b/1"])
async def test_one_code_that_is_none(desk: Desk, code: str) -> None:
    assert (await desk.sara.post("/orders/shop/10445/tracking", code=code)).status == 422
    assert (await order(desk)).stage is Stage.PAID


async def test_whose_upload_it_is(desk: Desk) -> None:
    await desk.sara.post("/tracking", source="shop", lines=f"10445 {CODE}")
    page = await desk.sara.post("/tracking", source="shop", lines=f"10445 {CODE}")
    assert (await desk.reza.get(address(page))).status == 404
    assert (await desk.boss.get(address(page))).status == 200
    assert (await desk.sara.get("/tracking/none")).status == 404
    assert (await desk.sara.post("/tracking", source="none", lines="1 2")).status == 422
    assert (await desk.sara.post_bare("/tracking", source="shop", lines="1 2")).status == 403


async def test_what_is_taken_after_the_order_changed(desk: Desk) -> None:
    """What was looked at is looked at again when it is taken."""
    page = await paste(desk, f"10445 {CODE}")
    await desk.event(EventType.CANCELLED, "10445")
    await desk.boss.post(address(page))
    assert (await order(desk)).parcels == {}
