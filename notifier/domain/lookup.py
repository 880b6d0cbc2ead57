"""What an order is looked for by: a name in any spelling and order of its words, a code in any case, a phone's
end. Pure.

What is kept beside an order and what somebody types go through the same functions, so the two meet.
"""

import re
from dataclasses import dataclass

from notifier.domain import canonical, persian, phones
from notifier.domain.orders import Order

LONGEST = 200
"""Characters of a query that are read."""

SHORTEST_TAIL = 3
"""Digits of a phone's end that are enough to look for it."""

_WORDS, _LONGEST_NAME, _LONGEST_CODE = 5, 60, 60  # of one order: they bound what is kept of it
_SHORTEST_NAME = 2
_APART = re.compile(f"[\\s{persian.ZWNJ}]+")
_BETWEEN = re.compile(r"[\s\-_/.#:|]+")
_PLAIN_CODE = re.compile(f"[a-z0-9]{{1,{_LONGEST_CODE}}}")
_LETTER = re.compile(r"[^\W\d_]")
# What people say before a number; as `persian.fold` leaves it.
_SAID_BEFORE = re.compile(
    r"(?:(?:سفارش|شماره|شمارهی|فاکتور|کد|رهگیری|پیگیری|رسید|قبض|واریز|پرداخت|تلفن|موبایل|همراه"
    r"|ی|های|order|invoice|no|number|code|tracking|receipt|phone)(?![^\W\d_])|[:#.\-،,«»\"'()\s])+"
)


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody typed, as each kind of thing it may be; "" where it cannot be one.

    ``codes`` are the ways in which a code may be written that is kept as the shop wrote it. ``words`` are those of a
    name, ``tail`` the end of a phone.
    """

    codes: tuple[str, ...] = ()
    code: str = ""
    words: tuple[str, ...] = ()
    tail: str = ""
    phone: str = ""

    def __bool__(self) -> bool:
        return bool(self.codes or self.words)


def query(text: str) -> Query:
    """Read what somebody typed, with or without «سفارش شمارهٔ» before it."""
    typed = canonical.asked_for(text[:LONGEST].replace(persian.ZWNJ, " ")).lstrip("#").strip()
    if not typed:
        return Query()
    said = _without_introduction(typed)
    code = code_key(said)
    written = dict.fromkeys((typed, said, _BETWEEN.sub("", said), said.lower(), said.upper(), code, code.upper()))
    words = _words(said) if _LETTER.search(said) else ()
    digits = re.sub(r"[\s\-()+]", "", said)
    tail = digits if digits.isdecimal() and digits.isascii() and len(digits) >= SHORTEST_TAIL else ""
    try:
        phone = phones.normalize(said)
    except phones.PhoneError:
        phone = ""
    names = words if len("".join(words)) >= _SHORTEST_NAME else ()
    return Query(codes=tuple(one for one in written if one), code=code, words=names, tail=tail[-15:], phone=phone)


def name_keys(name: str | None) -> set[str]:
    """A name beginning with each of its words in turn, without spaces: «محمدعلی» and «محمد علی» are one."""
    words = _words(name or "")
    whole, at = "".join(words), 0
    found: set[str] = set()
    for word in words:
        found.add(whole[at:] + whole[:at])
        at += len(word)
    return found


def outer_name_keys(name: str | None) -> set[str]:
    """Of ``name_keys`` those with the first name and with the family name first: of an old order nobody knows more."""
    words = _words(name or "")
    return {"".join(words), "".join(words[-1:] + words[:-1])} if words else set()


def code_key(code: str) -> str:
    """A code without case, blanks and lines."""
    return _BETWEEN.sub("", persian.ascii_digits(code)).casefold()[:_LONGEST_CODE]


def code_keys(order: Order) -> set[str]:
    """The codes of an order that are not written as ``code_key`` writes them: the others are found as they are."""
    details = order.details
    found: set[str] = set()  # set[str]() takes ten times as long
    for code in (order.id, details.number, details.tracking_code, details.reference, *order.parcels):
        if code and not _PLAIN_CODE.fullmatch(code) and (key := code_key(code)) and key != code:
            found.add(key)
    return found


def says(name_key: str, words: tuple[str, ...]) -> bool:
    """Whether a name has all these words in it, wherever."""
    return all(word in name_key for word in words)


def _words(name: str) -> tuple[str, ...]:
    name = name[:_LONGEST_NAME]
    if persian.is_folded(name):
        return tuple(name.split(" ", _WORDS)[:_WORDS])
    folded = (persian.fold(word).replace(" ", "").replace("|", "") for word in _APART.split(name))
    return tuple(word[:_LONGEST_NAME] for word in folded if word)[:_WORDS]


def _without_introduction(typed: str) -> str:
    """What is left behind words that only say what follows; all of it where nothing is left."""
    folded = persian.fold(typed)
    found = _SAID_BEFORE.match(folded)
    return (folded[found.end() :].strip() or typed) if found else typed
