"""What waits and what is open in the end does not depend on the order in which news arrived.

Where it does, the reason is in ``wavers``: an order that was for a while what it is no more. What was suppressed or
dropped meanwhile is not brought back.
"""

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rulebook import AT_NIGHT, GROUPS, NOON, RULEBOOK, STAGE_TEXTS, Story, deliveries, details, event, play

from notifier.domain.decide import decide
from notifier.domain.events import Event, EventType
from notifier.domain.orders import REVIVING, STAGES
from notifier.domain.policy import Rulebook

E = EventType
NOW = NOON + timedelta(minutes=20)
RULEBOOKS = pytest.mark.parametrize(
    "rulebook", [pytest.param(RULEBOOK, id="by day"), pytest.param(AT_NIGHT, id="at night")]
)
KNOWN_GROUPS = sorted(set(GROUPS) - {"unknown"})
"""While the method is unknown, what is promised depends on what has been heard: see test_decide_blocks."""

ABOUT_PAYMENT = {"payment_open", "deposit_reminder", "payment_help", "verify_deposit", "arrange_payment"}


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """What happened to one order, each at its own minute, a failed payment or a parcel perhaps more than once."""
    group = draw(st.sampled_from(KNOWN_GROUPS))
    kinds = draw(st.lists(st.sampled_from(EventType), min_size=2, max_size=7, unique=True))
    kinds += draw(st.lists(st.sampled_from([E.PAYMENT_FAILED, E.DEPOSIT_REPORTED, E.SHIPPED]), max_size=2))
    minutes = draw(st.lists(st.integers(0, 20), min_size=len(kinds), max_size=len(kinds), unique=True))
    found = []
    for kind, minute in zip(kinds, minutes, strict=True):
        told = {E.SHIPPED: {"tracking_code": f"code{minute}"}, E.DEPOSIT_REPORTED: {"reference": f"{minute}"}}
        found.append(event(kind, minute, details(group, **told.get(kind, {}))))
    return found


def wavers(told: list[Event]) -> bool:
    """Whether a cancellation, a refund or a confirmed deposit was taken back, or more came after a refund."""
    at = {kind: [known.at for known in told if known.type is kind] for kind in EventType}

    def followed(kind: EventType, *others: EventType) -> bool:
        return any(later > first for first in at[kind] for other in others for later in at[other])

    return (
        followed(E.CANCELLED, *REVIVING)
        or followed(E.REFUNDED, E.PAYMENT_FAILED, *STAGES)
        or followed(E.DEPOSIT_CONFIRMED, E.DEPOSIT_REJECTED, E.DEPOSIT_UNMATCHED)
        # Who never heard of a time is not told that it is given up.
        or followed(E.DELIVERY_AGREED, E.DELIVERY_RELEASED)
        or followed(E.DELIVERY_CHANGED, E.DELIVERY_RELEASED)
    )


def left(batches: list[list[Event]], rulebook: Rulebook) -> tuple[list[str], list[str]]:
    """The texts that wait and the calls that are open after all of it. A stage that had to wait for the money is told
    when that comes, the newest only; so where stages do wait, their texts do not count."""
    story = play(batches, rulebook=rulebook, now=NOW)
    assert story.order is not None
    in_tehran = story.order.details.city == "تهران"
    return [text for text in story.waiting() if in_tehran or text not in STAGE_TEXTS], story.purposes()


@RULEBOOKS
@given(st.data())
def test_arrival_changes_nothing(rulebook: Rulebook, data: st.DataObject) -> None:
    told = data.draw(lives())
    assume(not wavers(told))
    in_turn = [[known] for known in sorted(told, key=lambda known: known.at)]
    assert left(data.draw(deliveries(told)), rulebook) == left(in_turn, rulebook)


@RULEBOOKS
@given(st.data())
def test_nothing_pointless_remains(rulebook: Rulebook, data: st.DataObject) -> None:
    story = play(data.draw(deliveries(data.draw(lives()))), rulebook=rulebook, now=NOW)
    order, remaining = story.order, {*story.waiting(), *story.purposes()}
    assert order is not None
    if order.cancelled:
        assert remaining <= {"why_cancelled", "callback"}  # who asks for a call after that gets one
    else:
        assert "why_cancelled" not in remaining
    if order.prepaid:
        assert not remaining & ABOUT_PAYMENT - {"verify_deposit"}  # another deposit may be reported later
    if order.details.city == "تهران" and order.happened(E.DELIVERED):
        assert not remaining & {"reassurance", "shipping_update", "arrange_payment"}
    kept = {id for ids in [*order.open_texts.values(), *order.open_calls.values()] for id in ids}  # noqa: A001
    waiting = {message.id for message in story.messages.values() if message.not_before}
    assert kept == (waiting | set(story.calls)) - story.dropped


@pytest.mark.parametrize("ending", [E.DELIVERED, E.CANCELLED, E.RETURNED])
@pytest.mark.parametrize("group", ["tehran.cash", "tehran.phone", "not on offer", "unknown"])
def test_an_ending_closes_all(group: str, ending: EventType) -> None:
    first, last = event(E.REGISTERED, 0, details(group)), event(ending, 5, details(group))
    for batches in ([[first], [last]], [[last], [first]], [[first, last]], [[last, first]]):
        assert left(batches, RULEBOOK) == ([], [])


