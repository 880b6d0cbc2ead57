"""Orders whose method or city changes, becomes known late, or is not on offer."""

import pytest
from rulebook import GROUPS, Story, planned, told

from notifier.domain.events import Details, EventType, PaymentMethod
from notifier.domain.orders import Order
from notifier.domain.timeline import LineKind, SuppressionReason

E = EventType
MONEY = ("تومان", "ریال", "پرداخت", "واریز", "مبلغ", "وجه", "نقد")


def kinds(story: Story, kind: LineKind) -> list[str]:
    return [line.what for line in story.timeline if line.kind is kind]


def test_cash_in_isfahan_is_marked_once_and_called_once() -> None:
    story = Story("not on offer")
    decision = story.hear(E.REGISTERED)
    assert decision.order.violation
    assert not decision.order.prepaid
    assert planned(decision) == ["arrange_payment"]
    assert told(decision) == ["order_registered_review"]
    for kind in (E.PREPARING, E.PAID, E.PREPARING, E.SHIPPED):
        decision = story.hear(kind)
        assert decision.order.violation
        assert not decision.order.prepaid
    assert story.purposes() == ["arrange_payment"]
    marks = [line for line in story.timeline if line.kind is LineKind.VIOLATION]
    assert [(mark.what, mark.reason) for mark in marks] == [("cash", SuppressionReason.NOT_ON_OFFER)]


def test_the_call_is_dropped_when_the_method_turns_out_to_be_on_offer() -> None:
    story = Story("not on offer")
    story.hear(E.REGISTERED)
    decision = story.hear(E.PREPARING, city="تهران")
    assert not decision.order.violation
    assert len(decision.cancelled_calls) == 1
    assert kinds(story, LineKind.CALL_CANCELLED) == ["arrange_payment"]


def test_a_violation_that_comes_back_is_called_for_again() -> None:
    story = Story("not on offer")
    story.hear(E.REGISTERED)
    story.hear(E.PREPARING, method=PaymentMethod.ONLINE)
    story.hear(E.PACKED, method=PaymentMethod.CASH)
    assert story.purposes() == ["arrange_payment"]
    assert len(story.calls) == 3  # one of them to help with the online payment, dropped with the rest


@pytest.mark.parametrize("group", ["not on offer", "unknown", "elsewhere.online"])
def test_whoever_changes_to_a_transfer_learns_where_to_transfer(group: str) -> None:
    story = Story(group)
    story.hear(E.REGISTERED)
    decision = story.hear(E.REGISTERED, city="اصفهان", method=PaymentMethod.BANK_TRANSFER)
    assert told(decision) == ["order_registered_transfer", "deposit_reminder"]
    assert story.purposes() == story.waiting() == ["deposit_reminder"]


def test_whoever_pays_at_the_gateway_after_all_is_reminded_of_no_transfer() -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED)
    decision = story.hear(E.PAID, method=PaymentMethod.ONLINE)
    assert decision.order.prepaid
    assert told(decision) == ["payment_succeeded_elsewhere"]
    assert story.waiting() == story.purposes() == []


def test_whoever_changes_to_cash_is_called_to_agree_the_time() -> None:
    story = Story("tehran.online")
    story.hear(E.REGISTERED)
    decision = story.hear(E.REGISTERED, method=PaymentMethod.CASH)
    assert told(decision) == ["order_registered_cash"]
    assert story.purposes() == ["coordination"]
    assert story.waiting() == []


def test_one_call_when_both_promises_name_it() -> None:
    story = Story("unknown")
    story.hear(E.PREPARING)
    assert story.purposes() == ["arrange_payment"]
    story.hear(E.REGISTERED, city="تهران", method=PaymentMethod.PHONE)
    assert story.purposes() == ["arrange_payment"]


def test_an_order_already_on_its_way_is_not_welcomed_anew() -> None:
    story = Story("unknown")
    story.hear(E.REGISTERED)
    story.hear(E.SHIPPED)
    decision = story.hear(E.OUT_FOR_DELIVERY, city="تهران", method=PaymentMethod.CASH)
    assert told(decision) == ["order_out_for_delivery_cash"]


