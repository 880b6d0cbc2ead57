"""From the token of an address to the order it shows."""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.domain.orders import Order
from notifier.domain.parcels import Trail
from notifier.errors import StoreError
from notifier.store import page_tokens
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import decode


@dataclass(frozen=True, slots=True)
class FoundPage:
    """An order with where it lies, and what its page is called in counters."""

    order: Order
    keys: Keys
    name: str
    trails: Mapping[str, Trail]


async def page_of(reader: Reader, token: str) -> FoundPage | None:
    """The order of a token; None for a token that never was, is no more, or lost its order.

    Whatever is asked for is looked up in the same way, by its digest: how long it takes says nothing of how near a
    guess was.
    """
    name = page_tokens.digest(token)
    pipeline = reader.redis.pipeline(transaction=False)
    for keys in reader.everywhere:
        pipeline.hget(keys.pages(name), name)
    for keys, member in zip(reader.everywhere, await pipeline.execute(), strict=True):
        if member is None:
            continue
        source, order_id = member.decode().split(":", 1)
        pipeline = reader.redis.pipeline(transaction=False)
        pipeline.get(keys.order(source, order_id))
        pipeline.hgetall(keys.trails(source, order_id))
        raw, ways = await pipeline.execute()
        try:
            order = decode(raw, Order) if raw is not None else None
            trails = {code.decode(): decode(way, Trail) for code, way in ways.items()}
        except StoreError:
            return None
        if order is not None and order.page_token and page_tokens.digest(order.page_token) == name:
            return FoundPage(order, keys, name, trails)
    return None
