"""What single pieces of news bring about."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import replace as changed
from rulebook import (
    AT_NIGHT,
    MORNING,
    NOON,
    RULEBOOK,
    Story,
    details,
    event,
    planned,
    play,
    told,
)

from notifier.domain.decide import Suppression, decide, derived_id
from notifier.domain.events import Details, EventType
from notifier.domain.messages import Audience
from notifier.domain.orders import Priority, Stage
from notifier.domain.timeline import LineKind, SuppressionReason

E = EventType


def test_a_message_carries_all_that_sending_needs() -> None:
    story = Story("tehran.online", reference="123456789")
    [message] = story.hear(E.PAID, 0).messages
    template = RULEBOOK.templates["payment_succeeded_tehran"]
    assert (message.template, message.version) == (template.name, template.version)
    assert (message.to, message.audience) == ("09121234567", Audience.CUSTOMER)
    assert (message.order_id, message.source) == ("10025", "shop")
    assert message.essential
    assert message.not_before is None
    assert message.expires_at == NOON + timedelta(days=7)
    assert "123456789" in message.text
    assert "۱۸٬۵۰۰٬۰۰۰ تومان" in message.text
    assert 0 < int(message.id) < 2**63


def test_a_call_carries_whom_to_phone_and_when() -> None:
    [call] = Story("tehran.online").hear(E.PAID, 0).calls
    assert (call.purpose, call.order_id, call.source) == ("reassurance", "10025", "shop")
    assert (call.phone, call.name) == ("09121234567", "سارا محمدی")
    assert call.due_at == NOON + timedelta(minutes=15)


def test_a_wait_is_counted_from_the_event_and_never_ends_in_the_past() -> None:
    registered = event(E.REGISTERED, 0, details("tehran.online"))
    soon = decide(None, [registered], RULEBOOK, NOON + timedelta(minutes=10))
    assert [message.not_before for message in soon.messages] == [NOON + timedelta(minutes=30)]
    assert [call.due_at for call in soon.calls] == [NOON + timedelta(hours=2)]
    late = NOON + timedelta(days=1)
    decision = decide(None, [registered], RULEBOOK, late)
    assert [message.not_before for message in decision.messages] == [None]
    # What follows upon the text keeps its distance to it: nobody is phoned about a text that only just left.
    assert [call.due_at for call in decision.calls] == [late + timedelta(minutes=90)]


def test_quiet_hours_hold_what_can_wait() -> None:
    story = Story("tehran.online", rulebook=AT_NIGHT)
    [receipt] = story.hear(E.PAID).messages
    [packed] = story.hear(E.PACKED).messages
    assert receipt.not_before is None
    assert packed.not_before == MORNING
    assert packed.expires_at == MORNING + timedelta(hours=12)


@pytest.mark.parametrize(("phone", "reason"), [(None, "no_mobile"), ("02191001234", "no_mobile")])
def test_only_mobiles_are_written_to_but_everybody_is_called(phone: str | None, reason: str) -> None:
    story = Story("tehran.cash", phone=phone)
    decision = story.hear(E.REGISTERED)
    assert decision.messages == ()
    assert decision.suppressed == (Suppression("template", "order_registered_cash", SuppressionReason(reason)),)
    assert [call.phone for call in decision.calls] == [phone]
    assert [line.what for line in decision.timeline if line.kind is LineKind.SUPPRESSED] == ["order_registered_cash"]


def test_a_customer_abroad_is_written_to_when_the_number_is_a_mobile_s() -> None:
    assert told(Story("tehran.cash", phone="+97455123456").hear(E.REGISTERED)) == ["order_registered_cash"]


def test_of_several_stages_reported_at_once_the_newest_is_told() -> None:
    kinds = (E.REGISTERED, E.PREPARING, E.PACKED, E.SHIPPED)
    story = play([[event(kind, minute, details("tehran.cash")) for minute, kind in enumerate(kinds)]])
    assert story.texts() == ["order_shipped_tehran"]
    assert [thing.what for thing in story.suppressed] == ["order_registered_cash", "order_preparing", "order_packed"]
    assert {thing.reason for thing in story.suppressed} == {SuppressionReason.SUPERSEDED}
    assert story.purposes() == ["coordination"]


def test_a_stage_that_comes_late_is_known_but_not_told() -> None:
    story = Story("tehran.cash")
    story.hear(E.SHIPPED, 5)
    decision = story.hear(E.PACKED, 3)
    assert decision.messages == ()
    assert decision.order.stage is Stage.SHIPPED
    assert decision.suppressed == (Suppression("template", "order_packed", SuppressionReason.SUPERSEDED),)


def test_the_same_news_twice_is_told_once() -> None:
    story = Story("tehran.cash")
    story.hear(E.REGISTERED)
    decision = story.hear(E.REGISTERED)
    assert (decision.messages, decision.calls, decision.suppressed) == ((), (), ())
    assert [line.kind for line in decision.timeline] == [LineKind.REPEATED]


@pytest.mark.parametrize("region", ["tehran", "elsewhere"])
def test_a_receipt_that_comes_late_is_told_all_the_same(region: str) -> None:
    story = Story(f"{region}.online", reference="123456789")
    story.hear(E.REGISTERED, 0)
    story.hear(E.SHIPPED, 5)
    decision = story.hear(E.PAID, 3)
    assert f"payment_succeeded_{region}" in told(decision)
    assert decision.order.prepaid
    assert decision.order.stage is Stage.SHIPPED


def test_a_withheld_stage_is_told_when_the_deposit_is_confirmed_the_newest_only() -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED)
    for kind in (E.PREPARING, E.PACKED, E.SHIPPED):
        decision = story.hear(kind, tracking_code="24100" if kind is E.SHIPPED else None)
        assert not decision.messages
        assert {thing.reason for thing in decision.suppressed} == {SuppressionReason.NOT_PAID}
    decision = story.hear(E.DEPOSIT_CONFIRMED)
    assert told(decision) == ["deposit_confirmed", "order_shipped_elsewhere"]
    assert "24100" in decision.messages[1].text
    assert planned(decision) == ["shipping_update"]
    assert decision.order.withheld is None


def test_a_withheld_stage_is_not_told_once_the_order_is_cancelled() -> None:
    story = Story("elsewhere.bank_transfer")
    for kind in (E.REGISTERED, E.PREPARING, E.CANCELLED):
        story.hear(kind)
    decision = story.hear(E.DEPOSIT_CONFIRMED, 1)
    assert "order_preparing" not in told(decision)
    assert "order_cancelled_prepaid" in told(decision)


def test_a_tracking_code_that_comes_later_is_told_without_a_second_call() -> None:
    story = Story("elsewhere.online")
    story.hear(E.PAID)
    story.hear(E.SHIPPED)
    decision = story.hear(E.SHIPPED, tracking_code="24100")
    assert told(decision) == ["order_shipped_elsewhere"]
    assert "24100" in decision.messages[0].text
    assert decision.calls == ()
    assert story.purposes() == ["shipping_update"]
    assert story.hear(E.SHIPPED, tracking_code="24100").messages == ()
    assert story.hear(E.SHIPPED).messages == ()


def test_a_tracking_code_reported_together_with_the_parcel_is_told_once() -> None:
    about = details("elsewhere.online")
    with_code = changed(about, tracking_code="24100")
    story = play([[event(E.PAID, 0, about)], [event(E.SHIPPED, 1, about), event(E.SHIPPED, 2, with_code)]])
    assert story.texts() == ["payment_succeeded_elsewhere", "order_shipped_elsewhere"]
    assert story.purposes() == ["shipping_update"]


@pytest.mark.parametrize("minutes", [(1, 2), (2, 1)])
def test_of_two_parcels_each_is_told_once_with_its_own_code(minutes: tuple[int, int]) -> None:
    story = Story("tehran.online")
    for minute in minutes:
        story.hear(E.SHIPPED, minute, tracking_code=f"2410{minute}", carrier=f"پیک{minute}")
    assert story.order is not None
    assert story.order.details.tracking_code == "24102"
    for minute in (1, 2):
        texts = [message.text for message in story.messages.values() if f"2410{minute}" in message.text]
        assert len(texts) == 1
        assert f"پیک{minute}" in texts[0]


def test_a_parcel_that_waits_for_the_morning_is_told_beside_a_second_one() -> None:
    story = Story("elsewhere.online", rulebook=AT_NIGHT)
    story.hear(E.PAID, 0)
    story.hear(E.SHIPPED, 1, tracking_code="24101", codes=("24101",))
    story.hear(E.SHIPPED, 2, tracking_code="24102", codes=("24101", "24102"))
    assert story.waiting() == ["order_shipped_elsewhere"] * 2


def test_a_code_that_was_corrected_before_it_was_told_is_told_no_more() -> None:
    story = Story("elsewhere.online", rulebook=AT_NIGHT)
    story.hear(E.PAID, 0)
    story.hear(E.SHIPPED, 1, tracking_code="24101", codes=("24101",))
    story.hear(E.SHIPPED, 2, tracking_code="24102", codes=("24102",))
    assert [m.text for m in story.messages.values() if m.id not in story.dropped and "24101" in m.text] == []
    assert story.waiting() == ["order_shipped_elsewhere"]


@pytest.mark.parametrize("group", ["tehran.cash", "tehran.online", "elsewhere.online", "elsewhere.bank_transfer"])
@pytest.mark.parametrize("prepaid", [False, True])
def test_cancelled_revived_and_cancelled_again_are_three_truths(group: str, prepaid: bool) -> None:
    story = Story(group)
    story.hear(E.REGISTERED, 0)
    if prepaid and "cash" not in group:
        story.hear(E.DEPOSIT_CONFIRMED if "bank" in group else E.PAID, 1)
    first = story.hear(E.CANCELLED, 2)
    back = story.hear(E.REGISTERED, 3)
    second = story.hear(E.CANCELLED, 4)
    assert told(first)
    assert told(back)
    assert told(second) == told(first)
    assert planned(second) == planned(first)
    assert told(story.hear(E.CANCELLED, 4)) == []
    assert told(story.hear(E.CANCELLED, 5)) == []


def test_of_cancellations_reported_together_the_last_is_told() -> None:
    story = Story("tehran.cash")
    story.hear(E.REGISTERED, 0)
    decision = story.tell(*(event(kind, minute, story.about) for minute, kind in enumerate(
        (E.CANCELLED, E.REGISTERED, E.CANCELLED), start=1)))  # fmt: skip
    assert told(decision) == ["order_cancelled"]


def test_the_confirmation_is_told_even_in_the_second_of_a_rejection() -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED, 0)
    story.hear(E.DEPOSIT_REJECTED, 5)
    decision = story.hear(E.DEPOSIT_CONFIRMED, 5)
    assert decision.order.prepaid
    assert told(decision) == ["deposit_confirmed"]


@pytest.mark.parametrize("late", [E.DEPOSIT_REPORTED, E.DEPOSIT_REJECTED])
def test_word_of_a_deposit_that_is_settled_is_not_told(late: EventType) -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.DEPOSIT_CONFIRMED, 5)
    decision = story.hear(late, 3)
    assert not decision.messages
    assert not decision.calls
    assert {thing.reason for thing in decision.suppressed} == {SuppressionReason.SUPERSEDED}


def test_priority_comes_with_the_payment_and_goes_with_the_cancellation() -> None:
    story = Story("tehran.online")
    assert story.hear(E.REGISTERED).order.priority is Priority.NORMAL
    assert story.hear(E.PAID).order.priority is Priority.HIGH
    cancelled = story.hear(E.CANCELLED).order
    assert cancelled.priority is Priority.NORMAL
    assert not cancelled.prepaid


def test_a_partial_refund_does_not_take_prepaid_away() -> None:
    story = Story("tehran.online")
    story.hear(E.PAID)
    assert story.hear(E.REFUNDED, refund_amount=1_000_000, refund_reference="r1").order.prepaid
    assert not story.hear(E.REFUNDED, refund_amount=185_000_000, refund_reference="r2").order.prepaid


def test_a_cancelled_customer_hears_of_the_refund_and_of_nothing_else() -> None:
    story = Story("tehran.online")
    story.hear(E.PAID, 1)
    story.hear(E.CANCELLED, 5)
    assert told(story.hear(E.SHIPPED, 6)) == []
    assert told(story.hear(E.REFUNDED, 7)) == ["payment_refunded"]


def test_versions_count_and_the_first_hearing_is_remembered() -> None:
    story = Story("tehran.cash")
    first = story.hear(E.REGISTERED, 0).order
    second = story.hear(E.PACKED, 9).order
    assert (first.v, second.v) == (1, 2)
    assert first.created_at == second.created_at == first.updated_at < second.updated_at


def test_installations_do_not_share_ids() -> None:
    told = [event(E.REGISTERED, 0, details("tehran.cash"))]
    one, other = (play([told], rulebook=replace(RULEBOOK, namespace=name)) for name in ("", "test"))
    assert not {*one.messages, *one.calls} & {*other.messages, *other.calls}


def test_derived_ids_are_positive_stable_and_tell_their_parts_apart() -> None:
    assert derived_id("a", "bc") != derived_id("ab", "c")
    assert derived_id("a", "b") == derived_id("a", "b")
    assert 0 < int(derived_id()) < 2**63


def test_a_rule_that_is_not_there_does_nothing() -> None:
    decision = Story("tehran.cash").hear(E.DEPOSIT_REPORTED)
    assert (decision.messages, decision.calls, decision.suppressed) == ((), (), ())
    assert decision.order.news.keys() == {E.DEPOSIT_REPORTED}


def test_an_order_nobody_said_anything_about() -> None:
    decision = decide(None, [event(E.REGISTERED, 0, Details())], RULEBOOK, NOON)
    assert planned(decision) == ["arrange_payment"]
    assert [thing.reason for thing in decision.suppressed] == [SuppressionReason.NO_MOBILE]


def test_a_reminder_counts_from_the_text_it_reminds_of() -> None:
    """An order of 21 hours ago, heard of only now: the text now, the reminder 20 hours later, the call 10 later."""
    registered = event(E.REGISTERED, 0, details("elsewhere.bank_transfer"))
    now = NOON + timedelta(hours=21)
    decision = decide(None, [registered], RULEBOOK, now)
    assert [(message.template, message.not_before) for message in decision.messages] == [
        ("order_registered_transfer", None),
        ("deposit_reminder", now + timedelta(hours=20)),
    ]
    assert [(call.purpose, call.due_at) for call in decision.calls] == [("deposit_reminder", now + timedelta(hours=30))]
    assert "سه‌شنبه ۳ آذر ساعت ۱۲:۰۰" in decision.messages[0].text  # the shop counts from the order, and cancels by that


def test_a_reminder_counts_from_the_end_of_the_night_where_its_text_waits_for_it() -> None:
    registered = event(E.REGISTERED, 0, details("tehran.online"))
    night = replace(AT_NIGHT, working_time=lambda moment: moment)
    decision = decide(None, [registered], night, NOON)
    assert [message.not_before for message in decision.messages] == [MORNING]
    assert [call.due_at for call in decision.calls] == [MORNING + timedelta(minutes=90)]
