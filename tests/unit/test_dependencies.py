"""What the service is made of besides its own code: bounds, licences, and files that came from elsewhere."""

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DECLARED = [
    Requirement(text)
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in texts
]
VENDORED = (
    ROOT / "notifier" / "web" / "static" / "vendor",
    ROOT / "notifier" / "vendor",
    ROOT / "tests" / "e2e" / "vendor",
)

ALLOWED = {
    *("MIT", "MIT-0", "MIT License", "ISC License", "ISC License (ISCL)"),
    *("BSD License", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD License"),
    *("Apache-2.0", "Apache 2.0", "Apache Software License"),
    *("PSF-2.0", "Python Software Foundation License"),
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
}
"""As packages write it: licences under which a shop may use, change and hand on the whole."""

KNOWN = {"jalali-core": "LGPL"}
"""Looked at one by one: a library that we import unchanged and that anybody may exchange."""


def installed(name: str, extras: frozenset[str] = frozenset(), seen: dict[str, Distribution] | None = None) -> Any:
    """A package and all that it needs to run here, by name."""
    seen = {} if seen is None else seen
    found = distribution(name)
    seen[canonicalize_name(name)] = found
    for text in found.requires or ():
        needed = Requirement(text)
        asked = any(needed.marker is None or needed.marker.evaluate({"extra": extra}) for extra in (*extras, ""))
        if asked and (needed.extras or canonicalize_name(needed.name) not in seen):
            installed(needed.name, frozenset(needed.extras), seen)
    return seen


SHIPPED: dict[str, Distribution] = installed("order-notifier")
TRACING: list[str] = PROJECT["optional-dependencies"]["tracing"]
for optional in TRACING:
    installed(Requirement(optional).name, seen=SHIPPED)


def licences(found: Distribution) -> set[str]:
    """What a package says of its licence, in the first place where it says anything."""
    said = found.metadata
    if expression := said.get("License-Expression"):
        return {part.strip("() ") for half in expression.split(" AND ") for part in half.split(" OR ")}
    classifiers = {
        line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or () if line.startswith("License")
    }
    return classifiers or {said.get("License", "nothing")}


def test_each_has_a_lower_bound_and_is_named_once() -> None:
    for needed in DECLARED:
        assert any(bound.operator in (">=", "~=", "==") for bound in needed.specifier), f"{needed} has no lower bound"
    names = [canonicalize_name(needed.name) for needed in DECLARED]
    assert sorted(names) == sorted(set(names))


def test_each_says_in_the_decisions_what_it_is_for() -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text().lower()
    unsaid = [text for text in PROJECT["dependencies"] + TRACING if Requirement(text).name not in decisions]
    assert unsaid == []


@pytest.mark.process
def test_what_is_installed_fits_together() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_its_licence_lets_a_shop_use_it(name: str) -> None:
    said = licences(SHIPPED[name])
    assert said <= ALLOWED or said == {KNOWN.get(name)}, f"{name} {said}: look at it, then say so here"


def sums() -> Iterator[tuple[Path, str]]:
    for folder in VENDORED:
        for line in (folder / "SHA256SUMS").read_text().splitlines():
            digest, name = line.split("  ")
            yield folder / name, digest


@pytest.mark.parametrize(("file", "digest"), [pytest.param(*row, id=row[0].name) for row in sums()])
def test_a_file_from_elsewhere_is_as_it_came(file: Path, digest: str) -> None:
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
    beside = {path.name for path in file.parent.iterdir()}
    assert "VERSION.txt" in beside
    assert beside & {"LICENSE", "OFL.txt"}


def test_nothing_came_from_elsewhere_unseen() -> None:
    told = {file for file, _ in sums()}
    words = {".txt", ".md", ""}
    found = {path for folder in VENDORED for path in folder.rglob("*") if path.is_file() and path.suffix not in words}
    assert found == told
