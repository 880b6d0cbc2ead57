"""The clauses of the payment page, each by its number, kept by the configuration that ships."""

import pytest
from rulebook import GROUPS, STAGE_TEXTS, Story, planned, told

from notifier.domain.calls import CallRequest, Purpose
from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.orders import Priority
from notifier.domain.timeline import LineKind

E = EventType
LIFE = (E.REGISTERED, E.PREPARING, E.PACKED, E.SHIPPED, E.OUT_FOR_DELIVERY, E.DELIVERED)
STAGES = LIFE[1:]


def live(group: str) -> Story:
    """A whole life of an order that goes well, paid for as its group pays."""
    story = Story(group, reference="123456789")
    story.hear(E.REGISTERED)
    if group.endswith("online"):
        story.hear(E.PAID)
    if group.endswith("bank_transfer"):
        story.hear(E.DEPOSIT_REPORTED)
        story.hear(E.DEPOSIT_CONFIRMED)
    for kind in STAGES:
        story.hear(kind, carrier="پست پیشتاز", tracking_code="24100")
    return story


def test_a_1__tehran_cash_with_prior_coordination() -> None:
    story = Story("tehran.cash")
    decision = story.hear(E.REGISTERED)
    assert told(decision) == ["order_registered_cash"]
    assert "تماس می‌گیریم" in decision.messages[0].text
    assert planned(decision) == ["coordination"]
    assert not any(lived.order.prepaid for lived in live("tehran.cash").decisions)


def test_a_2__tehran_online_settled_before_delivery() -> None:
    story = Story("tehran.online", reference="123456789")
    assert not story.hear(E.REGISTERED).order.prepaid
    decision = story.hear(E.PAID)
    [receipt] = decision.messages
    assert decision.order.prepaid
    assert "۱۸٬۵۰۰٬۰۰۰ تومان" in receipt.text
    assert "۱۰۰۲۵" in receipt.text
    assert "123456789" in receipt.text


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_2_1__tehran_online_has_priority_of_delivery_and_nobody_else(group: str) -> None:
    story = live(group)
    assert story.order is not None
    assert story.order.priority == (Priority.HIGH if group == "tehran.online" else Priority.NORMAL)


def test_a_2_2__tehran_online_is_called_more_than_any_other_group() -> None:
    made = {group: made_calls(group) for group in GROUPS}
    most = made.pop("tehran.online")
    assert most == ["reassurance", "shipping_update", "satisfaction"]
    assert all(len(most) > len(others) for others in made.values()), made


def made_calls(group: str) -> list[str]:
    """Calls that are made in a life in which the money comes at once and a day lies between two stages.

    Verifying a deposit is the desk's own work and reaches no customer.
    """
    story = Story(group)
    told = [EventType(line.what) for line in live(group).timeline if line.kind is LineKind.EVENT]
    stages = told.index(E.PREPARING)
    for number, kind in enumerate(told):
        story.hear(kind, number if number < stages else number * 24 * 60)
    return [
        call.purpose for call in story.calls.values() if call.purpose != "verify_deposit" and not _dropped(story, call)
    ]


def _dropped(story: Story, call: CallRequest) -> bool:
    """Whether it was cancelled before it was due."""
    at = [decision.order.updated_at for decision in story.decisions if call.id in decision.cancelled_calls]
    return bool(at) and at[0] < call.due_at.timestamp() * 1000


def test_a_2_3__the_receipt_number_is_told_and_to_be_kept_and_the_last_day_of_the_guarantee_is_named() -> None:
    story = live("tehran.online")
    texts = {message.template: message.text for message in story.messages.values()}
    paid, delivered = texts["payment_succeeded_tehran"], texts["order_delivered_guarantee"]
    assert "شماره قبض: 123456789" in paid
    assert "نگه دارید" in paid
    assert "۷ روز ضمانت" in paid
    assert "۹ آذر ۱۴۰۵" in delivered  # delivered on 2 Azar 1405
    assert "123456789" in delivered


def test_a_3__tehran_by_phone() -> None:
    decision = Story("tehran.phone").hear(E.REGISTERED)
    assert told(decision) == ["order_registered_phone"]
    assert planned(decision) == ["arrange_payment"]
    assert not any(lived.order.prepaid for lived in live("tehran.phone").decisions)


