"""docs/reference/asvs.md tells of every requirement of ASVS 4.0.3 once, and of tests that there are."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reference" / "asvs.md").read_text()
REQUIRED = (TESTS / "fixtures" / "asvs_4_0_3.txt").read_text().split()
"""The ids of levels 1 and 2."""
STANDINGS = ("met", "**not met**", "does not apply")


@dataclass(frozen=True, slots=True)
class Row:
    ids: list[str]
    standing: str
    why: str
    tests: list[str]


def rows() -> list[Row]:
    found = []
    for line in PAGE.splitlines():
        if re.match(r"\| \d", line):
            ids, _, here, tests = (cell.strip() for cell in line.strip("|").split("|"))
            standing, _, why = here.partition(": ")
            found.append(Row(ids.split(", "), standing, why, re.findall(r"`([^`]+)`", tests)))
    return found


ROWS = rows()
NAMED = sorted({test for row in ROWS for test in row.tests})


@cache
def functions(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_requirement_is_there_once() -> None:
    assert len(REQUIRED) == len(set(REQUIRED)) == 259
    assert Counter(one for row in ROWS for one in row.ids) == Counter(REQUIRED)


def test_each_stands_somehow_and_says_why() -> None:
    assert {row.standing for row in ROWS} == set(STANDINGS)
    assert [row.ids for row in ROWS if row.standing != "met" and not row.why] == []
    assert [row.ids for row in ROWS if row.standing != "met" and row.tests] == []


@pytest.mark.parametrize("name", NAMED)
def test_what_holds_it_is_a_test(name: str) -> None:
    path, _, function = name.partition("::")
    file = TESTS / path
    assert file.is_file()
    assert not function or function in functions(file)
    assert file.name.startswith("test_")


def test_the_count_at_the_top() -> None:
    told = {key.strip(): int(value) for key, value in re.findall(r"^\| ([^|]+)\| (\d+) \|$", PAGE, re.MULTILINE)}
    counted = Counter(
        {"met": "met, with a test" if row.tests else "met, by reading"}.get(row.standing, row.standing)
        for row in ROWS
        for _ in row.ids
    )
    assert told == counted | Counter({"all of levels 1 and 2": len(REQUIRED)})
