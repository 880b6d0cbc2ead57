"""What a customer's text means: to be left alone, news of a deposit, or something a person should answer. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifier.domain import persian
from notifier.domain.events import PaymentMethod
from notifier.domain.orders import Order

LONGEST = 2000
"""Characters of a text that are read and kept. Kavenegar joins the parts of a long one, and nobody types more."""


class Wish(StrEnum):
    STOP = "stop"
    START = "start"
    DEPOSIT = "deposit"
    CONFIRM = "confirm"
    ANOTHER_TIME = "another_time"
    RATE = "rate"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Reply:
    """``order`` is the one that is meant. ``reference`` is that of a deposit. ``elsewhere`` is an order named by a
    number that is none of this customer's: whose it is must be looked up before a deposit counts for ``order``. Which
    text it answers, and so what a short one means, `text_answers` tells; ``mark`` is that of who rates an order."""

    wish: Wish
    order: Order | None = None
    reference: str = ""
    elsewhere: str = ""
    mark: int = 0


# Words are compared as `persian.fold` leaves them: without ZWNJ, and without آ, ئ, ء as letters of their own.
_STOP = frozenset({"لغو11", "لغو 11", "11", "off", "stop", "unsubscribe", "لغو عضویت", "لغو پیامک", "لغو اشتراک"})
_START = frozenset({"12", "start"})
_CANCEL = "لغو"
"""Alone it stops the texts only of somebody without an order: in answer to an order's text it means the order."""

_COURTESY = re.compile(
    r"\b(?:سلام|درود|ممنونم?|متشکرم?|تشکر|با تشکر|سپاس|سپاسگزارم?|مرسی|لطفا|خواهشا|خواهش میکنم|خسته نباشید"
    r"|خدانگهدار|hi|hello|please|pls|thanks|thank you|thx)\b"
)
_SIGNS = re.compile(r"[^\w]+")

_DEPOSIT = re.compile(
    r"واریز|پرداخت|حواله|کارت به کارت|کارتبهکارت|انتقال|فیش|رسید|ریختم|ریخته شد|پول را? ?(?:زدم|فرستادم)"
    r"|\b(?:deposit(?:ed)?|paid|transfer(?:red)?|payment)\b"
)
_DONE = r"(?:کردم|کردیم|کرده ?ام|نمودم|زدم|ریختم|دادم|فرستادم)"
# Not yet, not at all, back again, or a question how: none of these is news of a deposit.
_NOT_DONE = re.compile(
    r"نکرد|نشد|نمیشه?|نمیشود|نمیتوان|نتوانست|نتونست|نرسید|ناموفق|میکنم|میکنیم|خواهم|خواهیم|(?<!\w)ب?کن(?:م|یم|ید)(?!\w)"
    r"|(?<!\w)(?:میشه|میشود|میشم|باید|بزنم|بریزم|بدهم|بدم|چطور|چطوری|چگونه|چجوری|کجا|کدام|کدوم|ایا|اگر|اگه)(?!\w)"
    r"|به چه|برگشت|عودت|پس (?:دهید|بدهید|بدید|بفرستید)|لغو|کنسل|انصراف|هنگام|درب منزل"
    r"|\bnot\b|n't\b|\bhow\b|refund|cancel"
)
_SENTENCE = re.compile(r"(?<=[.!؟?\n؛،;])")
_ASSERTED = re.compile(rf"(?<!\w){_DONE}(?!\w)")

_SUM = re.compile(
    r"(?<![\d.,])\d{1,3}(?:[,،٬.'’]\d{3})+(?!\d)(?: ?(?:تومان|تومن|ریال|هزار|میلیون|ت\b))?"
    r"|(?<!\d)\d{1,3}(?: \d{3})+ ?(?:تومان|تومن|ریال)"
    r"|(?<!\d)\d+(?:[./]\d+)? ?(?:هزار|میلیون|میلیارد|تومان|تومن|ریال|ت(?!\w)|toman|rial|irr|irt)"
    r"|(?:مبلغ|amount)[ :=]*\d+"
)
_CARD = re.compile(r"(?<!\d)(?:\d{4}[ \-]\d{4}[ \-]\d{4}[ \-]\d{4}|\d{16})(?!\d)|ir ?\d{2}[ \d]{20,30}(?!\d)")
_PHONE = re.compile(
    r"(?<!\d)(?:(?:\+|00)98|98|0)[ \-]?9\d{2}[ \-]?\d{3}[ \-]?\d{2}[ \-]?\d{2}(?!\d)"
    r"|(?<!\d)0\d{2}[ \-]?\d{8}(?!\d)|(?<!\d)9\d{9}(?!\d)|\+\d{8,15}(?!\d)"
)
_DATE = re.compile(r"(?<!\d)\d{2,4}[/\-.]\d{1,2}[/\-.]\d{1,4}(?!\d)|(?<!\d)\d{1,2}:\d{2}(?::\d{2})?(?!\d)")
_NAMED_NUMBER = re.compile(
    r"(?:کد ?پستی|پستی|کد ?ملی|ملی|موبایل|تلفن|تماس|همراه|شماره (?:من|ام|تلفن|حساب|کارت|شبا)|ساعت|تاریخ|مورخ"
    r"|پلاک|واحد|طبقه|حساب|کارت|شبا|postal code|zip|phone|account|card)"
    r"(?: (?:من|ما|ام|به|را|اخر|پایانی|شماره|:|است))*[ :=\-]*\d[\d\-]*"
)
_ORDER_NAMED = re.compile(
    r"(?:سفارشم?|سفارش شماره|order|#)(?: (?:شماره|ی|no|number|با|من))*[ :#=\-.]*([a-z]{0,8}[\-_/]?\d[\w\-/]*)"
)
_NUMBER = re.compile(r"(?<![\w.])[a-z]{0,4}\d{4,30}(?!\w)")
_MARKED = re.compile(
    r"(?:پیگیری|پیگیریش|ارجاع|مرجع|رهگیری|رسید|فیش|سند|تراکنش|کد|شماره|reference|ref|trace|code|no)[ :=#\-.]*"
    r"(?:(?:واریز|واریزی|پرداخت|انتقال|حواله|ان|اش|من|است|هست|میشود)[ :=\-]*)*([a-z]{0,4}\d{4,30})(?!\w)"
)


