"""What happened long ago: it becomes part of an order's story, and nobody is texted, phoned or told because of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from notifier.domain.decide import Decision, Stages, Suppression, decide, deciding, whole
from notifier.domain.events import Event
from notifier.domain.orders import News, Order
from notifier.domain.policy import Rulebook
from notifier.domain.timeline import LineKind, SuppressionReason, TimelineEntry


def settle(
    order: Order | None, events: Sequence[Event], rulebook: Rulebook, now: datetime, *, page_token: str | None = None
) -> Decision:
    """What follows from events reported together, of which the old ones make history and no more.

    An order that has no ``page_token`` yet is given this one.
    """
    return whole(settling(order, events, rulebook, now, page_token=page_token))


def settling(
    order: Order | None, events: Sequence[Event], rulebook: Rulebook, now: datetime, *, page_token: str | None = None
) -> Stages:
    """The stages of `settle`; what makes history is decided upon in the first."""
    old = [event for event in events if is_history(event, rulebook, now)]
    if not old:
        return (yield from deciding(order, events, rulebook, now, page_token=page_token))
    quiet = untold(order, decide(order, old, rulebook, now, page_token=page_token))
    news = [event for event in events if not is_history(event, rulebook, now)]
    if not news:
        return quiet
    told = yield from deciding(quiet.order, news, rulebook, now)
    return replace(
        told,
        cancelled_messages=(*quiet.cancelled_messages, *told.cancelled_messages),
        cancelled_calls=(*quiet.cancelled_calls, *told.cancelled_calls),
        suppressed=(*quiet.suppressed, *told.suppressed),
        timeline=(*quiet.timeline, *told.timeline),
    )


def is_history(event: Event, rulebook: Rulebook, now: datetime) -> bool:
    """Whether it happened too long ago to be told: by its own time, not by when the shop's record was touched."""
    if event.past is not None or rulebook.tell_within is None:
        return bool(event.past)
    happened = event.at if event.dated is None else min(event.at, event.dated)
    return now - happened > rulebook.tell_within


def untold(before: Order | None, decision: Decision) -> Decision:
    """A decision without the texts and calls it would bring about; what it cancels stays cancelled."""
    gone = {message.id for message in decision.messages} | {call.id for call in decision.calls}
    order = decision.order
    return replace(
        decision,
        order=replace(
            order,
            open_texts=_without(order.open_texts, gone),
            open_calls=_without(order.open_calls, gone),
            withheld=before.withheld if before is not None and order.withheld is not None else None,
        ),
        messages=(),
        calls=(),
        suppressed=(
            *decision.suppressed,
            *(Suppression("template", message.template, SuppressionReason.PAST) for message in decision.messages),
            *(Suppression("purpose", call.purpose, SuppressionReason.PAST) for call in decision.calls),
        ),
        timeline=tuple(_line(line) for line in decision.timeline),
        facts=(),
    )


def _without(waiting: Mapping[str, Mapping[str, News]], gone: set[str]) -> dict[str, dict[str, News]]:
    left = {name: {one: news for one, news in ids.items() if one not in gone} for name, ids in waiting.items()}
    return {name: ids for name, ids in left.items() if ids}


def _line(line: TimelineEntry) -> TimelineEntry:
    if line.kind in (LineKind.MESSAGE, LineKind.CALL):
        return replace(line, kind=LineKind.SUPPRESSED, ref=None, reason=SuppressionReason.PAST)
    return line
