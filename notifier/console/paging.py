"""Lists page by page, and as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

from aiohttp import web

from notifier.console.refusals import Refused
from notifier.store.reading import Place

SIZE, CSV_SIZE = 30, 5000


def after(request: web.Request) -> Place | None:
    """Where the page before ended. Raises Refused."""
    text = request.query.get("after")
    if text is None:
        return None
    score, colon, member = text.partition(":")
    if not (colon and score.isascii() and score.isdigit() and len(score) < 20):
        raise Refused("نشانی این صفحه درست نیست؛ از آغاز فهرست بیایید.")
    return int(score), member


def as_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> web.Response:
    """A table for a spreadsheet: with the mark by which Excel knows UTF-8, and no cell that it takes for a formula."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows([[_cell(cell) for cell in row] for row in rows])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return web.Response(text=out.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
