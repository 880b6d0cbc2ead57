"""What carriers' words and numbers mean, on one scale. Each row says where it is from and how sure that is.

A word is looked for as whole words, the longest first, and only where nothing else in the sentence speaks against it:
«not handed over» holds «handed over». What no row explains, or two
rows explain otherwise, is unknown: it is shown, and told
to nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from notifier.domain import persian
from notifier.domain.parcels import CarrierReport, Movement


@dataclass(frozen=True, slots=True)
class CarrierWord:
    """A row. ``confirmed``: seen in the carrier's own texts or in public code that reads them, else common knowledge of
    its words, whose meaning is plain."""

    words: str
    movement: Movement
    source: str
    confirmed: bool = True


_READERS = "public code that reads the post's tracking page, 2025"
_KNOWN = "common knowledge of the post's wording"
_COURIERS = "the states of a courier system, as its public code lists them"

WORDS: Sequence[CarrierWord] = (
    CarrierWord("تولید بارکد", Movement.REGISTERED, _READERS),
    CarrierWord("تحویل مرسوله به پست", Movement.ACCEPTED, _READERS),
    CarrierWord("تحویل نامه رسان", Movement.OUT_FOR_DELIVERY, _READERS),
    CarrierWord("تحویل به گیرنده", Movement.DELIVERED, _READERS),
    CarrierWord("تحویل گیرنده شد", Movement.DELIVERED, _COURIERS),
    CarrierWord("تحویل شد", Movement.DELIVERED, _READERS),
    CarrierWord("تحویل داده شد", Movement.DELIVERED, _KNOWN, confirmed=False),
    CarrierWord("قبول شده", Movement.ACCEPTED, _KNOWN, confirmed=False),
    CarrierWord("قبول", Movement.ACCEPTED, _KNOWN, confirmed=False),
    CarrierWord("رهسپاری", Movement.IN_TRANSIT, _KNOWN, confirmed=False),
    CarrierWord("تجزیه", Movement.IN_TRANSIT, _KNOWN, confirmed=False),
    CarrierWord("عدم حضور گیرنده", Movement.ATTEMPT_FAILED, _KNOWN, confirmed=False),
    CarrierWord("عدم حضور", Movement.ATTEMPT_FAILED, _KNOWN, confirmed=False),
    CarrierWord("برگشت", Movement.RETURNING, _KNOWN, confirmed=False),
    CarrierWord("برگشتی", Movement.RETURNING, _KNOWN, confirmed=False),
    CarrierWord("در انتظار جمع آوری", Movement.REGISTERED, _COURIERS),
    CarrierWord("در حال جمع آوری", Movement.REGISTERED, _COURIERS),
    CarrierWord("ورود به هاب مبدا", Movement.IN_TRANSIT, _COURIERS),
    CarrierWord("در حال ارسال به هاب مقصد", Movement.IN_TRANSIT, _COURIERS),
    CarrierWord("ورود به هاب مقصد", Movement.IN_TRANSIT, _COURIERS),
    CarrierWord("آماده توزیع", Movement.IN_TRANSIT, _COURIERS),
    CarrierWord("تحویل سفیر", Movement.OUT_FOR_DELIVERY, _COURIERS),
    CarrierWord("برگشت به هاب مقصد", Movement.ATTEMPT_FAILED, _COURIERS),
    CarrierWord("مفقود", Movement.LOST, _COURIERS),
    CarrierWord("مفقود شده", Movement.LOST, _COURIERS),
    CarrierWord("فاسد", Movement.LOST, _COURIERS),
)


def _numbers(movement: Movement, *numbers: int) -> Mapping[str, Movement]:
    return {str(number): movement for number in numbers}


TAPIN_NUMBERS: Mapping[str, Movement] = {
    **_numbers(Movement.REGISTERED, 0, 1, 2, 100),
    **_numbers(Movement.IN_TRANSIT, 5, 13, 14, 15, 16, 17, 50),
    **_numbers(Movement.DELIVERED, 7, 70, 71, 72),
    **_numbers(Movement.RETURNED, 10, 11, 83, 102),
    **_numbers(Movement.CANCELLED, 80),
    **_numbers(Movement.UNKNOWN, 3, 4, 6, 8, 9, 12, 18, 81, 82),
}
"""From the table of a public WooCommerce plugin, second-hand; Tapin's own was not found. Those «to review» are known
not to be explained, 8 among them, which was «sent» once; that one of «returned» is still on
its way back cannot be told."""

ALOPEYK_STATES: Mapping[str, Movement] = {
    **dict.fromkeys(("new", "searching", "scheduled", "accepted"), Movement.REGISTERED),
    "picking": Movement.ACCEPTED,
    "delivering": Movement.OUT_FOR_DELIVERY,
    **dict.fromkeys(("delivered", "finished"), Movement.DELIVERED),
    **dict.fromkeys(("cancelled", "expired"), Movement.CANCELLED),
}
"""From AloPeyk's documents. ``accepted`` is a courier who has taken the job and holds nothing yet."""

