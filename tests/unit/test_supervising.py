"""When a process that died is started again."""

import itertools
import subprocess
from typing import cast

from notifier.cli.supervising import Worker, worker_command


def test_a_process_that_keeps_dying_is_started_later_and_later() -> None:
    started: list[float] = []
    now = 0.0

    def start() -> "subprocess.Popen[bytes]":
        started.append(now)
        return cast("subprocess.Popen[bytes]", object())

    place = Worker(start, now)
    for _ in range(12):
        place.fill(now)
        place.fill(now)  # one at a time
        now += 1  # so long it lives
        place.died(now)
        place.fill(now + 0.001 if place.due > now else now - 1)  # not before its time
        now = place.due
    waits = [after - before - 1 for before, after in itertools.pairwise(started)]
    assert waits == [0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]


def test_one_that_lived_long_is_started_again_at_once() -> None:
    place = Worker(lambda: cast("subprocess.Popen[bytes]", object()), 0.0)
    now = 0.0
    for _ in range(5):
        place.fill(now)
        place.died(now)
        now = place.due
    place.fill(now)
    assert place.died(now + 3600) == 0


def test_the_command_of_one_process() -> None:
    for given in (["--workers", "4"], ["--workers=4"]):
        assert worker_command(["serve", *given, "--port", "80"])[1:] == ["-m", "notifier", "serve", "--port", "80"]
