"""Orders with everything about them, one by one: a page of orders is read at a time, however many there are."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta
from typing import Any

import jdatetime
import structlog

from notifier.clock import TEHRAN
from notifier.domain import persian
from notifier.domain.orders import Order
from notifier.errors import NotifierError, StoreError
from notifier.retention.archive import Archived
from notifier.retention.orders import archived
from notifier.store import order_bundle
from notifier.store.keys import Keys
from notifier.store.reading import Reader
from notifier.store.records import decode, ms

log = structlog.get_logger()

Span = tuple[int | None, int | None]
"""From when (unix ms, included) until when (not included) something last changed."""

_PAGE = 50


class NotADay(NotifierError):
    """A day that is none; the text says how one is written."""


def span(first: str | None, last: str | None) -> Span:
    """From the beginning of one day of Tehran's to the end of another. Raises NotADay."""
    start, end = (_day(text) if text else None for text in (first, last))
    if start and end and end < start:
        raise NotADay(f"--from {first} is after --to {last}: swap them.")
    return _midnight(start), _midnight(end + timedelta(days=1) if end else None)


async def count(reader: Reader, span: Span) -> int:
    """How many orders there are in a span."""
    return sum([int(await reader.redis.zcount(keys.orders, *_scores(span))) for keys in reader.everywhere])


async def orders(reader: Reader, span: Span, *, now: datetime) -> AsyncIterator[Archived]:
    """The orders that changed last within a span, the quietest first in each partition; what changes meanwhile may be
    missing, or there twice."""
    for keys in reader.everywhere:
        lowest, start = _scores(span)[0], 0
        while True:
            rows: Any = await reader.redis.zrangebyscore(
                keys.orders, lowest, _scores(span)[1], start=start, num=_PAGE, withscores=True
            )
            for row in await _read(reader, keys, [member.decode() for member, _ in rows]):
                yield archived(row, now)
            if len(rows) < _PAGE:
                break
            # By score, not by place: places shift when an order changes and goes to the end.
            reached = int(rows[-1][1])
            start = sum(int(score) == reached for _, score in rows) + (start if lowest == reached else 0)
            lowest = reached


async def _read(reader: Reader, keys: Keys, members: list[str]) -> list[order_bundle.Dossier]:
    pipeline = reader.redis.pipeline(transaction=False)
    for member in members:
        pipeline.get(keys.order(*member.split(":", 1)))
    found = []
    for member, raw in zip(members, await pipeline.execute(), strict=True):
        try:
            if raw is not None:
                found += await order_bundle.dossiers(reader.redis, [(keys, decode(raw, Order))])
        except StoreError as error:
            log.error("an order is left out", action="order_unreadable", order=member, error=str(error))
    return found


def _scores(span: Span) -> tuple[int | str, int | str]:
    return span[0] if span[0] is not None else "-inf", f"({span[1]}" if span[1] is not None else "+inf"


def _day(text: str) -> date:
    """A day as Iranians or as ISO 8601 write it; the year tells which."""
    parts = persian.ascii_digits(text).replace("/", "-").split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return jdatetime.date(year, month, day).togregorian() if year < 1700 else date(year, month, day)
    except ValueError:
        raise NotADay(f"{text!r} is no day: write 1405-09-02, or 2026-11-23.") from None


def _midnight(day: date | None) -> int | None:
    return ms(datetime.combine(day, time(), tzinfo=TEHRAN)) if day else None
