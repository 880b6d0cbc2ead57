"""Any list of the console as CSV: all of its rows, sent as they are read."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import jdatetime
import structlog
from aiohttp import web
from redis.exceptions import RedisError

from notifier.clock import TEHRAN
from notifier.console.dependencies import Dependencies
from notifier.console.security import STAFF
from notifier.domain import cells, persian, phones
from notifier.store import audit
from notifier.store.audit import Act
from notifier.store.keys import Keys
from notifier.store.reading import Place

log = structlog.get_logger()

LIMIT = 50_000
"""The most rows of a sheet; the page says so, and a sheet that was cut says it in its last row."""

_CHUNK = 500
_CUT = f"فقط {persian.number(LIMIT)} ردیف نخست آمده است."

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column of a list of records: what stands above it, and what it says of each."""

    head: str
    cell: Callable[[R], object]


Columns = Sequence[Column[R]]


def wanted(request: web.Request) -> bool:
    """Whether the list is asked for as a sheet."""
    return request.query.get("as") == "csv"


async def sheet(
    request: web.Request, deps: Dependencies, name: str, columns: Columns[R], records: AsyncIterable[R] | Iterable[R]
) -> web.StreamResponse:
    """A table for a spreadsheet: with the mark by which Excel knows UTF-8, and no cell that it takes for a formula."""
    lines = _lines(columns, records)
    first = await anext(lines)  # a store that is away is found out before anything is sent, and shown as a page
    about = phones.mask_phones_in(request.path.removeprefix("/console")[:200])
    await audit.write(deps.redis, deps.entry(Act.EXPORTED, request[STAFF].id, about=about))
    log.info("CSV exported", action="csv_exported", staff=request[STAFF].id, sheet=name)
    day = jdatetime.date.fromgregorian(date=deps.clock.now().astimezone(TEHRAN).date()).isoformat()
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}-{day}.csv"',
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    try:
        await response.write(first.encode())
        async for text in lines:
            await response.write(text.encode())
        await response.write_eof()
    except (RedisError, OSError) as error:
        log.warning("sheet broken off", action="sheet_broken_off", error=type(error).__name__, path=request.path)
        if request.transport:
            request.transport.abort()  # the browser then knows that this is not all of it
    return response


async def newest(deps: Dependencies, sets: Sequence[tuple[Keys, str]]) -> AsyncIterator[list[tuple[Keys, str]]]:
    """The members of several sorted sets together, highest score first, some at a time."""
    after: Place | None = None
    while True:
        page = await deps.reader.page(sets, after=after, size=_CHUNK)
        yield page.members
        if page.end is None:
            return
        after = page.end


async def oldest(deps: Dependencies, sets: Sequence[tuple[Keys, str]]) -> AsyncIterator[list[tuple[int, Keys, str]]]:
    """The members of several sorted sets together with their scores, lowest score first, some at a time."""
    found: list[tuple[int, Keys, str]] = []
    for keys, name in sets:
        rows: Any = await deps.redis.zrange(name, 0, LIMIT, withscores=True)
        found += [(int(score), keys, member.decode()) for member, score in rows]
    found.sort(key=lambda row: (row[0], row[2]))
    for start in range(0, len(found), _CHUNK):
        yield found[start : start + _CHUNK]


async def _lines(columns: Columns[R], records: AsyncIterable[R] | Iterable[R]) -> AsyncIterator[str]:
    """The text of the sheet in pieces."""
    out = io.StringIO()
    writer = csv.writer(out)
    out.write("\ufeff")
    writer.writerow([column.head for column in columns])
    count = 0
    async for record in _each(records):
        if count == LIMIT:
            writer.writerow([_CUT])
            break
        writer.writerow([cells.cell(column.cell(record)) for column in columns])
        count += 1
        if count % _CHUNK == 0:
            yield _taken(out)
    yield _taken(out)


async def _each(records: AsyncIterable[R] | Iterable[R]) -> AsyncIterator[R]:
    if isinstance(records, AsyncIterable):
        async for record in records:
            yield record
    else:
        for record in records:
            yield record


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text
