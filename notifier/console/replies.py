"""Whose customers wait for a reply."""

from collections.abc import Sequence

from notifier.console.dependencies import Dependencies
from notifier.console.scope import ShopScope
from notifier.sms.inbox import WaitingReplies

LATEST = 6
"""Orders of a customer that say of which shops they are."""


async def of_shops(deps: Dependencies, found: Sequence[WaitingReplies], scope: ShopScope) -> list[WaitingReplies]:
    """Customers of the shops that are shown, and those without an order."""
    pipeline = deps.redis.pipeline(transaction=False)
    for one in found:
        pipeline.zrevrange(one.keys.customer_orders(one.phone), 0, LATEST - 1)
    orders = await pipeline.execute() if found else []
    shown = [any(map(scope.shows, map(source_of, of) if of else [""])) for of in orders]
    return [one for one, is_shown in zip(found, shown, strict=True) if is_shown]


def source_of(member: bytes) -> str:
    """Which shop's order a list names."""
    return member.decode().partition(":")[0]
