"""What holds whatever a shop reports, in whatever order, however often."""

from copy import deepcopy
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace
from rulebook import AT_NIGHT, GROUPS, NOON, RULEBOOK, STAGE_TEXTS, Story, deliveries, details, event, play

from notifier.domain import phones
from notifier.domain.decide import decide
from notifier.domain.events import Details, Event, EventType, Item, PaymentMethod
from notifier.domain.orders import STAGES, Order, Priority, Stage
from notifier.domain.policy import TextRule
from notifier.domain.timeline import LineKind, SuppressionReason
from notifier.store.records import decode, encode

NOW = NOON + timedelta(minutes=20)
MINUTES = st.integers(0, 20)
PHONES = st.sampled_from(["09121234567", "09351112233", "02191001234", "+97455123456", None])
ANY_DETAILS = st.builds(
    Details,
    name=st.sampled_from(["سارا محمدی", "علی", None]),
    phone=PHONES,
    city=st.sampled_from(["تهران", "اصفهان", "کرج", None]),
    method=st.sampled_from([*PaymentMethod, None]),
    amount=st.sampled_from([185_000_000, 90_000_000, 9, None]),
    reference=st.sampled_from(["111", "222", None]),
    items=st.sampled_from([(Item("Xiaomi 13T"),), (Item("Redmi", 2), Item("Band")), None]),
    carrier=st.sampled_from(["پست", "Tipax", None]),
    tracking_code=st.sampled_from(["24100", "24200", None]),
    deposit_amount=st.sampled_from([100_000_000, 85_000_000, 185_000_000, None]),
    new_date=st.sampled_from([date(2026, 12, 1), date(2026, 12, 5), date(2026, 11, 1), None]),
    refund_amount=st.sampled_from([10_000_000, 185_000_000, None]),
    refund_reference=st.sampled_from(["r1", "r2", None]),
)
RULEBOOKS = {"by day": RULEBOOK, "at night": AT_NIGHT}
TIMES = st.sampled_from(sorted(RULEBOOKS))


@st.composite
def events(draw: st.DrawFn, about: st.SearchStrategy[Details] = ANY_DETAILS) -> list[Event]:
    """Events of one order, some of them twice: under their own id or another."""
    found = [
        event(kind, minute, what, id=f"e{number}")
        for number, (kind, minute, what) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from(EventType), MINUTES, about), min_size=1, max_size=10))
        )
    ]
    again = draw(st.lists(st.tuples(st.sampled_from(found), st.sampled_from(["", "-again"])), max_size=4))
    return found + [replace(first, id=first.id + suffix) for first, suffix in again]


GROUP = st.sampled_from(sorted(GROUPS))


def facts(order: Order | None) -> dict[str, object]:
    assert order is not None
    bookkeeping = {
        "v",
        "created_at",
        "updated_at",
        "open_texts",
        "open_calls",
        "withheld",
        "aside",
        "withdrawn",
        "withdrawn_calls",
        "made_calls",
        "stamps",
    }
    found = {name: value for name, value in asdict(order).items() if name not in bookkeeping}
    return found | {"stage": order.stage, "cancelled": order.cancelled, "method": order.method, "paid": order.paid}


@given(st.data())
def test_any_order_of_arrival_ends_in_the_same_facts(data: st.DataObject) -> None:
    told = data.draw(events())
    one, other = data.draw(deliveries(told)), data.draw(deliveries(told))
    assert facts(play(one).order) == facts(play(other).order)


@given(st.data(), TIMES)
def test_nothing_is_said_or_planned_twice(data: st.DataObject, time: str) -> None:
    batches = data.draw(deliveries(data.draw(events())))
    story = play(batches, rulebook=RULEBOOKS[time])  # asserts that no message and no call comes twice
    ids = [*story.messages, *story.calls]
    assert len(ids) == len(set(ids)), "a message and a call share an id"
    texts = [(message.template, message.text, message.to) for message in story.messages.values()]
    decisions = len(story.decisions)
    for batch in batches:
        story.tell(*(replace(known, id=f"{known.id}-late") for known in batch))
    assert [(message.template, message.text, message.to) for message in story.messages.values()] == texts
    assert all(not decision.calls and not decision.cancelled_calls for decision in story.decisions[decisions:])


@given(st.data(), TIMES)
def test_what_is_cancelled_was_open_and_is_not_new(data: st.DataObject, time: str) -> None:
    # The store cancels before it plans, so a thing planned and cancelled in one decision would stay.
    story = Story(rulebook=RULEBOOKS[time])
    for batch in data.draw(deliveries(data.draw(events()))):
        known = set(story.messages) | set(story.calls)
        gone = set(story.dropped)
        decision = story.tell(*batch)
        cancelled = [*decision.cancelled_messages, *decision.cancelled_calls]
        assert len(cancelled) == len(set(cancelled))
        assert set(cancelled) <= known - gone
        notes = [
            line for line in decision.timeline if line.kind in (LineKind.MESSAGE_CANCELLED, LineKind.CALL_CANCELLED)
        ]
        assert [line.ref for line in notes] == cancelled or {line.ref for line in notes} == set(cancelled)


@given(st.data())
def test_stages_never_go_back(data: st.DataObject) -> None:
    # But for a shop that corrects sums, of which the whole becomes a part, and for a deposit that is taken back.
    story, stage = Story(), Stage.NONE
    about = ANY_DETAILS.map(lambda it: replace(it, amount=185_000_000, reference=None))
    told = [one for one in data.draw(events(about)) if one.type is not EventType.DEPOSIT_UNMATCHED]
    for batch in data.draw(deliveries(told)) if told else []:
        order = story.tell(*batch).order
        assert order.stage >= stage
        stage = order.stage


