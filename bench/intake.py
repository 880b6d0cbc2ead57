"""Intake by the clock, beside an empty handler in one run: ``python -m bench.intake``.

Each runs for itself, one after the other, several rounds in turn. Ours verifies, validates, decides, renders the
texts and commits with an fsync; the empty handler reads the body.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.load import Measured, resident, script, serving, wrk
from bench.peers import EMPTY
from bench.table import Row, show

TWO = "ours, two processes"


@dataclass(slots=True)
class Rounds:
    """What each of them reached, round by round."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    ready: list[float] = field(default_factory=list)  # seconds
    memory: list[float] = field(default_factory=list)  # MiB

    def ratio(self, of: str, to: str) -> float:
        return statistics.median(one / other for one, other in zip(self.rates[of], self.rates[to], strict=True))


def measure(folder: Path, *, rounds: int, seconds: int, connections: int, orders: int) -> Rounds:
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

        with EMPTY.serving() as (port, _):
            note("empty", under_load(port))
        started = time.monotonic()
        with serving(folder / f"ours{number}", "--role", "web") as (port, pid):
            found.ready.append(time.monotonic() - started)
            found.memory.append(resident(pid))
            note("ours", under_load(port))
        with serving(folder / f"two{number}", "--role", "web", "--workers", "2") as (port, _):
            note(TWO, under_load(port))
    return found


def rows(*, rounds: int = 3, seconds: int = 5, connections: int = 128, orders: int = 60_000) -> list[Row]:
    """The medians, as a table."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        found = measure(Path(name), rounds=rounds, seconds=seconds, connections=connections, orders=orders)
    ready, memory = statistics.median(found.ready), statistics.median(found.memory)
    return [
        Row("intake", f"{statistics.median(found.rates['ours']):.0f}/s"),
        Row("  beside an empty handler", f"{found.ratio('ours', 'empty'):.2f}"),
        Row("  two processes beside one", f"{found.ratio(TWO, 'ours'):.2f}"),
        Row("start to ready", f"{ready:.2f} s", "at most 1 s", ready <= 1),
        Row("resident at start", f"{memory:.0f} MiB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--orders", type=int, default=60_000, help="how many before they begin anew")
    show(rows(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
