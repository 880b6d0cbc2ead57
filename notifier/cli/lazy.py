"""Commands that are imported when they are given, and not to be listed."""

import gc
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is: a module, and in it a function, or an application with commands of its own."""

    module: str
    attribute: str
    help: str
    """What the list of commands says: the command's own docstring, as a test holds."""


class LazyGroup(TyperGroup):
    """A group that lists its commands from a table, and imports the one that is given."""

    table: ClassVar[Mapping[str, Command]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=entry.help) for name, entry in self.table.items()}
        self._framed = self.rich_markup_mode

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run it. A mistake stands in a frame on a terminal, and elsewhere on a line of its own that nothing folds."""
        if not sys.stderr.isatty():
            self.rich_markup_mode = None
        return super().main(*args, **settings)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        before, self.rich_markup_mode = self.rich_markup_mode, self._framed
        try:
            super().format_help(ctx, formatter)
        finally:
            self.rich_markup_mode = before

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was given, itself and not what lists it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and self.load(found.name or ""), rest

    def load(self, name: str) -> Any:
        """Import a command."""
        entry = self.table[name]
        found = getattr(_imported(entry.module), entry.attribute)
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False)
            alone.command(name)(found)
            command = typer.main.get_command(alone)
        command.name = name
        return command


def _imported(module: str) -> ModuleType:
    """Import a module and what it needs. No garbage is looked for meanwhile nor, at the end, in what stays anyway."""
    if module in sys.modules:
        return sys.modules[module]
    looking = gc.isenabled()
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.freeze()
        if looking:
            gc.enable()
