"""All of it, one after the other: ``make bench``. Takes some ten minutes; nothing else should run meanwhile."""

import argparse
import subprocess
import sys

from bench import delivery, intake
from bench.table import show

PARTS = (
    "beside_handler",
    "whole_job",
    "processor_time",
    "startup",
    "calls",
    "memory",
    "packing",
    "console",
    "worst_inputs",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = [*intake.rows(rounds=options.rounds), *delivery.rows(rounds=options.rounds)]
    print("\nmedians of", options.rounds)
    show(rows)
    for name in PARTS:
        print(f"\nbench.{name}", flush=True)
        subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False)


if __name__ == "__main__":
    main()
