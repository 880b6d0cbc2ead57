"""What happened long ago becomes part of the story, and nobody hears of it."""

from rulebook import NOON, RULEBOOK, details, event

from notifier.domain.decide import decide
from notifier.domain.events import EventType
from notifier.domain.history import untold
from notifier.domain.orders import Stage
from notifier.domain.timeline import LineKind, SuppressionReason

E = EventType


def test_the_facts_stay_and_the_texts_and_calls_go() -> None:
    paid = event(E.PAID, 0, details("tehran.online", reference="1"))
    loud = decide(None, [paid], RULEBOOK, NOON)
    quiet = untold(None, loud)
    assert loud.messages
    assert loud.calls
    assert loud.facts
    assert quiet.facts == ()
    assert (quiet.messages, quiet.calls, quiet.order.open_texts, quiet.order.open_calls) == ((), (), {}, {})
    assert (quiet.order.prepaid, quiet.order.stage) == (True, Stage.PAID)
    assert {thing.reason for thing in quiet.suppressed} == {SuppressionReason.PAST}
    assert [line.kind for line in quiet.timeline if line.kind is not LineKind.SUPPRESSED] == [LineKind.EVENT]
    again = decide(quiet.order, [paid], RULEBOOK, NOON)
    assert (again.messages, again.calls) == ((), ())


def test_what_waits_for_money_is_not_told_when_the_money_comes() -> None:
    registered = event(E.REGISTERED, 0, details("elsewhere.online"))
    order = untold(None, decide(None, [registered], RULEBOOK, NOON)).order
    packed = decide(order, [event(E.PACKED, 1)], RULEBOOK, NOON)
    assert packed.order.withheld
    assert untold(order, packed).order.withheld is None


def test_what_waits_already_is_left_and_what_history_cancels_is_cancelled() -> None:
    registered = decide(None, [event(E.REGISTERED, 0, details("tehran.online"))], RULEBOOK, NOON)
    order = registered.order
    assert order.open_texts
    assert order.open_calls
    preparing = untold(order, decide(order, [event(E.PREPARING, 1)], RULEBOOK, NOON))
    assert preparing.order.open_calls == order.open_calls
    cancelled = untold(order, decide(order, [event(E.CANCELLED, 1)], RULEBOOK, NOON))
    assert cancelled.messages == ()
    assert cancelled.cancelled_messages
    assert cancelled.cancelled_calls
