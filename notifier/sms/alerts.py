"""Alerts: what supervisors have to know now, by every way that works but the one that broke; and that it is over.

One kind of trouble is told once, whoever finds it however often, over restarts and processes. A trouble that lasts is
told again only after it ended, and its end is told too; all others are told again after an hour.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.clock import TEHRAN, Clock
from notifier.domain.decide import derived_id
from notifier.domain.domain_events import AlertCleared, AlertRaised
from notifier.domain.messages import Audience, Message
from notifier.store import keys as names
from notifier.store import work, writes
from notifier.store.keys import Keys, partition_of
from notifier.store.publishing import Publish, TellBeside, no_op, nobody_beside
from notifier.store.records import as_text, decode, ms
from notifier.store.staff import Role, Staff, StaffBook
from notifier.store.work import UnitOfWork

log = structlog.get_logger()

TEMPLATE = "alert"  # there is no such file: the sentence is the text
_KEPT = 1000
_AGAIN_AFTER = timedelta(hours=1)
_NEWS_FOR = timedelta(hours=24)  # later the trouble is over, or known
_UNFINISHED = timedelta(seconds=10)  # after which whoever was telling is taken to be dead

LINES = ("credit_low", "paused")
"""Kinds of trouble with a line of texts, whose name stands behind the colon: of these no SMS goes by that line."""


LASTING = frozenset(
    {
        "credit_low",
        "paused",
        "rial_day_nearly",
        "held_rial_day",
        "webhook_off",
        "store_memory",
        "bot_down",
        "backup_late",
        "silence",
    }
)
"""Kinds of trouble that go on until they are over, which is told too."""


class OpenAlert(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trouble. ``told`` says that all ways have it; ``over`` is when it ended (unix ms)."""

    id: str
    kind: str
    text: str
    at: int  # unix ms
    told: bool = False
    over: int = 0


class AlertLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the list says of a trouble, or of its end."""

    at: datetime
    kind: str
    text: str
    id: str = ""
    over: bool = False


class SeenAlert(Struct, frozen=True, kw_only=True):
    """Who took note of an alert, and when (unix ms)."""

    by: str
    at: int


@dataclass(frozen=True, slots=True)
class AlertEnding:
    """When a trouble is over, and what is told then; ``called`` is what people call what it was with."""

    is_over: Callable[[OpenAlert], Awaitable[bool]]
    text: str
    called: Mapping[str, str] = field(default_factory=dict)

    def said(self, about: str) -> str:
        return self.text.format(self.called.get(about, about))


@dataclass(slots=True)
class Alerts:
    """Tells supervisors. ``instead`` are the ways of SMS that do without a line, by the line's name; ``endings`` are
    those of each kind of trouble that lasts, by its name up to the colon."""

    redis: Redis
    staff: StaffBook
    clock: Clock
    partitions: int
    publish: Publish = no_op
    beside: TellBeside = nobody_beside
    instead: Mapping[str, str] = field(default_factory=dict)
    endings: Mapping[str, AlertEnding] = field(default_factory=dict)

    async def tell(self, kind: str, text: str) -> None:
        """Tell of a trouble, unless it is told already."""
        now, raw, before = self.clock.now(), *await self._open(kind)
        if before is not None and (self._lasts(kind) or before.at + _ms(_AGAIN_AFTER) > ms(now)) and not before.over:
            return
        log.error("alert", action="alert", kind=kind, text=text)
        alert = OpenAlert(id=derived_id(TEMPLATE, kind, str(ms(now))), kind=kind, text=text, at=ms(now))
        await self._write(raw, alert, AlertLine(at=now, kind=kind, text=text, id=alert.id))

    async def clear(self, kind: str, text: str) -> None:
        """Tell that a trouble is over, if it was told."""
        now, raw, before = self.clock.now(), *await self._open(kind)
        if before is None or before.over:
            return
        log.info("alert over", action="alert_over", kind=kind, text=text)
        name, colon, what = kind.partition(":")
        line = AlertLine(at=now, kind=f"{name}_over{colon}{what}", text=text, id=before.id, over=True)
        await self._write(raw, replace(before, text=text, over=ms(now), told=False), line)

    async def tick(self) -> None:
        """Finish what somebody else began to tell, and look whether what lasts is over."""
        found: Any = await self.redis.hgetall(names.ALERTS_OPEN)
        now = self.clock.now()
        for raw in found.values():
            alert = decode(raw, OpenAlert)
            if not alert.told:
                if (alert.over or alert.at) + _ms(_UNFINISHED) <= ms(now):
                    await self._tell_all(raw, alert)
            elif not self._lasts(alert.kind):
                if alert.at + _ms(_AGAIN_AFTER) <= ms(now):
                    await self._close(raw, alert)
            elif await (ending := self.endings[alert.kind.partition(":")[0]]).is_over(alert):
                await self.clear(alert.kind, ending.said(alert.kind.partition(":")[2]))

    def _lasts(self, kind: str) -> bool:
        name = kind.partition(":")[0]
        return name in LASTING and name in self.endings

    async def _open(self, kind: str) -> tuple[bytes, OpenAlert | None]:
        raw: Any = await self.redis.hget(names.ALERTS_OPEN, kind)
        return raw or b"", decode(raw, OpenAlert) if raw is not None else None

    async def _write(self, raw: bytes, alert: OpenAlert, line: AlertLine) -> None:
        """Be the one who tells it."""
        unit, text = UnitOfWork(), as_text(alert)
        unit.require_field(names.ALERTS_OPEN, alert.kind, raw)
        unit.do("HSET", names.ALERTS_OPEN, alert.kind, text)
        unit.do("LPUSH", names.ALERTS, as_text(line))
        unit.do("LTRIM", names.ALERTS, 0, _KEPT - 1)
        if (await work.commit(self.redis, [unit]))[0][0] == "done":
            await self._tell_all(text.encode(), alert)

    async def _tell_all(self, raw: bytes, alert: OpenAlert) -> None:
        """Every supervisor by every way, and those outside; under the same ids, however often it is begun."""
        units = [self._news(alert)]
        for supervisor in await self._supervisors():
            units += await self._to(supervisor, alert)
        # One round trip, and what says that it is told comes last: who dies told all of it, or another does.
        unit = UnitOfWork()
        unit.require_field(names.ALERTS_OPEN, alert.kind, raw)
        if alert.over:
            unit.do("HDEL", names.ALERTS_OPEN, alert.kind)
        else:
            unit.do("HSET", names.ALERTS_OPEN, alert.kind, as_text(replace(alert, told=True)))
        await work.commit(self.redis, [*(one for one in units if one.parts), unit])

    async def _close(self, raw: bytes, alert: OpenAlert) -> None:
        unit = UnitOfWork()
        unit.require_field(names.ALERTS_OPEN, alert.kind, raw)
        unit.do("HDEL", names.ALERTS_OPEN, alert.kind)
        await work.commit(self.redis, [unit])

    def _news(self, alert: OpenAlert) -> UnitOfWork:
        unit, keys = UnitOfWork(), Keys(partition_of(alert.id, self.partitions))
        raised = _moment(alert.at)
        if alert.over:
            fact = AlertCleared(id=alert.id, kind=alert.kind, text=alert.text, raised_at=raised, at=_moment(alert.over))
            self.publish(unit, keys, fact)
        else:
            self.publish(unit, keys, AlertRaised(id=alert.id, kind=alert.kind, text=alert.text, at=raised))
        return unit

    async def _to(self, supervisor: Staff, alert: OpenAlert) -> list[UnitOfWork]:
        name, _, line = alert.kind.partition(":")
        keys, at = Keys(partition_of(supervisor.phone, self.partitions)), _moment(alert.over or alert.at)
        message = Message(
            id=derived_id(TEMPLATE, alert.id, "over" if alert.over else "", supervisor.id),
            template=TEMPLATE,
            version="",
            to=supervisor.phone,
            text=alert.text,
            created_at=at,
            audience=Audience.STAFF,
            essential=True,
            expires_at=at + _NEWS_FOR,
        )
        beside = await self.beside(keys, supervisor, message, "" if alert.over else alert.kind)
        if name in LINES and not alert.over:
            if line in self.instead:
                message = replace(message, route=self.instead[line])
            elif beside.parts:  # it has nothing else to leave by, and the supervisor is told
                return [beside]
        queued = UnitOfWork()
        writes.queue_message(queued, keys, message)
        return [beside, queued]

    async def _supervisors(self) -> Sequence[Staff]:
        return [staff for staff in await self.staff.active() if staff.role is Role.SUPERVISOR]


async def mark_seen(redis: Redis, alert_id: str, by: str, at: int) -> bool:
    """Write down who took note of an alert first; whether they are that."""
    lines: Any = await redis.lrange(names.ALERTS, 0, -1)
    known = {decode(raw, AlertLine).id for raw in lines} - {""}
    if alert_id not in known:
        return False
    is_first: Any = await redis.hsetnx(names.ALERTS_SEEN, alert_id, as_text(SeenAlert(by=by, at=at)))
    past = [one.decode() async for one, _ in redis.hscan_iter(names.ALERTS_SEEN) if one.decode() not in known]
    if past:
        await redis.hdel(names.ALERTS_SEEN, *past)
    return bool(is_first)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, TEHRAN)


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
