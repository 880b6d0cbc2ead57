"""Parked events: those that came before their order. They are replayed when it appears, and never dropped."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.domain.events import Event
from notifier.errors import NotifierError, StoreError
from notifier.intake.delivery import Delivery, Outcome, Recorded
from notifier.store import keys as names
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import decode
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_REPLAYED_AT_ONCE = 500  # Lua takes some thousand values in one go


@dataclass(frozen=True, slots=True)
class Parked:
    """Replays parked events by ``submit``, which commits a delivery."""

    redis: Redis
    submit: Callable[[Delivery], Awaitable[Outcome]]
    partitions: int

    async def follow(self, delivery: Delivery, outcome: Recorded) -> None:
        """Replay what waited for a new order. It is safe already: what fails here is replayed later by the clock."""
        source, order_id, parking = delivery.source, delivery.order_id, self._parking(delivery.order_id)
        try:
            await self.replay(source, order_id, outcome.parked, keys=outcome.keys)
            if parking != outcome.keys:
                elsewhere: Any = await self.redis.lrange(parking.parked(source, order_id), 0, -1)
                await self.replay(source, order_id, elsewhere, keys=parking)
        except (NotifierError, RedisError, OSError) as error:
            log.warning("parked events not replayed yet", action="replay_failed", order=order_id, error=str(error))

    async def replay(self, source: str, order_id: str, parked: Sequence[bytes], *, keys: Keys) -> int:
        """Commit events that waited for their order, in the order they happened; returns how many.

        ``keys`` are those of the partition they waited in. One that cannot be read is left where it is.
        """
        readable: list[tuple[Event, bytes]] = []
        for raw in parked:
            try:
                readable.append((decode(raw, Event), raw))
            except StoreError as error:
                log.error("a parked event is left", action="parked_unreadable", order=order_id, error=str(error))
        readable.sort(key=lambda row: row[0].at)
        for start in range(0, len(readable), _REPLAYED_AT_ONCE):
            part = readable[start : start + _REPLAYED_AT_ONCE]
            await self._replay(source, order_id, [event for event, _ in part], [raw for _, raw in part], keys)
        return len(readable)

    async def _replay(
        self, source: str, order_id: str, waited: Sequence[Event], parked: Sequence[bytes], keys: Keys
    ) -> None:
        delivery = Delivery(
            source=source,
            event_id=waited[0].id,
            digest="",
            order_id=order_id,
            phone=waited[0].details.phone,
            events=lambda _: waited,
            replayed=True,
        )
        await self.submit(delivery)
        # Only now: a crash before this replays them once more, and decide finds no news in them.
        unit = UnitOfWork()
        for raw in parked:
            unit.do("LREM", keys.parked(source, order_id), 1, work.binary(raw))
        nothing_left = UnitOfWork()
        nothing_left.do("ZREM", keys.parked_orders, f"{source}:{order_id}")
        unit.unless_exists(keys.parked(source, order_id), nothing_left)
        await work.commit(self.redis, [unit])

    def _parking(self, order_id: str) -> Keys:
        """Where events wait for an order that nobody has heard of."""
        return Keys(names.partition_of(order_id, self.partitions))


@dataclass(frozen=True, slots=True)
class Parking:
    """Looks after parked events whose order came while nobody was there to replay them."""

    reader: Reader
    parked: Parked

    async def replay_ready(self) -> int:
        """Replay every parked event whose order is known by now; returns for how many orders."""
        count = 0
        for keys in self.reader.everywhere:
            waiting: Any = await self.reader.redis.zrange(keys.parked_orders, 0, -1)
            for member in waiting:
                source, order_id = member.decode().split(":", 1)
                if await self.reader.order(source, order_id) is None:
                    continue
                parked: Any = await self.reader.redis.lrange(keys.parked(source, order_id), 0, -1)
                if replayed := await self.parked.replay(source, order_id, parked, keys=keys):
                    log.info("parked events replayed", action="parked_replayed", order=order_id, events=replayed)
                    count += 1
        return count
