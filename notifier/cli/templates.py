"""``notifier templates``: previews, lint, patterns, variables and versions of the message texts."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from notifier.cli.options import ConfigOption, DataDirOption, JsonLines, configured
from notifier.cli.output import printer, show_table, write_lines, write_object
from notifier.config import Config
from notifier.console import labels
from notifier.demo.bubbles import bubble
from notifier.domain.counted import counted
from notifier.errors import TemplateError
from notifier.sms import segments, templates
from notifier.sms.templates import Template
from notifier.sms.tokens import RULES
from notifier.store.opening import Store
from notifier.texts import aloud, loading, page, patterns, reference, samples, sizes, versions
from notifier.texts import lint as spelling
from notifier.texts.review import review

app = typer.Typer(help="The message templates.", no_args_is_help=True)
NameArgument = Annotated[str | None, typer.Argument(help="A template, or SHOP/NAME; all when left out")]
FolderOption = Annotated[Path | None, typer.Option("--folder", help="Another folder of templates")]


@app.command()
def preview(
    name: NameArgument = None,
    given: Annotated[list[str] | None, typer.Option("--set", help="variable=value, in place of the sample")] = None,
    file: Annotated[Path | None, typer.Option("--page", help="Write all texts into one HTML page instead")] = None,
    as_json: JsonLines = False,
    config: ConfigOption = None,
    folder: FolderOption = None,
) -> None:
    """Show texts as they arrive, with length, parts and price."""
    settings = configured(config)
    loaded = loading.load(settings, folder)
    shops, prices, console = settings.shops, settings.sms.price, Console()
    if file is not None:
        file.write_text(page.page(_chosen(loaded, name), shops, prices, names=labels.TEMPLATES), encoding="utf-8")
        console.print(f"{file}: open it in a browser", soft_wrap=True)
        return
    for template in _chosen(loaded, name).values():
        values = samples.values(template, shops.of(template.shop)) | _values(template, given or [])
        text = template.fill(values)
        aloud_as = aloud.sample(template, shops.of(template.shop))
        if as_json:
            write_object(
                {"name": template.name, "shop": template.shop or None, "version": template.version, "text": text}
                | {"purpose": template.header.purpose, "parts": segments.segments(text)}
                | {"rial": prices.of(text, template.via), "spoken": aloud_as}
            )
            continue
        note = f"{template.header.purpose} · {prices.of(text, template.via):,} rial"
        title = f"{template.name} {template.version}" + (f" ({template.shop})" if template.shop else "")
        console.print(bubble(text, title=title, note=note))


@app.command("sizes")
def show_sizes(
    name: NameArgument = None, as_json: JsonLines = False, config: ConfigOption = None, folder: FolderOption = None
) -> None:
    """Shortest, typical and longest text of each template: characters, parts, price."""
    settings = configured(config)
    shops, prices = settings.shops, settings.sms.price
    table = Table("template", "length", "encoding", "characters", "parts", "rial")
    for key, template in _chosen(loading.load(settings, folder), name).items():
        for size in sizes.sizes(template, shops.of(template.shop), prices):
            if as_json:
                write_object(
                    {"template": key, "length": size.length, "encoding": size.encoding, "characters": size.units}
                    | {"parts": size.parts, "whole_parts": size.whole, "rial": size.price}
                )
                continue
            cut = f" (of {size.whole})" if size.whole > size.parts else ""
            table.add_row(key, size.length, size.encoding, str(size.units), f"{size.parts}{cut}", f"{size.price:,}")
    if not as_json:
        show_table(table, whole=("template",))


@app.command()
def lint(
    config: ConfigOption = None,
    folder: FolderOption = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write the corrected spelling into the files")] = False,
    as_json: JsonLines = False,
) -> None:
    """Read every template and say what is wrong with it, with the corrected text. Exit code 1 if anything is."""
    settings, console = configured(config), printer()
    place = folder or settings.templates_folder
    if fix:
        for path in spelling.fix(templates.files(place)):
            if as_json:
                continue
            console.print(f"[green]corrected[/] {escape(str(path))}", highlight=False)
    flaws = [flaw for path in templates.files(place) for flaw in spelling.spelling_of(path)]
    broken: list[str] = []
    try:
        loaded = loading.load(settings, place)
    except TemplateError as error:
        broken = str(error).splitlines()
    else:
        found = review(loaded, settings.shops, settings.sms.price)
        flaws = sorted({*flaws, *found}, key=lambda flaw: (flaw.path, flaw.line))
    if as_json:
        write_lines({"path": None, "line": None, "rule": "error", "text": sentence} for sentence in broken)
        write_lines({"path": str(one.path), "line": one.line, "rule": one.rule, "text": str(one)} for one in flaws)
        raise typer.Exit(1 if broken or flaws else 0)
    for sentence in broken:
        console.print(f"[red]error[/] {escape(sentence)}", highlight=False)
    for flaw in flaws:
        console.print(f"[yellow]{flaw.rule}[/] {escape(str(flaw))}", highlight=False)
    console.print(
        f"{counted(len(broken) + len(flaws), 'finding')} in {counted(len(templates.files(place)), 'template')}"
    )
    raise typer.Exit(1 if broken or flaws else 0)


@app.command("patterns")
def show_patterns(
    name: NameArgument = None,
    provider: Annotated[str, typer.Option(help=f"The kind of provider: {', '.join(RULES)}")] = "kavenegar",
    as_json: JsonLines = False,
    config: ConfigOption = None,
    folder: FolderOption = None,
) -> None:
    """Print the patterns to paste into the provider's panel."""
    if provider not in RULES:
        raise typer.BadParameter(f"there is no kind of provider {provider!r}; there are: {', '.join(RULES)}")
    settings = configured(config)
    shops = settings.shops
    for key, template in _chosen(loading.load(settings, folder), name).items():
        if (header := template.pattern_headers.get(provider)) is not None:
            pattern = patterns.text(template, provider, shops.of(template.shop))
            if as_json:
                write_object({"template": key, "pattern": header.name, "tokens": header.tokens, "text": pattern})
                continue
            tokens = ", ".join(f"{token} = {variable}" for token, variable in header.tokens.items())
            typer.echo(f"# {key}: pattern {header.name}; {tokens}\n{pattern}\n")


