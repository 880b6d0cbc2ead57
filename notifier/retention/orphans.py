"""What belongs to no order any more: texts to staff, calls that are over, events that waited in vain."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from msgspec import Raw
from redis.asyncio import Redis

from notifier.clock import Clock
from notifier.domain.calls import FINAL, OPEN, Call, CallState, moved
from notifier.domain.messages import Message, MessageState
from notifier.errors import StoreError
from notifier.retention import removal
from notifier.retention.archive import Archive, Archived
from notifier.retention.orders import BATCH, full, keep
from notifier.store import order_bundle, work
from notifier.store.keys import Keys
from notifier.store.reading import Reader, StoredCall
from notifier.store.records import decode, ms
from notifier.store.work import UnitOfWork
from scheduler.book import CallBook, UnknownCall
from scheduler.steps import noted

log = structlog.get_logger()

_PAGE = 200
_STATES = sorted(frozenset(MessageState) - {MessageState.SENDING})


@dataclass(frozen=True, slots=True)
class Orphans:
    """Archives and removes what is older than ``age`` and is part of no order that is still there in full."""

    redis: Redis
    reader: Reader
    clock: Clock
    book: CallBook
    age: timedelta
    archive: Archive | None

    @property
    def _before(self) -> int:
        return ms(self.clock.now() - self.age)

    async def end_calls(self) -> int:
        """End calls that were due so long ago that nobody will make them; returns how many."""
        count = 0
        for keys in self.reader.everywhere:
            for state in sorted(OPEN):
                found = [one async for one in self._members(keys.calls(state), highest="+inf")]
                for stored in await self.reader.calls([(keys, one) for one in found]):
                    if stored.call.due <= self._before:
                        count += await self._end(stored.call.id)
        return count

    async def _end(self, call_id: str) -> int:
        def ended(stored: StoredCall, unit: UnitOfWork) -> Call:
            now = self.book.now()
            history = noted(stored.call, now, "cancelled")
            return moved(stored.call, CallState.CANCELLED, ended=now, claimed_until=0, history=history)

        try:
            await self.book.change(call_id, ended)
        except (UnknownCall, ValueError):  # it is gone, or over, meanwhile
            return 0
        return 1

    async def calls(self) -> int:
        """Remove calls that ended long ago; returns how many."""
        count = 0
        for keys in self.reader.everywhere:
            for state in sorted(FINAL):
                async for ids in self._pages(keys.calls(state)):
                    count += await self._drop_calls(keys, [one.call for one in await self._read_calls(keys, ids)])
                    await self._unlist(keys.calls(state), ids, [keys.call(one) for one in ids])
        return count

    async def _read_calls(self, keys: Keys, ids: Sequence[str]) -> list[StoredCall]:
        return [one for one in await self.reader.calls([(keys, one) for one in ids]) if not one.call.is_open]

    async def _drop_calls(self, keys: Keys, calls: Sequence[Call]) -> int:
        wanted = [(call.id, one.source, one.order_id) for call in calls for one in call.reasons if one.order_id]
        shown = await full(self.redis, keys, wanted)
        gone = [call for call in calls if call.id not in shown]
        raws: list[Any] = await self._get([keys.call(call.id) for call in gone])
        now, records, units = self.clock.now(), [], []
        for call, raw in zip(gone, raws, strict=True):
            if raw is None or decode(raw, Call).v != call.v:
                continue
            record = Archived(kind="call", id=call.id, v=call.v, archived_at=now, calls=[Raw(raw)])
            records.append((call.ended or call.due, record))
            unit = UnitOfWork()
            unit.require_version(keys.call(call.id), call.v)
            removal.drop_call(unit, keys, call)
            units.append(unit)
        return await self._remove(records, units)

    async def messages(self) -> int:
        """Remove texts made long ago; returns how many."""
        count = 0
        for keys in self.reader.everywhere:
            for state in _STATES:
                async for ids in self._pages(keys.messages(state)):
                    count += await self._drop_messages(keys, ids)
                    await self._unlist(keys.messages(state), ids, [keys.message(one) for one in ids])
        return count

    async def _drop_messages(self, keys: Keys, ids: Sequence[str]) -> int:
        pipeline = self.redis.pipeline(transaction=False)
        for one in ids:
            pipeline.hgetall(keys.message(one))
        found: list[tuple[str, Message, dict[bytes, bytes]]] = []
        for one, fields in zip(ids, await pipeline.execute(), strict=True):
            try:
                if b"message" in fields and int(fields.get(b"due", 0)) <= self._before:
                    found.append((one, decode(fields[b"message"], Message), fields))
            except StoreError as error:
                log.error("a message is left", action="message_unreadable", message=one, error=str(error))
        wanted = [(one, message.source or "", message.order_id) for one, message, _ in found if message.order_id]
        shown = await full(self.redis, keys, wanted)
        now, records, units = self.clock.now(), [], []
        for one, message, fields in found:
            if one in shown:
                continue
            kept = order_bundle.kept_message(one, fields)
            records.append((ms(message.created_at), Archived(kind="message", id=one, archived_at=now, messages=[kept])))
            unit = UnitOfWork()
            unit.require_field(keys.message(one), "state", fields[b"state"])
            removal.drop_message(unit, keys, one, fields)
            units.append(unit)
        return await self._remove(records, units)

    async def parked(self) -> int:
        """Remove events whose order never came; returns of how many orders."""
        count = 0
        for keys in self.reader.everywhere:
            async for members in self._pages(keys.parked_orders):
                records, units, now = [], [], self.clock.now()
                for member in members:
                    source, _, order_id = member.partition(":")
                    events: Any = await self.redis.lrange(keys.parked(source, order_id), 0, -1)
                    since = int(await self.redis.zscore(keys.parked_orders, member) or 0)
                    record = Archived(
                        kind="parked",
                        source=source,
                        id=order_id,
                        v=since,
                        archived_at=now,
                        events=[Raw(event) for event in events],
                    )
                    records += [(since, record)] if events else []
                    unit = UnitOfWork()
                    unit.require_length(keys.parked(source, order_id), len(events))
                    unit.do("DEL", keys.parked(source, order_id))
                    unit.do("ZREM", keys.parked_orders, member)
                    units.append(unit)
                count += await self._remove(records, units)
        return count

    async def _remove(self, records: Sequence[tuple[int, Archived]], units: Sequence[UnitOfWork]) -> int:
        if not units:
            return 0
        await keep(self.archive, records)
        return sum([name == "done" for name, _ in await work.commit(self.redis, units)])

    async def _pages(self, index: str) -> AsyncIterator[list[str]]:
        """The old members of a sorted set of times, as read before any of them went."""
        members = [one async for one in self._members(index, highest=self._before)]
        for start in range(0, len(members), BATCH):
            yield members[start : start + BATCH]

    async def _members(self, index: str, *, highest: int | str) -> AsyncIterator[str]:
        start = 0
        while True:
            found: Any = await self.redis.zrangebyscore(index, "-inf", highest, start=start, num=_PAGE)
            for one in found:
                yield one.decode()
            start += len(found)
            if len(found) < _PAGE:
                return

    async def _unlist(self, index: str, ids: Sequence[str], records: Sequence[str]) -> None:
        """Take out of a list what is there no more."""
        unit = UnitOfWork()
        for one, record in zip(ids, records, strict=True):
            gone = UnitOfWork()
            gone.do("ZREM", index, one)
            unit.unless_exists(record, gone)
        await work.commit(self.redis, [unit])

    async def _get(self, wanted: Sequence[str]) -> list[Any]:
        pipeline = self.redis.pipeline(transaction=False)
        for one in wanted:
            pipeline.get(one)
        return list(await pipeline.execute())