def read(text: str, orders: Sequence[Order]) -> Reply:
    """What a text means to a customer with these orders, the latest first."""
    lines = "\n".join(persian.ascii_digits(persian.fold(line)) for line in text[:LONGEST].splitlines())
    lines = lines[:LONGEST]  # one sign may stand for a whole phrase
    words = bare(lines)
    latest = orders[0] if orders else None
    if words in _STOP or (words == _CANCEL and latest is None):
        return Reply(Wish.STOP, latest)
    if words in _START:
        return Reply(Wish.START, latest)
    named, elsewhere, left = _orders_named(lines, orders)
    meant = named[0] if named else latest
    person = Reply(Wish.PERSON, meant)
    if len(named) > 1 or not _tells_of_deposit(lines):
        return person
    order = _awaiting(named, orders, lines)
    reference = _reference(left, orders)
    if order is None or not reference:
        return person
    return Reply(Wish.DEPOSIT, order, reference, elsewhere if not named else "")


def bare(folded: str) -> str:
    """The words of a folded text, without courtesy and signs."""
    return " ".join(_SIGNS.sub(" ", _COURTESY.sub(" ", folded)).split())


def is_opt_out(word: str) -> bool:
    """Whether a word, written alone, stops or starts the texts of somebody: it can mean nothing else."""
    words = bare(persian.ascii_digits(persian.fold(word)))
    return words in _STOP or words in _START or words == _CANCEL


def awaits_deposit(order: Order) -> bool:
    return order.method is PaymentMethod.BANK_TRANSFER and not (order.deposit_confirmed or order.cancelled)


def _awaiting(named: Sequence[Order], orders: Sequence[Order], text: str) -> Order | None:
    """The order that a deposit is for: the one named, or the only one that waits for it or has its sum."""
    waiting = [order for order in named or orders if awaits_deposit(order)]
    if len(waiting) > 1:
        sums = {int(re.sub(r"\D", "", one)) for one in re.findall(r"\d[\d,،٬.]{0,30}", text)}
        waiting = [one for one in waiting if one.details.amount and sums & {one.details.amount, _toman(one)}]
    return waiting[0] if len(waiting) == 1 else None


def _toman(order: Order) -> int:
    return (order.details.amount or 0) // 10


def _tells_of_deposit(text: str) -> bool:
    """Whether it says that money was sent, and neither asks nor denies it."""
    sentences = _SENTENCE.split(text)
    said = " ".join(one for one in sentences if not one.endswith(("؟", "?")) or _ASSERTED.search(one))
    return _DEPOSIT.search(said) is not None and _NOT_DONE.search(said) is None


def _orders_named(text: str, orders: Sequence[Order]) -> tuple[list[Order], str, str]:
    """The customer's orders that are named, a number that names another one, and the text without all of these."""
    named: list[Order] = []
    for order in orders:
        for number in {_key(order.number), _key(order.id)} - {""}:
            # A short number alone can be a day or a count; only said to be an order's it is one.
            before = r"(?<![\w\-/])" if len(number) >= 4 else r"(?:سفارشم?|order|#)(?: شماره)?[ :#]*"
            if re.search(rf"{before}{re.escape(number)}(?![\w\-/])", text):
                named.append(order)
                break
    for order in named:
        for number in (_key(order.number), _key(order.id)):
            text = re.sub(rf"(?<![\w\-/]){re.escape(number)}(?![\w\-/])", " ", text)
    other = _ORDER_NAMED.search(text)
    return named, other[1] if other else "", _ORDER_NAMED.sub(" ", text)


def _key(number: str) -> str:
    return persian.ascii_digits(persian.fold(number))


def _reference(text: str, orders: Sequence[Order]) -> str:
    """The number of a deposit: what is left when all that is no such number is taken out, if that is one."""
    for pattern in (_CARD, _SUM, _DATE, _NAMED_NUMBER, _PHONE):
        text = pattern.sub(" ", text)
    sums = {str(one) for order in orders if order.details.amount for one in (order.details.amount, _toman(order))}
    marked = {found for found in _MARKED.findall(text) if found not in sums}
    left = {found for found in _NUMBER.findall(text) if found not in sums and not found.endswith("000")}
    numbers = marked or left
    return numbers.pop() if len(numbers) == 1 else ""
