"""What is logged of the events that were taken: a line each, written a group at a time."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from notifier.intake.delivery import TakenEvent
from notifier.observability import logs


def taken(group: Sequence[TakenEvent]) -> None:
    """Tell of deliveries that are on disk with all that follows from them."""
    if logs.shows(logging.INFO):
        logs.at_once([_line(one) for one in group])
    if logs.shows(logging.DEBUG):
        logs.at_once((line for one in group for line in _queued(one)), method="debug")


def _line(one: TakenEvent) -> dict[str, Any]:
    delivery, decision = one.delivery, one.decision
    line: dict[str, Any] = {
        "event": "event taken" if decision else "event waits for its order",
        "action": "event_taken" if decision else "event_parked",
        "source": delivery.source,
        "order": delivery.order_id,
        "event_id": delivery.event_id,
    }
    if decision is not None:
        line |= {
            "stage": decision.order.stage.name.lower(),
            "messages": [message.id for message in decision.messages],
            "calls": [call.id for call in decision.calls],
        }
        if decision.suppressed:
            line["suppressed"] = [f"{one.what}: {one.reason}" for one in decision.suppressed]
    return line


def _queued(one: TakenEvent) -> Iterator[dict[str, Any]]:
    delivery, decision = one.delivery, one.decision
    for message in decision.messages if decision else ():
        yield {
            "event": "message queued",
            "action": "message_queued",
            "source": delivery.source,
            "order": delivery.order_id,
            "event_id": delivery.event_id,
            "message": message.id,
            "template": message.template,
            "not_before": message.not_before,
        }
