"""Whatever the console may have to name has a name."""

from notifier.console import labels, promises
from notifier.domain.calls import CallState, Purpose
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.domain.policy import When
from notifier.store.audit import Act


def test_everything_has_a_name() -> None:
    assert set(When) <= set(promises.WHENS)
    assert {str(kind) for kind in EventType} <= {str(key) for key in labels.EVENTS}
    assert {str(purpose) for purpose in Purpose} <= {str(key) for key in labels.PURPOSES}
    assert {str(state) for state in CallState} <= {str(key) for key in labels.CALL_STATES}
    assert {str(state) for state in MessageState} <= {str(key) for key in labels.MESSAGE_STATES}
    assert {str(act) for act in Act} <= {str(key) for key in labels.ACTS}
