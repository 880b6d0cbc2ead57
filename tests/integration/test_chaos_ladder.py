"""A short run of ``make chaos`` over a ladder: whatever dies, nothing is lost, and no rung reaches anybody twice."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


async def test_whatever_dies_no_rung_reaches_twice(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "tests/chaos.py", "--ladder", "--seconds", "10", "--seed", "5", "--shops", "4"),
        *("--kills", "12", "--keep", str(tmp_path / "run")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 400)
    table = {name.strip(): int(count) for name, count in re.findall(r"^(.+?) +(\d+)$", said.decode(), re.MULTILINE)}
    assert process.returncode == 0, said.decode()
    assert table["messages acknowledged"] > 0
    assert (table["lost"], table["a rung twice"], table["nobody left"], table["cost wrong"]) == (0, 0, 0, 0)
