"""Messages put straight into the outbox, and what became of them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from notifier.clock import StillClock
from notifier.domain.messages import Message, MessageState
from notifier.service.process import Service
from notifier.sms.outbox import ClaimedMessage, claim
from notifier.store import work, writes
from notifier.store.keys import Keys, partition_of
from notifier.store.reading import StoredMessage
from notifier.store.work import UnitOfWork

_numbers = itertools.count(1)


@dataclass(slots=True)
class Desk:
    """Somebody who has messages sent by a service and looks at what became of them."""

    service: Service
    clock: StillClock
    queued: list[Message] = field(default_factory=list)

    async def queue(self, to: str | None = None, **more: Any) -> Message:
        """One message, to a customer of its own if nothing else is said."""
        number = next(_numbers)
        message = Message(
            **{
                "id": str(10**15 + number),
                "template": "order_packed",
                "version": "1",
                "to": to or f"0912{number:07}",
                "text": f"پیام {number}",
                "created_at": self.clock.now(),
                **more,
            }
        )
        unit = UnitOfWork()
        writes.queue_message(unit, self.keys(message), message)
        await work.commit(self.service.redis, [unit])
        self.queued.append(message)
        return message

    def keys(self, message: Message) -> Keys:
        return Keys(partition_of(message.to, self.service.reader.partitions))

    async def stored(self, message: Message) -> StoredMessage:
        return (await self.service.reader.messages([(self.keys(message), message.id)]))[0]

    async def state(self, message: Message) -> MessageState:
        return (await self.stored(message)).state

    async def states(self) -> list[MessageState]:
        """Of everything queued here, in that order."""
        return [await self.state(message) for message in self.queued]

    async def send(self) -> int:
        """Send what is ready at this moment."""
        return await self.service.sender.send_ready()

    async def pass_by(self, span: timedelta, *, step: timedelta = timedelta(minutes=1)) -> None:
        """Let time pass, with everything done in it that a worker does."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            self.clock.turn(min(step, end - self.clock.now()))
            await self.send()
            await self.service.sending.reconciler.tick()
            await self.service.sending.receipts.poll()
            await self.service.sending.rung_waits.tick()
            await self.service.sending.expiry.sweep()

    async def die_with(self, message: Message, *, lease: timedelta = timedelta(seconds=60)) -> ClaimedMessage:
        """A worker takes a message, and is never heard of again."""
        (claimed,) = await claim(
            self.service.redis,
            self.keys(message),
            self.service.sender.accounts.each[0].name,
            bound=False,
            now=self.clock.now(),
            lease=lease,
            count=1,
        )
        assert claimed.message == message
        return claimed

    async def calls(self, purpose: str) -> list[str]:
        """The orders for which customers are to be called for this reason."""
        reader = self.service.reader
        sets = [(keys, keys.calls(state)) for keys in reader.everywhere for state in ("scheduled", "due")]
        page = await reader.page(sets, after=None, size=1000)
        return [
            reason.order_id
            for stored in await reader.calls(page.members)
            for reason in stored.call.reasons
            if reason.purpose == purpose
        ]

    async def alerts(self) -> Sequence[bytes]:
        found: Any = await self.service.redis.lrange("n:alerts", 0, -1)
        return found  # type: ignore[no-any-return]
