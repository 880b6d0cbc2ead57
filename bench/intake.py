"""Intake against others, in one run: ``python -m bench.intake``.

Each runs as one process, one after the other, several rounds in turn. Ours verifies, validates, decides, renders the
texts and commits with an fsync; the empty handler reads the body; arq and Celery verify and put a job into a Redis as
durable as ours.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import peers
from bench.load import Measured, resident, script, serving, wrk
from bench.table import Row, show
from notifier.store.embedded import EmbeddedRedis

TWO = "ours, two processes"
WANTED = {"empty": 0.30, "aiohttp + arq": 2, "FastAPI + Celery": 8}
"""What ours is to reach, as a multiple of each of the others."""


@dataclass(slots=True)
class Rounds:
    """What each of them reached, round by round."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    ready: list[float] = field(default_factory=list)  # seconds
    memory: list[float] = field(default_factory=list)  # MiB

    def ratio(self, of: str, to: str) -> float:
        return statistics.median(one / other for one, other in zip(self.rates[of], self.rates[to], strict=True))


def measure(folder: Path, *, rounds: int, seconds: int, connections: int, orders: int, names: list[str]) -> Rounds:
    found = Rounds()

    def note(name: str, measured: Measured) -> None:
        if measured.refused:
            raise SystemExit(f"{name}: {measured.refused} requests were refused; nothing of it counts")
        found.rates.setdefault(name, []).append(measured.rate)
        print(f"  {name:28} {measured.rate:8.0f}/s   p99 {measured.p99:6.1f} ms", flush=True)

    for number in range(rounds):
        print(f"round {number + 1}")
        load = script(orders, folder, 1 + number)

        def under_load(port: int, connections: int = connections, load: Path = load) -> Measured:
            return wrk(port, load, connections=connections, seconds=seconds)

        with peers.EMPTY.serving("") as port:
            note("empty", under_load(port))
        started = time.monotonic()
        with serving(folder / f"ours{number}", "--role", "web") as (port, pid):
            found.ready.append(time.monotonic() - started)
            found.memory.append(resident(pid))
            note("ours", under_load(port))
        for name in names:
            note(name, OTHERS[name](folder / f"{name}{number}", under_load))
    return found


def _two(folder: Path, under_load: Callable[[int], Measured]) -> Measured:
    with serving(folder, "--role", "web", "--workers", "2") as (port, _):
        return under_load(port)


def _peer(peer: peers.Peer) -> Callable[[Path, Callable[[int], Measured]], Measured]:
    def run(folder: Path, under_load: Callable[[int], Measured]) -> Measured:
        with EmbeddedRedis(folder) as redis, peer.serving(str(redis.socket_path)) as port:
            return under_load(port)

    return run


OTHERS: dict[str, Callable[[Path, Callable[[int], Measured]], Measured]] = {
    TWO: _two,
    "aiohttp + arq": _peer(peers.ARQ),
    "FastAPI + Celery": _peer(peers.CELERY),
}


def rows(
    *, rounds: int = 3, seconds: int = 5, connections: int = 128, orders: int = 60_000, alone: bool = False
) -> list[Row]:
    """The medians, as a table."""
    names = [] if alone else list(OTHERS)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        found = measure(Path(name), rounds=rounds, seconds=seconds, connections=connections, orders=orders, names=names)
    ready, memory = statistics.median(found.ready), statistics.median(found.memory)
    table = [Row("intake", f"{statistics.median(found.rates['ours']):.0f}/s")]
    for other, least in WANTED.items():
        if other in found.rates:
            ratio = found.ratio("ours", other)
            table.append(Row(f"  beside {other}", f"{ratio:.2f}", f"at least {least:g}", ratio >= least))
    if TWO in found.rates:
        table.append(Row("  two processes beside one", f"{found.ratio(TWO, 'ours'):.2f}"))
    return [
        *table,
        Row("start to ready", f"{ready:.2f} s", "at most 1 s", ready <= 1),
        Row("resident at start", f"{memory:.0f} MiB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--orders", type=int, default=60_000, help="how many before they begin anew")
    parser.add_argument("--alone", action="store_true", help="only ours and the empty handler")
    show(rows(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