CHAPAR_CODES: Mapping[str, Movement] = {"d01": Movement.REGISTERED, "ok": Movement.DELIVERED}
"""From a public client; what the other codes mean is nowhere written, so the note beside them is read."""

_AGAINST = frozenset(
    {
        *(
            "نشد",
            "نشده",
            "نگردید",
            "نگردیده",
            "نمی",
            "نمیشود",
            "عدم",
            "ناموفق",
            "لغو",
            "ابطال",
            "امکان",
            "قابل",
            "نیست",
        ),
        *("نکرد", "نکرده", "ندارد", "اشتباه", "not", "failed", "cancelled", "canceled"),
    }
)
"""With one of these beside it a word does not mean what it says."""

_NOT_YET = frozenset(
    {
        *("آماده", "جهت", "برای", "منتظر", "انتظار", "حال", "زمان", "بزودی", "زودی", "خواهد", "میشود", "می", "باید"),
        *(
            "آینده",
            "فردا",
            "امروز",
            "بعد",
            "پس",
            "پیش",
            "قبل",
            "تا",
            "احتمالا",
            "شاید",
            "هماهنگ",
            "هماهنگی",
            "مقرر",
            "موکول",
        ),
        *("will", "before", "until", "tomorrow", "expected", "scheduled", "maybe", "ready"),
    }
)
"""With one of these beside it nothing was handed over yet, or nobody is sure."""

_NOT_THE_RECEIVER = frozenset(
    {
        *(
            "فرستنده",
            "شعبه",
            "پیک",
            "سفیر",
            "نامه",
            "رسان",
            "انبار",
            "باجه",
            "دفتر",
            "نمایندگی",
            "نماینده",
            "هاب",
            "مرکز",
        ),
        *(
            "همکار",
            "راننده",
            "موزع",
            "توزیع",
            "شرکت",
            "ایستگاه",
            "صندوق",
            "لاکر",
            "پست",
            "پستخانه",
            "فروشنده",
            "فروشگاه",
        ),
        *("sender", "branch", "hub", "office", "agent", "courier", "driver", "locker", "warehouse", "depot", "seller"),
    }
)
"""With one of these beside it a parcel was handed over, and not to whom it is for."""


def _folded(text: str) -> str:
    return persian.fold(text.replace("\u200c", " ")[:400])


def _plain(text: str) -> str:
    """Words alone, with a space at both ends."""
    spaced = "".join(char if char.isalnum() else " " for char in _folded(text))
    return f" {' '.join(spaced.split())} "


_FOLDED_AGAINST = frozenset(_plain(word).strip() for word in _AGAINST)
_FOLDED_NOT_YET = frozenset(_plain(word).strip() for word in _NOT_YET)
_FOLDED_NOT_THE_RECEIVER = frozenset(_plain(word).strip() for word in _NOT_THE_RECEIVER)
_ROWS = sorted(((_plain(row.words), row.movement) for row in WORDS), key=lambda row: -len(row[0]))


@lru_cache(maxsize=2048)
def movement_of(words: str) -> Movement:
    """What a sentence of a carrier means, by the rows that stand in it."""
    left, found = _plain(words), list[Movement]()
    for row, movement in _ROWS:
        if row in left:
            left = left.replace(row, " | ")
            found.append(movement)
    beside = set(left.split())
    if len(set(found)) != 1 or beside & _FOLDED_AGAINST:
        return Movement.UNKNOWN
    in_doubt = beside & (_FOLDED_NOT_YET | _FOLDED_NOT_THE_RECEIVER) or not {"?", "؟"}.isdisjoint(words)
    if found[0] is Movement.DELIVERED and in_doubt:
        return Movement.UNKNOWN
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierScale:
    """How one carrier's reports are understood: what the configuration names wins, then codes, then sentences."""

    own: Mapping[str, Movement] = field(default_factory=dict)
    codes: Mapping[str, Movement] = field(default_factory=dict)
    reads_sentences: bool = True

    @classmethod
    def of(
        cls, own: Mapping[str, Movement], *, codes: Mapping[str, Movement] | None = None, reads_sentences: bool = True
    ) -> "CarrierScale":
        named = {_plain(words): movement for words, movement in own.items()}
        return cls(own=named, codes=codes or {}, reads_sentences=reads_sentences)

    def movement(self, report: CarrierReport) -> Movement:
        for said in (report.word, report.words):
            if said and (found := self.own.get(_plain(said))) is not None:
                return found
        if report.word and (found := self.codes.get(report.word.strip().lower())) is not None:
            return found
        return movement_of(report.words) if self.reads_sentences and report.words else Movement.UNKNOWN
