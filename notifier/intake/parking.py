"""Parked events: those that came before their order. They are replayed when it appears, and never dropped."""

from dataclasses import dataclass
from typing import Any

import structlog

from notifier.intake.committer import Committer
from notifier.store.reading import Reader

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parking:
    """Looks after parked events whose order came while nobody was there to replay them."""

    reader: Reader
    committer: Committer

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
                if replayed := await self.committer.replay(source, order_id, parked, keys=keys):
                    log.info("parked events replayed", action="parked_replayed", order=order_id, events=replayed)
                    count += 1
        return count
