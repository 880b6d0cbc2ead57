from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from notifier.domain.quiet import QuietHours

TEHRAN = ZoneInfo("Asia/Tehran")
NIGHT = QuietHours(time(22), time(8))
NOON = QuietHours(time(13), time(14, 30))

WINDOWS = st.tuples(st.times(), st.times()).filter(lambda ends: ends[0] != ends[1]).map(lambda ends: QuietHours(*ends))
MODERN = st.datetimes(datetime(2022, 10, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
EVER = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def tehran(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TEHRAN)


@pytest.mark.parametrize(
    ("hours", "moment", "allowed"),
    [
        (NIGHT, "2026-11-23 21:59:59", "2026-11-23 21:59:59"),
        (NIGHT, "2026-11-23 22:00", "2026-11-24 08:00"),
        (NIGHT, "2026-11-23 23:59:59.999999", "2026-11-24 08:00"),
        (NIGHT, "2026-11-24 00:00", "2026-11-24 08:00"),
        (NIGHT, "2026-11-24 07:59:59", "2026-11-24 08:00"),
        (NIGHT, "2026-11-24 08:00", "2026-11-24 08:00"),
        (NOON, "2026-11-24 12:59", "2026-11-24 12:59"),
        (NOON, "2026-11-24 13:00", "2026-11-24 14:30"),
        (NOON, "2026-11-24 14:30", "2026-11-24 14:30"),
        (QuietHours(time(20), time(0)), "2026-11-24 20:30", "2026-11-25 00:00"),
        (QuietHours(time(0), time(7)), "2026-11-24 00:00", "2026-11-24 07:00"),
        (QuietHours(time(22), time(8), enabled=False), "2026-11-24 03:00", "2026-11-24 03:00"),
    ],
)
def test_the_window_and_its_edges(hours: QuietHours, moment: str, allowed: str) -> None:
    assert hours.next_allowed(tehran(moment), TEHRAN) == tehran(allowed)


def test_it_is_the_shops_clock_that_counts() -> None:
    evening = datetime(2026, 11, 23, 19, tzinfo=UTC)  # 22:30 in Tehran
    assert NIGHT.next_allowed(evening, TEHRAN) == datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
    assert NIGHT.next_allowed(evening, UTC) is evening


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError, match="from 22:00:00 to 22:00:00 are no window"):
        QuietHours(time(22), time(22))
    with pytest.raises(ValueError, match="without a zone"):
        QuietHours(time(22, tzinfo=UTC), time(8))
    with pytest.raises(ValueError, match="has no time zone"):
        NIGHT.next_allowed(datetime(2026, 11, 23), TEHRAN)  # noqa: DTZ001


@given(WINDOWS, MODERN)
@example(QuietHours(time(0, 0, 1), time(0)), datetime(2026, 11, 22, 20, 30, 1, tzinfo=UTC))
def test_texts_wait_for_the_end_and_no_longer(hours: QuietHours, moment: datetime) -> None:
    allowed = hours.next_allowed(moment, TEHRAN)
    assert hours.next_allowed(allowed, TEHRAN) == allowed
    assert moment <= allowed < moment + timedelta(days=1)
    if allowed != moment:
        assert allowed.astimezone(TEHRAN).time() == hours.end
    else:
        assert allowed is moment


@given(WINDOWS, MODERN, MODERN)
def test_order_is_kept(hours: QuietHours, a: datetime, b: datetime) -> None:
    a, b = sorted((a, b))
    assert hours.next_allowed(a, TEHRAN) <= hours.next_allowed(b, TEHRAN)


@given(WINDOWS, EVER)
@example(QuietHours(time(22), time(0, 30)), datetime(2021, 3, 21, 19, tzinfo=UTC))  # it ends in the skipped hour
@example(QuietHours(time(22), time(23, 30)), datetime(2021, 9, 21, 19, 45, tzinfo=UTC))  # it ends twice
def test_clock_changes_of_the_past_do_no_harm(hours: QuietHours, moment: datetime) -> None:
    open_for = (datetime.combine(moment, hours.start) - datetime.combine(moment, hours.end)) % timedelta(days=1)
    assume(open_for > timedelta(hours=1))  # a shorter daytime may itself be skipped
    allowed = hours.next_allowed(moment, TEHRAN)
    assert hours.next_allowed(allowed, TEHRAN) == allowed
    assert moment <= allowed.astimezone(UTC) < moment + timedelta(hours=25)


def test_an_end_in_a_skipped_hour_is_shown_as_a_time_that_was() -> None:
    allowed = QuietHours(time(22), time(0, 30)).next_allowed(datetime(2021, 3, 21, 19, tzinfo=UTC), TEHRAN)
    assert allowed.isoformat() == "2021-03-22T01:30:00+04:30"
