"""What the call book says of a decision's calls, taken in: only what nobody had made yet was dropped. Pure."""

from collections.abc import Collection

from msgspec.structs import replace

from notifier.domain.decide import Decision
from notifier.domain.timeline import LineKind


def settled(decision: Decision, dropped: Collection[str]) -> Decision:
    """The decision when of the calls that it cancels these were still to be made; the others were made, and stay so."""
    made = set(decision.cancelled_calls).difference(dropped)
    if not made:
        return decision
    order = decision.order
    withdrawn, kept, silent = dict(order.withdrawn_calls), dict(order.made_calls), set[str]()
    for purpose, calls in order.withdrawn_calls.items():
        if talked := {call: news for call, news in calls.items() if call in made}:
            withdrawn[purpose] = {call: news for call, news in calls.items() if call not in made}
            kept[purpose] = kept.get(purpose, {}) | talked
            silent |= talked.keys()
    if not silent:
        return decision
    return replace(
        decision,
        order=replace(
            order, withdrawn_calls={name: calls for name, calls in withdrawn.items() if calls}, made_calls=kept
        ),
        timeline=tuple(
            line for line in decision.timeline if line.kind is not LineKind.CALL_CANCELLED or line.ref not in silent
        ),
    )
