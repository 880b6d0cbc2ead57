"""``notifier export``: orders with everything about them, as JSON lines."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from notifier.cli import trail
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.cli.output import printer
from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.domain.counted import counted
from notifier.retention import exporting
from notifier.store import audit, private_files
from notifier.store.audit import Act
from notifier.store.opening import Store
from notifier.store.reading import Reader
from notifier.store.records import encode

Day = Annotated[str | None, typer.Option(metavar="DAY", help="Jalali or ISO: 1405-09-02 or 2026-11-23")]


def export(
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="1405-09-02 or 2026-11-23")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; both count")] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; the standard output without it")] = None,
    format: Annotated[Literal["jsonl"], typer.Option(help="One JSON object a line")] = "jsonl",  # noqa: A002
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Orders that changed last within some days, with timeline, messages and calls; not those in the archive."""
    settings = configured(config, data_dir)
    span = exporting.span(first, last)
    with private_files.written(out) if out else _standard_output() as file:
        count = asyncio.run(_write(settings, span, file, show=out is not None))
    printer(stderr=True).print(f"{counted(count, 'order')}{f' in {out}' if out else ''}", highlight=False)


def _standard_output() -> IO[bytes]:
    return open(sys.stdout.fileno(), "wb", closefd=False)


async def _write(config: Config, span: exporting.Span, file: IO[bytes], *, show: bool) -> int:
    async with AsyncExitStack() as stack:
        store = Store(config.redis)
        stack.push_async_callback(store.close)
        reader = Reader(await store.open(), config.redis.partitions)
        await audit.write(reader.redis, trail.entry(Act.EXPORTED, about="orders"))
        progress = stack.enter_context(Progress(console=Console(stderr=True), disable=not show))
        task = progress.add_task("orders", total=await exporting.count(reader, span))
        written = 0
        rows: AsyncIterator[object] = exporting.orders(reader, span, now=datetime.now(TEHRAN))
        async for row in rows:
            file.write(encode(row) + b"\n")
            written += 1
            progress.advance(task)
        return written