@given(st.data(), TIMES)
def test_deciding_is_pure(data: st.DataObject, time: str) -> None:
    order: Order | None = None
    for batch in data.draw(deliveries(data.draw(events()))):
        inputs = deepcopy((order, batch))
        decision = decide(order, batch, RULEBOOKS[time], NOW)
        assert (order, batch) == inputs
        assert decide(*inputs, RULEBOOKS[time], NOW) == decision
        order = decision.order


@given(st.data(), TIMES)
def test_an_order_reads_back_as_it_was_stored(data: st.DataObject, time: str) -> None:
    order = play(data.draw(deliveries(data.draw(events()))), rulebook=RULEBOOKS[time]).order
    assert order is not None
    assert decode(encode(order), Order) == order


@given(st.data(), TIMES)
def test_messages_go_to_mobiles_and_never_into_the_past(data: st.DataObject, time: str) -> None:
    story = play(data.draw(deliveries(data.draw(events()))), rulebook=RULEBOOKS[time])
    for decision in story.decisions:
        for message in decision.messages:
            assert phones.is_mobile(message.to)
            assert message.not_before is None or message.not_before > message.created_at
            assert message.expires_at is None or message.expires_at > (message.not_before or message.created_at)
        assert all(call.due_at >= call.created_at for call in decision.calls)


@given(st.data(), TIMES)
def test_the_timeline_tells_all(data: st.DataObject, time: str) -> None:
    for decision in play(data.draw(deliveries(data.draw(events()))), rulebook=RULEBOOKS[time]).decisions:
        lines = decision.timeline
        assert [(line.what, line.reason) for line in lines if line.kind is LineKind.SUPPRESSED] == [
            (thing.what, thing.reason) for thing in decision.suppressed
        ]
        assert [line.ref for line in lines if line.kind is LineKind.MESSAGE] == [m.id for m in decision.messages]
        assert [line.ref for line in lines if line.kind is LineKind.CALL] == [call.id for call in decision.calls]
        assert all(isinstance(thing.reason, SuppressionReason) for thing in decision.suppressed)


@given(st.data())
def test_prepaid_exactly_as_promised(data: st.DataObject) -> None:
    group = data.draw(GROUP)
    told = data.draw(events(st.just(details(group))))
    order = play(data.draw(deliveries(told))).order
    assert order is not None
    last = {kind: max((known.at for known in told if known.type is kind), default=None) for kind in EventType}
    paid, confirmed = last[EventType.PAID], last[EventType.DEPOSIT_CONFIRMED]
    rejected, undone = last[EventType.DEPOSIT_REJECTED], last[EventType.DEPOSIT_UNMATCHED]
    stands = confirmed is not None and (rejected is None or confirmed >= rejected)
    stands = stands and (undone is None or (confirmed or undone) > undone)
    if group in ("tehran.online", "elsewhere.online"):
        settled = paid is not None
    elif group == "elsewhere.bank_transfer":
        settled = stands
    elif group == "unknown":  # a payment at the gateway makes it an online order, word of a deposit a transfer
        settled = paid is not None or stands
    else:
        settled = False
    back, payment = last[EventType.REFUNDED], max((at for at in (paid, confirmed) if at), default=None)
    if back is not None and (payment is None or payment <= back):
        settled = False
    assert order.prepaid == (settled and not order.cancelled)
    assert order.priority == (Priority.HIGH if order.prepaid and group == "tehran.online" else Priority.NORMAL)
    assert order.violation == (group == "not on offer")


@given(st.data(), TIMES)
@pytest.mark.parametrize("group", ["elsewhere.bank_transfer", "elsewhere.online"])
def test_nothing_says_paid_and_no_stage_is_told_before_the_money_is_there(
    group: str, data: st.DataObject, time: str
) -> None:
    settling = EventType.PAID if group == "elsewhere.online" else EventType.DEPOSIT_CONFIRMED
    told = [known for known in data.draw(events(st.just(details(group)))) if known.type is not settling]
    story = play(data.draw(deliveries(told)), rulebook=RULEBOOKS[time]) if told else Story()
    says_paid = {"payment_succeeded_tehran", "payment_succeeded_elsewhere", "deposit_confirmed"}
    assert not {message.template for message in story.messages.values()} & (
        STAGE_TEXTS | says_paid | {"order_cancelled_prepaid"}
    )
    assert {"shipping_update", "satisfaction", "reassurance", "why_cancelled"}.isdisjoint(
        call.purpose for call in story.calls.values()
    )


@given(st.data())
def test_a_stage_is_told_at_most_once_and_never_after_a_later_one(data: st.DataObject) -> None:
    heard = data.draw(events(st.just(details("tehran.cash"))))
    once = [known for known in heard if known.type is not EventType.DELIVERY_FAILED]  # after which it sets out again
    story = play(data.draw(deliveries(once))) if once else Story()
    stages = {rule.template: STAGES[kind] for kind in STAGES for rule in _cash(kind)}
    told = [stages[message.template] for message in story.messages.values() if message.template in stages]
    assert told == sorted(set(told))


def _cash(kind: EventType) -> tuple[TextRule, ...]:
    return RULEBOOK.policy.blocks["tehran", PaymentMethod.CASH].rule(kind).sms


def test_a_block_knows_what_cancels_each_name() -> None:
    policy = RULEBOOK.policy
    for block in (*policy.blocks.values(), policy.otherwise, policy.free):
        rules = block.rules.values()
        names = {name for rule in rules for name in rule.cancel} | {text.template for text in block.texts()} | {"other"}
        for name in names:
            assert block.cancelling(name) == {kind for kind in EventType if block.rule(kind).cancels(name)}