def test_b_1_1__elsewhere_online_left_open_or_failed() -> None:
    story = Story("elsewhere.online")
    story.hear(E.REGISTERED)
    assert story.waiting() == ["payment_open"]
    assert story.purposes() == ["payment_help"]
    decision = story.hear(E.PAYMENT_FAILED)
    assert told(decision) == ["payment_failed"]
    assert "xiaomicity.example" in decision.messages[0].text
    assert story.waiting() == []
    assert story.purposes() == ["payment_help"]
    story.hear(E.PAID)
    assert story.purposes() == []


@pytest.mark.parametrize("group", ["elsewhere.online", "elsewhere.bank_transfer"])
def test_b_1_2__elsewhere_each_stage_is_told_after_payment_and_the_sending_is_called(group: str) -> None:
    story = live(group)
    assert [text for text in story.texts() if text in STAGE_TEXTS] == [
        "order_preparing",
        "order_packed",
        "order_shipped_elsewhere",
        "order_out_for_delivery",
        "order_delivered_elsewhere",
    ]
    assert {call.purpose for call in story.calls.values()} >= {Purpose.SHIPPING_UPDATE}
    [shipped] = [message.text for message in story.messages.values() if message.template == "order_shipped_elsewhere"]
    assert "پست پیشتاز" in shipped
    assert "24100" in shipped


def test_b_1_3__the_tracking_number_of_the_payment_is_told_and_to_be_kept() -> None:
    [paid] = Story("elsewhere.online", reference="123456789").hear(E.PAID).messages
    assert "شماره پیگیری پرداخت: 123456789" in paid.text
    assert "نگه دارید" in paid.text


def test_b_2_1__where_to_transfer_how_much_and_until_when() -> None:
    story = Story("elsewhere.bank_transfer")
    decision = story.hear(E.REGISTERED, 0)
    text = decision.messages[0].text
    assert told(decision)[0] == "order_registered_transfer"
    for part in ("۱۸٬۵۰۰٬۰۰۰ تومان", "6104-3377-1234-5678", "1234567890", "علی رضایی", "سه‌شنبه ۳ آذر ساعت ۱۲:۰۰"):
        assert part in text
    assert story.waiting() == ["deposit_reminder"]
    assert story.purposes() == ["deposit_reminder"]


def test_b_2_2__nothing_is_told_as_paid_before_support_confirms_the_deposit() -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED)
    reported = story.hear(E.DEPOSIT_REPORTED)
    assert told(reported) == ["deposit_reported"]
    assert story.purposes() == ["verify_deposit"]
    assert story.waiting() == []
    assert told(story.hear(E.PREPARING)) == []
    rejected = story.hear(E.DEPOSIT_REJECTED)
    assert told(rejected) == ["deposit_rejected"]
    assert story.purposes() == ["deposit_not_found"]
    assert not any(decision.order.prepaid for decision in story.decisions)
    story.hear(E.DEPOSIT_REPORTED)
    confirmed = story.hear(E.DEPOSIT_CONFIRMED)
    assert confirmed.order.prepaid
    assert told(confirmed) == ["deposit_confirmed", "order_preparing"]
    assert story.purposes() == []


def test_b_2_3__the_number_and_the_receipts_of_the_deposit_are_to_be_kept() -> None:
    [confirmed] = Story("elsewhere.bank_transfer", reference="998877").hear(E.DEPOSIT_CONFIRMED).messages
    assert "شماره پیگیری پرداخت: 998877" in confirmed.text
    assert "این شماره و رسید را نگه دارید" in confirmed.text


@pytest.mark.parametrize("method", list(PaymentMethod))
@pytest.mark.parametrize("city", ["تهران", "اصفهان"])
def test_the_methods_on_offer(city: str, method: PaymentMethod) -> None:
    offered = {"تهران": {"cash", "online", "phone"}, "اصفهان": {"online", "bank_transfer"}}
    order = Story("unknown", city=city, method=method).hear(E.REGISTERED).order
    assert order.violation == (method not in offered[city])


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_stage_of_every_life_is_told(group: str) -> None:
    story = live(group)
    assert not story.suppressed
    assert len([text for text in story.texts() if text in STAGE_TEXTS]) == len(STAGES)
