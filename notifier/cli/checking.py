"""``notifier check`` and ``doctor``: what is wrong."""

import asyncio
import sys
from itertools import groupby
from typing import Annotated

import typer
from redis.asyncio import Redis
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from notifier.cli.options import ConfigOption, DataDirOption, JsonObject, configured
from notifier.cli.output import ENDLESS, printer, sized, write_object
from notifier.clock import TEHRAN, SystemClock
from notifier.config import Config
from notifier.diagnostics import offline, verdicts
from notifier.diagnostics.findings import FindingLevel
from notifier.diagnostics.live import examine, is_well
from notifier.diagnostics.verdicts import Verdict
from notifier.domain.counted import counted
from notifier.store.opening import Store
from notifier.texts import loading

_MARKS = {
    FindingLevel.ERROR: "[red]error[/]",
    FindingLevel.WARNING: "[yellow]warning[/]",
    FindingLevel.NOTE: "[cyan]note[/]",
}
_SIGNS = {
    verdicts.VerdictLevel.OK: "[green]ok[/]",
    verdicts.VerdictLevel.WARNING: "[yellow]warning[/]",
    verdicts.VerdictLevel.ERROR: "[bold red]error[/]",
}


def check(
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too; for CI")] = False,
    as_json: JsonObject = False,
    config: ConfigOption = None,
) -> None:
    """Check configuration, templates and policy, offline. Exit code 1 if anything is an error."""
    found = sorted(offline.check(config), key=lambda finding: tuple(FindingLevel).index(finding.level))
    errors = sum(finding.level is FindingLevel.ERROR for finding in found)
    warnings = sum(finding.level is FindingLevel.WARNING for finding in found)
    is_good = not (errors or (strict and warnings))
    if as_json:
        write_object({"ok": is_good, "errors": errors, "warnings": warnings, "findings": found})
        raise typer.Exit(0 if is_good else 1)
    console = printer()
    for line in offline.samples(config):
        console.print(f"[green]sample[/] {escape(line)}", highlight=False)
    for finding in found:
        console.print(f"{_MARKS[finding.level]} {escape(finding.text)}", highlight=False)
    console.print(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}", highlight=False)
    raise typer.Exit(0 if is_good else 1)


def doctor(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonObject = False,
) -> None:
    """Check the live parts: Redis, clocks, disk, provider, shops, staff. Exit code 1 if anything is an error."""
    found = asyncio.run(_examine(configured(config, data_dir)))
    if as_json:
        write_object({"ok": is_well(found), "checks": found})
    else:
        _show(found, printer() if sys.stdout.isatty() else sized(ENDLESS))
    raise typer.Exit(0 if is_well(found) else 1)


def _show(found: list[Verdict], console: Console) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for about, several in groupby(found, key=lambda one: one.about):
        for number, one in enumerate(several):
            table.add_row(_SIGNS[one.level], "" if number else escape(about), escape(one.what))
            if one.todo:
                table.add_row("", "", f"[dim]→[/] {escape(one.todo)}")
    console.print(table, highlight=False)
    errors = sum(one.level is verdicts.VerdictLevel.ERROR for one in found)
    warnings = sum(one.level is verdicts.VerdictLevel.WARNING for one in found)
    console.print(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}", highlight=False)


async def _examine(config: Config) -> list[Verdict]:
    offline.require(config, loading.load(config))
    store = Store(config.redis)

    async def connect() -> Redis:
        return await store.open()

    try:
        return await examine(config, SystemClock(TEHRAN), connect)
    finally:
        await store.close()
