"""What a bank's text says. The shapes of the banks differ in order, glue and signs, not in what their words mean.

A sum is taken where one figure alone can be it. Texts with a code or a password are no news of an account and are told
from all else first, for nothing of them may be kept.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from notifier.domain.bank import CORRECTS, BankMovement, BankRail, ReadLine
from notifier.domain.money import MAX_RIAL
from notifier.errors import NotifierError

LONGEST = 2000  # characters

_FOLDED: Mapping[int, int | str | None] = str.maketrans("يىكةأإآؤئۀ٬،٫−–—’‘´`", "ییکهاااویه,,.---''''", "\u0640")
_UNSEEN = frozenset({"Cf", "Mn", "Me", "Cc", "Cs"})
_WHOLE_WORDS = re.compile("[\u3300-\u3357\u33ae\u33af\ufdfa\ufdfb]")  # taken apart one is up to eighteen letters
_BLANK = re.compile("[\u00a0\u2000-\u200a\u202f\u3000\t]")
_SECRET = re.compile(
    r"(?<![ء-ی])رمز(?=$|[^ء-ی]|پویا|دوم|اول|یک|ت|ه|شما|ورود|عبور)|محرمانه|یک ?بار ?مصرف|کد ?(?:امن"
    r"|احراز|تایید|فعال|ورود|عبور|یک ?بار|شناسایی|اعتبار ?سنجی)"
    r"|پس ?ورد|گذر ?واژه|کلمه ?عبور|\botp\b|\bcvv2?\b|pass ?(?:word|code)|verif|one[- ]?time|security code|\bpin\b",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")

_FIGURE = r"\d+(?:[,.]\d+)*"
_UNIT = r"ریال|ريال|ریالی|تومان|تومن|ت(?![ء-ی])|rials?\b|irr\b|irt\b|tomans?\b"
_LOOSE = re.compile(
    rf"(?P<lead>(?:مبلغ|واریز|برداشت|خرید|انتقال|مانده|موجودی)[^\d\n]{{0,12}})?(?<![\d,./:])"
    rf"(?P<figure>[1-9]\d{{0,2}}(?P<mark>[ '_/])\d{{3}}(?:(?P=mark)\d{{3}})*)(?![\d,.:/]|(?P=mark)\d)"
    rf"(?P<behind>\s?\(?(?:{_UNIT}))?",
    re.IGNORECASE,
)
"""A figure whose thousands are told apart by blanks, apostrophes or strokes, as some phones show it."""
_IN_WORDS = re.compile(r"\d\s*(?:هزار|میلیون|میلیارد|thousand|million)")
_MONEY = re.compile(
    rf"(?P<before>[+\-])?\s?(?P<figure>{_FIGURE})(?:\s?(?P<after>[+\-])(?!\s?\d))?\s*\(?(?P<unit>{_UNIT})?"
    r"(?P<behind>\s?[+\-](?!\s?\d))?",
    re.IGNORECASE,
)
_BALANCE = re.compile(
    rf"(?:باقی ?مانده|مانده|موجودی|balance)(?!\s*بدهی)(?:\s*(?:حساب|فعلی|جدید|کل|نهایی|شما|پس از تراکنش|قابل ?برداشت))*"
    rf"\s*[:=]?\s*(?P<money>[+\-]? ?(?:{_FIGURE})(?: ?[+\-](?! ?\d))?)\s*\(?(?P<unit>{_UNIT})?",
    re.IGNORECASE,
)
_AVAILABLE = re.compile(rf"قابل ?برداشت\s*[:=]?\s*(?:{_FIGURE})\s*(?:{_UNIT})?")
_LOAN = re.compile(r"مانده ?بدهی|تسهیلات|اقساط|قسط|سررسید|\bوام\b")
_DEBT_FEE = re.compile(rf"کارمزد\s*[:=]?\s*[+\-]?\s?(?:{_FIGURE})\s*(?:{_UNIT})?", re.IGNORECASE)
_ID = r"[\d][\d.\-/_*xX]{2,40}"
_ACCOUNT = re.compile(rf"(?:شماره ?)?(?:حساب|سپرده)\s*[:*]?\s*(?P<account>{_ID})")
_BETWEEN = re.compile(r"(?:\bبه|\bاز|واریز|برداشت)\s*:?\s*(?P<account>\d+(?:[.\-][\dxX*]+){2,8})")
_JOINED = re.compile(r"(?<![\d,])\d+(?:[.\-/_][\dxX*]+){1,10}(?![\d,])")
_CARD = re.compile(r"کارت\s*[:*]*\s*(?P<card>[\d*xX\-]{4,25})")
_SHEBA = re.compile(r"\bIR\s?[\d ]{24,32}", re.IGNORECASE)
_PAYMENT_ID = re.compile(r"شناسه\s*(?:واریز|پرداخت)\s*[:=]?\s*(?P<id>[0-9A-Za-z\-]{3,30})")
_REFERENCE = re.compile(
    r"(?:(?:شماره|کد|ش)?\s*(?:پیگیری|رهگیری|مرجع|ارجاع|سند)|شناسه(?!\s*(?:واریز|پرداخت))|\bref\b|\brrn\b)"
    r"\s*(?:تراکنش)?\s*[:=.]?\s*(?P<id>[0-9A-Za-z\-]{4,40})",
    re.IGNORECASE,
)
_TIME = re.compile(r"(?<!\d)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?(?!\d)")
_DATE = re.compile(
    r"(?<![\d,.])(?:\d{2,4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}|\d{6}|\d{4}|\d{8})?\s?[-_ ]?\s?"
    r"\d{1,2}:\d{2}(?::\d{2})?(?!\d)"
    r"|(?<![\d,.])(?:13|14)\d{2}[/\-.,]\d{1,2}[/\-.,]\d{1,2}(?!\d)"
    r"|(?<![\d,.])\d{2}/\d{1,2}/\d{1,2}(?!\d)|(?m:^\s*\d{1,2}/\d{1,2}\s*$)"
)
_LONE = re.compile(r"(?m)^\s*(?P<account>\d[\dxX*]*(?:[.\-][\dxX*]+){2,8})\s*$")
_SLASHED = re.compile(r"(?m)^\s*(?P<id>0\d{1,4}/\d{3,30})\s*$")

_YOURS = r"(?:حساب|سپرده|کارت) ?(?:شما|تان)(?![ء-ی])"
_TO_YOURS = re.compile(rf"به ?{_YOURS}")
_IN = re.compile(
    rf"واریز|بستانکار|افزایش|دریافت|نشست|{_TO_YOURS.pattern}|ورود ?وجه|\bسود\b|credit|\bdeposit(?:ed)?\b", re.IGNORECASE
)
_OUT = re.compile(
    rf"(?<!قابل )برداشت|بدهکار|از ?{_YOURS}|از ?حساب ?(?:شماره|خود|جاری)|خروج ?وجه|\bکسر\b|ارسالی|"
    r"خرید|پرداخت(?! ?یار)|انتقال|کاهش|کارمزد|قبض|پرید|حواله (?:از|شد)|پایانه ?فروش|debit|withdraw",
    re.IGNORECASE,
)
_WEAK_OUT = re.compile(r"انتقال|پرداخت|پایانه ?فروش|از ?حساب ?شماره")
"""What is also said where money comes: of another's account, or beside plainer words."""
_INTEREST = re.compile(r"\bسود\b")
_SUM_LABEL = re.compile(r"مبلغ\s*(?:تراکنش|واریز|برداشت|واریزی)?\s*(?:به)?\s*\(?\s*(?:ریال|تومان)?\s*\)?\s*[:=]?\s*$")
_VERB_BEFORE = re.compile(rf"(?:{_IN.pattern}|{_OUT.pattern}|پایا|ساتنا|پل|شبا|چک)[^\d\n]{{0,30}}$", re.IGNORECASE)
_TOMAN = re.compile(r"توما?ن|ت(?![ء-ی])|toman|irt", re.IGNORECASE)
_TOMAN_BEFORE = re.compile(r"(?:^|[^\d\s])\s*توما?ن\s*\)?\s*[:=]?\s*$")
_NOT_HAPPENED = re.compile(
    r"ناموفق|انجام نشد|لغو شد|رد شد|درخواست|در صورت|در انتظار|قرعه|جشنواره|تخفیف|جایزه|پاداش|واگذار|شرکت کنید"
    r"|unsuccessful|fail|pending|declined",
    re.IGNORECASE,
)
"""Words of what did not happen, or may happen: offers, requests, attempts, cheques that are only handed in."""


