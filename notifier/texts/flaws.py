"""What is wrong with a template, for the one who edits it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One finding: where, which rule, what is wrong and what to write; ``better`` is the whole corrected line."""

    path: Path
    line: int
    rule: str
    text: str
    better: str | None = None
    serious: bool = False

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.text}" + (f": {self.better}" if self.better is not None else "")
