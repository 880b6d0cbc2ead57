"""What customers write back to a text that asks something: that it stands, that they want another time, a mark. Pure.

A text's answers are words; whatever is made of them alone, in any script and with whatever signs, is that answer. Two
answers in one text, or a word beside them that is none of theirs, is for a person.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, get_args

from annotated_types import Ge, Le, MaxLen, MinLen

from notifier.domain import persian, replies
from notifier.domain.orders import Order, Stage

Mark = Literal["1", "2", "3", "4", "5"]
MARKS: tuple[Mark, ...] = get_args(Mark)
AnswerWord = Annotated[str, MinLen(1), MaxLen(40)]
AnswerWords = Annotated[tuple[AnswerWord, ...], MaxLen(60)]

_LONGEST = 60  # characters of a text that may be nothing but an answer
_MOST_WORDS = 6  # that one answer is made of


class AnswerKind(StrEnum):
    CONFIRM = "confirm"
    ANOTHER_TIME = "another_time"
    MARK = "mark"


class Understood(NamedTuple):
    """``mark`` is 0 for what is none."""

    answer: AnswerKind
    mark: int = 0


class ReplyMistake(NamedTuple):
    """What is wrong with the words of one rule, by its place among the rules."""

    place: int
    key: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRule:
    """What customers may answer to ``texts``, and what it means."""

    texts: Annotated[tuple[str, ...], MinLen(1), MaxLen(100)]
    confirm: AnswerWords = ()
    another_time: AnswerWords = ()
    marks: Mapping[Mark, AnswerWords] | None = None

    def meanings(self) -> Iterator[tuple[str, Understood, str]]:
        """Each word with its key and what it means."""
        for word in self.confirm:
            yield "confirm", Understood(AnswerKind.CONFIRM), word
        for word in self.another_time:
            yield "another_time", Understood(AnswerKind.ANOTHER_TIME), word
        for mark, words in (self.marks or {}).items():
            for word in words:
                yield f"marks.{mark}", Understood(AnswerKind.MARK, int(mark)), word


USUAL = (
    AnswerRule(
        texts=("order_registered_cash", "delivery_agreed", "delivery_changed", "delivery_reminder"),
        confirm=(
            *("1", "یک", "بله", "بلی", "اره", "تأیید", "تأیید میکنم", "تأیید است", "تأیید شد", "باشه", "باشد"),
            *("اوکی", "درسته", "درست است", "خوبه", "خوب است", "موافقم", "مناسبه", "مناسب است", "هستم", "حتما"),
            *("حله", "چشم", "ok", "okay", "yes"),
        ),
        another_time=(
            *("2", "دو", "نه", "خیر", "زمان دیگر", "زمان دیگری", "یک زمان دیگر", "وقت دیگر", "وقت دیگری", "نیستم"),
            *("مناسب نیست", "نمیشه", "نمیتونم", "نمیتوانم", "تغییر زمان", "no"),
        ),
    ),
    AnswerRule(
        texts=("order_delivered", "order_delivered_guarantee", "order_delivered_elsewhere"),
        marks={
            "1": ("1", "یک"),
            "2": ("2", "دو"),
            "3": ("3", "سه"),
            "4": ("4", "چهار"),
            "5": ("5", "پنج"),
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRules:
    """``[replies]``: what customers write back. ``within`` is for how long after a text an answer may be one to it."""

    enabled: bool = True
    within: Annotated[timedelta, Ge(timedelta(minutes=1)), Le(timedelta(days=30))] = timedelta(days=3)
    answers: Annotated[tuple[AnswerRule, ...], MaxLen(50)] = USUAL

    @property
    def asking(self) -> Mapping[str, AnswerRule]:
        """By template, what may be answered; nothing where replies are not enabled."""
        return {text: rule for rule in self.answers for text in rule.texts} if self.enabled else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentText:
    """A text that a customer was sent, ``at`` when it left (unix ms). ``asks`` is what may be answered, if anything."""

    order: Order | None
    at: int
    asks: AnswerRule | None


def answered(text: str, sent: Sequence[SentText]) -> tuple[Understood, SentText] | None:
    """The answer that a text is, and to which of the texts that the customer was sent; None where it is none.

    A bare number may answer the last text that asked something though others came after it. A word is said to the last
    text of all; and whoever was written to by a person answers that person.
    """
    latest = sorted(sent, key=lambda one: one.at, reverse=True)
    for place, one in enumerate(latest):
        if one.order is None:
            return None
        if one.asks is None:
            continue
        found = understood(text, one.asks)
        if found is None or (place and not _key(text).isdecimal()):
            return None
        return found, one
    return None


def understood(text: str, rule: AnswerRule) -> Understood | None:
    """What a text means to what was asked; None where it is more than an answer, or none, or two."""
    line = " ".join(text.split())
    if len(line) > _LONGEST:
        return None
    known = {_key(word): meaning for _, meaning, word in rule.meanings()}
    said = _OF_FIVE.sub(r"\1", _plain(line)) if rule.marks else _plain(line)
    words = replies.bare(_LENGTHENED.sub(r"\1", said)).split()
    return _of(words, known) or _of([word for word in words if word not in _FILLERS], known)


def holds(understood: Understood, sent: SentText, now: datetime) -> bool:
    """Whether an answer still means something: its order goes on, and what it answers is what stands."""
    order = sent.order
    if order is None or order.cancelled:
        return False
    if understood.answer is AnswerKind.MARK:
        return order.stage >= Stage.DELIVERED
    if order.stage >= Stage.DELIVERED:
        return False
    if understood.answer is AnswerKind.ANOTHER_TIME:
        return True
    agreed, said = order.delivery, order.delivery_said
    over = agreed is not None and datetime.combine(agreed.date, agreed.end, tzinfo=now.tzinfo) < now
    return not over and (said is None or said <= sent.at)


def mistakes(rules: ReplyRules) -> Iterator[ReplyMistake]:
    """Words that could not be told apart, or that mean something else already."""
    texts: dict[str, int] = {}
    for place, rule in enumerate(rules.answers):
        for text in rule.texts:
            if text in texts:
                yield ReplyMistake(place, "texts", f"{text!r} stands in answers.{texts[text]} already; name it once")
            texts.setdefault(text, place)
        if not any(True for _ in rule.meanings()):
            yield ReplyMistake(place, "texts", "has no answers: write confirm, another_time or marks")
        known: dict[str, tuple[str, Understood]] = {}
        for key, meaning, word in rule.meanings():
            found = _key(word)
            if not found:
                yield ReplyMistake(place, key, f"{word!r} has neither a letter nor a digit")
            elif replies.is_opt_out(word):
                yield ReplyMistake(
                    place, key, f"{word!r} stops or starts the texts of who writes it, and can mean nothing else"
                )
            elif found in known and known[found][1] != meaning:
                yield ReplyMistake(place, key, f"{word!r} stands in {known[found][0]} too; one word has one meaning")
            elif found in known:
                yield ReplyMistake(place, key, f"{word!r} stands there twice; spaces, ZWNJ and ي, ك make no difference")
            known.setdefault(found, (key, meaning))


_OF_FIVE = re.compile(r"(?<!\d)([1-5]) ?(?:از|/|of|out of) ?(?:5|پنج)(?!\w)")
_FILLERS = frozenset({"گزینه", "شماره", "عدد", "نمره", "امتیاز", "ستاره", "میدم", "میدهم", "است", "هست"})
_LENGTHENED = re.compile(r"([^\W\d])\1{2,}")
"""بلههههه."""


def _plain(text: str) -> str:
    return persian.ascii_digits(persian.fold(text))


def _key(word: str) -> str:
    """A word as it is compared: one spelling of each letter and digit, without signs and spaces."""
    return "".join(replies.bare(_plain(word)).split())


def _of(words: list[str], known: Mapping[str, Understood]) -> Understood | None:
    """The one meaning of all these words, each of which belongs to an answer."""
    meanings: set[Understood] = set()
    place = 0
    while place < len(words):
        for end in range(min(len(words), place + _MOST_WORDS), place, -1):
            found = known.get("".join(words[place:end]))
            if found is not None:
                meanings.add(found)
                place = end
                break
        else:
            return None
    return meanings.pop() if len(meanings) == 1 else None
