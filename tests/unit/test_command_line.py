"""The list of commands, and what a command imports before it does anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from notifier.cli import COMMANDS, app
from notifier.cli.lazy import LazyGroup
from notifier.version import NEXT, version
from tools.reference.commands import commands

pytestmark = pytest.mark.process

SLOW = {"aiohttp", "holidays", "icalendar", "jinja2", "kavenegar", "phonenumbers", "redis", "requests", "uvloop"}
"""Libraries that take long to import and that only some commands need."""


def imported(*arguments: str, **environment: str) -> tuple[set[str], str, int]:
    """Which packages a whole run of the program imports, what it wrote to stderr besides, and its exit code."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "notifier", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    lines = ended.stderr.splitlines()
    found = {line.rsplit("|", 1)[1].strip() for line in lines if line.startswith("import time:")}
    return found, "\n".join(line for line in lines if not line.startswith("import time:")), ended.returncode


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says_of_itself(name: str) -> None:
    class Group(LazyGroup):
        table = COMMANDS

    command = Group(name="notifier").load(name)
    assert (command.name, " ".join(command.help.split())) == (name, COMMANDS[name].help)


def test_the_list_imports_no_command() -> None:
    found, _, code = imported("--help")
    assert code == 0
    assert {"notifier.cli", "typer", "rich"} <= found
    assert not packages(found) & (SLOW | {"pydantic"})
    assert {name for name in found if name.startswith("notifier.")} <= {
        "notifier.__main__",
        "notifier.cli",
        "notifier.cli.lazy",
        "notifier.domain",
        "notifier.domain.errors",
        "notifier.enums",
        "notifier.errors",
        "notifier.zones",
    }


def test_a_misspelt_command_imports_none_and_is_told_its_neighbour() -> None:
    found, said, code = imported("trigge", NO_COLOR="1", COLUMNS="100")
    assert code == 2
    assert "Did you mean 'trigger'?" in said
    assert not packages(found) & SLOW


def test_posting_an_event_imports_no_part_of_the_service() -> None:
    found, said, code = imported(
        "trigger", "order.registered", "--url", "http://127.0.0.1:1", SHOP_WEBHOOK_SECRET="x" * 24
    )
    assert (code, said[:45]) == (2, "notifier: nothing listens at http://127.0.0.1")
    assert not packages(found) & (SLOW | {"asyncio", "yarl"})
    assert not {"notifier.service", "notifier.web", "notifier.demo.stage"} & found


def test_every_command_shows_its_own_help() -> None:
    for words in commands():
        shown = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0, words
        assert f"Usage: notifier {words} " in shown.output
        assert "completion" not in shown.output


def test_the_version_where_nothing_is_installed() -> None:
    asked = [sys.executable, "-S", "-m", "notifier.version"]
    said = subprocess.run(asked, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True).stdout
    assert said == f"{version()}\n"


def test_the_version() -> None:
    found, _, code = imported("--version")
    assert code == 0
    assert not packages(found) & SLOW
    said = CliRunner().invoke(app, ["--version"])
    assert said.output == f"notifier {version()}\n"
    assert said.output.startswith(f"notifier {NEXT}")
