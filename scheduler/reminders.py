"""Reminders: when a call falls due, somebody of the staff is told, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.calls import Call, CallState
from notifier.domain.decide import derived_id
from notifier.domain.messages import Audience, Message
from notifier.domain.orders import Order
from notifier.domain.policy import Shop, Template
from notifier.domain.variables import Context
from notifier.store import work, writes
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import ms
from notifier.store.staff import Role, Staff, StaffBook
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

TEMPLATE = "call_due"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Reminders:
    """Makes calls due and reminds the staff. Any number of processes may do so: each call falls due once."""

    redis: Redis
    reader: Reader
    staff: StaffBook
    clock: Clock
    shop: Shop
    templates: Mapping[str, Template]
    namespace: str

    async def tick(self) -> int:
        """Make every call due whose time has come; returns how many were found."""
        count = 0
        for keys in self.reader.everywhere:
            while found := await self._due(keys):
                count += len(found)
        return count

    async def _due(self, keys: Keys) -> Sequence[str]:
        now = self.clock.now()
        ids: Any = await self.redis.zrangebyscore(
            keys.calls(CallState.SCHEDULED), "-inf", ms(now), start=0, num=_AT_ONCE
        )
        calls = await self.reader.calls([(keys, call_id.decode()) for call_id in ids])
        agents = [staff for staff in await self.staff.active() if staff.role is Role.AGENT]
        units = [await self._fall_due(keys, stored.call, agents, now) for stored in calls]
        if units:
            await work.commit(self.redis, units)
        return [stored.call.id for stored in calls]

    async def _fall_due(self, keys: Keys, call: Call, agents: Sequence[Staff], now: datetime) -> UnitOfWork:
        """The call is due, and its reminder in the outbox, in one: neither without the other, and once."""
        due = UnitOfWork()
        due.do("HSET", keys.call(call.id), "state", CallState.DUE)
        due.move(call.id, source=keys.calls(CallState.SCHEDULED), target=keys.calls(CallState.DUE))
        order = await self.reader.order(call.source, call.order_id)
        if agents and order is not None:
            recipient = agents[int(call.id) % len(agents)]
            writes.queue_message(due, keys, self._reminder(call, order, recipient, now))
        elif not agents:
            log.warning("a call is due and there is nobody to remind", action="no_staff", call=call.id)
        unit = UnitOfWork()
        unit.when(keys.call(call.id), "state", CallState.SCHEDULED, due)
        return unit

    def _reminder(self, call: Call, order: Order, recipient: Staff, now: datetime) -> Message:
        template = self.templates[TEMPLATE]
        return Message(
            id=derived_id(self.namespace, TEMPLATE, call.id, recipient.id),
            template=template.name,
            version=template.version,
            to=recipient.phone,
            text=template.render(Context(order=order, shop=self.shop, now=now, call=call)),
            created_at=now,
            audience=Audience.STAFF,
            order_id=order.id,
            source=order.source,
            expires_at=now + template.expires if template.expires else None,
        )
