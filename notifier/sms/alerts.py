"""Alerts: what supervisors have to know now, as a text to each of them and on a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.decide import derived_id
from notifier.domain.messages import Audience, Message
from notifier.store import keys as names
from notifier.store import work, writes
from notifier.store.keys import Keys, partition_of
from notifier.store.records import encode, ms
from notifier.store.staff import Role, Staff, StaffBook
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

TEMPLATE = "alert"  # there is no such file: the sentence is the text
_KEPT = 1000
_AGAIN_AFTER = timedelta(hours=1)
_NEWS_FOR = timedelta(hours=24)  # later the trouble is over, or known


@dataclass(frozen=True, slots=True)
class Alerts:
    """Tells supervisors. One kind of trouble is told once an hour, whoever finds it however often."""

    redis: Redis
    staff: StaffBook
    clock: Clock
    partitions: int

    async def tell(self, kind: str, text: str) -> None:
        """Put it on the list, and text it to every supervisor."""
        now, told = self.clock.now(), names.alert(kind)
        if await self.redis.exists(told):
            return
        log.error("alert", action="alert", kind=kind, text=text)
        hour = now.replace(minute=0, second=0, microsecond=0)
        units: list[UnitOfWork] = []
        for supervisor in await self._supervisors():
            message = Message(
                id=derived_id(TEMPLATE, kind, str(ms(hour)), supervisor.id),
                template=TEMPLATE,
                version="",
                to=supervisor.phone,
                text=text,
                created_at=now,
                audience=Audience.STAFF,
                essential=True,
                expires_at=now + _NEWS_FOR,
            )
            queued = UnitOfWork()
            writes.queue_message(queued, Keys(partition_of(supervisor.phone, self.partitions)), message)
            units.append(queued)
        # Known as told only after that: a crash in between tells it again, under the same ids.
        unit = UnitOfWork()
        unit.require_absent(told)
        unit.do("SET", told, 1, "PX", _AGAIN_AFTER // timedelta(milliseconds=1))
        if (await work.commit(self.redis, [*units, unit]))[-1][0] == "done":
            await self.redis.lpush(names.ALERTS, encode({"at": now, "kind": kind, "text": text}))
            await self.redis.ltrim(names.ALERTS, 0, _KEPT - 1)

    async def _supervisors(self) -> Sequence[Staff]:
        return [staff for staff in await self.staff.active() if staff.role is Role.SUPERVISOR]