class UnreadText(NotifierError, ValueError):
    """Nothing of an account is said that can be read without guessing; the text says why."""


def plain(text: str) -> str:
    """One spelling of letters and digits, without what is not seen; lines stay."""
    text = unicodedata.normalize("NFKC", _WHOLE_WORDS.sub(" ", text))
    digits = {
        ord(sign): str(unicodedata.decimal(sign)) for sign in set(text) if not sign.isascii() and sign.isdecimal()
    }
    folded = _BLANK.sub(" ", text.translate({**_FOLDED, **digits}).replace("\u200c", " ").replace("\r", "\n"))
    hidden = {ord(sign): None for sign in set(folded) if sign != "\n" and unicodedata.category(sign) in _UNSEEN}
    return folded.translate(hidden)


def _joined(said: str) -> str:
    """The text with commas for thousands, where it is a sum that has other marks for them."""

    def written(one: re.Match[str]) -> str:
        lead, figure, behind = one["lead"] or "", one["figure"], one["behind"] or ""
        is_sum = behind or (lead and (one["mark"] != "/" or figure.count("/") > 1))
        return f"{lead}{figure.replace(one['mark'], ',') if is_sum else figure}{behind}"

    return _LOOSE.sub(written, said)


def is_secret(text: str) -> bool:
    """Whether it may hold a code or a password."""
    return _SECRET.search(plain(text)) is not None


