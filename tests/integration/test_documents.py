"""What the documents say is so: links lead somewhere, commands exist, configuration loads, twins agree."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from doc_pages import PAGES, ROOT, SHELLS, Block, Page, ours, pages, programs

from notifier.config import Config
from notifier.diagnostics import offline
from notifier.texts import loading
from tools.reference import api
from tools.reference.__main__ import API
from tools.reference.commands import commands

ALL = pages()
TWINS = [page for page in ALL if page.twin]
PLACEHOLDERS = {"…", "COMMAND", "[options]"}
HARMLESS = {"set", "export", "cd", "echo", ".", "curl", "grep", "jq"}
"""Programs besides ours that a block may use without a mark: they change nothing, or are the reader's own."""
HELD_BY = {
    "docs/how-to/deploy.md": "tests/unit/test_deploy_files.py",
    "docs/how-to/deploy.fa.md": "tests/unit/test_deploy_files.py",
}
"""Pages whose blocks need no marks, since a test of their own holds what they are about."""
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS = commands()
OF_THE_PROGRAM = {"--help", "--version", "--install-completion", "--show-completion"}
GROUPS = {name.split()[0] for name in COMMANDS}


def by_name(page: Page) -> str:
    return page.name


def test_the_documents_are_found() -> None:
    assert {"README.md", "README.fa.md", "docs/quickstart.md", "docs/how-to/woocommerce.fa.md"} <= set(
        map(by_name, ALL)
    )
    assert len(TWINS) >= 12


@pytest.mark.parametrize("page", ALL, ids=by_name)
def test_links_lead_somewhere(page: Page) -> None:
    wrong = []
    for link in page.links():
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in Page(path).anchors()):
            wrong.append(link)
    assert wrong == []


@pytest.mark.parametrize("page", ALL, ids=by_name)
def test_commands_exist(page: Page) -> None:
    wrong = [" ".join(words) for words in page.calls() if not _parses(words)]
    assert wrong == []


def _parses(words: list[str]) -> bool:
    """Whether there is such a command, with such options."""
    if not words or words[0] in (*PLACEHOLDERS, *OF_THE_PROGRAM):
        return True
    if words[0] not in GROUPS:
        return False
    count = 2 if words[0] not in COMMANDS else 1
    name = " ".join(words[:count])
    if name not in COMMANDS:
        return len(words) == 1 or words[1] in (*PLACEHOLDERS, "--help")
    known = {option for one in COMMANDS[name].params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    given = {word.partition("=")[0] for word in words[count:] if re.match(r"--[a-z]", word)}
    return given <= known


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("notifier serve --port 9000 && notifier check", True),
        ("sudo notifier templates preview --page FILE", True),
        ("A=b .venv/bin/notifier staff …", True),
        ("notifier templates", True),
        ("notifier serve --prot 9000", False),
        ("notifier template preview", False),
        ("notifier templates show", False),
    ],
)
def test_a_wrong_command_would_be_found(line: str, good: bool) -> None:
    assert all(map(_parses, ours(line))) is good


@pytest.mark.parametrize("page", ALL, ids=by_name)
def test_a_block_of_commands_says_how_it_is_held(page: Page) -> None:
    """Run, not run and why, or nothing but what another test here can check without running it."""
    if page.name in HELD_BY:
        assert (ROOT / HELD_BY[page.name]).exists()
        return
    wrong: list[str] = []
    for block in page.typed():
        if not (block.is_run or block.is_excused):
            wrong += [line for line in block.commands() if not all(map(_is_checked, programs(line)))]
    assert wrong == [], "write <!-- run --> or <!-- not run: why --> before the block"


def _is_checked(words: list[str]) -> bool:
    while words and re.match(r"\w+=", words[0]):
        words = words[1:]
    match words:
        case [program, *_] if program in HARMLESS or program.rpartition("/")[2] == "notifier":
            return True
        case ["make", *targets]:
            return {target for target in targets if "=" not in target} <= TARGETS
        case [python, "-m", module, *_] if python.rpartition("/")[2].startswith("python"):
            return importlib.util.find_spec(module) is not None
        case _:
            return not words


@pytest.mark.parametrize("page", ALL, ids=by_name)
def test_configuration_loads(page: Page) -> None:
    """Each block, put over the configuration that ships, and checked with its templates."""
    shipped = tomllib.loads((ROOT / "config.toml").read_text())
    for block in page.blocks():
        if block.language != "toml" or block.is_excused:
            continue
        values = _over(shipped, tomllib.loads(block.text))
        config = Config.model_validate(values | {"file": ROOT / "config.toml"})
        found = offline.findings(config, loading.load(config))
        errors = [one.text for one in found if one.level is offline.FindingLevel.ERROR]
        # Samples are files beside the configuration of whoever follows the page.
        assert [text for text in errors if "samples" not in text] == [], block.text


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        other_kind = (
            isinstance(value, dict) and isinstance(under, dict) and value.get("kind") not in (None, under.get("kind"))
        )
        both = isinstance(value, dict) and isinstance(under, dict) and not other_kind
        merged[key] = _over(under, value) if both else value
    return merged


@pytest.mark.parametrize("page", ALL, ids=by_name)
def test_paths_exist(page: Path) -> None:
    named = {
        text
        for text in page.inline()
        if re.fullmatch(r"(?:notifier|scheduler|tests|bench|tools|docs|deploy)/[\w./-]*\w", text)
    }
    examples = {text for text in named if re.search("[A-Z]{3}.*[A-Z]{3}", text)}
    assert [path for path in sorted(named - examples) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", ["docs/how-to/change-a-text.md", "docs/how-to/change-a-text.fa.md"])
def test_the_template_shown_is_one_that_ships(page: str) -> None:
    (shown,) = [block.text for block in Page(ROOT / page).blocks() if block.language == "jinja"]
    assert shown in {path.read_text() for path in (ROOT / "templates").glob("*.txt")}


@pytest.mark.parametrize("page", TWINS, ids=by_name)
def test_twins_agree(page: Page) -> None:
    twin = page.twin
    assert twin is not None
    assert [level for level, _ in twin.headings()] == [level for level, _ in page.headings()]
    assert [_same(one) for one in twin.blocks()] == [_same(one) for one in page.blocks()]
    assert twin.source.count("\n| ") == page.source.count("\n| ")
    assert twin.source.count('<div dir="rtl">') + twin.source.count('<div dir="ltr">') == twin.source.count("</div>")


def _same(block: Block) -> tuple[str, object]:
    """A block but for the comments in it, which each page has in its own language."""
    is_typed = block.language in SHELLS and not block.is_script
    return block.language, [list(programs(line)) for line in block.commands()] if is_typed else block.text


@pytest.mark.parametrize("path", [path for path in PAGES if path.name.endswith(".fa.md")], ids=lambda path: path.name)
def test_persian_is_written_as_persian(path: Path) -> None:
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|<[^>]*>", "", Page(path).prose)
    assert [line for line in prose.splitlines() if re.search("[يكىة٠-٩]", line)] == []
    assert '<div dir="rtl">' in Page(path).source


@pytest.mark.process
def test_the_api_document_is_current() -> None:
    assert json.loads(API.read_text()) == json.loads(api.page()), "write it anew: python -m tools.reference"
