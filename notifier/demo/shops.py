"""The two shops of the demo: each signs and posts in its own way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifier.demo.script import Moment, Story, StoryStep
from notifier.practice import standard, woo_order, woocommerce

_BEGINNINGS = frozenset({"order.registered", "order.created"})
TimeOf = Callable[[Moment], datetime]
Request = tuple[bytes, dict[str, str]]


@dataclass(slots=True)
class DemoStandardShop:
    """Posts our own format, signed as Standard Webhooks. The first event of an order brings all about it, later ones
    only what is new."""

    secret: str
    stories: Mapping[str, Story]

    def request(self, step: StoryStep, *, now: datetime, time_of: TimeOf) -> Request:
        """Body and headers."""
        data: dict[str, Any] = {"order_id": step.order_id}
        if step.what in _BEGINNINGS:
            data |= self.stories[step.order_id].order
        happened = time_of(step.happened) if step.happened else time_of(step.at)
        payload = {"type": step.what, "timestamp": happened.isoformat(), "data": data | step.content}
        return standard.signed(self.secret, payload, at=now, event_id=step.delivery)


@dataclass(slots=True)
class DemoWooCommerceShop:
    """Posts the whole order each time, signed as WooCommerce does."""

    secret: str
    stories: Mapping[str, Story]
    changes: dict[str, list[tuple[datetime, dict[str, Any]]]] = field(default_factory=dict)

    def request(self, step: StoryStep, *, now: datetime, time_of: TimeOf) -> Request:
        """Body and headers."""
        changes = self.changes.setdefault(step.order_id, [])
        changes.append((time_of(step.at), step.content))
        order = woo_order.payload(step.order_id, self.stories[step.order_id].order, changes)
        return woocommerce.signed(self.secret, order, topic=step.what, delivery=step.delivery)


Shop = DemoStandardShop | DemoWooCommerceShop
