"""Who may import whom: read from the source, so that a wrong import fails here and not in a review."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMON = (
    "notifier.clock",
    "notifier.errors",
    "notifier.durations",
    "notifier.expressions",
    "notifier.secret",
    "notifier.tasks",
)
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "notifier.domain": ("notifier.domain",),
    "notifier.store": ("notifier.store", "notifier.domain", "notifier.errors"),
    "notifier.intake": (
        "notifier.intake",
        "notifier.domain",
        "notifier.store",
        "notifier.incoming",
        *COMMON,
    ),
    "notifier.sms": ("notifier.sms", "notifier.domain", "notifier.store", *COMMON),
    "notifier.outbound": ("notifier.outbound", "notifier.domain", "notifier.store", *COMMON),
    "scheduler": ("scheduler", "notifier.domain", "notifier.store", *COMMON),
    "notifier.simulator": ("notifier.simulator", "notifier.clock", "notifier.tasks"),
    "notifier.incoming": ("notifier.incoming", "notifier.errors"),
    "notifier.clock": (),
    "notifier.store.disk": (),
    "notifier.durations": (),
    "notifier.errors": (),
    "notifier.expressions": (),
    "notifier.secret": (),
    "notifier.tasks": (),
}
"""A package → what of ours its modules may import. What is not named here wires things together and may import all."""


def modules() -> dict[str, Path]:
    """Every module of ours by its name."""
    found = {}
    for package in ("notifier", "scheduler"):
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(name: str) -> set[str]:
    """The modules of ours that a module imports, inside functions too; a package counts when its names are used."""
    return set(_imports(ast.parse(MODULES[name].read_text()), name))


def _imports(tree: ast.AST, name: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names if alias.name in MODULES)
            case ast.ImportFrom(module=str(module), level=0) if module in MODULES:
                for alias in node.names:
                    inner = f"{module}.{alias.name}"
                    yield inner if inner in MODULES else module
            case ast.ImportFrom(level=level) if level:
                raise AssertionError(f"{name}: write the whole name instead of a relative import")


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    members = [name for name in MODULES if within(name, package)]
    assert members
    wrong = [
        f"{name} imports {other}"
        for name in members
        for other in sorted(imports(name))
        if not any(within(other, allowed) for allowed in (*MAY_IMPORT[package], package))
    ]
    assert not wrong


def test_nothing_imports_in_a_circle() -> None:
    graph = {name: imports(name) - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("a circle: " + " → ".join(reversed(error.args[1])))


def test_nobody_imports_what_wires_everything_together() -> None:
    wiring = {"notifier.cli", "notifier.service", "notifier.web"}
    allowed = (
        "notifier.cli",
        "notifier.service",
        "notifier.web",
        "notifier.__main__",
        "notifier.demo",
        "notifier.reference",
    )
    wrong = [
        f"{name} imports {other}"
        for name in MODULES
        if not any(within(name, one) for one in allowed)
        for other in imports(name)
        if any(within(other, one) for one in wiring)
    ]
    assert not wrong


def test_the_reader_of_imports_sees_them() -> None:
    assert {"notifier.domain.decide", "notifier.store.work", "notifier.intake.answers"} <= imports(
        "notifier.intake.committer"
    )
