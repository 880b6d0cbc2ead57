"""What the reference pages share."""

from collections.abc import Iterable, Iterator, Sequence

MADE = "<!-- Made by `{command}`; do not edit. -->"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table, line by line."""
    yield _row(heads)
    yield _row(["---"] * len(heads)).replace(" ", "")
    yield from (_row(map(cell, row)) for row in rows)


def cell(text: str) -> str:
    """Text that cannot end its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
