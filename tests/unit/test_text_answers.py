"""What customers mean who answer a text, in every script and spelling."""

import shutil
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as changed
from rulebook import ROOT

from notifier.clock import TEHRAN
from notifier.config.loading import load
from notifier.diagnostics import offline
from notifier.domain.events import AgreedTime, Details, EventType, PaymentMethod
from notifier.domain.orders import Order
from notifier.domain.text_answers import (
    USUAL,
    AnswerKind,
    AnswerRule,
    ReplyRules,
    SentText,
    Understood,
    answered,
    holds,
    mistakes,
    understood,
)
from notifier.sms.templates import Template
from notifier.texts import loading
from notifier.texts.sizes import sizes

TIMES, MARKS = USUAL
NOW = datetime(2026, 11, 23, 10, tzinfo=TEHRAN)
AT = int(NOW.timestamp() * 1000)
ORDER = Order(
    id="1",
    source="shop",
    details=Details(method=PaymentMethod.CASH),
    news={EventType.REGISTERED: {"": AT}},
)
DELIVERED = changed(ORDER, news={EventType.DELIVERED: {"": AT}})
CANCELLED = changed(ORDER, news={EventType.CANCELLED: {"": AT}})
AGREED = AgreedTime(date(2026, 11, 24), time(16), time(19))
WITH_TIME = changed(
    ORDER, details=Details(delivery=AGREED), news={EventType.DELIVERY_AGREED: {str(AGREED): AT}}
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1",
            "۱",
            "١",
            " ۱ ",
            "1.",
            "۱)",
            "(1)",
            "1️⃣",
            "۱\n",
            "یک",
            "يک",
            "يك",
            "گزینه ۱",
            "شماره 1",
            "عدد ۱",
            "1 لطفا",
        ),
        *(
            "بله",
            "بلە",
            "بله.",
            "بله ممنون",
            "سلام بله",
            "بله بله",
            "بلههههه",
            "بلی",
            "آره",
            "اره",
            "باشه",
            "باشه!",
            "باشۀ",
        ),
        *("تأیید", "تایید", "تائید", "تأييد", "تاييد", "تأیید می‌کنم", "تایید میکنم", "تاييد مي كنم", "تایید می کنم"),
        *(
            "ok",
            "OK",
            "Ok.",
            "yes",
            "YES!",
            "اوکی",
            "او‌کی",
            "اوکي",
            "درست است",
            "خوبه",
            "۱ تأیید",
            "1: تأیید",
            "۱: بله",
        ),
        *("مناسبه", "مناسب است", "بله، مناسب است", "هستم"),
    ],
)
def test_it_stands(text: str) -> None:
    assert understood(text, TIMES) == Understood(AnswerKind.CONFIRM)


@pytest.mark.parametrize(
    "text",
    [
        *("2", "۲", "٢", "۲.", "دو", "نه", "نه ممنون", "نه!", "خیر", "خير", "زمان دیگر", "زمان ديگر", "زماندیگر"),
        *("زمان‌دیگر", "۲: زمان دیگر", "2 زمان دیگری", "وقت دیگری", "نمی‌شه", "نمیشه", "نمي شه"),
        *("نه مناسب نیست", "No", "no thanks", "نههههه"),
    ],
)
def test_another_time(text: str) -> None:
    assert understood(text, TIMES) == Understood(AnswerKind.ANOTHER_TIME)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        *((str(mark), mark) for mark in range(1, 6)),
        *zip("۱۲۳۴۵", range(1, 6), strict=True),
        *zip("١٢٣٤٥", range(1, 6), strict=True),
        *(("یک", 1), ("دو", 2), ("سه", 3), ("چهار", 4), ("پنج", 5), ("چهار‌", 4)),
        *(("۵ ستاره", 5), ("نمره ۴", 4), ("امتیاز: ۳", 3), ("۴ از ۵", 4), ("4/5", 4), ("٥ از ٥", 5), ("5 از 5", 5)),
        *(("۵ از پنج", 5), ("۵ ممنون", 5), ("سلام، ۵", 5), ("نمره ۵ است", 5), ("5 out of 5", 5)),
    ],
)
def test_a_mark(text: str, mark: int) -> None:
    assert understood(text, MARKS) == Understood(AnswerKind.MARK, mark)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "؟", "👍", "3", "0", "۰", "12", "22", "21", "1 2", "بله نه", "۱ یا ۲", "1, 2", "نه، ۱", "خانه"),
        *("بله ولی ساعت ۵", "بله؟ کدام سفارش", "تأیید نمی‌کنم", "لغو", "یک سؤال دارم", "کی می‌رسد؟", "-1x", "1.5"),
        "بله " * 40,
    ],
)
def test_what_is_for_a_person(text: str) -> None:
    assert understood(text, TIMES) is None


