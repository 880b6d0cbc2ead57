"""A committer for a store with replicas: what is answered as known already is on them, too.

A delivery that was written while replicas were away is answered 503; when it comes again it is found by its id, and the
replicas may still be without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError

from notifier.errors import StoreAway
from notifier.intake.batcher import PendingDelivery
from notifier.intake.committer import Committer
from notifier.intake.delivery import Delivery, Outcome, Recorded
from notifier.store import keys as names
from notifier.store import roundtrip, work
from notifier.store.reading import Reader
from notifier.store.work import UnitOfWork


@dataclass(slots=True)
class ReplicatedCommitter(Committer):
    """Answers nothing before the replicas have what the answer is about."""

    async def submit(self, delivery: Delivery) -> Outcome:
        outcome = await Committer.submit(self, delivery)
        if not isinstance(outcome, Recorded):
            try:
                await self._assure(delivery)
            except (RedisError, OSError):
                raise StoreAway("The event is not on enough replicas yet. Send it again with the same id.") from None
        return outcome

    async def _route(self, group: Sequence[PendingDelivery]) -> None:
        """In a cluster the way to an order lies on another node than the order, and must not be lost before it."""
        await Committer._route(self, group)
        routes = {
            names.route(waiting.delivery.source, waiting.delivery.order_id): waiting.keys.partition
            for waiting in group
            if waiting.delivery.phone is not None
        }
        if routes and self.partitions > 1:
            answers = await roundtrip.safely(self.redis, [("SET", key, place) for key, place in routes.items()])
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer

    async def _assure(self, delivery: Delivery) -> None:
        """A write of its own comes behind all that was written before, and waits for the replicas."""
        keys = await Reader(self.redis, self.partitions).keys_of(delivery.source, delivery.order_id)
        unit = UnitOfWork()
        unit.do("SET", keys.barrier, 1)
        await work.commit(self.redis, [unit])
