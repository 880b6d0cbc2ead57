"""Silence: supervisors are told, once, when a shop that usually says something at this hour says nothing; and when it
speaks again. What counts are the deliveries that were taken, not the orders that we had to ask for.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from notifier.clock import TEHRAN, Clock
from notifier.domain import activity_profile, persian
from notifier.store import keys as names
from notifier.store import work
from notifier.store.publishing import Alert
from notifier.store.records import ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

_KEPT = timedelta(weeks=activity_profile.WEEKS, days=1)


def note(pipeline: Any, source: str, at: datetime) -> None:
    """Have a pipeline write that a shop said something at ``at``."""
    local = at.astimezone(TEHRAN)
    key = names.rhythm(source, local.date().isoformat())
    pipeline.sadd(key, activity_profile.span_of(local))
    pipeline.expire(key, int(_KEPT.total_seconds()))
    pipeline.hset(names.HEARD, source, ms(at))


async def last_heard(redis: Redis) -> dict[str, datetime]:
    """When each shop last said something."""
    found: Any = await redis.hgetall(names.HEARD)
    return {source.decode(): datetime.fromtimestamp(int(at) / 1000, UTC) for source, at in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class InactivityAlarm:
    """Listens. ``sources`` are the shops, each with what supervisors are told to look at there; ``spans`` is that of
    `activity_profile.is_unusual`. A day is compared with days of its kind: working days, or not."""

    redis: Redis
    clock: Clock
    sources: Mapping[str, str]
    spans: int
    is_day_off: Callable[[date], bool]
    tell: Alert
    clear: Alert

    async def tick(self) -> None:
        """Look at every shop."""
        try:
            heard = await last_heard(self.redis)
            told: Any = await self.redis.hgetall(names.SILENT)
            for source in self.sources.keys() & heard.keys():
                last, since = heard[source].astimezone(TEHRAN), told.get(source.encode())
                if since is None:
                    await self._listen(source, last)
                elif ms(last) > int(since):
                    await self._welcome(source, since, last)
        except (RedisError, OSError) as error:
            log.warning("store unreachable", action="silence_failed", error=type(error).__name__)

    async def _listen(self, source: str, last: datetime) -> None:
        now = self.clock.now().astimezone(TEHRAN)
        silent = activity_profile.silent_spans(last, now)
        if len(silent) < self.spans:
            return
        if not activity_profile.is_unusual(await self._days_like(source, now.date()), silent, spans=self.spans):
            return
        hour = persian.digits(f"{last:%H:%M}")
        since = f"ساعت {hour}" if last.date() == now.date() else "پیش از امروز"
        text = f"فروشگاه «{source}» از {since} خبری نداده است؛ در این ساعت‌ها معمولاً پیوسته خبر می‌رسد."
        await self.tell(f"silence:{source}", f"{text} {self.sources[source]}")
        await self._mark(source, b"", ms(last))

    async def _welcome(self, source: str, since: bytes, last: datetime) -> None:
        began = datetime.fromtimestamp(int(since) / 1000, TEHRAN)
        text = (
            f"فروشگاه «{source}» دوباره خبر می‌دهد؛ آخرین خبر پیش از آن ساعت {persian.digits(f'{began:%H:%M}')} بود. "
            "سفارش‌های این فاصله را در پیشخوان فروشگاه ببینید."
        )
        await self.clear(f"silence:{source}", text)
        await self._mark(source, since, None)

    async def _mark(self, source: str, was: bytes, last: int | None) -> None:
        """Note that it was told of, after it was: a crash in between tells it again, which the alerts then know."""
        unit = UnitOfWork()
        unit.require_field(names.SILENT, source, was)
        if last is None:
            unit.do("HDEL", names.SILENT, source)
        else:
            unit.do("HSET", names.SILENT, source, last)
        await work.commit(self.redis, [unit])

    async def _days_like(self, source: str, today: date) -> list[Collection[int]]:
        """The spans with news of each day before today that is of its kind, from the first whole day on."""
        pipeline = self.redis.pipeline(transaction=False)
        days = [today - timedelta(days=back) for back in range(activity_profile.WEEKS * 7, 0, -1)]
        for day in days:
            pipeline.smembers(names.rhythm(source, day.isoformat()))
        spans = [{int(span) for span in found} for found in await pipeline.execute()]
        first, is_off = next((place for place, found in enumerate(spans) if found), len(days)), self.is_day_off(today)
        return [
            found
            for place, (day, found) in enumerate(zip(days, spans, strict=True))
            if place > first and self.is_day_off(day) is is_off
        ]