@pytest.mark.parametrize(
    "text", ["0", "6", "۹", "10", "4 5", "4-5", "۴ یا ۵", "3.5", "۵ تا خریدم", "بله", "عالی نبود", "-", "55"]
)
def test_what_is_no_mark(text: str) -> None:
    assert understood(text, MARKS) is None


def sent(rule: AnswerRule | None, minutes: int = 0, order: Order | None = ORDER) -> SentText:
    return SentText(order=order, at=AT + minutes * 60_000, asks=rule)


def test_the_last_text_that_asks_is_the_one_that_a_number_answers() -> None:
    cash, later, delivered = sent(TIMES), sent(None, 5), sent(MARKS, 10, DELIVERED)
    assert answered("1", [cash]) == (Understood(AnswerKind.CONFIRM), cash)
    assert answered("1", [later, cash]) == (Understood(AnswerKind.CONFIRM), cash)
    assert answered("1", [cash, later, delivered]) == (Understood(AnswerKind.MARK, 1), delivered)
    assert answered("بله", [cash, later]) is None  # said to a text that asked nothing
    assert answered("بله", [cash, delivered]) is None
    assert answered("1", []) is None
    assert answered("1", [later]) is None


def test_whoever_was_written_to_by_a_person_answers_that_person() -> None:
    assert answered("1", [sent(TIMES), sent(None, 5, None)]) is None
    asked = sent(TIMES, 10)
    assert answered("بله", [asked, sent(None, 5, None)]) == (Understood(AnswerKind.CONFIRM), asked)


CONFIRM, ANOTHER, MARK = (
    Understood(AnswerKind.CONFIRM),
    Understood(AnswerKind.ANOTHER_TIME),
    Understood(AnswerKind.MARK, 5),
)


@pytest.mark.parametrize(
    ("said", "order", "after", "found"),
    [
        (CONFIRM, ORDER, timedelta(hours=1), True),
        (CONFIRM, CANCELLED, timedelta(hours=1), False),
        (CONFIRM, DELIVERED, timedelta(hours=1), False),
        (ANOTHER, DELIVERED, timedelta(hours=1), False),
        (ANOTHER, CANCELLED, timedelta(hours=1), False),
        (MARK, DELIVERED, timedelta(hours=1), True),
        (MARK, ORDER, timedelta(hours=1), False),
        (MARK, CANCELLED, timedelta(hours=1), False),
        (CONFIRM, WITH_TIME, timedelta(hours=1), True),
        (CONFIRM, WITH_TIME, timedelta(days=2), False),  # the agreed time has passed
        (ANOTHER, WITH_TIME, timedelta(days=2), True),
    ],
)
def test_an_answer_that_still_means_something(said: Understood, order: Order, after: timedelta, found: bool) -> None:
    assert holds(said, sent(None, 1, order), NOW + after) is found


def test_another_time_than_the_text_said_is_not_what_was_confirmed() -> None:
    assert not holds(CONFIRM, SentText(order=WITH_TIME, at=AT - 1, asks=TIMES), NOW)
    assert holds(ANOTHER, SentText(order=WITH_TIME, at=AT - 1, asks=TIMES), NOW)


def test_what_ships_can_be_told_apart() -> None:
    assert list(mistakes(ReplyRules())) == []


