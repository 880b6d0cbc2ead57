"""The explain of a message, in sentences."""

from datetime import timedelta
from typing import Any

import pytest
from rulebook import NOON

from notifier.domain.messages import Attempt, Message, MessageState
from notifier.sms.explain import explain
from notifier.store.reading import StoredMessage

S = MessageState


def stored(state: MessageState, **more: Any) -> StoredMessage:
    message = Message(
        id="1",
        template="order_packed",
        version="ab12cd34",
        to="09121234567",
        text="سلام",
        created_at=NOON,
        order_id="10025",
        source="shop",
        not_before=NOON + timedelta(minutes=5),
        expires_at=NOON + timedelta(hours=1),
    )
    known: dict[str, Any] = {"provider": None, "provider_id": None, "cost": None, "reason": None, "unconfirmed": False}
    return StoredMessage(message=message, state=state, **(known | {"attempts": []} | more))


def test_it_says_what_to_whom_when_each_try_and_how_it_stands() -> None:
    first = NOON + timedelta(minutes=5)
    attempts = [
        Attempt(at=first, provider="kavenegar", outcome="retry", code=409, reason="busy"),
        Attempt(at=first + timedelta(seconds=9), provider="kavenegar", outcome="accepted", cost=1200),
    ]
    assert list(explain(stored(S.DELIVERED, attempts=attempts))) == [
        "2026-11-23 12:00:00: template order_packed (version ab12cd34) for a customer, 0912***4567 about order 10025.",
        "Not to be sent before 2026-11-23 12:05:00.",
        "Not to be sent after 2026-11-23 13:00:00.",
        "2026-11-23 12:05:00: kavenegar did not take it (code 409), retry: busy",
        "2026-11-23 12:05:09: kavenegar took it for 1,200 rial.",
        "It arrived.",
    ]


@pytest.mark.parametrize("state", MessageState)
def test_every_state_ends_in_a_sentence_of_its_own(state: MessageState) -> None:
    last = list(explain(stored(state)))[-1]
    assert last.endswith(".")
    others = {list(explain(stored(other)))[-1] for other in MessageState if other is not state}
    assert last not in others


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("too_late", "its time was over"),
        ("overtaken", "newer news"),
        ("opted_out", "wants no texts"),
        ("maybe_sent", "answer was lost"),
        ("Kavenegar answered 411: …", "Kavenegar answered 411"),
    ],
)
def test_a_reason_is_told_in_words(reason: str, words: str) -> None:
    assert any(words in sentence for sentence in explain(stored(S.EXPIRED, reason=reason)))


def test_what_nobody_confirmed_is_said_and_no_whole_number_is() -> None:
    told = " ".join(explain(stored(S.ACCEPTED, unconfirmed=True)))
    assert "48 hours" in told
    assert "09121234567" not in told
