"""What is logged of events that were taken and of messages that were settled: a line each, a group in one write."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from notifier.domain import phones
from notifier.intake.delivery import TakenEvent
from notifier.observability import logs
from notifier.sms.outbox import Settled


def taken(group: Sequence[TakenEvent]) -> None:
    """Tell of deliveries that are on disk with all that follows from them."""
    if logs.shows(logging.INFO):
        logs.at_once([_line(one) for one in group])
    if logs.shows(logging.DEBUG):
        logs.at_once((line for one in group for line in _queued(one)), method="debug")


def settled(batch: Sequence[Settled]) -> None:
    """Tell what became of messages that were to be sent."""
    if logs.shows(logging.INFO):
        logs.at_once([_end(one) for one in batch])


def _end(one: Settled) -> dict[str, Any]:
    message, attempt = one.claimed.message, one.attempt
    return {
        "event": f"message {one.state}",
        "action": "message_settled",
        "message": message.id,
        "template": message.template,
        "source": message.source,
        "order": message.order_id,
        "to": phones.mask(message.to),
        "provider": one.claimed.provider,
        "code": attempt.code if attempt else None,
        "provider_id": one.provider_id,
    }


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
