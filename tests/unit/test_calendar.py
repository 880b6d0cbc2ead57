import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import jdatetime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler import holidays
from scheduler.calendar import WEEKDAYS, Calendar, Shift

TEHRAN = ZoneInfo("Asia/Tehran")
MS, MINUTE, HOUR, DAY = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SPLIT = ["09:00-13:00", "14:00-18:00"]
SHOP_HOURS = {name: SPLIT for name in WEEKDAYS if name not in {"thursday", "friday"}} | {"thursday": ["09:00-13:00"]}
SHOP = Calendar.of(SHOP_HOURS, holidays=holidays.official)
NIGHTS = Calendar.of(
    {"wednesday": ["20:00-02:00"], "saturday": ["20:00-02:00"]},
    holidays=lambda day: "آزمایش" if day == date(2026, 11, 25) else None,
)


def tehran(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN)


# ── The plain way, by dates and day after day, which the calendar is held against ───────────────────────────────────


def laid_out(calendar: Calendar, day: date) -> list[tuple[datetime, datetime]]:
    def instant(minutes: int) -> datetime:
        days, minutes = divmod(minutes, 24 * 60)
        return datetime.combine(day + days * DAY, time(*divmod(minutes, 60)), tzinfo=calendar.zone).astimezone(UTC)

    shifts = () if calendar.why_closed(day) else calendar.week[day.weekday()]
    stretches = [(instant(shift.start), instant(shift.end)) for shift in shifts]
    return sorted(stretch for stretch in stretches if stretch[0] < stretch[1])


def coming(calendar: Calendar, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
    done = moment.astimezone(UTC)
    day = moment.astimezone(calendar.zone).date() - DAY
    while True:
        for start, end in laid_out(calendar, day):
            if end > done:
                yield max(start, done), end
                done = end
        day += DAY


def passed(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """The working time from one moment to another; negative if that is earlier."""
    a, b = a.astimezone(UTC), b.astimezone(UTC)
    if b < a:
        return -passed(calendar, b, a)
    total, day = timedelta(), a.astimezone(calendar.zone).date() - DAY
    while day <= b.astimezone(calendar.zone).date():
        for start, end in laid_out(calendar, day):
            if (start := max(start, a)) < (end := min(end, b)):
                total, a = total + (end - start), end
        day += DAY
    return total


def added_plainly(calendar: Calendar, moment: datetime, delta: timedelta) -> datetime:
    stretches = coming(calendar, moment)
    start, end = next(stretches)
    while delta >= end - start:
        delta -= end - start
        start, end = next(stretches)
    return start + delta


def ms(moment: datetime) -> int:
    return (moment - EPOCH) // MS


def added(calendar: Calendar, moment: datetime, delta: timedelta) -> datetime:
    return (EPOCH + calendar.after(ms(moment), delta // MS) * MS).astimezone(calendar.zone)


# ── Known times ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23 09:00", "2026-11-23 09:00"),
        ("2026-11-23 08:59:59", "2026-11-23 09:00"),
        ("2026-11-23 12:59:59.999999", "2026-11-23 12:59:59.999999"),
        ("2026-11-23 13:00", "2026-11-23 14:00"),  # the break between two shifts
        ("2026-11-23 18:00", "2026-11-24 09:00"),
        ("2026-11-26 13:00", "2026-11-28 09:00"),  # Thursday afternoon, Friday: Saturday
        ("2026-11-27 10:00", "2026-11-28 09:00"),
        ("2026-06-23 18:00", "2026-06-27 09:00"),  # Tasua, Ashura and a Friday
        ("2027-03-18 13:00", "2027-03-25 09:00"),  # Friday, 29 Esfand and four days of Nowruz 1406
    ],
)
def test_next_working_time(moment: str, expected: str) -> None:
    assert SHOP.next_working_time(tehran(moment)) == tehran(expected)
    assert SHOP.is_working(tehran(moment)) == (moment == expected)


def test_a_moment_of_another_zone_is_understood_and_working_time_comes_back_untouched() -> None:
    working, early = datetime(2026, 11, 23, 5, 30, tzinfo=UTC), datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert SHOP.next_working_time(working) is working
    assert SHOP.next_working_time(early) == working
    assert SHOP.next_working_time(early).tzinfo is TEHRAN


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-11-21 19:59", False),
        ("2026-11-21 20:00", True),
        ("2026-11-22 00:00", True),
        ("2026-11-22 01:59", True),
        ("2026-11-22 02:00", False),
        ("2026-11-25 21:00", False),  # a holiday closes the shift that starts on it,
        ("2026-11-26 01:00", False),  # also after midnight
        ("2026-12-02 21:00", True),
        ("2026-12-03 01:00", True),
    ],
)
def test_a_night_shift_belongs_to_the_day_it_starts_on(moment: str, working: bool) -> None:
    assert NIGHTS.is_working(tehran(moment)) is working


