"""What is known of a customer: their orders, what we texted and what came of earlier calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from notifier.console.dependencies import Dependencies
from notifier.domain.calls import Call
from notifier.domain.orders import Order
from notifier.store.keys import Keys, partition_of
from notifier.store.reading import StoredMessage

_ORDERS, _TEXTS, _CALLS = 6, 6, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """The newest first."""

    orders: Sequence[Order]
    texts: Sequence[StoredMessage]
    calls: Sequence[Call]
    opted_out: bool
    do_not_call: bool


def phone_keys(deps: Dependencies, phone: str) -> Keys:
    """Where what belongs to a phone lies."""
    return Keys(partition_of(phone, deps.reader.partitions))


async def orders_of(deps: Dependencies, phone: str, *, limit: int = _ORDERS) -> list[Order]:
    """A customer's orders."""
    members: Any = await deps.redis.zrevrange(phone_keys(deps, phone).customer_orders(phone), 0, limit - 1)
    found = [await deps.reader.order(*member.decode().split(":", 1)) for member in members]
    return [order for order in found if order is not None]


async def customer(
    deps: Dependencies, phone: str | None, known: Sequence[Order], *, but_call: str = ""
) -> CustomerView:
    """What is known of the customer of some orders."""
    orders = {(order.source, order.id): order for order in known}
    if phone:
        orders |= {(order.source, order.id): order for order in await orders_of(deps, phone)}
    told = [await deps.reader.story(order) for order in list(orders.values())[:_ORDERS]]
    texts = {one.message.id: one for each in told for one in each.messages}
    calls = {one.call.id: one.call for each in told for one in each.calls}
    opted_out = do_not_call = False
    if phone:
        keys = phone_keys(deps, phone)
        opted_out = bool(await deps.redis.sismember(keys.opted_out, phone))
        do_not_call = bool(await deps.redis.hexists(keys.do_not_call, phone))
    return CustomerView(
        orders=sorted(orders.values(), key=lambda order: -order.created_at),
        texts=sorted(texts.values(), key=lambda one: one.message.created_at, reverse=True)[:_TEXTS],
        calls=sorted(
            (call for call in calls.values() if call.tried and call.id != but_call), key=lambda call: -call.due
        )[:_CALLS],
        opted_out=opted_out,
        do_not_call=do_not_call,
    )
