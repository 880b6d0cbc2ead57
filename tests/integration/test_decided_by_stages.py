"""A group's decisions are taken stage by stage: each is what it would be by itself, and fails by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from msgspec.structs import replace as changed

from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.orders import Order
from notifier.intake.delivery import Delivery, Recorded
from notifier.service.process import Service

ONLINE = Details(name="سارا محمدی", phone="09121234567", city="تهران", method=PaymentMethod.ONLINE, amount=185_000_000)


def delivery(kind: EventType, order_id: str, at: datetime) -> Delivery:
    about = changed(ONLINE, phone=f"0912123450{order_id}")
    event = Event(id=f"{kind} {order_id}", source="shop", type=kind, order_id=order_id, at=at, details=about)

    def events(_: Order | None) -> Sequence[Event]:
        return [event]

    return Delivery(source="shop", event_id=event.id, digest="", order_id=order_id, phone=about.phone, events=events)


async def test_of_one_order_twice_in_a_group_the_second_is_decided_upon_the_first(service: Service) -> None:
    at = service.clock.now()
    told = [
        delivery(kind, order, at)
        for kind in (EventType.REGISTERED, EventType.PAID, EventType.CANCELLED)
        for order in ("1", "2")
    ]
    outcomes = await asyncio.gather(*map(service.committer.submit, told))
    orders = [one.decision.order for one in outcomes if isinstance(one, Recorded) and one.decision]
    assert [(order.id, order.v) for order in orders] == [(order, v) for v in (1, 2, 3) for order in ("1", "2")]
    stored = await service.reader.order("shop", "2")
    assert stored == orders[-1]
    assert stored.happened(EventType.REGISTERED)


class Wordless:
    """A text that cannot be written for one order."""

    def __init__(self, template: Any, order_id: str) -> None:
        self._template, self._order_id = template, order_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._template, name)

    def render(self, context: Any) -> str:
        if context.order.id == self._order_id:
            raise LookupError("no words")
        return str(self._template.render(context))


async def test_what_cannot_be_put_into_words_fails_by_itself(service: Service) -> None:
    at, rulebook = service.clock.now(), service.committer.rulebook()
    templates = {name: Wordless(template, "2") for name, template in rulebook.templates.items()}
    wordless = replace(rulebook, templates=templates)
    service.committer.rulebook = lambda: wordless
    told = [delivery(EventType.PAID, order, at) for order in ("1", "2", "3")]
    told += [delivery(EventType.CANCELLED, "3", at)]
    outcomes = await asyncio.gather(*map(service.committer.submit, told), return_exceptions=True)
    assert [type(one) for one in outcomes] == [Recorded, LookupError, Recorded, Recorded]
    assert await service.reader.order("shop", "2") is None
    first = await service.reader.order("shop", "1")
    assert first is not None
    assert first.happened(EventType.PAID)
