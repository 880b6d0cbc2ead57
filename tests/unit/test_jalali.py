import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from bidi import get_display
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain import jalali
from notifier.domain.persian import ascii_digits

TEHRAN = ZoneInfo("Asia/Tehran")


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (dt.date(2026, 11, 23), "۲ آذر ۱۴۰۵"),
        (dt.date(2026, 11, 30), "۹ آذر ۱۴۰۵"),
        (dt.date(2026, 3, 21), "۱ فروردین ۱۴۰۵"),
        (dt.date(2026, 3, 20), "۲۹ اسفند ۱۴۰۴"),
        (dt.date(2025, 3, 20), "۳۰ اسفند ۱۴۰۳"),  # a leap year
        (dt.date(2025, 3, 21), "۱ فروردین ۱۴۰۴"),
        (dt.date(1979, 2, 11), "۲۲ بهمن ۱۳۵۷"),
    ],
)
def test_known_dates(day: dt.date, text: str) -> None:
    assert jalali.date(day) == text


def test_the_week_is_spelled_with_joiners() -> None:
    week = [jalali.weekday_date(dt.date(2026, 11, 21) + dt.timedelta(days)).split()[0] for days in range(7)]
    names = ["شنبه", "یک\u200cشنبه", "دوشنبه", "سه\u200cشنبه", "چهارشنبه", "پنج\u200cشنبه", "جمعه"]
    assert week == names
    assert jalali.weekday_date(dt.date(2026, 11, 23)) == "دوشنبه ۲ آذر"


def test_the_day_begins_at_midnight_in_tehran() -> None:
    before = dt.datetime(2026, 3, 20, 20, 29, tzinfo=dt.UTC)
    after = before + dt.timedelta(minutes=1)
    assert (jalali.date(before), jalali.time_of(before)) == ("۲۹ اسفند ۱۴۰۴", "۲۳:۵۹")
    assert (jalali.date(after), jalali.time_of(after)) == ("۱ فروردین ۱۴۰۵", "۰۰:۰۰")
    assert (jalali.year_month(before), jalali.year_month(after)) == ("1404-12", "1405-01")
    assert jalali.year_month(dt.datetime(2026, 11, 23, tzinfo=TEHRAN)) == "1405-09"


def test_a_time_without_zone_is_refused() -> None:
    naive = dt.datetime(2026, 11, 23, 14, 30)  # noqa: DTZ001
    for function in (jalali.date, jalali.weekday_date, jalali.year_month, jalali.time_of):
        with pytest.raises(ValueError, match="has no time zone"):
            function(naive)


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(TEHRAN)))  # noqa: DTZ001
def test_a_time_is_shown_hour_first(moment: dt.datetime) -> None:
    text = jalali.time_of(moment)
    assert ascii_digits(text) == f"{moment:%H:%M}"
    assert get_display(f"ساعت {text}، تهران", base_dir="R") == f"نارهت ،{text} تعاس"
    assert get_display(f"Xiaomi، ساعت {text}.", base_dir="R").startswith(f".{text} ")


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)))
def test_the_days_follow_one_another(day: dt.date) -> None:
    number, _, year = ascii_digits(jalali.date(day)).split()
    next_number, _, next_year = ascii_digits(jalali.date(day + dt.timedelta(1))).split()
    assert (next_year == year and int(next_number) == int(number) + 1) or (next_number == "1" and int(number) >= 29)
    assert jalali.year_month(day).startswith(f"{year}-")


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (-2, "یک\u200cشنبه ۱ آذر"),
        (-1, "دیروز"),
        (0, "امروز"),
        (1, "فردا"),
        (2, "پنج\u200cشنبه ۵ آذر"),
        (7, "سه\u200cشنبه ۱۰ آذر"),
    ],
)
def test_a_day_is_named_beside_today(ahead: int, said: str) -> None:
    today = dt.datetime(2026, 11, 24, 23, 59, tzinfo=TEHRAN)
    assert jalali.day_beside(today + dt.timedelta(days=ahead), today) == said
    assert jalali.day_beside((today + dt.timedelta(days=ahead)).date(), today) == said
