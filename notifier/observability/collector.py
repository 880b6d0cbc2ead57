"""Everything a monitor wants to know at one moment, in Prometheus' text format."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from redis.exceptions import RedisError

from notifier.clock import TEHRAN, Clock
from notifier.config import Config
from notifier.domain.calls import CallState
from notifier.domain.messages import MessageState
from notifier.intake.inactivity import last_heard
from notifier.observability import counters, gauges
from notifier.outbound.breaker import EndpointStates
from notifier.outbound.outbox import waiting
from notifier.retention.backup import last_backup
from notifier.sms.accounts import Accounts
from notifier.store import disk, health, layout, line_counts
from notifier.store import keys as names
from notifier.store.reading import Reader
from notifier.store.records import ms
from notifier.store.staff import Role
from scheduler.calling import Calling

_LEFT = (MessageState.SENDING, MessageState.UNKNOWN, MessageState.HELD)
"""States that a message should not stay in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """Puts together what was counted and what lies in the store. ``settle`` has this process count what it has not."""

    config: Config
    reader: Reader
    accounts: Accounts
    clock: Clock
    calling: Calling
    settle: Callable[[], None]

    async def text(self) -> bytes:
        """All metrics as Prometheus wants them; while the store is away, that it is, and those that do not need it."""
        self.settle()
        families = self._disk()
        try:
            # One after another: a monitor is in no hurry, and the connections belong to those who work.
            for part in (self._shops, self._messages, self._outbox, self._lines, self._calls, self._news, self._redis):
                families += await part()
            families.append(gauges.STORE_UP.family(((), 1)))
        except (RedisError, OSError):
            families.append(gauges.STORE_UP.family(((), 0)))
        registry = CollectorRegistry()
        registry.register(_Collected(families))
        return counters.text() + generate_latest(registry)

    async def _shops(self) -> list[Metric]:
        redis, now = self.reader.redis, self.clock.now()
        heard = await last_heard(redis)
        silent = [((source,), max((now - at).total_seconds(), 0)) for source, at in sorted(heard.items())]
        kept, failures = [], []
        for source in self.config.sources:
            count = [await redis.zcard(names.kept(source, signed=signed)) for signed in (True, False)]
            kept.append(((source,), sum(count)))
            found: Any = await redis.hget(names.catch_up(source), "failures")
            failures.append(((source,), int(found or 0)))
        parked = [keys.parked_orders for keys in self.reader.everywhere]
        return [
            gauges.SILENT.family(*silent),
            gauges.PARKED.family(((), await self._sum(parked))),
            gauges.PARKED_OLDEST.family(((), await self._age(parked))),
            gauges.KEPT.family(*kept),
            gauges.CATCH_UP_FAILURES.family(*failures),
        ]

    async def _messages(self) -> list[Metric]:
        counts = [
            ((state,), await self._sum([keys.messages(state) for keys in self.reader.everywhere]))
            for state in (*MessageState, "unreadable")
        ]
        ages = [
            ((state,), await self._age([keys.messages(state) for keys in self.reader.everywhere])) for state in _LEFT
        ]
        return [gauges.MESSAGES.family(*counts), gauges.MESSAGES_OLDEST.family(*ages)]

    async def _outbox(self) -> list[Metric]:
        """What is ready and has not left, how much of it, and since when the first of it has been waiting."""
        boxes = [
            box
            for keys in self.reader.everywhere
            for box in (
                keys.outbox,
                *map(keys.routed, self.accounts.routes),
                *(keys.bound(line.name) for line in self.accounts),
            )
        ]
        now = ms(self.clock.now())
        ready = [await self.reader.redis.zcount(box, "-inf", now) for box in boxes]
        return [
            gauges.READY.family(((), sum(ready))),
            gauges.READY_OLDEST.family(((), await self._age(boxes))),
        ]

    async def _lines(self) -> list[Metric]:
        standings = [(line, await line.standing()) for line in self.accounts]
        today = self.clock.now().astimezone(TEHRAN).date()
        counted = await line_counts.read(self.reader.redis, self.reader.everywhere, today, 1)
        lines = line_counts.by_line(counted, [line.name for line in self.accounts])
        return [
            gauges.LINE_SENT.family(*(((one.line,), one.sent) for one in lines)),
            gauges.LINE_REACHED.family(*(((one.line,), one.reached) for one in lines)),
            gauges.LINE_COST.family(*(((one.line,), one.cost) for one in lines)),
            gauges.LINE_SAVED.family(*(((one.line,), one.saved) for one in lines)),
            gauges.LINE_UNKNOWN.family(*(((one.line,), one.unknown) for one in lines)),
            gauges.LINE_OPEN.family(*(((line.name,), not (one.on_trial or one.exhausted)) for line, one in standings)),
            gauges.LINE_CREDIT.family(
                *(((line.name,), one.credit) for line, one in standings if one.credit is not None)
            ),
            gauges.LINE_LOW.family(
                *(((line.name,), line.low_credit) for line in self.accounts if line.low_credit is not None)
            ),
        ]

    async def _calls(self) -> list[Metric]:
        counts = [
            ((state,), await self._sum([keys.calls(state) for keys in self.reader.everywhere]))
            for state in (*CallState, "unreadable")
        ]
        now = ms(self.clock.now())
        late = (await self.calling.book.numbers(since=now))["late_count"]
        staff, shifts = await self.calling.staff.active(), self.calling.reminders.shifts
        working = [one.role for one in staff if shifts.on(one, now)]
        told: list[int] = [await self.reader.redis.hlen(keys.feedback) for keys in self.reader.everywhere]
        return [
            gauges.CALLS.family(*counts),
            gauges.CALLS_LATE.family(((), late)),
            gauges.ON_SHIFT.family(*(((role,), working.count(role)) for role in Role)),
            gauges.FEEDBACK.family(((), sum(told))),
        ]

    async def _news(self) -> list[Metric]:
        redis, now = self.reader.redis, self.clock.now()
        count, age, is_on = [], [], []
        for name in self.config.webhooks:
            found = await waiting(redis, self.reader.everywhere, name, now=now)
            count.append(((name,), found.count))
            age.append(((name,), (now - (found.oldest or now)).total_seconds()))
            is_on.append(((name,), not (await EndpointStates(redis).of(name, now=now)).off))
        return [gauges.NEWS.family(*count), gauges.NEWS_OLDEST.family(*age), gauges.ENDPOINT_ON.family(*is_on)]

    async def _redis(self) -> list[Metric]:
        redis = self.reader.redis
        nodes = [((one.node,), one) for one in await health.health(redis)]
        processes = await layout.alive(redis, self.clock.now())
        return [
            gauges.PROCESSES.family(((), len(processes))),
            gauges.REDIS_MEMORY.family(*((node, one.memory) for node, one in nodes)),
            gauges.REDIS_LIMIT.family(*((node, one.limit) for node, one in nodes)),
            gauges.REDIS_AOF.family(*((node, one.appends) for node, one in nodes)),
            gauges.REDIS_AOF_OK.family(*((node, one.written) for node, one in nodes)),
            gauges.REDIS_UPTIME.family(*((node, one.uptime) for node, one in nodes)),
            gauges.REDIS_ERRORS.family(*((node, one.errors) for node, one in nodes)),
            gauges.REDIS_REPLICAS.family(*((node, one.replicas) for node, one in nodes)),
            await self._backup(),
        ]

    async def _backup(self) -> Metric:
        made = await last_backup(self.reader.redis)
        return gauges.BACKED_UP.family(((), made.timestamp() if made else 0))

    def _disk(self) -> list[Metric]:
        room = disk.room(self.config.redis.data_dir)
        return [gauges.DISK_FREE.family(((), room.free)), gauges.DISK_SIZE.family(((), room.size))]

    async def _sum(self, names: Sequence[str]) -> int:
        return sum([await self.reader.redis.zcard(name) for name in names])

    async def _age(self, names: Sequence[str]) -> float:
        """Seconds since the earliest time in these sets of unix ms; 0 where there is none that is past."""
        now = oldest = ms(self.clock.now())
        for name in names:
            first: Any = await self.reader.redis.zrange(name, 0, 0, withscores=True)
            if first:
                oldest = min(oldest, int(first[0][1]))
        return (now - oldest) / 1000


@dataclass(frozen=True, slots=True, eq=False)
class _Collected:
    families: Sequence[Metric]

    def collect(self) -> Iterator[Metric]:
        return iter(self.families)
