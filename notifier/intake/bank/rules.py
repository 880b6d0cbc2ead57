"""Whose texts are taken, and where in a body they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from notifier.domain import persian
from notifier.intake.mapping.rules import Lookup

SENDERS: Mapping[str, str] = {
    "bankmellat": "ملت",
    "mellat": "ملت",
    "6104": "ملت",
    "bankmelli": "ملی",
    "melli": "ملی",
    "6037": "ملی",
    "98700717": "ملی",
    "9830009417": "ملی",
    "banksaderat": "صادرات",
    "saderat": "صادرات",
    "98700719": "صادرات",
    "bpasargad": "پاسارگاد",
    "bankpasargad": "پاسارگاد",
    "pasargad": "پاسارگاد",
    "wepod": "پاسارگاد",
    "resalatbank": "رسالت",
    "bankresalat": "رسالت",
    "resalat": "رسالت",
    "samanbank": "سامان",
    "banksaman": "سامان",
    "saman": "سامان",
    "9820000": "سامان",
    "6219": "سامان",
    "refahbank": "رفاه",
    "bankrefah": "رفاه",
    "refah": "رفاه",
    "100031": "رفاه",
    "enbank": "اقتصاد نوین",
    "khavarmianeh": "خاورمیانه",
    "middleeastbank": "خاورمیانه",
    "mebank": "خاورمیانه",
    "bankino": "خاورمیانه",
    "20004861": "خاورمیانه",
    "blu": "بلو",
    "blubank": "بلو",
    "90000258": "بلو",
    "87641": "بلو",
    "keshavarzi": "کشاورزی",
    "bankkeshavarzi": "کشاورزی",
    "bki": "کشاورزی",
    "parsianbank": "پارسیان",
    "bankparsian": "پارسیان",
    "parsian": "پارسیان",
    "tejarat": "تجارت",
    "tejaratbank": "تجارت",
    "banktejarat": "تجارت",
    "banksepah": "سپه",
    "bankmaskan": "مسکن",
    "shahrbank": "شهر",
    "bankshahr": "شهر",
}
"""A sender as `sender_key` writes it → the bank. These texts are taken, and those of the senders that are named."""

_LONGEST = 64


def sender_key(sender: str) -> str:
    """One spelling of who sent a text: small letters, or the last ten digits of a number."""
    plain = persian.fold(sender[:_LONGEST])
    digits = "".join(char for char in plain if char.isdigit())
    if digits and not any(char.isalpha() for char in plain):
        return digits.removeprefix("00")[-10:]
    return "".join(char for char in plain if char.isalnum())


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRules:
    """``senders``: by key, the bank. ``toman_senders``: keys whose figures without a unit are toman.
    ``fields``: by name, where in a body each thing stands; with ``amount`` among them no text is needed."""

    senders: Mapping[str, str]
    fields: Mapping[str, Lookup]
    zone: ZoneInfo
    toman_senders: frozenset[str] = frozenset()
    currency: str = "IRR"
    known: Mapping[str, str] = field(default_factory=lambda: SENDERS)

    def bank(self, sender: str) -> str | None:
        """The bank behind a sender; None for one whose texts are not taken."""
        key = sender_key(sender)
        shorter = key.removeprefix("98")
        for one in (key, f"98{key}", shorter):
            if (found := self.senders.get(one)) or (found := self.known.get(one)):
                return found
        return None

    @property
    def is_described(self) -> bool:
        """Whether bodies say figures instead of a text."""
        return "amount" in self.fields
