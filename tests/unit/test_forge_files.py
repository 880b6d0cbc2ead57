"""What the forge, pre-commit and editors are told, held against the Makefile and the promises: nothing runs them."""

import configparser
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text()
PLATFORMS = (ROOT / "docs" / "reference" / "platforms.md").read_text()
RUNNERS = {
    "Linux x86-64": "ubuntu-24.04",
    "Linux ARM (aarch64)": "ubuntu-24.04-arm",
    "macOS ARM (arm64)": "macos-15",
    "macOS Intel (x86-64)": "macos-15-intel",
}
"""By the words of docs/reference/platforms.md: the forge's machine of that kind."""
PROMISES = {
    "README.md": "CPython 3.11 to 3.14 on Linux (x86-64 or ARM) or macOS (ARM or Intel)",
    "README.fa.md": "CPython نسخهٔ ۳٫۱۱ تا ۳٫۱۴ روی لینوکس (x86-64 یا ARM) یا مک (ARM یا Intel)",
}
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def workflow(name: str) -> dict[str, Any]:
    # In YAML 1.1 the key "on" is the boolean.
    read: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return {"on" if key is True else key: value for key, value in read.items()}


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def recipe(target: str) -> list[str]:
    """The lines of a target, with the Makefile's own names for folders spelt out."""
    [lines] = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in lines.splitlines()]


def test_the_matrix_is_what_is_promised() -> None:
    (job,) = workflow("test")["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert matrix == {"machine": list(RUNNERS.values()), "python": PYTHONS}
    assert not job["strategy"]["fail-fast"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = SpecifierSet(project["requires-python"])
    assert all(f"{python}.0" in required for python in PYTHONS)
    assert "3.10.99" not in required
    rows = re.findall(r"^\| ([^|]+?) \|(.+)\|$", PLATFORMS, re.MULTILINE)
    assert rows[0][1].replace(" ", "").split("|") == PYTHONS
    assert [name for name, _ in rows[1:]] == list(RUNNERS)


@pytest.mark.parametrize(("page", "words"), PROMISES.items())
def test_the_readme_promises_as_much(page: str, words: str) -> None:
    said = " ".join(re.sub("</?bdi>", "", (ROOT / page).read_text()).split())
    assert words in said


def test_it_runs_the_command_of_the_readme() -> None:
    assert [step["run"] for step in steps("test") if "run" in step] == ["make test"]
    (checkout,) = [step for step in steps("test") if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["fetch-depth"] == 0, "the version counts the commits"
    (python,) = [step for step in steps("test") if step.get("uses", "").startswith("actions/setup-python@")]
    assert python["with"] == {"python-version": "${{ matrix.python }}"}


@pytest.mark.process
def test_the_locks_are_renewed_once_a_week() -> None:
    (when,) = workflow("lock")["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* \d", when["cron"])
    renew, offer = (step["run"] for step in steps("lock") if "run" in step)
    assert renew == "make lock"
    assert "gh pr create" in offer
    assert "gh workflow run test.yml" in offer
    assert "workflow_dispatch" in workflow("test")["on"]
    assert workflow("lock")["permissions"] == {"contents": "write", "pull-requests": "write", "actions": "write"}
    shell = subprocess.run(["sh", "-n"], input=offer, text=True, capture_output=True)
    assert shell.returncode == 0, shell.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_asks_for_what_there_is(path: Path) -> None:
    read = workflow(path.stem)
    assert set(read) == {"name", "on", "permissions", "concurrency", "jobs"}
    assert read["name"] == path.stem
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for step in steps(path.stem):
        assert ("run" in step) != ("uses" in step)
        assert set(re.findall(r"^make (\S+)", step.get("run", ""), re.MULTILINE)) <= targets
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/none@v0"))
    for job in read["jobs"].values():
        assert job["timeout-minutes"] <= 60


def test_pre_commit_lints_what_make_check_lints() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    hooks = repository["hooks"]
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in hooks)
    linted = [line for line in recipe("check") if "pytest" not in line]
    assert [hook["entry"] for hook in hooks] == linted
    assert recipe("test")[: len(linted)] == linted


def test_the_files_are_as_editors_are_told() -> None:
    settings = configparser.ConfigParser()
    settings.read_string(f"[first]\n{(ROOT / '.editorconfig').read_text()}")
    assert settings["first"]["root"] == "true"
    assert settings["Makefile"]["indent_style"] == "tab"
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert settings["*.{py,md,toml}"]["max_line_length"] == str(tools["ruff"]["line-length"])
    wrong = []
    for path in ours():
        text = path.read_bytes()
        if b"\r" in text or (text and not text.endswith(b"\n")) or re.search(rb"[ \t]$", text, re.MULTILINE):
            wrong.append(path)
    assert wrong == []


def ours() -> list[Path]:
    """Text files in the tree that people write here."""
    kinds = ("*.py", "*.md", "*.toml", "*.yml", "*.yaml", "*.html", "*.css", "*.lua", "*.sh", "Makefile")
    folders = ("notifier", "scheduler", "templates", "tests", "bench", "deploy", "docs", "tools", ".github")
    found = [path for kind in kinds for path in ROOT.glob(kind)]
    found += [path for folder in folders for kind in kinds for path in (ROOT / folder).rglob(kind)]
    return [path for path in found if path.is_file() and not {"vendor", "fixtures", "shop"} & set(path.parts)]


@pytest.mark.parametrize(
    "path",
    [*WORKFLOWS, ROOT / ".pre-commit-config.yaml", *sorted((ROOT / "locks").glob("*.txt"))],
    ids=lambda p: p.name,
)
def test_no_index_is_named(path: Path) -> None:
    """Whoever installs says from where; a file that names a host would send everybody there."""
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", path.read_text())
