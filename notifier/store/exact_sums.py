"""Sums to pay that no two open orders share: a few toman more than an order costs, given back when it is over."""

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.domain.orders import Order
from notifier.errors import StoreAway
from notifier.store import keys as names
from notifier.store import work
from notifier.store.work import UnitOfWork

STEP = 10  # rial: people type toman
MOST = 999  # toman more
_AT_ONCE = 50
_HELD, _FORGOTTEN = timedelta(hours=48), timedelta(days=60)


def fits(order: Order) -> bool:
    """Whether the order has a sum of its own that goes with what it costs."""
    amount = order.details.amount or 0
    return amount < order.pay_exactly <= amount + MOST * STEP


@dataclass(frozen=True, slots=True)
class ExactSums:
    redis: Redis

    async def of(self, order: Order, now: int) -> int:
        """A sum (rial) for an order that awaits a transfer; always the same one. 0 where all are taken."""
        try:
            return await self._of(order, now)
        except (RedisError, OSError) as error:
            raise StoreAway("The store does not answer. Send it again.") from error

    async def _of(self, order: Order, now: int) -> int:
        member, amount = f"{order.source}:{order.id}", order.details.amount or 0
        if not amount or amount % STEP:
            return 0
        for first in range(1, MOST + 1, _AT_ONCE):
            sums = [str(amount + STEP * more) for more in range(first, min(first + _AT_ONCE, MOST + 1))]
            taken: Any = await self.redis.hmget(names.BANK_SUMS, sums)
            if member.encode() in taken:
                return int(sums[taken.index(member.encode())])
            for one, holder in zip(sums, taken, strict=True):
                if holder is None and await self._reserve(one, member, now):
                    return int(one)
        return 0

    async def _reserve(self, one: str, member: str, now: int) -> bool:
        unit = UnitOfWork()
        unit.require_field(names.BANK_SUMS, one, "")
        unit.do("HSET", names.BANK_SUMS, one, member)
        unit.do("ZADD", names.BANK_SUMS_END, now + _ms(_FORGOTTEN), one)
        return (await work.commit(self.redis, [unit]))[0][0] == "done"

    async def give_back(self, order: Order, now: int) -> None:
        """Let others have it in two days: the customer may have paid a little later."""
        with contextlib.suppress(RedisError, OSError):  # it lapses by itself, later
            await self.redis.zadd(names.BANK_SUMS_END, {str(order.pay_exactly): now + _ms(_HELD)}, xx=True)

    async def tick(self, now: int) -> None:
        """Free what is held no more."""
        found: Any = await self.redis.zrangebyscore(names.BANK_SUMS_END, "-inf", now, start=0, num=1000)
        over = [one.decode() for one in found]
        if over:
            unit = UnitOfWork()
            unit.do("HDEL", names.BANK_SUMS, *over)
            unit.do("ZREM", names.BANK_SUMS_END, *over)
            await work.commit(self.redis, [unit])


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
