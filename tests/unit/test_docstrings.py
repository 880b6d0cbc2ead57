"""A docstring is read alone, in an editor or a document: none leans on the one above it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEANS = re.compile(
    r"(?:the same|another|likewise|similarly|ditto|as (?:above|before|if|it)|and|but|also|its?|their|those)\b",
    re.IGNORECASE,
)


def docstrings() -> Iterator[tuple[str, str]]:
    """Where each stands, and what it says; of a value too, which has it on the line below."""
    for package in ("notifier", "scheduler"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Expr(value=ast.Constant(value=str(text))):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def test_no_docstring_leans_on_its_neighbour() -> None:
    found = list(docstrings())
    assert len(found) > 1000
    assert [f"{place}: {text.splitlines()[0]}" for place, text in found if LEANS.match(text)] == []
