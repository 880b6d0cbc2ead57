"""``notifier check``, ``doctor`` and ``templates``: what is wrong, and what the texts look like."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from notifier import checks, samples
from notifier.checks import Level
from notifier.cli.bubbles import bubble
from notifier.cli.options import ConfigOption, DataDirOption, configured
from notifier.clock import TEHRAN
from notifier.config import Config
from notifier.domain.calls import Call, Purpose
from notifier.domain.events import EventType
from notifier.domain.orders import Order, heard
from notifier.domain.variables import Context
from notifier.intake import standard
from notifier.service import Store, provider_of
from notifier.sms import templates
from notifier.sms.providers.base import ProviderError
from notifier.store.connect import weaknesses

templates_app = typer.Typer(help="The message templates.", no_args_is_help=True)
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
    checks.require(config, templates.load(config.templates_folder))
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
    provider = provider_of(config)
    try:
        credit = await provider.credit()
        lines.append((credit > 0, f"{provider.name} takes our key; credit {credit:,} rial"))
    except ProviderError as error:
        lines.append((False, f"{provider.name}: {error}"))
    finally:
        await provider.close()
    return lines


@templates_app.command()
def preview(
    name: Annotated[str | None, typer.Argument(help="A template; all when left out")] = None,
    config: ConfigOption = None,
) -> None:
    """Show texts as they arrive, with length and parts."""
    console = Console()
    settings = configured(config)
    loaded = templates.load(settings.templates_folder)
    if name is not None and name not in loaded:
        raise typer.BadParameter(f"there is no template {name!r}; there are: {', '.join(loaded)}")
    now = datetime.now(TEHRAN)
    events = [
        standard.validate(samples.event(kind, at=now)).event(source="shop", event_id=kind)
        for kind in (EventType.PAID, EventType.SHIPPED)
    ]
    order = heard(Order(id="10025", source="shop"), events)
    call = Call(
        id="1",
        purpose=Purpose.REASSURANCE,
        order_id=order.id,
        source=order.source,
        phone=order.details.phone,
        name=order.details.name,
        due_at=now,
        created_at=now,
    )
    context = Context(order=order, shop=settings.shop.shop(), now=now, call=call)
    for template in loaded.values():
        if name in (None, template.name):
            console.print(bubble(template.render(context), title=template.name, note=template.header.purpose))


@templates_app.command()
def lint(
    config: ConfigOption = None, folder: Annotated[Path | None, typer.Option(help="Another folder")] = None
) -> None:
    """Read every template and say what is wrong with it."""
    settings = configured(config)
    loaded = templates.load(folder or settings.templates_folder)
    Console().print(f"{len(loaded)} templates, none with an error")
