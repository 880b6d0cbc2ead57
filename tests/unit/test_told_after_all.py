"""A text that waited, was taken back, and holds once more: told after all, and once."""

from copy import copy
from dataclasses import replace

import pytest
from rulebook import AT_NIGHT, CONFIG, NOON, RULEBOOK, Story

from notifier.domain.decide import Decision
from notifier.domain.events import EventType as E
from notifier.sms import templates
from notifier.sms.templates.template import Template


def _waiting(template: Template) -> Template:
    found = copy(template)
    found.passes_quiet_hours = False
    return found


ALL_WAIT = replace(
    AT_NIGHT, templates={name: _waiting(one) for name, one in templates.load(CONFIG.templates_folder).items()}
)


def night(group: str = "elsewhere.bank_transfer", **more: object) -> Story:
    return Story(group, rulebook=ALL_WAIT, **more)


def last(decision: Decision) -> list[str]:
    return [message.template for message in decision.messages]


def paid_and(stage: E, **more: object) -> Story:
    story = night()
    story.rulebook = RULEBOOK  # by day
    story.hear(E.REGISTERED)
    story.hear(E.DEPOSIT_CONFIRMED)
    story.rulebook = ALL_WAIT
    story.hear(stage, **more)
    return story


@pytest.mark.parametrize("stage", [E.PREPARING, E.PACKED, E.SHIPPED, E.DELAYED, E.DELIVERY_FAILED])
def test_a_text_whose_money_is_found_again(stage: E) -> None:
    story = paid_and(stage)
    (waiting,) = [one for one in story.messages.values() if one.template in story.waiting()]
    story.hear(E.DEPOSIT_UNMATCHED)
    assert story.waiting() == []
    found = story.hear(E.DEPOSIT_CONFIRMED)
    assert waiting.id in [one.id for one in found.messages]
    assert found.again == (waiting.id,)
    assert found.order.withdrawn == {}
    again = story.hear(E.DEPOSIT_UNMATCHED)
    assert waiting.id in again.cancelled_messages
    assert waiting.id in story.hear(E.DEPOSIT_CONFIRMED).again


def test_of_stages_meanwhile_the_newest_only() -> None:
    story = paid_and(E.PREPARING)
    story.hear(E.DEPOSIT_UNMATCHED)
    assert last(story.hear(E.PACKED)) == []
    story.hear(E.DEPOSIT_CONFIRMED)
    assert story.waiting() == ["deposit_confirmed", "order_packed"]
    assert story.order is not None
    assert story.order.withdrawn == {}


def test_each_of_several_parcels_is_told() -> None:
    story = paid_and(E.SHIPPED, tracking_code="A1")
    story.hear(E.SHIPPED, tracking_code="B2")
    story.hear(E.DEPOSIT_UNMATCHED)
    assert story.waiting() == []
    found = story.hear(E.DEPOSIT_CONFIRMED)
    texts = [one.text for one in found.messages if one.template == "order_shipped_elsewhere"]
    assert sorted("A1" in text for text in texts) == [False, True]
    assert len(found.again) == 2


def test_the_word_of_the_deposit_itself() -> None:
    story = night()
    story.hear(E.REGISTERED)
    story.hear(E.DEPOSIT_CONFIRMED, reference="77", deposit_amount=185_000_000)
    assert "deposit_confirmed" in story.waiting()
    story.hear(E.DEPOSIT_UNMATCHED, reference="77", deposit_amount=185_000_000)
    assert "deposit_confirmed" not in story.waiting()
    assert last(story.hear(E.DEPOSIT_CONFIRMED, reference="77", deposit_amount=185_000_000)) == ["deposit_confirmed"]
    story.hear(E.DEPOSIT_UNMATCHED, reference="77", deposit_amount=185_000_000)
    found = story.hear(
        E.DEPOSIT_CONFIRMED, reference="88", deposit_amount=185_000_000
    )  # another line of the account pays it now
    assert last(found) == ["deposit_confirmed"]
    assert story.waiting().count("deposit_confirmed") == 1


