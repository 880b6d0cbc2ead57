"""Alerts beside the SMS: by every bot and browser of a supervisor at once, for nobody knows which of them they see."""

from collections.abc import Collection
from dataclasses import dataclass

from redis.asyncio import Redis

from notifier.channels import reminders
from notifier.channels.bots.bindings import BotBindings
from notifier.channels.reminders import StaffNotice
from notifier.channels.web_push import notices
from notifier.channels.web_push.notices import PushNotice
from notifier.channels.web_push.subscriptions import PushSubscriptions
from notifier.domain.channels import StaffChannel
from notifier.domain.messages import Message
from notifier.store.keys import Keys
from notifier.store.records import ms
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork

BROKEN_BOT = "bot_down"
"""The kind of trouble with a bot, whose name stands behind the colon."""


@dataclass(frozen=True, slots=True)
class AlertChannels:
    """``bots`` are those that there are; ``pushes`` says whether browsers can be pushed to."""

    redis: Redis
    bots: Collection[StaffChannel]
    pushes: bool

    async def beside(self, keys: Keys, staff: Staff, message: Message, kind: str) -> UnitOfWork:
        """What has somebody told by all they have, but by what broke."""
        unit = UnitOfWork()
        bound = await BotBindings(self.redis).of(staff) if self.bots else {}
        push = PushNotice(
            id=message.id,
            staff=staff.id,
            title="هشدار",
            body=message.text,
            path="/console/alerts",
            at=ms(message.created_at),
        )
        for bot in bound:
            if bot in self.bots and kind != f"{BROKEN_BOT}:{bot}":
                notice = StaffNotice(
                    id=f"{message.id}:{bot}",
                    staff=staff.id,
                    message=message,
                    push=push,
                    at=push.at,
                    ladder=(bot,),
                    alone=True,
                )
                reminders.queue(unit, keys, notice)
        if self.pushes and await PushSubscriptions(self.redis).of(staff):
            notices.queue(unit, keys, push)
        return unit
