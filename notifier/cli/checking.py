"""``notifier check`` and ``doctor``: what is wrong."""

import asyncio

import typer
from rich.console import Console
from rich.markup import escape

from notifier import accounts, checks
from notifier.checks import Level
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.config import Config
from notifier.service import Store
from notifier.sms.providers.base import ProviderError
from notifier.store.connect import weaknesses
from notifier.texts import loading

_MARKS = {Level.ERROR: "[red]error[/]", Level.WARNING: "[yellow]warning[/]"}


def add_to(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(doctor)


def check(config: ConfigOption = None) -> None:
    """Check configuration, templates and policy, offline. Exit code 1 if anything is an error."""
    console = Console(soft_wrap=True)
    found = checks.check(config)
    for finding in sorted(found, key=lambda finding: finding.level):
        console.print(f"{_MARKS[finding.level]} {escape(finding.text)}", highlight=False)
    errors = sum(finding.level is Level.ERROR for finding in found)
    console.print(f"{errors} errors, {len(found) - errors} warnings")
    raise typer.Exit(1 if errors else 0)


def doctor(config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Check the live parts: Redis and its durability, the provider's key and credit, the clock."""
    console = Console(soft_wrap=True)
    lines = asyncio.run(_examine(configured(config, data_dir)))
    for good, text in lines:
        console.print(f"{'[green]ok[/]' if good else '[red]error[/]'} {escape(text)}", highlight=False)
    raise typer.Exit(0 if all(good for good, _ in lines) else 1)


async def _examine(config: Config) -> list[tuple[bool, str]]:
    checks.require(config, loading.load(config))
    lines: list[tuple[bool, str]] = []
    store = Store(config)
    try:
        redis = await store.open()
        weak = [] if store.embedded else await weaknesses(redis)
        lines.append((True, f"Redis answers ({config.redis.url}, durability {config.redis.durability})"))
        lines += [(False, sentence) for sentence in weak]
    except Exception as error:  # whatever is wrong with it is the finding
        lines.append((False, str(error)))
    finally:
        await store.close()
    for provider in accounts.providers(config):
        try:
            credit = await provider.credit()
            lines.append((credit > 0, f"{provider.name} takes our key; credit {credit:,} rial"))
        except ProviderError as error:
            lines.append((False, f"{provider.name}: {error}"))
        finally:
            await provider.close()
    return lines
