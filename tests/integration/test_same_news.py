"""The same news under two ids is told once: for every event type, over HTTP, up to the provider."""

from datetime import timedelta

import pytest
from shops import StandardShop, send_all

from notifier.clock import StillClock
from notifier.domain.events import EventType
from notifier.domain.orders import JUDGED
from notifier.practice import standard
from notifier.service.process import Service
from notifier.simulator import Simulator


def story(kind: EventType, clock: StillClock) -> list[dict[str, object]]:
    """The event, after what must have happened for anything to be told of it."""
    transfer = kind.startswith("payment.deposit")
    begin = standard.event(EventType.REGISTERED, at=clock.now(), order_id="10025")
    if transfer:
        begin["data"]["payment"]["method"] = "bank_transfer"
        begin["data"]["customer"] |= {"city": "اصفهان"}
    paid = standard.event(EventType.PAID, at=clock.now(), order_id="10025")
    before = [begin] if kind is EventType.REGISTERED or transfer or kind is EventType.PAYMENT_FAILED else [begin, paid]
    if kind in JUDGED:
        before.append(standard.event(EventType.RETURN_REQUESTED, at=clock.now(), order_id="10025"))
    news = standard.event(kind, at=clock.now(), order_id="10025")
    if kind is EventType.DELIVERY_RELEASED:
        before.append(standard.event(EventType.DELIVERY_AGREED, at=clock.now(), order_id="10025"))
        clock.turn(timedelta(seconds=1))
        news = standard.event(kind, at=clock.now(), order_id="10025")
    elif kind is EventType.CONFIRMED:
        before = [begin]
        begin["data"]["payment"] = {"method": "cash", "amount": 185_000_000}
    elif kind is EventType.RATED:
        news["data"]["mark"] = 2
    if transfer:
        news["data"]["payment"] = begin["data"]["payment"] | {"reference": "987654"}
        news["data"]["customer"] = begin["data"]["customer"]
    return [*(event for event in before if event["type"] != kind), news]


QUIET = (EventType.CONFIRMED, EventType.DEPOSIT_UNMATCHED)
"""News that only takes something back."""


@pytest.mark.parametrize("kind", list(EventType))
async def test_the_same_news_under_two_ids_is_told_once(
    kind: EventType, shop: StandardShop, service: Service, simulator: Simulator, clock: StillClock
) -> None:
    *before, news = story(kind, clock)
    for event in before:
        assert (await shop.post(event)).status == 202
    first = await shop.post(news, event_id="one")
    again = await shop.post(news, event_id="two")
    assert (first.status, again.status) == (202, 202)
    assert first.body["messages"] or first.body["calls"] or kind in QUIET
    assert (again.body["duplicate"], again.body["messages"], again.body["calls"]) == (False, [], [])
    repeated = await shop.post(news, event_id="one")
    assert (repeated.status, repeated.body["duplicate"]) == (200, True)
    await send_all(service, clock)
    texts = [message.text for message in simulator.messages]
    assert len(texts) == len(set(texts))
    assert (await shop.post(news | {"note": "other"}, event_id="one")).status == 409
