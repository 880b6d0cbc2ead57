"""What follows from an agreed time, from a mark, from a wish to be phoned, and from an order that is confirmed."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from rulebook import CUSTOMER, NOON, RULEBOOK, Story

from notifier.clock import TEHRAN
from notifier.domain.calls import Purpose
from notifier.domain.events import AgreedTime, EventType, PaymentMethod
from notifier.domain.slots import SlotRule, SlotRules, Timetable, Weekday
from notifier.domain.tally import of_order
from notifier.domain.timeline import SuppressionReason

E = EventType
TUESDAY = AgreedTime(date(2026, 12, 1), time(16), time(19))
WEDNESDAY = AgreedTime(date(2026, 12, 2), time(10, 30), time(13))
WITH_SLOTS = replace(
    RULEBOOK,
    timetable=Timetable(
        rules=SlotRules(
            slots=(SlotRule(region="tehran", weekday=tuple(Weekday), start=time(16), end=time(19), places=2),)
        ),
        zone=TEHRAN,
    ),
)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=TEHRAN)


def begun(group: str = "tehran.cash", *, slots: bool = True) -> Story:
    story = Story(group, rulebook=WITH_SLOTS if slots else RULEBOOK)
    story.hear(E.REGISTERED)
    return story


def reminder(story: Story) -> list[datetime | None]:
    found = [one for one in story.messages.values() if one.template == "delivery_reminder"]
    return [one.not_before for one in found if one.id not in story.dropped]


@pytest.mark.parametrize(
    "group", ["tehran.cash", "tehran.online", "tehran.phone", "elsewhere.online", "elsewhere.bank_transfer", "unknown"]
)
def test_an_agreed_time_is_told_and_reminded_of_that_morning(group: str) -> None:
    story = begun(group)
    decision = story.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    first, second = decision.messages
    assert (first.template, second.template) == ("delivery_agreed", "delivery_reminder")
    assert "سه‌شنبه ۱۰ آذر، ساعت ۱۶ تا ۱۹" in first.text
    assert "امروز ساعت ۱۶ تا ۱۹" in second.text
    assert (second.not_before, second.expires_at) == (at(1, 9), at(1, 19))


def test_minutes_are_said_where_there_are_any() -> None:
    (text, _) = begun().hear(E.DELIVERY_AGREED, delivery=WEDNESDAY).messages
    assert "چهارشنبه ۱۱ آذر، ساعت ۱۰:۳۰ تا ۱۳" in text.text


def test_a_changed_time_takes_the_reminder_with_it() -> None:
    story = begun()
    story.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    decision = story.hear(E.DELIVERY_CHANGED, delivery=WEDNESDAY)
    assert [one.template for one in decision.messages] == ["delivery_changed", "delivery_reminder"]
    assert reminder(story) == [at(2, 9)]
    back = story.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    assert [one.template for one in back.messages] == ["delivery_agreed", "delivery_reminder"]
    assert reminder(story) == [at(1, 9)]


@pytest.mark.parametrize("end", [E.DELIVERY_RELEASED, E.OUT_FOR_DELIVERY, E.CANCELLED, E.DELIVERED])
def test_a_time_that_holds_no_more_is_not_reminded_of(end: EventType) -> None:
    story = begun()
    story.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    story.hear(end)
    assert reminder(story) == []


def test_of_a_time_on_the_same_day_nobody_is_reminded() -> None:
    story = begun()
    today = AgreedTime(NOON.date(), time(16), time(19))
    decision = story.hear(E.DELIVERY_AGREED, delivery=today)
    assert [one.template for one in decision.messages] == ["delivery_agreed"]
    assert [(one.what, one.reason) for one in decision.suppressed] == [("delivery_reminder", SuppressionReason.PAST)]


def test_a_reminder_keeps_quiet_hours_and_comes_no_later_than_the_time() -> None:
    until_ten = replace(
        WITH_SLOTS, texting_time=lambda moment: max(moment, moment.replace(hour=10, minute=0, second=0))
    )
    story = Story("tehran.cash", rulebook=until_ten)
    story.hear(E.REGISTERED)
    story.hear(E.DELIVERY_AGREED, delivery=AgreedTime(TUESDAY.date, time(8), time(12)))
    assert reminder(story) == [at(1, 10)]
    early = begun()
    early.hear(E.DELIVERY_AGREED, delivery=AgreedTime(TUESDAY.date, time(8), time(12)))
    assert reminder(early) == [at(1, 8)]


def test_a_release_is_told_only_where_a_time_stood() -> None:
    story = begun()
    assert story.hear(E.DELIVERY_RELEASED).messages == ()
    story.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    assert [one.template for one in story.hear(E.DELIVERY_RELEASED).messages] == ["delivery_released"]


def test_the_agreed_time_is_what_coordination_was_for() -> None:
    story = begun()
    assert story.purposes() == [Purpose.COORDINATION]
    story.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    assert story.purposes() == []
    story.hear(E.DELIVERY_RELEASED)
    assert story.purposes() == [Purpose.COORDINATION]


@pytest.mark.parametrize("leaves", [E.SHIPPED, E.OUT_FOR_DELIVERY])
@pytest.mark.parametrize("group", ["tehran.online", "tehran.phone"])
def test_an_order_that_leaves_without_a_time_makes_a_call(group: str, leaves: EventType) -> None:
    story = begun(group)
    if group == "tehran.online":
        story.hear(E.PAID)
    story.hear(leaves)
    assert Purpose.COORDINATION in story.purposes()
    story.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    assert Purpose.COORDINATION not in story.purposes()
    without = begun(group, slots=False)
    without.hear(E.PAID)
    without.hear(leaves)
    assert Purpose.COORDINATION not in without.purposes()


def test_who_confirms_is_phoned_only_for_a_time() -> None:
    assert begun(slots=False).hear(E.CONFIRMED).order.open_calls == {}
    story = begun()
    story.hear(E.CONFIRMED)
    assert story.purposes() == [Purpose.COORDINATION]
    timed = begun()
    timed.hear(E.DELIVERY_AGREED, delivery=TUESDAY)
    timed.hear(E.CONFIRMED)
    assert timed.purposes() == []


def test_a_wish_to_be_phoned_is_a_call_at_that_time() -> None:
    story = begun("elsewhere.online")
    (call,) = story.hear(E.CALLBACK_REQUESTED, callback_at=at(1, 17)).calls
    assert (call.purpose, call.due_at) == (Purpose.CALLBACK, at(1, 17))
    (soon,) = story.hear(E.CALLBACK_REQUESTED).calls  # the hour named before is not this one's
    assert soon.due_at == story.now
    assert [one for one in story.purposes() if one == Purpose.CALLBACK] == [Purpose.CALLBACK]
    (past,) = story.hear(E.CALLBACK_REQUESTED, callback_at=NOON - timedelta(days=1)).calls
    assert past.due_at == story.now


def test_a_wish_to_be_phoned_waits_for_working_time_and_outlives_a_cancellation() -> None:
    morning = replace(WITH_SLOTS, working_time=lambda moment: max(moment, moment.replace(hour=9, minute=0)))
    story = Story("tehran.cash", rulebook=morning)
    story.hear(E.REGISTERED)
    story.hear(E.CANCELLED)
    (call,) = story.hear(E.CALLBACK_REQUESTED, callback_at=at(1, 7)).calls
    assert call.due_at == at(1, 9)


@pytest.mark.parametrize("group", ["tehran.online", "tehran.cash", "elsewhere.bank_transfer", "unknown"])
@pytest.mark.parametrize(("mark", "called"), [(1, True), (2, True), (3, False), (5, False)])
def test_a_low_mark_makes_a_call_and_a_good_one_spares_it(group: str, mark: int, called: bool) -> None:
    story = begun(group)
    story.hear(E.PAID)
    story.hear(E.DELIVERED)
    story.hear(E.RATED, mark=mark)
    assert (Purpose.SATISFACTION in story.purposes()) is called
    due = [one.due_at for one in story.calls.values() if one.purpose is Purpose.SATISFACTION and called]
    assert not due or due[-1] == story.now


def test_the_last_mark_counts() -> None:
    story = begun("tehran.cash")
    story.hear(E.DELIVERED)
    story.hear(E.RATED, mark=1)
    before = story.order
    story.hear(E.RATED, mark=5)
    assert story.purposes() == []
    assert story.order is not None
    counted = [one.counts for one in of_order(before, story.order, 2**50)]
    assert counted == [{"mark 1": -1}, {"mark 5": 1}]
    story.hear(E.RATED, mark=1)  # and again
    assert story.purposes() == [Purpose.SATISFACTION]
    assert story.order.details.mark == 1


def test_a_customer_without_a_mobile_gets_no_text_of_a_time() -> None:
    story = Story("tehran.cash", rulebook=WITH_SLOTS, phone="02191001234", name=CUSTOMER.name)
    story.hear(E.REGISTERED)
    assert story.hear(E.DELIVERY_AGREED, delivery=TUESDAY).messages == ()
    assert story.about.method is PaymentMethod.CASH
