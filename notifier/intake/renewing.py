"""What is planned for later, written anew when its order changes, so that whoever looks sees what will be sent.

It is looked at once more when it leaves; so nothing is lost where this comes to nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import Clock
from notifier.domain import phones
from notifier.domain.messages import Message, MessageState
from notifier.domain.orders import Order
from notifier.domain.policy import Rulebook
from notifier.domain.retelling import as_it_is
from notifier.errors import NotifierError
from notifier.store import work, writes
from notifier.store.keys import Keys
from notifier.store.records import decode
from notifier.store.work import UnitOfWork

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Planned:
    """The texts of an order that wait for their time."""

    redis: Redis
    rulebook: Callable[[], Rulebook]
    clock: Clock

    async def renew(self, keys: Keys, order: Order) -> None:
        """Have them say what the order says; one that somebody is at is left to them."""
        ids = [one for texts in order.open_texts.values() for one in texts]
        if not ids:
            return
        try:
            pipeline = self.redis.pipeline(transaction=False)
            for one in ids:
                pipeline.hget(keys.message(one), "message")
            found: list[Any] = await pipeline.execute()
            units = [unit for raw in found if raw is not None and (unit := self._renewed(keys, order, raw))]
            if units:
                await work.commit(self.redis, units)
        except (NotifierError, RedisError, OSError) as error:
            log.warning("planned texts are as they were", action="renewal_failed", order=order.id, error=str(error))

    def _renewed(self, keys: Keys, order: Order, raw: bytes) -> UnitOfWork | None:
        former = decode(raw, Message)
        message = as_it_is(former, order, self.rulebook(), former.not_before or self.clock.now())
        if message is former or not phones.is_mobile(message.to):
            return None
        if message.to != former.to:
            message = replace(message, to_since=self.clock.now())
        unit, key = UnitOfWork(), keys.message(message.id)
        unit.require_field(key, "state", MessageState.QUEUED)
        unit.require_field(key, "bound", "")
        unit.require_field(key, "message", raw)
        unit.require_version(keys.order(order.source, order.id), order.v)
        writes.rewrite_message(unit, keys, message, former=former)
        return unit