def test_the_morning_of_a_holiday_still_ends_the_night_before() -> None:
    calendar = Calendar.of({"tuesday": ["20:00-02:00"], "wednesday": ["20:00-02:00"]}, closed=[date(2026, 11, 25)])
    assert calendar.is_working(tehran("2026-11-25 01:00"))
    assert not calendar.is_working(tehran("2026-11-25 21:00"))
    assert calendar.next_working_time(tehran("2026-11-25 02:00")) == tehran("2026-12-01 20:00")


@pytest.mark.parametrize(
    ("moment", "delta", "expected"),
    [
        ("2026-11-23 10:00", HOUR, "2026-11-23 11:00"),
        ("2026-11-23 12:00", 2 * HOUR, "2026-11-23 15:00"),
        ("2026-11-23 09:00", 4 * HOUR, "2026-11-23 14:00"),  # nobody is there at 13:00
        ("2026-11-23 17:30", HOUR, "2026-11-24 09:30"),
        ("2026-11-26 12:00", 2 * HOUR, "2026-11-28 10:00"),
        ("2026-11-27 03:00", 0 * HOUR, "2026-11-28 09:00"),
        ("2027-03-18 12:00", 10 * HOUR, "2027-03-27 15:00"),  # over Nowruz 1406, with a Thursday of four hours
    ],
)
def test_add_working_time(moment: str, delta: timedelta, expected: str) -> None:
    assert added(SHOP, tehran(moment), delta) == tehran(expected)
    assert passed(SHOP, tehran(moment), tehran(expected)) == delta


def test_a_working_week_has_44_hours() -> None:
    assert passed(SHOP, tehran("2026-11-21 00:00"), tehran("2026-11-28 00:00")) == 44 * HOUR
    assert passed(SHOP, tehran("2026-11-28 00:00"), tehran("2026-11-21 00:00")) == -44 * HOUR


