"""Phone numbers: one form for each, and a masked form for logs."""

import re
import unicodedata

import phonenumbers

from notifier.domain.counted import counted
from notifier.domain.errors import NotifierError
from notifier.domain.persian import ascii_digits

# A form that puts the country code before what holds it already leaves it twice.
_MOBILE = re.compile("(?:(?:(?:[+]|00)?98){1,2})?0?(9[0-39][0-9]{8})")
_IRAN = re.compile("(?:(?:[+]|00)?98)?0?([1-9][0-9]{9})")
_NATIONAL_MOBILE = re.compile("09[0-39][0-9]{8}")
_BETWEEN = r"\s\-./()\[\]_\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2010-\u2015\u2060-\u206f\u2212\ufeff"
_SEPARATORS = re.compile(f"[{_BETWEEN}]+")
_LONGEST = 200  # characters: two numbers with words around them, and no more
_ANY = re.compile(
    f"(?:(?:(?:[+]|00)98|98(?=9)|0)[{_BETWEEN}]{{0,3}}0?[1-9]|9(?=[0-39]))(?:[{_BETWEEN}]{{0,3}}[0-9]){{9}}"
)
_ONE_AT_MOST = 15  # digits: E.164
_MASKED = re.compile(r"[+]?[0-9]{0,4}\*\*\*[0-9]{0,4}")
_EXAMPLE = "Send an Iranian mobile such as 09123456789, or a foreign number with + and its country code."
_EXAMPLE_FA = "نمونهٔ درست: 09123456789"


class PhoneError(NotifierError, ValueError):
    """This cannot be a phone number; says why in English for the shop's developer and in Persian for its staff."""

    def __init__(self, reason: str, reason_fa: str) -> None:
        super().__init__(f"{reason} {_EXAMPLE} ({reason_fa} {_EXAMPLE_FA})")


def normalize(raw: str) -> str:
    """`09123456789` or `02191001234` for Iran, `+97455123456` for elsewhere; raises PhoneError.

    Of several numbers in one field the first mobile, else the first.
    """
    if match := _MOBILE.fullmatch(raw):
        return "0" + match[1]
    if len(raw) > _LONGEST:
        raise PhoneError(f"The phone number is {len(raw)} characters long.", "شمارهٔ تلفن بیش از اندازه دراز است.")
    number = _compact(raw)
    if match := _MOBILE.fullmatch(number):
        return "0" + match[1]
    return _first(raw) or _rare(number)


