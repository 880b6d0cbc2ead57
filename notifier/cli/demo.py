"""``notifier demo``: a sample day of the shop, before your eyes."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from notifier.cli.options import ConfigOption
from notifier.clock import TEHRAN
from notifier.config.server import ServerConfig
from notifier.demo.as_json import JsonLines
from notifier.demo.player import working_days
from notifier.demo.running import Run
from notifier.demo.stage import listen, shop_settings
from notifier.demo.terminal import Terminal
from notifier.observability import logs

_YEARS = range(2000, 2100)


def demo(
    once: Annotated[bool, typer.Option("--once", help="As fast as possible, then end")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and nothing else")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on")] = ServerConfig().host,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on [8080; with --once any free one]")
    ] = None,
    pace: Annotated[float, typer.Option(min=0, max=60, help="Seconds a step")] = 0.7,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The day [today, or the next working day]")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Play a sample day of the shop: real webhooks, real service, simulated Kavenegar. Needs nothing set up."""
    logs.configure(level="WARNING")
    if day is not None and day.year not in _YEARS:
        raise typer.BadParameter(f"--date: write a Gregorian date such as 2026-11-23, not {day:%Y-%m-%d}")
    days = working_days(shop_settings(config), day.date() if day else None, today=datetime.now(TEHRAN).date())
    if port is None:
        port = 0 if once else ServerConfig().port
    with listen(host, port) as listening:
        run = Run(config, days, listening, show=lambda _: None, once=once, pace=0 if once else pace)
        if as_json:
            run.show = JsonLines(sys.stdout).show
        else:
            terminal = Terminal(Console(highlight=False))
            run.show, run.ready = terminal.show, terminal.ready
            if not once:
                run.over = terminal.over
        asyncio.run(run.run())
    if run.total is not None and (run.total.lost or run.total.doubled or run.total.refused):
        raise typer.Exit(1)
