"""Spelling of template files: what is wrong in which line, and the file with all of it corrected."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from notifier.errors import TemplateError
from notifier.sms.templates import header
from notifier.texts.flaws import Flaw
from notifier.texts.orthography import BLOCK, SPELLINGS, VALUE

_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_ROUNDS = 5


def spelling(path: Path, source: str) -> Iterator[Flaw]:
    """What the rules of spelling have against a file, line by line. A file without a header is all text."""
    first, lines = _lines(path, source)
    for number, line in enumerate(lines, start=first):
        masked, placeholders = _masked(line)
        for one in SPELLINGS:
            better = one.rule(masked)
            if better != masked:
                yield Flaw(path=path, line=number, rule=one.name, text=one.text, better=_filled(better, placeholders))
            masked = better


def corrected(path: Path, source: str) -> str:
    """The file with every rule of spelling kept."""
    first, lines = _lines(path, source)
    head = source.splitlines()[: first - 1]
    return "\n".join([*head, *map(corrected_line, lines)]) + "\n"


def corrected_line(line: str) -> str:
    """A line with every rule kept: one correction may call for another, but a few rounds settle it."""
    masked, placeholders = _masked(line)
    for _ in range(_ROUNDS):
        before = masked
        for one in SPELLINGS:
            masked = one.rule(masked)
        if masked == before:
            break
    return _filled(masked, placeholders)


def _lines(path: Path, source: str) -> tuple[int, list[str]]:
    """The text's lines, and the number of the first."""
    try:
        _, body = header.split(path, source)
    except TemplateError:
        return 1, source.splitlines()
    return source.count("\n") - body.count("\n") + 1, body.splitlines()


def _masked(line: str) -> tuple[str, list[str]]:
    """The line with a character for each placeholder: rules see that a value or a condition stands there."""
    placeholders = _PLACEHOLDER.findall(line)
    return _PLACEHOLDER.sub(lambda found: VALUE if found[0].startswith("{{") else BLOCK, line), placeholders


def _filled(masked: str, placeholders: list[str]) -> str:
    left = iter(placeholders)
    return re.sub(f"[{VALUE}{BLOCK}]", lambda _: next(left), masked)


def spelling_of(path: Path) -> list[Flaw]:
    """What the rules of spelling have against a file."""
    return list(spelling(path, path.read_text(encoding="utf-8-sig")))


def fix(paths: Iterable[Path]) -> Iterator[Path]:
    """Write the corrections into the files; the paths of those that changed."""
    for path in paths:
        source = path.read_text(encoding="utf-8")
        better = corrected(path, source.removeprefix("\ufeff"))
        if better != source:
            path.write_text(better, encoding="utf-8")
            yield path
