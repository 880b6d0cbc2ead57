"""A demo that is killed: its store was made for this one run, and ends with it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow]

_POLL = 0.1  # seconds between looks at a folder that has no way of telling us
_LIMIT = 60  # seconds


def test_its_store_ends_and_its_folder_goes(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER")}
    with subprocess.Popen(
        [sys.executable, "-m", "notifier", "demo", "--port", "0"],
        env=kept | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as demo:
        assert demo.stdout is not None
        assert any(b"/console" in line for line in demo.stdout), "it ended by itself"
        (folder,) = tmp_path.glob("notifier-demo-*")
        assert (folder / "server.lock").exists()
        demo.kill()
    until = time.monotonic() + _LIMIT
    while folder.exists():  # the guard takes it away after the server has ended
        assert time.monotonic() < until
        time.sleep(_POLL)
    while [one for one in Path("/proc").glob("[0-9]*/cmdline") if os.fsencode(folder) in said(one)]:
        assert time.monotonic() < until
        time.sleep(_POLL)


def said(cmdline: Path) -> bytes:
    try:
        return cmdline.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
