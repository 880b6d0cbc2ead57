"""Money: integer rial inside, toman for people."""

import re
from decimal import Decimal
from functools import lru_cache

from notifier.domain.errors import NotifierError
from notifier.domain.persian import ascii_digits, number

# How many noughts make a rial of one unit. Besides the rial (ISO 4217), codes of WooCommerce's Persian plugins:
# toman, thousand rial, thousand toman.
CURRENCIES = {"IRR": 0, "IRT": 1, "IRHR": 3, "IRHT": 4}

# A thousand billion toman: no shop's order; a wrong currency or a receipt number in the wrong field.
MAX_RIAL = 10**13
_MAX_DIGITS = 40

_WHOLE = re.compile("[0-9]{1,13}")
_TEXT = re.compile(
    "(?P<minus>[-\u2212])?"
    "(?P<whole>[0-9]+|[0-9]{1,3}(?P<comma>[,\u060c\u066c' \u00a0\u202f])[0-9]{3}(?:(?P=comma)[0-9]{3})*)"
    "(?:[.\u066b](?P<part>[0-9]*))?"
)


class MoneyError(NotifierError, ValueError):
    """This is no amount of money that an order can have; says what is wrong and what to send."""


def to_rial(amount: int | str | Decimal, currency: str) -> int:
    """The exact amount in rial, of a number or of text such as "185000.00" or «۱۸۵٬۰۰۰»; raises MoneyError."""
    noughts = CURRENCIES.get(currency)
    if noughts is None:
        known = ", ".join(CURRENCIES)
        raise MoneyError(f"The currency {_short(currency)} is not known. Send one of {known}.")
    if type(amount) is int:
        minus, figures, exponent = amount < 0, abs(amount), 0
    elif isinstance(amount, str):
        minus, figures, exponent = _read(amount)
    elif isinstance(amount, Decimal):
        minus, figures, exponent = _parts(amount)
    else:
        raise MoneyError(f"The amount is a {type(amount).__name__}. Send a whole number, or a decimal number as text.")
    if figures == 0:
        return 0
    if minus:
        raise MoneyError(f"The amount {_short(amount)} is negative. Send what the customer pays as a positive amount.")
    shift = exponent + noughts
    # Beyond these bounds the power of ten decides alone, and need not be worked out.
    rial: int = figures * 10 ** min(max(shift, 0), 14)
    if shift < 0:
        rial, rest = divmod(figures, 10 ** min(-shift, _MAX_DIGITS + 1))
        if rest:
            raise MoneyError(f"The amount {_short(amount)} {currency} is not whole rials. Round it to the rial.")
    if rial > MAX_RIAL:
        raise MoneyError(
            f"The amount {_short(amount)} {currency} is more than {MAX_RIAL:,} rial, which no order costs."
            " Look whether the currency is right."
        )
    return rial


@lru_cache(maxsize=4096)  # what costs the same is sold again and again
def toman(rial: int) -> str:
    """For people: «۱۸٬۵۰۰٬۰۰۰ تومان», or the rial exactly where no whole toman comes out."""
    whole, rest = divmod(rial, 10)
    return f"{number(rial)} ریال" if rest else f"{number(whole)} تومان"


def in_toman(rial: int | None) -> int | Decimal | None:
    """The exact number of toman, for a table; with a decimal only where no whole toman comes out."""
    if rial is None:
        return None
    whole, rest = divmod(rial, 10)
    return Decimal(rial) / 10 if rest else whole


def _read(text: str) -> tuple[bool, int, int]:
    if _WHOLE.fullmatch(text):
        return False, int(text), 0
    match = _TEXT.fullmatch(ascii_digits(text).strip())
    if match is None or len(text) > _MAX_DIGITS:
        raise MoneyError(
            f"The amount {_short(text)} is not a number that can be read without guessing."
            ' Send digits with at most a decimal point, such as "185000.00".'
        )
    whole, part = re.sub("[^0-9]", "", match["whole"]), match["part"] or ""
    return match["minus"] is not None, int(whole + part), -len(part)


def _parts(amount: Decimal) -> tuple[bool, int, int]:
    """Sign, figures and exponent, never rounded to the context's precision as Decimal's own arithmetic is."""
    sign, figures, exponent = amount.as_tuple()
    if not isinstance(exponent, int):
        raise MoneyError(f"The amount is {_short(amount)}, which is no number. Send the order's total.")
    significant = "".join(map(str, figures)).rstrip("0")
    if len(significant) > _MAX_DIGITS:
        raise MoneyError(f"The amount {_short(amount)} is too long to be right. Send the order's total in whole rials.")
    return sign == 1, int(significant or "0"), exponent + len(figures) - len(significant)


def _short(value: object) -> str:
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # an integer of thousands of digits refuses to become text
        return "given"
    return text if len(text) <= _MAX_DIGITS else f"{text[:_MAX_DIGITS]}…"
