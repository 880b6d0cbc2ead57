"""A name of a class says whose it is: no two classes of the product are called the same."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def defined(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def twice(sources: dict[str, str]) -> dict[str, list[str]]:
    """Names of classes that more than one of ``sources`` (path to text) defines, with the paths."""
    where: dict[str, list[str]] = defaultdict(list)
    for path, text in sources.items():
        for name in defined(ast.parse(text)):
            where[name].append(path)
    return {name: paths for name, paths in where.items() if len(paths) > 1}


def test_no_class_has_the_name_of_another() -> None:
    files = [path for room in ("notifier", "scheduler") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 300
    assert twice({str(path.relative_to(ROOT)): path.read_text() for path in files}) == {}


def test_two_of_one_name_are_found() -> None:
    sources = {"a.py": "class Kind: ...\nclass _Part: ...", "b.py": "class Kind: ...\nclass _Part: ..."}
    assert twice(sources) == {"Kind": ["a.py", "b.py"]}