def test_a_part_that_was_taken_back_is_told_no_more() -> None:
    story = night()
    story.hear(E.REGISTERED)
    story.hear(E.DEPOSIT_CONFIRMED, reference="A", deposit_amount=85_000_000)
    story.hear(E.DEPOSIT_CONFIRMED, reference="B", deposit_amount=50_000_000)
    assert story.waiting().count("deposit_in_part") == 1
    story.hear(E.DEPOSIT_UNMATCHED, reference="B")
    (text,) = [
        one for one in story.messages.values() if one.template == "deposit_in_part" and one.id not in story.dropped
    ]
    assert "۸٬۵۰۰٬۰۰۰" in text.text


@pytest.mark.parametrize("group", ["elsewhere.online", "tehran.online"])
def test_an_order_that_was_cancelled_and_lives_again(group: str) -> None:
    story = Story(group)
    story.hear(E.REGISTERED)
    story.hear(E.PAID)
    story.rulebook = ALL_WAIT
    story.hear(E.SHIPPED)
    (shipped,) = [name for name in story.waiting() if name.startswith("order_shipped")]
    story.hear(E.CANCELLED)
    assert shipped not in story.waiting()
    story.hear(E.REGISTERED)
    assert story.waiting().count(shipped) == 1
    assert story.order is not None
    assert story.order.withdrawn == {}


def test_a_return_judged_otherwise_and_back() -> None:
    story = Story("elsewhere.online")
    for kind in (E.REGISTERED, E.PAID, E.DELIVERED, E.RETURN_REQUESTED):
        story.hear(kind)
    story.rulebook = ALL_WAIT
    story.hear(E.RETURN_ACCEPTED)
    assert story.waiting() == ["order_return_accepted"]
    story.hear(E.RETURN_REFUSED)
    assert story.waiting() == ["order_return_refused"]
    story.hear(E.RETURN_ACCEPTED)
    assert story.waiting() == ["order_return_accepted"]


def test_a_code_that_was_left_out_and_is_shown_again() -> None:
    story = Story("elsewhere.online")
    story.hear(E.REGISTERED)
    story.hear(E.PAID)
    story.rulebook = ALL_WAIT
    story.hear(E.SHIPPED, tracking_code="A1", codes=("A1",))
    assert story.waiting() == ["order_shipped_elsewhere"]
    story.hear(E.PREPARING, codes=())
    assert story.waiting() == []
    story.hear(E.PREPARING, codes=("A1",))
    assert story.waiting() == ["order_shipped_elsewhere"]


def test_a_method_that_was_changed_and_changed_back() -> None:
    story = Story("elsewhere.online")
    story.hear(E.REGISTERED)
    story.hear(E.PAID)
    story.rulebook = ALL_WAIT
    story.hear(E.PACKED)
    assert story.waiting() == ["order_packed"]
    before = list(story.waiting())
    story.hear(E.PREPARING, city="تهران")
    story.hear(E.PREPARING, city="اصفهان")
    assert [name for name in story.waiting() if name == "order_packed"] == before


def test_a_stage_that_is_past_never_comes_back() -> None:
    story = paid_and(E.PACKED)
    story.hear(E.SHIPPED)
    assert story.order is not None
    assert story.order.withdrawn == {}
    assert "order_packed" not in story.waiting()
    assert story.now > NOON


@pytest.mark.parametrize("named", [{}, {"reference": "A"}])
def test_a_shop_that_does_not_say_which_deposit_it_takes_back_takes_all(named: dict[str, str]) -> None:
    story = night()
    story.hear(E.REGISTERED)
    story.hear(E.DEPOSIT_CONFIRMED, deposit_amount=185_000_000, **named)
    assert story.order is not None
    assert story.order.prepaid
    assert not story.hear(E.DEPOSIT_UNMATCHED).order.prepaid
    assert story.order.deposit_received is None
    assert story.hear(E.DEPOSIT_CONFIRMED, deposit_amount=185_000_000, **named).order.prepaid
