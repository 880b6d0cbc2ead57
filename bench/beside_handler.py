"""What an event costs the web process beside an empty aiohttp handler: ``python -m bench.beside_handler [--rounds N]``.

Both are posted the same requests over 64 connections, in turn; what counts is the time that each process was on a
processor, user and system mode together, which does not depend on what else the machine does as time by the clock does.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import delivery, processor
from bench.load import serving
from bench.peers import EMPTY
from bench.table import Row, command

WANTED = 0.22
"""An empty handler's time, of ours."""

_WARM = 300  # requests before it counts


@contextmanager
def _empty(_: Path) -> Iterator[tuple[int, int]]:
    with EMPTY.serving() as started:
        yield started


@contextmanager
def _ours(folder: Path) -> Iterator[tuple[int, int]]:
    with serving(folder, "--role", "web") as (port, pid):
        yield port, pid


def rows(*, rounds: int = 3, events: int = 3000) -> list[Row]:
    """The medians, as a table."""
    found: dict[str, list[float]] = {"empty": [], "ours": []}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        for number in range(rounds):
            for what, started in (("empty", _empty), ("ours", _ours)):
                with started(Path(name) / f"{what}{number}") as (port, pid):
                    asyncio.run(delivery.fill(port, _WARM))
                    processor.rest(pid)
                    before = processor.of_process(pid)
                    asyncio.run(delivery.fill(port, events, million=2))
                    found[what].append((processor.of_process(pid) - before) / events * 1e6)
    ratio = statistics.median(empty / ours for empty, ours in zip(found["empty"], found["ours"], strict=True))
    return [
        Row("an empty handler, a request", f"{statistics.median(found['empty']):.0f} µs"),
        Row("our web process, an event", f"{statistics.median(found['ours']):.0f} µs"),
        Row("  an empty handler's time, of ours", f"{ratio:.2f}", f"at least {WANTED:g}", ratio >= WANTED),
    ]


if __name__ == "__main__":
    command(__doc__, rows, events=3000)