@app.command()
def variables(config: ConfigOption = None) -> None:
    """Print the reference page of the variables a template may use."""
    typer.echo(reference.variables(configured(config).shop), nl=False)


@app.command()
def diff(
    as_json: JsonLines = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    folder: FolderOption = None,
) -> None:
    """Show what changed in the templates since the running service last took them up. Exit code 1 if anything did."""
    settings = configured(config, data_dir)
    changes = asyncio.run(_changes(settings, loading.load(settings, folder)))
    if as_json:
        write_lines(changes)
    else:
        typer.echo("\n".join(line for one in changes for line in one.diff) if changes else "nothing changed")
    raise typer.Exit(1 if changes else 0)


async def _changes(settings: Config, loaded: Mapping[str, Template]) -> list[versions.TextDifference]:
    store = Store(settings.redis)
    try:
        return versions.changes(await versions.in_use(await store.open()), loaded)
    finally:
        await store.close()


def _chosen(loaded: Mapping[str, Template], name: str | None) -> Mapping[str, Template]:
    if name is None:
        return loaded
    if name not in loaded:
        raise typer.BadParameter(f"there is no template {name!r}; there are: {', '.join(loaded)}")
    return {name: loaded[name]}


def _values(template: Template, given: list[str]) -> dict[str, str]:
    """``variable=value`` pairs."""
    pairs = dict(pair.partition("=")[::2] for pair in given)
    if unknown := pairs.keys() - template.variables:
        known = ", ".join(sorted(template.variables))
        raise typer.BadParameter(f"{template.name} does not use {', '.join(sorted(unknown))}; it uses: {known}")
    return pairs
