"""Deposits in part, returns that are judged, deliveries that fail, delays: what is told, and what is not."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from rulebook import NOON, RULEBOOK, Story, event, planned, told

from notifier.domain.events import Details, EventType
from notifier.domain.orders import Order, Stage, apply_events
from notifier.domain.timeline import SuppressionReason
from notifier.errors import Unprocessable
from notifier.intake.standard import payload as standard

E = EventType
MILLION = 1_000_000


def transfer() -> Story:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED, 0)
    return story


def part(story: Story, rial: int | None, reference: str | None = None) -> Any:
    return story.hear(E.DEPOSIT_CONFIRMED, deposit_amount=rial, reference=reference)


def reasons(decision: Any) -> list[tuple[str, SuppressionReason]]:
    return [(one.what, one.reason) for one in decision.suppressed]


def test_a_part_of_a_deposit_is_told_with_what_is_left_and_is_not_prepaid() -> None:
    story = transfer()
    first = part(story, 100 * MILLION, "a")
    assert told(first) == ["deposit_in_part"]
    assert "از ۱۸٬۵۰۰٬۰۰۰ تومان سفارش ۱۰۰۲۵، ۱۰٬۰۰۰٬۰۰۰ تومان رسید." in first.messages[0].text
    assert "مانده: ۸٬۵۰۰٬۰۰۰ تومان" in first.messages[0].text
    assert (first.order.prepaid, first.order.stage) == (False, Stage.REGISTERED)
    assert told(story.hear(E.PREPARING)) == []  # no stage before the whole sum
    assert story.purposes() == ["deposit_reminder"]  # of what is left


def test_several_parts_sum_up_to_the_whole() -> None:
    story = transfer()
    part(story, 100 * MILLION, "a")
    assert told(part(story, 45 * MILLION, "b")) == ["deposit_in_part"]
    last = part(story, 40 * MILLION, "c")
    assert told(last) == ["deposit_confirmed"]
    assert "۴٬۰۰۰٬۰۰۰ تومان" in last.messages[0].text
    assert (last.order.prepaid, last.order.stage) == (True, Stage.PAID)
    assert story.purposes() == []
    assert told(part(story, 40 * MILLION, "c")) == []


def test_the_rest_may_be_confirmed_without_a_sum() -> None:
    story = transfer()
    part(story, 100 * MILLION, "a")
    assert told(part(story, None)) == ["deposit_confirmed"]
    assert story.order is not None
    assert story.order.prepaid


def test_of_more_than_the_order_costs_the_staff_is_told() -> None:
    story = transfer()
    more = part(story, 200 * MILLION, "a")
    assert (told(more), planned(more), more.order.prepaid) == (["deposit_confirmed"], ["arrange_payment"], True)
    assert more.order.deposit_surplus == 15 * MILLION


def test_that_all_is_there_is_told_once_whoever_says_so() -> None:
    story = transfer()
    assert told(part(story, None)) == ["deposit_confirmed"]
    again = part(story, 185 * MILLION, "a")
    assert (told(again), planned(again)) == ([], [])


PARTS = [
    event(E.DEPOSIT_CONFIRMED, 1, Details(deposit_amount=100, reference="a")),
    event(E.DEPOSIT_CONFIRMED, 2, Details(deposit_amount=85, reference="b")),
    event(E.DEPOSIT_CONFIRMED, 3, Details(deposit_amount=100, reference="a")),  # once more
    event(E.REGISTERED, 0, Details(amount=185)),
]


def test_parts_sum_up_in_whatever_order_they_come() -> None:
    ends = {apply_events(Order(id="1", source="shop"), turn).deposit_received for turn in permutations(PARTS)}
    assert ends == {185}
    assert {apply_events(Order(id="1", source="shop"), turn).deposit_rest for turn in permutations(PARTS)} == {0}


def test_cancelled_because_the_deposit_never_came() -> None:
    late, early = transfer(), transfer()
    assert told(late.hear(E.CANCELLED, 25 * 60)) == ["order_cancelled_no_deposit"]
    assert told(early.hear(E.CANCELLED, 60)) == ["order_cancelled"]
    reported = transfer()
    reported.hear(E.DEPOSIT_REPORTED, 23 * 60)
    assert told(reported.hear(E.CANCELLED, 25 * 60)) == ["order_cancelled"]


def test_cancelled_after_a_part_came() -> None:
    story = transfer()
    part(story, 100 * MILLION, "a")
    cancelled = story.hear(E.CANCELLED, 25 * 60)
    assert told(cancelled) == ["order_cancelled_part"]
    assert "۱۰٬۰۰۰٬۰۰۰ تومان" in cancelled.messages[0].text


@pytest.mark.parametrize("group", ["tehran.cash", "tehran.online", "elsewhere.bank_transfer", "unknown"])
def test_a_return_is_judged(group: str) -> None:
    story = Story(group)
    story.hear(E.REGISTERED, 0)
    assert planned(story.hear(E.RETURN_REQUESTED)) == ["return"]
    accepted = story.hear(E.RETURN_ACCEPTED)
    assert (told(accepted), planned(accepted)) == (["order_return_accepted"], ["return"])
    assert story.purposes().count("return") == 1
    refused = story.hear(E.RETURN_REFUSED, return_reason="پلمب باز شده است.")
    assert told(refused) == ["order_return_refused"]
    assert "دلیل: پلمب باز شده است\n" in refused.messages[0].text
    assert "return" not in story.purposes()
    assert refused.order.stage is Stage.RETURN_REQUESTED


def test_a_return_judged_that_nobody_asked_for_waits_for_the_request() -> None:
    story = Story("tehran.online")
    story.hear(E.DELIVERED, 0)
    judged = story.hear(E.RETURN_ACCEPTED, 10)
    assert (told(judged), planned(judged)) == ([], [])
    assert ("order_return_accepted", SuppressionReason.NOT_REQUESTED) in reasons(judged)
    asked = story.hear(E.RETURN_REQUESTED, 5)
    assert told(asked) == ["order_return_accepted"]  # what is judged needs no «درخواست ثبت شد» any more
    assert story.purposes() == ["return"]


def test_a_delivery_fails_and_is_tried_again() -> None:
    story = Story("tehran.online")
    story.hear(E.PAID, 0)
    story.hear(E.OUT_FOR_DELIVERY, 10)
    failed = story.hear(E.DELIVERY_FAILED, 20, failure_reason="کسی در نشانی نبود")
    assert told(failed) == ["order_delivery_failed"]
    assert "انجام نشد: کسی در نشانی نبود." in failed.messages[0].text
    assert failed.order.stage is Stage.OUT_FOR_DELIVERY
    assert told(story.hear(E.OUT_FOR_DELIVERY, 30)) == ["order_out_for_delivery"]
    assert told(story.hear(E.OUT_FOR_DELIVERY, 30)) == []
    assert told(story.hear(E.DELIVERY_FAILED, 40)) == ["order_delivery_failed"]


def test_a_delivery_that_failed_after_the_order_was_delivered_is_told_to_nobody() -> None:
    story = Story("tehran.online")
    story.hear(E.PAID, 0)
    story.hear(E.DELIVERED, 10)
    failed = story.hear(E.DELIVERY_FAILED, 20)
    assert (told(failed), planned(failed), failed.order.stage) == ([], [], Stage.DELIVERED)
    assert ("order_delivery_failed", SuppressionReason.SUPERSEDED) in reasons(failed)


def test_each_new_date_of_a_delay_is_told_once_until_the_order_leaves() -> None:
    story = Story("tehran.online")
    story.hear(E.PAID, 0)
    late = story.hear(E.DELAYED, new_date=date(2026, 12, 1))
    assert told(late) == ["order_delayed"]
    assert "روز تازه ارسال: سه‌شنبه ۱۰ آذر" in late.messages[0].text
    assert told(story.hear(E.DELAYED, new_date=date(2026, 12, 1))) == []
    assert told(story.hear(E.DELAYED, new_date=date(2026, 12, 5))) == ["order_delayed"]
    story.hear(E.SHIPPED)
    assert told(story.hear(E.DELAYED, new_date=date(2026, 12, 9))) == []


def test_a_delay_to_a_day_that_has_passed_when_it_is_heard_of() -> None:
    story = Story("tehran.online")
    story.hear(E.PAID, 0)
    late = event(E.DELAYED, 1, Details(new_date=NOON.date()))
    decision = story.tell(late, now=NOON + timedelta(days=1))
    assert told(decision) == []
    assert reasons(decision) == [("order_delayed", SuppressionReason.PAST)]


def test_news_of_the_parcel_waits_for_the_money() -> None:
    story = Story("elsewhere.online")
    story.hear(E.REGISTERED, 0)
    waits = story.hear(E.DELAYED, 2, new_date=date(2026, 12, 1))
    assert reasons(waits) == [("order_delayed", SuppressionReason.NOT_PAID)]
    assert told(story.hear(E.PAID, 1)) == ["payment_succeeded_elsewhere", "order_delayed"]


def payload(kind: EventType, **data: Any) -> standard.Payload:
    return standard.validate(
        {"type": kind, "timestamp": "2026-11-23T10:00:00+03:30", "data": {"order_id": "10025"} | data}
    )


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (E.DEPOSIT_CONFIRMED, {"payment": {"amount": 0}}, "no money came"),
        (E.DEPOSIT_REPORTED, {"payment": {"amount": 0}}, "no money came"),
        (E.DEPOSIT_CONFIRMED, {"payment": {"amount": -5}}, "is negative"),
        (E.DELAYED, {}, "needs data.new_date"),
        (E.DELAYED, {"new_date": "2026-11-22"}, "before the day of the news"),
        (E.DELAYED, {"new_date": "2028-11-22"}, "more than a year"),
        (E.DELAYED, {"new_date": "soon"}, "is no day; send it as 2026-12-01"),
        (E.DELAYED, {"new_date": "1405-09-10"}, "is not a year"),
        (E.DELAYED, {"new_date": "9" * 200}, "is longer than 100"),
        (E.DELAYED, {"new_date": 5}, "date"),
        (E.RETURN_REFUSED, {"reason": "د" * 201}, "is longer than 200"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(kind: EventType, data: dict[str, Any], said: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        payload(kind, **data)
    assert any(said in mistake["msg"] for mistake in refused.value.errors)


@pytest.mark.parametrize(
    ("written", "day"),
    [("2026-12-01", date(2026, 12, 1)), ("2026-11-30T22:00:00Z", date(2026, 12, 1)), ("2026-11-23", NOON.date())],
)
def test_the_new_day_is_read(written: str, day: date) -> None:
    assert payload(E.DELAYED, new_date=written).event(source="shop", event_id="1").details.new_date == day


def test_a_reason_stands_with_what_it_explains() -> None:
    refused = payload(E.RETURN_REFUSED, reason="کالا سالم نیست").event(source="shop", event_id="1")
    cancelled = payload(E.CANCELLED, reason="ناموجود").event(source="shop", event_id="1")
    assert refused.details.return_reason == "کالا سالم نیست"
    assert cancelled.extra == {"reason": "ناموجود"}


def test_the_rulebook_has_what_these_tests_speak_of() -> None:
    assert RULEBOOK.shops.main.deposit_deadline == timedelta(hours=24)
