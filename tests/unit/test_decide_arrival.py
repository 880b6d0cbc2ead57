"""What is left waiting and open in the end does not depend on the order in which news arrived."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.domain.events import Event, EventType
from notifier.domain.policy import Rulebook
from rulebook import AT_NIGHT, GROUPS, NOON, RULEBOOK, Story, details, event, play

NOW = NOON + timedelta(minutes=20)
E = EventType

PURPOSES_BY_PAYMENT = {"payment_help", "verify_deposit", "deposit_reminder"}
"""Calls that have no sense once an order is paid, delivered, cancelled or refunded."""


def left(batches: list[list[Event]], rulebook: Rulebook = RULEBOOK) -> tuple[list[str], list[str]]:
    story = play(batches, rulebook=rulebook, now=NOW)
    return story.waiting(), story.purposes()


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """Different things that happened to one order, each at its own minute; the same customer in each event."""
    about = details(draw(st.sampled_from(sorted(GROUPS))))
    kinds = draw(st.lists(st.sampled_from(EventType), min_size=2, max_size=7, unique=True))
    minutes = draw(st.lists(st.integers(0, 20), min_size=len(kinds), max_size=len(kinds), unique=True))
    return [event(kind, minute, about) for kind, minute in zip(kinds, minutes, strict=True)]
