"""Making calls through the shop's exchange: an attempt is written down before anybody is rung, and what becomes of it
afterwards. An outcome stays what somebody of the staff reports."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

import structlog
from msgspec.structs import replace
from redis.asyncio import Redis

from notifier.domain import dialing, phones
from notifier.domain.calls import Call, CallState, moved
from notifier.domain.dialing import (
    KEPT_ATTEMPTS,
    DialAttempt,
    DialFinding,
    DialNews,
    DialOrder,
    DialWord,
    Placed,
    Placing,
    UnknownDial,
)
from notifier.domain.timeline import LineKind, TimelineEntry
from notifier.errors import NotifierError, StoreAway, StoreError
from notifier.store import keys as names
from notifier.store import work
from notifier.store.audit import Act, AuditEntry
from notifier.store.keys import Keys
from notifier.store.reading import StoredCall
from notifier.store.records import as_text
from notifier.store.staff import Staff
from notifier.store.work import UnitOfWork
from scheduler import times
from scheduler.book import CallBook, UnknownCall, free_for, fresh_for
from scheduler.steps import noted

log = structlog.get_logger()

_ATTEMPTS = 20
_ID = re.compile(r"(\d{1,20})-(\d{1,6})")
_SPARE = timedelta(seconds=30)
_LONGEST = timedelta(hours=4) // timedelta(milliseconds=1)
_AFTERWARDS = timedelta(minutes=10) // timedelta(milliseconds=1)
_TOLD_WITHIN = timedelta(days=1) // timedelta(milliseconds=1)
_REMEMBERED = timedelta(days=2) // timedelta(milliseconds=1)
_SLOW_CLOCK = timedelta(minutes=5) // timedelta(milliseconds=1)
_AT_ONCE = 200
_OF_EXTENSION = frozenset({DialWord.AGENT_RINGING, DialWord.AGENT_ANSWERED, DialWord.AGENT_MISSED})


class DialRefusal(StrEnum):
    """Why the exchange is not asked."""

    NO_PHONE = "no_phone"
    NO_EXTENSION = "no_extension"
    UNDER_WAY = "under_way"  # nobody knows yet what becomes of the attempt before


class CannotDial(NotifierError):
    """The exchange is not asked; ``until`` is until when that is so, in unix ms, where it passes."""

    def __init__(self, why: DialRefusal, *, until: int = 0) -> None:
        super().__init__(f"The exchange is not asked: {why}.")
        self.why, self.until = why, until


class Exchange(Protocol):
    """What carries orders to an exchange."""

    async def place(self, order: DialOrder) -> Placed: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Dialled:
    """An attempt that was made, and what the exchange answered."""

    stored: StoredCall
    attempt: DialAttempt
    placed: Placed


@dataclass(frozen=True, slots=True)
class Dialling:
    """Attempts of all processes. Whoever dies between writing one down and its answer leaves it unknown, and nobody
    asks the exchange again by themselves."""

    book: CallBook
    exchange: Exchange
    ring: timedelta

    @property
    def redis(self) -> Redis:
        return self.book.redis

    async def dial(self, call_id: str, by: Staff, *, seen: int | None = None) -> Dialled:
        """Take a call and have the exchange ring whoever takes it, then the customer.

        Raises CannotDial, CallHeld, StaleCall, UnknownCall.
        """
        if not by.extension:
            raise CannotDial(DialRefusal.NO_EXTENSION)
        now = self.book.now()
        until = now + times.length(2 * self.ring + _SPARE)
        await self._await_news(call_id, until)

        def begun(stored: StoredCall, unit: UnitOfWork) -> Call:
            call = stored.call
            free_for(call, by.id, now)
            fresh_for(call, by.id, seen)
            if not call.phone:
                raise CannotDial(DialRefusal.NO_PHONE)
            if (last := _latest(call)) is not None and last.is_under_way(now):
                raise CannotDial(DialRefusal.UNDER_WAY, until=last.until)
            fresh = DialAttempt(id=_next_id(call), by=by.id, extension=by.extension, started=now, until=until)
            self._tell_orders(unit, stored.keys, call, fresh, "begun")
            AuditEntry(at=now, act=Act.DIALLED, by=by.id, about=call.id, more=fresh.id).keep(unit, stored.keys.audit)
            return moved(
                call,
                CallState.CLAIMED,
                assignee=by.id,
                claimed_until=now + times.length(self.book.rules.claim_limit),
                history=noted(call, now, "claimed", by.id),
                dials=(*call.dials, fresh)[-KEPT_ATTEMPTS:],
                dialled=call.dialled + 1,
            )

        stored = await self.book.change(call_id, begun)
        attempt, phone = stored.call.dials[-1], stored.call.phone
        assert phone is not None
        await self._index(attempt)
        placed = await self.exchange.place(DialOrder(attempt=attempt.id, extension=attempt.extension, number=phone))
        log.info("dialled", action="dialled", call=call_id, attempt=attempt.id, became=placed.placing)
        why = phones.mask_phones_in(placed.why[:200])
        if placed.placing is Placing.REFUSED:
            fault = DialFinding.LINE_FAULT
            attempt = await self._change(attempt.id, lambda one, at: replace(one, found=fault, ended=at, fault=why))
        elif placed.reference:
            key = names.dial_reference(placed.reference)
            await self.redis.set(key, attempt.id, px=_REMEMBERED)
            attempt = await self._change(attempt.id, lambda one, _: replace(one, reference=placed.reference))
        elif placed.placing is Placing.UNKNOWN:
            attempt = await self._change(attempt.id, lambda one, _: one if one.found else replace(one, fault=why))
        return Dialled(stored, attempt, placed)

    async def heard(self, news: DialNews) -> DialAttempt:
        """Take what the exchange said of an attempt; the same twice changes nothing. Raises UnknownDial, StoreAway."""
        attempt_id = await self._which(news)
        try:
            return await self._change(attempt_id, lambda one, now: _told(one, news, now), number=news.number)
        except UnknownCall:
            raise UnknownDial("There is no such attempt any more.") from None

    async def tick(self) -> int:
        """Give up the attempts of which nobody says any more what became of them; returns how many."""
        found: Any = await self.redis.zrangebyscore(names.DIALLING, "-inf", self.book.now(), start=0, num=_AT_ONCE)
        count = 0
        for raw in found:
            attempt_id = raw.decode()
            try:
                after = await self._change(attempt_id, lambda one, at: dialing.lapsed(one) if one.until <= at else one)
                if not after.is_over and after.until > self.book.now():
                    await self.redis.zadd(names.DIALLING, {attempt_id: after.until}, xx=True)
                    continue
                count += after.found is DialFinding.UNKNOWN
            except StoreAway:
                continue
            except (UnknownCall, UnknownDial, StoreError):
                pass
            await self.redis.zrem(names.DIALLING, attempt_id)
        return count

    async def _await_news(self, call_id: str, until: int) -> None:
        """Have the attempt that is about to be written down given up in time, whoever dies once it is."""
        stored = await self.book.reader.call(call_id)
        if stored is not None:
            await self.redis.zadd(names.DIALLING, {_next_id(stored.call): until})

    async def _index(self, attempt: DialAttempt) -> None:
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.zadd(names.DIALLING, {attempt.id: attempt.until})
        pipeline.hset(names.DIAL_EXTENSIONS, attempt.extension, attempt.id)
        await pipeline.execute()

    async def _which(self, news: DialNews) -> str:
        if _ID.fullmatch(news.attempt):
            return news.attempt
        if news.reference:
            known: Any = await self.redis.get(names.dial_reference(news.reference))
            if known is not None:
                return str(known.decode())
        if news.extension and (news.number or news.word in _OF_EXTENSION):
            latest: Any = await self.redis.hget(names.DIAL_EXTENSIONS, news.extension)
            if latest is not None and await self._is_of(str(latest.decode()), news):
                return str(latest.decode())
        raise UnknownDial("It is of no call that was made from here.")

    async def _is_of(self, attempt_id: str, news: DialNews) -> bool:
        """Whether news that names no attempt can be of this one."""
        stored = await self.book.reader.call(_call_of(attempt_id))
        attempt = _attempt(stored.call, attempt_id) if stored else None
        if stored is None or attempt is None or news.number not in ("", stored.call.phone):
            return False
        if not news.number and attempt.is_over:
            return False
        last = max(attempt.until, attempt.ended + _AFTERWARDS)
        return attempt.started - 60_000 <= news.at <= last

    async def _change(self, attempt_id: str, how: "How", *, number: str = "") -> DialAttempt:
        """Write an attempt's next version into its call, which may be over; ``number`` is whose it must be, if any.

        Raises UnknownCall, UnknownDial, StoreAway.
        """
        for _ in range(_ATTEMPTS):
            stored = await self.book.reader.call(_call_of(attempt_id))
            if stored is None:
                raise UnknownCall("There is no such call.")
            call, now = stored.call, self.book.now()
            before = _attempt(call, attempt_id)
            if before is None:
                raise UnknownDial("There is no such attempt.")
            if number not in ("", call.phone):
                raise UnknownDial("It names an attempt, and a number that is not the one that was called.")
            after = how(before, now)
            if after == before:
                return before
            unit = UnitOfWork()
            unit.require_version(stored.keys.call(call.id), call.v)
            dials = tuple(after if one.id == attempt_id else one for one in call.dials)
            if after.is_over and (not before.is_over or after.found is not before.found):
                self._tell_orders(unit, stored.keys, call, after, str(after.found or "ended"))
            unit.do("SET", stored.keys.call(call.id), as_text(replace(call, v=call.v + 1, dials=dials)))
            if (await work.commit(self.redis, [unit]))[0][0] == "done":
                await self.redis.hincrby(names.DIAL_NEWS, after.by, 1)
                return after
        raise StoreAway("This call keeps changing. Try again.")

    def _tell_orders(self, unit: UnitOfWork, keys: Keys, call: Call, attempt: DialAttempt, what: str) -> None:
        now = self.book.now()
        if now - attempt.started > _TOLD_WITHIN:
            return
        said: dict[str, Any] = {"by": attempt.by} | ({} if (talked := attempt.seconds) is None else {"talked": talked})
        line = TimelineEntry(at=times.moment(now), kind=LineKind.DIALLED, what=what, ref=attempt.id, extra=said)
        for source, order_id in dict.fromkeys((one.source, one.order_id) for one in call.reasons if one.order_id):
            unit.do("RPUSH", keys.timeline(source, order_id), as_text(line))


class How(Protocol):
    """An attempt's next version; ``now`` is unix ms."""

    def __call__(self, attempt: DialAttempt, now: int, /) -> DialAttempt: ...


def _told(attempt: DialAttempt, news: DialNews, now: int) -> DialAttempt:
    """The attempt with news of it; a length that is more than has passed since it began is none."""
    if news.talked is not None and news.talked * 1000 > now - attempt.started + _SLOW_CLOCK:
        news = replace(news, talked=None)
    return dialing.heard(attempt, news, longest=_LONGEST)


def _next_id(call: Call) -> str:
    return f"{call.id}-{call.dialled + 1}"


def _call_of(attempt_id: str) -> str:
    return attempt_id.rpartition("-")[0]


def _attempt(call: Call, attempt_id: str) -> DialAttempt | None:
    return next((one for one in call.dials if one.id == attempt_id), None)


def _latest(call: Call) -> DialAttempt | None:
    return call.dials[-1] if call.dials else None
