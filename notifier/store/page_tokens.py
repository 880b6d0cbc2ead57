"""The token in the address of a customer's page: who holds it may see the order, and answer about it.

An order has its token in its record, so that texts and answers can name the address again; the index has a digest of
it, so that no name of a key or field is an address.
"""

import secrets
from hashlib import blake2b
from typing import Any

from redis.asyncio import Redis

from notifier.domain.orders import Order
from notifier.store import keys as names
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BITS = 128

LENGTH = 22
"""Signs: as many as 128 bits take in base62."""

_LONGEST = 100  # signs of what is looked up


def new_token() -> str:
    """A token that nobody can guess."""
    return in_base62(secrets.randbits(_BITS))


def in_base62(number: int) -> str:
    """A number of 128 bits at most, in digits and Latin letters."""
    signs = []
    for _ in range(LENGTH):
        number, rest = divmod(number, len(_SIGNS))
        signs.append(_SIGNS[rest])
    return "".join(reversed(signs))


def digest(token: str) -> str:
    """What the index has of a token; of whatever else is asked for something that it has not."""
    return blake2b(token[:_LONGEST].encode(errors="replace"), digest_size=16).hexdigest()


def fingerprint(order: Order) -> str:
    """What tells the token of an order from others, and is no address; empty where it has none."""
    return digest(order.page_token) if order.page_token else ""


async def keep_secret(redis: Redis) -> bytes:
    """The secret by which forms of these pages are known to be ours, the same for all who share this store."""
    await redis.set(names.PAGE_SECRET, secrets.token_bytes(32), nx=True)
    found: Any = await redis.get(names.PAGE_SECRET)
    return bytes(found)


def put(unit: UnitOfWork, keys: Keys, order: Order, *, before: Order | None) -> None:
    """Have an order found by its token, and no more by the one that ``before`` had."""
    former = before.page_token if before else None
    if former == order.page_token:
        return
    if former:
        unit.do("HDEL", keys.pages(digest(former)), digest(former))
    if order.page_token:
        found = digest(order.page_token)
        unit.do("HSET", keys.pages(found), found, f"{order.source}:{order.id}")


def drop(unit: UnitOfWork, keys: Keys, order: Order) -> None:
    """Have an order found by its token no more."""
    if order.page_token:
        unit.do("HDEL", keys.pages(digest(order.page_token)), digest(order.page_token))