# ── Days ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("year", "month", "length", "off"),
    [
        (1405, 9, 30, set()),
        (1405, 12, 29, {10, 19, 20, 29}),  # lunar: martyrdom of Ali, two days of Fitr; 29 Esfand
        (1406, 1, 31, {1, 2, 3, 4, 12, 13, 14}),  # Nowruz, 12 and 13 Farvardin; lunar: Sadiq's martyrdom
        (1406, 3, 31, {4, 14, 15, 25, 26}),  # lunar: Ghadir, Tasua, Ashura; 14 and 15 Khordad
    ],
)
def test_whole_jalali_months_day_by_day(year: int, month: int, length: int, off: set[int]) -> None:
    first: date = jdatetime.date(year, month, 1).togregorian()
    assert first + length * DAY == jdatetime.date(year + month // 12, month % 12 + 1, 1).togregorian()
    closed = set()
    for number in range(length):
        day = first + number * DAY
        midnight = datetime.combine(day, time(), tzinfo=TEHRAN)
        worked = passed(SHOP, midnight, midnight + DAY)
        why = SHOP.why_closed(day)
        assert (worked == timedelta()) == (why is not None)
        assert worked in {timedelta(), 4 * HOUR if day.weekday() == 3 else 8 * HOUR}
        assert (why == "جمعه") == (day.weekday() == 4)
        if why and why != "جمعه":
            assert why.startswith("تعطیل رسمی: ")
            closed.add(number + 1)
        reached = SHOP.next_working_time(midnight)
        assert reached.date() == day if why is None else reached.date() > day
    fridays = {number + 1 for number in range(length) if (first + number * DAY).weekday() == 4}
    assert closed == off - fridays


def test_why_a_day_is_closed() -> None:
    calendar = Calendar.of(
        {name: SPLIT for name in WEEKDAYS if name not in {"thursday", "friday"}},
        holidays=holidays.official,
        closed=[date(2026, 11, 23)],
        opened=[date(2027, 3, 24)],
    )
    assert calendar.why_closed(date(2026, 11, 27)) == "جمعه"
    assert calendar.why_closed(date(2026, 11, 26)) == "پنج\u200cشنبه"
    assert calendar.why_closed(date(2026, 11, 23)) == "تعطیل فروشگاه"
    assert calendar.why_closed(date(2027, 3, 21)) == "تعطیل رسمی: نوروز"
    assert calendar.why_closed(date(2027, 3, 24)) is None
    assert calendar.why_closed(date(2026, 11, 24)) is None
    assert calendar.next_working_time(tehran("2027-03-21 12:00")) == tehran("2027-03-24 09:00")


def test_friday_may_be_worked() -> None:
    calendar = Calendar.of({"friday": ["10:00-14:00"]})
    assert calendar.next_working_time(tehran("2026-11-23 12:00")) == tehran("2026-11-27 10:00")
    assert calendar.why_closed(date(2026, 11, 28)) == "شنبه"


# ── What is refused ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        ({}, "The week has no working hour"),
        ({"friday": []}, "The week has no working hour"),
        ({"saterday": SPLIT}, "'saterday' is not a day of the week; write one of monday"),
        ({"sunday": ["nine to five"]}, "sunday: 'nine to five' is not a shift; write for example 09:00-13:00"),
        ({"sunday": ["09:00-13:00-14:00"]}, "sunday: '09:00-13:00-14:00' is not a shift"),
        ({"sunday": ["09:00-25:00"]}, "sunday: '09:00-25:00' holds a time that no clock shows"),
        ({"sunday": ["24:00-02:00"]}, "sunday: '24:00-02:00' holds a time that no clock shows"),
        ({"sunday": ["09:60-13:00"]}, "sunday: '09:60-13:00' holds a time that no clock shows"),
        ({"sunday": ["09:00-24:01"]}, "sunday: '09:00-24:01' holds a time that no clock shows"),
        ({"sunday": ["09:00-09:00"]}, "sunday: '09:00-09:00' begins and ends at the same time"),
        ({"sunday": ["09:00-14:00", "13:00-18:00"]}, "sunday 09:00-14:00 and sunday 13:00-18:00 overlap"),
        ({"sunday": ["09:00-14:00", "09:00-14:00"]}, "sunday 09:00-14:00 and sunday 09:00-14:00 overlap"),
        ({"sunday": ["20:00-02:00"], "monday": ["01:00-09:00"]}, "sunday 20:00-02:00 and monday 01:00-09:00 overlap"),
        ({"friday": ["20:00-02:00"], "saturday": ["01:00-09:00"]}, "friday 20:00-02:00 and saturday 01:00-09:00"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused(hours: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Calendar.of(hours)


@pytest.mark.parametrize(
    ("closed", "opened", "sentence"),
    [
        ([date(1406, 1, 5)], [], "1406-01-05 is a date of the Jalali calendar"),
        ([], [date(1406, 1, 5)], "1406-01-05 is a date of the Jalali calendar"),
        ([date(2027, 3, 20)], [date(2027, 3, 20)], "2027-03-20 is named both as closed and as open"),
        ([], [date(2026, 11, 27)], "2026-11-27 is named as open, but is a friday, which has no hours"),
    ],
)
def test_exceptions_that_cannot_be_meant_are_refused(closed: list[date], opened: list[date], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Calendar.of(SHOP_HOURS, closed=closed, opened=opened)


def test_a_calendar_without_any_working_hour_is_refused_and_never_searched_for_ever() -> None:
    today = date(2026, 11, 23)
    with pytest.raises(ValueError, match="no working hour in the 400 days before 2027-12-"):
        Calendar.of(SHOP_HOURS, holidays=lambda day: "همیشه", today=today)
    for_ever = Calendar.of(SHOP_HOURS, holidays=lambda day: "همیشه")
    now = tehran("2026-11-23 10:00")
    for question in (for_ever.next_working_time, lambda moment: added(for_ever, moment, HOUR)):
        with pytest.raises(ValueError, match=r"correct hours, closed and open in \[calendar\]"):
            question(now)
    assert not for_ever.is_working(now)
    assert passed(for_ever, now, now + 1000 * DAY) == timedelta()
    one_day = Calendar.of(SHOP_HOURS, holidays=lambda day: "همیشه", opened=[date(2027, 11, 22)], today=today)
    assert one_day.next_working_time(now) == tehran("2027-11-22 09:00")
    assert added(one_day, now, 7 * HOUR) == tehran("2027-11-22 17:00")


def test_times_without_zone_and_negative_lengths_are_refused() -> None:
    naive = datetime(2026, 11, 23, 10)  # noqa: DTZ001
    with pytest.raises(ValueError, match="has no time zone"):
        SHOP.next_working_time(naive)
    with pytest.raises(ValueError, match="it is negative"):
        added(SHOP, tehran("2026-11-23 10:00"), -HOUR)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("09:00-13:00", (540, 780)),
        (" 9:00 - 13:30 ", (540, 810)),
        ("20:00-02:00", (1200, 1560)),
        ("20:00-24:00", (1200, 1440)),
        ("20:00-00:00", (1200, 1440)),
        ("00:00-24:00", (0, 1440)),
        ("۰۹:۰۰–۱۳:۰۰", (540, 780)),
    ],
)
def test_ways_to_write_a_shift(text: str, minutes: tuple[int, int]) -> None:
    assert Shift.parse(text) == Shift(*minutes)


def test_round_the_clock() -> None:
    calendar = Calendar.of({name: ["00:00-24:00"] for name in WEEKDAYS})
    moment = tehran("2026-11-23 13:37:42")
    assert calendar.next_working_time(moment) is moment
    assert passed(calendar, moment, moment + 30 * DAY) == 30 * DAY


# ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Any shifts that do not overlap, laid around the week as around a clock; some days closed, some opened again."""
    week = 7 * 24 * 60
    marks = sorted(draw(st.sets(st.integers(0, week - 1), min_size=2, max_size=24)))
    turn = draw(st.integers(0, week))
    hours: dict[str, list[str]] = {}
    for begin, end in zip(marks[::2], marks[1::2], strict=False):
        start, length = (begin + turn) % week, min(end - begin, 24 * 60 - 1)
        clock = [f"{minute // 60 % 24:02}:{minute % 60:02}" for minute in (start, start + length)]
        hours.setdefault(list(WEEKDAYS)[start // (24 * 60)], []).append("-".join(clock))
    exceptions = draw(st.sets(st.integers(0, 60), max_size=12))
    around = [date(2027, 3, 1) + number * DAY for number in sorted(exceptions)]
    opened = [day for day in around[::3] if list(WEEKDAYS)[day.weekday()] in hours]
    closed = [day for day in around if day not in opened]
    return Calendar.of(hours, holidays=holidays.official, closed=closed, opened=opened)


CALENDARS = calendars() | st.sampled_from([SHOP, NIGHTS])
ZONES = st.sampled_from([TEHRAN, UTC, ZoneInfo("Europe/Berlin")])
AROUND_NOWRUZ = st.datetimes(datetime(2027, 2, 25), datetime(2027, 5, 5), timezones=ZONES)  # noqa: DTZ001
EVER = st.datetimes(datetime(1991, 1, 1), datetime(2060, 1, 1), timezones=ZONES)  # noqa: DTZ001
CLOCK_CHANGES = st.sampled_from(["2021-03-21T20:30Z", "2021-09-21T19:30Z", "2008-09-20T19:30Z", "2022-09-21T19:30Z"])
NEAR_CLOCK_CHANGES = st.builds(
    lambda change, minutes, zone: (datetime.fromisoformat(change) + minutes * MINUTE).astimezone(zone),
    CLOCK_CHANGES,
    st.integers(-3 * 24 * 60, 3 * 24 * 60),
    ZONES,
)
MOMENTS = (AROUND_NOWRUZ | EVER | NEAR_CLOCK_CHANGES).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
DELTAS = st.integers(0, 40 * 3600 * 1000).map(lambda length: length * MS) | st.integers(0, 40 * 60).map(
    lambda minutes: minutes * MINUTE
)
STEPS = st.integers(0, 9 * 24 * 3600 * 1000).map(lambda length: length * MS)


def utc(moment: datetime) -> datetime:
    """For comparing: between times of one zone Python forgets about clock changes."""
    return moment.astimezone(UTC)


@given(CALENDARS, MOMENTS)
@example(Calendar.of({"monday": ["00:30-01:10"]}), datetime(2021, 3, 21, 20, tzinfo=UTC))  # lost in the skipped hour
def test_next_working_time_is_working_the_earliest_and_its_own_next(calendar: Calendar, moment: datetime) -> None:
    reached = calendar.next_working_time(moment)
    assert utc(reached) >= utc(moment)
    assert calendar.is_working(reached)
    assert calendar.next_working_time(reached) is reached
    assert passed(calendar, moment, reached) == timedelta()
    assert calendar.is_working(moment) == (reached is moment)


@given(CALENDARS, MOMENTS, st.lists(STEPS | STEPS.map(lambda step: -step), max_size=5))
def test_what_was_asked_before_changes_no_answer(calendar: Calendar, moment: datetime, steps: list[timedelta]) -> None:
    asked = [utc(moment), *(utc(moment) + step for step in steps)]
    fresh = [replace(calendar).next_working_time(one) for one in asked]
    assert [calendar.next_working_time(one) for one in asked] == fresh


@given(CALENDARS, MOMENTS, STEPS)
def test_next_working_time_keeps_the_order(calendar: Calendar, moment: datetime, step: timedelta) -> None:
    later = utc(moment) + step
    assert utc(calendar.next_working_time(moment)) <= utc(calendar.next_working_time(later))


@given(CALENDARS, MOMENTS, STEPS, STEPS)
def test_working_time_adds_up(calendar: Calendar, a: datetime, ab: timedelta, bc: timedelta) -> None:
    b = utc(a) + ab
    c = b + bc
    whole, parts = passed(calendar, a, c), passed(calendar, a, b)
    assert parts + passed(calendar, b, c) == whole
    assert passed(calendar, c, b) + whole == parts
    assert timedelta() <= whole <= ab + bc
    assert (whole == timedelta()) == (utc(calendar.next_working_time(a)) >= c)


@given(CALENDARS, MOMENTS, DELTAS)
def test_what_is_added_has_passed(calendar: Calendar, moment: datetime, delta: timedelta) -> None:
    reached = added(calendar, moment, delta)
    assert passed(calendar, moment, reached) == delta
    assert calendar.is_working(reached)


@given(CALENDARS, MOMENTS, STEPS)
def test_what_has_passed_can_be_added(calendar: Calendar, a: datetime, step: timedelta) -> None:
    b = utc(a) + step
    assert utc(added(calendar, a, passed(calendar, a, b))) == utc(calendar.next_working_time(b))


@given(CALENDARS, MOMENTS, DELTAS, DELTAS)
def test_adding_twice_is_adding_the_sum(calendar: Calendar, moment: datetime, a: timedelta, b: timedelta) -> None:
    assert added(calendar, added(calendar, moment, a), b) == added(calendar, moment, a + b)


@settings(max_examples=40)
@given(CALENDARS, AROUND_NOWRUZ | NEAR_CLOCK_CHANGES)
@example(Calendar.of({"monday": ["00:30-01:10", "01:20-04:00"]}), datetime(2021, 3, 21, 20, tzinfo=UTC))
@example(Calendar.of({"monday": ["00:45-00:50", "01:00-03:00"]}), datetime(2021, 3, 21, 20, tzinfo=UTC))
def test_working_time_is_the_sum_of_its_working_minutes(calendar: Calendar, moment: datetime) -> None:
    start = utc(moment).replace(second=0, microsecond=0)
    minutes = [start + number * MINUTE for number in range(2 * 24 * 60)]
    working = sum(calendar.is_working(minute) for minute in minutes)
    assert passed(calendar, start, minutes[-1] + MINUTE) == working * MINUTE


def test_milliseconds_over_fortnights_and_dates_day_by_day_agree_in_five_thousand_cases() -> None:
    chance = random.Random(1405)
    round_the_clock = Calendar.of({name: ["00:00-24:00"] for name in WEEKDAYS})
    lost = Calendar.of({"monday": ["00:30-01:10", "01:20-04:00"]}, holidays=holidays.official)
    for _ in range(5000):
        calendar = chance.choice([SHOP, NIGHTS, round_the_clock, lost])
        near = chance.choice(
            [datetime(2026, 11, 23, tzinfo=UTC), datetime(2021, 9, 21, tzinfo=UTC), EPOCH + 9000 * DAY]
        )
        moment = near + chance.randrange(300 * 24 * 3600 * 1000) * MS
        delta = chance.choice([0, 3600, 86_400]) * 1000 * MS + chance.randrange(3600 * 1000) * MS
        assert calendar.working(ms(moment)) == ms(next(coming(calendar, moment))[0])
        assert calendar.after(ms(moment), delta // MS) == ms(added_plainly(calendar, moment, delta))


@given(st.sampled_from([SHOP, NIGHTS]), AROUND_NOWRUZ)
def test_is_working_agrees_with_the_clock_on_the_wall(calendar: Calendar, moment: datetime) -> None:
    local = moment.astimezone(TEHRAN)
    on = [(local.date(), local.hour), (local.date() - DAY, local.hour + 24)]
    if calendar is SHOP:
        hours = {3: {*range(9, 13)}, 4: set()}
        week = {day: hours.get(day, {*range(9, 13), *range(14, 18)}) for day in range(7)}
        expected = any(hour in week[day.weekday()] and not holidays.official(day) for day, hour in on)
    else:
        expected = any(20 <= hour < 26 and day.weekday() in {2, 5} for day, hour in on)
    assert calendar.is_working(moment) == expected


def test_clock_changes_of_the_past() -> None:
    night = Calendar.of({name: ["22:00-06:00"] for name in WEEKDAYS})
    spring, autumn = tehran("2021-03-21 12:00"), tehran("2021-09-21 12:00")
    assert passed(night, spring, spring + DAY) == 7 * HOUR
    assert passed(night, autumn, autumn + DAY) == 9 * HOUR
    assert added(night, spring, 3 * HOUR) == tehran("2021-03-22 02:00")
    assert night.next_working_time(tehran("2021-09-21 23:30").replace(fold=1)).fold == 1
