"""Reminders for the shop's own tools: signed webhooks after Standard Webhooks, tried until they are taken.

Each lies in Redis until then. A worker that dies with one in hand leaves it to the next; the id stays the same, so that
a receiver can tell a repetition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis
from standardwebhooks import Webhook

from notifier.clock import Clock
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import decode, encode, ms
from notifier.store.work import UnitOfWork
from scheduler.reminding import Gathered

log = structlog.get_logger()

WAITS = (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""Seconds between tries; after the last one the webhook is given up, and said so in the log."""

_LEASE = timedelta(seconds=60)
_AT_ONCE = 20


class Hook(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One webhook to be posted; ``tries`` counts those begun."""

    id: str
    body: str
    tries: int = 0


def reminder(message_id: str, told: Gathered, now: datetime) -> Hook:
    """What is posted of a reminder: whom it went to and which calls it was about."""
    calls = [
        {
            "id": call.id,
            "why": kind.name.lower(),
            "state": call.state,
            "purpose": call.purpose,
            "order_id": call.order_id,
            "customer": {"name": call.name, "phone": call.phone},
            "due_at": call.due_at,
        }
        for call, kind in told.calls
    ]
    body = {"type": "call.reminder", "timestamp": now, "data": {"staff": told.staff.id, "calls": calls}}
    return Hook(id=f"msg_{message_id}", body=encode(body).decode())


def add(unit: UnitOfWork, keys: Keys, hook: Hook) -> None:
    """Have it posted as soon as the unit is committed."""
    unit.do("HSET", keys.hooks, hook.id, encode(hook))
    unit.do("ZADD", keys.hooks_due, 0, hook.id)


@dataclass(frozen=True, slots=True)
class Hooks:
    """Posts what is due. Any number of processes may: each claims a webhook before it posts it."""

    redis: Redis
    reader: Reader
    clock: Clock
    url: str
    secret: str
    timeout: timedelta = timedelta(seconds=10)
    session: Callable[[], aiohttp.ClientSession] = aiohttp.ClientSession

    async def tick(self) -> int:
        """Post everything due; returns how many were taken by the receiver."""
        count = 0
        async with self.session() as session:
            for keys in self.reader.everywhere:
                ids: Any = await self.redis.zrangebyscore(
                    keys.hooks_due, "-inf", ms(self.clock.now()), start=0, num=_AT_ONCE
                )
                for hook_id in ids:
                    hook = await self._claim(keys, hook_id.decode())
                    if hook is not None:
                        count += await self._deliver(session, keys, hook)
        return count

    async def _claim(self, keys: Keys, hook_id: str) -> Hook | None:
        raw: Any = await self.redis.hget(keys.hooks, hook_id)
        if raw is None:
            await self.redis.zrem(keys.hooks_due, hook_id)
            return None
        hook = decode(raw, Hook)
        claimed = replace(hook, tries=hook.tries + 1)
        unit = UnitOfWork()
        unit.require_field(keys.hooks, hook_id, raw)
        unit.do("HSET", keys.hooks, hook_id, encode(claimed))
        unit.do("ZADD", keys.hooks_due, ms(self.clock.now() + _LEASE), hook_id)
        return claimed if (await work.commit(self.redis, [unit]))[0][0] == "done" else None

    async def _deliver(self, session: aiohttp.ClientSession, keys: Keys, hook: Hook) -> int:
        problem = await self._post(session, hook)
        unit = UnitOfWork()
        if problem and hook.tries <= len(WAITS):
            again = self.clock.now() + timedelta(seconds=WAITS[hook.tries - 1])
            unit.do("ZADD", keys.hooks_due, ms(again), hook.id)
        else:
            unit.do("HDEL", keys.hooks, hook.id)
            unit.do("ZREM", keys.hooks_due, hook.id)
        if problem:
            say = log.warning if hook.tries <= len(WAITS) else log.error
            say("a call webhook was not taken", action="hook_failed", hook=hook.id, tries=hook.tries, problem=problem)
        await work.commit(self.redis, [unit])
        return int(problem is None)

    async def _post(self, session: aiohttp.ClientSession, hook: Hook) -> str | None:
        """Post it; what went wrong, or None."""
        now = self.clock.now()
        headers = {
            "content-type": "application/json",
            "webhook-id": hook.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(hook.id, now, hook.body),
        }
        timeout = aiohttp.ClientTimeout(total=self.timeout.total_seconds())
        try:
            async with session.post(
                self.url, data=hook.body.encode(), headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                return None if response.status < 300 else f"answered {response.status}"
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return type(error).__name__
