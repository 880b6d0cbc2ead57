"""A text that a person writes to one customer: spelt as all texts are, measured, with nothing in it that deceives."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from notifier.domain import persian
from notifier.domain.policy import Shop
from notifier.sms.price import Prices
from notifier.texts import lint
from notifier.texts.orthography import SPELLINGS

LONGEST = 1000
"""Characters that are read of what somebody typed."""

_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_LINES = re.compile(r"\n{3,}")
_CARD = re.compile(r"(?<!\d)(?:\d[ \-\u200e]*){15}\d(?!\d)|ir[ \-]*(?:\d[ \-]*){24}(?!\d)", re.IGNORECASE)
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s/?#]+|(?<![\w.@])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?=[/\s]|$)", re.IGNORECASE
)


class Objection(StrEnum):
    """Why a text cannot be sent as it is."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CARD = "card"  # a card or a Sheba that is not the shop's
    LINK = "link"  # to another place than the shop's own


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeText:
    """``text`` is as it would be sent, ``corrected`` the rules of spelling that what was typed did not keep."""

    text: str
    parts: int
    price: int  # rial
    corrected: tuple[str, ...]
    objections: tuple[Objection, ...]


def review(typed: str, shop: Shop, prices: Prices, *, parts: int, hosts: Collection[str] = ()) -> FreeText:
    """What would be sent, with the shop's name under it, and what stands against it. ``hosts`` may be linked to too."""
    typed = _CONTROLS.sub(" ", typed[: LONGEST + 1].replace("\r\n", "\n").replace("\r", "\n")).strip()
    lines = typed.splitlines()
    better = [lint.corrected_line(line) for line in lines]
    text = _LINES.sub("\n\n", "\n".join(better)).strip()
    broken = tuple(one.name for one in SPELLINGS if any(one.rule(line) != line for line in lines))
    signed = text if not text or shop.name in text else f"{text}\n{shop.name}"
    objections = [Objection.EMPTY] if not text else []
    if len(typed) > LONGEST or prices.parts(signed) > parts:
        objections.append(Objection.TOO_LONG)
    plain = persian.ascii_digits(text)
    if any(_digits(card[0]) not in _own(shop) for card in _CARD.finditer(plain)):
        objections.append(Objection.CARD)
    known = {_host(one) for one in (shop.site, *hosts) if one}
    if any(not _is_of(_host(link[0]), known) for link in _LINK.finditer(plain)):
        objections.append(Objection.LINK)
    return FreeText(
        text=signed,
        parts=prices.parts(signed),
        price=prices.of(signed),
        corrected=broken,
        objections=tuple(objections),
    )


def _own(shop: Shop) -> set[str]:
    """The numbers of the shop's own accounts."""
    return {_digits(persian.ascii_digits(number)) for number in (shop.card, shop.account) if number}


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _host(link: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.strip().lower()).partition("/")[0].partition(":")[0]


def _is_of(host: str, known: Collection[str]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in known)
