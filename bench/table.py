"""A table of figures, each beside what is wanted of it."""

from collections.abc import Iterable
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
