"""What is known of a customer: their orders, what we texted and what came of earlier calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from notifier.console.dependencies import Dependencies
from notifier.console.scope import ShopScope
from notifier.domain.calls import Call, Purpose, customer_of
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


async def spoken_with(deps: Dependencies, phone: str) -> bool:
    """Whether somebody with this phone texted us, or was written to by hand."""
    keys, pipeline = phone_keys(deps, phone), deps.redis.pipeline(transaction=False)
    pipeline.exists(keys.inbound(phone))
    pipeline.exists(keys.by_hand(phone))
    return any(await pipeline.execute())


async def customer(
    deps: Dependencies, phone: str | None, known: Sequence[Order], scope: ShopScope, *, but_call: str = ""
) -> CustomerView:
    """What is known of the customer of some orders, and is of shops that are shown."""
    orders = {(order.source, order.id): order for order in known}
    if phone:
        orders |= {
            (order.source, order.id): order for order in await orders_of(deps, phone) if scope.shows(order.source)
        }
    told = [await deps.reader.story(order) for order in list(orders.values())[:_ORDERS]]
    texts = {one.message.id: one for each in told for one in each.messages}
    calls = {one.call.id: one.call for each in told for one in each.calls}
    made = [call for call in calls.values() if call.tried and call.id != but_call and scope.shows_call(call)]
    no_texts = no_calls = False
    if phone:
        keys = phone_keys(deps, phone)
        no_texts = await opted_out(deps, phone)
        no_calls = bool(await deps.redis.hexists(keys.do_not_call, phone))
    return CustomerView(
        orders=sorted(orders.values(), key=lambda order: -order.created_at),
        texts=sorted(texts.values(), key=lambda one: one.message.created_at, reverse=True)[:_TEXTS],
        calls=sorted(made, key=lambda call: -call.due)[:_CALLS],
        opted_out=no_texts,
        do_not_call=no_calls,
    )


def whose(deps: Dependencies, order: Order, home: Keys) -> tuple[Keys, str]:
    """Where it is kept whether an order's customer is phoned, and under what name."""
    phone = order.details.phone
    return (phone_keys(deps, phone) if phone else home), customer_of(phone, order.source, order.id)


async def refuses_calls(deps: Dependencies, order: Order, home: Keys, purpose: Purpose) -> bool:
    """Whether the customer does not want to be called for such a purpose."""
    keys, name = whose(deps, order, home)
    refused = await deps.redis.hexists(keys.do_not_call, name)
    return refused and purpose not in deps.calling.book.rules.despite_refusal


async def opted_out(deps: Dependencies, phone: str) -> bool:
    """Whether a customer wants no texts but the essential ones."""
    return bool(await deps.redis.sismember(phone_keys(deps, phone).opted_out, phone))
