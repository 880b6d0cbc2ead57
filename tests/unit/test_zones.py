"""A system whose time zones are older than 2022b, as a process of its own: zones are read when a program starts."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
SUMMER_TIME = "<+0330>-3:30<+0430>,J79/24,J263/24"
TODAY = "<+0330>-3:30"
SAY = (
    "from datetime import UTC, datetime\n"
    "from notifier.domain import jalali\n"
    "moment = datetime(2026, 7, 1, 20, tzinfo=UTC)\n"
    "print(jalali.time_of(moment), jalali.weekday_date(moment))"
)


SOUND = {
    "NOTIFIER__SMS__PROVIDER": "simulator",
    "SHOP_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WOO_WEBHOOK_SECRET": "a-secret-of-enough-signs",
}
"""What `notifier check` finds nothing wrong with."""


def zone_file(rule: str) -> bytes:
    """A zone without history, by its POSIX rule alone (RFC 8536)."""
    part = struct.pack(">5s15x6l", b"TZif2", 0, 0, 0, 0, 1, 6) + struct.pack(">lBB", 12600, 0, 0) + b"+0330\0"
    return part + part + b"\n" + rule.encode() + b"\n"


def run(folder: Path, rule: str, *command: str) -> subprocess.CompletedProcess[str]:
    (folder / "Asia").mkdir()
    (folder / "Asia" / "Tehran").write_bytes(zone_file(rule))
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | SOUND | {"PYTHONTZPATH": str(folder), "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("rule", [SUMMER_TIME, TODAY])
def test_hours_are_right_whatever_the_system_knows(tmp_path: Path, rule: str) -> None:
    assert run(tmp_path, rule, "-c", SAY).stdout.strip() == "۲۳:۳۰ چهارشنبه ۱۰ تیر"


@pytest.mark.parametrize(("rule", "found"), [(SUMMER_TIME, True), (TODAY, False)])
def test_old_zones_are_found_by_check(tmp_path: Path, rule: str, found: bool) -> None:
    done = run(tmp_path, rule, "-m", "notifier", "check")
    assert ("time zone data are older than 2022b" in done.stdout) is found
    assert ("The bundled data are used" in done.stdout) is found
    assert done.returncode == int(found)
