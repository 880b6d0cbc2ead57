"""``notifier audit``: who did what; and what the other commands write there."""

import asyncio
import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from notifier.cli.foreign import foreign
from notifier.cli.options import ConfigOption, DataDirOption, JsonLines, configured
from notifier.cli.output import show_table, write_lines
from notifier.clock import TEHRAN
from notifier.retention import exporting
from notifier.store import audit
from notifier.store.audit import COMMAND, Act, AuditEntry, Wanted
from notifier.store.opening import Store
from notifier.store.reading import Reader
from notifier.store.records import ms

app = typer.Typer(help="Who did what: accounts, sign-ins, exports, erasures.", no_args_is_help=True)


def entry(act: Act, *, about: str = "", more: str = "") -> AuditEntry:
    """A line for what a command does, of this moment, by whoever gave it."""
    return AuditEntry(at=ms(datetime.now(TEHRAN)), act=act, by=COMMAND + who(), about=about, more=more)


def who() -> str:
    """The user of this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # one without a name, as containers have
        return "?"


@app.command("list")
def list_audit(
    by: Annotated[str | None, typer.Option(metavar="ID", help="Only of one of the staff")] = None,
    day: Annotated[str | None, typer.Option(metavar="DAY", help="1405-09-02 or 2026-11-23")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most")] = 50,
    as_json: JsonLines = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """The newest first."""
    found = asyncio.run(_read(config, data_dir, by, day, limit))
    if as_json:
        write_lines(found)
        return
    table = Table("time", "by", "act", "about", "more")
    for one in found:
        time = f"{datetime.fromtimestamp(one.at / 1000, TEHRAN):%Y-%m-%d %H:%M}"
        table.add_row(time, foreign(one.by or "somebody"), one.act, foreign(one.about), foreign(one.more))
    show_table(table)


async def _read(
    config: Path | None, data_dir: Path | None, by: str | None, day: str | None, limit: int
) -> list[AuditEntry]:
    since, until = exporting.span(day, day) if day else (None, None)
    settings = configured(config, data_dir)
    store, found = Store(settings.redis), list[AuditEntry]()
    try:
        reader = Reader(await store.open(), settings.redis.partitions)
        async for _, one in audit.read(reader, Wanted(by=by, since=since or 0, until=until)):
            found.append(one)
            if len(found) == limit:
                break
        return found
    finally:
        await store.close()