@pytest.mark.parametrize(
    ("rule", "key", "text"),
    [
        (replace(TIMES, confirm=("1", "لغو")), "confirm", "stops or starts"),
        (replace(TIMES, confirm=("۱۱",)), "confirm", "stops or starts"),
        (replace(TIMES, confirm=("لغو ۱۱",)), "confirm", "stops or starts"),
        (replace(TIMES, another_time=("12",)), "another_time", "stops or starts"),
        (replace(TIMES, another_time=("Stop",)), "another_time", "stops or starts"),
        (AnswerRule(texts=("a",), confirm=("1",), another_time=("۱",)), "another_time", "confirm too"),
        (AnswerRule(texts=("a",), confirm=("تأیید", "تاييد")), "confirm", "twice"),
        (AnswerRule(texts=("a",), confirm=("می‌آیم", "مي آيم")), "confirm", "twice"),
        (AnswerRule(texts=("a",), confirm=("؟",)), "confirm", "neither a letter"),
        (AnswerRule(texts=("a",), marks={"1": ("1",), "2": ("١",)}), "marks.2", "marks.1 too"),
        (AnswerRule(texts=("a", "a"), confirm=("1",)), "texts", "already"),
        (AnswerRule(texts=("a",)), "texts", "no answers"),
    ],
)
def test_words_that_could_not_be_told_apart(rule: AnswerRule, key: str, text: str) -> None:
    (found,) = mistakes(ReplyRules(answers=(rule,)))
    assert (found.place, found.key) == (0, key)
    assert text in found.text


def test_a_text_is_asked_about_in_one_place() -> None:
    (found,) = mistakes(ReplyRules(answers=(TIMES, replace(MARKS, texts=("delivery_agreed",)))))
    assert (found.place, found.key) == (1, "texts")


def findings(folder: Path, text: str) -> list[str]:
    """What `notifier check` says of replies in the configuration that ships, with these answers."""
    shipped = (ROOT / "config.toml").read_text(encoding="utf-8")
    before, rest = shipped.split("[[replies.answers]]", 1)
    file = folder / "config.toml"
    file.write_text(before + text + "\n[console]\n" + rest.split("\n[console]\n", 1)[1], encoding="utf-8")
    shutil.copytree(ROOT / "templates", folder / "templates", dirs_exist_ok=True)
    return [found.text for found in offline.check(file) if "replies" in found.text]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[replies.answers]]\ntexts = ["delivery_agreed"]\nconfirm = ["1"]', []),
        ('[[replies.answers]]\ntexts = ["no_such"]\nconfirm = ["1"]', ["answers.0.texts", "no_such"]),
        ('[[replies.answers]]\ntexts = ["call_due"]\nconfirm = ["1"]', ["answers.0.texts", "for staff"]),
        ('[[replies.answers]]\ntexts = ["delivery_agreed"]\nconfirm = ["۱۱"]', ["answers.0.confirm", "stops"]),
        ('[[replies.answers]]\ntexts = ["delivery_agreed"]\nmarks = { 6 = ["6"] }', ["marks.6"]),
    ],
)
def test_check_names_the_place(tmp_path: Path, text: str, told: list[str]) -> None:
    found = findings(tmp_path, text)
    assert bool(found) is bool(told)
    assert all(words in found[0] for words in told)


def test_what_ships_is_what_holds_where_nothing_is_written() -> None:
    assert load(ROOT / "config.toml", environment={}).replies == ReplyRules()


def test_texts_ask_only_where_every_line_receives_and_take_no_part_more() -> None:
    def shipped(**providers: bool) -> dict[str, Template]:
        lines = {f"NOTIFIER__PROVIDERS__{name.upper()}__RECEIVES": str(yes).lower() for name, yes in providers.items()}
        return loading.load(
            load(ROOT / "config.toml", environment=lines | {"NOTIFIER__SMS__FALLBACK": '["simulator"]'})
        )

    config = load(ROOT / "config.toml", environment={})
    silent, one, all_lines = shipped(), shipped(kavenegar=True), shipped(kavenegar=True, simulator=True)
    for name in config.replies.asking:
        before, half, after = (
            [one.text for one in sizes(of[name], config.shop, config.sms.price)] for of in (silent, one, all_lines)
        )
        assert before == half
        assert not any("۱: تأیید" in text or "از ۱ تا ۵" in text for text in before)
        assert all("۱: تأیید، ۲: زمان دیگر" in text or "از ۱ تا ۵" in text for text in after)
        parts = [[one.parts for one in sizes(of[name], config.shop, config.sms.price)] for of in (all_lines, silent)]
        assert all(asking <= plain for asking, plain in zip(*parts, strict=True))


def test_nothing_is_asked_where_replies_are_not_enabled() -> None:
    assert ReplyRules(enabled=False).asking == {}
