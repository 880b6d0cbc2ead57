"""What commands print: for people on a terminal, and for the programs that read them. Nothing is ever cut."""

import sys
from collections.abc import Iterable

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

ENDLESS = 1_000_000
"""Columns where no terminal folds a line."""

_LINES = 25
_NARROWEST = 10  # columns that the words beside an id get at least


def printer(*, stderr: bool = False) -> Console:
    """For sentences: each is one line, and the terminal alone folds it."""
    return Console(soft_wrap=True, emoji=False, stderr=stderr)


def show_table(table: Table, *, whole: Iterable[str] = ("id",)) -> None:
    """A table with every cell whole: its words folded on a terminal, and all on one line where something reads them.

    What is in a column of ``whole`` is to be copied, and is folded by nothing but a terminal narrower than that alone.
    """
    room, named = ENDLESS, set(whole)
    if sys.stdout.isatty():
        room = sum(_NARROWEST for _ in table.columns)
        for column in table.columns:
            column.overflow = "fold"
            if str(column.header) in named:
                column.no_wrap = True
                room += max((_width(cell) for cell in column.cells), default=0)
        room = max(room, Console().width)
    sized(room).print(table, crop=False)


def sized(columns: int) -> Console:
    """For tables of so many columns. Height and width are given, or a dumb terminal has 80 whatever it says."""
    return Console(width=columns, height=_LINES, emoji=False)


def _width(cell: object) -> int:
    return cell.cell_len if isinstance(cell, Text) else len(str(cell))


def write_lines(records: Iterable[object]) -> None:
    """One JSON object a line."""
    for record in records:
        write_object(record)


def write_object(record: object) -> None:
    """One JSON object, on one line."""
    typer.echo(msgspec.json.encode(record).decode())
