"""A demo that is killed: its store was made for this one run, and ends with it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]

_POLL = 0.1  # seconds between looks at a folder that has no way of telling us
_LIMIT = 60


async def test_its_store_ends_and_its_folder_goes(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER")}
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "notifier", "demo", "--port", "0"),
        env=kept | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_LIMIT):
            assert demo.stdout is not None
            while b"/console" not in (line := await demo.stdout.readline()):
                assert line, "it ended by itself"
        (folder,) = tmp_path.glob("notifier-demo-*")
        servers = of(folder)
        assert servers
    finally:
        demo.kill()
        await demo.wait()
    async with asyncio.timeout(_LIMIT):
        while folder.exists() or any(map(lives, servers)):
            await asyncio.sleep(_POLL)


def of(folder: Path) -> list[int]:
    """The processes that work in a folder, or were given it."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdecimal() and one.name != str(os.getpid()):
            try:
                words = (one / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(folder) in words:
                found.append(int(one.name))
    return found


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
