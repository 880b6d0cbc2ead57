"""Carriers' words on one scale: what is said against a word, or said of nothing known, is never a stage."""

from datetime import datetime, timedelta

import pytest

from notifier.clock import TEHRAN
from notifier.domain.parcels import (
    CarrierReport,
    Movement,
    Step,
    Trail,
    after_working_days,
    code_of,
    heard,
    impersonal,
    standing,
)
from notifier.intake.carriers.words import ALOPEYK_STATES, TAPIN_NUMBERS, CarrierScale, movement_of

M = Movement


@pytest.mark.parametrize(
    ("words", "movement"),
    [
        ("تحویل مرسوله به پست", M.ACCEPTED),
        ("مرسوله جهت توزیع تحویل نامه‌رسان شده است", M.OUT_FOR_DELIVERY),
        ("تحويل به گيرنده", M.DELIVERED),
        ("تحویل گیرنده شد", M.DELIVERED),
        ("عدم تحویل به گیرنده", M.UNKNOWN),
        ("آماده تحویل به گیرنده", M.UNKNOWN),
        ("تحویل به گیرنده ناموفق بود", M.UNKNOWN),
        ("تحویل نشد", M.UNKNOWN),
        ("برگشت به فرستنده، تحویل شد", M.UNKNOWN),
        ("برگشت به هاب مقصد", M.ATTEMPT_FAILED),
        ("عدم حضور گیرنده", M.ATTEMPT_FAILED),
        ("برگشت به فرستنده", M.RETURNING),
        ("مفقود", M.LOST),
        ("تولید بارکد", M.REGISTERED),
        ("واژهٔ تازه", M.UNKNOWN),
        ("", M.UNKNOWN),
    ],
)
def test_a_sentence(words: str, movement: Movement) -> None:
    assert movement_of(words) is movement


def test_numbers_and_own_words() -> None:
    tapin = CarrierScale.of({"18": M.IN_TRANSIT}, codes=TAPIN_NUMBERS)
    said = {number: tapin.movement(CarrierReport(code=number, word=number)) for number in ("7", "5", "8", "999", "18")}
    assert said == {"7": M.DELIVERED, "5": M.IN_TRANSIT, "8": M.UNKNOWN, "999": M.UNKNOWN, "18": M.IN_TRANSIT}
    assert ALOPEYK_STATES["picking"] is not M.DELIVERED


def test_nobody_is_kept() -> None:
    said = impersonal("تحویل به آقای رضا کریمی، تلفن ۰۹۱۲۱۱۱۲۲۳۳")
    assert "کریمی" not in said
    assert "۰۹۱۲" not in said


def test_codes() -> None:
    assert code_of("۱۲۳۴ ۵۶۷۸") == "12345678"
    assert [code_of(one) for one in ("", None, True, "<b>", {}, "1" * 80)] == [None] * 6


def test_a_time_to_come_is_now_and_what_is_said_again_is_no_step() -> None:
    now = datetime(2026, 11, 21, 10, tzinfo=TEHRAN)
    report = CarrierReport(code="1234", words="x", at=now + timedelta(days=3))
    trail, fresh = heard(Trail(carrier="c"), [(report, M.IN_TRANSIT)], now)
    assert [step.at for step in fresh] == [int(now.timestamp() * 1000)]
    assert heard(trail, [(report, M.IN_TRANSIT)], now + timedelta(hours=1))[1] == ()


def test_what_turned_back_is_not_on_its_way_by_the_next_hub() -> None:
    assert standing([Step(1, M.RETURNING), Step(2, M.IN_TRANSIT)]) is M.RETURNING
    assert standing([Step(1, M.DELIVERED), Step(2, M.IN_TRANSIT)]) is M.DELIVERED
    assert standing([Step(1, M.ATTEMPT_FAILED), Step(2, M.OUT_FOR_DELIVERY)]) is M.OUT_FOR_DELIVERY
    assert standing([Step(1, M.IN_TRANSIT), Step(2, M.UNKNOWN)]) is M.IN_TRANSIT


def test_days_off_do_not_count() -> None:
    wednesday = datetime(2026, 11, 25, 10, tzinfo=TEHRAN)
    until = after_working_days(wednesday, timedelta(days=3), lambda day: day.weekday() in (3, 4))
    assert until == datetime(2026, 11, 30, 10, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    "words",
    [
        "مرسوله به فرستنده تحویل شد",
        "تحویل داده شد به شعبه",
        "تحویل شد به پیک",
        "تحویل شد به انبار مقصد",
        "تحویل به گیرنده در روز آینده",
        "پیش از تحویل به گیرنده هماهنگ شود",
        "احتمالاً تحویل شد",
        "تحویل شد؟",
        "تحویل به گیرنده موکول شد",
        "تحویل به گیرنده انجام نشد",
        "تحويل نشد",
        "گیرنده تحویل نگرفت",
    ],
)
def test_what_is_not_surely_in_the_customers_hands_is_unknown(words: str) -> None:
    assert movement_of(words) is M.UNKNOWN


@pytest.mark.parametrize("again", ["SENT", "Sent ", "sent"])
def test_a_word_in_other_letters_is_no_further_step(again: str) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=TEHRAN)
    first = CarrierReport(code="1", words="sent", at=now - timedelta(hours=2), place="مركز كرج")
    trail, _ = heard(Trail(carrier="c"), [(first, M.IN_TRANSIT)], now)
    second = CarrierReport(code="1", words=again, at=now - timedelta(hours=2), place="مرکز کرج")
    assert heard(trail, [(second, M.IN_TRANSIT)], now) == (trail, ())
    later = CarrierReport(code="1", words=again, at=now - timedelta(hours=1), place="مرکز کرج")
    assert len(heard(trail, [(later, M.IN_TRANSIT)], now)[1]) == 1, "at another time it is one"