def test_a_payment_tells_the_method() -> None:
    story = Story("unknown", city="تهران")
    story.hear(E.REGISTERED)
    decision = story.hear(E.PAID)
    assert decision.order.method is PaymentMethod.ONLINE
    assert decision.order.prepaid
    assert story.purposes() == ["reassurance"]
    assert story.waiting() == []


def test_a_withheld_stage_is_told_when_nothing_holds_it_any_more() -> None:
    story = Story("elsewhere.online")
    story.hear(E.REGISTERED)
    assert told(story.hear(E.PREPARING)) == []
    decision = story.hear(E.REGISTERED, city="تهران", method=PaymentMethod.CASH)
    assert "order_preparing" in told(decision)
    assert decision.order.withheld is None


def test_the_order_is_the_shop_s() -> None:
    decision = Story("unknown", phone=None).hear(E.REGISTERED)
    assert decision.order == Order(
        v=1,
        id="10025",
        source="shop",
        details=Details(name="سارا محمدی", amount=185_000_000, items=decision.order.details.items),
        stamps=decision.order.stamps,
        news={"order.registered": {"": decision.order.news["order.registered"][""]}},
        registered_at=decision.order.news["order.registered"][""],
        open_calls=decision.order.open_calls,
        created_at=decision.order.created_at,
        updated_at=decision.order.updated_at,
    )


def test_a_parcel_told_of_already_is_not_told_of_again_when_the_money_comes() -> None:
    story = Story("tehran.cash")
    story.hear(E.SHIPPED, 5, tracking_code="24100")
    story.hear(E.SHIPPED, 3, city="اصفهان", method=PaymentMethod.BANK_TRANSFER, tracking_code="24200")
    story.hear(E.PACKED, 9, city="اصفهان", method=PaymentMethod.BANK_TRANSFER)
    story.hear(E.SHIPPED, 4, city="اصفهان", method=PaymentMethod.BANK_TRANSFER, tracking_code="24300")
    decision = story.hear(E.DEPOSIT_CONFIRMED, 10, city="اصفهان", method=PaymentMethod.BANK_TRANSFER)
    assert told(decision) == ["deposit_confirmed", "order_shipped_elsewhere"]
    assert ["24300" in message.text for message in decision.messages] == [False, True]
    assert [sum(code in text.text for text in story.messages.values()) for code in ("24100", "24300")] == [1, 1]


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_of_nothing_to_pay_nothing_is_said_of_money(group: str) -> None:
    for kinds in (
        (E.REGISTERED, E.PREPARING, E.SHIPPED, E.OUT_FOR_DELIVERY, E.DELIVERED),
        (E.PAID, E.PACKED, E.SHIPPED, E.DELIVERED),
        (E.REGISTERED, E.PAYMENT_FAILED, E.PAID),
        (E.REGISTERED, E.DEPOSIT_REPORTED, E.DEPOSIT_CONFIRMED),
        (E.REGISTERED, E.OUT_FOR_DELIVERY),
        (E.REGISTERED, E.CANCELLED, E.REGISTERED, E.CANCELLED),
        (E.REGISTERED, E.PAID, E.REFUNDED),
    ):
        story = Story(group, amount=0, carrier="پیک")
        decisions = [story.hear(kind) for kind in kinds]
        for text in (message.text for message in story.messages.values()):
            assert not [word for word in MONEY if word in text], text
        assert story.calls == {}
        assert all(decision.order.prepaid != decision.order.cancelled for decision in decisions)
        assert not any(decision.order.violation for decision in decisions)


def test_zero_is_not_unknown_and_what_is_owed_later_is_asked_for() -> None:
    story = Story("elsewhere.bank_transfer", amount=0)
    assert told(story.hear(E.REGISTERED, 0)) == ["order_registered_free"]
    owed = story.hear(E.REGISTERED, 1, amount=5_000_000)
    assert told(owed) == ["order_registered_transfer", "deposit_reminder"]
    free = story.hear(E.REGISTERED, 2, amount=0)
    assert story.waiting() == []
    assert free.order.open_calls == {}
    unknown = Story("elsewhere.bank_transfer", amount=None)
    assert told(unknown.hear(E.REGISTERED, 0)) == ["order_registered_transfer", "deposit_reminder"]
