"""What banks' texts say: eleven banks' shapes with made-up values, in and out, and what must never be taken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.clock import TEHRAN
from notifier.domain.bank import BankMovement as M
from notifier.domain.bank import BankRail
from notifier.errors import NotifierError
from notifier.intake.bank import reading
from notifier.intake.bank.reading import UnreadText
from notifier.intake.bank.rules import BankRules

SHAPES = {
    "mellat": ("حساب1234567890\nواریز2,400,000\nمانده18,150,000\n05/06/11-11:52", M.IN, 2_400_000, 18_150_000),
    "mellat out": ("حساب1234567890\nبرداشت2,400,000\nمانده18,150,000\n05/06/11-11:52", M.OUT, 2_400_000, 18_150_000),
    "mellat interest": (
        "واریز سود کوتاه مدت\n\nحساب1234567890\n\nمبلغ45,100\nمانده18,150,000",
        M.INTEREST,
        45_100,
        18_150_000,
    ),
    "melli": (
        "بانك ملي ايران\nانتقال:2,400,000+\nحساب:12345\nمانده:71,000,400\n0625-01:15",
        M.IN,
        2_400_000,
        71_000_400,
    ),
    "melli out": (
        "بانك ملي ايران\nخرید:900,000-\nحساب:12345\nمانده:71,000,400\n0625-01:15",
        M.OUT,
        900_000,
        71_000_400,
    ),
    "melli interest": (
        "بانك ملي ايران\nسود:2,400,000+\nحساب:12345\nمانده:71,000,400",
        M.INTEREST,
        2_400_000,
        71_000_400,
    ),
    "saderat": ("پايا: 1,480,000+ حساب: 12345 مانده: 32,200,090 0603 - 13:04", M.IN, 1_480_000, 32_200_090),
    "saderat out": ("پايانه فروش: 4,100,000- حساب: 12345 مانده: 32,200,090 0603 - 13:04", M.OUT, 4_100_000, 32_200_090),
    "pasargad": ("123.800.xxxxx.1\n+30,000,000\n06/03_13:37\nمانده: 33,910,067", M.IN, 30_000_000, 33_910_067),
    "pasargad out": ("123.800.xxxxx.1\n-30,000,000\n06/03_13:37\nمانده: 3,910,067", M.OUT, 30_000_000, 3_910_067),
    "resalat": ("10.1234567.1\n+1,000,000\n06/03_15:14\nمانده: 3,000,000", M.IN, 1_000_000, 3_000_000),
    "resalat out": ("10.1234567.1\n-1,000,000\n06/03_15:14\nمانده: 3,000,000", M.OUT, 1_000_000, 3_000_000),
    "saman": (
        "بانك سامان\nواریز مبلغ  3,000,000ريال\nبه 123-800-456-1\nمانده 5,000,000\n1405/6/1\n11:26",
        M.IN,
        3_000_000,
        5_000_000,
    ),
    "saman out": (
        "بانك سامان\nبرداشت مبلغ  3,000,000ريال\nاز 123-800-456-1\nمانده 5,000,000\n1405/6/1\n11:26",
        M.OUT,
        3_000_000,
        5_000_000,
    ),
    "refah": ("بانک رفاه\nواریز مبلغ 5,000,000 ریال\nمانده 9,000,000", M.IN, 5_000_000, 9_000_000),
    "refah out": ("بانک رفاه\nبرداشت مبلغ 5,000,000 ریال\nمانده 9,000,000", M.OUT, 5_000_000, 9_000_000),
    "novin": (
        "واریز: 123-800-456789-1\n+3,100,000ريال\nمانده:4,000,000ريال\n6/8-10:04\n12345678",
        M.IN,
        3_100_000,
        4_000_000,
    ),
    "novin out": (
        "برداشت: 123-800-456789-1\n-3,100,000ريال\nمانده:4,000,000ريال\n6/8-10:04",
        M.OUT,
        3_100_000,
        4_000_000,
    ),
    "khavarmianeh": (
        "بانک خاورمیانه\nواریز\n+5,025,000\n020/0000123456\nمانده 338,000,000\n06/03\n15:39",
        M.IN,
        5_025_000,
        338_000_000,
    ),
    "khavarmianeh out": (
        "بانک خاورمیانه\nانتقال\n-5,025,000\n020/0000123456\nمانده 338,000,000\n06/03\n15:39",
        M.OUT,
        5_025_000,
        338_000_000,
    ),
    "blu": (
        "بلو\nواریز پول\nسارا محمدی عزیز، ۱٬۰۰۰٬۰۰۰ ریال به حساب شما نشست.\nموجودی: ۲٬۰۰۰٬۰۰۰ ریال\n۱۲:۳۰\n۱۴۰۵٫۰۶٫۰۳",
        M.IN,
        1_000_000,
        2_000_000,
    ),
    "blu out": (
        "بلو\nانتقال پل\nسارا محمدی عزیز، ۱٬۰۰۰٬۰۰۰ ریال از حساب شما پرید.\nموجودی: ۲٬۰۰۰٬۰۰۰ ریال",
        M.OUT,
        1_000_000,
        2_000_000,
    ),
    "keshavarzi": ("واریز500,000\nمانده2,540,500\n050601-12:29\nکارت*1234\nbki.ir", M.IN, 500_000, 2_540_500),
    "keshavarzi out": ("خرید500,000\nمانده2,540,500\n050601-12:29\nکارت*1234\nbki.ir", M.OUT, 500_000, 2_540_500),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_read(name: str) -> None:
    text, movement, amount, balance = SHAPES[name]
    said = reading.read(text)
    assert (said.movement, said.amount, said.balance) == (movement, amount, balance)


def respelt(text: str) -> list[str]:
    """One text as phones and banks may spell it."""
    persian = text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    arabic = text.translate(str.maketrans("0123456789یک", "٠١٢٣٤٥٦٧٨٩يك"))
    return [
        persian,
        arabic,
        text.replace(",", "٬"),
        text.replace("\n", "\r\n"),
        text.replace("\n", "\u200f\n\u200f"),
        text.replace(" ", "\u00a0"),
        f"\u202b{text}\u202c",
    ]


@pytest.mark.parametrize("name", SHAPES)
def test_digits_letters_and_unseen_signs_change_nothing(name: str) -> None:
    text, movement, amount, balance = SHAPES[name]
    for other in respelt(text):
        said = reading.read(other)
        assert (said.movement, said.amount, said.balance) == (movement, amount, balance), other


@pytest.mark.parametrize(
    ("text", "amount", "balance"),
    [
        ("واریز 240,000 تومان\nمانده 18,150,000 ریال", 2_400_000, 18_150_000),
        ("واریز 2,400,000 ریال\nمانده 1,815,000 تومان", 2_400_000, 18_150_000),
        ("واریز 2.400.000\nمانده 18.150.000", 2_400_000, 18_150_000),
        ("واریز2400000\nمانده18150000", 2_400_000, 18_150_000),
        ("واریز: 2,400,000 +\nمانده: 18,150,000", 2_400_000, 18_150_000),
        ("مبلغ (تومان): 240,000 به حساب شما واریز شد\nمانده: 18,150,000", 2_400_000, 18_150_000),
        ("واریز 2,400,000\nکارمزد 5,000\nمانده 18,150,000", 2_400_000, 18_150_000),
        ("واریز 2,400,000\nمانده 18,150,000\nقابل برداشت: 17,000,000", 2_400_000, 18_150_000),
        ("مبلغ 2,400,000 ریال به حساب 30001234567 واریز شد\nمانده: 18,150,000 ریال", 2_400_000, 18_150_000),
    ],
)
def test_units_marks_and_labels(text: str, amount: int, balance: int) -> None:
    said = reading.read(text)
    assert (said.movement, said.amount, said.balance) == (M.IN, amount, balance)


def test_the_rest_of_a_text() -> None:
    said = reading.read("واریز پایا 2,400,000\nحساب 1234567\nمانده 9,000,000\nشماره پیگیری: 778899\nشناسه واریز: 10025")
    assert (said.account, said.reference, said.payment_id, said.rail) == ("1234567", "778899", "10025", BankRail.PAYA)
    assert reading.read(SHAPES["khavarmianeh"][0]).reference == "020/0000123456"
    assert reading.read(SHAPES["pasargad"][0]).account == "123800*****1"
    assert reading.read(SHAPES["keshavarzi"][0]).account == "card1234"
    assert reading.read(SHAPES["mellat"][0]).minute == 11 * 60 + 52


@pytest.mark.parametrize(
    "text",
    [
        "رمز پویا: 123456\nخرید 2,000,000",
        "رمزپویا 123456 مبلغ 2,000,000",
        "رمز‌ پویا: ۱۲۳۴۵۶",
        "رمز: 12345",
        "یکبار رمز شما 998877 مبلغ 2,400,000 ریال",
        "رمز يكبار مصرف: 12345",
        "عدد محرمانه: 445566 خرید 3,000,000",
        "کد تأیید: 123456",
        "كد تاييد ورود 12345",
        "کد فعال‌سازی همراه بانک: 778899",
        "کد ورود شما 9988",
        "Your OTP is 123456",
        "verification code: 123456",
        "واریز 2,000,000\nمانده 3,000,000\nرمز دوم خود را به کسی نگویید",
    ],
)
def test_codes_are_told_from_all_else(text: str) -> None:
    assert reading.is_secret(text)
    body = json.dumps({"sender": "Bank Mellat", "text": text})
    assert reading.may_hold_secret(body.encode())
    assert reading.may_hold_secret(json.dumps({"text": text}, ensure_ascii=False).encode())
    assert reading.may_hold_secret(body.encode()[:-3])  # cut off: no JSON any more


@pytest.mark.parametrize("name", SHAPES)
def test_no_line_is_taken_for_a_code(name: str) -> None:
    assert not reading.is_secret(SHAPES[name][0])
    assert not reading.is_secret(f"{SHAPES[name][0]}\nکارمزد 5,000")


@pytest.mark.parametrize(
    ("text", "movement"),
    [
        ("مانده بدهی تسهیلات شما 4,000,000 ریال است", M.LOAN),
        ("قسط شما به مبلغ 2,000,000 ریال سررسید 1405/06/10", M.LOAN),
        ("حساب 1234567\nمانده: 5,000,000\nقابل برداشت: 4,900,000", M.BALANCE),
        ("موجودی حساب شما 5,000,000 ریال", M.BALANCE),
    ],
)
def test_what_is_no_deposit(text: str, movement: M) -> None:
    assert reading.read(text).movement is movement


@pytest.mark.parametrize(
    "text",
    [
        "",
        "سلام فردا ساعت 10 می‌آیم",
        "واریز 2,000,000 و واریز 3,000,000",
        "واریز و برداشت 2,000,000",
        "واریز -2,000,000",
        "برداشت +2,000,000",
        "2,000,000",
        "واریز " + "9" * 30 + " ریال",
        "x" * 2001,
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    with pytest.raises(UnreadText):
        reading.read(text)


@given(st.text(max_size=300) | st.text("0123456789,.+-/:\n واریزماندهحسابریال", max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    reading.is_secret(text)
    try:
        said = reading.read(text)
    except NotifierError:
        return
    assert 0 <= said.amount <= 10**13


@pytest.mark.parametrize(
    ("sender", "bank"),
    [
        ("Bank Mellat", "ملت"), ("BANKMELLAT", "ملت"), ("+98700717", "ملی"), ("0098700717", "ملی"),
        ("B.Pasargad", "پاسارگاد"), ("9820000", "سامان"), ("۲۰۰۰۴۸۶۱", "خاورمیانه"), ("ENBank", "اقتصاد نوین"),
        ("+989121234567", None), ("Mother", None), ("", None), ("100099", "آزمایشی"),
    ],
)  # fmt: skip
def test_senders_are_known_however_they_are_written(sender: str, bank: str | None) -> None:
    assert BankRules(senders={"100099": "آزمایشی"}, fields={}, zone=TEHRAN).bank(sender) == bank  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "برگشت واریز 2,400,000\nمانده 18,150,000",
        "برگشت وجه: 2,400,000+\nمانده 18,150,000",
        "برگشت خرید 2,400,000 ریال به حساب شما\nمانده 18,150,000",
        "اصلاحیه واریز 2,400,000\nمانده 18,150,000",
        "سند اصلاحی\nواریز2,400,000\nمانده18,150,000",
        "ابطال واریز 2,400,000 ریال\nمانده 18,150,000",
        "عودت وجه: 2,400,000 ریال به حساب شما واریز شد\nمانده 18,150,000",
        "واريز برگشتي پايا 2,400,000+\nمانده 18,150,000",
        "Reversal: credit 2,400,000 balance 18,150,000",
    ],
)
def test_money_that_goes_back_is_no_deposit(text: str) -> None:
    said = reading.read(text)
    assert (said.movement, said.amount, said.balance) == (M.CORRECTION, 2_400_000, 18_150_000)


@pytest.mark.parametrize(
    "text",
    [
        "واریز ناموفق 2,400,000 ریال",
        "درخواست واریز 2,400,000 ریال ثبت شد",
        "چک شماره 123 به مبلغ 2,400,000 ریال به حساب شما واگذار شد",
        "با واریز 2,400,000 ریال در قرعه‌کشی شرکت کنید",
        "دریافت 2,400,000 ریال پاداش با خرید از بانک ملت",
        "واریز به حساب علی رضایی از حساب شما مبلغ 2,400,000 ریال",
        "مسدودی 2,400,000 ریال حساب 123456 مانده 5,000,000",
        "واریز 2,40,000 ریال\nمانده 5,000,000",
        "واریز 24,000,00 ریال\nمانده 5,000,000",
        "واریز 2.400.000,5 ریال",
        "واریز 240 هزار تومان\nمانده 5,000,000",
        "واریز 2,400 هزار ریال",
        "واریز 2.4 میلیون ریال\nمانده 5,000,000",
        "واریز نقدی\nمانده 5,000,000",
    ],
)
def test_what_did_not_happen_or_is_not_surely_read_is_no_sum(text: str) -> None:
    with pytest.raises(UnreadText):
        reading.read(text)


@pytest.mark.parametrize("mark", [",", ".", "٬", "،", "٫", " ", "\u00a0", "\u202f", "\u2009", "'", "’", "_", "/"])
@pytest.mark.parametrize("digits", ["0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"])
@pytest.mark.parametrize("ends", ["", " ریال", "ریال", " IRR"])
def test_thousands_however_they_are_marked(mark: str, digits: str, ends: str) -> None:
    text = f"واریز 2{mark}400{mark}000{ends}\nحساب 1234567\nمانده 18{mark}150{mark}000{ends}\n05/09/02-11:52"
    said = reading.read(text.translate(str.maketrans("0123456789", digits)))
    assert (said.movement, said.amount, said.balance, said.account) == (M.IN, 2_400_000, 18_150_000, "1234567")


@pytest.mark.parametrize("unit", ["تومان", "تومن", "ت", "IRT", "toman"])
@pytest.mark.parametrize("shape", ["واریز 240,000 {}\nمانده 18,150,000", "واریز 240,000({})\nمانده 18,150,000"])
def test_toman_however_it_is_written(unit: str, shape: str) -> None:
    said = reading.read(shape.format(unit))
    assert (said.amount, said.balance) == (2_400_000, 18_150_000)


def test_toman_before_the_figure() -> None:
    assert reading.read("واریز تومان 240,000\nمانده 18,150,000").amount == 2_400_000
    assert reading.read("واریز 2,400,000 ریال\nمانده 18,150,000\nتومان").amount == 2_400_000


@pytest.mark.parametrize(
    ("text", "movement"),
    [
        ("انتقال وجه 2,400,000 ریال از کارت 6037*1234 به کارت شما دریافت شد", M.IN),
        ("انتقالی دریافتی 2,400,000\nمانده 9,000,000", M.IN),
        ("انتقال کارت به کارت از حساب شما 2,400,000 ریال\nمانده 5,000,000", M.OUT),
        ("حواله از حساب شما 2,400,000", M.OUT),
        ("پرداخت قبض 2,400,000\nمانده 5,000,000", M.OUT),
    ],
)
def test_transfers_in_and_out(text: str, movement: M) -> None:
    assert reading.read(text).movement is movement


@pytest.mark.parametrize(
    ("text", "movement"),
    [
        ("انتقال از کارت 6037***1234 مبلغ 1,200,000 ریال به حساب شما", M.IN),
        ("انتقال از حساب 111 به حساب شما مبلغ 1,200,000", M.IN),
        ("انتقال از حساب شماره 111 به سپرده شما مبلغ 1,200,000", M.IN),
        ("انتقال به کارت شما 1,200,000 ریال", M.IN),
        ("مبلغ 1,200,000 ریال به حسابتان واریز گردید", M.IN),
        ("مبلغ 1,200,000 ریال به حساب شماره 123456 واریز شد", M.IN),
        ("دریافت وجه 1,200,000 ریال به حساب شماره 123456", M.IN),
        ("ورود وجه 1,200,000 ریال به حساب 123456", M.IN),
        ("Deposit: 1,200,000 IRR Balance: 5,000,000", M.IN),
        ("واریــز 1,200,000 ریال\nمانـده: 5,000,000", M.IN),
        ("مبلغ 1,200,000 ریال به حساب شماره 123456 انتقال یافت", M.OUT),
        ("مبلغ 1,200,000 از کارت شما به حساب شماره 1234 انتقال یافت", M.OUT),
        ("1,200,000 ریال به حساب شماره 123456 نزد بانک ملت حواله شد", M.OUT),
        ("مبلغ 1,200,000 ریال از حساب شماره 123456 کسر گردید", M.OUT),
        ("انتقال از حساب شما به حساب 123: 1,200,000", M.OUT),
        ("خروج وجه 1,200,000 ریال از حساب 123456", M.OUT),
        ("پایا ارسالی 1,200,000", M.OUT),
        ("بـرداشت 1,200,000", M.OUT),
    ],
)
def test_whose_account_it_came_to(text: str, movement: M) -> None:
    found = reading.read(text)
    assert (found.movement, found.amount) == (movement, 1_200_000)


def test_a_stretched_word_for_a_password_is_one() -> None:
    assert reading.is_secret("رمـــز پویـا 123456")


def test_another_s_account_alone_says_nothing() -> None:
    with pytest.raises(UnreadText):
        reading.read("مبلغ 1,200,000 ریال به حساب شماره 123456 منتقل شد")
