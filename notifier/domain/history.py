"""What happened long ago: it becomes part of an order's story, and nobody is texted, phoned or told because of it."""

from collections.abc import Mapping

from msgspec.structs import replace

from notifier.domain.decide import Decision, Suppressed
from notifier.domain.orders import News, Order
from notifier.domain.timeline import Kind, Line, Reason


def untold(before: Order | None, decision: Decision) -> Decision:
    """The same decision without the texts and calls it would bring about; what it cancels stays cancelled."""
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
            *(Suppressed("template", message.template, Reason.PAST) for message in decision.messages),
            *(Suppressed("purpose", call.purpose, Reason.PAST) for call in decision.calls),
        ),
        timeline=tuple(_line(line) for line in decision.timeline),
        facts=(),
    )


def _without(waiting: Mapping[str, Mapping[str, News]], gone: set[str]) -> dict[str, dict[str, News]]:
    left = {name: {one: news for one, news in ids.items() if one not in gone} for name, ids in waiting.items()}
    return {name: ids for name, ids in left.items() if ids}


def _line(line: Line) -> Line:
    if line.kind in (Kind.MESSAGE, Kind.CALL):
        return replace(line, kind=Kind.SUPPRESSED, ref=None, reason=Reason.PAST)
    return line
