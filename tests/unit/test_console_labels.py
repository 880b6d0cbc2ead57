"""Whatever the console can come to show has a name in Persian."""

from collections.abc import Iterable, Mapping
from enum import Enum

import pytest

from notifier.console import labels, promises
from notifier.domain.calls import CallState, Purpose
from notifier.domain.events import EventType, PaymentMethod
from notifier.domain.messages import MessageState
from notifier.domain.orders import Stage
from notifier.domain.policy import When
from notifier.domain.timeline import SuppressionReason
from notifier.domain.variables import PURPOSES
from notifier.sms.by_hand_end import Ending
from notifier.store.audit import Act
from notifier.store.staff import Role
from notifier.texts.free_text import Objection
from scheduler.rules import Outcome


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        (labels.EVENTS, EventType),
        (labels.STAGES, Stage),
        (labels.MESSAGE_STATES, MessageState),
        (labels.CALL_STATES, CallState),
        (labels.OUTCOMES, Outcome),
        (PURPOSES, Purpose),
        (labels.ROLES, Role),
        (labels.ACTS, Act),
        (promises.WHENS, When),
        (labels.METHODS, PaymentMethod),
        (labels.SUPPRESSED, SuppressionReason),
        (labels.ENDINGS, Ending),
        (labels.OBJECTIONS, Objection),
    ],
)
def test_each_kind_has_a_name(names: Mapping[Enum, str], kinds: Iterable[Enum]) -> None:
    assert [kind for kind in kinds if not names.get(kind)] == []
