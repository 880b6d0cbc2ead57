"""Who may import whom: read from the source, so that a wrong import fails here and not in a review."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALONE = ("clock", "durations", "enums", "errors", "expressions", "secret", "tasks", "version", "zones")
"""Modules without a room: they know nothing of ours but the tree of errors, whose root is the domain's. All rooms but
the first two may know them."""

ADAPTERS = ("intake", "sms", "outbound", "scheduler", "dialer")
"""What deals with a part of the world. None knows another: what one needs of another is handed in by ``service``."""

ROOMS: dict[str, tuple[str, ...]] = {
    "domain": (),
    "store": ("domain", "errors"),
    "incoming": ("errors",),
    "simulator": ("clock", "errors", "tasks"),
    "intake": ("domain", "store", "incoming", *ALONE),
    "sms": ("domain", "store", *ALONE),
    "outbound": ("domain", "store", *ALONE),
    "scheduler": ("domain", "store", *ALONE),
    "channels": ("domain", "store", *ALONE),
    "dialer": ("domain", *ALONE),
    "retention": ("domain", "store", "scheduler", *ALONE),
    "importing": ("domain", "store", "incoming", "intake", *ALONE),
    "config": ("domain", "store", "retention", *ADAPTERS, *ALONE),
    "texts": ("domain", "store", "sms", "config", *ALONE),
    "practice": ("domain", "config", "intake", "outbound", *ALONE),
    "observability": ("domain", "store", "channels", "config", "retention", *ADAPTERS, *ALONE),
    "diagnostics": ("domain", "store", "channels", "config", "practice", "retention", "texts", *ADAPTERS, *ALONE),
    "console": (
        *("domain", "store", "channels", "config", "importing", "incoming", "retention", "texts"),
        *(*ADAPTERS, *ALONE),
    ),
    "customer_page": ("domain", "store", "config", "incoming", "intake", *ALONE),
    "web": ("domain", "store", "config", "incoming", "observability", "practice", *ADAPTERS, *ALONE),
    "service": (
        *("domain", "store", "channels", "config", "console", "customer_page", "diagnostics", "observability"),
        *("retention", "texts", "web", *ADAPTERS, *ALONE),
    ),
}
"""A room → what else of ours its modules may import. ``cli`` and ``demo`` may import all, and nobody them."""

OUTERMOST = ("cli", "demo", "__main__")


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


def room(module: str) -> str:
    """The room that a module is in, or the module itself where it has none."""
    first, *rest = module.split(".")
    return rest[0] if first == "notifier" and rest else first


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_only_what_it_may(name: str) -> None:
    members = [module for module in MODULES if room(module) == name]
    assert members
    wrong = [
        f"{module} imports {other}"
        for module in members
        for other in sorted(imports(module))
        if room(other) not in (name, *ROOMS[name])
    ]
    assert not wrong


def test_every_module_has_a_room() -> None:
    rooms = {room(module) for module in MODULES} - {"notifier"}
    assert rooms == {*ROOMS, *ALONE, *OUTERMOST}


@pytest.mark.parametrize("name", ALONE)
def test_what_stands_alone_knows_nothing_of_ours_but_errors(name: str) -> None:
    assert imports(f"notifier.{name}") <= {"notifier.domain.errors" if name == "errors" else "notifier.errors"}


def test_no_rooms_import_each_other() -> None:
    graph = {name: {other for other in may if other in ROOMS} for name, may in ROOMS.items()}
    TopologicalSorter(graph).prepare()


def test_nothing_imports_in_a_circle() -> None:
    graph = {name: imports(name) - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("a circle: " + " → ".join(reversed(error.args[1])))


def test_the_reader_of_imports_sees_them() -> None:
    assert {"notifier.domain.decide", "notifier.store.work", "notifier.intake.answers"} <= imports(
        "notifier.intake.committer"
    )
