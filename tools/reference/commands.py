"""docs/reference/cli.md: every command with what it takes, as typer knows it."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import typer

from notifier.cli import app
from notifier.cli.lazy import LazyGroup
from tools.reference.page import MADE, table

_INTRODUCTION = f"""\
# The command line

{MADE.format(command="python -m tools.reference")}

`notifier COMMAND --help` says the same, `notifier --version` which version it is. In a checkout it is
`.venv/bin/notifier`. `notifier --install-completion` has the shell complete them. How scripts use them:
[Commands in scripts](../how-to/scripts.md).

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | done, and something is wrong: a check found it, an import or a replay left something, a test was refused |
| 2 | not done: a mistake in the command or the configuration, which a person must mend; the last line says what |
| 75 | not done, for the store is away: the same may succeed later |
| 130 | stopped with Ctrl-C |
"""


def commands() -> dict[str, Any]:
    """Every command by its words, such as ``templates preview``."""
    return dict(_walk(typer.main.get_command(app), ()))


def page() -> str:
    """The whole page."""
    lines = [_INTRODUCTION]
    for words, command in commands().items():
        lines += [f"## notifier {words}", "", " ".join(command.help.split()), "", f"`{_usage(words, command)}`", ""]
        rows = [(f"`{_name(one)}`", _said(one), _default(one)) for one in command.params if one.name != "help"]
        if rows:
            lines += [*table(("", "meaning", "default"), rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words), command
        return
    for name, one in inner.items():
        yield from _walk(command.load(name) if isinstance(command, LazyGroup) else one, (*words, name))


def _usage(words: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    shown = [_name(one) if one.required else f"[{_name(one)}]" for one in arguments]
    return " ".join(["notifier", words, *shown, "[options]"])


def _name(one: Any) -> str:
    if one.param_type_name == "argument":
        return str(one.metavar or one.name.upper())
    name: str = ", ".join([*one.opts, *one.secondary_opts])
    return name if one.is_flag else f"{name} …"


def _said(one: Any) -> str:
    words = " ".join((one.help or "").split())
    kind = getattr(getattr(one, "type_descriptor", None), "annotation", None)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        words += f": {' or '.join(f'`{member}`' for member in kind)}"
    return words + (" (may be repeated)" if getattr(one, "multiple", False) else "")


def _default(one: Any) -> str:
    if one.required:
        return "required"
    return "" if one.default in (None, False, (), []) or one.nargs == -1 else f"`{one.default}`"
