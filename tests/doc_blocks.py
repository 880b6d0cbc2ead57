"""Pages of the documentation, as far as tests take parts out of them: what is shown there is what was run."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"(?:<!-- (?P<name>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)


def blocks(page: str) -> list[tuple[str, str]]:
    """Every block of code with its language."""
    return [(match["language"], match["text"]) for match in _BLOCK.finditer((DOCS / page).read_text())]


def block(page: str, language: str) -> str:
    """The only block in a language."""
    (text,) = [text for kind, text in blocks(page) if kind == language]
    return text


def files(page: str) -> dict[str, str]:
    """The blocks that a comment before them gives a file's name."""
    found = _BLOCK.finditer((DOCS / page).read_text())
    return {match["name"]: match["text"] for match in found if match["name"]}
