"""Everything that ends with time, looked at by one process after the other."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.retention.archive import Archive
from notifier.retention.claim import claimed
from notifier.retention.orders import Ages, ClosedOrders
from notifier.retention.orphans import Orphans
from notifier.store import audit
from notifier.store.reading import Reader
from notifier.store.receipts import ReceiptPictures
from notifier.store.records import ms
from scheduler.book import CallBook

log = structlog.get_logger()


class Swept(Struct, frozen=True, kw_only=True):
    """How much was packed and removed."""

    packed: int = 0
    orders: int = 0
    calls: int = 0
    messages: int = 0
    parked: int = 0

    @property
    def total(self) -> int:
        return self.packed + self.orders + self.calls + self.messages + self.parked


@dataclass(frozen=True, slots=True)
class Retention:
    """Packs, archives and removes what is old. Any number of processes may: one of them does."""

    redis: Redis
    orders: ClosedOrders
    leftovers: Orphans
    archive: Archive | None
    audit_age: timedelta

    async def tick(self) -> Swept | None:
        """Do all that is due; None when another process is at it."""
        async with claimed(self.redis) as hold:
            if hold is None:
                return None
            leftovers, enabled = self.leftovers, bool(self.leftovers.age)
            if enabled:
                await leftovers.end_calls()
            packed, orders = await self.orders.sweep(hold)
            swept = Swept(packed=packed, orders=orders)
            if enabled and await hold():
                swept = Swept(
                    packed=packed,
                    orders=orders,
                    calls=await leftovers.calls(),
                    messages=await leftovers.messages(),
                    parked=await leftovers.parked(),
                )
            if self.audit_age:
                await audit.forget(self.redis, self.orders.reader, ms(self.orders.clock.now() - self.audit_age))
        if self.archive is not None:
            self.archive.forget()
        if swept.total:
            log.info(
                "old data swept", action="retention", **{name: getattr(swept, name) for name in swept.__struct_fields__}
            )
        return swept


def retention(
    ages: Ages,
    audit_age: timedelta,
    archive: Archive | None,
    redis: Redis,
    reader: Reader,
    clock: Clock,
    book: CallBook,
    receipts: ReceiptPictures | None = None,
) -> Retention:
    """What packs, archives and removes; without an archive what is old is removed alone."""
    orders = ClosedOrders(redis, reader, clock, ages, archive, receipts)
    return Retention(redis, orders, Orphans(redis, reader, clock, book, ages.orders, archive), archive, audit_age)
