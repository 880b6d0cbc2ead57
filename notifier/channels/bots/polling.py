"""Asks a messenger what a bot was told: any number of processes may, and one does at a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.channels.bots import updates
from notifier.channels.bots.api import BotApi
from notifier.clock import Clock
from notifier.errors import NotifierError
from notifier.store import keys as names
from notifier.store.records import ms
from notifier.store.work import Script

log = structlog.get_logger()

WAIT = 20
"""Seconds that the messenger waits until there is something to tell."""

_LEASE = timedelta(seconds=60)  # nobody else asks meanwhile
_LATER = timedelta(seconds=10)  # after an answer that was none
_PROBE = Script("probe")
_CONFLICT = 409  # a webhook is set: it would take what we ask for


class BotTrouble(NotifierError):
    """A messenger does not say what a bot was told; the text says why."""


@dataclass(slots=True)
class BotPoller:
    api: BotApi
    redis: Redis
    clock: Clock
    handle: Callable[[object], Awaitable[None]]
    wait: int = WAIT

    async def tick(self) -> int:
        """Ask once; returns how many updates were handled. Raises BotTrouble."""
        key, now = names.bot(self.api.kind), self.clock.now()
        if not await _PROBE.run(self.redis, [key], ms(now), ms(now + _LEASE)):
            return 0
        free_at = ms(now + _LATER)
        try:
            count = await self._round(key)
            free_at = 0
            return count
        finally:
            await self.redis.hset(key, "probe_until", free_at)

    async def _round(self, key: str) -> int:
        raw: Any = await self.redis.hget(key, "offset")
        answer = await self.api.updates(int(raw or 0), wait=self.wait)
        if answer.code == _CONFLICT:
            await self.api.delete_webhook()
        if not answer.taken:
            raise BotTrouble(f"the bot at {self.api.kind} is told nothing: {answer}")
        count = 0
        for update in answer.result if isinstance(answer.result, list) else ():
            if (after := updates.offset_after(update)) is None:
                continue
            try:
                await self.handle(update)
            except (RedisError, OSError, NotifierError):
                raise  # it is told again
            except Exception as error:  # what we cannot handle must not keep the others from being handled
                log.error("an update is left", action="bot_update_failed", error=type(error).__name__)
            await self.redis.hset(key, "offset", after)
            count += 1
        return count
