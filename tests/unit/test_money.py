from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import money
from notifier.domain.persian import ascii_digits, number

RIALS = st.integers(min_value=0, max_value=money.MAX_RIAL)
CURRENCIES = st.sampled_from(sorted(money.CURRENCIES))


@given(RIALS, CURRENCIES, st.integers(0, 4))
def test_rial_there_and_back(rial: int, currency: str, noughts: int) -> None:
    exact = Decimal(rial).scaleb(-money.CURRENCIES[currency])
    assert money.to_rial(exact, currency) == rial
    assert money.to_rial(f"{exact:f}", currency) == rial
    padded = f"{exact:f}" + ("" if "." in f"{exact:f}" else ".") + "0" * noughts
    assert money.to_rial(padded, currency) == rial


@given(RIALS)
def test_what_is_shown_reads_back(rial: int) -> None:
    assert money.to_rial(number(rial), "IRR") == rial
    figures, unit = money.toman(rial).split()
    assert money.to_rial(figures, {"تومان": "IRT", "ریال": "IRR"}[unit]) == rial
    assert money.to_rial(f"{rial:,}", "IRR") == rial == money.to_rial(rial, "IRR")


@pytest.mark.parametrize(
    ("amount", "currency", "rial"),
    [
        (185_000_000, "IRR", 185_000_000),
        (18_500_000, "IRT", 185_000_000),
        (185_000, "IRHR", 185_000_000),
        (18_500, "IRHT", 185_000_000),
        ("185000.00", "IRT", 1_850_000),
        ("18.5", "IRHT", 185_000),
        ("18.5001", "IRHT", 185_001),
        ("۱۸۵٬۰۰۰", "IRR", 185_000),
        ("۱۸۵،۰۰۰", "IRR", 185_000),
        ("١٨٥٠٠٠٫٥", "IRT", 1_850_005),
        (" 1 250 000 ", "IRR", 1_250_000),
        (Decimal("1.85E+5"), "IRT", 1_850_000),
        ("0.00", "IRR", 0),
        ("-0", "IRR", 0),
        (Decimal("0E+999999"), "IRR", 0),
    ],
)
def test_amounts(amount: int | str | Decimal, currency: str, rial: int) -> None:
    result = money.to_rial(amount, currency)
    assert result == rial
    assert type(result) is int


@pytest.mark.parametrize(
    ("amount", "currency", "says"),
    [
        (1, "USD", "'USD' is not known. Send one of IRR, IRT, IRHR, IRHT"),
        (1, "irr", "not known"),
        (1, "", "not known"),
        (-1, "IRR", "negative"),
        ("-۱۰", "IRR", "negative"),
        (Decimal("-1"), "IRR", "negative"),
        ("0.5", "IRR", "not whole rials"),
        ("1.23456", "IRHT", "not whole rials"),
        (Decimal("0.10000000000000000000000000000000000001"), "IRT", "not whole rials"),
        (Decimal("1E-999999"), "IRT", "not whole rials"),
        (Decimal("NaN"), "IRR", "no number"),
        (Decimal("sNaN"), "IRR", "no number"),
        (Decimal("Infinity"), "IRR", "no number"),
        ("NaN", "IRR", "without guessing"),
        ("1e5", "IRR", "without guessing"),
        ("", "IRR", "without guessing"),
        ("12,5", "IRR", "without guessing"),
        ("1.250.000", "IRR", "without guessing"),
        ("1,250٬000", "IRR", "without guessing"),
        ("18500 تومان", "IRR", "without guessing"),
        ("9" * 5000, "IRR", "without guessing"),
        (money.MAX_RIAL + 1, "IRR", "more than"),
        (money.MAX_RIAL // 10 + 1, "IRT", "more than"),
        pytest.param(10**5000, "IRR", "more than", id="too-long-to-print"),
        (Decimal("1E+999999"), "IRR", "more than"),
        (Decimal("1." + "3" * 60), "IRR", "too long"),
        (18.5, "IRR", "is a float"),
        (True, "IRR", "is a bool"),
        (None, "IRR", "is a NoneType"),
    ],
)
def test_a_refusal_says_what_is_wrong(amount: int | str | Decimal, currency: str, says: str) -> None:
    with pytest.raises(money.MoneyError, match=says) as error:
        money.to_rial(amount, currency)
    assert len(str(error.value)) < 250


@given(st.text("0123456789۰۹.,٬-' ", max_size=12), CURRENCIES)
def test_text_is_read_exactly_or_refused(text: str, currency: str) -> None:
    try:
        rial = money.to_rial(text, currency)
    except money.MoneyError:
        return
    plain = ascii_digits(text)
    for separator in ",٬' ":
        plain = plain.replace(separator, "")
    assert Decimal(plain).scaleb(money.CURRENCIES[currency]) == rial


def test_toman() -> None:
    assert money.toman(185_000_000) == "۱۸٬۵۰۰٬۰۰۰ تومان"
    assert money.toman(185_000_005) == "۱۸۵٬۰۰۰٬۰۰۵ ریال"
    assert money.toman(0) == "۰ تومان"


@pytest.mark.parametrize(
    ("rial", "toman"), [(185_000_000, "18500000"), (0, "0"), (15, "1.5"), (10**13, str(10**12)), (None, "None")]
)
def test_toman_in_a_table_is_exact(rial: int | None, toman: str) -> None:
    assert str(money.in_toman(rial)) == toman
