"""Calls that a cancellation dropped are owed again when the order lives on; nobody is called twice about one thing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import NOON, Story, planned

from notifier.domain.events import EventType as E
from notifier.domain.timeline import LineKind

PREPAID = ("tehran.online", "elsewhere.online", "elsewhere.bank_transfer")


def paid(group: str = "tehran.online", *stages: E) -> Story:
    """An order that was paid for, and came so far."""
    story = Story(group)
    story.hear(E.REGISTERED)
    story.hear(_money(group), reference="5001", deposit_amount=_deposit(group))
    for stage in stages:
        story.hear(stage)
    return story


def _money(group: str) -> E:
    return E.DEPOSIT_CONFIRMED if group.endswith("transfer") else E.PAID


def _deposit(group: str) -> int | None:
    return 185_000_000 if group.endswith("transfer") else None


def revive(story: Story, group: str = "tehran.online") -> None:
    """The shop says once more that the very same payment is there."""
    story.hear(_money(group), reference="5001", deposit_amount=_deposit(group))


def test_the_reassurance_of_an_order_that_lives_again() -> None:
    story = paid()
    assert story.owed() == ["reassurance"]
    story.hear(E.CANCELLED)
    assert "reassurance" not in story.owed()
    first = [one.id for one in story.calls.values() if one.purpose == "reassurance"]
    revive(story)
    assert story.owed() == ["reassurance"]
    again = [one for one in story.calls.values() if one.purpose == "reassurance" and one.id not in first]
    assert [one.due_at for one in again] == [NOON + timedelta(minutes=2 + 15)], "from the payment, as it was"
    assert story.order is not None
    assert story.order.withdrawn_calls == {}


def test_cancelled_and_revived_several_times() -> None:
    story = paid()
    for _ in range(3):
        story.hear(E.CANCELLED)
        assert "reassurance" not in story.owed()
        revive(story)
        assert story.owed() == ["reassurance"]


def test_a_payment_under_another_number_plans_one_call_alone() -> None:
    story = paid()
    story.hear(E.CANCELLED)
    story.hear(E.PAID, reference="5002")
    assert story.owed() == ["reassurance"]
    assert story.order is not None
    assert story.order.withdrawn_calls == {}


@pytest.mark.parametrize("group", PREPAID)
@pytest.mark.parametrize(
    ("stages", "owed"),
    [
        ((E.SHIPPED,), ["shipping_update"]),
        ((E.SHIPPED, E.STALLED), ["shipping_update", "stalled_parcel"]),
        ((E.SHIPPED, E.DELIVERY_FAILED), ["shipping_update"]),
        ((E.SHIPPED, E.DELIVERED, E.RETURN_REQUESTED), ["return"]),
    ],
)
def test_what_is_owed_of_the_parcel(group: str, stages: tuple[E, ...], owed: list[str]) -> None:
    story = paid(group, *stages)
    before = story.owed()
    assert set(owed) <= set(before)
    story.hear(E.CANCELLED)
    assert not set(owed) & set(story.owed())
    revive(story, group)
    assert set(owed) <= set(story.owed())
    assert [one for one in story.owed() if one in owed] == [one for one in before if one in owed], "each once"


def test_the_deposit_that_waits_to_be_looked_up() -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED)
    story.hear(E.DEPOSIT_REPORTED, reference="77")
    assert story.owed() == ["verify_deposit"]
    story.hear(E.CANCELLED)
    assert "verify_deposit" not in story.owed()
    story.hear(E.REGISTERED)
    assert "verify_deposit" in story.owed()
    story.hear(E.DEPOSIT_CONFIRMED, reference="77", deposit_amount=185_000_000)
    assert "verify_deposit" not in story.owed()


def test_a_deposit_that_was_found_while_the_order_was_cancelled() -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED)
    story.hear(E.DEPOSIT_REPORTED, reference="77")
    story.hear(E.CANCELLED)
    story.hear(E.DEPOSIT_CONFIRMED, reference="77", deposit_amount=185_000_000)
    assert "verify_deposit" not in story.owed()


def test_the_same_deposit_taken_back_and_found_again() -> None:
    story = paid("elsewhere.bank_transfer", E.SHIPPED)
    assert "shipping_update" in story.owed()
    story.hear(E.DEPOSIT_UNMATCHED, reference="5001")
    revive(story, "elsewhere.bank_transfer")
    assert story.owed().count("shipping_update") == 1


@pytest.mark.parametrize("stage", [None, E.SHIPPED])
def test_what_was_talked_about_is_not_talked_about_again(stage: E | None) -> None:
    story = paid("tehran.online", *([stage] if stage else []))
    purpose = "shipping_update" if stage else "reassurance"
    story.call(purpose)
    cancelled = story.hear(E.CANCELLED)
    assert not [one for one in cancelled.timeline if one.kind is LineKind.CALL_CANCELLED and one.what == purpose]
    revive(story)
    assert purpose not in story.owed()
    story.hear(E.CANCELLED)
    revive(story)
    assert purpose not in story.owed()


def test_a_code_that_comes_later_makes_no_second_call_after_a_revival() -> None:
    story = paid("tehran.online", E.SHIPPED)
    story.call("shipping_update")
    story.hear(E.CANCELLED)
    revive(story)
    story.hear(E.SHIPPED, tracking_code="123456789012345678901234")
    assert "shipping_update" not in story.owed()


def test_what_later_news_made_pointless_stays_so() -> None:
    story = paid("tehran.online")
    story.hear(E.CANCELLED)
    revive(story)
    assert "reassurance" in story.owed()
    story.hear(E.CANCELLED)
    story.hear(E.SHIPPED)
    revive(story)
    assert "reassurance" not in story.owed(), "the parcel left, of which the next call tells"
    assert "shipping_update" in story.owed()


def test_an_order_that_stays_cancelled_owes_none_of_it() -> None:
    story = paid("tehran.online", E.SHIPPED)
    story.hear(E.CANCELLED)
    for kind in (E.PREPARING, E.PACKED, E.OUT_FOR_DELIVERY, E.DELIVERED):
        assert not {"reassurance", "shipping_update", "satisfaction"} & set(planned(story.hear(kind)))


STAGES = st.lists(
    st.sampled_from(
        [E.PREPARING, E.PACKED, E.SHIPPED, E.OUT_FOR_DELIVERY, E.DELIVERY_FAILED, E.STALLED, E.DELIVERED, E.DELAYED]
    ),
    max_size=5,
)


@given(st.sampled_from(PREPAID), STAGES, st.integers(1, 3))
def test_who_paid_is_owed_the_same_calls_after_a_cancellation_that_was_taken_back(
    group: str, stages: list[E], times: int
) -> None:
    story = paid(group, *stages)
    before = set(story.owed()) - {"coordination"}  # which begins with the order, and so anew
    for _ in range(times):
        story.hear(E.CANCELLED)
        revive(story, group)
    assert set(story.owed()) - {"coordination"} == before


@given(st.sampled_from(PREPAID), STAGES, st.data())
def test_nobody_is_called_twice_about_one_thing(group: str, stages: list[E], data: st.DataObject) -> None:
    story, made = paid(group), list[tuple[str, str, str]]()
    for kind in [*stages, E.CANCELLED, None, E.CANCELLED, None]:
        revive(story, group) if kind is None else story.hear(kind)
        assert story.order is not None
        for purpose, calls in story.order.open_calls.items():
            for call, news in calls.items():
                if news.kind is not E.REGISTERED and call not in story.made and data.draw(st.booleans()):
                    story.made.add(call)
                    made.append((purpose, news.kind, news.distinction))
    assert len(made) == len(set(made))
