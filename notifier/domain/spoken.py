"""A text as it is read out over the telephone: numbers as one says them, nothing that only the eye can use.

Who picks up need not be the customer, and may have to remember what they hear: no links, no numbers of cards and
accounts, and of a code groups of two or three digits.
"""

import re

import jdatetime

from notifier.domain import persian
from notifier.domain.number_words import code_in_words, in_words

LONGEST = 900
"""UTF-16 units of what a provider is given to read out. Nobody has published a limit: it is that of a text."""

LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.@])(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/\S*)?(?![\w@])", re.IGNORECASE)
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_OPT_OUT = re.compile(r"لغو[ \u200c]*11\s*$")
_ACCOUNT = re.compile(r"\bIR(?:[ -]?[0-9]){24}\b|(?<![0-9])(?:[0-9][ -]?){15}[0-9](?![0-9])", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?P<date>(?<![0-9/])1[34][0-9]{2}/[0-9]{1,2}/[0-9]{1,2}(?![0-9/]))"
    r"|(?P<time>(?<![0-9:])[0-2]?[0-9]:[0-5][0-9](?![0-9:]))"
    r"|(?P<sum>(?<![0-9])[0-9]{1,3}(?:[,\u066c][0-9]{3})+(?![0-9]))"
    r"|(?P<decimal>(?<![0-9.\u066b])[0-9]{1,3}[.\u066b][0-9]{1,2}(?![0-9.\u066b]))"
    r"|(?P<digits>0[0-9]{1,3}(?:[ -][0-9]{2,})+|[0-9]+(?:-[0-9]{2,})*)"
)
_LATIN_CODE = re.compile(r"(?<![A-Za-z])(?:[A-Z]{1,4}|[a-z])(?![A-Za-z])")
_IN_CODE = re.compile(r"(?<=[A-Za-z])[-_/](?=[0-9])|(?<=[0-9])[-_/](?=[A-Za-z])")
_ENDED = re.compile(r"[.!?؟!؛،:…]$")
_LABEL_ALONE = re.compile(r"[:：]$")
_SPACES = re.compile(r"[ \t\u00a0]+")
_SHORT = 4  # digits that are said as one number
_PERCENT = re.compile(r"\s*[%٪]")


def spoken_form(text: str) -> str:
    """What is read out for a text. A line that is left without what it was to say is left out."""
    lines = persian.ascii_digits(_UNSEEN.sub("", text)).splitlines()
    said = [line for one in lines if (line := _line(one.strip()))]
    return " ".join(line if _ENDED.search(line) else f"{line}." for line in said)


def unspeakable(text: str) -> bool:
    """Whether it holds what nobody should be read out: a link, or the number of a card or an account."""
    plain = persian.ascii_digits(_UNSEEN.sub("", text))
    return bool(LINK.search(plain) or _of_account(plain))


def _line(line: str) -> str:
    if _OPT_OUT.fullmatch(line) or _of_account(line):
        return ""
    without = _OPT_OUT.sub("", LINK.sub("", line)).strip()
    if without != line and (not without or _LABEL_ALONE.search(without)):
        return ""
    said = _IN_CODE.sub(" ", _PERCENT.sub(" درصد", without))
    said = _NUMBER.sub(_in_words, _LATIN_CODE.sub(lambda found: " ".join(found[0].upper()), said))
    return _SPACES.sub(" ", said).strip()


def _of_account(line: str) -> bool:
    """Whether it holds an IBAN, or sixteen digits that are the number of a card."""
    return any(not found[0][0].isdigit() or _is_card(re.sub(r"\D", "", found[0])) for found in _ACCOUNT.finditer(line))


def _is_card(digits: str) -> bool:
    """By its check digit (ISO/IEC 7812)."""
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(digits)]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _in_words(found: re.Match[str]) -> str:
    if found["date"]:
        year, month, day = map(int, found["date"].split("/"))
        if 1 <= month <= 12 and 1 <= day <= 31:
            return f"{in_words(day)} {jdatetime.date.j_months_fa[month - 1]} {in_words(year)}"
        return " ".join(map(in_words, (day, month, year)))
    if found["time"]:
        hour, minute = map(int, found["time"].split(":"))
        return in_words(hour) if not minute else f"{in_words(hour)} و {in_words(minute)} دقیقه"
    if found["sum"]:
        return in_words(int(re.sub(r"\D", "", found["sum"])))
    if found["decimal"]:
        whole, part = re.split("[.\u066b]", found["decimal"])
        return f"{in_words(int(whole))} ممیز {code_in_words(part)}"
    digits = re.sub(r"\D", "", found["digits"])
    whole = found["digits"]
    beside = _beside_letter(found)
    if len(whole) == len(digits) <= _SHORT and not beside and (digits == "0" or not digits.startswith("0")):
        return in_words(int(digits))
    # Commas set a code apart from what surrounds it.
    return f" {code_in_words(digits)} " if beside else code_in_words(digits)


def _beside_letter(found: re.Match[str]) -> bool:
    """Whether it is a part of a code with letters, like the 13 of 13T."""
    text, start, end = found.string, found.start(), found.end()
    return bool(
        re.match("[A-Za-z]", text[end : end + 1]) or re.match("[A-Za-z]", text[start - 1 : start] if start else "")
    )
