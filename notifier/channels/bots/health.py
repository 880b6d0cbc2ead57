"""Whether bots answer at all: looked at by whoever comes first, kept for all."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from notifier.channels.bots.answer import BotAnswer
from notifier.channels.bots.api import BotApi
from notifier.clock import Clock
from notifier.domain.channels import StaffChannel
from notifier.store import keys as names
from notifier.store.records import ms

AWAY_AFTER = timedelta(minutes=5)
"""How long a bot may be away until supervisors are told."""

NAMES: Mapping[str, str] = {StaffChannel.BALE: "بله", StaffChannel.TELEGRAM: "تلگرام"}


@dataclass(slots=True)
class BotHealth:
    redis: Redis
    bots: Mapping[StaffChannel, BotApi]
    clock: Clock
    alert: Callable[[str, str], Awaitable[None]]

    async def tick(self) -> None:
        """Ask each bot who it is."""
        for kind, bot in self.bots.items():
            await self.heard(kind, await bot.me())

    async def heard(self, kind: StaffChannel, answer: BotAnswer) -> None:
        """Take in how a call went."""
        key, now = names.bot(kind), self.clock.now()
        if not answer.token_refused and answer.error is None and not answer.unknown:
            await self.redis.hdel(key, "failing_since")
            return
        await self.redis.hsetnx(key, "failing_since", ms(now))
        if answer.token_refused:
            text = (
                f"ربات {NAMES[kind]} توکن ما را نمی‌پذیرد و به همکاران از آن راه خبر نمی‌رسد. "
                "مسئول فنی باید توکن تازه‌ای در تنظیمات بگذارد."
            )
            await self.alert(f"bot_down:{kind}", text)
            return
        since: Any = await self.redis.hget(key, "failing_since")
        if since is not None and ms(now) - int(since) >= AWAY_AFTER // timedelta(milliseconds=1):
            await self.alert(
                f"bot_down:{kind}", f"ربات {NAMES[kind]} پاسخ نمی‌دهد؛ یادآوری‌ها از راه بعدی هر همکار می‌رود."
            )

    async def is_well(self, kind: str) -> bool:
        """Whether a bot answered last time it was asked."""
        return not await self.redis.hexists(names.bot(kind), "failing_since")
