"""Which texts are offered for an order that was cancelled unpaid: only the one that is true of it."""

from datetime import timedelta

import pytest
from rulebook import NOON, RULEBOOK, Story

from notifier.domain.events import EventType as E
from notifier.domain.fitting import fitting


def cancelled_ones(story: Story, minute: float) -> list[str]:
    assert story.order is not None
    now = int((NOON + timedelta(minutes=minute)).timestamp() * 1000)
    return [name for name in fitting(story.order, RULEBOOK, now) if name.startswith("order_cancelled")]


@pytest.mark.parametrize(
    ("part", "minute", "true"),
    [
        (None, 60, "order_cancelled"),
        (None, 25 * 60, "order_cancelled_no_deposit"),
        (100_000_000, 25 * 60, "order_cancelled_part"),
    ],
)
def test_one_text_tells_of_what_became_of_the_money(part: int | None, minute: float, true: str) -> None:
    story = Story("elsewhere.bank_transfer")
    story.hear(E.REGISTERED, 0)
    if part:
        story.hear(E.DEPOSIT_CONFIRMED, 1, deposit_amount=part, reference="a")
    story.hear(E.CANCELLED, minute)
    assert cancelled_ones(story, minute) == [true]
