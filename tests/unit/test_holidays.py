from datetime import date, timedelta

import jdatetime
import pytest

from scheduler.holidays import confirmed_until, known_until, official


def jalali(year: int, month: int, day: int) -> date:
    found: date = jdatetime.date(year, month, day).togregorian()
    return found


@pytest.mark.parametrize(
    ("month", "day", "name"),
    [
        (1, 1, "نوروز"),
        (1, 2, "نوروز"),
        (1, 3, "نوروز"),
        (1, 4, "نوروز"),
        (1, 12, "روز جمهوری اسلامی"),
        (1, 13, "روز طبیعت"),
        (3, 14, "رحلت حضرت امام خمینی"),
        (3, 15, "قیام ۱۵ خرداد"),
        (11, 22, "پیروزی انقلاب اسلامی"),
        (12, 29, "روز ملی شدن صنعت نفت ایران"),
    ],
)
@pytest.mark.parametrize("year", [1403, 1404, 1405, 1406, 1407, 1408])
def test_solar_holidays(year: int, month: int, day: int, name: str) -> None:
    assert name in (official(jalali(year, month, day)) or "")


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 5, 27), "عید سعید قربان"),
        (date(2026, 6, 24), "تاسوعای حسینی"),
        (date(2026, 6, 25), "عاشورای حسینی"),
        (date(2026, 8, 4), "اربعین حسینی"),
        (date(2025, 6, 14), "عید سعید غدیر خم"),
        (date(2026, 3, 22), "عید سعید فطر، نوروز"),  # two on one day
        (date(2025, 3, 31), "عید سعید فطر"),
    ],
)
def test_lunar_holidays_of_confirmed_years(day: date, name: str) -> None:
    assert official(day) == name


@pytest.mark.parametrize(
    ("about", "name"),
    [(date(2027, 6, 16), "عاشورای حسینی"), (date(2027, 3, 10), "عید سعید فطر"), (date(2027, 5, 17), "عید سعید قربان")],
)
def test_lunar_holidays_to_come_are_there_within_a_day(about: date, name: str) -> None:
    days = [about + timedelta(days) for days in (-1, 0, 1)]
    assert any(name in (official(day) or "") for day in days)


def test_a_lunar_estimate_says_so_and_a_solar_day_does_not() -> None:
    year = confirmed_until().year + 1
    names = [name for days in range(365) if (name := official(date(year, 1, 1) + timedelta(days)))]
    assert any(name.endswith("(تخمینی)") for name in names)
    assert official(jalali(1406, 1, 1)) == "نوروز"
    confirmed = [official(confirmed_until() - timedelta(days)) or "" for days in range(365)]
    assert any(confirmed)
    assert not any("تخمینی" in name for name in confirmed)


def test_a_plain_friday_and_a_plain_day_are_no_holidays() -> None:
    fridays = [date(2027, 1, 1) + timedelta(weeks=week) for week in range(52)]
    assert sum(official(friday) is not None for friday in fridays) < 10
    assert official(date(2026, 11, 27)) is None  # a Friday
    assert official(date(2026, 11, 23)) is None


def test_names_are_persian_whatever_the_machine_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en_US")
    names = [name for days in range(366) if (name := official(date(2044, 1, 1) + timedelta(days)))]
    assert len(names) > 20
    assert all(not name.isascii() and not set(name) & set("0123456789;abcdefghijklmnopqrstuvwxyz") for name in names)


def test_how_far_it_is_known() -> None:
    assert date(2026, 12, 31) <= confirmed_until() < known_until()
    assert official(date(known_until().year, 3, 21)) or official(date(known_until().year, 3, 20))
    assert all(official(known_until() + timedelta(days)) is None for days in range(1, 367))
