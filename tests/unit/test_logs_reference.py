"""docs/reference/log.md says of every action in the code what it means."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "log.md").read_text().partition("## Every action")[2]
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
ROWS = {
    name: set(levels.split(", ")) for name, levels in re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", PAGE, re.MULTILINE)
}


def logged() -> Iterator[tuple[str, str | None, str]]:
    """Where something is logged, the action if it is a plain word, and the level."""
    for package in ("notifier", "scheduler"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                for level in levels(node.func):
                    words = [one.value for one in node.keywords if one.arg == "action"]
                    plain = [one.value for one in words if isinstance(one, ast.Constant)]
                    yield f"{path.name}:{node.lineno}", plain[0] if plain else None, LEVELS[level]


def levels(called: ast.expr) -> list[str]:
    """Of ``log.info``, and of a choice between two."""
    match called:
        case ast.Attribute(value=ast.Name(id="log"), attr=level) if level in LEVELS:
            return [level]
        case ast.IfExp(body=body, orelse=other):
            return levels(body) + levels(other)
    return []


def written() -> Iterator[str]:
    """The actions of lines that are put together as dictionaries."""
    for path in (*(ROOT / "notifier" / "observability" / name for name in ("event_log.py", "logs.py")),):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                pairs = [(k, v) for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)]
                for value in (v for k, v in pairs if k.value == "action"):
                    yield from (one.value for one in ast.walk(value) if isinstance(one, ast.Constant))
            if isinstance(node, ast.keyword) and node.arg == "action" and isinstance(node.value, ast.Constant):
                yield node.value.value


def test_every_line_has_an_action() -> None:
    assert [where for where, action, _ in logged() if action is None] == []


def test_every_action_is_told_and_none_is_told_that_is_gone() -> None:
    assert {action for _, action, _ in logged()} | set(written()) == set(ROWS)
    assert {"event_taken", "event_parked", "message_queued", "library"} <= set(written())


def test_the_levels_are_those_of_the_code() -> None:
    of_code: dict[str, set[str]] = {}
    for _, action, level in logged():
        of_code.setdefault(str(action), set()).add(level)
    assert {action: ROWS[action] for action in of_code} == of_code