def is_mobile(phone: str) -> bool:
    """Whether a normalized number can get an SMS."""
    if _NATIONAL_MOBILE.fullmatch(phone):
        return True
    if not phone.startswith("+"):
        return False
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return False
    return kind in {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def country(phone: str) -> str | None:
    """The country of a normalized number, as ISO 3166 writes it in two letters; None where it cannot be told."""
    if not phone.startswith("+"):
        return "IR"
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return None


def is_masked(text: str) -> bool:
    """Whether this is what ``mask`` makes of a phone, and nothing else."""
    return _MASKED.fullmatch(text) is not None


def mask(phone: str) -> str:
    """`0912***4567`: eight signs at most, and three digits at least stay hidden; what is no number is hidden whole."""
    if _NATIONAL_MOBILE.fullmatch(phone):
        return f"{phone[:4]}***{phone[-4:]}"
    if len(phone) > _LONGEST:
        return "***"
    if is_masked(phone):
        return phone
    number = _compact(phone)
    if iranian := _IRAN.fullmatch(number):
        number = "0" + iranian[1]
    if not re.fullmatch("[+]?[0-9]+", number):
        return "***"
    if len(number) >= 11:
        return f"{number[:4]}***{number[-4:]}"
    return f"***{number[-2:]}" if len(number) >= 5 else "***"


def _compact(raw: str) -> str:
    number = _SEPARATORS.sub("", ascii_digits(unicodedata.normalize("NFKC", raw)))
    # Typed into a right-to-left field, the plus often lands behind the number.
    return f"+{number[:-1]}" if number.endswith("+") else number


def _first(raw: str) -> str | None:
    """The number meant where a field holds several, with words between them or nothing at all; None where it does not.

    Every digit has to belong to one of them: what is left over may be the rest of a number that was typed wrong.
    """
    text = ascii_digits(unicodedata.normalize("NFKC", raw))
    if sum(char.isdigit() for char in text) <= _ONE_AT_MOST:
        return None
    given = [_compact(match[0]) for match in _ANY.finditer(text)]
    if len(given) < 2 or re.search("[0-9]", _ANY.sub("", text)):
        return None
    found = []
    for number in given:
        try:
            mobile = _MOBILE.fullmatch(number)
            found.append("0" + mobile[1] if mobile else _rare(number))
        except PhoneError:
            return None
    return next((number for number in found if is_mobile(number)), found[0])


def _rare(number: str) -> str:
    """Everything but an Iranian mobile, by Google's tables."""
    if not number:
        raise PhoneError("The phone number is empty.", "شمارهٔ تلفن خالی است.")
    if not re.fullmatch("[+]?[0-9]+", number):
        raise PhoneError(
            "The phone number has something other than digits, spaces, hyphens and + in it.",
            "در شمارهٔ تلفن چیزی جز رقم هست.",
        )
    count, shown = len(number.lstrip("+")), mask(number)
    if count > 17:
        raise PhoneError(
            f"The phone number {shown} has {counted(count, 'digit')}, too many for one number.",
            f"شمارهٔ تلفن {count} رقم دارد؛ شاید دو شماره است.",
        )
    iranian = _IRAN.fullmatch(number)
    try:
        found = phonenumbers.parse("0" + iranian[1] if iranian else number, "IR")
    except phonenumbers.NumberParseException:
        found = phonenumbers.PhoneNumber()
    if phonenumbers.is_valid_number(found):
        if found.country_code != 98:
            return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
        if iranian:
            return "0" + iranian[1]
    raise PhoneError(
        f"The phone number {shown} ({counted(count, 'digit')}) is neither an Iranian number with its 09 or area code"
        " nor a foreign one with + and its country code.",
        f"شمارهٔ تلفن {count} رقم دارد و درست نیست؛ رقمی کم یا زیاد است، یا کد شهر یا کشور ندارد.",
    )


# Whole numbers inside free text. A link's %20 may touch one; any other digit before or after makes it something else.
_D = "[0-9۰-۹٠-٩]"
_GAP = r"[ \u00a0().\-\u200b-\u200f\u202a-\u202e\u2010-\u2015\u2066-\u2069]{0,3}"
_START = f"(?:(?<!{_D})|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
_PLUS = f"(?:(?:[+＋]|%2[Bb]){_GAP}|[0۰٠]{_GAP}[0۰٠]{_GAP})"
_98 = f"[9۹٩]{_GAP}[8۸٨]{_GAP}"
_ZERO = f"[0۰٠]{_GAP}"
_IN_TEXT = re.compile(
    f"{_START}(?:"
    f"(?:{_PLUS}?{_98}(?:{_ZERO})?|{_ZERO})[1-9۱-۹١-٩](?:{_GAP}{_D}){{9}}"  # Iran, with 0 or 98
    f"|(?<![0-9A-Za-z])[9۹٩]{_D}{{2}}{_GAP}{_D}{{3}}{_GAP}{_D}{{2}}{_GAP}{_D}{{2}}(?![0-9A-Za-z])"  # Iran, bare
    f"|{_PLUS}[1-9۱-۹١-٩](?:{_D}{{7,14}}|(?:{_GAP}{_D}){{9,14}}?)"  # elsewhere; in groups, as few as may be
    f")(?!{_D})"
)


def mask_phones_in(text: str) -> str:
    """The text with every phone number in it masked, in whatever digits and form; for logs."""
    return _IN_TEXT.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    return mask(match[0].replace("%2B", "+").replace("%2b", "+"))
