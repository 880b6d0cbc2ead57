"""Deliveries that were refused, or taken without being understood whole: kept for a time, to be looked at and replayed.

What came without a good signature is kept apart and more tightly, so that no stranger can push out what a shop sent.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct
from pydantic_core import from_json
from redis.asyncio import Redis

from notifier.domain import canonical
from notifier.errors import StoreError
from notifier.store import keys as names
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.reading import Place, Reader
from notifier.store.records import as_text, decode, ms
from notifier.store.work import UnitOfWork

log = structlog.get_logger()


class Quota(Struct, frozen=True):
    """How much of one source is kept; the product bounds the memory."""

    deliveries: int
    body: int  # bytes of one


SIGNED, UNSIGNED = Quota(1000, 65_536), Quota(300, 32_768)


def quota(*, signed: bool) -> Quota:
    """The quota for deliveries of one source."""
    return SIGNED if signed else UNSIGNED


_AT_ONCE = 250_000  # characters of bodies


class DeadLetter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One delivery as it came, without its secrets, and why it was not taken.

    ``status`` 200 is a delivery that was taken and holds something unknown, named by ``reason``. ``body`` is complete
    if ``whole``; ``size`` is in bytes. ``event_id`` is the shop's id for it, or "" where it has none.
    """

    id: str
    at: datetime
    source: str
    status: int
    reason: str
    errors: list[dict[str, Any]] = []
    signed: bool = False
    event_id: str = ""
    headers: dict[str, str] = {}
    body: str = ""
    whole: bool = False
    size: int | None = None
    batch: bool = False
    remote: str | None = None

    @property
    def about(self) -> tuple[str, str]:
        """What kind of event of which order it claims to be; "" where that cannot be told."""
        document = self._document()
        if not isinstance(document, dict):
            return "", ""
        data = document.get("data")
        order = data.get("order_id") if isinstance(data, dict) else document.get("id")
        kind = document.get("type") or self.headers.get("x-wc-webhook-topic")
        return _short(kind), _short(order, canonical.LONGEST_IDENTIFIER)

    @property
    def pretty(self) -> str:
        """The body to be read by people."""
        document = self._document()
        return self.body if document is None else json.dumps(document, ensure_ascii=False, indent=2)

    def _document(self) -> Any:
        try:
            return from_json(self.body)  # unlike json, it takes no half of a character
        except (ValueError, RecursionError):
            return None


def _short(value: object, longest: int = 60) -> str:
    return str(value)[:longest] if isinstance(value, str | int) else ""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Where they lie: a record each, which lapses by itself, and a list for every source."""

    redis: Redis
    sources: Sequence[str]
    keep: timedelta

    async def add(self, deliveries: Sequence[DeadLetter]) -> None:
        """Keep them; the same delivery again takes the place of the one before, and the oldest make room."""
        if not self.keep:
            return
        units: list[UnitOfWork] = []
        life, weight = self.keep // timedelta(milliseconds=1), 0
        for one in deliveries:
            if weight > _AT_ONCE:  # others are to have their turn between some of many large ones
                await work.commit(self.redis, units)
                units, weight = [], 0
            unit, index = UnitOfWork(), names.kept(one.source, signed=one.signed)
            unit.do("SET", names.kept_delivery(one.id), as_text(one), "PX", life)
            unit.do("ZADD", index, ms(one.at), one.id)
            unit.do("PEXPIRE", index, life)
            units.append(unit)
            weight += len(one.body)
        await work.commit(self.redis, units)
        for source, signed in {(one.source, one.signed) for one in deliveries}:
            await self._make_room(source, signed=signed)

    async def _make_room(self, source: str, *, signed: bool) -> None:
        index = names.kept(source, signed=signed)
        beyond: Any = await self.redis.zrange(index, 0, -(quota(signed=signed).deliveries + 1))
        if beyond:
            await self._drop(index, [member.decode() for member in beyond])

    async def get(self, kept_id: str) -> DeadLetter | None:
        raw: Any = await self.redis.get(names.kept_delivery(kept_id))
        return decode(raw, DeadLetter) if raw is not None else None

    async def page(
        self, *, source: str | None = None, status: int | None = None, after: Place | None = None, size: int
    ) -> tuple[list[DeadLetter], Place | None]:
        """The newest, and where to go on; the record of one that lapsed, or has another status, is left out."""
        asked = [name for name in self.sources if source in (None, name)]
        lists = [(Keys(0), names.kept(name, signed=signed)) for name in asked for signed in (True, False)]
        found: list[DeadLetter] = []
        while True:
            page = await Reader(self.redis, 1).page(lists, after=after, size=size)
            read = await self._read([member for _, member in page.members])
            found += [one for one in read if status in (None, one.status)]
            after = page.end
            if after is None or found:
                return found, after

    async def every(self, *, source: str | None = None, status: int | None = None) -> list[str]:
        """The ids of all, the oldest first: in this order they are replayed."""
        found: list[str] = []
        after: Place | None = None
        while True:
            page, after = await self.page(source=source, status=status, after=after, size=100)
            found += [one.id for one in page]
            if after is None:
                return found[::-1]

    async def remove(self, kept: DeadLetter) -> None:
        await self._drop(names.kept(kept.source, signed=kept.signed), [kept.id])

    async def _drop(self, index: str, ids: Sequence[str]) -> None:
        unit = UnitOfWork()
        for one in ids:
            unit.do("ZREM", index, one)
            unit.do("DEL", names.kept_delivery(one))
        await work.commit(self.redis, [unit])

    async def _read(self, ids: Sequence[str]) -> list[DeadLetter]:
        if not ids:
            return []
        found = []
        raws: Any = await self.redis.mget([names.kept_delivery(one) for one in ids])
        for one, raw in zip(ids, raws, strict=True):
            try:
                if raw is not None:
                    found.append(decode(raw, DeadLetter))
            except StoreError as error:
                log.error("a kept delivery is left out", action="kept_unreadable", delivery=one, error=str(error))
        return found
