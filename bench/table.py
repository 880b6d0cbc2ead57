"""A table of figures, each beside what is wanted of it."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. ``wanted`` is empty where nothing is."""

    what: str
    figure: str
    wanted: str = ""
    reached: bool = True


def show(rows: Iterable[Row]) -> None:
    rows = list(rows)
    width, figures = max(len(row.what) for row in rows), max(len(row.figure) for row in rows)
    for row in rows:
        judged = f"   {'✓' if row.reached else '✗'} wanted: {row.wanted}" if row.wanted else ""
        print(f"  {row.what:{width}}  {row.figure:>{figures}}{judged}")


def command(doc: str | None, rows: Callable[..., Sequence[Row]], *, events: int) -> None:
    """The command line of a bench of rounds in turn: shows its table, and ends with 1 where something is missed."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=events)
    result = rows(**vars(parser.parse_args()))
    show(result)
    sys.exit(0 if all(row.reached for row in result) else 1)