def may_hold_secret(body: bytes) -> bool:
    """Whether a body as it came may hold a code or a password, JSON or not."""
    text = body.decode("utf-8", errors="replace")
    unescaped = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return is_secret(unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


@dataclass(frozen=True, slots=True)
class _Sum:
    rial: int
    sign: str
    rank: int
    start: int


def read(text: str, *, bank: str = "", toman: bool = False) -> ReadLine:
    """``toman``: so are the figures that say no unit. Raises UnreadText."""
    if len(text) > LONGEST:
        raise UnreadText(f"the text is longer than {LONGEST} characters")
    said = _joined(plain(text))
    balance = _balance(said, toman)
    loan, interest = _LOAN.search(said) is not None, _INTEREST.search(said) is not None
    rest, found = _masked(said)
    chosen = _chosen(list(_sums(rest, toman)))
    line = partial(
        ReadLine,
        balance=balance,
        account=found.get("account", ""),
        reference=found.get("reference", ""),
        payment_id=found.get("payment_id", ""),
        minute=_minute(said),
        bank=bank,
    )
    if loan:
        return line(movement=BankMovement.LOAN, amount=chosen.rial if chosen else 0)
    if CORRECTS.search(said) and chosen is not None:
        return line(movement=BankMovement.CORRECTION, amount=chosen.rial, rail=_rail(said))
    if _NOT_HAPPENED.search(said):
        raise UnreadText("it tells of no money that has come or gone")
    if chosen is None:
        if balance is not None and not _IN.search(rest) and not _OUT.search(rest):
            return line(movement=BankMovement.BALANCE)
        raise UnreadText("no sum is found in it")
    movement = _direction(rest, chosen)
    if movement is BankMovement.IN and interest:
        movement = BankMovement.INTEREST
    return line(movement=movement, amount=chosen.rial, rail=_rail(said))


def _masked(said: str) -> tuple[str, Mapping[str, str]]:
    """The text without all figures that are no sum, and what these were."""
    found: dict[str, str] = {}

    def out(match: re.Match[str], kind: str = "", group: str = "") -> str:
        if kind and kind not in found:
            given = match[group]
            if kind == "account":
                given = re.sub(r"[.\-/_]", "", given).replace("x", "*").replace("X", "*")
            found[kind] = given
        return re.sub(r"[^\n]", " ", match[0])

    def keep_words(match: re.Match[str], kind: str, group: str) -> str:
        start, end = match.start(group) - match.start(), match.end(group) - match.start()
        out(match, kind, group)
        return match[0][:start] + " " * (end - start) + match[0][end:]

    said = _AVAILABLE.sub(out, _BALANCE.sub(out, said))
    said = _PAYMENT_ID.sub(lambda one: out(one, "payment_id", "id"), said)
    said = _REFERENCE.sub(lambda one: out(one, "reference", "id"), said)
    said = _SHEBA.sub(out, said)
    said = _CARD.sub(lambda one: out(one, "card", "card"), said)
    said = _DATE.sub(out, said)
    said = _ACCOUNT.sub(lambda one: keep_words(one, "account", "account"), said)
    said = _BETWEEN.sub(
        lambda one: one[0] if _is_figure(one["account"]) else keep_words(one, "account", "account"), said
    )
    said = _LONE.sub(lambda one: out(one, "account", "account"), said) if _signed(said) or _lone(said) else said
    said = _SLASHED.sub(lambda one: out(one, "reference", "id"), said)
    said = _JOINED.sub(lambda one: one[0] if _is_figure(one[0]) else out(one), said)
    if len(list(_sums(said))) > 1:
        said = _DEBT_FEE.sub(out, said)
    if "account" not in found and "card" in found:
        found["account"] = f"card{re.sub('[^0-9]', '', found['card'])[-4:]}"
    return said, found


def _lone(said: str) -> bool:
    return any(not _is_figure(one["account"]) for one in _LONE.finditer(said))


def _signed(said: str) -> bool:
    return any(one["before"] or one["after"] or one["behind"] for one in _MONEY.finditer(said))


def _is_figure(text: str) -> bool:
    return re.fullmatch(r"\d{1,3}(?:[,.]\d{3})+", text) is not None


def _balance(said: str, toman: bool) -> int | None:
    usual = "تومان" if toman else ""
    found = [(one["money"], one["unit"] or usual) for one in _BALANCE.finditer(said)]
    sums = {_rial(money, unit) if _is_written(money.strip("+- ")) else None for money, unit in found}
    return next(iter(sums)) if len(sums) == 1 else None


def _whole(figure: str) -> str:
    """A figure without the part of a rial that it says is nothing."""
    return re.sub(r"(?<=\d)\.0{1,2}$", "", figure)


def _is_written(figure: str) -> bool:
    """Whether a figure is written in a way that can be read as one sum."""
    whole = _whole(figure)
    return whole.isdigit() or _is_figure(whole)


def _rial(figure: str, unit: str) -> int:
    sign, figure = ("-" if "-" in figure else ""), _whole(figure.strip("+- "))
    digits = re.sub(r"[^\d]", "", figure)
    if len(digits) > 15:
        raise UnreadText("a figure is too long to be a sum")
    rial = int(digits) * (10 if _TOMAN.match(unit) else 1)
    if rial > 100 * MAX_RIAL:
        raise UnreadText("a figure is too great to be a sum")
    return -rial if sign else rial


def _sums(said: str, toman: bool = False) -> Iterator[_Sum]:
    for one in _MONEY.finditer(said):
        figure, sign = _whole(one["figure"]), (one["before"] or one["after"] or one["behind"] or "").strip()
        before = said[: one.start()]
        line = before.rpartition("\n")[2]
        label = _SUM_LABEL.search(before[-40:])
        grouped = _is_figure(figure)
        if label:
            rank = 0
        elif sign and (grouped or len(figure) >= 3):
            rank = 1
        elif one["unit"]:
            rank = 2
        elif grouped:
            rank = 3
        elif _VERB_BEFORE.search(line) and 3 <= len(figure) <= 13:
            rank = 4
        else:
            continue
        if len(figure) > 20:
            continue
        if not _is_written(figure):
            raise UnreadText("a figure is written in no way that can be read")
        if _IN_WORDS.match(said, one.start() + len(one["figure"]) + one.group().index(one["figure"]) - 1):
            raise UnreadText("a sum is said in words")
        before_it = label[0] if label and _TOMAN.search(label[0]) else _TOMAN_BEFORE.search(line)
        unit = one["unit"] or (before_it and "تومان") or ""
        in_toman = _TOMAN.search(unit) is not None or (toman and not unit)
        rial = abs(_rial(figure, "تومان" if in_toman else ""))
        if 0 < rial <= MAX_RIAL:
            yield _Sum(rial, sign, rank, one.start())


def _chosen(sums: list[_Sum]) -> _Sum | None:
    if not sums:
        return None
    best = [one for one in sums if one.rank == min(one.rank for one in sums)]
    if len({(one.rial, one.sign) for one in best}) > 1:
        raise UnreadText("several figures may be the sum")
    return best[0]


def _direction(said: str, chosen: _Sum) -> BankMovement:
    ins, outs = [one[0] for one in _IN.finditer(said)], [one[0] for one in _OUT.finditer(said)]
    strong = [word for word in outs if not _WEAK_OUT.fullmatch(word)]
    if chosen.sign == "+":
        if any(word.startswith(("برداشت", "بدهکار", "خرید")) for word in strong):
            raise UnreadText("its sign and its words say different things")
        return BankMovement.IN
    if chosen.sign == "-":
        if ins and not outs and "واریز" in ins:
            raise UnreadText("its sign and its words say different things")
        return BankMovement.OUT
    if not strong and _TO_YOURS.search(said):
        return BankMovement.IN
    if ins and not strong and "واریز" not in ins and "نشست" not in ins and outs:
        if re.search(r"دریافتی|دریافت شد|دریافت کرد", said):
            return BankMovement.IN
        if "دریافت" in ins:
            raise UnreadText("its words say both that money came and that it went")
    if ins and not strong:
        first_in, first_out = _IN.search(said), _OUT.search(said)
        assert first_in
        if first_out and first_out.start() < first_in.start() and "واریز" not in ins and "نشست" not in ins:
            return BankMovement.OUT
        return BankMovement.IN
    if outs and not ins:
        return BankMovement.OUT
    if ins and strong:
        if set(strong) <= {"کارمزد"}:
            return BankMovement.IN
        raise UnreadText("its words say both that money came and that it went")
    raise UnreadText("nothing says whether the money came or went")


def _rail(said: str) -> BankRail:
    if re.search(r"\bپایا\b|paya", said, re.IGNORECASE):
        return BankRail.PAYA
    if re.search(r"\bساتنا\b|satna", said, re.IGNORECASE):
        return BankRail.SATNA
    return BankRail.POL if re.search(r"\bپل\b", said) else BankRail.UNKNOWN


def _minute(said: str) -> int:
    times = [60 * int(one["hour"]) + int(one["minute"]) for one in _TIME.finditer(said)]
    return next((one for one in times if one < 24 * 60), -1)
