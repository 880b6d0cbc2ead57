"""A short run of ``make chaos`` with dice of its own: web, worker and Redis die while the provider misbehaves."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


async def test_whatever_dies_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "tests/chaos.py", "--seconds", "8", "--seed", "7", "--keep", str(tmp_path / "run")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 110)
    table = {name.strip(): int(count) for name, count in re.findall(r"^(.+?) +(\d+)$", said.decode(), re.MULTILINE)}
    assert process.returncode == 0, said.decode()
    assert table["messages acknowledged"] > 0
    assert table["sent"] + table["unknown"] + table["overtaken or too late"] == table["messages acknowledged"]
    assert (table["lost"], table["doubled"], table["calls missing"], table["calls doubled"]) == (0, 0, 0, 0)
    assert table["log lines with secrets"] == 0
    assert table["web killed"] + table["worker killed"] + table["redis killed"] > 0
