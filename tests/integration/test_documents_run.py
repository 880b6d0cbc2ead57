"""The commands of the documents, run as they stand there, and what they print held against what the page says.

Only a port may differ. English pages are run; their Persian twins show the same blocks.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from doc_pages import ROOT, Block, Page, pages
from redis_servers import free_port
from typer.testing import CliRunner

from notifier.cli import app
from notifier.cli.initialising import init

pytestmark = pytest.mark.process

RUN = [page for page in pages() if not page.name.endswith(".fa.md") and any(block.is_run for block in page.blocks())]
STAYING = [page for page in RUN if any(block.stays for block in page.blocks())]
PASSWORD = "a practice password"


def by_name(page: Page) -> str:
    return page.name


def steps(page: Page) -> list[tuple[Block, str]]:
    """The blocks to run, each with the text that the page shows after it."""
    found = page.blocks()
    after = [*found[1:], Block("", "")]
    return [
        (one, then.text if then.language == "text" else "")
        for one, then in zip(found, after, strict=True)
        if one.is_run
    ]


def masked(text: str) -> str:
    """Numbers and ids differ from one run to the next; spaces and marks of direction are for the eye."""
    return re.sub(r"msg_[\w-]+|\d+(?:\.\d+)?", "#", text.replace("\u200f", "")).rstrip()


def missing(said: str, promised: str) -> list[str]:
    """Lines of the page that were not printed."""
    printed = {masked(line) for line in said.splitlines()}
    return [line for line in promised.splitlines() if masked(line) not in printed]


def test_there_is_something_to_run() -> None:
    assert {"docs/quickstart.md", "docs/how-to/change-a-text.md"} <= set(map(by_name, RUN))


@pytest.mark.parametrize("page", [page for page in RUN if page not in STAYING], ids=by_name)
def test_the_commands_of_a_page(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder as `notifier init` makes it."""
    init(tmp_path)
    monkeypatch.chdir(tmp_path)
    for line in (tmp_path / "notifier.env").read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("NOTIFIER__SMS__PROVIDER", "simulator")
    monkeypatch.setenv("NOTIFIER_STAFF_PASSWORD", PASSWORD)
    for block, promised in steps(page):
        said = ""
        for words in block.calls():
            result = CliRunner().invoke(app, words)
            assert result.exit_code == 0, (words, result.output, result.exception)
            said += result.output
        assert missing(said, promised) == []


@dataclass
class Terminal:
    """What one block left behind for the next: where it stands, and its variables."""

    folder: Path
    variables: dict[str, str]
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def run(self, text: str) -> str:
        """What a block prints."""
        script = (
            f"set -e\n{text}\n{sys.executable} -c 'import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))'"
        )
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", script, cwd=self.folder, env=self.variables, stdout=-1, stderr=asyncio.subprocess.STDOUT
        )
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0, said
        *lines, last = said.splitlines()
        folder, self.variables = json.loads(last)
        self.folder = Path(folder)
        return "\n".join(lines)

    async def begin(self, text: str) -> asyncio.subprocess.Process:
        """Start what stays, in a group of its own."""
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            f"exec {text}",
            cwd=self.folder,
            env=self.variables,
            stdout=-1,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    async def end(self) -> None:
        for process in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            await process.communicate()


async def heard(process: asyncio.subprocess.Process, what: str) -> str:
    """Everything it says until a line holds this."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(30):
        while line := (await process.stdout.readline()).decode():
            said += line
            if what in line:
                return said
    raise AssertionError(f"it ended without {what!r}: {said}")


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    ours = ("NOTIFIER", "KAVENEGAR", "SHOP_", "WOO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    service, provider = free_port(), free_port()
    opened = Terminal(
        tmp_path,
        kept
        | {
            "PATH": path,
            "NOTIFIER_STAFF_PASSWORD": PASSWORD,
            "NOTIFIER__SERVER__PORT": str(service),
            "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": f"http://127.0.0.1:{provider}/v1",
            "PRACTICE_PORT": str(provider),
            "COLUMNS": "120",
        },
    )
    yield opened
    await opened.end()


async def test_the_quickstart(terminal: Terminal) -> None:
    (page,) = STAYING
    shown = [block.text for block in page.blocks() if block.language == "text"]
    (bubble,) = [text for text in shown if text.startswith("╭")]
    simulator: asyncio.subprocess.Process | None = None
    for block, promised in steps(page):
        if block.text == "notifier simulator\n":
            simulator = await terminal.begin(f"notifier simulator --port {terminal.variables['PRACTICE_PORT']}")
            assert missing(await heard(simulator, "Ctrl-C"), promised) == []
        elif block.stays:
            await heard(await terminal.begin(block.text), '"action":"ready"')
        else:
            said = await terminal.run(block.text)
            assert missing(said, promised) == []
        if "HTTP 202" in promised:
            assert simulator is not None
            assert missing(await heard(simulator, "╰─"), bubble) == []
    assert "reassurance" in said or "maryam" in said


def test_the_day_that_the_readme_shows(tmp_path: Path) -> None:
    [shown] = [block.text for block in Page(ROOT / "README.md").blocks() if "payment.succeeded" in block.text]
    command = [sys.executable, "-m", "notifier", "demo", "--once", "--date", "2026-11-23"]
    day = subprocess.run(command, cwd=tmp_path, env={"COLUMNS": "120"}, capture_output=True, text=True, timeout=60)
    assert day.returncode == 0, day.stderr
    assert missing(day.stdout, shown) == []
