"""Short runs of ``make chaos`` with dice of their own: web, worker and Redis die while the provider misbehaves."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


async def chaos(folder: Path, *options: str) -> dict[str, int]:
    """What a run counted."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "tests/chaos.py", *options, "--keep", str(folder / "run")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return {name.strip(): int(count) for name, count in re.findall(r"^(.+?) +(\d+)$", said.decode(), re.MULTILINE)}


async def test_whatever_dies_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    table = await chaos(tmp_path, "--seconds", "8", "--seed", "7")
    assert table["messages acknowledged"] > 0
    assert table["sent"] + table["unknown"] + table["overtaken or too late"] == table["messages acknowledged"]
    assert (table["lost"], table["doubled"], table["calls missing"], table["calls doubled"]) == (0, 0, 0, 0)
    assert table["log lines with secrets"] == 0
    assert table["web killed"] + table["worker killed"] + table["redis killed"] > 0


@pytest.mark.timeout(400)
async def test_whatever_dies_no_rung_reaches_twice(tmp_path: Path) -> None:
    table = await chaos(tmp_path, "--ladder", "--seconds", "10", "--seed", "5", "--shops", "4", "--kills", "12")
    assert table["messages acknowledged"] > 0
    assert (table["lost"], table["a rung twice"], table["nobody left"], table["cost wrong"]) == (0, 0, 0, 0)