@pytest.mark.parametrize("batches", [[[0], [1]], [[1], [0]], [[0, 1]], [[1, 0]]])
def test_a_call_planned_together_with_its_cancellation_never_comes_to_be(batches: list[list[int]]) -> None:
    told = [event(E.REGISTERED, 0, details("not on offer")), event(E.DELIVERED, 5, details("not on offer"))]
    story = play([[told[index] for index in batch] for batch in batches])
    assert story.purposes() == []
    assert not any(set(decision.cancelled_calls) & {call.id for call in decision.calls} for decision in story.decisions)


def test_late_news_cancels_only_what_came_before_it() -> None:
    story = Story("tehran.online")
    story.hear(E.PAYMENT_FAILED, 10, reference="second")
    assert story.purposes() == ["payment_help"]
    story.hear(E.PAYMENT_FAILED, 5, reference="first")
    assert [call.due_at for call in story.calls.values() if call.id not in story.dropped] == [
        NOON + timedelta(minutes=10 + 60)
    ]
    assert story.texts() == ["payment_failed"]


def test_the_gateway_s_clock_may_be_behind_the_shop_s() -> None:
    """A payment settles its order even where it seems to come before it."""
    told = [event(E.REGISTERED, 1, details("tehran.online")), event(E.PAID, 0, details("tehran.online"))]
    assert left([[told[0]], [told[1]]], RULEBOOK) == left([[told[1]], [told[0]]], RULEBOOK) == ([], ["reassurance"])


def test_the_shop_s_clock_may_be_ahead() -> None:
    """An event from the future is news all the same, and what follows it is counted from now."""
    failed = event(E.PAYMENT_FAILED, 3, details("tehran.online"))
    decision = decide(None, [failed], RULEBOOK, NOON)
    assert [message.template for message in decision.messages] == ["payment_failed"]
    assert [call.due_at for call in decision.calls] == [NOON + timedelta(hours=1)]


def test_a_failure_after_the_payment_troubles_nobody() -> None:
    for minutes in ((1, 2), (2, 1)):
        story = Story("elsewhere.online")
        for minute in minutes:
            story.hear(E.PAID if minute == 1 else E.PAYMENT_FAILED, minute)
        assert story.purposes() == []
        assert story.texts()[-1] == "payment_succeeded_elsewhere"


def test_a_text_that_waits_for_the_morning_is_dropped_when_a_later_stage_is_told() -> None:
    story = Story("tehran.cash", rulebook=AT_NIGHT)
    for kind in (E.PREPARING, E.PACKED, E.SHIPPED):
        story.hear(kind)
    assert story.waiting() == ["order_shipped_tehran"]


def test_a_reminder_is_not_a_stage() -> None:
    """A shop that packs before it is paid does not take the reminder away."""
    story = Story("elsewhere.bank_transfer")
    for kind in (E.REGISTERED, E.PREPARING, E.PACKED):
        story.hear(kind)
    assert story.waiting() == story.purposes() == ["deposit_reminder"]
    story.hear(E.DEPOSIT_CONFIRMED)
    assert story.waiting() == story.purposes() == []


def test_a_payment_heard_of_after_the_cancellation_is_given_back_aloud() -> None:
    in_turn, late = Story("tehran.online"), Story("tehran.online")
    for story, kinds in ((in_turn, (E.PAID, E.CANCELLED)), (late, (E.CANCELLED, E.PAID))):
        for kind in kinds:
            story.hear(kind, 1 if kind is E.PAID else 2)
        assert story.purposes() == ["why_cancelled"]
        assert story.texts()[-1] == "order_cancelled_prepaid"
    late.hear(E.PAID, 1)
    assert late.texts() == ["order_cancelled", "order_cancelled_prepaid"]


def test_a_cancellation_that_was_taken_back_asks_nobody_why() -> None:
    for order in ((1, 2, 3), (3, 2, 1), (3, 1, 2), (2, 3, 1)):
        story = Story("tehran.online")
        for minute in order:
            story.hear({1: E.REGISTERED, 2: E.CANCELLED, 3: E.PAID}[minute], minute)
        assert story.purposes() == ["reassurance"]
        assert story.waiting() == []


@pytest.mark.parametrize(("group", "call"), [("tehran.cash", "coordination"), ("not on offer", "arrange_payment")])
def test_an_order_brought_back_begins_anew(group: str, call: str) -> None:
    story = Story(group)
    for minute, kind in ((1, E.REGISTERED), (2, E.CANCELLED), (3, E.REGISTERED)):
        story.hear(kind, minute)
    assert story.purposes() == [call]
    assert story.texts().count("order_cancelled") == 1


@pytest.mark.parametrize("group", ["tehran.online", "elsewhere.online"])
def test_a_partial_refund_closes_nothing(group: str) -> None:
    story = Story(group)
    for kind in (E.REGISTERED, E.PAID, E.SHIPPED):
        story.hear(kind)
    calls = story.purposes()
    story.hear(E.REFUNDED, refund_amount=10_000_000, refund_reference="r1")
    assert story.purposes() == calls == ["shipping_update"]
    story.hear(E.REFUNDED, refund_amount=185_000_000, refund_reference="r2")
    assert story.purposes() == []
